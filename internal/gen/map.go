package main

// A pkg is one resource package: what of the contract it holds.
type pkg struct {
	Dir   string // directory below the module's root, and name of the package
	Views []view
	RPCs  []rpc
}

// A view says how one view shows in Go. The same view can stand here more than
// once, with different Columns.
type view struct {
	Name string // such as "v_departments"; "reporting." goes before others than public
	Row  string // Go name of a row, such as Department
	List string // where clients read it, such as WorkOrders.Summaries: for errors
	Doc  string // what a row is: "is " goes before it in the row's comment
	// Key holds the columns that identify a row. Nil means id. Of several, one
	// may be null in some rows.
	Key []string
	// Order is the order of rows when the caller gives none, such as
	// "created_at desc". Nil means by key. A column may stand here only when
	// nothing changes it once its row is there: a list goes on behind the last
	// row, so a row that moves could be missed.
	Order []string
	// AnyTenant says that the rows do not depend on the tenant in the token.
	AnyTenant bool
	// AllTenants says that the view shows the rows of every tenant of the caller,
	// whatever the token says: reads ask for the one tenant that they are for.
	AllTenants bool
	// ServiceKey says that the view shows the rows of all tenants to the
	// service-role key; other clients read nothing.
	ServiceKey bool
	// Columns are the columns to read. Nil means all.
	Columns []string
	// Types replaces the Go type of a column by a named one of the package.
	Types map[string]string
	// Docs explains columns whose name does not say it all.
	Docs map[string]string
}

// An rpc says how one function shows in Go.
type rpc struct {
	Name string // such as "rpc_create_department"
	// Null holds required arguments that may be sent as null.
	Null []string
	// Omit holds optional arguments that are left out when not given, so that
	// the server's default applies. Others are sent as null.
	Omit []string
	// NullMeans holds optional arguments with a default other than null that are
	// sent as null when not given all the same, and what null means there. All
	// others with such a default are left out.
	NullMeans map[string]string
	// Types replaces the Go type of an argument by a named one of the package.
	Types map[string]string
	// Max holds how many characters text arguments may have, as the tag max of
	// internal/pgjson has it: "500", or "256,trim" when the server trims first.
	Max map[string]string
	// Numeric holds what numeric arguments have to fit, as the tag numeric of
	// internal/pgjson has it: "18,4", "18,4,positive" or "18,4,nonnegative".
	Numeric map[string]string
	// Key is the optional text argument that makes repeating the call harmless.
	Key string
	// Scope is where the server keeps Key's values, for looking one up.
	Scope string
	// Result describes the rows of a function that returns a table.
	Result *result
}

// A result says how a row of a function's result shows in Go.
type result struct {
	Row     string   // Go name
	Doc     string   // what a row is: "is " goes before it in the row's comment
	NotNull []string // columns that are never null; the contract does not know
	Columns []field  // for a set of a named type, whose columns the contract does not hold
	Types   map[string]string
	Docs    map[string]string
}

// A field is a column that the contract does not hold.
type field struct {
	Name string
	Type string // PostgreSQL type
}

// packages is the whole map.
var packages = []pkg{orgPackage, workordersPackage, assetsPackage, pmPackage, inventoryPackage, laborPackage, reportingPackage, safetyPackage, pluginsPackage, searchPackage}
