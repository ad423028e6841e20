package workorder

import (
	"maps"
	"slices"
	"time"
)

// clone copies a user with everything that it refers to.
func (u User) clone() User {
	u.UserMetadata = cloneObject(u.UserMetadata)
	u.AppMetadata = cloneObject(u.AppMetadata)
	u.Identities = slices.Clone(u.Identities)
	for i := range u.Identities {
		id := &u.Identities[i]
		id.Data, id.LastSignInAt = cloneObject(id.Data), cloneTime(id.LastSignInAt)
	}
	u.Factors = slices.Clone(u.Factors)
	for i := range u.Factors {
		f := &u.Factors[i]
		f.LastChallengedAt = cloneTime(f.LastChallengedAt)
	}
	for _, t := range []**time.Time{&u.ConfirmedAt, &u.EmailConfirmedAt, &u.PhoneConfirmedAt, &u.LastSignInAt, &u.BannedUntil} {
		*t = cloneTime(*t)
	}
	return u
}

func cloneTime(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	c := *t
	return &c
}

func cloneObject(m map[string]any) map[string]any {
	m = maps.Clone(m)
	for k, v := range m {
		m[k] = cloneJSON(v)
	}
	return m
}

// cloneJSON copies what a JSON text was decoded into.
func cloneJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return cloneObject(v)
	case []any:
		v = slices.Clone(v)
		for i := range v {
			v[i] = cloneJSON(v[i])
		}
		return v
	}
	return v
}
