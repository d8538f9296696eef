package catalog

import (
	"context"
	"time"

	"souk/internal/db"
)

const assetColumns = `a.id, a.product_id, a.title, a.file_path, a.content_key, a.file_size_bytes, a.checksum_sha256, a.version_label,
	a.is_active, a.metadata, a.created_at, a.updated_at`

func scanAsset(scan db.Scan) (a Asset, err error) {
	err = scan(&a.ID, &a.ProductID, &a.Title, &a.FilePath, &a.ContentKey, &a.FileSizeBytes, &a.ChecksumSHA256, &a.VersionLabel,
		&a.IsActive, &a.Metadata, &a.CreatedAt, &a.UpdatedAt)
	return a, err
}

const fromSellersAsset = ` FROM assets a JOIN products p ON p.id = a.product_id WHERE a.id = $1 AND p.seller_id = $2`

func sellersAsset(ctx context.Context, q db.Q, seller, id int64) (Asset, error) {
	return db.One(ctx, q, scanAsset, `SELECT `+assetColumns+fromSellersAsset, id, seller)
}

func lockSellersAsset(ctx context.Context, tx *db.Tx, seller, id int64) (Asset, error) {
	return db.One(ctx, tx, scanAsset, `SELECT `+assetColumns+fromSellersAsset+tx.ForUpdate(), id, seller)
}

// setContent writes what an upload changes, and makes the new key the seller's own.
func setContent(ctx context.Context, q db.Q, seller int64, a Asset) error {
	_, err := q.Exec(ctx, `UPDATE assets SET content_key = $2, file_size_bytes = $3, checksum_sha256 = $4, updated_at = $5 WHERE id = $1`,
		a.ID, a.ContentKey, a.FileSizeBytes, a.ChecksumSHA256, a.UpdatedAt)
	if err == nil {
		_, err = q.Exec(ctx, `INSERT INTO storage_key_owners (storage_key, seller_id) VALUES ($1, $2)`, a.ContentKey, seller)
	}
	return err
}

// discard notes that the object at key is nobody's, and goes after that time.
func discard(ctx context.Context, q db.Q, key string, after time.Time) error {
	_, err := q.Exec(ctx, `
		INSERT INTO storage_trash (storage_key, delete_after) VALUES ($1, $2)
		ON CONFLICT (storage_key) DO UPDATE SET delete_after = excluded.delete_after`, key, after)
	return err
}

// reclaim takes back an object that may not go before that time. false: it may go, or has gone.
func reclaim(ctx context.Context, q db.Q, key string, before time.Time) (bool, error) {
	n, err := q.Exec(ctx, `DELETE FROM storage_trash WHERE storage_key = $1 AND delete_after > $2`, key, before)
	return n == 1, err
}

func wasteSince(ctx context.Context, q db.Q, now time.Time, limit int) ([]string, error) {
	return db.All(ctx, q, db.Value[string],
		`SELECT storage_key FROM storage_trash WHERE delete_after <= $1 ORDER BY delete_after LIMIT $2`, now, limit)
}

// keyInUse says that an asset names the object. Only its own seller can have named it so, after it was discarded.
func keyInUse(ctx context.Context, q db.Q, key string) (bool, error) {
	used, err := db.All(ctx, q, db.Value[int64], `SELECT id FROM assets WHERE file_path = $1 LIMIT 1`, key)
	return len(used) > 0, err
}

func forgetWaste(ctx context.Context, q db.Q, key string) error {
	_, err := q.Exec(ctx, `DELETE FROM storage_trash WHERE storage_key = $1`, key)
	return err
}
