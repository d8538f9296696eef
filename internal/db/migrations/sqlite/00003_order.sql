-- +goose Up
CREATE TABLE orders (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id          TEXT NOT NULL UNIQUE,
  customer_id        INTEGER NOT NULL REFERENCES customers (id),
  seller_id          INTEGER NOT NULL REFERENCES profiles (id),
  status             TEXT NOT NULL CHECK (status IN ('draft', 'pending_payment', 'paid', 'fulfilled', 'canceled', 'refunded')),
  currency           TEXT NOT NULL CHECK (length(currency) = 3),
  subtotal_cents     INTEGER NOT NULL CHECK (subtotal_cents >= 0),
  tax_cents          INTEGER NOT NULL DEFAULT 0 CHECK (tax_cents >= 0),
  total_cents        INTEGER NOT NULL CHECK (total_cents BETWEEN 0 AND 99999999),
  notes              TEXT NOT NULL DEFAULT '',
  provider           TEXT NOT NULL CHECK (provider IN ('stripe', 'clerk', 'manual')),
  clerk_checkout_id  TEXT NOT NULL DEFAULT '',
  external_reference TEXT NOT NULL DEFAULT '',
  paid_at            INTEGER,
  fulfilled_at       INTEGER,
  canceled_at        INTEGER,
  refunded_at        INTEGER,
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  CHECK (status NOT IN ('paid', 'fulfilled', 'refunded') OR paid_at IS NOT NULL)
) STRICT;

CREATE INDEX orders_customer ON orders (customer_id, id);
CREATE INDEX orders_seller ON orders (seller_id, id);

-- What was bought, as it was then: later changes of the product or price do not reach it.
CREATE TABLE order_items (
  id                    INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id              INTEGER NOT NULL REFERENCES orders (id),
  product_id            INTEGER NOT NULL REFERENCES products (id),
  price_id              INTEGER NOT NULL REFERENCES prices (id),
  product_slug          TEXT NOT NULL,
  product_type          TEXT NOT NULL,
  product_name_snapshot TEXT NOT NULL,
  price_name_snapshot   TEXT NOT NULL,
  billing_period        TEXT NOT NULL,
  clerk_plan_id         TEXT NOT NULL DEFAULT '',
  feature_keys          TEXT NOT NULL DEFAULT '[]',
  max_downloads         INTEGER, -- of one unit; NULL: no limit
  download_days         INTEGER,
  quantity              INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 99),
  unit_amount_cents     INTEGER NOT NULL CHECK (unit_amount_cents >= 0),
  total_amount_cents    INTEGER NOT NULL CHECK (total_amount_cents = unit_amount_cents * quantity),
  metadata              TEXT NOT NULL DEFAULT '{}',
  created_at            INTEGER NOT NULL,
  updated_at            INTEGER NOT NULL
) STRICT;

CREATE INDEX order_items_order ON order_items (order_id);
CREATE INDEX order_items_product ON order_items (product_id);
CREATE INDEX order_items_price ON order_items (price_id);

-- Payments. An order has at most one that succeeded.
CREATE TABLE transactions (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id     INTEGER NOT NULL REFERENCES orders (id),
  provider     TEXT NOT NULL,
  external_id  TEXT NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'refunded', 'canceled')),
  amount_cents INTEGER NOT NULL CHECK (amount_cents >= 0),
  currency     TEXT NOT NULL,
  raw_payload  TEXT NOT NULL DEFAULT '{}',
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  UNIQUE (provider, external_id)
) STRICT;

CREATE INDEX transactions_order ON transactions (order_id);
CREATE UNIQUE INDEX transactions_one_success ON transactions (order_id) WHERE status = 'succeeded';

-- The timeline of an order: one row for everything that happened to it.
CREATE TABLE order_events (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id   INTEGER NOT NULL REFERENCES orders (id),
  kind       TEXT NOT NULL,              -- created, paid, fulfilled, canceled, refunded, …
  actor      TEXT NOT NULL,              -- buyer, seller, system, or a provider's name
  detail     TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX order_events_order ON order_events (order_id, id);

-- +goose Down
DROP TABLE order_events;
DROP TABLE transactions;
DROP TABLE order_items;
DROP TABLE orders;
