// Package local keeps objects as files in one folder, and serves them itself from addresses that it signed. It is the
// storage of a shop on one machine. Nothing outside the folder can be reached, and symbolic links are not followed.
package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"souk/internal/blob"
)

// incoming is the folder of files that are not whole yet. No key may lie in it.
const incoming = ".incoming"

// abandoned is how long an unfinished file was not written to when it is taken for left over.
const abandoned = 24 * time.Hour

// Options are what Open needs.
type Options struct {
	Dir     string   // the folder, made if it is missing
	Origin  string   // of the addresses, such as https://shop.example.com
	Secrets []string // the first signs; the others, of before a change, still count
	Now     func() time.Time
}

// Store is the folder. Safe for concurrent use, by several processes too.
type Store struct {
	root   *os.Root
	origin string
	keys   []signingKey
	now    func() time.Time
}

var _ blob.Store = (*Store)(nil)

// Open opens the folder, and clears what unfinished uploads left there.
func Open(o Options) (*Store, error) {
	if len(o.Secrets) == 0 || o.Now == nil {
		return nil, errors.New("local storage needs a secret to sign with, and the time")
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, incoming), 0o700); err != nil {
		return nil, fmt.Errorf("open the file storage: %w", err)
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("open the file storage: %w", err)
	}
	s := &Store{root: root, origin: o.Origin, now: o.Now}
	for _, secret := range o.Secrets {
		s.keys = append(s.keys, newSigningKey(secret))
	}
	if err := s.clearIncoming(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return s, nil
}

// Close closes the folder.
func (s *Store) Close() error { return s.root.Close() }

func (s *Store) clearIncoming() error {
	files, err := fs.ReadDir(s.root.FS(), incoming)
	if err != nil {
		return fmt.Errorf("read the folder of unfinished uploads: %w", err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || s.now().Sub(info.ModTime()) < abandoned {
			continue // gone already, or being written
		}
		if err := s.root.Remove(path.Join(incoming, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func valid(key string) bool {
	return blob.ValidKey(key) && key != incoming && !strings.HasPrefix(key, incoming+"/")
}

// Put writes beside the object and renames, so that a reader sees the old file or the new one. The file and the folders
// are on the disk when it returns.
func (s *Store) Put(ctx context.Context, key string, body io.Reader, size int64) error {
	if !valid(key) {
		return blob.Failed(fmt.Errorf("not a key: %q", key))
	}
	tmp := path.Join(incoming, rand.Text())
	err := s.write(tmp, body, size)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = s.publish(tmp, key)
	}
	if err != nil {
		_ = s.root.Remove(tmp) // what cannot be removed now is cleared at the next start
		return blob.Failed(err)
	}
	return nil
}

func (s *Store) write(name string, body io.Reader, size int64) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, body)
	if err == nil && size >= 0 && n != size {
		err = fmt.Errorf("%d bytes came, %d were announced: %w", n, size, io.ErrUnexpectedEOF)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *Store) publish(tmp, key string) error {
	folder := path.Dir(key)
	if err := s.root.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := s.root.Rename(tmp, key); err != nil {
		return err
	}
	for ; ; folder = path.Dir(folder) {
		if err := s.sync(folder); err != nil {
			return err
		}
		if folder == "." {
			return nil
		}
	}
}

func (s *Store) sync(folder string) error {
	f, err := s.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Stat describes a file.
func (s *Store) Stat(_ context.Context, key string) (blob.Info, error) {
	info, err := s.stat(key)
	if err != nil {
		return blob.Info{}, blob.Failed(err)
	}
	return blob.Info{Size: info.Size(), Modified: info.ModTime().UTC()}, nil
}

func (s *Store) stat(key string) (fs.FileInfo, error) {
	if !valid(key) {
		return nil, blob.ErrNotFound
	}
	info, err := s.root.Lstat(key)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() || !s.inFolders(key) {
		return nil, blob.ErrNotFound
	}
	return info, err
}

// inFolders says that all above the key are folders. os.Root would follow a symbolic link that stays inside.
func (s *Store) inFolders(key string) bool {
	for folder := path.Dir(key); folder != "."; folder = path.Dir(folder) {
		if info, err := s.root.Lstat(folder); err == nil && !info.IsDir() {
			return false
		}
	}
	return true
}

// Delete removes a file.
func (s *Store) Delete(_ context.Context, key string) error {
	if _, err := s.stat(key); err != nil {
		if errors.Is(err, blob.ErrNotFound) {
			return nil
		}
		return blob.Failed(err)
	}
	if err := s.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return blob.Failed(err)
	}
	return nil
}

// SignGet makes an address under /files/ that Serve answers.
func (s *Store) SignGet(_ context.Context, key string, d blob.Download, ttl time.Duration) (string, error) {
	if !valid(key) {
		return "", blob.Failed(fmt.Errorf("not a key: %q", key))
	}
	address := &url.URL{Path: Prefix + key}
	return s.origin + address.EscapedPath() + "?" + s.sign(key, d, s.now().Add(ttl)), nil
}
