package webhook

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

func TestMemoryStore(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	s := NewMemoryStore(time.Hour).(*memoryStore)
	s.now = func() time.Time { return now }
	ctx := t.Context()

	a, err := s.Begin(ctx, "a", time.Minute)
	require.NoError(t, err)
	_, err = s.Begin(ctx, "a", time.Minute)
	require.ErrorIs(t, err, ErrBusy)
	require.NoError(t, a.Abandon(ctx))
	a, err = s.Begin(ctx, "a", time.Minute)
	require.NoError(t, err)

	now = now.Add(time.Minute) // the claim is void
	b, err := s.Begin(ctx, "a", time.Minute)
	require.NoError(t, err)
	require.NoError(t, a.Abandon(ctx), "that of another is left alone")
	_, err = s.Begin(ctx, "a", time.Minute)
	require.ErrorIs(t, err, ErrBusy)
	require.NoError(t, a.Finish(ctx), "handled is handled")
	_, err = s.Begin(ctx, "a", time.Minute)
	require.ErrorIs(t, err, ErrHandled)
	require.NoError(t, b.Abandon(ctx))
	require.NoError(t, b.Finish(ctx))
	_, err = s.Begin(ctx, "a", time.Minute)
	require.ErrorIs(t, err, ErrHandled)

	c, err := s.Begin(ctx, "c", time.Minute)
	require.NoError(t, err)
	now = now.Add(time.Minute)
	d, err := s.Begin(ctx, "c", time.Minute)
	require.NoError(t, err)
	require.NoError(t, d.Abandon(ctx), "who took the claim over failed")
	require.NoError(t, c.Finish(ctx))
	_, err = s.Begin(ctx, "c", time.Minute)
	require.ErrorIs(t, err, ErrHandled)

	now = now.Add(time.Hour)
	_, err = s.Begin(ctx, "b", time.Minute)
	require.NoError(t, err)
	require.Len(t, s.events, 1, "handled events are forgotten after an hour")
	require.Empty(t, s.order)
	require.Panics(t, func() { NewMemoryStore(0) })
}

func TestNamesOfTables(t *testing.T) {
	_, err := NewSQLStore(nil, "events")
	require.ErrorIs(t, err, sdkerr.ErrInvalidInput)
	for name, ok := range map[string]bool{
		"events": true, "hooks.events": true, "": false, "a.b.c": false, "x; drop table y": false, `"x"`: false, "Events": false, "1a": false,
	} {
		require.Equal(t, ok, tableName.MatchString(name), name)
	}
	s, err := NewSQLStore(new(sql.DB), "hooks.order")
	require.NoError(t, err)
	require.Equal(t, `"hooks"."order"`, s.table, "words of SQL are names too")
}
