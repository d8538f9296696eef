-- +goose Up
-- What is to be mailed, and what was: a row for each event and person, written with the event. It holds no name and no address:
-- those are read when the mail is made. profile_id refers to no table for the database, because whoever erases a user holds the
-- profile while waiting for the orders that others hold.
CREATE TABLE notices (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  kind       TEXT NOT NULL,
  key        TEXT NOT NULL UNIQUE,      -- names the event, such as receipt:<the order's public id>
  profile_id INTEGER NOT NULL,          -- of who gets it
  data       TEXT NOT NULL,             -- which order, booking or file it is about
  status     TEXT NOT NULL CHECK (status IN ('pending', 'sent', 'failed', 'dropped')),
  reason     TEXT NOT NULL DEFAULT '',  -- why the last attempt failed, or why it was dropped
  message_id TEXT NOT NULL UNIQUE,      -- the same in every attempt
  attempts   INTEGER NOT NULL DEFAULT 0,
  sent_at    INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX notices_profile ON notices (profile_id);
CREATE INDEX notices_open ON notices (status, id) WHERE status IN ('pending', 'failed');

-- +goose Down
DROP TABLE notices;
