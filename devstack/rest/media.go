package rest

import (
	"cmp"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// mediaType is the form of an answer.
type mediaType struct {
	kind  mediaKind
	strip bool // nulls=stripped
}

type mediaKind int

const (
	mediaJSON mediaKind = iota
	mediaObject
	mediaArray
	mediaCSV
	mediaOpenAPI
	mediaGeoJSON
)

func (m mediaType) String() string {
	switch {
	case m.kind == mediaObject && m.strip:
		return "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8"
	case m.kind == mediaObject:
		return "application/vnd.pgrst.object+json; charset=utf-8"
	case m.strip:
		return "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"
	case m.kind == mediaCSV:
		return "text/csv; charset=utf-8"
	case m.kind == mediaGeoJSON:
		return "application/geo+json; charset=utf-8"
	case m.kind == mediaOpenAPI:
		return "application/openapi+json; charset=utf-8"
	}
	return "application/json; charset=utf-8"
}

// negotiate picks the first form of the Accept header that can be produced.
func negotiate(accept string, kind targetKind) (mediaType, error) {
	fallback := mediaType{kind: mediaJSON}
	if kind == rootTarget {
		fallback.kind = mediaOpenAPI
	}
	if strings.TrimSpace(accept) == "" {
		return fallback, nil
	}
	type wanted struct {
		name   string
		params map[string]string
		q      float64
		detail int // parameters, less the stars
	}
	var all []wanted
	for part := range strings.SplitSeq(accept, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			name = strings.TrimSpace(part)
		}
		w := wanted{name: name, params: params, q: 1, detail: len(params) - strings.Count(name, "*")}
		if v, given := params["q"]; given {
			w.detail--
			if q, err := strconv.ParseFloat(v, 64); err == nil {
				w.q = q
			}
		}
		all = append(all, w)
	}
	slices.SortStableFunc(all, func(a, b wanted) int {
		return cmp.Or(cmp.Compare(b.q, a.q), cmp.Compare(b.detail, a.detail))
	})
	var names []string
	for _, w := range all {
		strip := w.params["nulls"] == "stripped"
		switch w.name {
		case "*/*", "application/json":
			return fallback, nil
		case "application/openapi+json":
			if kind == rootTarget {
				return fallback, nil
			}
		case "application/vnd.pgrst.object+json", "application/vnd.pgrst.object":
			if kind != rootTarget {
				return mediaType{mediaObject, strip}, nil
			}
		case "application/vnd.pgrst.array+json", "application/vnd.pgrst.array":
			if kind != rootTarget {
				return mediaType{mediaArray, strip}, nil
			}
		case "text/csv":
			if kind != rootTarget {
				return mediaType{kind: mediaCSV}, nil
			}
		case "application/geo+json":
			if kind != rootTarget {
				return mediaType{kind: mediaGeoJSON}, nil
			}
		case "application/vnd.pgrst.plan", "application/vnd.pgrst.plan+text", "application/vnd.pgrst.plan+json":
			names = append(names, planName(w.name, w.params))
			continue
		}
		names = append(names, w.name)
	}
	return mediaType{}, &apiError{status: http.StatusNotAcceptable, Code: "PGRST107",
		Message: "None of these media types are available: " + strings.Join(names, ", ")}
}

// planName is how a plan, which is switched off, is named when it is refused:
// in full.
func planName(name string, params map[string]string) string {
	if name == "application/vnd.pgrst.plan" {
		name += "+text"
	}
	of := params["for"]
	if of == "" {
		of = "application/json"
	}
	name += `; for="` + of + `"`
	if options := params["options"]; options != "" {
		name += "; options=" + options
	}
	return name
}
