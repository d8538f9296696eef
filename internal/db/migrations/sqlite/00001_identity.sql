-- +goose Up
-- Who calls: a profile per user of the identity provider, and the buyer account beside it.
CREATE TABLE profiles (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  clerk_user_id   TEXT NOT NULL UNIQUE,
  email           TEXT NOT NULL DEFAULT '',
  first_name      TEXT NOT NULL DEFAULT '',
  last_name       TEXT NOT NULL DEFAULT '',
  image_url       TEXT NOT NULL DEFAULT '',
  public_metadata TEXT NOT NULL DEFAULT '{}',
  metadata        TEXT NOT NULL DEFAULT '{}',
  is_active       INTEGER NOT NULL DEFAULT TRUE CHECK (is_active IN (0, 1)),
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE customers (
  id                   INTEGER PRIMARY KEY AUTOINCREMENT,
  profile_id           INTEGER NOT NULL UNIQUE REFERENCES profiles (id),
  external_customer_id TEXT NOT NULL DEFAULT '',
  billing_email        TEXT NOT NULL DEFAULT '',
  full_name            TEXT NOT NULL DEFAULT '',
  company_name         TEXT NOT NULL DEFAULT '',
  country              TEXT NOT NULL DEFAULT '',
  tax_id               TEXT NOT NULL DEFAULT '',
  metadata             TEXT NOT NULL DEFAULT '{}',
  created_at           INTEGER NOT NULL,
  updated_at           INTEGER NOT NULL
) STRICT;

-- The people that may sell when SELLER_ACCESS is allowlist: a Clerk user id, or an e-mail address in lower case.
CREATE TABLE sellers (
  subject    TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE sellers;
DROP TABLE customers;
DROP TABLE profiles;
