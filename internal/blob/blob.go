// Package blob keeps the files that are sold: objects of bytes, each under a key. It owns what every storage promises and
// how a download is named to a browser. It knows no product and no buyer, and never decides who may have a file.
package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"
	"unicode"

	"souk/internal/fault"
)

// Store is one storage. Every error but ErrNotFound is one of the faults below; errors.Is finds the error of a body behind it,
// and a body's own fault is answered as it is.
type Store interface {
	// Put stores what body gives under key: whole, or not at all when body fails or ctx ends. An object of that key is
	// replaced. size is the length in bytes, or -1 when it is not known.
	Put(ctx context.Context, key string, body io.Reader, size int64) error
	// Stat describes an object, or answers ErrNotFound.
	Stat(ctx context.Context, key string) (Info, error)
	// Delete removes an object. One that is not there is no error.
	Delete(ctx context.Context, key string) error
	// SignGet makes an address from which anybody can load the object until ttl is over. It does not ask whether the
	// object exists.
	SignGet(ctx context.Context, key string, d Download, ttl time.Duration) (string, error)
}

// Info describes an object.
type Info struct {
	Size     int64 // bytes
	Modified time.Time
}

// Download is what a signed address says beside the key.
type Download struct {
	FileName string // how the browser names the file; any text
	Grant    string // who was given the address, so that a storage of ours can refuse it when that is taken back
	SHA256   string // of the bytes in hex, if the shop itself took it; else empty
}

// ErrNotFound is the answer of Stat when there is no such object.
var ErrNotFound = errors.New("no such object in storage")

// The faults of a storage.
var (
	ErrFailed        = fault.New(fault.Upstream, "storage_failed", "The file storage failed. Nothing was changed; try again shortly.")
	ErrGone          = fault.New(fault.Upstream, "file_missing", "The file is not in storage. No download was counted; tell the seller to upload it again.")
	ErrTooLarge      = fault.New(fault.TooLarge, "storage_too_large", "The storage takes no file as large as this one: its own limit is lower than the shop's.")
	ErrNoBucket      = fault.New(fault.Unavailable, "storage_bucket_missing", "The file storage has no bucket of the name that is configured.")
	ErrNotConfigured = fault.New(fault.Unavailable, "storage_not_configured", "This shop has no file storage.")
)

// Failed is ErrFailed with err as its cause; nil, ErrNotFound and faults stay what they are.
func Failed(err error) error {
	var f *fault.Error
	if err == nil || errors.Is(err, ErrNotFound) || errors.As(err, &f) {
		return err
	}
	return ErrFailed.Because(err)
}

// ValidKey says that key can name an object: up to 1024 bytes of UTF-8, parted by single slashes, without "." and ".." parts,
// backslashes and control characters.
func ValidKey(key string) bool {
	return fs.ValidPath(key) && key != "." && len(key) <= 1024 && !strings.ContainsFunc(key, func(r rune) bool {
		return r == '\\' || unicode.IsControl(r)
	})
}

// None is the storage of a shop that has none.
type None struct{}

// Put answers ErrNotConfigured.
func (None) Put(context.Context, string, io.Reader, int64) error { return ErrNotConfigured }

// Stat answers ErrNotConfigured.
func (None) Stat(context.Context, string) (Info, error) { return Info{}, ErrNotConfigured }

// Delete answers ErrNotConfigured.
func (None) Delete(context.Context, string) error { return ErrNotConfigured }

// SignGet answers ErrNotConfigured.
func (None) SignGet(context.Context, string, Download, time.Duration) (string, error) {
	return "", ErrNotConfigured
}
