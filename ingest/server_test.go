package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/ingest"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/types"
)

const apiKey = types.Secret("wosk_0123456789abcdef0123456789abcdef")

// server is a deployment in memory. Its meters take any value and keep it twice
// when they get it twice.
type server struct {
	mu     sync.Mutex
	meters map[string]bool
	rows   []row
	// ingest answers a call of the function, and read one of a view; nil: as it
	// should.
	ingest, read fault
	calls        int
	open         sync.WaitGroup // what it is still at though nobody waits for it
}

// row is a reading that was recorded.
type row struct {
	ID    string `json:"id"`
	Meter string `json:"meter_id"`
	Value string `json:"reading_value"`
	Date  string `json:"reading_date"`
}

// fault takes the place of an answer. do does the work and gives the answer that
// there should have been.
type fault func(req *http.Request, do func() *http.Response) (*http.Response, error)

func newServer(meters ...string) *server {
	s := &server{meters: map[string]bool{}}
	for _, m := range meters {
		s.meters[m] = true
	}
	return s
}

func meterID(n int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, n)).String()
}

// client makes a client of the server, signed in as a member of its tenant.
func (s *server) client(t testing.TB) *workorder.Client {
	t.Helper()
	c, err := workorder.New("https://project.example", "anon-key", workorder.WithTransport(s),
		workorder.WithAccessToken(apitest.JWT(map[string]any{"sub": apitest.UserID, "tenant_id": apitest.TenantID, "role": "authenticated"})))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ingester makes an Ingester of the server.
func (s *server) ingester(t testing.TB) ingest.Ingester {
	t.Helper()
	return ingest.Ingester{Meters: &s.client(t).Meters, Key: apiKey}
}

// RoundTrip implements http.RoundTripper.
func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	f, do := s.read, func() *http.Response { return s.view(req) }
	if req.Method == http.MethodPost {
		s.mu.Lock()
		s.calls++
		s.mu.Unlock()
		f, do = s.ingest, func() *http.Response { return s.record(req, body) }
	}
	if f == nil {
		return do(), nil
	}
	return f(req, do)
}

func (s *server) record(req *http.Request, body []byte) *http.Response {
	if req.URL.Path != "/functions/v1/ingest-meter-reading" {
		return reply(404, `{"code":"NOT_FOUND","message":"Requested function was not found"}`)
	}
	if req.Header.Get("Authorization") != "Bearer "+apiKey.Reveal() {
		return reply(401, `{"error":"unknown key","code":"INVALID_API_KEY"}`)
	}
	var in struct {
		MeterID string      `json:"meterId"`
		Value   json.Number `json:"readingValue"`
		Date    string      `json:"readingDate"`
	}
	if json.Unmarshal(body, &in) != nil {
		return reply(400, `{"error":"not JSON","code":"BAD_REQUEST"}`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	meter := strings.ToLower(in.MeterID)
	if !s.meters[meter] {
		return reply(404, `{"error":"meter not found","code":"NOT_FOUND"}`)
	}
	id := uuid.NewString()
	s.rows = append(s.rows, row{id, meter, in.Value.String(), in.Date})
	return reply(201, fmt.Sprintf(`{"readingId":%q}`, id))
}

var filters = regexp.MustCompile(`(meter_id|reading_date|\bid)[=.]eq\."?([^",)&]*)`)

// view answers what looks a reading or a meter up.
func (s *server) view(req *http.Request) *http.Response {
	query, err := url.QueryUnescape(req.URL.RawQuery)
	if err != nil {
		return reply(400, `{}`)
	}
	want := map[string]string{}
	for _, f := range filters.FindAllStringSubmatch(query, -1) {
		want[f[1]] = f[2]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []string{}
	switch {
	case strings.HasSuffix(req.URL.Path, "/v_asset_meters"):
		if s.meters[want["id"]] {
			out = append(out, fmt.Sprintf(`{"id":%q,"current_reading":0,"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`, want["id"]))
		}
	case strings.Contains(query, ".lt."): // behind the last row
	default:
		for _, r := range s.rows {
			if r.Meter == strings.ToLower(want["meter_id"]) && r.Date == want["reading_date"] {
				out = append(out, fmt.Sprintf(`{"id":%q,"meter_id":%q,"reading_value":%s,"reading_date":%q,"created_at":%q}`, r.ID, r.Meter, r.Value, r.Date, r.Date))
			}
		}
	}
	return reply(200, "["+strings.Join(out, ",")+"]")
}

func reply(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func limited(after string) *http.Response {
	resp := reply(429, `{"message":"too many"}`)
	if after != "" {
		resp.Header.Set("Retry-After", after)
	}
	return resp
}

var errReset = errors.New("connection reset by peer")

// chance makes the faults that a network and a server have, for one call of three.
func (s *server) chance(rnd *rand.Rand) fault {
	var mu sync.Mutex
	n := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return rnd.IntN(n)
	}
	return func(req *http.Request, do func() *http.Response) (*http.Response, error) {
		sleep(req.Context(), time.Duration(n(300))*time.Millisecond)
		switch n(42) {
		case 0:
			return nil, &net.OpError{Op: "dial", Err: errReset}
		case 1:
			return nil, errReset
		case 2, 3:
			do()
			return nil, errReset
		case 4: // it comes to it later
			wait := time.Duration(n(20)) * time.Second
			s.open.Go(func() { time.Sleep(wait); _ = do() }) //nolint:bodyclose // nobody reads it
			return nil, errReset
		case 5:
			return reply(502, `<html><title>502 Bad Gateway</title></html>`), nil
		case 6:
			do()
			return reply(502, `<html><title>502 Bad Gateway</title></html>`), nil
		case 7:
			return reply(500, `{"error":"oops","code":"INTERNAL_ERROR"}`), nil
		case 8:
			do()
			return reply(500, `{"error":"oops","code":"INTERNAL_ERROR"}`), nil
		case 9:
			return limited("3"), nil
		case 10:
			return limited(""), nil
		case 11:
			return reply(500, `{"code":"54000","message":"too many"}`), nil
		case 12: // half an answer
			resp := do()
			if resp.StatusCode >= 300 { // of an error what came is enough
				return resp, nil
			}
			resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(resp.Body, 5), broken{}))
			return resp, nil
		case 13: // none
			if n(2) == 0 {
				do()
			}
			<-req.Context().Done()
			return nil, req.Context().Err()
		}
		return do(), nil
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }
