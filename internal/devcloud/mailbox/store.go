package mailbox

import (
	"context"

	"souk/internal/db"
)

func createTable(ctx context.Context, q db.Q) error {
	_, err := q.Exec(ctx, `
		CREATE TABLE IF NOT EXISTS mails (
			id          INTEGER PRIMARY KEY AUTOINCREMENT,
			sender      TEXT NOT NULL,
			recipients  TEXT NOT NULL,
			subject     TEXT NOT NULL,
			message_id  TEXT NOT NULL,
			text        TEXT NOT NULL,
			html        TEXT NOT NULL,
			source      TEXT NOT NULL,
			received_at INTEGER NOT NULL
		) STRICT`)
	return err
}

func scanMail(scan db.Scan) (m Mail, err error) {
	err = scan(&m.ID, &m.From, &m.To, &m.Subject, &m.MessageID, &m.Text, &m.HTML, &m.Source, &m.ReceivedAt)
	return m, err
}

const selection = `SELECT id, sender, recipients, subject, message_id, text, html, source, received_at FROM mails`

func list(ctx context.Context, q db.Q, search string, before int64, limit int) ([]Mail, error) {
	return db.All(ctx, q, scanMail, selection+`
		WHERE id < $1 AND ($2 = '' OR instr(lower(sender || ' ' || recipients || ' ' || subject || ' ' || message_id || ' ' || text), lower($2)) > 0)
		ORDER BY id DESC LIMIT $3`, before, search, limit)
}

func byID(ctx context.Context, q db.Q, id int64) (Mail, error) {
	return db.One(ctx, q, scanMail, selection+` WHERE id = $1`, id)
}

func insert(ctx context.Context, q db.Q, m Mail) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `
		INSERT INTO mails (sender, recipients, subject, message_id, text, html, source, received_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
		m.From, m.To, m.Subject, m.MessageID, m.Text, m.HTML, m.Source, m.ReceivedAt)
}

func deleteUpTo(ctx context.Context, q db.Q, id int64) error {
	_, err := q.Exec(ctx, `DELETE FROM mails WHERE id <= $1`, id)
	return err
}
