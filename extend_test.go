package workorder_test

import (
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

func TestViewOfWalksByOffsetWithoutAFieldForTheKey(t *testing.T) {
	type row struct {
		Name string `json:"name"`
	}
	c, srv := apitest.New(t)
	page := "[" + strings.TrimSuffix(strings.Repeat(`{"name":"n"},`, 1000), ",") + "]"
	srv.Reply(http.StatusOK, page)
	srv.Reply(http.StatusOK, `[{"name":"last"}]`)

	rows, err := workorder.ViewOf[row](c, "v_custom").List(t.Context())

	require.NoError(t, err)
	require.Len(t, rows, 1001)
	require.Equal(t, "1000", srv.Requests()[1].Query.Get("offset"))
}
