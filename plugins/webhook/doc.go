// Package webhook receives what the platform's plugins deliver, and signs what is
// sent to it.
//
// An installation of a plugin (client.Plugins) with a webhook_url gets a POST for
// every change that it has subscribed to. Handler is the http.Handler for them:
//
//	handler := webhook.Handler(webhook.Installation(id, current, previous),
//		func(ctx context.Context, e webhook.Event) error {
//			if !e.Is("app", "work_orders") || e.New == nil {
//				return nil
//			}
//			var wo workorders.WorkOrder
//			if err := e.DecodeNew(&wo); err != nil {
//				return err
//			}
//			return notify(ctx, wo)
//		})
//	http.Handle("POST /hooks/workorder", handler)
//
// What the platform promises is little: a delivery comes at least once, in no
// order, and up to eight times over about four hours until it is answered with
// 2xx; redirects count as failures. An event says that a row was written, not that
// anything in it is different now. Handler adds what a receiver needs: it checks
// installation and signature, handles every event once however often it comes, and
// acknowledges it only when the function has returned without an error.
//
// Several replicas share what they have handled through a Store: NewMemoryStore is
// for one process, NewSQLStore for many, in PostgreSQL.
//
// A change that a handler makes is a change like any other and comes back as an
// event: guard against loops.
package webhook
