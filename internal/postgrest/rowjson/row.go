package rowjson

import (
	"errors"
	"reflect"
	"sync"
	"time"
	"unsafe"
)

// decoder reads rows. A row is read in two passes: the first finds the values
// and collects the text of all of them, the second fills the fields. That way
// the text of a row is one allocation, which goes when the row goes, and so are
// the values behind the pointers of each type.
type decoder struct {
	scanner
	*buffers
	plan    *plan
	fold    bool   // names match without regard to case
	stale   bool   // the row may have values that null must clear
	marks   *Marks // nil: none
	outside bool   // the error is in the array, not in a row
}

// buffers are what rows are read with, over and over.
type buffers struct {
	values []value
	text   []byte
}

// value is what the first pass found for a field.
type value struct {
	kind token
	raw  [2]int // in the input
	text [2]int // in buffers.text
}

var pool = sync.Pool{New: func() any { return new(buffers) }}

// borrow takes buffers that fit the plan.
func (d *decoder) borrow() {
	d.buffers = pool.Get().(*buffers)
	if cap(d.values) < len(d.plan.fields) {
		d.values = make([]value, len(d.plan.fields))
	}
	d.values = d.values[:len(d.plan.fields)]
}

// release gives the buffers back.
func (d *decoder) release() {
	if d.buffers != nil {
		pool.Put(d.buffers)
		d.buffers = nil
	}
}

// array calls row at the start of every element of the array that is the input.
func (d *decoder) array(row func() error) error {
	d.outside = true
	if d.next() != '[' {
		return errors.New("not a JSON array")
	}
	d.pos++
	if d.next() == ']' {
		d.pos++
		return d.end()
	}
	for {
		d.next()
		d.outside = false
		if err := row(); err != nil {
			return err
		}
		d.outside = true
		switch d.next() {
		case ',':
			d.pos++
		case ']':
			d.pos++
			return d.end()
		default:
			return errSyntax
		}
	}
}

func (d *decoder) end() error {
	if d.next() != 0 || d.pos < len(d.in) {
		return errors.New("something follows the JSON array")
	}
	return nil
}

// row finds the values of the object at the current position.
func (d *decoder) row() error {
	d.text = d.text[:0]
	for i := range d.values {
		d.values[i].kind = absent
	}
	if d.marks != nil {
		d.marks.row()
	}
	if d.next() != '{' {
		return &Error{Raw: d.excerpt(d.pos), Err: errors.New("the row is not an object")}
	}
	d.pos++
	if d.next() == '}' {
		d.pos++
		return nil
	}
	for want := 0; ; want++ {
		var err error
		if want, err = d.column(want); err != nil {
			return err
		}
		c := d.next()
		d.pos++
		if c == '}' {
			if d.marks != nil {
				d.marks.known(d.values)
			}
			return nil
		}
		if c != ',' {
			d.pos--
			return &Error{Raw: d.excerpt(d.pos), Err: errSyntax}
		}
	}
}

// column reads one name and its value. The name is probably that of the wanted
// field; it gives the field that it really was.
func (d *decoder) column(want int) (int, error) {
	if !d.member(want) {
		name, err := d.name()
		if err != nil {
			return 0, &Error{Raw: d.excerpt(d.pos), Err: err}
		}
		if d.next() != ':' {
			return 0, &Error{Raw: d.excerpt(d.pos), Err: errSyntax}
		}
		d.pos++
		i, known := d.plan.find(name, d.fold)
		if !known {
			d.next()
			start := d.pos
			if _, err := d.skip(); err != nil {
				return 0, &Error{Column: string(name), Raw: d.excerpt(start), Err: err}
			}
			if d.marks != nil {
				d.marks.unknown(string(name), start, d.pos)
			}
			return want - 1, nil
		}
		want = i
	}
	c := d.next()
	start := d.pos
	f, v := &d.plan.fields[want], &d.values[want]
	var err error
	if c == '"' && (f.kind == text || f.kind == named) {
		v.kind = aString
		v.text[0] = len(d.text)
		d.text, err = d.appendString(d.text)
		v.text[1] = len(d.text)
	} else {
		v.kind, err = d.skip()
	}
	v.raw = [2]int{start, d.pos}
	if err != nil {
		return 0, &Error{Column: f.name, Raw: d.excerpt(start), Err: err}
	}
	return want, nil
}

// member steps over the name and colon of the wanted field when they come next,
// spelled as PostgREST does.
func (d *decoder) member(want int) bool {
	if want >= len(d.plan.fields) {
		return false
	}
	d.next()
	m := d.plan.fields[want].member
	if rest := d.in[d.pos:]; len(rest) < len(m) || string(rest[:len(m)]) != m {
		return false
	}
	d.pos += len(m)
	return true
}

// fill puts what column found into the fields. The common types are reached by
// their offset, because reflect takes several times as long; fields and kinds
// come from the same struct type, so the conversions are right.
func (d *decoder) fill(row unsafe.Pointer, dst reflect.Value) *Error {
	all := string(d.text)
	var strs []string
	var times []time.Time
	for i := range d.values {
		v, f := &d.values[i], &d.plan.fields[i]
		if v.kind == absent || v.kind == aNull && !d.stale {
			continue
		}
		at := unsafe.Add(row, f.offset)
		var err error
		switch {
		case v.kind == aNull:
			clearNil(dst.FieldByIndex(f.index))
		case f.kind == text && v.kind == aString:
			s := all[v.text[0]:v.text[1]]
			if !f.pointer {
				*(*string)(at) = s
				break
			}
			if len(strs) == cap(strs) {
				strs = make([]string, 0, d.count(text, i))
			}
			strs = append(strs, s)
			*(**string)(at) = &strs[len(strs)-1]
		case f.kind == timestamp && v.kind == aString:
			var t time.Time
			if t, err = parseTime(d.in[v.raw[0]+1 : v.raw[1]-1]); err != nil {
				break
			}
			if !f.pointer {
				*(*time.Time)(at) = t
				break
			}
			if len(times) == cap(times) {
				times = make([]time.Time, 0, d.count(timestamp, i))
			}
			times = append(times, t)
			*(**time.Time)(at) = &times[len(times)-1]
		case f.kind == named && v.kind == aString:
			settle(dst.FieldByIndex(f.index), f).SetString(all[v.text[0]:v.text[1]])
		case f.kind == text || f.kind == timestamp || f.kind == named:
			err = errKind
		default:
			err = decode(d.in[v.raw[0]:v.raw[1]], settle(dst.FieldByIndex(f.index), f), f.kind, d.fold)
		}
		if err != nil {
			return within(f.name, d.in[v.raw[0]:v.raw[1]], err)
		}
	}
	return nil
}

// count says how many pointers of the kind the fields from i on need.
func (d *decoder) count(k kind, i int) int {
	n := 0
	for ; i < len(d.values); i++ {
		if f := &d.plan.fields[i]; f.kind == k && f.pointer && d.values[i].kind == aString {
			n++
		}
	}
	return n
}

// settle gives the field itself or what its new pointer points at.
func settle(fv reflect.Value, f *field) reflect.Value {
	if !f.pointer {
		return fv
	}
	if fv.IsNil() {
		fv.Set(reflect.New(fv.Type().Elem()))
	}
	return fv.Elem()
}

var errKind = errors.New("the value is of another type")
