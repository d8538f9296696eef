package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Copy copies the files of the folder from that the folder to has not, each whole or not at all, and says how many, while a Store uses
// from. What to has more is left there.
func Copy(ctx context.Context, from, to string) (copied int, err error) {
	source, err := os.OpenRoot(from)
	if errors.Is(err, fs.ErrNotExist) { // nothing was uploaded yet
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("copy the files: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if err := os.MkdirAll(filepath.Join(to, incoming), 0o700); err != nil {
		return 0, fmt.Errorf("copy the files: %w", err)
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return 0, fmt.Errorf("copy the files: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	err = fs.WalkDir(source.FS(), ".", func(key string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // deleted meanwhile
			return nil
		case err != nil:
			return err
		case key == incoming:
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		fresh, err := copyFile(ctx, source, &Store{root: root}, key)
		if fresh {
			copied++
		}
		return err
	})
	return copied, err
}

// copyFile copies one file, with the time of its last change, unless to has it: one of the same name, size and time is the same.
func copyFile(ctx context.Context, from *os.Root, to *Store, key string) (fresh bool, err error) {
	f, err := from.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if there, err := to.root.Lstat(key); err == nil && there.Mode().IsRegular() && there.Size() == info.Size() && there.ModTime().Equal(info.ModTime()) {
		return false, nil
	}
	if err := to.Put(ctx, key, io.LimitReader(f, info.Size()), info.Size()); err != nil {
		return false, fmt.Errorf("copy the file %s: %w", key, err)
	}
	return true, to.root.Chtimes(key, info.ModTime(), info.ModTime())
}
