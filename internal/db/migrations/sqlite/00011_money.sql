-- +goose Up
-- An attempt to have an order paid on a page of the provider's. session_id is NULL until the provider has answered: to ask again
-- under the same key gives the same session. An order has one live attempt at most.
CREATE TABLE checkout_sessions (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id   INTEGER NOT NULL REFERENCES orders (id),
  attempt    INTEGER NOT NULL CHECK (attempt > 0),
  session_id TEXT UNIQUE,
  url        TEXT NOT NULL DEFAULT '',
  status     TEXT NOT NULL CHECK (status IN ('creating', 'open', 'processing', 'paid', 'failed', 'expired')),
  expires_at INTEGER NOT NULL,
  checked_at INTEGER NOT NULL, -- when the provider was last heard about it
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (order_id, attempt)
) STRICT;
CREATE UNIQUE INDEX checkout_sessions_live ON checkout_sessions (order_id) WHERE status IN ('creating', 'open', 'processing');
CREATE INDEX checkout_sessions_unheard ON checkout_sessions (order_id, checked_at) WHERE status IN ('creating', 'open', 'processing');

-- Money that goes back, or is to. external_id is the provider's, NULL until it has answered; key is under what it is asked.
CREATE TABLE refunds (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id       INTEGER NOT NULL REFERENCES orders (id),
  transaction_id INTEGER NOT NULL REFERENCES transactions (id),
  key            TEXT NOT NULL UNIQUE,
  external_id    TEXT UNIQUE,
  status         TEXT NOT NULL CHECK (status IN ('requested', 'pending', 'succeeded', 'failed', 'canceled')),
  amount_cents   INTEGER NOT NULL CHECK (amount_cents >= 0),
  currency       TEXT NOT NULL,
  reason         TEXT NOT NULL DEFAULT '',
  failure        TEXT NOT NULL DEFAULT '',
  actor          TEXT NOT NULL,  -- seller, system, or a provider's name
  succeeded_at   INTEGER,           -- stays when it failed after
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_order ON refunds (order_id, id);
CREATE INDEX refunds_transaction ON refunds (transaction_id);
CREATE INDEX refunds_open ON refunds (id) WHERE status IN ('requested', 'pending');

-- The units that a refund is for. One without any is for the whole, or for an amount alone.
CREATE TABLE refund_items (
  refund_id     INTEGER NOT NULL REFERENCES refunds (id),
  order_item_id INTEGER NOT NULL REFERENCES order_items (id),
  quantity      INTEGER NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (refund_id, order_item_id)
) STRICT;

-- A buyer's bank that wants a payment back.
CREATE TABLE disputes (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id       INTEGER NOT NULL REFERENCES orders (id),
  transaction_id INTEGER NOT NULL REFERENCES transactions (id),
  external_id    TEXT NOT NULL UNIQUE,
  status         TEXT NOT NULL,   -- the provider's word
  reason         TEXT NOT NULL DEFAULT '',
  amount_cents   INTEGER NOT NULL CHECK (amount_cents >= 0),
  currency       TEXT NOT NULL,
  open           INTEGER NOT NULL DEFAULT FALSE CHECK (open IN (0, 1)),
  lost           INTEGER NOT NULL DEFAULT FALSE CHECK (lost IN (0, 1)),
  closed_at      INTEGER,             -- won or lost
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX disputes_order ON disputes (order_id);
CREATE INDEX disputes_open ON disputes (id) WHERE closed_at IS NULL;

-- How much of an order is back, and since when what it gave is withheld: while a dispute about it is open.
ALTER TABLE orders ADD COLUMN refunded_cents INTEGER NOT NULL DEFAULT 0 CHECK (refunded_cents >= 0);
ALTER TABLE orders ADD COLUMN paused_at INTEGER;
ALTER TABLE order_items ADD COLUMN refunded_quantity INTEGER NOT NULL DEFAULT 0 CHECK (refunded_quantity >= 0 AND refunded_quantity <= quantity);

-- A payment that its order did not need goes back.
ALTER TABLE transactions ADD COLUMN extra INTEGER NOT NULL DEFAULT FALSE CHECK (extra IN (0, 1));
DROP INDEX transactions_one_success;
CREATE UNIQUE INDEX transactions_one_success ON transactions (order_id) WHERE status = 'succeeded' AND NOT extra;

-- +goose Down
DELETE FROM transactions WHERE extra;
DROP INDEX transactions_one_success;
ALTER TABLE transactions DROP COLUMN extra;
CREATE UNIQUE INDEX transactions_one_success ON transactions (order_id) WHERE status = 'succeeded';
ALTER TABLE order_items DROP COLUMN refunded_quantity;
ALTER TABLE orders DROP COLUMN paused_at;
ALTER TABLE orders DROP COLUMN refunded_cents;
DROP TABLE disputes;
DROP TABLE refund_items;
DROP TABLE refunds;
DROP TABLE checkout_sessions;
