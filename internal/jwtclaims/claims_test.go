package jwtclaims

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func jwt(header, payload string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(header)) + "." + enc([]byte(payload)) + ".c2ln"
}

const hs256 = `{"alg":"HS256","typ":"JWT"}`

func TestParseReadsTheClaims(t *testing.T) {
	got, err := Parse(jwt(hs256, `{"sub":"u1","tenant_id":"t1","role":"authenticated","session_id":"s1","exp":1700000000,"iat":1699996400.5,"amr":[{}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{
		Subject: "u1", TenantID: "t1", Role: "authenticated", SessionID: "s1",
		Expiry: time.Unix(1700000000, 0), IssuedAt: time.Unix(1699996400, 5e8),
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseIgnoresATenantThatIsNotAString(t *testing.T) {
	for _, payload := range []string{`{}`, `{"tenant_id":null}`, `{"tenant_id":7}`, `{"tenant_id":["t"]}`} {
		got, err := Parse(jwt(hs256, payload))
		if err != nil || got.TenantID != "" || !got.Expiry.IsZero() {
			t.Errorf("%s: got %+v, %v", payload, got, err)
		}
	}
}

func TestParseRefusesWhatIsNoJWT(t *testing.T) {
	good := jwt(hs256, `{"sub":"u1"}`)
	for name, token := range map[string]string{
		"empty":              "",
		"word":               "garbage",
		"two parts":          "a.b",
		"no signature":       strings.TrimSuffix(good, "c2ln"),
		"four parts":         good + ".x",
		"header injection":   good + "\r\nX: y",
		"newline in payload": strings.Replace(good, ".", ".\n", 1),
		"space":              " " + good,
		"payload is array":   jwt(hs256, `[]`),
		"payload is null":    jwt(hs256, `null`),
		"payload is no JSON": jwt(hs256, `{`),
		"header has no alg":  jwt(`{}`, `{}`),
		"exp is text":        jwt(hs256, `{"exp":"soon"}`),
		"exp is negative":    jwt(hs256, `{"exp":-1}`),
		"exp is absurd":      jwt(hs256, `{"exp":1e300}`),
		"too long":           jwt(hs256, `{"sub":"`+strings.Repeat("x", MaxSize)+`"}`),
	} {
		if got, err := Parse(token); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(jwt(hs256, `{"sub":"u1","exp":1700000000}`))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := Parse(token); err == nil && strings.ContainsAny(token, " \r\n\t\x00") {
			t.Errorf("accepted a token that is not safe in a header: %q", token)
		}
	})
}
