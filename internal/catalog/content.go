package catalog

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"
	"time"

	"souk/internal/blob"
	"souk/internal/db"
	"souk/internal/fault"
)

// maxUpload is how long an upload may take. What is in storage for longer without being anyone's is deleted.
const maxUpload = 24 * time.Hour

// sweepMargin keeps an upload that ends late and a sweep that begins early apart, on machines whose clocks differ.
const sweepMargin = 10 * time.Minute

// sweepAtMost is how many objects one Sweep deletes.
const sweepAtMost = 500

var (
	errChecksumForm = fault.InvalidField("header.X-Content-SHA256", "must be a SHA-256 in hex: 64 digits")
	errChecksum     = fault.InvalidField("header.X-Content-SHA256", "is not the SHA-256 of the body that came; the file was not changed")
	errNoContent    = fault.InvalidField("body", "must be the file; it is empty")
	errTooLong      = fault.New(fault.Timeout, "upload_too_long", "The upload took longer than a day. The file was not changed.")
)

// Content is a file as it is sent.
type Content struct {
	Body   io.Reader
	Size   int64  // bytes, or -1 when it is not known
	SHA256 string // what the sender says it is, in hex; empty when nothing is said
}

// PutContent stores a file as the content of the seller's asset, in place of the one before. The body is never held in
// memory. When it breaks off, is too large or is not what its checksum says, the old file stays; of several uploads at once
// the last to end wins, whole. Errors of the body are answered as they are.
func (s *Service) PutContent(ctx context.Context, sellerID, assetID int64, c Content) (Asset, error) {
	asset, err := sellersAsset(ctx, s.DB, sellerID, assetID)
	if err != nil {
		return Asset{}, db.NotFound(err, errNoAsset)
	}
	in := &intake{body: c.Body, hash: sha256.New(), max: s.MaxBytes, want: strings.ToLower(strings.TrimSpace(c.SHA256))}
	if digest, err := hex.DecodeString(in.want); err != nil || in.want != "" && len(digest) != sha256.Size {
		return Asset{}, errChecksumForm
	}
	if c.Size > s.MaxBytes {
		return Asset{}, tooLarge(s.MaxBytes)
	}
	// The object is noted as waste before it is there, so that none is forgotten whenever the process dies.
	key := contentKey(asset.FilePath)
	if err := discard(ctx, s.DB, key, s.Now().Add(maxUpload)); err != nil {
		return Asset{}, err
	}
	if err := s.Files.Put(ctx, key, in, c.Size); err != nil {
		return Asset{}, errors.Join(in.err, err)
	}
	err = s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		asset, err = s.useContent(ctx, tx, sellerID, assetID, key, in)
		return err
	})
	return asset, err
}

// useContent makes the object at key the asset's, and waste of the one before. That one stays for as long as an address of
// it may live.
func (s *Service) useContent(ctx context.Context, tx *db.Tx, sellerID, assetID int64, key string, in *intake) (Asset, error) {
	asset, err := lockSellersAsset(ctx, tx, sellerID, assetID)
	if err != nil {
		return Asset{}, db.NotFound(err, errNoAsset)
	}
	kept, err := reclaim(ctx, tx, key, s.Now().Add(sweepMargin))
	if err != nil {
		return Asset{}, err
	}
	if !kept {
		return Asset{}, errTooLong
	}
	if asset.ContentKey != "" {
		if err := discard(ctx, tx, asset.ContentKey, s.Now().Add(s.keepReplaced())); err != nil {
			return Asset{}, err
		}
	}
	before := asset
	asset.ContentKey, asset.FileSizeBytes, asset.ChecksumSHA256, asset.UpdatedAt = key, in.size, in.sum(), s.Now()
	if err := setContent(ctx, tx, sellerID, asset); err != nil {
		return Asset{}, err
	}
	return asset, s.reach(ctx, tx, asset, before)
}

// keepReplaced is how long an object that is nobody's any more must be kept.
func (s *Service) keepReplaced() time.Duration { return s.URLTTL + time.Hour }

// contentKey is a new key beside filePath, which nobody can guess. It has the extension of filePath if that is a plain one.
func contentKey(filePath string) string {
	ext := strings.ToLower(path.Ext(filePath))
	plain := strings.Trim(ext, ".abcdefghijklmnopqrstuvwxyz0123456789") == ""
	if !plain || len(ext) > 16 {
		ext = ""
	}
	return path.Join(path.Dir(filePath), strings.ToLower(rand.Text())+ext)
}

// SignContent makes an address from which anybody can load the file of an asset for a while, as long as grant stands. A file
// that storage does not have is a failure of storage.
func (s *Service) SignContent(ctx context.Context, a Asset, grant string) (string, error) {
	if _, err := s.Files.Stat(ctx, a.StorageKey()); errors.Is(err, blob.ErrNotFound) {
		return "", blob.ErrGone.Because(err)
	} else if err != nil {
		return "", err
	}
	d := blob.Download{FileName: path.Base(a.FilePath), Grant: grant}
	if a.ContentKey != "" { // what is there by other means may have another checksum than its record says
		d.SHA256 = a.ChecksumSHA256
	}
	return s.Files.SignGet(ctx, a.StorageKey(), d, s.URLTTL)
}

// Sweep deletes the stored objects that are nobody's and may go now, up to 500 of them. What cannot be deleted is tried
// again by the next one.
func (s *Service) Sweep(ctx context.Context) error {
	keys, err := wasteSince(ctx, s.DB, s.Now(), sweepAtMost)
	if err != nil {
		return err
	}
	var faults []error
	for _, key := range keys {
		if err := s.deleteWaste(ctx, key); err != nil {
			faults = append(faults, fmt.Errorf("delete %q from storage: %w", key, err))
		}
	}
	return errors.Join(faults...)
}

func (s *Service) deleteWaste(ctx context.Context, key string) error {
	used, err := keyInUse(ctx, s.DB, key)
	if err != nil {
		return err
	}
	if !used {
		if err := s.Files.Delete(ctx, key); err != nil {
			return err
		}
	}
	return forgetWaste(ctx, s.DB, key)
}

// intake counts and hashes a body on its way to storage, and fails it when it is not to be stored: so storage never
// gets to the end of it, and keeps nothing.
type intake struct {
	body io.Reader
	hash hash.Hash
	size int64
	max  int64
	want string
	err  error
}

func (i *intake) Read(p []byte) (int, error) {
	n, err := i.body.Read(p)
	_, _ = i.hash.Write(p[:n]) // never fails
	i.size += int64(n)
	ended := errors.Is(err, io.EOF)
	switch {
	case i.size > i.max:
		err = tooLarge(i.max)
	case ended && i.size == 0:
		err = errNoContent
	case ended && i.want != "" && i.want != i.sum():
		err = errChecksum
	}
	if err != nil && !errors.Is(err, io.EOF) {
		i.err = err
	}
	return n, err
}

func (i *intake) sum() string { return hex.EncodeToString(i.hash.Sum(nil)) }

func tooLarge(limit int64) error {
	return fault.Newf(fault.TooLarge, "file_too_large", "A file may have %d bytes at most.", limit)
}
