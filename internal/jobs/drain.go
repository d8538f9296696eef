package jobs

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"souk/internal/db"
)

// Drain works all jobs that are due, and those that they cause, until none is due, and stops. It is for tests and for a shop
// that does not Run: it knows no schedules, and waits for no attempt that comes later.
func (q *Queue) Drain(ctx context.Context) error {
	if due, err := q.due(ctx); err != nil || !due {
		return err
	}
	config := q.config
	config.Workers = q.workers
	config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: parallel}}
	config.FetchOnlyKnownKinds = true
	config.LeaderElectionDisabled, config.PollOnly = true, true
	config.FetchCooldown, config.FetchPollInterval = time.Millisecond, 2*time.Millisecond
	config.JobTimeout = DefaultTimeout
	c, err := q.open(config)
	if err != nil {
		return err
	}
	for due := true; due && err == nil; {
		if err := q.wave(ctx, c); err != nil {
			return err
		}
		due, err = q.due(ctx) // jobs that the wave caused, or that are tried again at once
	}
	return err
}

// wave works until every job that is due has been taken, and stops. River writes what became of the jobs four times a second while it
// runs, but at once when it stops: hence the waves.
func (q *Queue) wave(ctx context.Context, c client) error {
	if err := c.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	due, err := true, error(nil)
	for due && err == nil {
		select {
		case <-time.After(2 * time.Millisecond):
			due, err = q.due(ctx)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if stopped := c.Stop(ctx); stopped != nil { // the jobs that run have not ended, and shall not be waited for
		err = errors.Join(err, stopped, c.StopAndCancel(context.WithoutCancel(ctx)))
	}
	return err
}

// due makes available the jobs whose time has come, and says whether any waits for a worker.
func (q *Queue) due(ctx context.Context) (bool, error) {
	now := q.now()
	if _, err := q.executor().JobSchedule(ctx, &riverdriver.JobScheduleParams{Max: 1000, Now: &now}); err != nil {
		return false, db.Outage(err)
	}
	found, err := q.client.JobList(ctx, river.NewJobListParams().First(1000).
		Kinds(slices.Collect(maps.Keys(q.kinds))...).States(rivertype.JobStateAvailable))
	if err != nil {
		return false, db.Outage(err)
	}
	precision := time.Microsecond // of the times that River stores
	if q.db.Engine == db.SQLite {
		precision = time.Millisecond
	}
	now = q.now().Round(precision) // a job that failed meanwhile is due, too
	return slices.ContainsFunc(found.Jobs, func(job *rivertype.JobRow) bool { return !job.ScheduledAt.After(now) }), nil
}

func (q *Queue) executor() riverdriver.Executor {
	if c, ok := q.client.(*river.Client[*sql.Tx]); ok {
		return c.Driver().GetExecutor()
	}
	return q.client.(*river.Client[pgx.Tx]).Driver().GetExecutor()
}
