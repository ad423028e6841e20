package rowjson

// valid reports whether raw is one JSON value. Unlike json.Valid it takes any
// depth: PostgreSQL keeps JSON that is nested deeper than encoding/json reads.
func valid(raw []byte) bool {
	s := scanner{in: raw}
	var open []byte // the closing brackets that are due
	for {
		switch c := s.next(); c {
		case '{', '[':
			s.pos++
			open = append(open, c+2) // '}' and ']' come two behind in ASCII
			if s.next() != c+2 {
				if c == '{' && !s.memberName() {
					return false
				}
				continue
			}
		default:
			if !s.scalar() {
				return false
			}
		}
		more := false
		for !more {
			if len(open) == 0 {
				return s.next() == 0 && s.pos == len(s.in)
			}
			end := open[len(open)-1]
			switch s.next() {
			case end:
				open = open[:len(open)-1]
			case ',':
				more = true
			default:
				return false
			}
			s.pos++
			if more && end == '}' && !s.memberName() {
				return false
			}
		}
	}
}

// memberName goes over a name and its colon.
func (s *scanner) memberName() bool {
	if s.next() != '"' || !s.validString() || s.next() != ':' {
		return false
	}
	s.pos++
	return true
}

// scalar goes over a value without parts.
func (s *scanner) scalar() bool {
	switch c := s.next(); {
	case c == '"':
		return s.validString()
	case c == '-' || '0' <= c && c <= '9':
		start := s.pos
		s.skipNumber()
		return isNumber(s.in[start:s.pos])
	case c == '{' || c == '[':
		return false
	}
	_, err := s.skip()
	return err == nil
}

func (s *scanner) validString() bool {
	var scratch [8]byte
	for s.pos++; ; {
		s.pos = plainText(s.in, s.pos)
		if s.pos >= len(s.in) {
			return false
		}
		switch c := s.in[s.pos]; {
		case c == '"':
			s.pos++
			return true
		case c == '\\':
			if _, err := s.appendEscape(scratch[:0]); err != nil {
				return false
			}
		case c < ' ':
			return false
		default:
			s.pos++
		}
	}
}

// isNumber reports whether raw is a number of JSON.
func isNumber(raw []byte) bool {
	i := 0
	digits := func() bool {
		start := i
		for i < len(raw) && '0' <= raw[i] && raw[i] <= '9' {
			i++
		}
		return i > start
	}
	at := func(chars string) bool {
		for _, c := range []byte(chars) {
			if i < len(raw) && raw[i] == c {
				i++
				return true
			}
		}
		return false
	}
	at("-")
	if !at("0") && !digits() {
		return false
	}
	if at(".") && !digits() {
		return false
	}
	if at("eE") {
		at("+-")
		if !digits() {
			return false
		}
	}
	return i == len(raw)
}
