// Package workorder is the Go SDK for WorkOrder Systems, a multi-tenant system
// for maintenance management that runs on Supabase. It reads the platform's
// views and calls its functions, as the TypeScript package
// @workorder-systems/sdk does, under the same names.
//
// # Clients
//
// [New] makes a [Client] for one deployment and sends nothing. A client never
// changes and is safe for concurrent use. Every way of acting as somebody else
// or somewhere else gives another client and leaves the first one as it is:
//
//	c, err := workorder.New(projectURL, anonKey)     // nobody in particular
//	s, err := c.Auth.SignInWithPassword(ctx, email, password)
//	mine := c.WithSession(s)                         // a user, kept signed in
//	theirs := c.AsUser(jwt)                          // the user of a request
//	there, err := mine.ForTenant(ctx, tenantID)      // a user, in one tenant
//	loud, err := c.With(workorder.WithLogger(l))     // the same, with options
//
// All of them share one connection pool. [Client.Close] gives its idle
// connections back.
//
// # Tenants
//
// What a view shows follows the tenant in the access token; a function acts in
// the tenant that its params name, or in the client's when they name none. A
// client of [Client.ForTenant] keeps both the same. Without any tenant a call
// that needs one fails with [ErrNoTenant] and sends nothing.
//
// # Reading
//
// Every resource has List, All, Page, Get and Count, with the filters, ordering
// and paging of package query. The server cuts every answer at 1,000 rows
// without saying so; List and All go on until they have everything:
//
//	open := workorders.WorkOrderCols.Status.In("assigned", "in_progress")
//	for wo, err := range c.WorkOrders.All(ctx, query.Where(open)) {
//		…
//	}
//
// # Errors and retries
//
// A failed call gives a [*SdkError] that says which operation failed, with which
// code, and the request id to find it by. Ask for its kind with errors.Is:
// [ErrNotFound], [ErrPermissionDenied], [ErrConflict] and so on. Kinds follow the
// platform's error codes, because its HTTP statuses mislead. No error, log line
// or printed value holds a token, a key or a password.
//
// Reads are repeated after transient failures; writes only when they are known
// not to have been applied or carry an idempotency key, such as
// ClientRequestID. [WithRetry] sets how often, the context how long, and
// [SafeToRetry] says what the caller may repeat.
package workorder
