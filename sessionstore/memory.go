package sessionstore

import (
	"context"
	"fmt"
	"io"
	"sync"

	workorder "github.com/workorder-systems/sdk-go"
)

// Memory keeps a refresh token in memory, for the sessions of one program.
type Memory struct{ state *memoryState }

type memoryState struct {
	locked chan struct{}
	mu     sync.Mutex
	token  string
}

var errZeroMemory = fmt.Errorf("sessionstore: %w: a Memory is made by NewMemory", workorder.ErrInvalidInput)

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{&memoryState{locked: make(chan struct{}, 1)}}
}

// Load implements workorder.SessionStore.
func (m *Memory) Load(context.Context) (string, error) {
	if m.state == nil {
		return "", errZeroMemory
	}
	m.state.mu.Lock()
	defer m.state.mu.Unlock()
	return m.state.token, nil
}

// Save implements workorder.SessionStore.
func (m *Memory) Save(_ context.Context, refreshToken string) error {
	if m.state == nil {
		return errZeroMemory
	}
	m.state.mu.Lock()
	defer m.state.mu.Unlock()
	m.state.token = refreshToken
	return nil
}

// Lock implements workorder.SessionLocker.
func (m *Memory) Lock(ctx context.Context) (unlock func(), err error) {
	if m.state == nil {
		return nil, errZeroMemory
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case m.state.locked <- struct{}{}:
		return sync.OnceFunc(func() { <-m.state.locked }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Format hides the token from every verb of package fmt.
func (m Memory) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "sessionstore.Memory") }
