package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"souk/internal/db"
	"souk/internal/slug"
)

const productColumns = `p.id, p.seller_id, p.name, p.slug, p.tagline, p.description, p.product_type, p.visibility, p.feature_keys, p.max_downloads,
	p.download_days, p.chosen_price_id, p.shown_price_id, p.shown_price_cents, p.sort_name, p.metadata, p.created_at, p.updated_at`

func productFields(p *Product) []any {
	return []any{
		&p.ID, &p.SellerID, &p.Name, &p.Slug, &p.Tagline, &p.Description, &p.ProductType, &p.Visibility, db.JSON(&p.FeatureKeys), &p.MaxDownloads,
		&p.DownloadDays, &p.ChosenPriceID, &p.ShownPriceID, &p.shownCents, &p.sortName, &p.Metadata, &p.CreatedAt, &p.UpdatedAt,
	}
}

func scanProduct(scan db.Scan) (p Product, err error) {
	err = scan(productFields(&p)...)
	return p, err
}

func productOf(ctx context.Context, q db.Q, seller, id int64) (Product, error) {
	return db.One(ctx, q, scanProduct, `SELECT `+productColumns+` FROM products p WHERE p.seller_id = $1 AND p.id = $2`, seller, id)
}

func lockProduct(ctx context.Context, tx *db.Tx, seller, id int64) (Product, error) {
	return db.One(ctx, tx, scanProduct, `SELECT `+productColumns+` FROM products p WHERE p.seller_id = $1 AND p.id = $2`+tx.ForUpdate(), seller, id)
}

func productByID(ctx context.Context, q db.Q, id int64) (Product, error) {
	return db.One(ctx, q, scanProduct, `SELECT `+productColumns+` FROM products p WHERE p.id = $1`, id)
}

func productsOf(ctx context.Context, q db.Q, seller, before int64, limit int) ([]Product, error) {
	return db.All(ctx, q, scanProduct,
		`SELECT `+productColumns+` FROM products p WHERE p.seller_id = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3`, seller, before, limit)
}

func publishedBySlug(ctx context.Context, q db.Q, text string) (Product, error) {
	return db.One(ctx, q, scanProduct, `SELECT `+productColumns+` FROM products p WHERE p.slug = $1 AND p.visibility = 'published'`, text)
}

// dearness orders by price from the dearest on: a product without a price is then the last as well. The indexes name it so.
const dearness = "CASE WHEN shown_price_cents = 9223372036854775807 THEN -1 ELSE shown_price_cents END"

// publicProducts walks the index of its order, products_public_… or, with a type, products_typed_…. PostgreSQL starts a page
// where (key, id) > ($1, $2) says. SQLite would use the key of that alone, and walk all that share it: there it is first
// the products with the very key of the last one that was given, then those beyond.
func publicProducts(ctx context.Context, d *db.DB, f listing, after *Position, limit int) ([]Product, error) {
	read := func(compare string, limit int) ([]Product, error) {
		query, args := f.query(compare, after, limit)
		products, err := db.All(ctx, d, scanProduct, query, args...)
		return products[:min(limit, len(products))], err
	}
	if after == nil || d.Engine == db.Postgres {
		return read("", limit)
	}
	products, err := read("=", limit)
	if err != nil || len(products) == limit {
		return products, err
	}
	more, err := read(f.order.beyond(), limit-len(products))
	return append(products, more...), err
}

// pageSizes are the LIMITs that stand in the SQL, the next above what is asked for. As a constant, PostgreSQL keeps one plan
// for the statement; as a parameter it would plan each page anew.
var pageSizes = []int{25, 51, 101, 201}

func pageSize(limit int) int {
	for _, size := range pageSizes {
		if size >= limit {
			return size
		}
	}
	return limit
}

// listing is what the public list shows, and how it is ordered.
type listing struct {
	productType string
	words       []string // folded
	order       Order
}

func (o Order) beyond() string {
	if o.Descending {
		return "<"
	}
	return ">"
}

func (o Order) column() string {
	if o.By == "price" && o.Descending {
		return dearness
	}
	return map[string]string{"created_at": "created_at", "name": "sort_name", "price": "shown_price_cents"}[o.By]
}

// query gives the products whose key compares like that ("=", "<" or ">") with after's; with "=" those beyond its id. Without
// a comparison: all that are behind after.
func (f listing) query(compare string, after *Position, limit int) (query string, args []any) {
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	column, direction := f.order.column(), "ASC"
	if f.order.Descending {
		direction = "DESC"
	}
	where, by := "visibility = 'published'", fmt.Sprintf("%s %s, id %s", column, direction, direction)
	if f.productType != "" {
		where += " AND product_type = " + arg(f.productType)
	}
	for _, word := range f.words {
		where += ` AND search_text LIKE ` + arg("%"+escapeLike.Replace(word)+"%") + ` ESCAPE '!'`
	}
	if after != nil {
		var key any = after.Number
		if f.order.By == "name" {
			key = after.Text
		}
		if compare == "" {
			where += fmt.Sprintf(" AND (%s, id) %s (%s, %s)", column, f.order.beyond(), arg(key), arg(after.ID))
		} else {
			where += fmt.Sprintf(" AND %s %s %s", column, compare, arg(key))
		}
	}
	if compare == "=" {
		where += fmt.Sprintf(" AND id %s %s", f.order.beyond(), arg(after.ID))
		by = "id " + direction
	}
	return fmt.Sprintf(`SELECT %s FROM products p WHERE %s ORDER BY %s LIMIT %d`, productColumns, where, by, pageSize(limit)), args
}

var escapeLike = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// freeSlug is base, or base with a number that makes it free.
func freeSlug(ctx context.Context, q db.Q, base string) (string, error) {
	return slug.Free(base, func(text string) (bool, error) {
		rows, err := db.All(ctx, q, db.Value[int64], `SELECT id FROM products WHERE slug = $1`, text)
		return len(rows) > 0, err
	})
}

func searchText(p Product) string { return fold(p.Name + "\n" + p.Tagline + "\n" + p.Description) }

func insertProduct(ctx context.Context, q db.Q, p Product) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `
		INSERT INTO products (seller_id, name, slug, tagline, description, product_type, visibility, feature_keys, max_downloads, download_days,
			sort_name, search_text, metadata, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14) RETURNING id`,
		p.SellerID, p.Name, p.Slug, p.Tagline, p.Description, p.ProductType, p.Visibility, db.JSON(p.FeatureKeys), p.MaxDownloads, p.DownloadDays,
		p.sortName, searchText(p), p.Metadata, p.CreatedAt)
}

func updateProduct(ctx context.Context, q db.Q, p Product) error {
	_, err := q.Exec(ctx, `
		UPDATE products SET name = $2, slug = $3, tagline = $4, description = $5, product_type = $6, visibility = $7, feature_keys = $8,
			max_downloads = $9, download_days = $10, sort_name = $11, search_text = $12, metadata = $13, updated_at = $14
		WHERE id = $1`,
		p.ID, p.Name, p.Slug, p.Tagline, p.Description, p.ProductType, p.Visibility, db.JSON(p.FeatureKeys),
		p.MaxDownloads, p.DownloadDays, p.sortName, searchText(p), p.Metadata, p.UpdatedAt)
	return err
}

// setPrices writes which price is chosen and which is shown.
func setPrices(ctx context.Context, q db.Q, p Product) error {
	_, err := q.Exec(ctx, `UPDATE products SET chosen_price_id = $2, shown_price_id = $3, shown_price_cents = $4 WHERE id = $1`,
		p.ID, p.ChosenPriceID, p.ShownPriceID, p.shownCents)
	return err
}

func deleteProduct(ctx context.Context, q db.Q, id int64) error {
	_, err := q.Exec(ctx, `DELETE FROM products WHERE id = $1`, id)
	return err
}

const priceColumns = `r.id, r.product_id, r.name, r.amount_cents, r.currency, r.billing_period, r.clerk_plan_id, r.clerk_price_id, r.is_active,
	r.is_default, r.metadata, r.created_at, r.updated_at`

func priceFields(p *Price) []any {
	return []any{
		&p.ID, &p.ProductID, &p.Name, &p.AmountCents, &p.Currency, &p.BillingPeriod, &p.ClerkPlanID, &p.ClerkPriceID, &p.IsActive,
		&p.IsDefault, &p.Metadata, &p.CreatedAt, &p.UpdatedAt,
	}
}

func scanPrice(scan db.Scan) (p Price, err error) {
	err = scan(priceFields(&p)...)
	return p, err
}

func priceOf(ctx context.Context, q db.Q, seller, id int64) (Price, error) {
	return db.One(ctx, q, scanPrice,
		`SELECT `+priceColumns+` FROM prices r JOIN products p ON p.id = r.product_id WHERE p.seller_id = $1 AND r.id = $2`, seller, id)
}

func pricesOfProduct(ctx context.Context, q db.Q, productID int64, activeOnly bool) ([]Price, error) {
	return db.All(ctx, q, scanPrice,
		`SELECT `+priceColumns+` FROM prices r WHERE r.product_id = $1 AND (r.is_active OR NOT $2) ORDER BY r.id`, productID, activeOnly)
}

func pricePage(ctx context.Context, q db.Q, productID, before int64, limit int) ([]Price, error) {
	return db.All(ctx, q, scanPrice,
		`SELECT `+priceColumns+` FROM prices r WHERE r.product_id = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3`, productID, before, limit)
}

func planPrice(ctx context.Context, q db.Q, p Plan) (Price, error) {
	return db.One(ctx, q, scanPrice, `SELECT `+priceColumns+` FROM prices r
		WHERE ($1 <> '' AND r.clerk_price_id = $1)
			OR ($2 <> '' AND r.clerk_plan_id = $2 AND r.billing_period <> 'one_time' AND ($3 = '' OR r.billing_period = $3))
		ORDER BY CASE WHEN r.clerk_price_id = $1 AND $1 <> '' THEN 0 ELSE 1 END, r.is_active DESC, r.id LIMIT 1`, p.PriceID, p.PlanID, p.Period)
}

func featureKeys(ctx context.Context, q db.Q, productID int64) (keys []string, err error) {
	return db.One(ctx, q, func(scan db.Scan) (keys []string, err error) {
		err = scan(db.JSON(&keys))
		return keys, err
	}, `SELECT feature_keys FROM products WHERE id = $1`, productID)
}

func insertPrice(ctx context.Context, q db.Q, p Price) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `
		INSERT INTO prices (product_id, name, amount_cents, currency, billing_period, clerk_plan_id, clerk_price_id, is_active, is_default,
			metadata, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) RETURNING id`,
		p.ProductID, p.Name, p.AmountCents, p.Currency, p.BillingPeriod, p.ClerkPlanID, p.ClerkPriceID, p.IsActive, p.IsDefault,
		p.Metadata, p.CreatedAt)
}

func updatePrice(ctx context.Context, q db.Q, p Price) error {
	_, err := q.Exec(ctx, `
		UPDATE prices SET name = $2, amount_cents = $3, currency = $4, billing_period = $5, clerk_plan_id = $6, clerk_price_id = $7,
			is_active = $8, is_default = $9, metadata = $10, updated_at = $11
		WHERE id = $1`,
		p.ID, p.Name, p.AmountCents, p.Currency, p.BillingPeriod, p.ClerkPlanID, p.ClerkPriceID, p.IsActive, p.IsDefault, p.Metadata, p.UpdatedAt)
	return err
}

func clearDefault(ctx context.Context, q db.Q, productID, except int64, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE prices SET is_default = FALSE, updated_at = $3 WHERE product_id = $1 AND is_default AND id <> $2`,
		productID, except, now)
	return err
}

func deletePrice(ctx context.Context, q db.Q, id int64) error {
	_, err := q.Exec(ctx, `DELETE FROM prices WHERE id = $1`, id)
	return err
}

// claim makes key the seller's in a table of owners, unless it is somebody's, and gives the owner.
func claim(ctx context.Context, q db.Q, table, column, key string, seller int64) (owner int64, err error) {
	_, err = q.Exec(ctx, `INSERT INTO `+table+` (`+column+`, seller_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, key, seller)
	if err != nil {
		return 0, err
	}
	return db.One(ctx, q, db.Value[int64], `SELECT seller_id FROM `+table+` WHERE `+column+` = $1`, key)
}

func keyOwner(ctx context.Context, q db.Q, key string) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `SELECT seller_id FROM storage_key_owners WHERE storage_key = $1`, key)
}

// offers reads active prices of published products, by the price's id.
func offers(ctx context.Context, q db.Q, priceIDs []int64) (map[int64]Offer, error) {
	in, args := db.In(priceIDs)
	found, err := db.All(ctx, q, func(scan db.Scan) (o Offer, err error) {
		err = scan(append(productFields(&o.Product), priceFields(&o.Price)...)...)
		return o, err
	}, `SELECT `+productColumns+`, `+priceColumns+` FROM prices r JOIN products p ON p.id = r.product_id
		WHERE r.id IN (`+in+`) AND r.is_active AND p.visibility = 'published'`, args...)
	byID := map[int64]Offer{}
	for _, o := range found {
		byID[o.Price.ID] = o
	}
	return byID, err
}

func shownPrices(ctx context.Context, q db.Q, products []Product) (map[int64]Price, error) {
	var ids []int64
	for _, p := range products {
		if p.ShownPriceID != nil {
			ids = append(ids, *p.ShownPriceID)
		}
	}
	in, args := db.In(ids)
	prices, err := db.All(ctx, q, scanPrice, `SELECT `+priceColumns+` FROM prices r WHERE r.id IN (`+in+`)`, args...)
	shown := map[int64]Price{}
	for _, p := range prices {
		shown[p.ProductID] = p
	}
	return shown, err
}

func partsOf(ctx context.Context, q db.Q, productIDs []int64, publicOnly bool) (map[int64]Parts, error) {
	in, args := db.In(productIDs)
	active := ""
	if publicOnly {
		active = " AND is_active"
	}
	parts := map[int64]Parts{}
	prices, err := db.All(ctx, q, scanPrice, `SELECT `+priceColumns+` FROM prices r WHERE r.product_id IN (`+in+`)`+active+` ORDER BY r.id`, args...)
	if err != nil {
		return nil, err
	}
	for _, p := range prices {
		part := parts[p.ProductID]
		part.Prices = append(part.Prices, p)
		parts[p.ProductID] = part
	}
	assets, err := db.All(ctx, q, scanAsset, `SELECT `+assetColumns+` FROM assets a WHERE a.product_id IN (`+in+`)`+active+` ORDER BY a.id`, args...)
	if err != nil {
		return nil, err
	}
	for _, a := range assets {
		part := parts[a.ProductID]
		part.Assets = append(part.Assets, a)
		parts[a.ProductID] = part
	}
	found, err := db.All(ctx, q, scanOffer, `SELECT `+offerColumns+` FROM service_offers WHERE product_id IN (`+in+`)`, args...)
	for _, o := range found {
		part := parts[o.ProductID]
		part.Offer = &o
		parts[o.ProductID] = part
	}
	return parts, err
}

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

// discardOfProduct discards the uploads of all the product's assets.
func discardOfProduct(ctx context.Context, q db.Q, product int64, after time.Time) error {
	_, err := q.Exec(ctx, `
		INSERT INTO storage_trash (storage_key, delete_after)
		SELECT content_key, CAST($2 AS BIGINT) FROM assets WHERE product_id = $1 AND content_key <> ''`, product, after)
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

func assetByID(ctx context.Context, q db.Q, id int64) (Asset, error) {
	return db.One(ctx, q, scanAsset, `SELECT `+assetColumns+` FROM assets a WHERE a.id = $1`, id)
}

// assetsOfProduct locks the product against changes: a file is added before it, and is read here, or behind it.
func assetsOfProduct(ctx context.Context, tx *db.Tx, productID int64) ([]Asset, error) {
	if _, err := db.All(ctx, tx, db.Value[int64], `SELECT id FROM products WHERE id = $1`+tx.ForShare(), productID); err != nil {
		return nil, err
	}
	return db.All(ctx, tx, scanAsset, `SELECT `+assetColumns+` FROM assets a WHERE a.product_id = $1 AND a.is_active ORDER BY a.id`, productID)
}

func assetPage(ctx context.Context, q db.Q, productID, before int64, limit int) ([]Asset, error) {
	return db.All(ctx, q, scanAsset,
		`SELECT `+assetColumns+` FROM assets a WHERE a.product_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3`, productID, before, limit)
}

func countAssets(ctx context.Context, q db.Q, productID int64) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `SELECT count(*) FROM assets WHERE product_id = $1`, productID)
}

func insertAsset(ctx context.Context, q db.Q, a Asset) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `
		INSERT INTO assets (product_id, title, file_path, file_size_bytes, checksum_sha256, version_label, is_active, metadata, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING id`,
		a.ProductID, a.Title, a.FilePath, a.FileSizeBytes, a.ChecksumSHA256, a.VersionLabel, a.IsActive, a.Metadata, a.CreatedAt)
}

func updateAsset(ctx context.Context, q db.Q, a Asset) error {
	_, err := q.Exec(ctx, `
		UPDATE assets SET title = $2, file_path = $3, file_size_bytes = $4, checksum_sha256 = $5, version_label = $6, is_active = $7,
			metadata = $8, updated_at = $9
		WHERE id = $1`,
		a.ID, a.Title, a.FilePath, a.FileSizeBytes, a.ChecksumSHA256, a.VersionLabel, a.IsActive, a.Metadata, a.UpdatedAt)
	return err
}

func deleteAsset(ctx context.Context, q db.Q, id int64) error {
	_, err := q.Exec(ctx, `DELETE FROM assets WHERE id = $1`, id)
	return err
}

const offerColumns = `id, product_id, session_minutes, timezone, delivery_days, revision_count, onboarding_instructions, metadata, created_at, updated_at`

func scanOffer(scan db.Scan) (o ServiceOffer, err error) {
	err = scan(&o.ID, &o.ProductID, &o.SessionMinutes, &o.Timezone, &o.DeliveryDays, &o.RevisionCount, &o.OnboardingInstructions, &o.Metadata,
		&o.CreatedAt, &o.UpdatedAt)
	return o, err
}

func offerOfProduct(ctx context.Context, q db.Q, productID int64) (ServiceOffer, error) {
	return db.One(ctx, q, scanOffer, `SELECT `+offerColumns+` FROM service_offers WHERE product_id = $1`, productID)
}

func offerByID(ctx context.Context, q db.Q, id int64) (ServiceOffer, error) {
	return db.One(ctx, q, scanOffer, `SELECT `+offerColumns+` FROM service_offers WHERE id = $1`, id)
}

func insertOffer(ctx context.Context, q db.Q, productID, minutes int64, now time.Time) error {
	_, err := q.Exec(ctx, `
		INSERT INTO service_offers (product_id, session_minutes, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT (product_id) DO NOTHING`,
		productID, minutes, now)
	return err
}

func updateOffer(ctx context.Context, q db.Q, o ServiceOffer) error {
	_, err := q.Exec(ctx, `
		UPDATE service_offers SET session_minutes = $2, delivery_days = $3, revision_count = $4, onboarding_instructions = $5, metadata = $6,
			updated_at = $7, timezone = $8
		WHERE id = $1`,
		o.ID, o.SessionMinutes, o.DeliveryDays, o.RevisionCount, o.OnboardingInstructions, o.Metadata, o.UpdatedAt, o.Timezone)
	return err
}

func archiveOf(ctx context.Context, q db.Q, seller int64, now time.Time) (archived int64, err error) {
	return q.Exec(ctx, `UPDATE products SET visibility = 'archived', updated_at = $2 WHERE seller_id = $1 AND visibility = 'published'`, seller, now)
}
