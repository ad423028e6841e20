package rest

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads the little languages of the query string. Its methods panic
// with a *syntaxError, which parse turns into an answer.
type scanner struct {
	what string // "filter (eq.1)", for the error message
	in   string
	pos  int

	embedded int // depth of nested resources
}

type syntaxError struct {
	pos                  int
	unexpected, expected string
}

// parse runs f over in, which it must read to the end.
func parse[T any](what, in string, f func(*scanner) T) (result T, err error) {
	return run(what, in, func(s *scanner) T {
		result := f(s)
		if !s.done() {
			s.fail("end of input")
		}
		return result
	})
}

// parseStart runs f over in and ignores what f leaves unread, as PostgREST does
// in most places: and=(a.eq.1),b.eq.2) is and=(a.eq.1).
func parseStart[T any](what, in string, f func(*scanner) T) (T, error) {
	return run(what, in, f)
}

func run[T any](what, in string, f func(*scanner) T) (result T, err error) {
	s := &scanner{what: what, in: in}
	defer func() {
		if r := recover(); r != nil {
			se, ok := r.(*syntaxError)
			if !ok {
				panic(r)
			}
			err = s.apiError(se)
		}
	}()
	return f(s), nil
}

func (s *scanner) apiError(se *syntaxError) *apiError {
	line, col := 1, 1
	for _, r := range s.in[:se.pos] {
		if r == '\n' {
			line, col = line+1, 1
		} else {
			col++
		}
	}
	details := "unexpected " + se.unexpected
	if se.expected != "" {
		details += " expecting " + se.expected
	}
	return &apiError{status: http.StatusBadRequest, Code: "PGRST100", Details: details,
		Message: fmt.Sprintf(`"failed to parse %s" (line %d, column %d)`, s.what, line, col)}
}

func (s *scanner) fail(expected string) {
	s.failAt(s.pos, expected)
}

func (s *scanner) failAt(pos int, expected string) {
	unexpected := "end of input"
	if pos < len(s.in) {
		r, _ := utf8.DecodeRuneInString(s.in[pos:])
		unexpected = fmt.Sprintf("%q", string(r))
	}
	panic(&syntaxError{pos, unexpected, expected})
}

func (s *scanner) done() bool { return s.pos >= len(s.in) }

func (s *scanner) rest() string { return s.in[s.pos:] }

func (s *scanner) peek(prefix string) bool { return strings.HasPrefix(s.rest(), prefix) }

func (s *scanner) accept(prefix string) bool {
	if !s.peek(prefix) {
		return false
	}
	s.pos += len(prefix)
	return true
}

func (s *scanner) expect(prefix string) {
	if !s.accept(prefix) {
		s.fail(fmt.Sprintf("%q", prefix))
	}
}

// token accepts text with white space around it.
func (s *scanner) token(text string) bool {
	start := s.pos
	s.space()
	if !s.accept(text) {
		s.pos = start
		return false
	}
	s.space()
	return true
}

func (s *scanner) expectToken(text string) {
	if !s.token(text) {
		s.fail(fmt.Sprintf("%q", text))
	}
}

func (s *scanner) space() {
	for !s.done() && strings.IndexByte(" \t\n\r", s.in[s.pos]) >= 0 {
		s.pos++
	}
}

// until reads to the first of the stop characters or to the end.
func (s *scanner) until(stops string) string {
	start := s.pos
	if i := strings.IndexAny(s.rest(), stops); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.in)
	}
	return s.in[start:s.pos]
}

// quoted reads a double-quoted text, in which a backslash takes the next
// character literally.
func (s *scanner) quoted() string {
	s.expect(`"`)
	var b strings.Builder
	for {
		b.WriteString(s.until(`"\`))
		switch {
		case s.accept(`"`):
			return b.String()
		case s.accept(`\`):
			if s.done() {
				s.fail("")
			}
			_, n := utf8.DecodeRuneInString(s.rest())
			b.WriteString(s.in[s.pos : s.pos+n])
			s.pos += n
		default:
			s.fail(`"\""`)
		}
	}
}

const fieldExpected = "field name (* or [a..z0..9_$])"

// ident reads the name of a column, a relation or a JSON key: quoted, or
// letters, digits, '_', '$', inner spaces and dashes that start no arrow.
func (s *scanner) ident() string {
	if s.peek(`"`) {
		return s.quoted()
	}
	start := s.pos
	for !s.done() {
		r, n := utf8.DecodeRuneInString(s.rest())
		dash := r == '-' && s.pos > start && !s.peek("->")
		if !dash && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_ $", r) {
			break
		}
		s.pos += n
	}
	id := strings.TrimSpace(s.in[start:s.pos])
	if id == "" {
		s.failAt(start, fieldExpected)
	}
	return id
}
