package assets_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/apitest"
)

// place is a location; parent "" makes a root.
func place(id string, kind assets.LocationType, parent string) assets.Location {
	l := assets.Location{ID: id, Name: id, LocationType: kind}
	if parent != "" {
		l.ParentLocationID = &parent
	}
	return l
}

func ids(nodes []*assets.LocationNode) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.ID
	}
	return out
}

func TestLocationTree(t *testing.T) {
	tree, err := assets.NewLocationTree([]assets.Location{
		place("room", assets.Room, "floor"),
		place("hidden child", assets.Floor, "nobody sees it"),
		place("floor", assets.Floor, "building"),
		place("site", assets.Site, "region"),
		place("inner site", assets.Site, "site"),
		place("region", assets.Region, ""),
		place("building", assets.Building, "site"),
		place("annex", assets.Building, "inner site"),
	})
	require.NoError(t, err)
	require.Equal(t, 8, tree.Len())
	require.Equal(t, []string{"hidden child", "region"}, ids(tree.Roots))
	require.Equal(t, []string{"hidden child", "region", "site", "building", "floor", "room", "inner site", "annex"},
		ids(slices.Collect(tree.All())))
	require.Equal(t, []string{"building", "floor", "room"}, ids(slices.Collect(tree.Get("building").All())))
	for n := range tree.All() {
		require.Equal(t, "hidden child", n.ID)
		break
	}
	room := tree.Get("room")
	require.Equal(t, []string{"region", "site", "building", "floor", "room"}, ids(room.Path()))
	require.Equal(t, 4, room.Depth())
	require.Equal(t, "site", room.Site().ID)
	require.Equal(t, "inner site", tree.Get("annex").Site().ID)
	require.Equal(t, "inner site", tree.Get("inner site").Site().ID, "a site is its own")
	require.Nil(t, tree.Get("region").Site())
	require.Nil(t, tree.Get("hidden child").Site())
	require.Nil(t, tree.Get("nobody sees it"))

	tree, err = assets.NewLocationTree(nil)
	require.NoError(t, err)
	require.Zero(t, tree.Len())
	require.Empty(t, tree.Roots)
}

func TestLocationTreeRefusesCycles(t *testing.T) {
	for name, tc := range map[string]struct {
		rows  []assets.Location
		cycle []string // in any rotation
	}{
		"its own parent": {
			rows:  []assets.Location{place("ok", assets.Site, ""), place("a", assets.Site, "a")},
			cycle: []string{"a"},
		},
		"two sites in each other": {
			rows:  []assets.Location{place("a", assets.Site, "b"), place("b", assets.Site, "a")},
			cycle: []string{"a", "b"},
		},
		"below a cycle": {
			rows: []assets.Location{
				place("a below", assets.Building, "b"), place("b", assets.Site, "c"), place("c", assets.Site, "d"), place("d", assets.Site, "b"),
			},
			cycle: []string{"b", "c", "d"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := assets.NewLocationTree(tc.rows)
			require.ErrorIs(t, err, workorder.ErrInvalidReference)
			var cycle *assets.LocationCycleError
			require.ErrorAs(t, err, &cycle)
			got := cycle.LocationIDs
			i := slices.Index(got, tc.cycle[0])
			require.GreaterOrEqual(t, i, 0, "%v", got)
			require.Equal(t, tc.cycle, append(slices.Clone(got[i:]), got[:i]...))
		})
	}
}

// A chain as long as a tenant could make one is walked without recursion.
func TestLocationTreeOfAnyDepth(t *testing.T) {
	const n = 20_000
	rows := make([]assets.Location, n)
	for i := range rows {
		parent := ""
		if i > 0 {
			parent = fmt.Sprint("z", i-1)
		}
		rows[i] = place(fmt.Sprint("z", i), assets.Zone, parent)
	}
	tree, err := assets.NewLocationTree(rows)
	require.NoError(t, err)
	require.Equal(t, n-1, tree.Get(fmt.Sprint("z", n-1)).Depth())

	rows[0].ParentLocationID = &rows[n-1].ID
	_, err = assets.NewLocationTree(rows)
	var cycle *assets.LocationCycleError
	require.ErrorAs(t, err, &cycle)
	require.Len(t, cycle.LocationIDs, n)
	require.Less(t, len(err.Error()), 500)
}

func TestTreeReadsAllLocations(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[{"id":"b","name":"B","parent_location_id":"a","location_type":"site"},
		{"id":"a","name":"A","parent_location_id":"b","location_type":"site"}]`)
	_, err := c.Locations.Tree(t.Context())
	require.ErrorContains(t, err, "Locations.Tree: invalid reference: a location cannot be inside itself")

	srv.ReplyError(http.StatusForbidden, "42501", "no")
	_, err = c.Locations.Tree(t.Context())
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
}

func TestSiteRollup(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Handle(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode([]assets.Location{
			place("r", assets.Region, ""), place("s", assets.Site, "r"), place("s2", assets.Site, "s"), place("b", assets.Building, "s"),
			place("f", assets.Floor, "b"), place("z", assets.Zone, "f"), place("z2", assets.Zone, "z"), place("b2", assets.Building, "s2"),
			place("room", assets.Room, "z2"),
		})
	})
	srv.Reply(http.StatusOK, `[]`) // no more locations
	srv.Reply(http.StatusOK, `[{"id":"1","location_id":"room","status":"active"},{"id":"2","location_id":"b2","status":"retired"},
		{"id":"3","location_id":"r","status":"active"},{"id":"4","location_id":"gone","status":"active"}]`)
	sites, err := c.Locations.SiteRollup(t.Context())
	require.NoError(t, err)
	require.Len(t, sites, 2)
	require.Equal(t, "s", sites[0].Site.ID)
	require.Equal(t, "s2", sites[1].Site.ID)
	for i := range sites {
		sites[i].Site = nil
	}
	require.Equal(t, []assets.SiteRollup{
		{Buildings: 2, Floors: 1, Rooms: 1, Zones: 2, Assets: 2, ActiveAssets: 1},
		{Buildings: 1, Assets: 1},
	}, sites)
}

func TestALocationIsNotItsOwnParent(t *testing.T) {
	c, srv := apitest.New(t)
	err := c.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: "ab", ParentLocationID: new("AB")})
	var cycle *assets.LocationCycleError
	require.ErrorAs(t, err, &cycle)
	require.Equal(t, []string{"ab"}, cycle.LocationIDs)
	require.ErrorIs(t, err, workorder.ErrInvalidReference)
	srv.WantNoRequest(t)
}

func TestMoveLooksBeforeItMoves(t *testing.T) {
	parents := map[string]string{"a": `null`, "b": `"a"`, "c": `"b"`, "x": `"y"`, "y": `"x"`}
	answer := func(srv *apitest.Server, ids ...string) {
		for _, id := range ids {
			srv.Reply(http.StatusOK, fmt.Sprintf(`[{"id":%q,"parent_location_id":%s}]`, id, parents[id]))
		}
	}
	for name, tc := range map[string]struct {
		id, to string
		looks  []string
		cycle  []string
	}{
		"to itself":               {id: "a", to: "a", cycle: []string{"a"}},
		"into what is inside":     {id: "a", to: "c", looks: []string{"c", "b"}, cycle: []string{"a", "c", "b"}},
		"into a cycle":            {id: "a", to: "x", looks: []string{"x", "y"}, cycle: []string{"x", "y"}},
		"elsewhere":               {id: "d", to: "c", looks: []string{"c", "b", "a"}},
		"to where nobody can see": {id: "d", to: "hidden"},
	} {
		t.Run(name, func(t *testing.T) {
			c, srv := apitest.New(t)
			answer(srv, tc.looks...)
			if name == "to where nobody can see" {
				srv.Reply(http.StatusOK, `[]`)
			}
			if tc.cycle == nil {
				srv.Reply(http.StatusNoContent, "")
			}
			err := c.Locations.Move(t.Context(), assets.MoveLocationParams{LocationID: tc.id, ParentLocationID: tc.to})
			requests := srv.Requests()
			moved := len(requests) > 0 && requests[len(requests)-1].Path == "/rest/v1/rpc/rpc_update_location"
			if tc.cycle == nil {
				require.NoError(t, err)
				require.True(t, moved)
				return
			}
			var cycle *assets.LocationCycleError
			require.ErrorAs(t, err, &cycle)
			require.Equal(t, tc.cycle, cycle.LocationIDs)
			require.False(t, moved)
		})
	}
}
