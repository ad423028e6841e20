package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/ingest"
	"github.com/workorder-systems/sdk-go/pm"
)

// some makes readings of so many meters in turn, one second after the other.
func some(n, meters int) []ingest.Reading {
	out := make([]ingest.Reading, n)
	for i := range out {
		out[i] = ingest.Reading{
			MeterID: meterID(i % meters), Value: dec(fmt.Sprintf("%d.5", i)), Date: time.Now().Add(time.Duration(i) * time.Second), Notes: "n",
		}
	}
	return out
}

func meters(n int) []string {
	var out []string
	for i := range n {
		out = append(out, meterID(i))
	}
	return out
}

// collect runs the readings and gives the results in their order.
func collect(t testing.TB, in ingest.Ingester, readings []ingest.Reading) ([]ingest.Result, ingest.Summary, error) {
	t.Helper()
	results := make([]ingest.Result, len(readings))
	seen := map[int]bool{}
	sum, err := in.Run(t.Context(), slices.Values(readings), func(r ingest.Result) {
		require.False(t, seen[r.Index], "two results of one reading")
		seen[r.Index] = true
		require.Equal(t, r.Status != ingest.Recorded, r.Err != nil, "%v", r)
		require.Equal(t, r.Status == ingest.Recorded, r.ReadingID != "")
		results[r.Index] = r
	})
	require.Equal(t, len(seen), sum.Taken)
	require.Equal(t, len(seen), sum.Answered())
	return results[:len(seen)], sum, err
}

func TestRecordsEachReadingInTheOrderOfItsMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meters(3)...)
		var now, most atomic.Int64
		s.ingest = func(_ *http.Request, do func() *http.Response) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Second)
			return do(), nil
		}
		readings := some(90, 3)
		in := s.ingester(t)
		var last ingest.Summary
		in.Progress = func(sum ingest.Summary) {
			require.GreaterOrEqual(t, sum.Taken, last.Taken)
			require.GreaterOrEqual(t, sum.Answered(), last.Answered())
			last = sum
		}
		began := time.Now()
		results, sum, err := collect(t, in, readings)
		require.NoError(t, err)
		require.Equal(t, ingest.Summary{Taken: 90, Recorded: 90}, sum)
		require.Equal(t, sum, last)
		require.EqualValues(t, 3, most.Load(), "one call for each meter at a time")
		require.Equal(t, 30*time.Second, time.Since(began))
		byID := map[string]row{}
		at := map[string]int{}
		for i, r := range s.rows {
			byID[r.ID] = r
			at[r.ID] = i
		}
		last3 := map[string]int{}
		for i, r := range results {
			require.Equal(t, readings[i].Value.String(), byID[r.ReadingID].Value)
			if i >= 3 {
				require.Greater(t, at[r.ReadingID], last3[r.Reading.MeterID])
			}
			last3[r.Reading.MeterID] = at[r.ReadingID]
		}
	})
}

func TestBadReadingsAreRefusedAndStopNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meters(2)...)
		now := time.Now()
		good := ingest.Reading{MeterID: meterID(0), Value: dec("1"), Date: now}
		bad := func(change func(*ingest.Reading)) ingest.Reading {
			r := good
			change(&r)
			return r
		}
		cases := []struct {
			reading ingest.Reading
			field   string
		}{
			{bad(func(r *ingest.Reading) { r.MeterID = "" }), "MeterID"},
			{bad(func(r *ingest.Reading) { r.MeterID = "pump 7" }), "MeterID"},
			{bad(func(r *ingest.Reading) { r.MeterID = "{" + r.MeterID + "}" }), "MeterID"},
			{bad(func(r *ingest.Reading) { r.Value = dec("-0.1") }), "Value"},
			{bad(func(r *ingest.Reading) { r.Value = dec("1e309") }), "Value"},
			{bad(func(r *ingest.Reading) { r.Value = decimal.New(1, -20000) }), "Value"},
			{bad(func(r *ingest.Reading) { r.Date = time.Time{} }), "Date"},
			{bad(func(r *ingest.Reading) { r.Date = now.AddDate(0, 0, -92) }), "Date"},
			{bad(func(r *ingest.Reading) { r.Date = now.AddDate(0, 0, 9) }), "Date"},
			{bad(func(r *ingest.Reading) { r.Notes = "a\x00b" }), "Notes"},
			{bad(func(r *ingest.Reading) { r.Notes = "a\xff" }), "Notes"},
		}
		var readings []ingest.Reading
		for i, tc := range cases {
			readings = append(readings, tc.reading, bad(func(r *ingest.Reading) { r.Date = now.Add(time.Duration(i) * time.Second) }))
		}
		readings = append(readings, bad(func(r *ingest.Reading) { r.MeterID = meterID(7) }))
		results, sum, err := collect(t, s.ingester(t), readings)
		require.NoError(t, err)
		require.Equal(t, ingest.Summary{Taken: 23, Recorded: 11, Rejected: 12}, sum)
		for i, tc := range cases {
			require.Equal(t, ingest.Rejected, results[2*i].Status)
			require.ErrorIs(t, results[2*i].Err, workorder.ErrInvalidInput)
			require.ErrorContains(t, results[2*i].Err, tc.field)
		}
		require.ErrorIs(t, results[22].Err, workorder.ErrNotFound)
		require.Equal(t, 12, s.calls)
	})
}

func TestTheSameReadingIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meterID(0))
		now := time.Now()
		id := meterID(0)
		results, sum, err := collect(t, s.ingester(t), []ingest.Reading{
			{MeterID: id, Value: dec("1.50"), Date: now},
			{MeterID: strings.ToUpper(id), Value: dec("1.5"), Date: now.In(time.FixedZone("x", 3600)), Notes: "again"},
			{MeterID: id, Value: dec("1.5"), Date: now.Add(400)}, // in the same microsecond
			{MeterID: id, Value: dec("1.5"), Date: now.Add(time.Microsecond)},
			{MeterID: id, Value: dec("1.6"), Date: now},
			{MeterID: meterID(1), Value: dec("1"), Date: now},
			{MeterID: meterID(1), Value: dec("1"), Date: now},
		})
		require.NoError(t, err)
		require.Equal(t, ingest.Summary{Taken: 7, Recorded: 5, Rejected: 2, Earlier: 3}, sum)
		require.Len(t, s.rows, 3)
		require.Equal(t, results[0].ReadingID, results[2].ReadingID)
		require.True(t, results[1].Earlier)
		require.ErrorIs(t, results[6].Err, workorder.ErrNotFound, "the same refusal")
		require.Equal(t, results[5].Err.Error(), results[6].Err.Error())
	})
}

func TestTheInputIsNotReadFurtherThanTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meters(9)...)
		taken := 0
		answered := 0
		in := s.ingester(t)
		in.Window = 5
		input := func(yield func(ingest.Reading) bool) {
			for _, r := range some(200, 9) {
				taken++
				if !yield(r) {
					return
				}
				synctest.Wait()
			}
		}
		_, err := in.Run(t.Context(), input, func(ingest.Result) {
			time.Sleep(time.Second) // whoever reads the results is slow
			synctest.Wait()
			require.LessOrEqual(t, taken, answered+5)
			answered++
		})
		require.NoError(t, err)
		require.Equal(t, 200, answered)
	})
}

// The platform's limits are so many calls in a calendar minute.
func TestSlowsDownAtALimitAndGoesOn(t *testing.T) {
	for name, refuse := range map[string]func() *http.Response{
		"54000":          func() *http.Response { return reply(500, `{"code":"54000","message":"too many"}`) },
		"Retry-After":    func() *http.Response { return limited(fmt.Sprint(60 - time.Now().Second())) },
		"without a hint": func() *http.Response { return limited("") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(meters(20)...)
				used := map[time.Time]int{}
				refused := 0
				s.ingest = func(_ *http.Request, do func() *http.Response) (*http.Response, error) {
					s.mu.Lock()
					minute := time.Now().Truncate(time.Minute)
					used[minute]++
					over := used[minute] > 50
					if over {
						refused++
					}
					s.mu.Unlock()
					if over {
						return refuse(), nil
					}
					time.Sleep(10 * time.Millisecond)
					return do(), nil
				}
				began := time.Now()
				_, sum, err := collect(t, s.ingester(t), some(300, 20))
				require.NoError(t, err)
				require.Equal(t, 300, sum.Recorded)
				require.Len(t, s.rows, 300)
				require.Less(t, time.Since(began), 12*time.Minute)
				t.Logf("%d refused in %v", refused, time.Since(began))
				require.LessOrEqual(t, refused, 100)
			})
		})
	}
}

func TestTheServerIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meters(8)...)
		var until time.Time
		s.ingest = func(_ *http.Request, do func() *http.Response) (*http.Response, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if until.IsZero() {
				until = time.Now().Add(400 * time.Second)
				s.mu.Unlock()
				time.Sleep(time.Millisecond) // the others are on their way
				s.mu.Lock()
				return limited("400"), nil
			}
			if time.Now().Before(until) && !time.Now().Before(until.Add(-399*time.Second)) {
				t.Errorf("a call %v too early", time.Until(until))
			}
			s.mu.Unlock()
			defer s.mu.Lock()
			return do(), nil
		}
		_, sum, err := collect(t, s.ingester(t), some(80, 8))
		require.NoError(t, err)
		require.Equal(t, 80, sum.Recorded)
	})
}

func TestEndsWithWhatNoReadingCanChange(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func() (*http.Response, error)
		kind   error
		status ingest.Status
		in     func(*ingest.Ingester)
	}{
		"key refused": {answer: func() (*http.Response, error) {
			return reply(401, `{"error":"unknown key","code":"INVALID_API_KEY"}`), nil
		}, kind: workorder.ErrUnauthenticated},
		"no such function": {answer: func() (*http.Response, error) {
			return reply(404, `{"code":"NOT_FOUND","message":"Requested function was not found"}`), nil
		}, kind: workorder.ErrSchemaMismatch},
		"no such address":    {answer: func() (*http.Response, error) { return reply(404, `404 page not found`), nil }, kind: workorder.ErrSchemaMismatch},
		"refused by gateway": {answer: func() (*http.Response, error) { return reply(403, `<title>no</title>`), nil }, kind: workorder.ErrPermissionDenied},
		"over the quota":     {answer: func() (*http.Response, error) { return reply(402, `{}`), nil }, kind: workorder.ErrUnavailable},
		"not reachable":      {answer: func() (*http.Response, error) { return nil, errDial }, kind: workorder.ErrUnavailable},
		"wait a week":        {answer: func() (*http.Response, error) { return limited("604800"), nil }, kind: workorder.ErrRateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(meters(4)...)
				s.ingest = func(*http.Request, func() *http.Response) (*http.Response, error) { return tc.answer() }
				results, sum, err := collect(t, s.ingester(t), some(1000, 4))
				require.ErrorIs(t, err, tc.kind)
				require.Less(t, sum.Taken, 1000)
				require.Equal(t, sum.Taken, sum.Pending)
				require.NotContains(t, fmt.Sprintf("%+v", err), apiKey.Reveal())
				for _, r := range results {
					require.ErrorIs(t, r.Err, tc.kind)
				}
			})
		})
	}
}

func TestEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meters(4)...)
		s.ingest = func(_ *http.Request, do func() *http.Response) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return do(), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		in := s.ingester(t)
		sum, err := in.Run(ctx, slices.Values(some(100, 4)), nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, ingest.Summary{Taken: 100, Recorded: 16, Pending: 84}, sum, "what was on its way is recorded")
		require.Len(t, s.rows, 16)

		cause := errors.New("shutting down")
		ctx, stop := context.WithCancelCause(t.Context())
		stop(cause)
		var answers []error
		_, err = in.Run(ctx, slices.Values(some(2, 2)), func(r ingest.Result) { answers = append(answers, r.Err) })
		for _, err := range append(answers, err) {
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, err, cause)
		}
	})
}

func TestAPanicOfTheInputOrTheCallerComesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meters(4)...)
		in := s.ingester(t)
		require.PanicsWithValue(t, "input", func() {
			_, _ = in.Run(t.Context(), func(yield func(ingest.Reading) bool) {
				yield(some(1, 1)[0])
				panic("input")
			}, nil)
		})
		require.PanicsWithValue(t, "each", func() {
			_, _ = in.Run(t.Context(), slices.Values(some(100, 4)), func(ingest.Result) { panic("each") })
		})
	})
}

// An input that ends its goroutine, as t.FailNow does, ends that of Run. What it
// gave before is answered first, or pending.
func TestAnInputThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meters(4)...)
		in := s.ingester(t)
		returned, answered := false, 0
		var caller sync.WaitGroup
		caller.Go(func() {
			_, _ = in.Run(t.Context(), func(yield func(ingest.Reading) bool) {
				for _, r := range some(20, 4) {
					yield(r)
				}
				runtime.Goexit()
			}, func(ingest.Result) { answered++ })
			returned = true
		})
		caller.Wait()
		require.False(t, returned)
		require.Equal(t, 20, answered)
	})
}

func TestWhatAnIngesterNeeds(t *testing.T) {
	s := newServer()
	for field, change := range map[string]func(*ingest.Ingester){
		"Meters":       func(in *ingest.Ingester) { in.Meters = nil },
		"Key":          func(in *ingest.Ingester) { in.Key = " " },
		"Key contains": func(in *ingest.Ingester) { in.Key = "two\nlines" },
		"Concurrency":  func(in *ingest.Ingester) { in.Concurrency = -1 },
		"Window":       func(in *ingest.Ingester) { in.Window = -1 },
		"SettleAfter":  func(in *ingest.Ingester) { in.SettleAfter = -1 },
		"GiveUpAfter":  func(in *ingest.Ingester) { in.GiveUpAfter = -1 },
	} {
		in := s.ingester(t)
		change(&in)
		_, err := in.Run(t.Context(), slices.Values(some(1, 1)), nil)
		require.ErrorIs(t, err, workorder.ErrInvalidInput)
		require.ErrorContains(t, err, field)
	}
	_, err := s.ingester(t).Run(t.Context(), nil, nil)
	require.ErrorContains(t, err, "input")
	_, err = ingest.Ingester{Meters: &pm.MeterService{}, Key: apiKey}.Run(t.Context(), slices.Values(some(9, 1)), nil)
	require.Error(t, err, "a service of no client")
	require.Zero(t, s.calls)
}

func TestALostAnswerIsLookedUp(t *testing.T) {
	for name, tc := range map[string]struct {
		lose     func(s *server) fault // of the first call
		read     fault
		readings bool
		status   ingest.Status
		rows     int
		took     time.Duration // at least
	}{
		"not known":            {lose: applied, status: ingest.Unknown, rows: 1},
		"nor this":             {lose: dropped, status: ingest.Unknown, rows: 0},
		"there":                {lose: applied, readings: true, status: ingest.Recorded, rows: 1},
		"not there":            {lose: dropped, readings: true, status: ingest.Recorded, rows: 1, took: 30 * time.Second},
		"there after a while":  {lose: late, readings: true, status: ingest.Recorded, rows: 1, took: 20 * time.Second},
		"not to be looked up":  {lose: applied, read: denied, readings: true, status: ingest.Unknown, rows: 1},
		"answer without an id": {lose: mute, readings: true, status: ingest.Recorded, rows: 1},
		"or known":             {lose: mute, status: ingest.Unknown, rows: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(meterID(0))
				first := tc.lose(s)
				s.ingest = func(req *http.Request, do func() *http.Response) (*http.Response, error) {
					if s.calls == 1 {
						return first(req, do)
					}
					return do(), nil
				}
				s.read = tc.read
				in := s.ingester(t)
				if tc.readings {
					in.Readings = &s.client(t).Meters
				}
				began := time.Now()
				results, _, err := collect(t, in, some(1, 1))
				require.NoError(t, err)
				require.Equal(t, tc.status, results[0].Status)
				require.GreaterOrEqual(t, time.Since(began), tc.took)
				s.open.Wait()
				require.Len(t, s.rows, tc.rows)
				if tc.status == ingest.Recorded {
					require.Equal(t, s.rows[0].ID, results[0].ReadingID)
				}
			})
		})
	}
}

func applied(*server) fault {
	return func(_ *http.Request, do func() *http.Response) (*http.Response, error) { do(); return nil, errReset }
}

func dropped(*server) fault {
	return func(*http.Request, func() *http.Response) (*http.Response, error) { return nil, errReset }
}

func mute(*server) fault {
	return func(_ *http.Request, do func() *http.Response) (*http.Response, error) {
		do()
		return reply(201, `{}`), nil
	}
}

func late(s *server) fault {
	return func(_ *http.Request, do func() *http.Response) (*http.Response, error) {
		s.open.Go(func() { time.Sleep(20 * time.Second); _ = do() }) //nolint:bodyclose // nobody reads it
		return nil, errReset
	}
}

func denied(*http.Request, func() *http.Response) (*http.Response, error) {
	return reply(403, `{"code":"42501","message":"no"}`), nil
}

// A member of another tenant sees neither the reading nor the meter. That must not
// pass for a reading that is not there.
func TestReadingsOfAnotherTenantSettleNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, other := newServer(meterID(0)), newServer(meterID(1))
		s.ingest = applied(s)
		in := s.ingester(t)
		in.Readings = &other.client(t).Meters
		results, _, err := collect(t, in, some(1, 1))
		require.NoError(t, err)
		require.Equal(t, ingest.Unknown, results[0].Status)
		require.ErrorIs(t, results[0].Err, workorder.ErrNotFound)
		require.Len(t, s.rows, 1)
	})
}

// The platform's function makes floats of values.
func TestAValueIsFoundAsTheFloatItBecame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meterID(0))
		s.ingest = func(_ *http.Request, do func() *http.Response) (*http.Response, error) {
			do()
			s.rows[0].Value = "12345678901234567000"
			return nil, errReset
		}
		in := s.ingester(t)
		in.Readings = &s.client(t).Meters
		results, _, err := collect(t, in, []ingest.Reading{{MeterID: meterID(0), Value: dec("12345678901234567123.4"), Date: time.Now()}})
		require.NoError(t, err)
		require.Equal(t, ingest.Recorded, results[0].Status)
		require.Equal(t, 1, s.calls)
	})
}

// A reading over which the server always fails does not keep the run from its end.
func TestAReadingThatAlwaysFailsIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(meters(2)...)
		poison := some(1, 1)[0]
		s.ingest = func(req *http.Request, do func() *http.Response) (*http.Response, error) {
			time.Sleep(time.Second)
			body, err := req.GetBody()
			require.NoError(t, err)
			text := make([]byte, 100)
			n, _ := body.Read(text)
			if strings.Contains(string(text[:n]), poison.MeterID) {
				return reply(500, `{"error":"oops","code":"INTERNAL_ERROR"}`), nil
			}
			return do(), nil
		}
		in := s.ingester(t)
		in.Readings = &s.client(t).Meters
		readings := []ingest.Reading{poison}
		for _, r := range some(400, 1) {
			r.MeterID = meterID(1)
			readings = append(readings, r)
		}
		readings = append(readings, some(3, 1)[1:]...) // those behind it wait
		results, sum, err := collect(t, in, readings)
		require.NoError(t, err)
		require.Equal(t, ingest.Summary{Taken: 403, Recorded: 400, Pending: 3}, sum)
		for _, i := range []int{0, 401, 402} {
			require.Equal(t, ingest.Pending, results[i].Status)
			require.ErrorContains(t, results[i].Err, "oops")
		}
	})
}

// crashing is a journal that fails after so many entries, for good: the run that
// has it ends as if the process had been killed, with calls on their way.
type crashing struct {
	ingest.Journal
	left atomic.Int64
}

var (
	errCrash = errors.New("crash")
	errDial  = &net.OpError{Op: "dial", Err: errReset}
)

func (c *crashing) Put(ctx context.Context, e ingest.Entry) error {
	switch left := c.left.Add(-1); {
	case left > 0:
		return c.Journal.Put(ctx, e)
	case left == 0: // written, and the process did not learn it
		_ = c.Journal.Put(ctx, e)
	}
	return errCrash
}

// Whatever the network, the server and the process do: with somebody to look
// readings up each is there once, in the order of its meter. Without, none is
// there twice, and those that are not are known.
func TestNothingIsLostAndNothingTwice(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for n := range uint64(24) {
		synctest.Test(t, func(t *testing.T) { lossless(t, rand.New(rand.NewPCG(seed, n)), n%3 != 0) })
	}
}

func lossless(t *testing.T, rnd *rand.Rand, lookup bool) {
	s := newServer(meters(5)...)
	s.ingest = s.chance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
	s.read = s.chance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
	path := filepath.Join(t.TempDir(), "journal")
	readings := some(60, 6) // one meter is unknown
	readings = append(readings, readings[3], readings[10])
	readings[7].Value = dec("-1")

	var results []ingest.Result
	recorded := map[int]string{} // what was once said of a reading
	for round := 0; ; round++ {
		require.Less(t, round, 200)
		policy := ingest.SyncNever
		if rnd.IntN(10) == 0 {
			policy = ingest.SyncAlways
		}
		file, err := ingest.OpenJournal(path, policy)
		require.NoError(t, err)
		in := s.ingester(t)
		in.Concurrency = 1 + rnd.IntN(6)
		in.Window = 1 + rnd.IntN(30)
		if lookup {
			in.Readings = &s.client(t).Meters
		}
		journal := &crashing{Journal: file}
		journal.left.Store(int64(rnd.IntN(40)))
		if round > 6 {
			journal.left.Store(1 << 30)
		}
		in.Journal = journal
		var sum ingest.Summary
		results, sum, err = collect(t, in, readings)
		for _, r := range results {
			if r.Status == ingest.Recorded {
				if id, ok := recorded[r.Index]; ok {
					require.Equal(t, id, r.ReadingID)
				}
				recorded[r.Index] = r.ReadingID
			}
		}
		require.NoError(t, file.Close())
		if rnd.IntN(2) == 0 { // what a crash leaves of a line
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.Write(data[len(data)-min(len(data), 1+rnd.IntN(80)) : len(data)-1])
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}
		if err == nil && sum.Pending == 0 {
			break
		}
		if err != nil && !errors.Is(err, errCrash) {
			require.True(t, errors.Is(err, workorder.ErrUnavailable) || errors.Is(err, workorder.ErrRateLimited), "%v", err)
		}
	}
	s.open.Wait()
	there := map[string][]string{} // the values of each meter, in the order of their coming
	at := map[string]int{}
	for _, r := range s.rows {
		key := r.Meter + " " + r.Value
		at[key]++
		require.Equal(t, 1, at[key], "%s is there twice", key)
		there[r.Meter] = append(there[r.Meter], r.Value)
	}
	want := map[string][]string{}
	for i, r := range readings {
		key := r.MeterID + " " + r.Value.String()
		switch results[i].Status {
		case ingest.Recorded:
			require.Equal(t, 1, at[key], "%s is lost", key)
		case ingest.Rejected:
			require.True(t, i == 7 || r.MeterID == meterID(5), "%d: %v", i, results[i].Err)
		case ingest.Unknown:
			require.False(t, lookup && r.MeterID != meterID(5), "%v", results[i].Err)
		case ingest.Pending:
			t.Fatal("pending")
		}
		if i < 60 && i != 7 && r.MeterID != meterID(5) {
			want[r.MeterID] = append(want[r.MeterID], r.Value.String())
		}
	}
	if lookup {
		require.Empty(t, cmp.Diff(want, there))
	}
}
