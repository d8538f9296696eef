-- +goose Up
CREATE TABLE products (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  seller_id        INTEGER NOT NULL REFERENCES profiles (id),
  name             TEXT NOT NULL,
  slug             TEXT NOT NULL UNIQUE,
  tagline          TEXT NOT NULL DEFAULT '',
  description      TEXT NOT NULL DEFAULT '',
  product_type     TEXT NOT NULL CHECK (product_type IN ('digital', 'service')),
  visibility       TEXT NOT NULL CHECK (visibility IN ('draft', 'published', 'archived')),
  feature_keys     TEXT NOT NULL DEFAULT '[]',
  max_downloads    INTEGER CHECK (max_downloads > 0),
  download_days    INTEGER CHECK (download_days > 0),
  chosen_price_id  INTEGER,           -- the seller's own choice
  shown_price_id   INTEGER,           -- what the public sees: the chosen, else the default, else the cheapest active price
  shown_price_cents INTEGER NOT NULL DEFAULT 9223372036854775807, -- its amount, for ordering; without a price the largest number
  sort_name        TEXT NOT NULL, -- the name, case folded
  search_text      TEXT NOT NULL,  -- name, tagline and description, case folded
  metadata         TEXT NOT NULL DEFAULT '{}',
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL
) STRICT;

CREATE INDEX products_seller ON products (seller_id, id);
CREATE INDEX products_public_newest ON products (created_at, id) WHERE visibility = 'published';
CREATE INDEX products_public_name ON products (sort_name, id) WHERE visibility = 'published';
CREATE INDEX products_public_price ON products (shown_price_cents, id) WHERE visibility = 'published';
CREATE INDEX products_public_dearest ON products ((CASE WHEN shown_price_cents = 9223372036854775807 THEN -1 ELSE shown_price_cents END), id)
  WHERE visibility = 'published';
CREATE INDEX products_typed_newest ON products (product_type, created_at, id) WHERE visibility = 'published';
CREATE INDEX products_typed_name ON products (product_type, sort_name, id) WHERE visibility = 'published';
CREATE INDEX products_typed_price ON products (product_type, shown_price_cents, id) WHERE visibility = 'published';
CREATE INDEX products_typed_dearest ON products (product_type, (CASE WHEN shown_price_cents = 9223372036854775807 THEN -1 ELSE shown_price_cents END), id)
  WHERE visibility = 'published';

CREATE TABLE prices (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id     INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  name           TEXT NOT NULL,
  amount_cents   INTEGER NOT NULL CHECK (amount_cents BETWEEN 0 AND 99999999),
  currency       TEXT NOT NULL CHECK (length(currency) = 3),
  billing_period TEXT NOT NULL CHECK (billing_period IN ('one_time', 'monthly', 'yearly')),
  clerk_plan_id  TEXT NOT NULL DEFAULT '',
  clerk_price_id TEXT NOT NULL DEFAULT '',
  is_active      INTEGER NOT NULL DEFAULT TRUE CHECK (is_active IN (0, 1)),
  is_default     INTEGER NOT NULL DEFAULT FALSE CHECK (is_default IN (0, 1)),
  metadata       TEXT NOT NULL DEFAULT '{}',
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  CHECK (is_active OR NOT is_default)
) STRICT;

CREATE INDEX prices_product ON prices (product_id, id);
CREATE UNIQUE INDEX prices_one_default ON prices (product_id) WHERE is_default;
CREATE INDEX prices_clerk_plan ON prices (clerk_plan_id) WHERE clerk_plan_id <> '';
CREATE UNIQUE INDEX prices_clerk_price ON prices (clerk_price_id) WHERE clerk_price_id <> '';

-- A Clerk plan, and a key in the bucket, belong to the seller that named them first.
CREATE TABLE clerk_plan_owners (
  clerk_plan_id TEXT PRIMARY KEY,
  seller_id     INTEGER NOT NULL REFERENCES profiles (id)
) STRICT;

CREATE TABLE storage_key_owners (
  storage_key TEXT PRIMARY KEY,
  seller_id   INTEGER NOT NULL REFERENCES profiles (id)
) STRICT;

CREATE TABLE assets (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id      INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
  title           TEXT NOT NULL,
  file_path       TEXT NOT NULL,
  content_key     TEXT NOT NULL DEFAULT '', -- where the last upload lies; empty: at file_path, put there by other means
  file_size_bytes INTEGER NOT NULL DEFAULT 0 CHECK (file_size_bytes >= 0),
  checksum_sha256 TEXT NOT NULL DEFAULT '',
  version_label   TEXT NOT NULL DEFAULT '',
  is_active       INTEGER NOT NULL DEFAULT TRUE CHECK (is_active IN (0, 1)),
  metadata        TEXT NOT NULL DEFAULT '{}',
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX assets_product ON assets (product_id, id);
CREATE INDEX assets_file_path ON assets (file_path);

-- Objects that nothing refers to yet, or any more: deleted from storage once delete_after has passed.
CREATE TABLE storage_trash (
  storage_key  TEXT PRIMARY KEY,
  delete_after INTEGER NOT NULL
) STRICT;

CREATE TABLE service_offers (
  id                      INTEGER PRIMARY KEY AUTOINCREMENT,
  product_id              INTEGER NOT NULL UNIQUE REFERENCES products (id) ON DELETE CASCADE,
  session_minutes         INTEGER NOT NULL CHECK (session_minutes > 0),
  delivery_days           INTEGER CHECK (delivery_days > 0),
  revision_count          INTEGER NOT NULL DEFAULT 0 CHECK (revision_count >= 0),
  onboarding_instructions TEXT NOT NULL DEFAULT '',
  metadata                TEXT NOT NULL DEFAULT '{}',
  created_at              INTEGER NOT NULL,
  updated_at              INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE service_offers;
DROP TABLE storage_trash;
DROP TABLE assets;
DROP TABLE storage_key_owners;
DROP TABLE clerk_plan_owners;
DROP TABLE prices;
DROP TABLE products;
