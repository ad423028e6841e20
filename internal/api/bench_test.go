package api

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkOneRow compares one small call through the pipeline with the same
// request written by hand on net/http.
func BenchmarkOneRow(b *testing.B) {
	row := []byte(`[{"id":"4d4f4a0e-5f2c-4e59-9a52-6a6f5f0c1b11","name":"Line 3","created_at":"2026-01-02T03:04:05Z"}]`)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(row)
	}))
	defer srv.Close()

	b.Run("net/http", func(b *testing.B) {
		client := &http.Client{Transport: NewTransport()}
		defer client.CloseIdleConnections()
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, srv.URL+"/rest/v1/v_departments?select=*", http.NoBody)
			require.NoError(b, err)
			req.Header.Set("Apikey", testKey)
			req.Header.Set("Authorization", "Bearer user-token")
			resp, err := client.Do(req)
			require.NoError(b, err)
			_, err = io.ReadAll(resp.Body)
			require.NoError(b, err)
			require.NoError(b, resp.Body.Close())
		}
	})
	b.Run("pipeline", func(b *testing.B) {
		tr := NewTransport()
		defer tr.CloseIdleConnections()
		c, err := New(Config{BaseURL: srv.URL, APIKey: testKey, Transport: tr, Auth: staticToken("user-token")})
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			_, err := c.Do(b.Context(), &Request{
				Op: "Departments.Get", Method: http.MethodGet, Path: "/rest/v1/v_departments", RawQuery: "select=*", Safe: true,
			})
			require.NoError(b, err)
		}
	})
}
