package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// What River, the job queue, needs below this package's own types is in this file, and used by internal/jobs alone: the
// handles of the connections, and River's tables (docs/decisions/0008-river.md).

// Writer is SQLite's one writing connection, which River must share. Nil on PostgreSQL.
func (d *DB) Writer() *sql.DB {
	if d.Engine == Postgres {
		return nil
	}
	return d.writer
}

// Pool is a pgx pool of at most four connections past the pooler. Close closes it; it connects when it is first used. listen
// says that these are connections of their own, on which LISTEN works.
func (d *DB) Pool() (pool *pgxpool.Pool, listen bool, err error) {
	d.poolMu.Lock()
	defer d.poolMu.Unlock()
	cfg, err := pgxpool.ParseConfig(d.direct)
	if err != nil {
		return nil, false, errors.New("the direct database URL is not a PostgreSQL URL that can be read")
	}
	if d.pool == nil {
		cfg.MaxConns = 4
		cfg.MinConns = 0
		cfg.ConnConfig.ConnectTimeout = connectTimeout
		if d.pool, err = pgxpool.NewWithConfig(context.Background(), cfg); err != nil {
			return nil, false, err
		}
	}
	return d.pool, !behindPooler(cfg.ConnConfig), nil
}

// SQL is the transaction's own handle.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// Pgx lends fn the pgx connection on which the transaction runs, in the form of a pgx.Tx that InTx alone can end. PostgreSQL
// only; t must not be used inside fn.
func (t *Tx) Pgx(fn func(pgx.Tx) error) error {
	return t.conn.Raw(func(c any) error { return fn(lent{c.(*stdlib.Conn).Conn()}) })
}

// lent is a connection inside a transaction that somebody else began.
type lent struct{ *connection }

type connection = pgx.Conn // under a name of its own, beside the method Conn

var errLent = errors.New("the transaction belongs to InTx")

func (l lent) Begin(context.Context) (pgx.Tx, error) { return nil, errLent }
func (l lent) Commit(context.Context) error          { return errLent }
func (l lent) Rollback(context.Context) error        { return errLent }
func (l lent) Conn() *pgx.Conn                       { return l.connection }
func (l lent) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }

// riverMigrations are the migrations of ours that run River's: which of ours brings its tables to which version of its own.
// A newer River with newer tables gets a further row.
var riverMigrations = map[int64]int{10: 8}

// goMigrations are the migrations that are code.
func goMigrations(e Engine) (list []*goose.Migration) {
	for version, target := range riverMigrations {
		up := &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			return riverUp(ctx, riversqlite.New(nil), tx, target)
		}}
		if e == Postgres {
			up = &goose.GoFunc{RunDB: func(ctx context.Context, pool *sql.DB) error { return riverUpPostgres(ctx, pool, target) }}
		}
		list = append(list, goose.NewGoMigration(version, up, nil))
	}
	return list
}

// riverUpPostgres commits each of River's versions before the next: PostgreSQL uses a new value of an enum only then. One that
// was applied before a crash is not applied again.
func riverUpPostgres(ctx context.Context, pool *sql.DB, target int) (err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(c any) error {
		for version := 1; version <= target; version++ {
			err := pgx.BeginFunc(ctx, c.(*stdlib.Conn).Conn(), func(tx pgx.Tx) error {
				return riverUp(ctx, riverpgxv5.New(nil), tx, version)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func riverUp[T any](ctx context.Context, driver riverdriver.Driver[T], tx T, target int) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return err
	}
	//nolint:staticcheck // the other method wants a connection beside goose's, and SQLite has one
	if _, err := migrator.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: target}); err != nil {
		return fmt.Errorf("River's tables: %w", err)
	}
	return nil
}
