package api

import (
	"context"
	"sync"
	"time"
)

// stallTimer ends an attempt whose body is streamed when the network stands
// still. Nobody knows how long such a body takes in all, so the timer starts
// anew with every part of it, and pauses while the caller's reader is waited
// for. A nil one never ends anything.
type stallTimer struct {
	limit time.Duration

	mu    sync.Mutex
	timer *time.Timer
	ended bool
}

// newStallTimer starts a timer that cancels after limit, nil without a limit.
func newStallTimer(limit time.Duration, cancel context.CancelCauseFunc) *stallTimer {
	if limit <= 0 {
		return nil
	}
	s := &stallTimer{limit: limit}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(limit, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.ended {
			cancel(errAttemptTimeout{missing: "progress", limit: limit})
		}
	})
	return s
}

// pause stops the timer until resume.
func (s *stallTimer) pause() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer.Stop()
}

// resume starts the timer anew, unless it has ended.
func (s *stallTimer) resume() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.timer.Reset(s.limit)
	}
}

// end stops the timer for good.
func (s *stallTimer) end() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.timer.Stop()
}
