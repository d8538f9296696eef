-- +goose Up
-- Every webhook that a provider sent and signed. Its effect is in the transaction that wrote its row.
CREATE TABLE webhook_events (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  provider      TEXT NOT NULL,
  event_id      TEXT NOT NULL,               -- the delivery's, the same when it is sent again
  event_type    TEXT NOT NULL,
  payload       TEXT NOT NULL,               -- as it came; empty once its user was erased
  body_sha256   TEXT NOT NULL,
  conflicts     INTEGER NOT NULL DEFAULT FALSE CHECK (conflicts IN (0, 1)), -- another body under an id that was there: kept for review, without effect
  status        TEXT NOT NULL CHECK (status IN ('processed', 'ignored', 'deferred', 'failed', 'review')),
  error_message TEXT NOT NULL DEFAULT '',
  waits_for     TEXT NOT NULL DEFAULT '',    -- of a deferred one: what it lacks, such as user:user_2abc
  subject       TEXT NOT NULL DEFAULT '',    -- the provider's id of the person it tells of
  attempts      INTEGER NOT NULL DEFAULT 1,
  retry_at      INTEGER,                      -- NULL: not again by itself
  received_at   INTEGER NOT NULL,
  processed_at  INTEGER,
  UNIQUE (provider, event_id, body_sha256)
) STRICT;

CREATE UNIQUE INDEX webhook_events_once ON webhook_events (provider, event_id) WHERE NOT conflicts;
CREATE INDEX webhook_events_waiting ON webhook_events (waits_for, id) WHERE status = 'deferred';
CREATE INDEX webhook_events_due ON webhook_events (retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX webhook_events_subject ON webhook_events (subject) WHERE subject <> '';
CREATE INDEX webhook_events_status ON webhook_events (status, id);
CREATE INDEX webhook_events_kept ON webhook_events (received_at) WHERE payload <> '' AND status IN ('processed', 'ignored');

-- When Clerk last changed what the profile took over; NULL: only tokens told of it.
ALTER TABLE profiles ADD COLUMN clerk_updated_at INTEGER;
ALTER TABLE profiles ADD COLUMN deleted_at INTEGER;

-- clerk_subscription_id is the id of Clerk's item, clerk_parent_id that of the subscription around it. clerk_facts is what
-- Clerk said of the item, each fact with the time of the change that it is from.
ALTER TABLE subscriptions ADD COLUMN clerk_parent_id TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN clerk_facts TEXT NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX subscriptions_clerk ON subscriptions (clerk_subscription_id) WHERE clerk_subscription_id <> '';
-- While Clerk moves somebody from one item to the next, both may look live: only rows that are not Clerk's are one a product.
DROP INDEX subscriptions_one_live;
CREATE UNIQUE INDEX subscriptions_one_live ON subscriptions (customer_id, product_id) WHERE status <> 'canceled' AND clerk_subscription_id = '';

-- A payment of a renewal belongs to no order.
CREATE TABLE new_transactions (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id      INTEGER REFERENCES orders (id),
  provider      TEXT NOT NULL,
  external_id   TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'refunded', 'canceled')),
  amount_cents  INTEGER NOT NULL CHECK (amount_cents >= 0),
  currency      TEXT NOT NULL,
  raw_payload   TEXT NOT NULL DEFAULT '{}',
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  customer_id   INTEGER NOT NULL REFERENCES customers (id),
  clerk_item_id TEXT NOT NULL DEFAULT '',
  UNIQUE (provider, external_id)
) STRICT;
INSERT INTO new_transactions
  SELECT t.id, t.order_id, t.provider, t.external_id, t.status, t.amount_cents, t.currency, t.raw_payload, t.created_at, t.updated_at, o.customer_id, ''
  FROM transactions t JOIN orders o ON o.id = t.order_id;
DROP TABLE transactions;
ALTER TABLE new_transactions RENAME TO transactions;
CREATE INDEX transactions_order ON transactions (order_id);
CREATE UNIQUE INDEX transactions_one_success ON transactions (order_id) WHERE status = 'succeeded';
CREATE INDEX transactions_customer ON transactions (customer_id, id);
CREATE INDEX transactions_clerk_item ON transactions (clerk_item_id) WHERE clerk_item_id <> '';

CREATE INDEX orders_pending ON orders (customer_id, id) WHERE status = 'pending_payment';
CREATE INDEX entitlements_source ON entitlements (source_reference);
CREATE INDEX entitlements_end ON entitlements (ends_at) WHERE is_active AND ends_at IS NOT NULL;
CREATE INDEX subscriptions_unrenewed ON subscriptions (current_period_end) WHERE status <> 'canceled' AND clerk_subscription_id = '';

-- Plans of the provider's that cost nothing and that no price names: there is nothing to follow.
CREATE TABLE free_plans (
  plan_id TEXT PRIMARY KEY
) STRICT;

-- Where work that goes through everything in portions stands.
CREATE TABLE bookmarks (
  name       TEXT PRIMARY KEY,
  position   TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE bookmarks;
DROP TABLE free_plans;
DROP INDEX subscriptions_unrenewed;
DROP INDEX entitlements_end;
DROP INDEX entitlements_source;
DROP INDEX orders_pending;
DROP INDEX transactions_customer;
DROP INDEX transactions_clerk_item;
ALTER TABLE transactions DROP COLUMN clerk_item_id;
DROP INDEX subscriptions_one_live;
DROP INDEX subscriptions_clerk;
ALTER TABLE subscriptions DROP COLUMN clerk_parent_id;
ALTER TABLE subscriptions DROP COLUMN clerk_facts;
CREATE UNIQUE INDEX subscriptions_one_live ON subscriptions (customer_id, product_id) WHERE status <> 'canceled';
ALTER TABLE profiles DROP COLUMN clerk_updated_at;
ALTER TABLE profiles DROP COLUMN deleted_at;
DROP TABLE webhook_events;
