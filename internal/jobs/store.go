package jobs

import (
	"context"

	"souk/internal/db"
)

func countDead(ctx context.Context, q db.Q) (int64, error) {
	return db.One(ctx, q, db.Value[int64], `SELECT count(*) FROM river_job WHERE state = 'discarded'`)
}
