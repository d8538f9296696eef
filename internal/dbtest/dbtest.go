// Package dbtest runs a test on every engine: SQLite, PostgreSQL, and PostgreSQL in the exec mode that a transaction
// pooler needs. PostgreSQL is the server that SOUK_TEST_POSTGRES names (test.sh starts one); without it those runs are
// skipped, and say so.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"souk/internal/db"
)

// ServerEnv names the variable with the URL of a PostgreSQL server whose user may create databases.
const ServerEnv = "SOUK_TEST_POSTGRES"

// Each runs test once an engine, each time on its own migrated database.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { test(t, Open(t, url)) })
}

// EachURL runs test once an engine with the URL of a database of its own, for a test that starts whole programs.
func EachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, MigratedPostgres(t)) })
	if !testing.Short() {
		t.Run("postgres-exec", func(t *testing.T) { test(t, Postgres(t, templateOnce(t), "exec")) })
	}
}

// SQLite is the URL of a SQLite file of the test's own, which is migrated.
func SQLite(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, migratedFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	return sqliteURL(path)
}

// EmptySQLite is the URL of a SQLite file that is not there yet.
func EmptySQLite(t *testing.T) string {
	t.Helper()
	return sqliteURL(filepath.Join(t.TempDir(), "test.db"))
}

func sqliteURL(path string) string { return "sqlite:///" + path }

// migratedFile is a migrated SQLite file, made once a process: the migrations take longer than most tests.
var migratedFile = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "souk-template-")
	must(err)
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	migrate(sqliteURL(path))
	file, err := os.ReadFile(path) // all of it: the log is written back when the file is closed
	must(err)
	return file
})

// MigratedPostgres is the URL of a PostgreSQL database of the test's own, which is migrated.
func MigratedPostgres(t *testing.T) string {
	t.Helper()
	return Postgres(t, templateOnce(t), "")
}

// Empty is the template of PostgreSQL databases without a schema.
const Empty = "template1"

// Postgres is the URL of a new database, a copy of template. mode is pgx's exec mode, "" the default.
func Postgres(t *testing.T, template, mode string) string {
	t.Helper()
	server := serverURL(t)
	name := "souk_test_" + suffix()
	onServer(t, server, `CREATE DATABASE `+name+` TEMPLATE `+template)
	t.Cleanup(func() { onServer(t, server, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return withDatabase(server, name, mode)
}

func serverURL(t *testing.T) string {
	t.Helper()
	server := os.Getenv(ServerEnv)
	if server == "" {
		t.Skip("no PostgreSQL: " + ServerEnv + " is not set (./test.sh sets it)")
	}
	return server
}

// Open opens and migrates the database, and closes it when the test ends.
func Open(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := d.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return d
}

func templateOnce(t *testing.T) string {
	t.Helper()
	serverURL(t)
	return migratedTemplate()
}

// migratedTemplate makes this process's migrated template database. The test binary ends without dropping it; the
// server that test.sh starts is thrown away whole.
var migratedTemplate = sync.OnceValue(func() string {
	server := os.Getenv(ServerEnv)
	name := "souk_template_" + suffix()
	must(execute(server, `CREATE DATABASE `+name))
	migrate(withDatabase(server, name, ""))
	return name
})

func migrate(url string) {
	d, err := db.Open(db.Options{URL: url})
	must(err)
	_, err = d.Migrate(context.Background())
	must(err)
	must(d.Close())
}

func withDatabase(server, name, mode string) string {
	u, err := url.Parse(server)
	must(err)
	u.Path = "/" + name
	q := u.Query()
	if mode != "" {
		q.Set("default_query_exec_mode", mode)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func onServer(t *testing.T, server, statement string) {
	t.Helper()
	if err := execute(server, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func execute(server, statement string) error {
	pool, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	_, err = pool.Exec(statement)
	return err
}

func suffix() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
