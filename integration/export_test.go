package integration

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/export"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestExportsEqualTheList(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for i, title := range []string{"plain", `say "hi", twice`, "two\nlines", "=cmd|' /C calc'!A0", "-5", "Größe 3½\" 🛠️"} {
		p := workorders.CreateWorkOrderParams{Title: title}
		if i%2 == 1 {
			p.Description, p.DueDate = "line\n\"two\"", time.Date(2031, 2, 3, 4, 5, 6, 789012000, time.UTC)
		}
		_, err := tn.WorkOrders.Create(t.Context(), p)
		require.NoError(t, err)
	}
	cols := []query.AnyColumn{wo.ID, wo.Title, wo.Description, wo.DueDate, wo.TotalLaborMinutes}
	list, err := tn.WorkOrders.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 6)

	var b bytes.Buffer
	n, err := export.CSV(t.Context(), &b, tn.WorkOrders.All(t.Context(), query.Columns(cols...)), export.Columns(cols...), export.NullText("NULL"))
	require.NoError(t, err)
	require.EqualValues(t, len(list), n)
	records, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"id", "title", "description", "due_date", "total_labor_minutes"}, records[0])
	for i, row := range list {
		description, due := "NULL", "NULL"
		if row.Description != nil {
			description = *row.Description
		}
		if row.DueDate != nil {
			due = row.DueDate.Format(time.RFC3339Nano)
		}
		require.Equal(t, []string{row.ID, row.Title, description, due, "0"}, records[i+1])
	}

	b.Reset()
	_, err = export.NDJSON(t.Context(), &b, tn.WorkOrders.All(t.Context()))
	require.NoError(t, err)
	lines := json.NewDecoder(&b)
	for _, row := range list {
		var got workorders.WorkOrder
		require.NoError(t, lines.Decode(&got))
		require.Equal(t, row, got)
	}
	require.ErrorIs(t, lines.Decode(new(any)), io.EOF)
}
