package pm

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// IngestParams describes a value that a machine read.
type IngestParams struct {
	Key     types.Secret    // required: a key of TenantAPIKeys.Create, whose tenant the meter is of
	MeterID string          // required; active
	Value   decimal.Decimal // 0 or more, within what the meter's ReadingDirection takes
	Date    time.Time       // 90 days back to 7 days ahead; zero: now, by the server's clock
	Notes   string
}

type ingestBody struct {
	MeterID      string     `json:"meterId"`
	ReadingValue number     `json:"readingValue"` // the function refuses text
	ReadingDate  *time.Time `json:"readingDate"`
	Notes        *string    `json:"notes"`
}

const ingestPath = "/functions/v1/ingest-meter-reading"

// Ingest adds a reading of the type ReadingAutomated through the edge function
// ingest-meter-reading and returns its id. The key of a tenant takes the place
// of a session: the client's own identity is not sent, and one without any will
// do. The key shows up in no error and no log.
//
// A repeated call adds the reading again; no two are taken for the same. So the
// SDK repeats the call only when it never reached the server; package ingest
// records any number of readings, each once. The function of
// the platform reads the value as a 64-bit float, about 15 digits.
//
// Fails with ErrUnauthenticated when the key is unknown, revoked or expired,
// ErrNotFound when the meter does not exist, ErrPermissionDenied when it is
// another tenant's, and ErrInvalidInput when the value or the date does not go
// or the meter is off. ErrSchemaMismatch says that the deployment has no such
// function.
//
// Not in the TypeScript SDK.
func (s *MeterService) Ingest(ctx context.Context, p IngestParams) (string, error) {
	const op = "Meters.Ingest"
	key := strings.TrimSpace(p.Key.Reveal())
	if err := api.RequireKey(op, "Key", key); err != nil {
		return "", err
	}
	if err := sdkerr.RequireText(op, "MeterID", p.MeterID); err != nil {
		return "", err
	}
	if err := checkValue(op, "Value", p.Value); err != nil {
		return "", err
	}
	body, err := postgrest.Body(op, ingestBody{
		MeterID:      p.MeterID,
		ReadingValue: number{p.Value},
		ReadingDate:  postgrest.NullIfZero(p.Date),
		Notes:        postgrest.NullIfZero(p.Notes),
	})
	if err != nil {
		return "", err
	}
	resp, err := s.conn.WithIdentity(tenantKey(key), "").Do(ctx, &api.Request{
		Op:      op,
		Method:  http.MethodPost,
		Path:    ingestPath,
		Header:  http.Header{"Accept": {"application/json"}},
		Body:    body,
		Secrets: []string{key},
	})
	if err != nil {
		return "", err
	}
	var made struct {
		ReadingID string `json:"readingId"`
	}
	if err := postgrest.DecodeInto(op, resp.Body, &made); err != nil {
		return "", err
	}
	if made.ReadingID == "" {
		e := sdkerr.New(op, sdkerr.ErrSchemaMismatch, "the answer holds no readingId")
		e.Method, e.Path, e.HTTPStatus = http.MethodPost, ingestPath, resp.Status
		return "", e
	}
	return made.ReadingID, nil
}

// tenantKey sends a tenant's key where the token of a session would be.
type tenantKey string

// Token implements api.TokenSource.
func (k tenantKey) Token(context.Context) (api.Token, error) { return api.Token{Value: string(k)}, nil }
