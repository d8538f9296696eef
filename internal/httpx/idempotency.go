package httpx

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"souk/internal/db"
	"souk/internal/fault"
)

// KeepAnswers is how long an Idempotency-Key gives its first answer again.
const KeepAnswers = 24 * time.Hour

var (
	errKeyRunning = fault.New(fault.Conflict, "idempotency_running",
		"The first request with this Idempotency-Key is still running. Ask again shortly.").After(time.Second)
	errKeyReused = fault.InvalidField("header.Idempotency-Key", "was used for another request; use a new key")
	errKeyForm   = fault.InvalidField("header.Idempotency-Key", "must be 1 to 255 printable ASCII characters")
)

// Idempotency gives the first answer to a request again when its Idempotency-Key returns. The request's effect and the
// record of its answer are one transaction: the handler runs inside it, and what its domain does joins as a savepoint.
// An answer of 500 or above, and 429, leaves neither effect nor record, so the key can be tried again.
type Idempotency struct {
	db      *db.DB
	now     func() time.Time
	mu      sync.Mutex
	running map[string]bool
}

// NewIdempotency keeps its records in d.
func NewIdempotency(d *db.DB, now func() time.Time) *Idempotency {
	return &Idempotency{db: d, now: now, running: map[string]bool{}}
}

// Wrap handles the key of requests to next. caller tells users apart: one user's key means nothing for another.
func (i *Idempotency) Wrap(next http.Handler, caller func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys := r.Header.Values("Idempotency-Key")
		if len(keys) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if len(keys) > 1 || !printable(keys[0]) {
			WriteProblem(w, r, errKeyForm)
			return
		}
		answer, err := i.first(r, next, caller(r), keys[0])
		if err != nil {
			WriteProblem(w, r, err)
			return
		}
		answer.writeTo(w)
	})
}

func printable(s string) bool {
	for _, b := range []byte(s) {
		if b < 0x21 || b > 0x7e {
			return false
		}
	}
	return s != "" && len(s) <= 255
}

// ForgetCaller drops a caller's answers, which may say who the caller is, in the transaction that erases the caller.
func (i *Idempotency) ForgetCaller(ctx context.Context, tx *db.Tx, caller string) error {
	_, err := tx.Exec(ctx, `DELETE FROM idempotency_keys WHERE caller = $1`, caller)
	return err
}

// Forget deletes the records that are older than KeepAnswers.
func (i *Idempotency) Forget(ctx context.Context) error {
	_, err := i.db.Exec(ctx, `DELETE FROM idempotency_keys WHERE created_at < $1`, i.now().Add(-KeepAnswers))
	return err
}

func (i *Idempotency) claim(name string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.running[name] {
		return false
	}
	i.running[name] = true
	return true
}

func (i *Idempotency) release(name string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.running, name)
}

// errNotKept rolls the transaction back although there is an answer.
var errNotKept = errors.New("answer is not kept")

func (i *Idempotency) first(r *http.Request, next http.Handler, caller, key string) (*answer, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxJSONBytes+1))
	if err != nil {
		return nil, bodyFault(err)
	}
	sum := sha256.New()
	for _, part := range []string{r.Method, " ", r.URL.Path, "\n"} {
		_, _ = io.WriteString(sum, part)
	}
	_, _ = sum.Write(body)
	hash := hex.EncodeToString(sum.Sum(nil))

	name := caller + "\n" + key
	if !i.claim(name) {
		return nil, errKeyRunning
	}
	defer i.release(name)

	var given *answer
	err = i.db.InTx(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		if got, err := tx.TryLock(ctx, name); err != nil || !got {
			return errors.Join(err, errKeyRunning)
		}
		kept, err := load(ctx, tx, caller, key, hash, i.now().Add(-KeepAnswers))
		if err != nil || kept != nil {
			given = kept
			return err
		}
		given = &answer{header: http.Header{}, status: http.StatusOK}
		inner := r.WithContext(ctx)
		inner.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(given, inner)
		if given.status >= 500 || given.status == http.StatusTooManyRequests {
			return errNotKept
		}
		return given.keep(ctx, tx, caller, key, hash, i.now())
	})
	if err != nil && !errors.Is(err, errNotKept) {
		return nil, err
	}
	return given, nil
}

// answer is a response that is held in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) writeTo(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // the client may be gone; its answer is kept
}

func load(ctx context.Context, q db.Q, caller, key, hash string, since time.Time) (*answer, error) {
	type row struct {
		hash string
		answer
	}
	kept, err := db.One(ctx, q, func(scan db.Scan) (*row, error) {
		var k row
		var body []byte
		var header string
		if err := scan(&k.hash, &k.status, &header, &body); err != nil {
			return nil, err
		}
		k.body.Write(body)
		return &k, json.Unmarshal([]byte(header), &k.header)
	}, `SELECT request_hash, status, header, body FROM idempotency_keys WHERE caller = $1 AND key = $2 AND created_at >= $3`,
		caller, key, since)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if kept.hash != hash {
		return nil, errKeyReused
	}
	return &kept.answer, nil
}

func (a *answer) keep(ctx context.Context, q db.Q, caller, key, hash string, now time.Time) error {
	_, err := q.Exec(ctx, `
		INSERT INTO idempotency_keys (caller, key, request_hash, status, header, body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (caller, key) DO UPDATE SET request_hash = excluded.request_hash, status = excluded.status,
			header = excluded.header, body = excluded.body, created_at = excluded.created_at`,
		caller, key, hash, a.status, db.JSON(a.header), a.body.Bytes(), now)
	return err
}
