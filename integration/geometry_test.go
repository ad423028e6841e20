package integration

import (
	"testing"

	"github.com/paulmach/orb"
	orbjson "github.com/paulmach/orb/geojson"
	"github.com/stretchr/testify/require"
	"github.com/twpayne/go-geom"
	geomjson "github.com/twpayne/go-geom/encoding/geojson"

	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/types"
)

// storeShape stores a shape and gives it as it is read.
func storeShape(t testing.TB, tn *tenant, g types.Geometry) types.Geometry {
	t.Helper()
	id, err := tn.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "x", Geometry: g})
	require.NoError(t, err, g)
	row, err := tn.MapZones.Get(t.Context(), id)
	require.NoError(t, err)
	return row.Geometry
}

func TestShapesOfOrb(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	ring := orb.Ring{{11.5, 48.1}, {11.6, 48.1}, {11.6, 48.2}, {11.5, 48.1}}
	hole := orb.Ring{{11.51, 48.11}, {11.52, 48.12}, {11.52, 48.11}, {11.51, 48.11}}
	for _, shape := range []orb.Geometry{
		orb.Point{11.5753833, 48.1371234},
		orb.MultiPoint{{-180, -90}, {180, 90}},
		orb.LineString{{0, 0}, {0.1, 0.2}},
		orb.MultiLineString{{{0, 0}, {1, 1}}, {{2, 2}, {3, 3}}},
		orb.Polygon{ring, hole},
		orb.MultiPolygon{{ring}, {hole}},
	} {
		g, err := types.GeometryOf(orbjson.NewGeometry(shape))
		require.NoError(t, err)
		require.Equal(t, types.GeometryType(shape.GeoJSONType()), g.Type())

		back, err := orbjson.UnmarshalGeometry(storeShape(t, tn, g))
		require.NoError(t, err)
		require.True(t, orb.Equal(shape, back.Geometry()), "%v", back.Geometry())
	}
	_, err := types.GeometryOf(orbjson.NewGeometry(orb.Polygon{ring[:3]}))
	require.Error(t, err, "not closed")
	_, err = types.GeometryOf(orbjson.NewFeature(orb.Point{}))
	require.ErrorContains(t, err, "is a Feature")
}

func TestShapesOfGoGeom(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, shape := range []geom.T{
		geom.NewPointFlat(geom.XYZ, []float64{11.5753833, 48.1371234, 515.5}),
		geom.NewLineStringFlat(geom.XY, []float64{0, 0, 0.1, 0.2}),
		geom.NewPolygonFlat(geom.XY, []float64{0, 0, 1, 0, 1, 1, 0, 0}, []int{8}),
		geom.NewMultiPolygonFlat(geom.XY, []float64{0, 0, 1, 0, 1, 1, 0, 0}, [][]int{{8}}),
	} {
		raw, err := geomjson.Marshal(shape)
		require.NoError(t, err)
		g := types.Geometry(raw)
		require.NoError(t, g.Check())

		var back geom.T
		require.NoError(t, geomjson.Unmarshal(storeShape(t, tn, g), &back))
		require.Equal(t, shape.Layout(), back.Layout())
		require.Equal(t, shape.FlatCoords(), back.FlatCoords())
	}
}
