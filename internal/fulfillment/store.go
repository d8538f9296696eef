package fulfillment

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"souk/internal/db"
)

const entitlementColumns = `e.id, e.customer_id, e.feature_key, e.source_type, e.source_reference, e.starts_at, e.ends_at, e.is_active, e.metadata,
	e.created_at, e.updated_at`

func scanEntitlement(scan db.Scan) (e Entitlement, err error) {
	err = scan(&e.ID, &e.CustomerID, &e.FeatureKey, &e.SourceType, &e.SourceReference, &e.StartsAt, &e.EndsAt, &e.IsActive, &e.Metadata,
		&e.CreatedAt, &e.UpdatedAt)
	return e, err
}

const (
	buyersEntitlements = ` FROM entitlements e JOIN customers c ON c.id = e.customer_id WHERE c.profile_id = $1`
	countsAt           = ` AND e.is_active AND e.starts_at <= $2 AND (e.ends_at IS NULL OR e.ends_at > $2)`
)

func entitlementsOfBuyer(ctx context.Context, q db.Q, buyer, before int64, limit int) ([]Entitlement, error) {
	return db.All(ctx, q, scanEntitlement,
		`SELECT `+entitlementColumns+buyersEntitlements+` AND e.id < $2 ORDER BY e.id DESC LIMIT $3`, buyer, before, limit)
}

func currentOfBuyer(ctx context.Context, q db.Q, buyer int64, now time.Time, before int64, limit int) ([]Entitlement, error) {
	return db.All(ctx, q, scanEntitlement,
		`SELECT `+entitlementColumns+buyersEntitlements+countsAt+` AND e.id < $3 ORDER BY e.id DESC LIMIT $4`, buyer, now, before, limit)
}

func currentFeatures(ctx context.Context, q db.Q, profileID int64, now time.Time) ([]string, error) {
	return db.All(ctx, q, db.Value[string],
		`SELECT e.feature_key`+buyersEntitlements+countsAt+` GROUP BY e.feature_key ORDER BY min(e.id)`, profileID, now)
}

// insertEntitlement leaves one that is there as it is.
func insertEntitlement(ctx context.Context, q db.Q, e Entitlement) error {
	_, err := q.Exec(ctx, `
		INSERT INTO entitlements (customer_id, feature_key, source_type, source_reference, starts_at, ends_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (customer_id, feature_key, source_type, source_reference) DO NOTHING`,
		e.CustomerID, e.FeatureKey, e.SourceType, e.SourceReference, e.StartsAt, e.EndsAt, e.CreatedAt)
	return err
}

func entitlementsBySource(ctx context.Context, q db.Q, g grantOf) ([]Entitlement, error) {
	return db.All(ctx, q, scanEntitlement, `
		SELECT `+entitlementColumns+` FROM entitlements e WHERE e.source_reference = $1 AND e.source_type = $2 AND e.customer_id = $3 ORDER BY e.id`,
		g.reference, g.sourceType, g.customerID)
}

func updateEntitlement(ctx context.Context, q db.Q, e Entitlement) error {
	_, err := q.Exec(ctx, `UPDATE entitlements SET is_active = $2, ends_at = $3, updated_at = $4 WHERE id = $1`, e.ID, e.IsActive, e.EndsAt, e.UpdatedAt)
	return err
}

func endExpired(ctx context.Context, q db.Q, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE entitlements SET is_active = FALSE, updated_at = $1 WHERE is_active AND ends_at <= $1`, now)
	return err
}

// purchase is what a subscription needs to know of the order that paid for it.
type purchase struct {
	publicID string
	keys     []string // the features that its item was sold with
	usable   bool     // the item is not refunded, and no dispute is open
}

func purchaseOf(ctx context.Context, q db.Q, orderItemID int64) (purchase, error) {
	return db.One(ctx, q, func(scan db.Scan) (p purchase, err error) {
		err = scan(&p.publicID, db.JSON(&p.keys), &p.usable)
		return p, err
	}, `
		SELECT o.public_id, i.feature_keys, o.status IN ('paid', 'fulfilled') AND i.refunded_quantity < i.quantity AND o.paused_at IS NULL
		FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.id = $1`, orderItemID)
}

func scanGrant(scan db.Scan) (g Grant, err error) {
	err = scan(&g.ID, &g.Token, &g.CustomerID, &g.AssetID, &g.AssetTitle, &g.VersionLabel, &g.FileSizeBytes, &g.ChecksumSHA256, &g.ProductSlug, &g.ProductName, &g.OrderItemID, &g.ExpiresAt, &g.MaxDownloads,
		&g.DownloadCount, &g.LastDownloadedAt, &g.IsActive, &g.CreatedAt, &g.UpdatedAt)
	return g, err
}

const grants = `
	SELECT g.id, g.token, g.customer_id, g.asset_id, a.title, a.version_label, a.file_size_bytes, a.checksum_sha256, p.slug, i.product_name_snapshot, g.order_item_id, g.expires_at, g.max_downloads,
		g.download_count, g.last_downloaded_at, g.is_active, g.created_at, g.updated_at
	FROM download_grants g JOIN customers c ON c.id = g.customer_id JOIN assets a ON a.id = g.asset_id JOIN products p ON p.id = a.product_id
		JOIN order_items i ON i.id = g.order_item_id`

const (
	buyersGrants = grants + ` WHERE c.profile_id = $1`
	usableAt     = ` AND g.asset_id = $2 AND g.is_active AND (g.expires_at IS NULL OR g.expires_at > $3)
		AND (g.max_downloads IS NULL OR g.download_count < g.max_downloads)`
)

func usableGrants(ctx context.Context, q db.Q, asset int64, now, from time.Time, after int64, limit int) ([]Grant, error) {
	return db.All(ctx, q, scanGrant, grants+` WHERE g.id > $1`+usableAt+` AND g.created_at <= $4 ORDER BY g.id LIMIT $5`, after, asset, now, from, limit)
}

func usableGrant(ctx context.Context, q db.Q, buyer, asset int64, now time.Time) (Grant, error) {
	return db.One(ctx, q, scanGrant, buyersGrants+usableAt+` ORDER BY g.max_downloads IS NOT NULL, g.max_downloads - g.download_count DESC, g.id LIMIT 1`,
		buyer, asset, now)
}

func grantsOfBuyer(ctx context.Context, q db.Q, buyer, before int64, limit int) ([]Grant, error) {
	return db.All(ctx, q, scanGrant, buyersGrants+` AND g.id < $2 ORDER BY g.id DESC LIMIT $3`, buyer, before, limit)
}

func grantsOfOrder(ctx context.Context, q db.Q, buyer int64, publicID string, limit int) ([]Grant, error) {
	return db.All(ctx, q, scanGrant, buyersGrants+` AND i.order_id = (SELECT o.id FROM orders o WHERE o.public_id = $2) ORDER BY g.id LIMIT $3`,
		buyer, publicID, limit)
}

func grantOfBuyer(ctx context.Context, q db.Q, buyer int64, token string) (Grant, error) {
	return db.One(ctx, q, scanGrant, buyersGrants+` AND g.token = $2`, buyer, token)
}

func activeByToken(ctx context.Context, q db.Q, token string) (bool, error) {
	return db.One(ctx, q, db.Value[bool], `SELECT is_active FROM download_grants WHERE token = $1`, token)
}

// raise counts one download, if the grant is the buyer's and lets it.
func raise(ctx context.Context, q db.Q, buyer int64, token string, now time.Time) (won bool, err error) {
	n, err := q.Exec(ctx, `
		UPDATE download_grants SET download_count = download_count + 1, last_downloaded_at = $3, updated_at = $3
		WHERE token = $1 AND customer_id = (SELECT id FROM customers WHERE profile_id = $2)
			AND is_active AND (expires_at IS NULL OR expires_at > $3) AND (max_downloads IS NULL OR download_count < max_downloads)`,
		token, buyer, now)
	return n == 1, err
}

// grantsAtOnce is how many rows one INSERT writes.
const grantsAtOnce = 100

// insertGrants leaves the grants that are there, by item and file, as they are.
func insertGrants(ctx context.Context, q db.Q, grants []Grant) error {
	for some := range slices.Chunk(grants, grantsAtOnce) {
		rows, args := make([]string, len(some)), []any{}
		for i, g := range some {
			n := 8 * i
			rows[i] = fmt.Sprintf("($%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5, n+6, n+7, n+8, n+8)
			args = append(args, g.Token, g.CustomerID, g.AssetID, g.OrderItemID, g.ExpiresAt, g.MaxDownloads, g.IsActive, g.CreatedAt)
		}
		_, err := q.Exec(ctx, `
			INSERT INTO download_grants (token, customer_id, asset_id, order_item_id, expires_at, max_downloads, is_active, created_at, updated_at)
			VALUES `+strings.Join(rows, ", ")+` ON CONFLICT (order_item_id, asset_id) DO NOTHING`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// limit3 is the limit $3 of a grant, or what was used of it already.
const limit3 = `CASE WHEN CAST($3 AS BIGINT) < download_count THEN download_count ELSE CAST($3 AS BIGINT) END`

// limitGrants switches the grants of an item on or off, and sets how often each may be used, nil for no limit: never below what it was.
func limitGrants(ctx context.Context, q db.Q, orderItemID int64, active bool, limit *int64, now time.Time) error {
	_, err := q.Exec(ctx, `
		UPDATE download_grants SET is_active = $2, max_downloads = `+limit3+`, updated_at = $4
		WHERE order_item_id = $1 AND (is_active <> $2 OR max_downloads <> `+limit3+`)`,
		orderItemID, active, limit, now)
	return err
}

// pastBuyers reads the items of a digital product that stand in fulfilled orders, by id, behind after.
func pastBuyers(ctx context.Context, q db.Q, productID, after int64, limit int) ([]bought, error) {
	return db.All(ctx, q, func(scan db.Scan) (b bought, err error) {
		err = scan(&b.itemID, &b.customerID, &b.productID, &b.units, &b.maxDownloads, &b.downloadDays, &b.paidAt, &b.paused)
		return b, err
	}, `
		SELECT i.id, o.customer_id, i.product_id, i.quantity - i.refunded_quantity, i.max_downloads, i.download_days, o.fulfilled_at, o.paused_at IS NOT NULL
		FROM order_items i JOIN orders o ON o.id = i.order_id
		WHERE i.product_id = $1 AND i.id > $2 AND i.product_type = 'digital' AND o.status = 'fulfilled' AND i.refunded_quantity < i.quantity
		ORDER BY i.id LIMIT $3`, productID, after, limit)
}
