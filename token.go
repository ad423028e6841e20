package workorder

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/workorder-systems/sdk-go/internal/jwtclaims"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// StaticToken is a [TokenSource] that always gives the same access token, such
// as the JWT of the user whose request a server is handling. A text that is no
// JWT fails with [ErrUnauthenticated] when a token is needed, before anything is
// sent. The server decides whether the token is valid; nothing renews it.
func StaticToken(jwt string) TokenSource { return newStaticToken(jwt) }

// staticToken is one fixed access token.
type staticToken struct {
	tok *Token // a pointer, which package fmt does not follow
	bad error  // why there is no token
}

func newStaticToken(jwt string) *staticToken {
	claims, err := jwtclaims.Parse(jwt)
	if err != nil {
		return noToken(sdkerr.New("StaticToken", ErrUnauthenticated, "the access token is %s", err))
	}
	return &staticToken{tok: &Token{Value: jwt, Expiry: claims.Expiry}}
}

// noToken is a source that has no token to give, and says why.
func noToken(why error) *staticToken { return &staticToken{tok: &Token{}, bad: why} }

// Token implements TokenSource.
func (s *staticToken) Token(context.Context) (Token, error) { return *s.tok, s.bad }

// Format hides the token.
func (s *staticToken) Format(f fmt.State, _ rune) { writeTo(f, "StaticToken("+redacted+")") }

// LogValue hides the token.
func (s *staticToken) LogValue() slog.Value { return slog.StringValue("StaticToken(" + redacted + ")") }

// MarshalJSON hides the token.
func (s *staticToken) MarshalJSON() ([]byte, error) { return redactedJSON, nil }
