package devstack

import (
	"strings"
	"unicode/utf8"
)

// A statement is one SQL statement of a file, without the semicolon and without
// the comments before it.
type statement struct {
	text string
	line int // of its first word
}

// split cuts a file into statements, the way psql does.
func split(sql string) []statement {
	var (
		out        []statement
		start      = -1 // of the current statement
		line       = 1
		startLine  int
		depth      int // of begin atomic and case blocks
		word, prev string
	)
	add := func(end int) {
		if start >= 0 {
			out = append(out, statement{text: strings.TrimSpace(sql[start:end]), line: startLine})
		}
		start, depth, word, prev = -1, 0, "", ""
	}
	for i := 0; i < len(sql); {
		n := 1 // bytes of the token at i
		blank := false
		switch c := sql[i]; {
		case c == '-' && strings.HasPrefix(sql[i:], "--"):
			n, blank = until(sql[i:], "\n", 2), true
		case c == '/' && strings.HasPrefix(sql[i:], "/*"):
			n, blank = comment(sql[i:]), true
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
			blank = true
		case c == '\'':
			n = quoted(sql[i:], '\'', word == "e" && i > 0 && sql[i-1]|0x20 == 'e')
		case c == '"':
			n = quoted(sql[i:], '"', false)
		case c == '$':
			n = dollar(sql[i:])
		case isWord(c):
			for n < len(sql)-i && (isWord(sql[i+n]) || sql[i+n] == '$') {
				n++
			}
			prev, word = word, strings.ToLower(sql[i:i+n])
			switch {
			case word == "atomic" && prev == "begin", word == "case" && depth > 0:
				depth++
			case word == "end" && depth > 0:
				depth--
			}
		case c == ';' && depth == 0:
			add(i)
			i++
			continue
		}
		if start < 0 && !blank && sql[i] != ';' {
			start, startLine = i, line
		}
		line += strings.Count(sql[i:i+n], "\n")
		i += n
	}
	add(len(sql))
	return out
}

func isWord(c byte) bool {
	return c == '_' || c >= utf8.RuneSelf || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// until returns the length of s up to and with the first end after skip bytes,
// all of s when there is none.
func until(s, end string, skip int) int {
	if i := strings.Index(s[skip:], end); i >= 0 {
		return skip + i + len(end)
	}
	return len(s)
}

// comment returns the length of the possibly nested comment that s starts with.
func comment(s string) int {
	depth := 0
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return len(s)
}

// quoted returns the length of the quoted text that s starts with. A doubled
// quote ends one and starts the next, which comes to the same.
func quoted(s string, quote byte, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return len(s)
}

// dollar returns the length of the dollar-quoted text that s starts with, 1 when
// it is a mere dollar sign.
func dollar(s string) int {
	i := 1
	for i < len(s) && isWord(s[i]) {
		i++
	}
	if i == len(s) || s[i] != '$' || i > 1 && '0' <= s[1] && s[1] <= '9' {
		return 1
	}
	return until(s, s[:i+1], i+1)
}
