package sdkerr

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// docs/errors.md and the code say the same, row by row.
func TestDocumentedErrors(t *testing.T) {
	text, err := os.ReadFile("../../docs/errors.md")
	require.NoError(t, err)
	kinds := map[string]error{}
	for _, k := range allKinds {
		kinds[k.Error()] = k
	}
	documented := map[string]bool{}
	statuses := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 6 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		status, err := strconv.Atoi(cells[1])
		if err != nil {
			continue // the head of the table
		}
		code, message, _ := strings.Cut(cells[0], " ")
		if code == "–" {
			code = ""
			statuses++
		}
		documented[code] = true
		var want []error
		if cells[2] != "none" {
			for name := range strings.SplitSeq(cells[2], ", ") {
				require.Contains(t, kinds, name)
				want = append(want, kinds[name])
			}
		}
		t.Run(cells[0]+" "+cells[1], func(t *testing.T) {
			body, err := json.Marshal(map[string]any{"code": code, "message": "m " + message, "details": nil})
			require.NoError(t, err)
			check := func(e *Error) {
				t.Helper()
				require.ElementsMatch(t, want, e.kinds)
				rule := cells[3]
				require.Equal(t, rule == "always" && status != http.StatusConflict, Retriable(e, false))
				require.Equal(t, rule == "always" || rule == "guarded", Retriable(e, true))
				e.RetryAfter = time.Second
				require.Equal(t, rule == "always" || rule == "told", Retriable(e, false))
				require.Equal(t, cells[4] == "yes", SafeToRetry(e))
			}
			check(FromResponse("X.Do", "POST", "/rest/v1/rpc/x", status, nil, body))
			if code == "" { // Storage hides the status in the body of a 400
				body := `{"statusCode":"` + cells[1] + `","error":"Odd","message":"m"}`
				check(FromResponse("X.Do", "POST", "/storage/v1/object/x", 400, nil, []byte(body)))
			}
		})
	}
	for code := range byCode {
		require.True(t, documented[code], "%s is not in docs/errors.md", code)
	}
	require.Greater(t, statuses, 25)
}

func TestReadThatWrites(t *testing.T) {
	e := FromResponse("X", "POST", "/", 405, nil, []byte(`{"code":"25006","message":"m"}`))
	require.ErrorIs(t, e, ErrUnavailable)
	OfRead(e)
	require.ErrorIs(t, e, ErrSchemaMismatch)
	require.NotErrorIs(t, e, ErrUnavailable)
	require.False(t, Retriable(e, true))
}

func TestLongErrorBodies(t *testing.T) {
	long := strings.Repeat("ä", 20000)
	whole := `{"code":"23505","message":"taken","details":"` + long + `","hint":null}`
	for name, body := range map[string]string{"whole": whole, "cut": whole[:30000], "cut in a name": `{"code":"23505","message":"taken","det`} {
		t.Run(name, func(t *testing.T) {
			e := FromResponse("X", "POST", "/", 409, nil, []byte(body))
			require.Equal(t, "23505", e.Code)
			require.Equal(t, "taken", e.Message)
			require.ErrorIs(t, e, ErrConflict)
			require.LessOrEqual(t, len(e.Details), maxDetails)
		})
	}
}

// What a foreign error says about its own call does not hold for this one.
func TestDoubt(t *testing.T) {
	e := FromResponse("X", "POST", "/", 503, nil, []byte(`{"code":"PGRST002","message":"m"}`))
	require.True(t, SafeToRetry(e))
	require.False(t, SafeToRetry(Doubt(e)))
	require.False(t, Retriable(Doubt(e), false))
}
