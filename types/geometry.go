package types

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// GeometryType is the kind of a Geometry.
type GeometryType string

// The kinds of geometries.
const (
	PointGeometry           GeometryType = "Point"
	LineStringGeometry      GeometryType = "LineString"
	PolygonGeometry         GeometryType = "Polygon"
	MultiPointGeometry      GeometryType = "MultiPoint"
	MultiLineStringGeometry GeometryType = "MultiLineString"
	MultiPolygonGeometry    GeometryType = "MultiPolygon"
)

// Geometry is a GeoJSON geometry (RFC 7946) as JSON, every digit as it came. It
// converts to and from json.RawMessage and []byte, and so goes in and out of any
// library that reads and writes GeoJSON:
//
//	g, err := types.GeometryOf(geojson.NewGeometry(polygon)) // paulmach/orb
//	shape, err := geojson.UnmarshalGeometry(g)
//
//	raw, err := geojson.Marshal(polygon) // twpayne/go-geom
//	g := types.Geometry(raw)
//	err = geojson.Unmarshal(g, &shape)
//
// Reading one does not check it; Check does.
type Geometry json.RawMessage

// GeometryOf encodes a value of a GeoJSON library and checks the result.
func GeometryOf(v any) (Geometry, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	g := Geometry(raw)
	return g, g.Check()
}

// Decode decodes the geometry into a value of a GeoJSON library.
func (g Geometry) Decode(v any) error { return json.Unmarshal(g, v) }

// MarshalJSON implements json.Marshaler.
func (g Geometry) MarshalJSON() ([]byte, error) { return json.RawMessage(g).MarshalJSON() }

// UnmarshalJSON implements json.Unmarshaler.
func (g *Geometry) UnmarshalJSON(b []byte) error {
	*g = append((*g)[:0:0], b...)
	return nil
}

// String is the JSON text.
func (g Geometry) String() string { return string(g) }

// Type is the kind of the geometry; "" when it has none.
func (g Geometry) Type() GeometryType {
	t, _, err := g.members()
	if err != nil {
		return ""
	}
	return t
}

// Check reports the first thing that keeps g from being a shape on the earth: a
// kind other than the six, positions that are no numbers or lie out of range
// (longitude -180 to 180, then latitude -90 to 90), lines of less than two
// positions, rings that are not closed or have less than four. The orientation
// of rings is free, and members besides type and coordinates are too.
func (g Geometry) Check() error {
	t, coordinates, err := g.members()
	if err != nil {
		return err
	}
	check, ok := shapes[t]
	switch {
	case t == "":
		return errors.New("has no type")
	case t == "Feature" || t == "FeatureCollection" || t == "GeometryCollection":
		return fmt.Errorf("is a %s, not a single geometry", t)
	case !ok:
		return fmt.Errorf("has the unknown type %q", string(t))
	case coordinates == nil:
		return errors.New("has no coordinates")
	}
	dec := json.NewDecoder(bytes.NewReader(coordinates))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return errors.New("is not valid JSON")
	}
	return check(v, "coordinates")
}

// members are the parts of g. Their names have one spelling only, which decoding
// into a struct would not insist on.
func (g Geometry) members() (t GeometryType, coordinates json.RawMessage, err error) {
	var object map[string]json.RawMessage
	if !json.Valid(g) {
		return "", nil, errors.New("is not valid JSON")
	}
	if json.Unmarshal(g, &object) != nil || object == nil {
		return "", nil, errors.New("is not a JSON object")
	}
	if raw, ok := object["type"]; ok && json.Unmarshal(raw, &t) != nil {
		return "", nil, errors.New("has a type that is no text")
	}
	return t, object["coordinates"], nil
}

// A shape checks coordinates; at is how errors call them.
type shape func(v any, at string) error

var shapes = map[GeometryType]shape{
	PointGeometry:           point,
	MultiPointGeometry:      several(point, 1, "positions"),
	LineStringGeometry:      line,
	MultiLineStringGeometry: several(line, 1, "lines"),
	PolygonGeometry:         polygon,
	MultiPolygonGeometry:    several(polygon, 1, "polygons"),
}

var (
	line    = several(point, 2, "positions")
	polygon = several(ring, 1, "rings")
)

// several is an array of at least so many of a shape.
func several(of shape, least int, what string) shape {
	return func(v any, at string) error {
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("has %s that are no array of %s", at, what)
		}
		if len(list) < least {
			return fmt.Errorf("has %d %s in %s, at least %d are needed", len(list), what, at, least)
		}
		for i, e := range list {
			if err := of(e, at+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		return nil
	}
}

// ring is a line that ends where it began.
func ring(v any, at string) error {
	if err := several(point, 4, "positions")(v, at); err != nil {
		return err
	}
	list := v.([]any)
	if !slices.EqualFunc(list[0].([]any), list[len(list)-1].([]any), sameNumber) {
		return fmt.Errorf("has a ring in %s that is not closed: its last position is not its first", at)
	}
	return nil
}

// sameNumber compares what point has accepted.
func sameNumber(a, b any) bool {
	x, errX := a.(json.Number).Float64()
	y, errY := b.(json.Number).Float64()
	return errX == nil && errY == nil && x == y
}

// point is a longitude, a latitude and perhaps more, such as an elevation.
func point(v any, at string) error {
	list, ok := v.([]any)
	if !ok || len(list) < 2 {
		return fmt.Errorf("has no longitude and latitude in %s", at)
	}
	for i, e := range list {
		n, ok := e.(json.Number)
		if !ok {
			return fmt.Errorf("has a coordinate in %s that is no number", at)
		}
		f, err := n.Float64()
		switch {
		case err != nil || math.IsInf(f, 0):
			return fmt.Errorf("has a coordinate in %s that is out of range", at)
		case i == 0 && math.Abs(f) > 180:
			return fmt.Errorf("has the longitude %s in %s, which is not within -180 and 180", short(n), at)
		case i == 1 && math.Abs(f) > 90:
			return fmt.Errorf("has the latitude %s in %s, which is not within -90 and 90", short(n), at)
		}
	}
	return nil
}

// short keeps errors short, however many digits a number has.
func short(n json.Number) string {
	if len(n) <= 20 {
		return string(n)
	}
	return strings.ToValidUTF8(string(n[:20]), "") + "…"
}
