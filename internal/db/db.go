// Package db opens SQLite or PostgreSQL and runs SQL that both understand.
//
// It owns connections, transactions, the form in which values are stored, and the migrations. It knows no table: SQL
// lives in one store.go a domain. Where the engines differ, the difference is one named place here (ForUpdate,
// IsDuplicate, the migration pairs).
//
// Stored forms, the same on both engines: a time is a BIGINT of microseconds since 1970 in UTC (so comparisons and keyset
// cursors are exact and textual formats cannot part), money is a BIGINT of minor units, a document is TEXT with JSON.
// Statements take time.Time and *time.Time as they are, and scan into them.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"souk/internal/fault"
)

// Engine is which database a DB speaks to.
type Engine string

// The two engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// ErrNoRows is what One answers when the query found nothing.
var ErrNoRows = sql.ErrNoRows

// DB is an open database: one writer and a pool of readers on SQLite, one pool on PostgreSQL. Safe for concurrent use.
type DB struct {
	Engine Engine
	writer *sql.DB
	reader *sql.DB
	writes *statements // nil on PostgreSQL
	reads  *statements // nil on PostgreSQL
	direct string      // where migrations run; differs from the pool's address behind a pooler
	path   string      // the SQLite file

	poolMu sync.Mutex
	pool   *pgxpool.Pool // River's, once it is asked for
}

// Options are what Open can be told.
type Options struct {
	URL       string // sqlite:///relative, sqlite:////absolute, postgres:// or postgresql://
	DirectURL string // PostgreSQL past a transaction pooler, for migrations; empty means URL
	MaxConns  int    // open connections at most; 0 means 16 on PostgreSQL, 4 readers on SQLite
}

// Open opens the database, creating the SQLite file and its folder if they are missing. PostgreSQL need not be up yet:
// the first statement finds out.
func Open(o Options) (*DB, error) {
	switch {
	case strings.HasPrefix(o.URL, "sqlite:///"):
		return openSQLite(strings.TrimPrefix(o.URL, "sqlite:///"), o.MaxConns)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		return openPostgres(o)
	}
	return nil, errors.New("DATABASE_URL must start with sqlite:///, postgres:// or postgresql://")
}

func openSQLite(path string, readers int) (*DB, error) {
	if path == "" {
		return nil, errors.New("DATABASE_URL names no SQLite file: sqlite:///data/souk.db is relative, sqlite:////srv/souk.db absolute")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database's folder: %w", err)
	}
	if readers == 0 {
		readers = 4
	}
	pragmas := url.Values{"_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-4000)", "temp_store(MEMORY)",
	}}
	dsn := func(extra url.Values) string {
		q := url.Values{}
		for _, v := range []url.Values{pragmas, extra} {
			for k, list := range v {
				q[k] = append(q[k], list...)
			}
		}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	writer, err := sql.Open("sqlite", dsn(url.Values{"_txlock": {"immediate"}}))
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	writer.SetMaxOpenConns(1)
	writer.SetConnMaxLifetime(0)
	reader, err := sql.Open("sqlite", dsn(url.Values{"_pragma": {"query_only(1)"}}))
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	d := &DB{
		Engine: SQLite, path: path, writer: writer, reader: reader, writes: newStatements(writer), reads: newStatements(reader),
	}
	// The writer creates the file and its journal mode; a reader that came first would find neither. One process at a time:
	// SQLite does not wait for the lock that a change to WAL takes, it answers that the database is locked.
	unlock, err := lockFile(context.Background(), d.migrateLock(), 60*time.Second)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	defer unlock()
	if err := writer.PingContext(context.Background()); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite: %w", err), d.Close())
	}
	return d, nil
}

// migrateLock is the file that is locked while the database file is made or migrated.
func (d *DB) migrateLock() string { return d.path + ".migrate.lock" }

func openPostgres(o Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a PostgreSQL URL that can be read") // pgx's own text may hold the password
	}
	// Bounds on every statement; a pooler that refuses start-up parameters takes them from the role instead.
	for name, value := range map[string]string{
		"statement_timeout": "5000", "lock_timeout": "2000", "idle_in_transaction_session_timeout": "10000",
	} {
		if _, set := cfg.RuntimeParams[name]; !set && !behindPooler(cfg) {
			cfg.RuntimeParams[name] = value
		}
	}
	cfg.ConnectTimeout = connectTimeout
	pool := stdlib.OpenDB(*cfg)
	if o.MaxConns == 0 {
		o.MaxConns = 16
	}
	pool.SetMaxOpenConns(o.MaxConns)
	pool.SetMaxIdleConns(o.MaxConns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour)
	direct := o.DirectURL
	if direct == "" {
		direct = o.URL
	}
	return &DB{Engine: Postgres, writer: pool, reader: pool, direct: direct}, nil
}

// connectTimeout is how long PostgreSQL may take to accept a connection.
const connectTimeout = 3 * time.Second

// behindPooler: the exec modes without prepared statements are chosen for transaction poolers, which may refuse unknown
// start-up parameters (PgBouncer's ignore_startup_parameters).
func behindPooler(cfg *pgx.ConnConfig) bool {
	return cfg.DefaultQueryExecMode == pgx.QueryExecModeExec || cfg.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol
}

// Close closes all connections.
func (d *DB) Close() error {
	d.poolMu.Lock()
	defer d.poolMu.Unlock()
	if d.pool != nil {
		d.pool.Close()
	}
	if d.reader == d.writer {
		return d.writer.Close()
	}
	return errors.Join(d.reader.Close(), d.writer.Close())
}

// Ping answers nil when the database can be read now.
func (d *DB) Ping(ctx context.Context) error {
	return Outage(d.reader.PingContext(ctx))
}

// IsDuplicate says that err is a broken UNIQUE constraint or primary key.
func IsDuplicate(err error) bool { return violates(err, "23505", 2067, 1555) }

// IsOverlap says that err is a broken exclusion constraint (PostgreSQL) or a trigger's RAISE(ABORT) (SQLite).
func IsOverlap(err error) bool { return violates(err, "23P01", 1811) }

// IsReferenced says that err is a broken foreign key: the row is still referred to, or refers to none.
func IsReferenced(err error) bool { return violates(err, "23503", 787) }

var errUnavailable = fault.New(fault.Unavailable, "database_unavailable", "The database does not answer. Try again shortly.").
	After(5 * time.Second)
