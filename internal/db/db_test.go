package db_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/fault"
)

func addSeller(ctx context.Context, q db.Q, subject string) error {
	_, err := q.Exec(ctx, `INSERT INTO sellers (subject, created_at) VALUES ($1, $2)`, subject, time.Now())
	return err
}

func sellers(t *testing.T, ctx context.Context, q db.Q) []string {
	t.Helper()
	list, err := db.All(ctx, q, db.Value[string], `SELECT subject FROM sellers ORDER BY subject`)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestInTxCommitsOrLeavesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		boom := errors.New("boom")
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { t.Error("after-commit hook of a rolled back transaction ran") })
			return errors.Join(addSeller(ctx, tx, "lost"), boom)
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_ = addSeller(ctx, tx, "panicked")
				panic("boom")
			})
		}()
		ran := false
		err = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { ran = true })
			return addSeller(ctx, tx, "kept")
		})
		if got := sellers(t, t.Context(), d); err != nil || !ran || len(got) != 1 || got[0] != "kept" {
			t.Errorf("err %v, hook ran %v, rows %v", err, ran, got)
		}
	})
}

// A nested InTx is a savepoint: it can fail, also by a broken constraint, without ending the outer one; and a statement on
// the DB with the marked context runs inside instead of waiting for a second connection.
func TestNestedTransactionIsASavepoint(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := addSeller(ctx, tx, "outer"); err != nil {
				return err
			}
			err := d.InTx(ctx, func(ctx context.Context, inner *db.Tx) error {
				inner.AfterCommit(func() { t.Error("hook of a rolled back savepoint ran") })
				return errors.Join(addSeller(ctx, inner, "inner"), addSeller(ctx, inner, "outer"))
			})
			if !db.IsDuplicate(err) {
				t.Errorf("the duplicate is told as %v", err)
			}
			if got := sellers(t, ctx, d); len(got) != 1 || got[0] != "outer" {
				t.Errorf("inside sees %v", got)
			}
			return d.InTx(ctx, func(ctx context.Context, inner *db.Tx) error { return addSeller(ctx, d, "second") })
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := sellers(t, t.Context(), d); len(got) != 2 {
			t.Errorf("rows %v", got)
		}
	})
}

func TestTimesAreStoredExactly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := time.Date(2026, 11, 22, 23, 15, 0, 123456000, time.FixedZone("+03", 3*3600))
		if _, err := d.Exec(t.Context(), `INSERT INTO sellers (subject, created_at) VALUES ('a', $1)`, at); err != nil {
			t.Fatal(err)
		}
		got, err := db.One(t.Context(), d, db.Value[time.Time], `SELECT created_at FROM sellers WHERE created_at <= $1`, at)
		if err != nil || !got.Equal(at) || got.Location() != time.UTC {
			t.Errorf("got %v, %v", got, err)
		}
		null, err := db.One(t.Context(), d, db.Value[*time.Time], `SELECT max(created_at) FROM sellers WHERE subject = 'none'`)
		if err != nil || null != nil {
			t.Errorf("NULL scans as %v, %v", null, err)
		}
	})
}

func TestNoNetworkInsideATransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		client := http.Client{Transport: db.NoNetwork(http.DefaultTransport)}
		err := d.InTx(t.Context(), func(ctx context.Context, _ *db.Tx) error {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:1/", nil)
			if err != nil {
				return err
			}
			res, err := client.Do(r)
			if err == nil {
				_ = res.Body.Close()
			}
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "network inside a transaction") {
			t.Errorf("got %v", err)
		}
	})
}

// Three instances that start at once on one empty database apply each migration once.
func TestMigrateByThreeAtOnce(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { migrateByThree(t, dbtest.EmptySQLite(t)) })
	t.Run("postgres", func(t *testing.T) { migrateByThree(t, dbtest.Postgres(t, dbtest.Empty, "")) })
}

func migrateByThree(t *testing.T, url string) {
	barrier := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[string]int{}
	for range 3 {
		wg.Go(func() {
			d, err := db.Open(db.Options{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = d.Close() }()
			<-barrier
			applied, err := d.Migrate(context.Background())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, name := range applied {
				count[name]++
			}
		})
	}
	close(barrier)
	wg.Wait()
	if len(count) < 8 {
		t.Errorf("applied only %v", count)
	}
	for name, n := range count {
		if n != 1 {
			t.Errorf("%s was applied %d times", name, n)
		}
	}
}

func TestOneServerForASQLiteFile(t *testing.T) {
	url := dbtest.SQLite(t)
	a, b := dbtest.Open(t, url), dbtest.Open(t, url)
	unlock, err := a.LockServer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.LockServer(); err == nil {
		t.Error("a second server got the file")
	}
	unlock()
	again, err := b.LockServer()
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestAnAbsentServerIsUnavailable(t *testing.T) {
	d, err := db.Open(db.Options{URL: "postgres://nobody:secret-word@127.0.0.1:1/none"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestSchemaSaysWhatIsApplied(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { schemaBeforeAndAfter(t, dbtest.EmptySQLite(t)) })
	t.Run("postgres", func(t *testing.T) { schemaBeforeAndAfter(t, dbtest.Postgres(t, dbtest.Empty, "")) })
}

func schemaBeforeAndAfter(t *testing.T, url string) {
	t.Helper()
	d, err := db.Open(db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if current, newest, err := d.Schema(t.Context()); err != nil || current != 0 || newest < 8 {
		t.Errorf("before: at %d of %d, %v", current, newest, err)
	}
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if current, newest, err := d.Schema(t.Context()); err != nil || current != newest {
		t.Errorf("after: at %d of %d, %v", current, newest, err)
	}
	if now, err := d.Time(t.Context()); err != nil || time.Since(now).Abs() > time.Minute {
		t.Errorf("the database's time is %s, %v", now, err)
	}
}

// Who leaves before the commit is told so, not that something went wrong with the database.
func TestACallerThatLeavesIsNoDatabaseFault(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, leave := context.WithCancel(t.Context())
		err := d.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
			leave()
			for { // until database/sql has rolled back
				if _, err := tx.Exec(context.Background(), `SELECT 1`); err != nil {
					return nil
				}
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// A list has few lengths, so that few texts are prepared, and none more is found for it.
func TestInFindsTheIDs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n WHERE i IN (`
		lengths := map[int]bool{}
		for last := range int64(8) {
			ids := []int64{}
			for id := range last {
				ids = append(ids, id+2)
			}
			in, args := db.In(ids)
			lengths[len(args)] = true
			if got, err := db.All(t.Context(), d, db.Value[int64], numbers+in+`) ORDER BY i`, args...); err != nil || !slices.Equal(got, ids) {
				t.Errorf("%v: found %v, %v", ids, got, err)
			}
		}
		if len(lengths) != 5 {
			t.Errorf("lengths %v, want 0, 1, 2, 4 and 8", lengths)
		}
	})
}
