package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"souk/internal/db"
	"souk/internal/fault"
)

// Job is a job as an operator sees it.
type Job struct {
	ID          int64
	Kind        string
	State       string // one of States
	Args        json.RawMessage
	Attempt     int // how many there were, with the one that runs
	MaxAttempts int
	Error       string // of the last attempt that failed
	Created     time.Time
	At          time.Time  // when it runs next, or was to run last
	Finished    *time.Time // nil while it may still run
}

// Dead is the state of a job whose attempts have all failed.
const Dead = string(rivertype.JobStateDiscarded)

// States are those that a job can have.
func States() (names []string) {
	for _, s := range rivertype.JobStates() {
		names = append(names, string(s))
	}
	return names
}

// The faults of an operator's wishes.
var (
	ErrNotFound = fault.New(fault.NotFound, "job_not_found", "There is no such job.")
	ErrState    = fault.Newf(fault.Invalid, "job_state", "The state of a job is one of: %s.", strings.Join(States(), ", "))
	ErrNotDead  = fault.New(fault.Conflict, "job_not_retryable", "The job runs or has succeeded: it is not tried again.")
	ErrLike     = fault.New(fault.Conflict, "job_like_exists", "A like job waits or runs already.")
)

// List gives the jobs of a state, or of all for "", newest first, at most limit, with ids below before unless that is 0.
func (q *Queue) List(ctx context.Context, state string, before int64, limit int) ([]Job, error) {
	params := river.NewJobListParams().OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(min(max(limit, 1), 1000))
	if state != "" {
		if !slices.Contains(States(), state) {
			return nil, ErrState
		}
		params = params.States(rivertype.JobState(state))
	}
	if before > 0 {
		params = params.Where("id < @before", river.NamedArgs{"before": before})
	}
	found, err := q.client.JobList(ctx, params)
	if err != nil {
		return nil, db.Outage(err)
	}
	list := []Job{}
	for _, row := range found.Jobs {
		job := Job{
			ID: row.ID, Kind: row.Kind, State: string(row.State), Args: row.EncodedArgs, Attempt: row.Attempt, MaxAttempts: row.MaxAttempts,
			Created: row.CreatedAt, At: row.ScheduledAt, Finished: row.FinalizedAt,
		}
		if n := len(row.Errors); n > 0 {
			job.Error = row.Errors[n-1].Error
		}
		list = append(list, job)
	}
	return list, nil
}

// Retry has a job run now that waits or is a dead letter; the latter gets one more attempt.
func (q *Queue) Retry(ctx context.Context, id int64) error {
	job, err := q.client.JobGet(ctx, id)
	if errors.Is(err, rivertype.ErrNotFound) {
		return ErrNotFound
	}
	if err != nil {
		return db.Outage(err)
	}
	if job.State == rivertype.JobStateRunning || job.State == rivertype.JobStateCompleted {
		return ErrNotDead
	}
	_, err = q.client.JobRetry(ctx, id)
	if db.IsDuplicate(err) {
		return ErrLike
	}
	return db.Outage(err)
}

// CountDead says how many jobs are dead letters.
func (q *Queue) CountDead(ctx context.Context) (int64, error) { return countDead(ctx, q.db) }
