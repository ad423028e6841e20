package rest

import (
	"net/http"
	"strconv"
	"strings"
)

// preferences are the values of the Prefer header that are known here.
type preferences struct {
	returns     string // minimal, headers-only, representation
	count       string // exact, planned, estimated
	resolution  string // merge-duplicates, ignore-duplicates
	missing     string // default, null
	handling    string // strict, lenient
	timezone    string // a name that the database knows
	maxAffected int64  // only with handling=strict; -1 without
}

// parsePrefer reads the headers; zone says whether the database knows a time
// zone.
func parsePrefer(headers []string, zone func(string) bool) (preferences, error) {
	p := preferences{maxAffected: -1}
	var unknown []string
	maxAffected := int64(-1)
	for _, h := range headers {
		for part := range strings.SplitSeq(h, ",") {
			part = strings.TrimSpace(part)
			k, v, _ := strings.Cut(part, "=")
			set := func(dst *string, values ...string) {
				for _, known := range values {
					if v == known {
						if *dst == "" { // the first one counts
							*dst = v
						}
						return
					}
				}
				unknown = append(unknown, part)
			}
			switch k {
			case "":
			case "return":
				set(&p.returns, "minimal", "headers-only", "representation")
			case "count":
				set(&p.count, "exact", "planned", "estimated")
			case "resolution":
				set(&p.resolution, "merge-duplicates", "ignore-duplicates")
			case "missing":
				set(&p.missing, "default", "null")
			case "handling":
				set(&p.handling, "strict", "lenient")
			case "tx": // the end of the transaction is not for clients to choose
				set(new(string), "commit", "rollback")
			case "timezone":
				if !zone(v) {
					unknown = append(unknown, part)
				} else if p.timezone == "" {
					p.timezone = v
				}
			case "max-affected":
				n, err := strconv.ParseInt(v, 10, 64)
				if err != nil {
					unknown = append(unknown, part)
					continue
				}
				maxAffected = n
			default:
				unknown = append(unknown, part)
			}
		}
	}
	if p.handling == "strict" {
		if len(unknown) > 0 {
			return p, &apiError{status: http.StatusBadRequest, Code: "PGRST122",
				Message: "Invalid preferences given with handling=strict",
				Details: "Invalid preferences: " + strings.Join(unknown, ", ")}
		}
		p.maxAffected = maxAffected
	}
	return p, nil
}

// applied is the value of Preference-Applied: what was honoured, of the
// preferences that matter to the kind of request.
func (p preferences) applied(kind string) string {
	var parts []string
	add := func(k, v string) {
		if v != "" {
			parts = append(parts, k+"="+v)
		}
	}
	if kind == "insert" {
		add("resolution", p.resolution)
	}
	if kind == "insert" || kind == "update" {
		add("missing", p.missing)
	}
	if kind == "insert" || kind == "update" || kind == "delete" || kind == "upsert" {
		add("return", p.returns)
	}
	add("count", p.count)
	add("handling", p.handling)
	add("timezone", p.timezone)
	if p.maxAffected >= 0 && kind != "read" {
		add("max-affected", strconv.FormatInt(p.maxAffected, 10))
	}
	return strings.Join(parts, ", ")
}
