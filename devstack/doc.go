// Package devstack runs a WorkOrder Systems backend on this machine without
// Docker: a real PostgreSQL with the reference backend in it, and in front of it
// the HTTP services that a Supabase project offers: REST (/rest/v1), Auth
// (/auth/v1), Storage (/storage/v1) and the platform's function
// ingest-meter-reading (/functions/v1).
//
//	stack, err := devstack.Start(ctx)
//	if err != nil { … }
//	defer stack.Close()
//	client, err := workorder.New(stack.URL, stack.AnonKey)
//
// PostgreSQL is the server in DEVSTACK_DATABASE_URL, else one of this process's
// own, made from programs found on the machine or downloaded. Every stack has a
// fresh database, which is gone after Close. The migrated cluster is cached, so
// that only the first start takes seconds.
package devstack
