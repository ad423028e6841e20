package sessionstore

import (
	"testing"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/sessionstore/internal/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) func() workorder.SessionLocker {
		m := NewMemory()
		return func() workorder.SessionLocker { return m }
	})
}
