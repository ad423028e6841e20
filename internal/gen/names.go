package main

import (
	"strings"
	"unicode"
)

// initialisms are the words that Go writes in one case, and the few names that
// have a spelling of their own.
var initialisms = map[string]string{
	"abc":   "ABC",
	"api":   "API",
	"gps":   "GPS",
	"html":  "HTML",
	"http":  "HTTP",
	"id":    "ID",
	"ids":   "IDs",
	"json":  "JSON",
	"kpi":   "KPI",
	"mtbf":  "MTBF",
	"mttr":  "MTTR",
	"na":    "NA",
	"oauth": "OAuth",
	"pm":    "PM",
	"pms":   "PMs",
	"po":    "PO",
	"sla":   "SLA",
	"sku":   "SKU",
	"sql":   "SQL",
	"uom":   "UOM",
	"url":   "URL",
	"utc":   "UTC",
	"uuid":  "UUID",
	"wo":    "WO",
}

// exported turns a snake_case name into an exported Go name: asset_id is
// AssetID.
func exported(snake string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(snake, "_") {
		if word == "" {
			continue
		}
		if s, ok := initialisms[word]; ok {
			b.WriteString(s)
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]))
		b.WriteString(word[1:])
	}
	return b.String()
}

// unexported turns an exported Go name into an unexported one, and keeps a
// leading initialism in one case: SLAStatus is slaStatus, OAuthGrant is
// oauthGrant.
func unexported(name string) string {
	for _, s := range []string{"OAuth", "PMs", "IDs"} {
		if rest, ok := strings.CutPrefix(name, s); ok && startsWord(rest) {
			return strings.ToLower(s) + rest
		}
	}
	runes := []rune(name)
	for i := range runes {
		// The capital before a small letter begins the next word.
		if i > 0 && i+1 < len(runes) && unicode.IsUpper(runes[i]) && unicode.IsLower(runes[i+1]) {
			break
		}
		if !unicode.IsUpper(runes[i]) {
			break
		}
		runes[i] = unicode.ToLower(runes[i])
	}
	return string(runes)
}

func startsWord(s string) bool { return s == "" || !unicode.IsLower([]rune(s)[0]) }

// rpcBase is the Go name of a function's arguments without the ending: the
// function's name without rpc_, unexported.
func rpcBase(function string) string {
	return unexported(exported(strings.TrimPrefix(function, "rpc_")))
}

// argField is the Go name of an argument: its name without p_, exported.
func argField(arg string) string { return exported(strings.TrimPrefix(arg, "p_")) }
