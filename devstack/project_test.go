package devstack

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
)

// gardener is a user of the project in testdata.
type gardener struct {
	*workorder.Client
	email, token, plot string
}

func signUpGardener(t *testing.T, s *Stack, email, plot string) gardener {
	t.Helper()
	c, err := workorder.New(s.URL, s.AnonKey)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	got, err := c.Auth.SignUp(t.Context(), workorder.SignUpParams{
		Email: email, Password: "a long password", Data: map[string]any{"plot": plot},
	})
	require.NoError(t, err)
	tok, err := got.Session.Token(t.Context())
	require.NoError(t, err)
	claims := jwt.MapClaims{}
	_, _, err = jwt.NewParser().ParseUnverified(tok.Value, claims)
	require.NoError(t, err)
	id, _ := claims["plot_id"].(string)
	return gardener{c.WithSession(got.Session), email, tok.Value, id}
}

// object sends a request about a photograph and gives the status that is meant.
func (g gardener) object(t *testing.T, s *Stack, method, path, contentType, body string) (status, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/storage/v1/object/photos/"+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+g.token)
	r.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var refused struct{ StatusCode string }
	if resp.StatusCode != http.StatusOK && json.Unmarshal(b, &refused) == nil {
		return refused.StatusCode, string(b)
	}
	return "200", string(b)
}

// TestProject runs the migrations of a small project of another kind and uses it as
// its users would.
func TestProject(t *testing.T) {
	t.Parallel()
	s := newSandbox(t).start(t, func(c *config) error { c.schema = nil; return nil },
		WithMigrations("testdata/project"), WithTokenHook("public.custom_access_token_hook"))
	ada := signUpGardener(t, s, "ada@example.com", "north")
	ben := signUpGardener(t, s, "ben@example.com", "north")
	cyn := signUpGardener(t, s, "cyn@example.com", "south")
	require.NotEmpty(t, ada.plot, "the hook's claim")
	require.Equal(t, ada.plot, ben.plot)
	require.NotEqual(t, ada.plot, cyn.plot)

	var id int64
	require.NoError(t, ada.RPC(t.Context(), "add_note", map[string]any{"p_body": "sowed beans"}, &id))
	require.NoError(t, cyn.RPC(t.Context(), "add_note", map[string]any{"p_body": "weeded"}, nil))
	err := ada.RPC(t.Context(), "add_note", map[string]any{"p_body": ""}, nil)
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	anon, err := workorder.New(s.URL, s.AnonKey)
	require.NoError(t, err)
	require.ErrorIs(t, anon.RPC(t.Context(), "add_note", map[string]any{"p_body": "x"}, nil), workorder.ErrPermissionDenied)

	type note struct {
		ID        int64     `json:"id"`
		Body      string    `json:"body"`
		Author    string    `json:"author"`
		Plot      string    `json:"plot"`
		CreatedAt time.Time `json:"created_at"`
	}
	rows, err := workorder.ViewOf[note](ben.Client, "v_notes").List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1, "notes of the other plot are hidden")
	require.WithinDuration(t, time.Now(), rows[0].CreatedAt, time.Hour)
	require.Equal(t, note{id, "sowed beans", "ada@example.com", "north", rows[0].CreatedAt}, rows[0])

	const png = "\x89PNG\r\n\x1a\n"
	for _, tc := range []struct {
		who                      gardener
		method, path, kind, body string
		status, answer           string
	}{
		{ada, "POST", ada.plot + "/beans.png", "image/png", png, "200", "photos/" + ada.plot + "/beans.png"},
		{ada, "POST", cyn.plot + "/beans.png", "image/png", png, "403", "row-level security"},
		{ada, "POST", ada.plot + "/beans.txt", "text/plain", "x", "415", "invalid_mime_type"},
		{ben, "GET", ada.plot + "/beans.png", "", "", "200", png},
		{cyn, "GET", ada.plot + "/beans.png", "", "", "404", "not_found"},
	} {
		status, answer := tc.who.object(t, s, tc.method, tc.path, tc.kind, tc.body)
		require.Equal(t, tc.status, status, "%s %s: %s", tc.method, tc.path, answer)
		require.Contains(t, answer, tc.answer)
	}

	require.Equal(t, "ben@example.com", query(t, s.DatabaseURL, `delete from auth.users where email = 'ben@example.com' returning email`))
	for sql, want := range map[string]string{
		`select string_agg(method || ' ' || url, ', ') from net.http_request_queue where url like '%/members%'`:          "GET https://board.example.com/members?left=yes&who=%C3%A4%20%26%20b",
		`select string_agg(jobname || ' ' || schedule || ' ' || active, ', ' order by jobid) from cron.job`:              "forget old notes 30 3 * * * true, tidy 0 1 * * 0 false",
		`select count(*)::text from cron.job_run_details`:                                                                "0",
		`select count(*)::text from net._http_response`:                                                                  "0",
		`select string_agg(method || ' ' || url, ', ' order by id) from net.http_request_queue where url like '%/notes'`: "POST https://board.example.com/notes, POST https://board.example.com/notes",
		`select (convert_from(body, 'UTF8')::jsonb ->> 'body') || ' ' || (headers ->> 'Authorization') || ' ' || timeout_milliseconds
		   from net.http_request_queue where url like '%/notes' order by id limit 1`: "sowed beans Bearer a key of the club 2000",
		`select string_agg(convert_from(body, 'UTF8')::jsonb #>> '{record,name}', ' ' order by id) || min(convert_from(body, 'UTF8')::jsonb ->> 'type')
		   from net.http_request_queue where url like '%/plots?source=plots'`: "north southINSERT",
	} {
		require.Equal(t, want, query(t, s.DatabaseURL, sql), sql)
	}
}
