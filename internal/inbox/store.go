package inbox

import (
	"context"
	"errors"
	"time"

	"souk/internal/db"
)

const columns = `id, provider, event_id, event_type, payload, body_sha256, conflicts, status, error_message, waits_for, subject, attempts, retry_at,
	received_at, processed_at`

func scanEvent(scan db.Scan) (e Event, err error) {
	err = scan(&e.ID, &e.Provider, &e.EventID, &e.Type, &e.Payload, &e.hash, &e.Conflicts, &e.Status, &e.Message, &e.WaitsFor, &e.Subject,
		&e.Attempts, &e.RetryAt, &e.ReceivedAt, &e.ProcessedAt)
	return e, err
}

// insert writes the event and its id into e. fresh is false when one with its id was there; a second sender of the same waits
// here for the first to end.
func insert(ctx context.Context, q db.Q, e *Event) (fresh bool, err error) {
	e.ID, err = db.One(ctx, q, db.Value[int64], `
		INSERT INTO webhook_events (provider, event_id, event_type, payload, body_sha256, conflicts, status, error_message, subject, received_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id`,
		e.Provider, e.EventID, e.Type, string(e.Payload), e.hash, e.Conflicts, e.Status, e.Message, e.Subject, e.ReceivedAt)
	if errors.Is(err, db.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func lockByEventID(ctx context.Context, tx *db.Tx, provider, eventID string) (Event, error) {
	return db.One(ctx, tx, scanEvent,
		`SELECT `+columns+` FROM webhook_events WHERE provider = $1 AND event_id = $2 AND NOT conflicts`+tx.ForUpdate(), provider, eventID)
}

func lockByID(ctx context.Context, tx *db.Tx, id int64) (Event, error) {
	return db.One(ctx, tx, scanEvent, `SELECT `+columns+` FROM webhook_events WHERE id = $1`+tx.ForUpdate(), id)
}

func byID(ctx context.Context, q db.Q, id int64) (Event, error) {
	return db.One(ctx, q, scanEvent, `SELECT `+columns+` FROM webhook_events WHERE id = $1`, id)
}

func update(ctx context.Context, q db.Q, e Event) error {
	_, err := q.Exec(ctx, `
		UPDATE webhook_events SET payload = $2, status = $3, error_message = $4, waits_for = $5, subject = $6, attempts = $7, retry_at = $8,
			processed_at = $9
		WHERE id = $1`,
		e.ID, string(e.Payload), e.Status, e.Message, e.WaitsFor, e.Subject, e.Attempts, e.RetryAt, e.ProcessedAt)
	return err
}

func list(ctx context.Context, q db.Q, status Status, before int64, limit int) ([]Event, error) {
	return db.All(ctx, q, scanEvent,
		`SELECT `+columns+` FROM webhook_events WHERE id < $1 AND ($2 = '' OR status = $2) ORDER BY id DESC LIMIT $3`, before, status, limit)
}

func countOf(ctx context.Context, q db.Q, status Status, most int) (int64, error) {
	return db.One(ctx, q, db.Value[int64],
		`SELECT count(*) FROM (SELECT 1 FROM webhook_events WHERE status = $1 LIMIT $2) counted`, status, most)
}

func anyWaits(ctx context.Context, q db.Q, key string) (bool, error) {
	return db.One(ctx, q, db.Value[bool], `SELECT EXISTS (SELECT 1 FROM webhook_events WHERE waits_for = $1 AND status = 'deferred')`, key)
}

func waiting(ctx context.Context, q db.Q, key string, after int64, limit int) ([]int64, error) {
	return db.All(ctx, q, db.Value[int64],
		`SELECT id FROM webhook_events WHERE waits_for = $1 AND status = 'deferred' AND id > $2 ORDER BY id LIMIT $3`, key, after, limit)
}

func due(ctx context.Context, q db.Q, now time.Time, limit int) ([]int64, error) {
	return db.All(ctx, q, db.Value[int64], `SELECT id FROM webhook_events WHERE retry_at <= $1 ORDER BY retry_at, id LIMIT $2`, now, limit)
}

// blank drops the payloads of what is done. An event that came to wait only now is dropped when it is tried: its person is gone.
func blank(ctx context.Context, q db.Q, provider, subject string) error {
	_, err := q.Exec(ctx, `UPDATE webhook_events SET payload = '' WHERE provider = $1 AND subject = $2 AND subject <> '' AND status NOT IN ('deferred', 'failed')`, provider, subject)
	return err
}

// openAbout are the events about a person that are not done.
func openAbout(ctx context.Context, tx *db.Tx, provider, subject string) ([]Event, error) {
	return db.All(ctx, tx, scanEvent, `SELECT `+columns+` FROM webhook_events
		WHERE provider = $1 AND subject = $2 AND subject <> '' AND status IN ('deferred', 'failed') ORDER BY id`+tx.ForUpdate(), provider, subject)
}

func dropPayloads(ctx context.Context, q db.Q, before time.Time) error {
	_, err := q.Exec(ctx, `
		UPDATE webhook_events SET payload = ''
		WHERE id IN (SELECT id FROM webhook_events WHERE payload <> '' AND status IN ('processed', 'ignored') AND received_at < $1 LIMIT $2)`,
		before, sweepAtOnce)
	return err
}
