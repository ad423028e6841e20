// Package sessionstore has stores for the refresh token of a session.
//
// [NewFile] keeps it in a file, for the programs of one machine; [NewMemory] in
// memory, for the sessions of one program and for tests. Replicas on many
// machines share a session through an engine: module sessionstore/postgres keeps
// it in a table, module sessionstore/redis in Redis or Valkey. All of them are a
// [workorder.SessionLocker]: any number of programs and sessions may use one
// store at the same time, and each refresh token is used once.
//
// Whoever can read a store is the user. Keep it where only the program can read
// it.
package sessionstore

import (
	"errors"
	"fmt"

	workorder "github.com/workorder-systems/sdk-go"
)

// ErrDamaged is the error of a store that holds something else than a refresh
// token: it was cut off, changed or is another program's. The store leaves it as
// it is; Save with an empty token, or a new sign-in, replaces it.
var ErrDamaged = errors.New("session store is damaged")

// ErrLockLost is the error of a Save whose lock another program has taken
// meanwhile, or may have. Nothing was saved. It is a [workorder.ErrUnavailable].
var ErrLockLost = fmt.Errorf("the lock of the session store was lost: %w", workorder.ErrUnavailable)
