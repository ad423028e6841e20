package session

import "github.com/workorder-systems/sdk-go/internal/keylock"

// users keeps the sessions of one user in this program from changing the
// user's stored tenant between each other's setting and refresh.
var users = keylock.Set{Nested: errNested}

// LockedUsers counts the users whose lock somebody has or waits for.
func LockedUsers() int { return users.Len() }
