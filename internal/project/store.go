package project

import (
	"context"

	"souk/internal/db"
	"souk/internal/slug"
)

const columns = `id, name, slug, summary, status, mrr_cents, target_launch_date, created_at, updated_at`

func scanProject(scan db.Scan) (p Project, err error) {
	err = scan(&p.ID, &p.Name, &p.Slug, &p.Summary, &p.Status, &p.MRRCents, &p.TargetLaunchDate, &p.CreatedAt, &p.UpdatedAt)
	return p, err
}

func list(ctx context.Context, q db.Q, owner, before int64, limit int) ([]Project, error) {
	return db.All(ctx, q, scanProject,
		`SELECT `+columns+` FROM projects WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, owner, before, limit)
}

func byID(ctx context.Context, q db.Q, owner, id int64) (Project, error) {
	return db.One(ctx, q, scanProject, `SELECT `+columns+` FROM projects WHERE owner_id = $1 AND id = $2`, owner, id)
}

func lock(ctx context.Context, tx *db.Tx, owner, id int64) (Project, error) {
	return db.One(ctx, tx, scanProject, `SELECT `+columns+` FROM projects WHERE owner_id = $1 AND id = $2`+tx.ForUpdate(), owner, id)
}

// freeSlug is base, or base with a number that makes it free for the owner.
func freeSlug(ctx context.Context, q db.Q, owner int64, base string) (string, error) {
	return slug.Free(base, func(text string) (bool, error) {
		rows, err := db.All(ctx, q, db.Value[int64], `SELECT id FROM projects WHERE owner_id = $1 AND slug = $2`, owner, text)
		return len(rows) > 0, err
	})
}

func insert(ctx context.Context, q db.Q, owner int64, p Project) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `
		INSERT INTO projects (owner_id, name, slug, summary, status, mrr_cents, target_launch_date, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
		owner, p.Name, p.Slug, p.Summary, p.Status, p.MRRCents, p.TargetLaunchDate, p.CreatedAt, p.UpdatedAt)
}

func update(ctx context.Context, q db.Q, p Project) error {
	_, err := q.Exec(ctx, `
		UPDATE projects SET name = $2, slug = $3, summary = $4, status = $5, mrr_cents = $6, target_launch_date = $7, updated_at = $8
		WHERE id = $1`,
		p.ID, p.Name, p.Slug, p.Summary, p.Status, p.MRRCents, p.TargetLaunchDate, p.UpdatedAt)
	return err
}

func remove(ctx context.Context, q db.Q, owner, id int64) (gone bool, err error) {
	n, err := q.Exec(ctx, `DELETE FROM projects WHERE owner_id = $1 AND id = $2`, owner, id)
	return n > 0, err
}

func removeOf(ctx context.Context, q db.Q, owner int64) error {
	_, err := q.Exec(ctx, `DELETE FROM projects WHERE owner_id = $1`, owner)
	return err
}
