-- +goose Up
CREATE TABLE bookings (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_id      INTEGER NOT NULL REFERENCES customers (id),
  seller_id        INTEGER NOT NULL REFERENCES profiles (id),
  service_offer_id INTEGER NOT NULL REFERENCES service_offers (id),
  order_item_id    INTEGER REFERENCES order_items (id),
  status           TEXT NOT NULL CHECK (status IN ('requested', 'confirmed', 'completed', 'canceled')),
  scheduled_start  INTEGER,
  scheduled_end    INTEGER,
  meeting_url      TEXT NOT NULL DEFAULT '',
  customer_notes   TEXT NOT NULL DEFAULT '',
  internal_notes   TEXT NOT NULL DEFAULT '',
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  CHECK ((scheduled_start IS NULL) = (scheduled_end IS NULL)),
  CHECK (scheduled_end > scheduled_start),
  CHECK (status <> 'confirmed' OR scheduled_start IS NOT NULL)
) STRICT;

CREATE INDEX bookings_customer ON bookings (customer_id, id);
CREATE INDEX bookings_seller ON bookings (seller_id, id);
CREATE INDEX bookings_order_item ON bookings (order_item_id) WHERE order_item_id IS NOT NULL;

-- Two confirmed bookings of one seller never overlap. The one writer makes the check and the write one step.
-- +goose StatementBegin
CREATE TRIGGER bookings_no_overlap_insert BEFORE INSERT ON bookings
WHEN NEW.status = 'confirmed' AND EXISTS (
  SELECT 1 FROM bookings b WHERE b.seller_id = NEW.seller_id AND b.status = 'confirmed'
    AND b.scheduled_start < NEW.scheduled_end AND NEW.scheduled_start < b.scheduled_end)
BEGIN
  SELECT RAISE(ABORT, 'bookings_no_overlap');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bookings_no_overlap_update BEFORE UPDATE ON bookings
WHEN NEW.status = 'confirmed' AND EXISTS (
  SELECT 1 FROM bookings b WHERE b.id <> NEW.id AND b.seller_id = NEW.seller_id AND b.status = 'confirmed'
    AND b.scheduled_start < NEW.scheduled_end AND NEW.scheduled_start < b.scheduled_end)
BEGIN
  SELECT RAISE(ABORT, 'bookings_no_overlap');
END;
-- +goose StatementEnd
CREATE INDEX bookings_confirmed ON bookings (seller_id, scheduled_start) WHERE status = 'confirmed';

-- +goose Down
DROP TABLE bookings;
