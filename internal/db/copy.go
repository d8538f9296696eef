package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// CopyTo writes the database as it is at one moment to a new file at path, and checks the copy, while others write. SQLite only.
func (d *DB) CopyTo(ctx context.Context, path string) (err error) {
	if d.Engine != SQLite {
		return errors.New("only SQLite is copied to a file")
	}
	if _, err := d.writer.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	// As it is, without a log or a lock beside it.
	made, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?immutable=1&mode=ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, made.Close()) }()
	var found string
	if err := made.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil || found != "ok" {
		return errors.Join(fmt.Errorf("the copy of the database is not sound: %s", found), err)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
