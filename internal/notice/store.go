package notice

import (
	"context"
	"encoding/json"
	"time"

	"souk/internal/db"
)

const columns = `id, kind, key, profile_id, data, status, reason, message_id, attempts, sent_at, created_at, updated_at`

// forgotten is the data of a notice whose recipient was erased.
const forgotten = "{}"

func scanNotice(scan db.Scan) (n Notice, err error) {
	err = scan(&n.ID, &n.Kind, &n.Key, &n.ProfileID, &n.Data, &n.Status, &n.Reason, &n.MessageID, &n.Attempts, &n.SentAt, &n.CreatedAt, &n.UpdatedAt)
	return n, err
}

// insert answers ErrNoRows when there is a notice of that key.
func insert(ctx context.Context, q db.Q, n Notice) (id int64, err error) {
	return db.One(ctx, q, db.Value[int64], `
		INSERT INTO notices (kind, key, profile_id, data, status, message_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (key) DO NOTHING RETURNING id`,
		n.Kind, n.Key, n.ProfileID, n.Data, n.Status, n.MessageID, n.CreatedAt)
}

func byID(ctx context.Context, q db.Q, id int64) (Notice, error) {
	return db.One(ctx, q, scanNotice, `SELECT `+columns+` FROM notices WHERE id = $1`, id)
}

func list(ctx context.Context, q db.Q, status Status, before int64, limit int) ([]Notice, error) {
	return db.All(ctx, q, scanNotice, `SELECT `+columns+` FROM notices WHERE id < $1 AND ($2 = '' OR status = $2) ORDER BY id DESC LIMIT $3`,
		before, status, limit)
}

// countAttempt is how an attempt begins. won is false when another one is under way, which has no reason yet and began after lost, or the
// notice is not pending any more.
func countAttempt(ctx context.Context, q db.Q, n Notice, now, lost time.Time) (won bool, err error) {
	changed, err := q.Exec(ctx, `
		UPDATE notices SET attempts = $2, reason = '', updated_at = $3
		WHERE id = $1 AND status = 'pending' AND attempts = $2 - 1 AND (attempts = 0 OR reason <> '' OR updated_at <= $4)`,
		n.ID, n.Attempts, now, lost)
	return changed == 1, err
}

// takeOver drops what else waits to tell n's recipient of files, and gives their data.
func takeOver(ctx context.Context, q db.Q, n Notice, reason string, most int, now time.Time) ([]json.RawMessage, error) {
	return db.All(ctx, q, db.Value[json.RawMessage], `
		UPDATE notices SET status = 'dropped', reason = $4, updated_at = $5
		WHERE status = 'pending' AND attempts = 0 AND id IN (
			SELECT id FROM notices WHERE profile_id = $1 AND kind = $2 AND status = 'pending' AND attempts = 0 AND id <> $3 ORDER BY id LIMIT $6)
		RETURNING data`, n.ProfileID, n.Kind, n.ID, reason, now, most)
}

func setData(ctx context.Context, q db.Q, n Notice) error {
	_, err := q.Exec(ctx, `UPDATE notices SET data = $2 WHERE id = $1`, n.ID, n.Data)
	return err
}

// finish writes what came of the attempt that countAttempt counted.
func finish(ctx context.Context, q db.Q, n Notice) (won bool, err error) {
	changed, err := q.Exec(ctx, `
		UPDATE notices SET status = $3, reason = $4, sent_at = $5, updated_at = $6 WHERE id = $1 AND status = 'pending' AND message_id = $2`,
		n.ID, n.MessageID, n.Status, n.Reason, n.SentAt, n.UpdatedAt)
	return changed == 1, err
}

func reopen(ctx context.Context, q db.Q, n Notice, now time.Time) error {
	_, err := q.Exec(ctx, `UPDATE notices SET status = 'pending', reason = '', message_id = $2, attempts = 0, updated_at = $3 WHERE id = $1 AND status <> 'pending'`,
		n.ID, n.MessageID, now)
	return err
}

func forget(ctx context.Context, q db.Q, profile int64, now time.Time) error {
	_, err := q.Exec(ctx, `
		UPDATE notices SET status = CASE WHEN status = 'sent' THEN status ELSE 'dropped' END, reason = '', data = $2, updated_at = $3
		WHERE profile_id = $1 AND data <> $2`, profile, forgotten, now)
	return err
}

func countOpen(ctx context.Context, q db.Q) (map[string]int64, error) {
	open := map[string]int64{string(Pending): 0, string(Failed): 0}
	_, err := db.All(ctx, q, func(scan db.Scan) (none struct{}, err error) {
		var status string
		var n int64
		if err = scan(&status, &n); err == nil {
			open[status] = n
		}
		return none, err
	}, `SELECT status, count(*) FROM notices WHERE status IN ('pending', 'failed') GROUP BY status`)
	return open, err
}
