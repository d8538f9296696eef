package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// Tx is an open transaction. It lives as long as the function that InTx was given.
type Tx struct {
	Engine Engine
	tx     *sql.Tx
	conn   *sql.Conn // the one that tx runs on
	db     *DB
	depth  int
	after  []func()
}

type txKey struct{}

// current is the transaction of d that ctx runs in, if any.
func current(ctx context.Context, d *DB) *Tx {
	if tx, ok := ctx.Value(txKey{}).(*Tx); ok && tx.db == d {
		return tx
	}
	return nil
}

// InTx runs fn in a transaction: committed when fn answers nil, rolled back otherwise, also on panic. On PostgreSQL fn runs
// again (three times at most) after a serialization failure or a deadlock, so it must have no effect but its statements.
//
// The context that fn gets is marked. With it, a statement on the DB runs in this transaction (there is no second
// connection to wait for), a further InTx becomes a savepoint of it, and the outbound transport of NoNetwork refuses.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if tx := current(ctx, d); tx != nil {
		return tx.savepoint(ctx, fn)
	}
	for attempt := 1; ; attempt++ {
		err := d.once(ctx, fn)
		if err == nil || attempt == 3 || !retryable(err) {
			return err
		}
		select {
		case <-time.After(time.Duration(attempt)*10*time.Millisecond + rand.N(20*time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *DB) once(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) (err error) {
	d.writes.prepareWanted(ctx)
	conn, handle, err := d.begin(ctx)
	if err != nil {
		return Outage(err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	tx := &Tx{Engine: d.Engine, tx: handle, conn: conn, db: d}
	done := false
	defer func() {
		if !done {
			if rb := handle.Rollback(); rb != nil && !errors.Is(rb, sql.ErrTxDone) {
				err = errors.Join(err, rb)
			}
		}
	}()
	if err := fn(context.WithValue(ctx, txKey{}, tx), tx); err != nil {
		return err
	}
	done = true
	if err := handle.Commit(); err != nil {
		if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil { // the caller left, and database/sql rolled back
			err = ctx.Err()
		}
		return Outage(fmt.Errorf("commit: %w", err))
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// begin begins a transaction on a connection that Pgx can reach. A connection that has died in the pool is replaced.
func (d *DB) begin(ctx context.Context) (*sql.Conn, *sql.Tx, error) {
	for attempt := 1; ; attempt++ {
		conn, err := d.writer.Conn(ctx)
		if err != nil {
			return nil, nil, err
		}
		tx, err := conn.BeginTx(ctx, nil)
		if err == nil {
			return conn, tx, nil
		}
		_ = conn.Close()
		if attempt == 3 || !errors.Is(err, driver.ErrBadConn) {
			return nil, nil, err
		}
	}
}

func (t *Tx) savepoint(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) (err error) {
	t.depth++
	name := fmt.Sprintf("sp%d", t.depth)
	hooks := len(t.after)
	defer func() { t.depth-- }()
	if _, err := t.tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return Outage(err)
	}
	done := false
	defer func() {
		if done {
			return
		}
		t.after = t.after[:hooks]
		if _, rb := t.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name); rb != nil {
			err = errors.Join(err, rb)
		}
	}()
	if err := fn(ctx, t); err != nil {
		return err
	}
	done = true
	_, err = t.tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
	return Outage(err)
}

// AfterCommit runs f once the outermost transaction is committed, and never if it or the savepoint around f is not.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// ForUpdate is the clause that locks the rows a SELECT reads until the end: " FOR UPDATE" on PostgreSQL, nothing on SQLite,
// where the one writer has them all.
func (t *Tx) ForUpdate() string {
	if t.Engine == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// ForChange is ForUpdate, but rows that refer to the locked ones can be written meanwhile. So who holds many rows need not fear
// somebody who holds one of them and writes what refers to another.
func (t *Tx) ForChange() string {
	if t.Engine == Postgres {
		return " FOR NO KEY UPDATE"
	}
	return ""
}

// ForShare is the clause that keeps the rows a SELECT reads from being changed until the end: " FOR SHARE" on PostgreSQL,
// nothing on SQLite, where the one writer has them all.
func (t *Tx) ForShare() string {
	if t.Engine == Postgres {
		return " FOR SHARE"
	}
	return ""
}

// NoNetwork is a transport that refuses a request made inside a transaction, and otherwise hands it to next.
func NoNetwork(next http.RoundTripper) http.RoundTripper { return noNetwork{next} }

type noNetwork struct{ next http.RoundTripper }

func (n noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := Outside(r.Context()); err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // as every transport must, whatever it answers
		}
		return nil, fmt.Errorf("%w: %s", err, r.URL.Host)
	}
	return n.next.RoundTrip(r)
}

var errNetwork = errors.New("network inside a transaction")

// Outside is an error when ctx is that of a transaction: there is no network inside one.
func Outside(ctx context.Context) error {
	if ctx.Value(txKey{}) != nil {
		return errNetwork
	}
	return nil
}

// TryLock takes a named lock until the end of the transaction, or says at once that another transaction has it. On SQLite
// the one writer is that lock.
func (t *Tx) TryLock(ctx context.Context, name string) (got bool, err error) {
	if t.Engine == SQLite {
		return true, nil
	}
	return One(ctx, t, Value[bool], `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))`, name)
}

// Lock waits for a named lock and holds it until the end of the transaction. On SQLite the one writer is that lock. Take it
// after the row locks, so that no two transactions wait for each other.
func (t *Tx) Lock(ctx context.Context, name string) error {
	if t.Engine == SQLite {
		return nil
	}
	_, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, name)
	return err
}
