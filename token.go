package workorder

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// StaticToken is a [TokenSource] that always gives the same access token, such
// as the JWT of the user whose request a server is handling. A text that is no
// JWT fails with [ErrUnauthenticated] when a token is needed, before anything is
// sent. The server decides whether the token is valid; nothing renews it.
func StaticToken(jwt string) TokenSource { return newStaticToken(jwt) }

// staticToken is one fixed access token, which is not looked at before it is
// needed.
type staticToken struct {
	*fixed // a pointer, which package fmt does not follow
}

type fixed struct {
	parse sync.Once
	tok   Token
	err   error // why there is no token
}

func newStaticToken(jwt string) *staticToken {
	return &staticToken{&fixed{tok: Token{Value: jwt}}}
}

// tokenOf is a source of a token that is known to be one.
func tokenOf(tok Token) *staticToken {
	s := &staticToken{&fixed{tok: tok}}
	s.parse.Do(func() {})
	return s
}

// noToken is a source that has no token to give, and says why.
func noToken(why error) *staticToken {
	s := tokenOf(Token{})
	s.err = why
	return s
}

// Token implements TokenSource.
func (s *staticToken) Token(context.Context) (Token, error) {
	s.parse.Do(func() {
		claims, err := jwtclaims.Parse(s.tok.Value)
		if err != nil {
			s.tok, s.err = Token{}, sdkerr.New("StaticToken", ErrUnauthenticated, "the access token is %s", err)
			return
		}
		s.tok.Expiry = claims.Expiry
	})
	return s.tok, s.err
}

// Format hides the token.
func (s *staticToken) Format(f fmt.State, _ rune) { writeTo(f, "StaticToken("+redacted+")") }

// LogValue hides the token.
func (s *staticToken) LogValue() slog.Value { return slog.StringValue("StaticToken(" + redacted + ")") }

// MarshalJSON hides the token.
func (s *staticToken) MarshalJSON() ([]byte, error) { return redactedJSON, nil }
