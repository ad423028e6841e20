package pgjson

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"
)

var (
	errNUL       = errors.New("contains a NUL byte")
	errUTF8      = errors.New("is not valid UTF-8")
	errSurrogate = errors.New("contains half a surrogate pair")
)

// Text finds what PostgreSQL cannot hold in text.
func Text(s string) error {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return errNUL
	case !utf8.ValidString(s):
		return errUTF8
	}
	return nil
}

// Raw finds what PostgreSQL cannot hold in JSON text that is well-formed:
// encoding/json lets half a surrogate pair and an escaped NUL pass.
func Raw(body []byte) error {
	if !utf8.Valid(body) {
		return errUTF8
	}
	for {
		i := bytes.IndexByte(body, '\\')
		if i < 0 || i+1 >= len(body) {
			return nil
		}
		r, isHex := hex(body[i:])
		switch {
		case !isHex:
			body = body[i+2:] // the escaped character cannot begin another escape
			continue
		case r == 0:
			return errNUL
		case r >= 0xdc00 && r <= 0xdfff:
			return errSurrogate
		case r >= 0xd800 && r <= 0xdbff:
			if low, ok := hex(body[i+6:]); !ok || low < 0xdc00 || low > 0xdfff {
				return errSurrogate
			}
			body = body[i+12:]
			continue
		}
		body = body[i+6:]
	}
}

// hex reads an escape such as \u00e4 at the start of b.
func hex(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
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
