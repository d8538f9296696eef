-- +goose Up
-- Where the clock hangs by which a seller keeps appointments: an IANA name.
ALTER TABLE service_offers ADD COLUMN timezone TEXT NOT NULL DEFAULT 'UTC';

-- +goose Down
ALTER TABLE service_offers DROP COLUMN timezone;
