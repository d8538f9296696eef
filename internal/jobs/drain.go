package jobs

import (
	"context"
	"database/sql"
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
func (q *Queue) Drain(ctx context.Context) (err error) {
	if busy, err := q.busy(ctx, ""); err != nil || !busy {
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
	working, stop := context.WithCancel(ctx)
	defer func() { stop(); <-c.Stopped() }()
	if err := c.Start(working); err != nil {
		return err
	}
	for {
		if busy, err := q.busy(ctx, c.ID()); err != nil || !busy {
			return err
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// busy makes available the jobs whose time has come, and says whether any waits for a worker or is with the client of that id.
func (q *Queue) busy(ctx context.Context, id string) (bool, error) {
	now := q.now()
	if _, err := q.executor().JobSchedule(ctx, &riverdriver.JobScheduleParams{Max: 1000, Now: &now}); err != nil {
		return false, db.Outage(err)
	}
	found, err := q.client.JobList(ctx, river.NewJobListParams().First(1000). // one statement, so that no job moves between two
											Kinds(slices.Collect(maps.Keys(q.kinds))...).States(rivertype.JobStateAvailable, rivertype.JobStateRunning))
	if err != nil {
		return false, db.Outage(err)
	}
	precision := time.Microsecond // of the times that River stores
	if q.db.Engine == db.SQLite {
		precision = time.Millisecond
	}
	now = q.now().Round(precision) // a job that failed meanwhile is due, too
	return slices.ContainsFunc(found.Jobs, func(job *rivertype.JobRow) bool {
		if job.State == rivertype.JobStateRunning {
			return slices.Contains(job.AttemptedBy, id)
		}
		return !job.ScheduledAt.After(now)
	}), nil
}

func (q *Queue) executor() riverdriver.Executor {
	if c, ok := q.client.(*river.Client[*sql.Tx]); ok {
		return c.Driver().GetExecutor()
	}
	return q.client.(*river.Client[pgx.Tx]).Driver().GetExecutor()
}
