package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"souk/internal/blob/local"
	"souk/internal/config"
)

// Backup is what was copied.
type Backup struct {
	Database string // where the copy is; empty: the database is PostgreSQL
	Files    int    // that were not there yet
	Remote   bool   // the files are not on this machine
}

// MakeBackup copies the SQLite database and the files of a shop, which may run, into a folder, where they lie as in DATA_DIR. In a folder with an
// older copy the database is replaced, files are added. Whenever it breaks off, what the folder's database names is there.
func MakeBackup(ctx context.Context, cfg *config.Config, folder string) (b Backup, err error) {
	path, inFile := strings.CutPrefix(cfg.DatabaseURL.Reveal(), "sqlite:///")
	if _, err := os.Stat(path); inFile && err != nil {
		return b, fmt.Errorf("there is no database: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return b, fmt.Errorf("make the folder: %w", err)
	}
	if same(folder, cfg.DataDir) {
		return b, errors.New("the folder is the shop's own (DATA_DIR)")
	}
	// A file that the database names is older than the copy of the database. So the files come after it; but what has been deleted by
	// then is named as well, so they come before it, too.
	b.Remote = cfg.Storage.Backend != "local"
	files := func() error {
		if b.Remote {
			return nil
		}
		n, err := local.Copy(ctx, filepath.Join(cfg.DataDir, "files"), filepath.Join(folder, "files"))
		b.Files += n
		return err
	}
	if err := files(); err != nil {
		return b, err
	}
	if !inFile {
		return b, nil
	}
	to := filepath.Join(folder, "souk.db")
	if _, err := os.Stat(to + "-wal"); err == nil {
		return b, fmt.Errorf("a program has used %s, or does (there is %s-wal): choose another folder", to, to)
	}
	fresh := to + ".new"
	if err := os.RemoveAll(fresh); err != nil { // of a copy that broke off
		return b, err
	}
	d, err := openDB(cfg)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.CopyTo(ctx, fresh); err != nil {
		return b, err
	}
	if err := files(); err != nil {
		return b, err
	}
	if err := os.Rename(fresh, to); err != nil {
		return b, err
	}
	b.Database = to
	dir, err := os.Open(folder)
	if err != nil {
		return b, err
	}
	return b, errors.Join(dir.Sync(), dir.Close())
}

// same says that two names are of one folder.
func same(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
