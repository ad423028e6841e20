package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/types"
)

// SecretFunc finds the secrets that deliveries of an installation are signed with:
// one, or two while the secret is being replaced, since deliveries that wait follow
// the secret of the moment they are sent. It is called before the signature is
// checked, so from is what anybody may have written. ErrUnknownInstallation, or no
// secret, refuses the delivery; with any other error it is answered with 503 and
// comes again.
//
// It must know the installation, and not only the secret: every admin of every
// tenant may let an installation sign with any secret of the Vault whose name they
// know, and send to any URL.
type SecretFunc func(ctx context.Context, from Source) ([]types.Secret, error)

// ErrUnknownInstallation says that deliveries of an installation are not wanted.
var ErrUnknownInstallation = errors.New("unknown installation")

// Installation is the SecretFunc of a receiver of one installation, with the id
// that client.Plugins.Install returned.
func Installation(id string, secrets ...types.Secret) SecretFunc {
	return func(_ context.Context, from Source) ([]types.Secret, error) {
		if !strings.EqualFold(from.InstallationID, id) {
			return nil, ErrUnknownInstallation
		}
		return secrets, nil
	}
}

// Option changes how a Handler works.
type Option func(*handler)

// WithStore says where the handler notes which events it has handled; by default
// in memory, NewMemoryStore(24 * time.Hour). Replicas must share one.
func WithStore(s Store) Option { return func(h *handler) { h.store = s } }

// WithTimeout bounds the function, and what comes before it: the body, the secret
// and the store together; by default 10 seconds each. The platform waits for
// timeout_ms of the installation's config, 15 seconds by default, so stay below.
func WithTimeout(d time.Duration) Option { return func(h *handler) { h.timeout = d } }

// WithMaxBody bounds the body, in bytes; by default 4 MiB. A delivery has the old
// and the new row, if its subscription includes them.
func WithMaxBody(n int64) Option { return func(h *handler) { h.maxBody = n } }

// WithLogger logs what is refused and what fails. The handler logs ids, never a
// body, a signature or a secret.
func WithLogger(l *slog.Logger) Option {
	return func(h *handler) {
		if h.log = l; l == nil {
			h.log = slog.New(slog.DiscardHandler)
		}
	}
}

// Handler receives deliveries and calls fn for each event, once.
//
// It answers what the platform needs to know: 200 when fn has returned nil, now or
// earlier; 401 when the signature is missing or wrong or no secret is known; 400,
// 405, 413 or 415 for what is no delivery; 409 while another request handles the
// same event; 500 when fn fails or panics, and 503 when it does not return within
// WithTimeout or when the store or secretFor fails. Everything but 200 makes the
// platform deliver again, in 2, 4, 8, … minutes, eight times in all. The body of an
// answer says no more than the status.
//
// fn gets a context that ends with the timeout, not with the request: when the
// platform gives up waiting, fn may finish, and the next delivery of the event is
// answered at once. fn must return soon after its context is done; an event is free
// for another try when it has, and at the latest after twice the timeout.
//
// secretFor and fn are called from many goroutines. Handler panics when one of them
// is nil, and for a timeout or a bound of the body that is not positive.
func Handler(secretFor SecretFunc, fn func(context.Context, Event) error, opts ...Option) http.Handler {
	if secretFor == nil || fn == nil {
		panic("webhook: Handler needs both functions")
	}
	h := &handler{
		secretFor: secretFor, fn: fn,
		timeout: 10 * time.Second, maxBody: 4 << 20, log: slog.New(slog.DiscardHandler),
	}
	for _, opt := range opts {
		if opt != nil {
			opt(h)
		}
	}
	if h.timeout <= 0 || h.maxBody <= 0 {
		panic("webhook: the timeout and the bound of the body must be positive")
	}
	if h.store == nil {
		h.store = NewMemoryStore(24 * time.Hour)
	}
	return h
}

type handler struct {
	secretFor SecretFunc
	fn        func(context.Context, Event) error
	store     Store
	timeout   time.Duration
	maxBody   int64
	log       *slog.Logger
}

// maxSignatures bounds how many signature headers are tried: custom headers of the
// config can add some beside the real one.
const maxSignatures = 8

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), h.timeout)
	defer cancel()
	e, status, err := h.receive(ctx, w, r)
	if err == nil {
		status, err = h.handle(ctx, e)
	}
	if err != nil {
		h.log.LogAttrs(r.Context(), slog.LevelWarn, "webhook delivery not handled", slog.Int("status", status),
			slog.String("installation", fmt.Sprintf("%.40s", e.InstallationID)), // perhaps anybody's text
			slog.Int64("audit_id", e.AuditID), slog.Any("error", err))
	}
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, http.StatusText(status))
}

// receive reads a delivery and makes sure that it is genuine.
func (h *handler) receive(ctx context.Context, w http.ResponseWriter, r *http.Request) (Event, int, error) {
	if r.Method != http.MethodPost {
		return Event{}, http.StatusMethodNotAllowed, fmt.Errorf("the method is %.20q", r.Method)
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return Event{}, http.StatusUnsupportedMediaType, errors.New("the content is no JSON")
	}
	conn := http.NewResponseController(w)
	end, _ := ctx.Deadline()
	_ = conn.SetReadDeadline(end) // where the server can
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBody))
	if err != nil {
		w.Header().Set("Connection", "close") // or the server waits for the rest of the body
	} else {
		_ = conn.SetReadDeadline(time.Time{}) // of the connection, which serves other requests too
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return Event{}, http.StatusRequestEntityTooLarge, err
	case err != nil:
		return Event{}, http.StatusBadRequest, errors.New("the body broke off")
	}
	e, err := Parse(raw)
	if err != nil {
		return Event{}, http.StatusBadRequest, err
	}
	var secrets []types.Secret
	err = h.safely(ctx, "secrets", func() (err error) {
		secrets, err = h.secretFor(ctx, e.Source)
		return err
	})
	switch {
	case errors.Is(err, ErrUnknownInstallation):
		return e, http.StatusUnauthorized, err
	case err != nil:
		return e, http.StatusServiceUnavailable, fmt.Errorf("finding the secret: %w", err)
	}
	signatures := r.Header.Values(SignatureHeader)
	genuine := len(signatures) <= maxSignatures && slices.ContainsFunc(signatures, func(s string) bool { return Verify(raw, s, secrets...) })
	if !genuine {
		return e, http.StatusUnauthorized, errors.New("no signature by a known secret")
	}
	e.DeliveryID = r.Header.Get(DeliveryIDHeader)
	return e, http.StatusOK, nil
}

// handle has the event handled, unless it has been or is being handled.
func (h *handler) handle(ctx context.Context, e Event) (int, error) {
	var claim Claim
	err := h.safely(ctx, "store", func() (err error) {
		claim, err = h.store.Begin(ctx, e.ID(), 2*h.timeout)
		return err
	})
	switch {
	case errors.Is(err, ErrHandled):
		return http.StatusOK, nil
	case errors.Is(err, ErrBusy):
		return http.StatusConflict, err
	case err != nil:
		return http.StatusServiceUnavailable, fmt.Errorf("store: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	work, cancel := context.WithTimeout(ctx, h.timeout)
	done := make(chan error, 1)
	go func() {
		err := errors.New("the handler ended its goroutine") // unless it returns
		defer func() {
			done <- h.settle(ctx, e, claim, err)
			cancel()
		}()
		err = h.safely(work, "handler", func() error { return h.fn(work, e) })
	}()
	select {
	case err := <-done:
		return statusOf(err), err
	case <-work.Done():
	}
	select {
	case err := <-done: // just in time
		return statusOf(err), err
	case <-time.After(grace):
		return http.StatusServiceUnavailable, context.DeadlineExceeded
	}
}

// statusOf says how the function's end is answered.
func statusOf(err error) int {
	if err != nil {
		return http.StatusInternalServerError
	}
	return http.StatusOK
}

// grace is for functions that return when their context is done.
const grace = 100 * time.Millisecond

// safely runs what the program brought along. A panic is an error like any other:
// of the function and of the store it would else end the program.
func (h *handler) safely(ctx context.Context, what string, run func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			h.log.LogAttrs(ctx, slog.LevelError, "webhook "+what+" panicked",
				slog.String("panic", fmt.Sprintf("%T", v)), slog.String("stack", string(debug.Stack())))
			err = errors.New("the " + what + " panicked")
		}
	}()
	return run()
}

// settle notes how it went. A handled event that cannot be noted is acknowledged
// all the same: the platform does not send it again then.
func (h *handler) settle(ctx context.Context, e Event, claim Claim, failed error) error {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	note := claim.Finish
	if failed != nil {
		note = claim.Abandon
	}
	if err := h.safely(ctx, "store", func() error { return note(ctx) }); err != nil {
		h.log.LogAttrs(ctx, slog.LevelError, "webhook store failed", slog.String("installation", e.InstallationID),
			slog.Int64("audit_id", e.AuditID), slog.Any("error", err))
	}
	return failed
}
