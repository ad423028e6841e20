package ingest

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/types"
)

// Ingester records readings with a tenant's API key.
type Ingester struct {
	Meters *pm.MeterService // required: client.Meters of any client, also one without a session
	Key    types.Secret     // required: of TenantAPIKeys.Create, whose tenant the meters are of
	// Journal remembers the readings over restarts. nil: they are remembered for
	// the run, in memory.
	Journal Journal
	// Readings is client.Meters of a client that acts for a member of the tenant,
	// who may have any role. With it readings whose answer was lost are looked up.
	Readings *pm.MeterService

	Concurrency int // meters whose readings are on their way at a time; 0: 8
	// Window is how many readings are taken from the input before the first of
	// them has been answered and given to each; 0: 64 for each of Concurrency. An
	// input that is sorted by meter needs a large one.
	Window int
	// SettleAfter is how long the server may still be at a reading whose answer was
	// lost; 0: 30 seconds, more than the statements of the platform's function may
	// take. Only with Readings.
	SettleAfter time.Duration
	// GiveUpAfter is how long the server may fail, or want to be left alone, before
	// the run ends; 0: 15 minutes.
	GiveUpAfter time.Duration

	RetryRejected bool // send what an earlier run found Rejected, such as for a meter that was off
	RetryUnknown  bool // send what an earlier run left Unknown, perhaps a second time; without Readings

	// Progress is told the counts after each reading that was taken or answered,
	// from one goroutine at a time.
	Progress func(Summary)
}

// Run records the readings of the input and gives what became of each to each
// (which may be nil), as they come and from one goroutine at a time; Index says
// where in the input it was. It returns when all are answered.
//
// A reading that cannot be one, such as without a date or of a negative value, is
// Rejected with ErrInvalidInput and never sent. One that the server refuses (an
// unknown meter, another tenant's, one that is off, a value against the meter's
// direction) is Rejected with what Meters.Ingest fails with. Neither stops the
// others. When the server says that there were too many, all wait for as long as
// it asks, and go on more slowly; when it cannot be reached, one at a time tries
// until it is back.
//
// The run ends early when ctx is done, the key is refused (ErrUnauthenticated),
// the deployment has no such function (ErrSchemaMismatch), the server has failed
// for GiveUpAfter (ErrUnavailable, or ErrRateLimited), or the journal fails. What
// is on its way then has 10 seconds to be answered, and the other readings that
// were taken are Pending, with that error. Run the same input with the same
// journal again to go on.
//
// The input is read from a goroutine of its own, never further ahead than Window.
// Run waits for it, so one that waits for readings must end when ctx does.
func (in Ingester) Run(ctx context.Context, readings iter.Seq[Reading], each func(Result)) (Summary, error) {
	if err := in.check(readings); err != nil {
		return Summary{}, err
	}
	if each == nil {
		each = func(Result) {}
	}
	return newRun(ctx, in).do(readings, each)
}

func (in *Ingester) check(readings iter.Seq[Reading]) error {
	if in.Meters == nil {
		return sdkerr.Required(opRun, "Meters")
	}
	if err := api.RequireKey(opRun, "Key", strings.TrimSpace(in.Key.Reveal())); err != nil {
		return err
	}
	if readings == nil {
		return sdkerr.Required(opRun, "the input")
	}
	for _, n := range []struct {
		field string
		value int64
	}{
		{"Concurrency", int64(in.Concurrency)}, {"Window", int64(in.Window)},
		{"SettleAfter", int64(in.SettleAfter)}, {"GiveUpAfter", int64(in.GiveUpAfter)},
	} {
		if n.value < 0 {
			return sdkerr.Invalid(opRun, n.field, "is negative")
		}
	}
	if in.Concurrency == 0 {
		in.Concurrency = 8
	}
	if in.Window == 0 {
		in.Window = 64 * in.Concurrency
	}
	if in.SettleAfter == 0 {
		in.SettleAfter = 30 * time.Second
	}
	if in.GiveUpAfter == 0 {
		in.GiveUpAfter = 15 * time.Minute
	}
	if in.Journal == nil {
		in.Journal = &memory{}
	}
	return nil
}
