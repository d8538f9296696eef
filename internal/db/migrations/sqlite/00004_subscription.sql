-- +goose Up
CREATE TABLE subscriptions (
  id                    INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_id           INTEGER NOT NULL REFERENCES customers (id),
  product_id            INTEGER NOT NULL REFERENCES products (id),
  price_id              INTEGER NOT NULL REFERENCES prices (id),
  order_item_id         INTEGER UNIQUE REFERENCES order_items (id),
  status                TEXT NOT NULL CHECK (status IN ('trialing', 'active', 'past_due', 'canceled', 'incomplete', 'paused')),
  clerk_subscription_id TEXT NOT NULL DEFAULT '',
  current_period_start  INTEGER,
  current_period_end    INTEGER,
  cancel_at_period_end  INTEGER NOT NULL DEFAULT FALSE CHECK (cancel_at_period_end IN (0, 1)),
  canceled_at           INTEGER,
  metadata              TEXT NOT NULL DEFAULT '{}',
  created_at            INTEGER NOT NULL,
  updated_at            INTEGER NOT NULL
) STRICT;

CREATE INDEX subscriptions_customer ON subscriptions (customer_id, id);
CREATE UNIQUE INDEX subscriptions_one_live ON subscriptions (customer_id, product_id) WHERE status <> 'canceled';

-- +goose Down
DROP TABLE subscriptions;
