package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// Domain is a kind of thing that has vectors.
type Domain string

// The domains.
const (
	WorkOrders Domain = "work_orders"
	Assets     Domain = "assets"
	Parts      Domain = "parts"
)

var allDomains = []Domain{WorkOrders, Assets, Parts}

// Embedder makes the vector of a text. EmbedPending calls it from several
// goroutines at once, with a context that ends when the run does.
type Embedder func(ctx context.Context, text string) (types.Vector, error)

// EmbedPendingParams says what EmbedPending embeds and what it stores beside the
// vectors.
type EmbedPendingParams struct {
	Domains     []Domain // one after the other; none: WorkOrders, Assets, Parts
	Concurrency int      // calls of the embedder at once; 0: 4
	PageSize    int      // how many vectors are stored with one call, up to 500; 0: 50

	ModelName        string
	ModelVersion     string // empty: "v1"
	EmbeddingProfile string // empty: of ModelName, such as text_embedding_3_small_1536

	// Progress, when given, hears how far the run is after each page, on the
	// caller's goroutine.
	Progress func(EmbedProgress)
}

// EmbedProgress is how far a run is with a domain.
type EmbedProgress struct {
	Domain   Domain
	Embedded int // stored so far
	Failed   int // given up so far
}

// EmbedReport is what a run did.
type EmbedReport struct {
	Embedded int            // vectors that were stored
	Gone     int            // things that were deleted meanwhile
	Failures []EmbedFailure // things that have no vector yet
}

// EmbedFailure is a thing for which the embedder had no vector.
type EmbedFailure struct {
	Domain Domain
	ID     string
	Err    error
}

// ErrQueueStuck says that so many things at the head of a queue could not be
// embedded that the server shows none of those behind.
var ErrQueueStuck = errors.New("the queue is stuck behind things that could not be embedded")

// maxQueue is how many rows of a queue the server gives at most.
const maxQueue = 500

// EmbedPending gives a vector to everything in the token's tenant that has none:
// completed work orders, assets, active parts. It takes a page of a queue, calls
// embed for each text, several at a time, and stores the page with one call.
//
// What the embedder has no vector for, because it returns an error or something that
// is no vector, or panics, stands in the report's Failures and does not keep the
// rest from being embedded; each thing is tried once in a run. The error then wraps
// those of the embedder. ErrQueueStuck ends a domain with 500 such things. Any other
// error ends the run, and so does ctx. What is stored stays, and the next run goes on
// from there. A page in which ctx ends is lost: it is neither stored nor in the report,
// and the next run embeds it again. When ctx ends, or the connection breaks, while the
// page is being stored, it may be stored without being counted. EmbedPending returns
// when the calls of embed that are under way have. Runs at the same time do no harm but
// do some work twice.
//
// Texts are joined as the platform's own function embed-index does it, see SourceText
// of PendingWorkOrder, PendingAsset and PendingPart; the first 8,000 characters are
// stored, and the SHA-256 of all of them.
//
// Needs membership of the token's tenant, no permission. Not in the TypeScript SDK.
func (s *SemanticSearchService) EmbedPending(ctx context.Context, embed Embedder, p EmbedPendingParams) (EmbedReport, error) {
	const op = "SemanticSearch.EmbedPending"
	var report EmbedReport
	if embed == nil {
		return report, sdkerr.Required(op, "the embedder")
	}
	if err := p.check(op); err != nil {
		return report, err
	}
	if err := s.rpc.Conn().NeedTenant(ctx, op); err != nil {
		return report, err
	}
	var failed []error
	for _, domain := range p.Domains {
		r := run{s: s, op: op, domain: domain, embed: embed, p: p, report: &report, tried: map[string]bool{}}
		if err := r.drain(ctx); errors.Is(err, ErrQueueStuck) {
			failed = append(failed, fmt.Errorf("%s: %w", domain, err))
		} else if err != nil {
			return report, sdkerr.Wrap(op, nil, err)
		}
	}
	if n := len(report.Failures); n > 0 {
		failed = append(failed, &embedError{op, report.Failures})
	}
	return report, errors.Join(failed...)
}

// embedError names the first failure and is all of them.
type embedError struct {
	op       string
	failures []EmbedFailure
}

func (e *embedError) Error() string {
	f := e.failures[0]
	return fmt.Sprintf("%s: %d could not be embedded, the first of them %s %s: %v", e.op, len(e.failures), f.Domain, f.ID, f.Err)
}

func (e *embedError) Unwrap() []error {
	errs := make([]error, len(e.failures))
	for i, f := range e.failures {
		errs[i] = f.Err
	}
	return errs
}

func (p *EmbedPendingParams) check(op string) error {
	if len(p.Domains) == 0 {
		p.Domains = allDomains
	}
	for _, d := range p.Domains {
		if !slices.Contains(allDomains, d) {
			return sdkerr.Invalid(op, "Domains", "is none of work_orders, assets, parts")
		}
	}
	if p.Concurrency < 0 || p.Concurrency > maxQueue {
		return sdkerr.Invalid(op, "Concurrency", "must be between 0 and 500")
	}
	if p.PageSize < 0 || p.PageSize > maxQueue {
		return sdkerr.Invalid(op, "PageSize", "must be between 0 and 500")
	}
	if p.Concurrency == 0 {
		p.Concurrency = 4
	}
	if p.PageSize == 0 {
		p.PageSize = 50
	}
	if p.ModelVersion == "" {
		p.ModelVersion = "v1"
	}
	if p.EmbeddingProfile == "" && p.ModelName != "" {
		p.EmbeddingProfile = profileOf(p.ModelName)
	}
	// Refused here, and not once a page has been embedded.
	_, err := postgrest.Body(op, row{ModelName: p.ModelName, ModelVersion: p.ModelVersion, EmbeddingProfile: p.EmbeddingProfile})
	return err
}

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]+`)

// profileOf is the profile that the platform's embed-index stores.
func profileOf(model string) string {
	return notAlphanumeric.ReplaceAllString(model, "_") + "_" + strconv.Itoa(Dimensions)
}

// pending is a thing in a queue.
type pending struct{ id, text string }

// run drains one queue.
type run struct {
	s      *SemanticSearchService
	op     string
	domain Domain
	embed  Embedder
	p      EmbedPendingParams
	report *EmbedReport

	tried            map[string]bool // what this run has seen
	embedded, failed int
}

// drain goes on until the queue holds nothing that was not tried.
func (r *run) drain(ctx context.Context) error {
	for {
		// Things that were given up stay at the head of the queue.
		limit := min(r.p.PageSize+r.failed, maxQueue)
		queue, err := r.next(ctx, limit)
		if err != nil {
			return err
		}
		fresh := slices.DeleteFunc(slices.Clone(queue), func(t pending) bool { return r.tried[t.id] })
		switch {
		case len(fresh) == 0 && len(queue) >= maxQueue:
			return ErrQueueStuck
		case len(fresh) == 0:
			return nil
		}
		if err := r.page(ctx, fresh[:min(len(fresh), r.p.PageSize)]); err != nil {
			return err
		}
		if r.p.Progress != nil {
			r.p.Progress(EmbedProgress{Domain: r.domain, Embedded: r.embedded, Failed: r.failed})
		}
	}
}

// page embeds and stores some things.
func (r *run) page(ctx context.Context, things []pending) error {
	vectors, errs := r.vectors(ctx, things)
	if ctx.Err() != nil {
		return sdkerr.ContextError(ctx)
	}
	var rows []row
	for i, t := range things {
		r.tried[t.id] = true
		if errs[i] != nil {
			r.failed++
			r.report.Failures = append(r.report.Failures, EmbedFailure{r.domain, t.id, errs[i]})
			continue
		}
		rows = append(rows, r.row(t, vectors[i]))
	}
	if len(rows) == 0 {
		return nil
	}
	stored, err := r.s.batch(ctx, r.op, r.domain, rows)
	if err != nil {
		return err
	}
	r.embedded += stored
	r.report.Embedded += stored
	r.report.Gone += len(rows) - stored
	return nil
}

// errEnded is for an embedder that calls runtime.Goexit, as t.FailNow does it.
var errEnded = errors.New("the embedder ended its goroutine")

// vectors calls the embedder for each thing, on a goroutine of its own. It returns when
// all calls have.
func (r *run) vectors(ctx context.Context, things []pending) ([]types.Vector, []error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	vectors, errs := make([]types.Vector, len(things)), make([]error, len(things))
	free := make(chan struct{}, r.p.Concurrency)
	var calls sync.WaitGroup
	defer calls.Wait()
	for i := range things {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return vectors, errs
		}
		errs[i] = errEnded // unless it returns
		calls.Go(func() {
			defer func() { <-free }()
			vectors[i], errs[i] = r.vector(ctx, things[i].text)
		})
	}
	return vectors, errs
}

// vector calls the embedder once.
func (r *run) vector(ctx context.Context, text string) (v types.Vector, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, fmt.Errorf("the embedder panicked: %v", p)
		}
	}()
	if v, err = r.embed(ctx, text); err == nil {
		err = checkVector(r.op, "the embedder's vector", v)
	}
	return v, err
}

// maxSource is how many characters of a text are stored.
const maxSource = 8000

func (r *run) row(t pending, v types.Vector) row {
	hash := sha256.Sum256([]byte(t.text))
	out := row{
		Embedding: v, SourceText: firstOf(t.text, maxSource), ContentHash: hex.EncodeToString(hash[:]),
		ModelName: r.p.ModelName, ModelVersion: r.p.ModelVersion, EmbeddingProfile: r.p.EmbeddingProfile,
	}
	switch r.domain {
	case WorkOrders:
		out.WorkOrderID = t.id
	case Assets:
		out.AssetID = t.id
	case Parts:
		out.PartID = t.id
	}
	return out
}

// firstOf is a text's first n characters.
func firstOf(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

func (r *run) next(ctx context.Context, limit int) ([]pending, error) {
	switch r.domain {
	case WorkOrders:
		rows, err := r.s.NextWorkOrdersForEmbedding(ctx, limit)
		return queueOf(rows, func(w PendingWorkOrder) pending { return pending{w.WorkOrderID, w.SourceText()} }), err
	case Assets:
		rows, err := r.s.NextAssetsForEmbedding(ctx, limit)
		return queueOf(rows, func(a PendingAsset) pending { return pending{a.AssetID, a.SourceText()} }), err
	default:
		rows, err := r.s.NextPartsForEmbedding(ctx, limit)
		return queueOf(rows, func(p PendingPart) pending { return pending{p.PartID, p.SourceText()} }), err
	}
}

func queueOf[R any](rows []R, of func(R) pending) []pending {
	out := make([]pending, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

// SourceText is what EmbedPending embeds of a work order: title, description, cause,
// resolution, asset and place, each on lines of its own.
func (w PendingWorkOrder) SourceText() string {
	return lines(&w.Title, w.Description, w.Cause, w.Resolution, w.AssetName, w.LocationName)
}

// SourceText is what EmbedPending embeds of an asset: name, description, number and
// place, each on lines of its own.
func (a PendingAsset) SourceText() string {
	return lines(&a.Name, a.Description, a.AssetNumber, a.LocationName)
}

// SourceText is what EmbedPending embeds of a part: number, name and description,
// each on lines of its own.
func (p PendingPart) SourceText() string { return lines(&p.PartNumber, p.Name, p.Description) }

func lines(texts ...*string) string {
	var given []string
	for _, t := range texts {
		if t != nil && *t != "" {
			given = append(given, *t)
		}
	}
	return strings.Join(given, "\n")
}
