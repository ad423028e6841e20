package rowjson

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

var errSyntax = errors.New("the JSON is malformed")

// scanner walks over JSON text.
type scanner struct {
	in  []byte
	pos int
}

// token is the kind of a JSON value.
type token uint8

const (
	absent token = iota
	aNull
	aTrue
	aFalse
	aNumber
	aString
	aComposite // object or array
)

// next skips white space and gives the byte there, 0 at the end.
func (s *scanner) next() byte {
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; c {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) excerpt(from int) string {
	from = min(from, len(s.in))
	return excerpt(s.in[from:])
}

// name reads the name of an object's member. The bytes are those of the input
// unless it has escapes.
func (s *scanner) name() ([]byte, error) {
	if s.next() != '"' {
		return nil, errSyntax
	}
	start := s.pos + 1
	i := plainText(s.in, start)
	if i < len(s.in) && s.in[i] == '"' {
		s.pos = i + 1
		return s.in[start:i], nil
	}
	return s.appendString(nil)
}

// skip goes over one value and says what it is.
func (s *scanner) skip() (token, error) {
	switch c := s.next(); {
	case c == '"':
		return aString, s.skipString()
	case c == 'n':
		return aNull, s.word("null")
	case c == 't':
		return aTrue, s.word("true")
	case c == 'f':
		return aFalse, s.word("false")
	case c == '{' || c == '[':
		return aComposite, s.skipComposite()
	case c == '-' || '0' <= c && c <= '9':
		s.skipNumber()
		return aNumber, nil
	}
	return absent, errSyntax
}

func (s *scanner) word(w string) error {
	if len(s.in)-s.pos < len(w) || string(s.in[s.pos:s.pos+len(w)]) != w {
		return errSyntax
	}
	s.pos += len(w)
	return nil
}

func (s *scanner) skipNumber() {
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; {
		case '0' <= c && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			s.pos++
		default:
			return
		}
	}
}

// skipComposite goes over an object or array. Whoever looks inside checks it.
func (s *scanner) skipComposite() error {
	depth := 0
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case '"':
			if err := s.skipString(); err != nil {
				return err
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.pos++
		if depth == 0 {
			return nil
		}
	}
	return errSyntax
}

func (s *scanner) skipString() error {
	for s.pos++; ; {
		s.pos = plainText(s.in, s.pos)
		if s.pos >= len(s.in) {
			return errSyntax
		}
		switch c := s.in[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c == '\\':
			s.pos += 2
		case c < ' ':
			return errSyntax
		default:
			r, n := utf8.DecodeRune(s.in[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return errUTF8
			}
			s.pos += n
		}
	}
}

var errUTF8 = errors.New("the text is not valid UTF-8")

// appendString appends the text of the string at the current position.
func (s *scanner) appendString(dst []byte) ([]byte, error) {
	for s.pos++; ; {
		start := s.pos
		s.pos = plainText(s.in, start)
		dst = append(dst, s.in[start:s.pos]...)
		if s.pos >= len(s.in) {
			return dst, errSyntax
		}
		switch c := s.in[s.pos]; {
		case c == '"':
			s.pos++
			return dst, nil
		case c == '\\':
			var err error
			if dst, err = s.appendEscape(dst); err != nil {
				return dst, err
			}
		case c < ' ':
			return dst, errSyntax
		default:
			r, n := utf8.DecodeRune(s.in[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return dst, errUTF8
			}
			dst = append(dst, s.in[s.pos:s.pos+n]...)
			s.pos += n
		}
	}
}

// appendEscape appends what the escape at the current position stands for.
func (s *scanner) appendEscape(dst []byte) ([]byte, error) {
	if s.pos+1 >= len(s.in) {
		return dst, errSyntax
	}
	c := s.in[s.pos+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r, ok := s.hex(s.pos)
		if !ok {
			return dst, errSyntax
		}
		s.pos += 6
		if utf16.IsSurrogate(r) {
			low, ok := s.hex(s.pos)
			if both := utf16.DecodeRune(r, low); ok && both != utf8.RuneError {
				s.pos += 6
				r = both
			} else {
				r = utf8.RuneError // half a pair, as encoding/json has it
			}
		}
		return utf8.AppendRune(dst, r), nil
	default:
		return dst, errSyntax
	}
	s.pos += 2
	return append(dst, c), nil
}

// hex reads \uXXXX at position i.
func (s *scanner) hex(i int) (rune, bool) {
	if i+6 > len(s.in) || s.in[i] != '\\' || s.in[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s.in[i+2 : i+6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// plainText gives the first position from i on that holds a quote, a
// backslash, a control character or a byte beyond ASCII; len(in) when there is
// none. It looks at eight bytes at a time.
func plainText(in []byte, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; i+8 <= len(in); i += 8 {
		w := binary.LittleEndian.Uint64(in[i:])
		quotes, slashes := w^(ones*'"'), w^(ones*'\\')
		special := w | // beyond ASCII
			(w - ones*' ') | // control
			(quotes - ones) | (slashes - ones) // zero where equal
		if special&highs != 0 {
			break // at least one, or a borrow from it
		}
	}
	for ; i < len(in); i++ {
		if c := in[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return i
		}
	}
	return len(in)
}
