// Package workordertest gives tests a tenant of their own on a running backend,
// clients for everybody who may act there, and faults on demand.
//
//	func TestNightlyRound(t *testing.T) {
//		t.Parallel()
//		kit := workordertest.New(t)
//		kit.DropResponse(workordertest.RPC("rpc_create_work_order"), workordertest.Times(1))
//
//		err := nightly.Round(t.Context(), kit.As("technician").Client)
//
//		require.NoError(t, err)
//		require.Len(t, kit.Requests(workordertest.RPC("rpc_create_work_order")), 2)
//	}
//
// The backend is a [devstack.Stack] that all tests of a test binary share. It
// starts with the first [New], in about a second once its database is in the
// cache. With [Run] in TestMain it also ends with the binary; without it the
// system ends it, and the next start clears away what it left. [Deployment.New]
// makes kits on a backend that runs already, such as a project for staging.
//
// # Who acts
//
// A [Kit] is a fresh tenant. It embeds a client of the tenant's administrator;
// [Kit.As] gives signed-in users with the platform's other roles, and
// [Kit.Stranger] one who does not belong to the tenant. All of them reach the
// backend through the kit's own address, Kit.URL, and so does any other program
// that is given this address: a server under test, or a client made by hand.
//
// # Faults
//
// A fault strikes what comes through the kit's address and nothing else, so tests
// that run at the same time do not notice. Scopes say which requests it strikes
// ([RPC], [View], [Method], [Path], [When]) and which of those ([Skip], [Times]):
//
//	kit.RaiseSQLState("54000", workordertest.RPC("rpc_transition_work_order_status"))
//	kit.Clamp(10)                                   // answers of ten rows at most
//	kit.Delay(time.Second, workordertest.View("v_work_orders"))
//	kit.DropResponse(workordertest.Skip(1), workordertest.Times(2))
//	kit.ExpireTokens()                              // every access token issued so far
//	kit.FlipTenant(workordertest.Times(1))          // somebody else changes the account's tenant
//	kit.Inject(func(w http.ResponseWriter, r *http.Request, backend http.Handler) { … })
//
// Several faults can be at work: the one added last is the first to see a request,
// and one that lets a request pass on hands it to the one before. A fault ends
// with Times, with [Fault.Stop], or with [Kit.Reset], which ends all.
//
// # Time
//
// [Kit.Clock] tells the time to the sessions of the kit's users. Advancing it ages
// their access tokens: the sessions renew them in time, and the kit's address
// refuses those that are too old. Time in the database does not change.
package workordertest
