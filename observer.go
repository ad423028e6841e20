package workorder

import "github.com/workorder-systems/sdk-go/internal/api"

// Observer is told about calls, their attempts and the refreshes of sessions,
// for traces and metrics. Module otelworkorder makes one for OpenTelemetry. A
// field that is nil is not called.
//
// Its functions are called in the goroutine that does the work, and from many at
// once. They must not change an error that they are told. The context that Call
// and Attempt return is what the call or the attempt goes on with; it must be ctx
// or derived from it. The function that they return may be nil, else it is called
// exactly once, also when what was begun ends by a panic.
//
// A call is one request to the platform with all its attempts: a list of three
// pages is three calls. What the SDK refuses before anything is sent is none, and
// what it makes of a complete answer, such as [ErrDecode], comes after its end.
//
// A panic of an observer's function goes on in the call, as one of a middleware
// does, which says nothing of whether the server did what it was asked to. In the
// refresh of a session it makes the refresh fail.
//
//	type Observer struct {
//		// Call is told that a call begins, around all middleware.
//		Call func(ctx context.Context, start CallStart) (context.Context, func(CallDone))
//		// Attempt is told that one HTTP request of a call is about to be made, around
//		// the attempt middleware.
//		Attempt func(ctx context.Context, start AttemptStart) (context.Context, func(AttemptDone))
//		// Refresh is told that a session has fetched an access token, or has failed
//		// to. What it sent for that are calls of their own.
//		Refresh func(ctx context.Context, done RefreshDone)
//	}
type Observer = api.Observer

// CallStart describes a call that begins.
//
//	type CallStart struct {
//		CallInfo
//		Host string // of the project's URL, without the port
//		Port int    // of the project's URL, or the one that its scheme implies
//	}
type CallStart = api.CallStart

// CallDone says how a call ended.
//
//	type CallDone struct {
//		Duration time.Duration // with all attempts and the waits between them
//		Attempts int           // 0: nothing was sent
//		Status   int           // HTTP status of the last attempt; 0: no answer came
//		Rows     int64         // that the answer of a read brought; -1: it does not say
//		Err      error         // what the caller gets; nil: the call succeeded
//	}
type CallDone = api.CallDone

// AttemptStart describes an attempt that begins.
//
//	type AttemptStart struct {
//		CallStart
//		Attempt int // its number, from 1
//	}
type AttemptStart = api.AttemptStart

// AttemptDone says how an attempt ended.
//
//	type AttemptDone struct {
//		Duration time.Duration
//		Status   int   // HTTP status; 0: no answer came
//		Err      error // nil: the attempt succeeded
//	}
type AttemptDone = api.AttemptDone

// RefreshDone says how a session's refresh ended.
//
//	type RefreshDone struct {
//		Duration time.Duration // with the storing of tenant and refresh token
//		Err      error         // nil: there is a new access token
//	}
type RefreshDone = api.RefreshDone
