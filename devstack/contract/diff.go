package contract

import (
	"fmt"
	"slices"
	"strings"
)

// Change is one difference between two snapshots.
type Change struct {
	Object string // such as "view public.v_tenants"
	Detail string // such as "column slug: type text, was uuid"
}

// String gives the change as one line.
func (c Change) String() string { return c.Object + ": " + c.Detail }

// Diff says what changed from one snapshot to another, in the order of the
// objects. Versions are not compared.
func Diff(from, to *Schema) []Change {
	var out []Change
	eachPair(from.Views, to.Views, (*View).ID, func(id string, a, b *View) {
		d := differ{object: "view " + id, out: &out}
		if !d.presence(a == nil, b == nil) {
			return
		}
		d.value("", "kind", a.Kind, b.Kind)
		d.value("", "select", strings.Join(a.Select, ","), strings.Join(b.Select, ","))
		diffList(d, "column", a.Columns, b.Columns, func(c Column) string { return c.Name }, func(prefix string, a, b Column) {
			d.value(prefix, "type", a.Type, b.Type)
			if a.Nullable != b.Nullable {
				d.add(prefix + map[bool]string{true: "may be null now", false: "is never null now"}[b.Nullable])
			}
		})
	})
	eachPair(from.Functions, to.Functions, (*Function).ID, func(id string, a, b *Function) {
		d := differ{object: "function " + id, out: &out}
		if !d.presence(a == nil, b == nil) {
			return
		}
		d.value("", "volatility", a.Volatility, b.Volatility)
		d.value("", "execute", strings.Join(a.Execute, ","), strings.Join(b.Execute, ","))
		diffList(d, "argument", a.Args, b.Args, func(a Arg) string { return a.Name }, func(prefix string, a, b Arg) {
			d.value(prefix, "type", a.Type, b.Type)
			if a.Required != b.Required {
				d.add(prefix + map[bool]string{true: "is required now", false: "is optional now"}[b.Required])
			}
			d.value(prefix, "default", deref(a.Default), deref(b.Default))
		})
		d.value("", "returns", a.Returns.Kind+" "+a.Returns.Type, b.Returns.Kind+" "+b.Returns.Type)
		diffList(d, "result column", a.Returns.Columns, b.Returns.Columns, func(c ResultColumn) string { return c.Name },
			func(prefix string, a, b ResultColumn) { d.value(prefix, "type", a.Type, b.Type) })
	})
	return out
}

type differ struct {
	object string
	out    *[]Change
}

func (d differ) add(detail string) { *d.out = append(*d.out, Change{d.object, detail}) }

// presence notes an object that only one side has, and reports whether both do.
func (d differ) presence(noFrom, noTo bool) bool {
	switch {
	case noFrom:
		d.add("added")
	case noTo:
		d.add("removed")
	}
	return !noFrom && !noTo
}

func (d differ) value(prefix, what, from, to string) {
	if from != to {
		d.add(fmt.Sprintf("%s%s %s, was %s", prefix, what, orNone(to), orNone(from)))
	}
}

func orNone(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "none"
	}
	return s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// eachPair calls fn for every id of either list, in order, with nil for the
// side that lacks it.
func eachPair[T any](from, to []T, id func(*T) string, fn func(id string, a, b *T)) {
	index := func(list []T) map[string]*T {
		m := make(map[string]*T, len(list))
		for i := range list {
			m[id(&list[i])] = &list[i]
		}
		return m
	}
	a, b := index(from), index(to)
	var ids []string
	for k := range a {
		ids = append(ids, k)
	}
	for k := range b {
		if a[k] == nil {
			ids = append(ids, k)
		}
	}
	slices.Sort(ids)
	for _, k := range ids {
		fn(k, a[k], b[k])
	}
}

// diffList compares named parts of an object, and their order.
func diffList[T any](d differ, what string, from, to []T, name func(T) string, fn func(prefix string, a, b T)) {
	names := func(list []T) []string {
		out := make([]string, len(list))
		for i, v := range list {
			out[i] = name(v)
		}
		return out
	}
	a, b := names(from), names(to)
	for _, n := range a {
		if !slices.Contains(b, n) {
			d.add(what + " " + n + ": removed")
		}
	}
	for i, n := range b {
		j := slices.Index(a, n)
		if j < 0 {
			d.add(what + " " + n + ": added")
			continue
		}
		fn(what+" "+n+": ", from[j], to[i])
	}
	onlyA := slices.DeleteFunc(slices.Clone(a), func(n string) bool { return !slices.Contains(b, n) })
	onlyB := slices.DeleteFunc(slices.Clone(b), func(n string) bool { return !slices.Contains(a, n) })
	if !slices.Equal(onlyA, onlyB) {
		d.add(what + " order: " + strings.Join(b, ", "))
	}
}
