package db

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema up to date and says which migrations it applied. Several instances may start at once: each
// migration is applied once, by one of them, under an advisory lock (PostgreSQL) or a file lock (SQLite).
func (d *DB) Migrate(ctx context.Context) (applied []string, err error) {
	files, err := fs.Sub(migrations, "migrations/"+string(d.Engine))
	if err != nil {
		return nil, err
	}
	pool, dialect := d.writer, goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithGoMigrations(goMigrations(d.Engine)...)}
	if d.Engine == Postgres {
		dialect = goose.DialectPostgres
		if pool, err = openDirect(d.direct); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, pool.Close()) }()
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	} else {
		unlock, err := lockFile(ctx, d.migrateLock(), 60*time.Second)
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	provider, err := goose.NewProvider(dialect, pool, files, options...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		applied = append(applied, cmp.Or(r.Source.Path, fmt.Sprintf("%05d, River's tables", r.Source.Version)))
	}
	if err != nil {
		return applied, Outage(fmt.Errorf("migrate: %w", err))
	}
	return applied, nil
}

// Schema says which migration the database has last, 0 for none, and which is the newest of this program. It changes nothing.
func (d *DB) Schema(ctx context.Context) (current, newest int64, err error) {
	names, err := fs.Glob(migrations, "migrations/"+string(d.Engine)+"/*.sql")
	if err != nil {
		return 0, 0, err
	}
	if newest, err = goose.NumericComponent(names[len(names)-1]); err != nil {
		return 0, 0, err
	}
	for version := range riverMigrations {
		newest = max(newest, version)
	}
	there := `SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`
	if d.Engine == Postgres {
		there = `SELECT count(to_regclass('goose_db_version'))`
	}
	tables, err := One(ctx, d, Value[int64], there)
	if err != nil || tables == 0 {
		return 0, newest, err
	}
	current, err = One(ctx, d, Value[int64], `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`)
	return current, newest, err
}

// Time is the database's clock. On SQLite it is this machine's.
func (d *DB) Time(ctx context.Context) (time.Time, error) {
	if d.Engine == SQLite {
		return time.Now(), nil
	}
	micros, err := One(ctx, d, Value[int64], `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`)
	return time.UnixMicro(micros), err
}

// openDirect opens a connection with session state (advisory locks need it) and no statement timeout (an index may take long).
func openDirect(url string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the direct database URL is not a PostgreSQL URL that can be read")
	}
	cfg.ConnectTimeout = connectTimeout
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	return stdlib.OpenDB(*cfg), nil
}

// LockServer makes this process the only server of the SQLite file until unlock, and refuses at once when another is.
// On PostgreSQL there may be many: nothing is locked.
func (d *DB) LockServer() (unlock func(), err error) {
	if d.Engine == Postgres {
		return func() {}, nil
	}
	unlock, err = lockFile(context.Background(), d.path+".server.lock", 0)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("another souk serves %s; one SQLite file has one server (use PostgreSQL for several)", d.path)
	}
	return unlock, err
}

// lockFile takes an exclusive advisory lock that the kernel drops when the process dies.
func lockFile(ctx context.Context, path string, wait time.Duration) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(wait)
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		time.Sleep(20 * time.Millisecond)
	}
}
