package workorder_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
)

func TestViewOfRefusesWhatIsNoName(t *testing.T) {
	c, srv := apitest.New(t)
	for _, name := range []string{"", "../auth/v1/user", "v x", "reporting.", "v?select=id"} {
		_, err := workorder.ViewOf[struct{}](c, name).List(t.Context())
		require.ErrorIs(t, err, workorder.ErrInvalidInput, name)
		require.ErrorIs(t, c.RPC(t.Context(), name, nil, nil), workorder.ErrInvalidInput, name)
	}
	srv.WantNoRequest(t)
}

func TestViewOfWalksByAKeyThatRowsHaveNoFieldFor(t *testing.T) {
	type row struct {
		Name string `json:"name"`
	}
	c, srv := apitest.New(t)
	var page strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&page, `,{"name":"n","walk_0":"k%03d"}`, i)
	}
	srv.Reply(http.StatusOK, "["+page.String()[1:]+"]")
	srv.Reply(http.StatusOK, `[{"name":"last","walk_0":"l"}]`)

	rows, err := workorder.ViewOf[row](c, "v_custom").List(t.Context())

	require.NoError(t, err)
	require.Len(t, rows, 1001)
	next := srv.Requests()[1].Query
	require.Equal(t, "*,walk_0:id", next.Get("select"))
	require.Contains(t, next.Get("and"), `id.gt."k999"`)
}
