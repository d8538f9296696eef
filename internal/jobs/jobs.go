// Package jobs works off what must happen later: what touches the network, and what the clock asks for. It is River
// (https://riverqueue.com) behind few words, on both engines, in the shop's own database.
//
// A job is inserted in the transaction that causes it, and exists only if that commits. It runs at least once: a process that
// dies, or a commit that is not seen, has it run again, so that its effect must be one that happening twice does not change.
// Its arguments are ids, not what the ids stand for: they are kept, and operators see them.
//
// The package knows nothing of what the jobs do.
package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"souk/internal/db"
)

// The defaults of a job.
const (
	Attempts       = 10          // then it is a dead letter
	DefaultTimeout = time.Minute // of one attempt
)

const (
	parallel  = 8                   // jobs at once on one instance
	deadAfter = time.Minute         // past its timeout, a job that still runs belongs to a process that died
	keepDead  = 90 * 24 * time.Hour // dead letters
	keepDone  = 24 * time.Hour      // jobs that succeeded
)

// Args are a job's arguments, stored as JSON. Kind names the job, in words joined by _; it is kept in the database.
type Args interface{ Kind() string }

// Queue is the shop's jobs. Safe for concurrent use once Handle and Every are done.
type Queue struct {
	db       *db.DB
	o        Options
	workers  *river.Workers
	kinds    map[string]bool
	periodic []*river.PeriodicJob
	client   client // inserts, lists, retries; works nothing
	config   river.Config
}

// Options are what New can be told; the zero value is production.
type Options struct {
	Now     func() time.Time                // nil: the database's clock and this machine's
	Logger  *slog.Logger                    // nil: slog.Default()
	Backoff func(attempt int) time.Duration // how long after the attempt, 1 being the first, comes the next; nil: Backoff
	Grace   time.Duration                   // how long Run lets running jobs finish before it cancels them; 0: 20 s
}

// client is what all of River's clients can do, whatever their transactions are.
type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	Stopped() <-chan struct{}
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
	JobGet(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobRetry(ctx context.Context, id int64) (*rivertype.JobRow, error)
}

// New is the queue in d, whose schema is up to date. It starts nothing.
func New(d *db.DB, o Options) (*Queue, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Backoff == nil {
		o.Backoff = Backoff
	}
	q := &Queue{db: d, o: o, workers: river.NewWorkers(), kinds: map[string]bool{}}
	q.config = river.Config{
		Logger:       slog.New(onlyWarnings{o.Logger.Handler()}),
		MaxAttempts:  Attempts,
		RetryPolicy:  backoff{q},
		ErrorHandler: failures{q},
	}
	if o.Now != nil {
		q.config.Test.Time = clock(o.Now)
	}
	var err error
	q.client, err = q.open(q.config)
	return q, err
}

// open makes one of River's clients for the engine.
func (q *Queue) open(c river.Config) (client, error) {
	if q.db.Engine == db.SQLite {
		return river.NewClient(polled{riversqlite.New(q.db.Writer())}, &c)
	}
	pool, _, err := q.db.Pool()
	if err != nil {
		return nil, err
	}
	return river.NewClient(riverpgxv5.New(pool), &c)
}

// polled is River's SQLite driver without its table of notifications: one process polls, and no insert writes a row more.
type polled struct{ *riversqlite.Driver }

func (polled) SupportsListener() bool     { return false }
func (polled) SupportsListenNotify() bool { return false }

// Option is what Handle can be told.
type Option func(*options)

type options struct{ timeout time.Duration }

// Timeout bounds one attempt in place of DefaultTimeout: the worker's context ends then. A job whose process died is found a
// minute after it, or two minutes after its attempt began if that is later.
func Timeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// Handle says what works the jobs of T's kind, before Run; a second one of a kind panics. An error or a panic fails the attempt.
// work may run twice for one job, even at once on two instances.
func Handle[T Args](q *Queue, work func(ctx context.Context, args T) error, o ...Option) {
	set := options{timeout: DefaultTimeout}
	for _, f := range o {
		f(&set)
	}
	var args T
	river.AddWorker(q.workers, &worker[T]{work: work, timeout: set.timeout})
	q.kinds[args.Kind()] = true
}

type worker[T Args] struct {
	river.WorkerDefaults[T]
	work    func(ctx context.Context, args T) error
	timeout time.Duration
}

// Timeout is when River takes the attempt for dead; Work has ended it before.
func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return w.timeout + deadAfter }

func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked{v, debug.Stack()}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	return w.work(ctx, job.Args)
}

// panicked is the error of an attempt that panicked.
type panicked struct {
	value any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Insert is how a job is inserted; the zero value: now, as often as it is asked, with the default attempts.
type Insert struct {
	At          time.Time // not before; up to five seconds later, unless it has come already
	Unique      bool      // not if a job of this kind and these arguments has not finished, be it running
	MaxAttempts int       // 0: Attempts
}

// unfinished are the states of a job that will run or is running.
var unfinished = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// Insert puts a job into the queue if tx commits. A Unique one that finds its like is no error; since the like may be running
// already, a unique job must not rest on what was written after it began.
func (q *Queue) Insert(ctx context.Context, tx *db.Tx, args Args, o Insert) error {
	if !q.kinds[args.Kind()] {
		return fmt.Errorf("no worker handles jobs of kind %s", args.Kind())
	}
	opts := &river.InsertOpts{MaxAttempts: o.MaxAttempts}
	if o.At.After(q.now()) { // a job with a time waits for the scheduler, even if it is due
		opts.ScheduledAt = o.At
	}
	if o.Unique {
		opts.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: unfinished}
	}
	if c, ok := q.client.(*river.Client[*sql.Tx]); ok {
		_, err := c.InsertTx(ctx, tx.SQL(), args, opts)
		return db.Outage(err)
	}
	return db.Outage(tx.Pgx(func(tx pgx.Tx) error {
		_, err := q.client.(*river.Client[pgx.Tx]).InsertTx(ctx, tx, args, opts)
		return err
	}))
}

// Every inserts the job at each interval, and when the schedule begins, before Run. Among all instances that run there is one
// schedule: when its instance goes, another begins anew. It inserts none beside one that has not finished.
func (q *Queue) Every(interval time.Duration, args Args) {
	unique := &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
	q.periodic = append(q.periodic, river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) { return args, unique }, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Run works the jobs until ctx ends. Then it takes no more, lets those that run finish for Options.Grace, and cancels the rest. An
// error says that it could not start, or that a worker did not heed its context.
func (q *Queue) Run(ctx context.Context) error {
	config := q.config
	config.Workers = q.workers
	config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: parallel}}
	config.FetchOnlyKnownKinds = true // a newer instance's jobs are left to it
	config.PeriodicJobs = q.periodic
	config.JobTimeout = DefaultTimeout
	config.RescueStuckJobsAfter = DefaultTimeout + deadAfter // and no job before its own Timeout
	config.SoftStopTimeout = cmp.Or(q.o.Grace, 20*time.Second)
	config.CompletedJobRetentionPeriod = keepDone
	config.CancelledJobRetentionPeriod = keepDead
	config.DiscardedJobRetentionPeriod = keepDead
	if err := q.wake(&config); err != nil {
		return err
	}
	c, err := q.open(config)
	if err != nil {
		return err
	}
	if err := c.Start(ctx); err != nil {
		if ctx.Err() != nil { // stopped before it had begun
			return nil
		}
		return fmt.Errorf("start the jobs: %w", err)
	}
	<-ctx.Done()
	select {
	case <-c.Stopped():
		return nil
	case <-time.After(config.SoftStopTimeout + 5*time.Second):
		return fmt.Errorf("a job did not end within %s; it will run again", config.SoftStopTimeout+5*time.Second)
	}
}

// wake sets how jobs that wait are noticed: by LISTEN, where a connection is the program's own, and else by asking again.
func (q *Queue) wake(config *river.Config) error {
	config.FetchCooldown = 10 * time.Millisecond
	if q.db.Engine == db.SQLite {
		config.FetchPollInterval, config.PollOnly = 200*time.Millisecond, true
		return nil
	}
	_, listen, err := q.db.Pool()
	if err != nil {
		return err
	}
	config.FetchPollInterval, config.PollOnly = time.Second, !listen
	if !listen {
		config.FetchPollInterval = 500 * time.Millisecond
	}
	return nil
}

// Backoff is the time between an attempt that failed and the next: a second, four times more after each, an hour at most, a tenth
// more or less by chance. Ten attempts take about three and a half hours.
func Backoff(attempt int) time.Duration {
	wait := time.Hour
	if attempt < 7 {
		wait = time.Second << (2 * (attempt - 1))
	}
	return wait*9/10 + rand.N(wait/5)
}

type backoff struct{ q *Queue }

func (b backoff) NextRetry(job *rivertype.JobRow) time.Time {
	return b.q.now().Add(b.q.o.Backoff(len(job.Errors) + 1))
}

func (q *Queue) now() time.Time {
	if q.o.Now != nil {
		return q.o.Now()
	}
	return time.Now()
}

// clock gives River the shop's time.
type clock func() time.Time

func (c clock) Now() time.Time       { return c() }
func (c clock) NowOrNil() *time.Time { t := c(); return &t }
