-- +goose Up
-- What a buyer may use: a feature of the store.
CREATE TABLE entitlements (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_id      INTEGER NOT NULL REFERENCES customers (id),
  feature_key      TEXT NOT NULL,
  source_type      TEXT NOT NULL CHECK (source_type IN ('plan', 'purchase', 'manual')),
  source_reference TEXT NOT NULL,
  starts_at        INTEGER NOT NULL,
  ends_at          INTEGER,
  is_active        INTEGER NOT NULL DEFAULT TRUE CHECK (is_active IN (0, 1)),
  metadata         TEXT NOT NULL DEFAULT '{}',
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  UNIQUE (customer_id, feature_key, source_type, source_reference)
) STRICT;

-- What a buyer may download, how often, until when.
CREATE TABLE download_grants (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  token              TEXT NOT NULL UNIQUE,
  customer_id        INTEGER NOT NULL REFERENCES customers (id),
  asset_id           INTEGER NOT NULL REFERENCES assets (id),
  order_item_id      INTEGER NOT NULL REFERENCES order_items (id),
  expires_at         INTEGER,
  max_downloads      INTEGER,
  download_count     INTEGER NOT NULL DEFAULT 0,
  last_downloaded_at INTEGER,
  is_active          INTEGER NOT NULL DEFAULT TRUE CHECK (is_active IN (0, 1)),
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  UNIQUE (order_item_id, asset_id),
  CHECK (download_count >= 0 AND (max_downloads IS NULL OR download_count <= max_downloads))
) STRICT;

CREATE INDEX download_grants_customer ON download_grants (customer_id, id);
CREATE INDEX download_grants_asset ON download_grants (asset_id);

-- +goose Down
DROP TABLE download_grants;
DROP TABLE entitlements;
