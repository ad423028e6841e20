package rowjson

import "slices"

// Marks say where chosen columns stand in every row of a JSON array, so that
// their values can be had exactly as they were sent.
type Marks struct {
	Columns []string // names in the rows

	in     []byte
	fields []int  // of the plan, by column; -1: none
	spans  []span // row by row, as many as there are columns
}

// span is a piece of the input; the empty one is no value.
type span struct{ from, to int }

func (m *Marks) begin(in []byte, p *plan) {
	m.in, m.spans = in, m.spans[:0]
	m.fields = m.fields[:0]
	for _, name := range m.Columns {
		i, ok := p.byName[name]
		if !ok {
			i = -1
		}
		m.fields = append(m.fields, i)
	}
}

func (m *Marks) row() {
	for range m.Columns {
		m.spans = append(m.spans, span{})
	}
}

// known marks the columns that have a field, when all of a row has been read.
func (m *Marks) known(values []value) {
	spans := m.spans[len(m.spans)-len(m.Columns):]
	for c, i := range m.fields {
		if i >= 0 && values[i].kind != absent {
			spans[c] = span{values[i].raw[0], values[i].raw[1]}
		}
	}
}

// unknown marks a column that has no field.
func (m *Marks) unknown(name string, from, to int) {
	spans := m.spans[len(m.spans)-len(m.Columns):]
	for c, i := range m.fields {
		if i < 0 && m.Columns[c] == name {
			spans[c] = span{from, to}
		}
	}
}

// Rows is how many rows there are.
func (m *Marks) Rows() int {
	if len(m.Columns) == 0 {
		return 0
	}
	return len(m.spans) / len(m.Columns)
}

// Raw is the JSON of a column in a row, nil when the row does not have it.
func (m *Marks) Raw(row, column int) []byte {
	s := m.spans[row*len(m.Columns)+column]
	if s.to == 0 {
		return nil
	}
	return m.in[s.from:s.to]
}

// Equal tells whether the columns of two rows are spelled alike.
func (m *Marks) Equal(a, b int) bool {
	for c := range m.Columns {
		if !slices.Equal(m.Raw(a, c), m.Raw(b, c)) {
			return false
		}
	}
	return true
}

// Text is the value of raw JSON as PostgreSQL reads it from text: that of a
// string, anything else as it stands.
func Text(raw []byte) (string, error) {
	if len(raw) == 0 || raw[0] != '"' {
		return string(raw), nil
	}
	s := scanner{in: raw}
	text, err := s.appendString(nil)
	return string(text), err
}

// Scan finds the marked columns and decodes nothing.
func Scan(body []byte, marks *Marks) error {
	_, err := Decode(RowsOf(new([]struct{})), body, marks)
	return err
}
