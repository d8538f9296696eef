package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"unicode"

	"souk/internal/db"
	"souk/internal/fault"
)

// AssetChange says what to write; a nil field keeps its value.
type AssetChange struct {
	Title, FilePath, ChecksumSHA256, VersionLabel *string
	FileSizeBytes                                 *int64
	IsActive                                      *bool
	Metadata                                      json.RawMessage
}

const (
	maxFilePath = 255
	maxAssets   = 200
)

// apply writes the change. What an upload measured cannot be told otherwise: size and checksum then stay.
func (c AssetChange) apply(a *Asset) error {
	var checks fault.Checks
	checks.Text("body.title", c.Title, &a.Title, 1, 200)
	checks.Text("body.version_label", c.VersionLabel, &a.VersionLabel, 0, 100)
	if c.FilePath != nil {
		a.FilePath = strings.TrimSpace(*c.FilePath)
		checks.Add(validPath(a.FilePath), "body.file_path", "must be a relative path of at most 255 bytes, "+
			"such as guides/start.pdf, without .., backslashes, percent-encoding and control characters")
	}
	if a.ContentKey == "" {
		set(c.FileSizeBytes, &a.FileSizeBytes)
		checks.Add(a.FileSizeBytes >= 0, "body.file_size_bytes", "must not be negative")
		if c.ChecksumSHA256 != nil {
			a.ChecksumSHA256 = strings.ToLower(strings.TrimSpace(*c.ChecksumSHA256))
			checks.Add(a.ChecksumSHA256 == "" || ValidSHA256(a.ChecksumSHA256), "body.checksum_sha256", "must be 64 hexadecimal digits")
		}
	}
	set(c.IsActive, &a.IsActive)
	if c.Metadata != nil {
		a.Metadata = c.Metadata
	}
	return checks.Err()
}

// validPath: what blob.ValidKey takes, and no form that a proxy or another system might read as something else.
func validPath(p string) bool {
	return fs.ValidPath(p) && p != "." && len(p) <= maxFilePath && !strings.Contains(p, "://") && !encoded.MatchString(p) &&
		!strings.ContainsFunc(p, func(r rune) bool { return r == '\\' || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
}

// encoded is a dot, slash, backslash, percent sign or control character in the encoding of an address.
var encoded = regexp.MustCompile(`(?i)%(2[ef5]|5c|[01][0-9a-f]|7f)`)

// ValidSHA256 says that text is a SHA-256 in lower-case hex.
func ValidSHA256(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// SellerPrefix is where the storage keys of a seller lie.
func SellerPrefix(seller int64) string { return fmt.Sprintf("seller-%d/", seller) }

// CreateAsset adds the record of a file to seller's product.
func (s *Service) CreateAsset(ctx context.Context, seller, productID int64, c AssetChange) (a Asset, err error) {
	a = Asset{ProductID: productID, IsActive: true, Metadata: json.RawMessage("{}"), CreatedAt: s.Now(), UpdatedAt: s.Now()}
	if err := c.apply(&a); err != nil {
		return Asset{}, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := lockProduct(ctx, tx, seller, productID); err != nil {
			return db.NotFound(err, errNoProduct)
		}
		n, err := countAssets(ctx, tx, productID)
		if err != nil {
			return err
		}
		if n >= maxAssets {
			return fault.New(fault.Conflict, "too_many_assets", "A product has at most 200 files.")
		}
		if err := s.claimKey(ctx, tx, seller, a.FilePath); err != nil {
			return err
		}
		if a.ID, err = insertAsset(ctx, tx, a); err != nil {
			return err
		}
		return s.reach(ctx, tx, a, Asset{})
	})
	return a, err
}

// UpdateAsset writes the given fields of a file's record of seller's.
func (s *Service) UpdateAsset(ctx context.Context, seller, id int64, c AssetChange) (a Asset, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if a, err = lockSellersAsset(ctx, tx, seller, id); err != nil {
			return db.NotFound(err, errNoAsset)
		}
		before := a
		if err := c.apply(&a); err != nil {
			return err
		}
		if a.FilePath != before.FilePath {
			if err := s.claimKey(ctx, tx, seller, a.FilePath); err != nil {
				return err
			}
		}
		a.UpdatedAt = s.Now()
		if err := updateAsset(ctx, tx, a); err != nil {
			return err
		}
		return s.reach(ctx, tx, a, before)
	})
	return a, err
}

// reach gives a file that became part of a product to those who bought that before, and tells of its content if it is another one.
func (s *Service) reach(ctx context.Context, tx *db.Tx, a, before Asset) error {
	if !a.IsActive {
		return nil
	}
	if !before.IsActive && s.AssetAdded != nil {
		if err := s.AssetAdded(ctx, tx, a); err != nil {
			return err
		}
	}
	news := a.ChecksumSHA256 != "" && (!before.IsActive || before.ChecksumSHA256 != a.ChecksumSHA256)
	if !news || s.ContentAdded == nil {
		return nil
	}
	return s.ContentAdded(ctx, tx, a)
}

// DeleteAsset removes a file's record. One that buyers hold is made inactive instead: they keep it, new buyers do not get it.
func (s *Service) DeleteAsset(ctx context.Context, seller, id int64) error {
	return s.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := lockSellersAsset(ctx, tx, seller, id)
		if err != nil {
			return db.NotFound(err, errNoAsset)
		}
		return s.removeOr(ctx, func(ctx context.Context, tx *db.Tx) error {
			if a.ContentKey != "" {
				if err := discard(ctx, tx, a.ContentKey, s.Now().Add(s.keepReplaced())); err != nil {
					return err
				}
			}
			return deleteAsset(ctx, tx, id)
		}, func() error {
			a.IsActive, a.UpdatedAt = false, s.Now()
			return updateAsset(ctx, tx, a)
		})
	})
}

// claimKey makes key the seller's for good, or refuses when it is another's.
func (s *Service) claimKey(ctx context.Context, tx *db.Tx, seller int64, key string) error {
	owner, err := keyOwner(ctx, tx, key)
	if errors.Is(err, db.ErrNoRows) {
		if s.OwnPrefix && !strings.HasPrefix(key, SellerPrefix(seller)) {
			return fault.InvalidField("body.file_path", "must start with "+SellerPrefix(seller))
		}
		owner, err = claim(ctx, tx, "storage_key_owners", "storage_key", key, seller)
	}
	if err == nil && owner != seller {
		err = fault.New(fault.Conflict, "file_path_taken", "That file_path belongs to another seller.")
	}
	return err
}

// Asset gives a file's record of seller's.
func (s *Service) Asset(ctx context.Context, seller, id int64) (Asset, error) {
	a, err := sellersAsset(ctx, s.DB, seller, id)
	return a, db.NotFound(err, errNoAsset)
}

// Assets gives the files of seller's product, newest first, with ids below before.
func (s *Service) Assets(ctx context.Context, seller, productID, before int64, limit int) ([]Asset, error) {
	if _, err := s.Product(ctx, seller, productID); err != nil {
		return nil, err
	}
	return assetPage(ctx, s.DB, productID, before, limit)
}

// AnyAsset gives a file's record, whoever sells it: for those who bought it.
func (s *Service) AnyAsset(ctx context.Context, q db.Q, id int64) (Asset, error) {
	a, err := assetByID(ctx, q, id)
	return a, db.NotFound(err, errNoAsset)
}

// ActiveAssets gives the files that a buyer of the product gets. A file that is added at the same time is among them, or
// AssetAdded is called once tx is committed: never neither.
func (s *Service) ActiveAssets(ctx context.Context, tx *db.Tx, productID int64) ([]Asset, error) {
	return assetsOfProduct(ctx, tx, productID)
}
