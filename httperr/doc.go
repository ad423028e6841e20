// Package httperr answers HTTP requests whose work failed in the SDK: a server
// that acts for its callers turns errors into statuses and problem details
// (RFC 9457) without giving away how it works inside.
//
//	wo, err := client.WorkOrders.Get(r.Context(), id)
//	if err != nil {
//		httperr.Write(w, err)
//		return
//	}
//
// The status follows the kind of the error, not the status that the platform
// answered with, which says little. docs/servers.md has the table.
package httperr
