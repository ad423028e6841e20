package types_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/types"
)

func TestGeometryCheck(t *testing.T) {
	for _, tc := range []struct{ geometry, want string }{ // want "": it passes
		{`{"type":"Point","coordinates":[11.5753833,48.1371234]}`, ""},
		{`{"type":"Point","coordinates":[-180,90,515.5]}`, ""},
		{`{"type":"Point","coordinates":[0,0],"bbox":[0,0,0,0],"crs":null}`, ""},
		{`{"type":"LineString","coordinates":[[0,0],[0,0]]}`, ""},
		{`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`, ""},
		{`{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0.0,0e0]]]}`, ""}, // clockwise; the same numbers
		{`{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}`, ""},
		{`{"type":"MultiPoint","coordinates":[[0,0]]}`, ""},
		{`{"type":"MultiLineString","coordinates":[[[0,0],[1,1]]]}`, ""},
		{`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}`, ""},

		{``, "is not valid JSON"},
		{`{`, "is not valid JSON"},
		{`null`, "is not a JSON object"},
		{`[1,2]`, "is not a JSON object"},
		{`{}`, "has no type"},
		{`{"Type":"Point","coordinates":[0,0]}`, "has no type"},
		{`{"type":null,"coordinates":[0,0]}`, "has no type"},
		{`{"type":1,"coordinates":[0,0]}`, "has a type that is no text"},
		{`{"type":"point","coordinates":[0,0]}`, `has the unknown type "point"`},
		{`{"type":"Feature","geometry":{"type":"Point","coordinates":[0,0]}}`, "is a Feature, not a single geometry"},
		{`{"type":"FeatureCollection","features":[]}`, "is a FeatureCollection, not a single geometry"},
		{`{"type":"GeometryCollection","geometries":[],"coordinates":[]}`, "is a GeometryCollection, not a single geometry"},
		{`{"type":"Point"}`, "has no coordinates"},
		{`{"type":"Point","Coordinates":[0,0]}`, "has no coordinates"},
		{`{"type":"Point","coordinates":null}`, "has no longitude and latitude in coordinates"},
		{`{"type":"Point","coordinates":[]}`, "has no longitude and latitude in coordinates"},
		{`{"type":"Point","coordinates":[1]}`, "has no longitude and latitude in coordinates"},
		{`{"type":"Point","coordinates":["1",2]}`, "has a coordinate in coordinates that is no number"},
		{`{"type":"Point","coordinates":[1,null]}`, "has a coordinate in coordinates that is no number"},
		{`{"type":"Point","coordinates":[180.0000001,0]}`, "has the longitude 180.0000001 in coordinates, which is not within -180 and 180"},
		{`{"type":"Point","coordinates":[0,-90.5]}`, "has the latitude -90.5 in coordinates, which is not within -90 and 90"},
		{`{"type":"Point","coordinates":[0,0,1e999]}`, "has a coordinate in coordinates that is out of range"},
		{`{"type":"LineString","coordinates":[[0,0]]}`, "has 1 positions in coordinates, at least 2 are needed"},
		{`{"type":"LineString","coordinates":[0,0]}`, "has no longitude and latitude in coordinates[0]"},
		{`{"type":"Polygon","coordinates":[]}`, "has 0 rings in coordinates, at least 1 are needed"},
		{`{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}`, "has 3 positions in coordinates[0], at least 4 are needed"},
		{`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}`, "has a ring in coordinates[0] that is not closed: its last position is not its first"},
		{`{"type":"Polygon","coordinates":[[[0,0,1],[1,0],[1,1],[0,0]]]}`, "has a ring in coordinates[0] that is not closed: its last position is not its first"},
		{`{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,0]],[[1,1],[2,1],[2,2],[1,2]]]}`, "has a ring in coordinates[1] that is not closed: its last position is not its first"},
		{`{"type":"MultiPoint","coordinates":[]}`, "has 0 positions in coordinates, at least 1 are needed"},
		{`{"type":"MultiLineString","coordinates":[[[0,0],[1,1]],[[0,0],[200,0]]]}`, "has the longitude 200 in coordinates[1][1], which is not within -180 and 180"},
		{`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,91],[0,0]]]]}`, "has the latitude 91 in coordinates[0][0][2], which is not within -90 and 90"},
		{`{"type":"Polygon","coordinates":{"a":1}}`, "has coordinates that are no array of rings"},
	} {
		err := types.Geometry(tc.geometry).Check()
		if tc.want == "" {
			require.NoError(t, err, tc.geometry)
		} else {
			require.EqualError(t, err, tc.want, tc.geometry)
		}
	}
}

func TestGeometryKeepsEveryDigit(t *testing.T) {
	const text = `{"type":"Point","coordinates":[1.50,2.000000000000000000001]}`
	var row struct {
		Geometry types.Geometry `json:"geometry"`
	}
	const whole = `{"geometry":` + text + `}`
	buffer := []byte(whole)
	require.NoError(t, json.Unmarshal(buffer, &row))
	clear(buffer) // the row keeps its own
	require.Empty(t, cmp.Diff(text, string(row.Geometry)))
	require.Equal(t, types.PointGeometry, row.Geometry.Type())
	out, err := json.Marshal(row)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(whole, string(out)))

	out, err = json.Marshal(struct{ G types.Geometry }{})
	require.NoError(t, err)
	require.Equal(t, `{"G":null}`, string(out))
	require.Empty(t, types.Geometry(`[`).Type())
}

func TestGeometryOfALibrary(t *testing.T) {
	type library struct { // as libraries have it
		Type        string       `json:"type"`
		Coordinates [][2]float64 `json:"coordinates"`
	}
	line := library{"LineString", [][2]float64{{1.5, 2}, {3, 4}}}
	g, err := types.GeometryOf(line)
	require.NoError(t, err)
	var back library
	require.NoError(t, g.Decode(&back))
	require.Equal(t, line, back)

	_, err = types.GeometryOf(library{"LineString", nil})
	require.ErrorContains(t, err, "no array of positions")
	_, err = types.GeometryOf(func() {})
	require.Error(t, err)
}

func FuzzGeometry(f *testing.F) {
	f.Add(`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`)
	f.Add(`{"type":"Point","coordinates":[1e-400,` + strings.Repeat("9", 300) + `]}`)
	f.Fuzz(func(t *testing.T, s string) {
		g := types.Geometry(s)
		if g.Check() != nil {
			return
		}
		var back types.Geometry
		out, err := json.Marshal(g)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(out, &back))
		require.NoError(t, back.Check())
		require.Equal(t, g.Type(), back.Type())
	})
}
