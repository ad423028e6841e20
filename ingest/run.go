package ingest

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/pm"
)

// run is one run of an Ingester.
type run struct {
	Ingester
	from  context.Context // the caller's
	ctx   context.Context // done when the run is to end; its cause says why
	stop  context.CancelCauseFunc
	calls context.Context // of what is sent: it outlasts ctx by grace
	end   context.CancelFunc
	began time.Time

	gate     *gate
	window   chan struct{} // holds one for each reading without a result
	results  chan Result
	panicked any  // what the input panicked with
	exited   bool // the input ended its goroutine

	mu    sync.Mutex
	lanes map[string][]*item // what waits behind a meter's reading that is under way
	seen  map[string]bool    // meters that Readings sees
	held  map[string]error   // meters with a reading that is left for another run
	busy  sync.WaitGroup     // lanes

	counts Summary // of the goroutine of do
}

// item is a reading that is not answered yet.
type item struct {
	index   int
	reading Reading
	id      string
	meter   string // its id, as the lane has it

	losses int   // answers lost while the server answered others
	wells  int64 // what the server had answered by the last of them
}

// maxLosses is how many answers of one reading may be lost while the server
// answers others, until it is left for another run.
const maxLosses = 4

// grace is how long a call that is on its way may take after the run's end.
const grace = 10 * time.Second

func newRun(ctx context.Context, in Ingester) *run {
	r := &run{
		Ingester: in,
		began:    time.Now(),
		from:     ctx,
		gate:     newGate(in.Concurrency),
		window:   make(chan struct{}, in.Window),
		results:  make(chan Result),
		lanes:    map[string][]*item{},
		seen:     map[string]bool{},
		held:     map[string]error{},
	}
	r.ctx, r.stop = context.WithCancelCause(ctx)
	r.calls, r.end = context.WithCancel(context.WithoutCancel(ctx))
	return r
}

// do answers all readings.
func (r *run) do(readings iter.Seq[Reading], each func(Result)) (Summary, error) {
	inGrace := context.AfterFunc(r.ctx, func() {
		select {
		case <-time.After(grace):
		case <-r.calls.Done():
		}
		r.end()
	})
	taken := make(chan struct{}) // one for each reading
	go func() {
		defer close(r.results)
		defer r.busy.Wait()
		r.read(readings, taken)
	}()
	defer func() { // also when each panics
		r.stop(nil)
		for open := true; open; {
			select {
			case <-taken:
			case _, open = <-r.results:
			}
		}
		r.end()
		inGrace()
	}()
	for {
		select {
		case <-taken:
			r.counts.Taken++
		case res, open := <-r.results:
			if !open {
				return r.over()
			}
			r.counts.add(res)
			each(res)
			<-r.window
		}
		if r.Progress != nil {
			r.Progress(r.counts)
		}
	}
}

// over says how the run ended.
func (r *run) over() (Summary, error) {
	switch {
	case r.panicked != nil:
		panic(r.panicked)
	case r.exited:
		runtime.Goexit()
	}
	if r.ctx.Err() != nil {
		return r.counts, r.why()
	}
	return r.counts, nil
}

// read takes the readings from the input. What breaks the input off goes on in do.
func (r *run) read(readings iter.Seq[Reading], taken chan<- struct{}) {
	r.exited = true
	defer func() {
		if r.panicked = recover(); r.panicked != nil || r.exited {
			r.stop(nil)
		}
	}()
	r.take(readings, taken)
	r.exited = false
}

// take gives the readings of the input to their lanes.
func (r *run) take(readings iter.Seq[Reading], taken chan<- struct{}) {
	if !r.open() {
		return
	}
	index := 0
	for reading := range readings {
		taken <- struct{}{}
		if err := reading.check(time.Now()); err != nil {
			r.results <- Result{Index: index, Reading: reading, Status: Rejected, Err: err}
		} else {
			r.queue(&item{index: index, reading: reading, id: reading.ID(), meter: strings.ToLower(reading.MeterID)})
		}
		index++
		if !r.open() {
			return
		}
	}
}

// open waits until the window has room for another reading, and reports whether
// one may be taken.
func (r *run) open() bool {
	select {
	case r.window <- struct{}{}:
		return r.ctx.Err() == nil
	case <-r.ctx.Done():
		return false
	}
}

// queue puts a reading behind those of its meter.
func (r *run) queue(it *item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting, started := r.lanes[it.meter]
	r.lanes[it.meter] = append(waiting, it)
	if !started {
		r.busy.Go(func() { r.lane(it.meter) })
	}
}

// lane answers the readings of a meter, one after the other.
func (r *run) lane(meter string) {
	for {
		r.mu.Lock()
		waiting := r.lanes[meter]
		if len(waiting) == 0 {
			delete(r.lanes, meter)
			r.mu.Unlock()
			return
		}
		r.lanes[meter] = waiting[1:]
		r.mu.Unlock()
		res := r.answer(waiting[0])
		res.Index, res.Reading = waiting[0].index, waiting[0].reading
		r.results <- res
	}
}

// answer finds out or brings about what becomes of a reading.
func (r *run) answer(it *item) Result {
	if r.ctx.Err() != nil {
		return r.pending()
	}
	known, found, err := r.Journal.Get(r.ctx, it.id)
	earlier := found && known.At.Before(r.began) // not of this run, whose input has it twice
	switch {
	case err != nil:
		r.stop(err)
		return r.pending()
	case !found, known.Status == Pending, known.Status == Rejected && earlier && r.RetryRejected:
		return r.send(it)
	case known.Status == Recorded:
		return Result{Status: Recorded, ReadingID: known.ReadingID, Earlier: true}
	case known.Status == Rejected:
		return Result{Status: Rejected, Err: known.err(), Earlier: true}
	case r.Readings != nil:
		return r.settle(it, r.lost(known.At), errBefore)
	case earlier && r.RetryUnknown:
		return r.send(it)
	}
	return Result{Status: Unknown, Err: errBefore, Earlier: true}
}

var errBefore = sdkerr.New(opRun, nil, "it was sent before, and what became of it is not known")

// lost is when at the latest an earlier run, which noted the reading at the time
// at, sent it for the last time.
func (r *run) lost(at time.Time) time.Time {
	if late := at.Add(5 * time.Minute); late.Before(r.began) {
		return late
	}
	return r.began
}

// why is the reason for which the run ends early.
func (r *run) why() error {
	if cause := context.Cause(r.ctx); !errors.Is(cause, context.Cause(r.from)) {
		return cause
	}
	return sdkerr.ContextError(r.from)
}

// pending is the result of a reading that is not at the server when the run ends.
func (r *run) pending() Result { return Result{Status: Pending, Err: r.why()} }

// hold keeps the later readings of a meter from being sent in this run.
func (r *run) hold(meter string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[meter] = why
}

func (r *run) holds(meter string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[meter]
}

// put notes what became of a reading, also when the run is over. A journal that
// fails ends the run.
func (r *run) put(e Entry) bool {
	e.At = time.Now().UTC()
	err := r.Journal.Put(context.WithoutCancel(r.ctx), e)
	if err != nil {
		r.stop(err)
	}
	return err == nil
}

// send sends a reading until the server has answered.
func (r *run) send(it *item) Result {
	if why := r.holds(it.meter); why != nil {
		return Result{Status: Pending, Err: why}
	}
	for {
		began, err := r.gate.enter(r.ctx)
		if err != nil {
			return r.pending()
		}
		if !r.put(Entry{ID: it.id, Status: Unknown}) {
			r.gate.well(began)
			return r.pending()
		}
		id, err := r.Meters.Ingest(r.calls, pm.IngestParams{
			Key: r.Key, MeterID: it.reading.MeterID, Value: it.reading.Value, Date: it.reading.Date, Notes: it.reading.Notes,
		})
		v := judge(err)
		r.leave(began, v, err)
		switch v {
		case recorded:
			return r.recorded(it, id)
		case refused:
			r.put(Entry{ID: it.id, Status: Rejected}.refusal(err))
			return Result{Status: Rejected, Err: err}
		case fatal:
			r.stop(err)
			fallthrough
		case again:
			r.put(Entry{ID: it.id, Status: Pending})
		case lost:
			if r.Readings != nil {
				if wells := r.gate.wells.Load(); wells != it.wells {
					it.losses, it.wells = it.losses+1, wells
				}
				return r.settle(it, time.Now(), err)
			}
			return Result{Status: Unknown, Err: err}
		}
		if r.ctx.Err() != nil {
			return r.pending()
		}
	}
}

func (r *run) recorded(it *item, id string) Result {
	r.put(Entry{ID: it.id, Status: Recorded, ReadingID: id})
	return Result{Status: Recorded, ReadingID: id}
}

// leave tells the gate how a call went, and ends the run when the server has
// failed for too long.
func (r *run) leave(began time.Time, v verdict, err error) {
	after := retryAfter(err)
	limited := errors.Is(err, sdkerr.ErrRateLimited)
	switch {
	case limited && after > r.GiveUpAfter:
		r.gate.limited(began, after)
		r.stop(err)
	case limited:
		r.gate.limited(began, after)
	case v == again || v == lost:
		if r.gate.failed(began, after) >= r.GiveUpAfter {
			r.stop(err)
		}
	default:
		r.gate.well(began)
	}
}
