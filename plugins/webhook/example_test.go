package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/workorder-systems/sdk-go/plugins/webhook"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func ExampleHandler() {
	secret := types.Secret("the text of the Vault secret")
	handler := webhook.Handler(webhook.Installation("i1", secret), func(_ context.Context, e webhook.Event) error {
		if !e.Is("app", "work_orders") || e.New == nil {
			return nil
		}
		var wo workorders.WorkOrder
		if err := e.DecodeNew(&wo); err != nil {
			return err
		}
		fmt.Println(e.Type(), wo.Title)
		return nil
	})

	// as the platform would send it, and again
	body := `{"v": 1, "audit": {"id": 1, "operation": "INSERT", "table_name": "work_orders", "table_schema": "app"}, ` +
		`"snapshot": {"new_data": {"title": "Oil leak"}}, "installation_id": "i1"}`
	for range 2 {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/hooks", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(webhook.SignatureHeader, webhook.Sign([]byte(body), secret))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// entity_change.work_orders.insert Oil leak
	// 200
	// 200
}

// One receiver for the installations of many tenants, which are in a table of its own.
func ExampleHandler_manyInstallations() {
	type installation struct {
		tenant  string
		secrets []types.Secret // the old one too, while it is being replaced
	}
	installations := map[string]installation{
		"i1": {tenant: "t1", secrets: []types.Secret{"new", "old"}},
	}
	secretFor := func(_ context.Context, from webhook.Source) ([]types.Secret, error) {
		in, ok := installations[from.InstallationID]
		if !ok || in.tenant != from.TenantID {
			return nil, webhook.ErrUnknownInstallation
		}
		return in.secrets, nil
	}
	handler := webhook.Handler(secretFor, func(_ context.Context, e webhook.Event) error {
		fmt.Println(e.TenantID, e.Type())
		return nil
	})

	for _, tenant := range []string{"t1", "t2"} {
		body := `{"v": 1, "audit": {"id": 1, "operation": "DELETE", "table_name": "assets", "table_schema": "app"}, ` +
			`"tenant_id": "` + tenant + `", "installation_id": "i1"}`
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/hooks", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(webhook.SignatureHeader, webhook.Sign([]byte(body), "old"))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// t1 entity_change.assets.delete
	// 200
	// 401
}

func ExampleSignPayload() {
	signature, err := webhook.SignPayload([]byte(`{"action":"noop"}`), "whsec")
	fmt.Println(signature[:8], err)
	// Output: 6c3aad74 <nil>
}
