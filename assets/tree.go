package assets

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// LocationTree is the tree that locations form by their parents.
type LocationTree struct {
	// Roots are the places without a parent, and those whose parent is not among
	// the rows, by name.
	Roots []*LocationNode

	nodes map[string]*LocationNode
}

// LocationNode is a place in a LocationTree.
type LocationNode struct {
	Location
	Parent   *LocationNode // nil: a root
	Children []*LocationNode
}

// LocationCycleError reports places that are inside themselves. It is also an
// *SdkError of the kind ErrInvalidReference.
type LocationCycleError struct {
	Op          string
	LocationIDs []string // each is the parent of the one before it, and the first that of the last
}

// Error implements error.
func (e *LocationCycleError) Error() string { return e.Unwrap().Error() }

// Unwrap gives the *SdkError.
func (e *LocationCycleError) Unwrap() error {
	ids := e.LocationIDs
	if most := 10; len(ids) > most {
		ids = append(slices.Clone(ids[:most]), "…")
	}
	return sdkerr.New(e.Op, sdkerr.ErrInvalidReference, "a location cannot be inside itself: %s", strings.Join(ids, " in "))
}

// Tree reads all locations that the caller may see and builds their tree. A
// place whose parent the caller may not see becomes a root. Places that are
// inside themselves, which the platform lets happen, fail with a
// *LocationCycleError that names them; List still gives them then, and Update
// with another parent of a place in the cycle puts it right.
//
// Every member may.
func (s *LocationService) Tree(ctx context.Context) (*LocationTree, error) {
	const op = "Locations.Tree"
	rows, err := postgrest.NewView(s.rpc.Conn(), treeView).List(ctx)
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	return newLocationTree(op, rows)
}

// NewLocationTree builds the tree of locations that have been read, as Tree
// does.
func NewLocationTree(rows []Location) (*LocationTree, error) {
	return newLocationTree("NewLocationTree", rows)
}

func newLocationTree(op string, rows []Location) (*LocationTree, error) {
	t := &LocationTree{nodes: make(map[string]*LocationNode, len(rows))}
	nodes := make([]*LocationNode, 0, len(rows))
	for _, row := range rows {
		if _, again := t.nodes[row.ID]; again {
			continue
		}
		n := &LocationNode{Location: row}
		t.nodes[row.ID] = n
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *LocationNode) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	for _, n := range nodes {
		if n.ParentLocationID != nil {
			n.Parent = t.nodes[*n.ParentLocationID]
		}
		if n.Parent == nil {
			t.Roots = append(t.Roots, n)
		} else {
			n.Parent.Children = append(n.Parent.Children, n)
		}
	}
	if err := t.checkCycles(op, nodes); err != nil {
		return nil, err
	}
	return t, nil
}

// checkCycles looks for nodes that no root leads to.
func (t *LocationTree) checkCycles(op string, nodes []*LocationNode) error {
	seen := make(map[*LocationNode]bool, len(nodes))
	for n := range t.All() {
		seen[n] = true
	}
	i := slices.IndexFunc(nodes, func(n *LocationNode) bool { return !seen[n] })
	if i < 0 {
		return nil
	}
	// Above it there is a cycle: the first node to come twice is on it.
	n := nodes[i]
	for !seen[n] {
		seen[n] = true
		n = n.Parent
	}
	err := &LocationCycleError{Op: op, LocationIDs: []string{n.ID}}
	for next := n.Parent; next != n; next = next.Parent {
		err.LocationIDs = append(err.LocationIDs, next.ID)
	}
	return err
}

// Len is how many places the tree has.
func (t *LocationTree) Len() int { return len(t.nodes) }

// Get returns the place with the given id, or nil.
func (t *LocationTree) Get(id string) *LocationNode { return t.nodes[id] }

// All iterates over the places from the roots down, each before the places
// inside it.
func (t *LocationTree) All() iter.Seq[*LocationNode] { return walkDown(t.Roots) }

// All iterates over the place and all places inside it, each before the places
// inside it.
func (n *LocationNode) All() iter.Seq[*LocationNode] { return walkDown([]*LocationNode{n}) }

func walkDown(nodes []*LocationNode) iter.Seq[*LocationNode] {
	return func(yield func(*LocationNode) bool) {
		stack := slices.Clone(nodes)
		slices.Reverse(stack)
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if !yield(n) {
				return
			}
			for _, child := range slices.Backward(n.Children) {
				stack = append(stack, child)
			}
		}
	}
}

// Path returns the places from the root to this one.
func (n *LocationNode) Path() []*LocationNode {
	var path []*LocationNode
	for ; n != nil; n = n.Parent {
		path = append(path, n)
	}
	slices.Reverse(path)
	return path
}

// Depth is how many places are above this one: 0 for a root.
func (n *LocationNode) Depth() int { return len(n.Path()) - 1 }

// Site returns the site that the place belongs to, the nearest one above it or
// the place itself, or nil.
func (n *LocationNode) Site() *LocationNode {
	for n != nil && n.LocationType != Site {
		n = n.Parent
	}
	return n
}

// MoveLocationParams says where a location goes.
type MoveLocationParams struct {
	TenantID         string // optional: the client's tenant
	LocationID       string // required
	ParentLocationID string // required: a location cannot be made a root again
}

// Move puts a location, with all places inside it, into another one. It first
// looks at the places above the new parent, which the platform does not, and
// refuses a move into itself with a *LocationCycleError. A move that another
// caller makes meanwhile can still close a cycle. The look covers the token's
// tenant.
//
// Every member may. Otherwise fails like Update.
func (s *LocationService) Move(ctx context.Context, p MoveLocationParams) error {
	const op = "Locations.Move"
	if err := sdkerr.RequireText(op, "LocationID", p.LocationID, "ParentLocationID", p.ParentLocationID); err != nil {
		return err
	}
	args := updateLocationArgs{TenantID: p.TenantID, LocationID: p.LocationID, ParentLocationID: &p.ParentLocationID}
	if _, err := postgrest.Body(op, args); err != nil {
		return err // what cannot be sent is not looked for
	}
	above := []string{p.LocationID}
	for id := p.ParentLocationID; id != ""; {
		if i := slices.IndexFunc(above, func(seen string) bool { return sameID(seen, id) }); i >= 0 {
			return &LocationCycleError{Op: op, LocationIDs: above[i:]}
		}
		above = append(above, id)
		rows, err := postgrest.NewView(s.rpc.Conn(), treeView).List(ctx, query.Where(locationCols.ID.Eq(id)), query.Limit(1),
			query.Columns(locationCols.ID, locationCols.ParentLocationID))
		if err != nil {
			return sdkerr.Wrap(op, nil, err)
		}
		if id = ""; len(rows) > 0 && rows[0].ParentLocationID != nil {
			id = *rows[0].ParentLocationID
		}
	}
	return postgrest.Exec(ctx, s.rpc, op, args)
}

// sameID compares ids as the database does.
func sameID(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// SiteRollup counts what is at a site and at all places inside it, sites inside
// it among them.
type SiteRollup struct {
	Site         *LocationNode
	Buildings    int
	Floors       int
	Rooms        int
	Zones        int
	Assets       int
	ActiveAssets int // with StatusActive
}

// SiteRollup counts the places and assets of every site, in the order of
// LocationTree.All. It reads them all, so the counts are those of now; the
// platform's own view of sites shows those of its last refresh. Fails like Tree.
//
// Every member may.
func (s *LocationService) SiteRollup(ctx context.Context) ([]SiteRollup, error) {
	const op = "Locations.SiteRollup"
	tree, err := s.Tree(ctx)
	if err != nil {
		return nil, err
	}
	sites := []SiteRollup{}
	index := map[*LocationNode]int{}
	for n := range tree.All() {
		if n.LocationType == Site {
			index[n] = len(sites)
			sites = append(sites, SiteRollup{Site: n})
		}
	}
	above := func(n *LocationNode, count func(*SiteRollup)) {
		for ; n != nil; n = n.Parent {
			if i, ok := index[n]; ok {
				count(&sites[i])
			}
		}
	}
	for n := range tree.All() {
		above(n.Parent, func(r *SiteRollup) {
			switch n.LocationType {
			case Building:
				r.Buildings++
			case Floor:
				r.Floors++
			case Room:
				r.Rooms++
			case Zone:
				r.Zones++
			}
		})
	}
	columns := query.Columns(assetCols.ID, assetCols.LocationID, assetCols.Status)
	for a, err := range postgrest.NewView(s.rpc.Conn(), rolledUpView).All(ctx, columns, query.Where(assetCols.LocationID.NotNull())) {
		if err != nil {
			return nil, sdkerr.Wrap(op, nil, err)
		}
		above(tree.Get(*a.LocationID), func(r *SiteRollup) {
			r.Assets++
			if a.Status == StatusActive {
				r.ActiveAssets++
			}
		})
	}
	return sites, nil
}
