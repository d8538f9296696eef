-- +goose Up
CREATE TABLE projects (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id           INTEGER NOT NULL REFERENCES profiles (id),
  name               TEXT NOT NULL,
  slug               TEXT NOT NULL,
  summary            TEXT NOT NULL DEFAULT '',
  status             TEXT NOT NULL CHECK (status IN ('idea', 'building', 'live', 'paused')),
  mrr_cents          INTEGER NOT NULL DEFAULT 0 CHECK (mrr_cents >= 0), -- hundredths: the contract gives it two decimals, no currency
  target_launch_date TEXT NOT NULL DEFAULT '',                      -- YYYY-MM-DD, or empty
  created_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  UNIQUE (owner_id, slug)
) STRICT;

-- +goose Down
DROP TABLE projects;
