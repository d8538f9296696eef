package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/jobs"
)

type greet struct {
	ID int64 `json:"id"`
}

func (greet) Kind() string { return "greet" }

// at once is the backoff of tests.
func atOnce(int) time.Duration { return 0 }

func queue(t *testing.T, d *db.DB, o jobs.Options) *jobs.Queue {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Backoff == nil {
		o.Backoff = atOnce
	}
	q, err := jobs.New(d, o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// insert commits a job.
func insert(t *testing.T, d *db.DB, q *jobs.Queue, args jobs.Args, o jobs.Insert) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return q.Insert(ctx, tx, args, o) })
	if err != nil {
		t.Fatal(err)
	}
}

func drain(t *testing.T, q *jobs.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := q.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, q *jobs.Queue, state string) []jobs.Job {
	t.Helper()
	found, err := q.List(t.Context(), state, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// run runs q until the test ends.
func run(t *testing.T, q *jobs.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func wait[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came within 20 seconds")
	}
	return v
}

func TestAJobExistsOnlyIfItsTransactionCommits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := queue(t, d, jobs.Options{})
		var seen []int64
		jobs.Handle(q, func(_ context.Context, args greet) error { seen = append(seen, args.ID); return nil })
		errBack := errors.New("back")
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(q.Insert(ctx, tx, greet{1}, jobs.Insert{}), errBack)
		})
		if !errors.Is(err, errBack) || strings.Contains(err.Error(), "\n") {
			t.Fatal(err)
		}
		// A savepoint that is taken back takes its job along.
		err = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_ = d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
				return errors.Join(q.Insert(ctx, tx, greet{2}, jobs.Insert{}), errBack)
			})
			return q.Insert(ctx, tx, greet{3}, jobs.Insert{})
		})
		if err != nil {
			t.Fatal(err)
		}
		if all := list(t, q, ""); len(all) != 1 || string(all[0].Args) != `{"id": 3}` && string(all[0].Args) != `{"id":3}` {
			t.Fatalf("%d jobs: %+v", len(all), all)
		}
		drain(t, q)
		if len(seen) != 1 || seen[0] != 3 {
			t.Errorf("worked %v, want the third alone", seen)
		}
		if all := list(t, q, "completed"); len(all) != 1 || all[0].Attempt != 1 || all[0].Finished == nil {
			t.Errorf("%+v", all)
		}
	})
}

func TestAJobOfNoWorkerIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := queue(t, d, jobs.Options{})
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return q.Insert(ctx, tx, greet{1}, jobs.Insert{}) })
		if err == nil || !strings.Contains(err.Error(), "greet") {
			t.Errorf("%v, want the kind named", err)
		}
	})
}

func TestOneUniqueJobAtATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := queue(t, d, jobs.Options{})
		var ran atomic.Int64
		jobs.Handle(q, func(context.Context, greet) error { ran.Add(1); return nil })
		var start sync.WaitGroup
		var all sync.WaitGroup
		start.Add(1)
		for range 16 {
			all.Go(func() {
				start.Wait()
				err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					return q.Insert(ctx, tx, greet{1}, jobs.Insert{Unique: true})
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		start.Done()
		all.Wait()
		insert(t, d, q, greet{2}, jobs.Insert{Unique: true})
		insert(t, d, q, greet{2}, jobs.Insert{Unique: true, At: time.Now().Add(time.Hour)})
		drain(t, q)
		if n := ran.Load(); n != 2 {
			t.Errorf("%d ran, want one for each of two arguments", n)
		}
		insert(t, d, q, greet{1}, jobs.Insert{Unique: true})
		drain(t, q)
		if n := ran.Load(); n != 3 {
			t.Errorf("%d ran, want another once the first has finished", n)
		}
	})
}

func TestAJobWaitsForItsTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
		var mu sync.Mutex
		now := at.Add(-time.Hour)
		q := queue(t, d, jobs.Options{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
		var ran atomic.Int64
		jobs.Handle(q, func(context.Context, greet) error { ran.Add(1); return nil })
		insert(t, d, q, greet{1}, jobs.Insert{At: at})
		insert(t, d, q, greet{2}, jobs.Insert{})
		drain(t, q)
		if ran.Load() != 1 || len(list(t, q, "scheduled")) != 1 {
			t.Fatalf("%d ran an hour before, want the one that is due", ran.Load())
		}
		mu.Lock()
		now = at
		mu.Unlock()
		drain(t, q)
		if ran.Load() != 2 {
			t.Error("it did not run at its time")
		}
	})
}

// records keeps what is logged.
type records struct {
	slog.Handler
	mu   sync.Mutex
	list []slog.Record
}

func (*records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, rec)
	return nil
}

// at says how many records of a level there are, and shows the last.
func (r *records) at(level slog.Level) (n int, last string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.list {
		if rec.Level == level {
			n, last = n+1, rec.Message
			rec.Attrs(func(a slog.Attr) bool { last += " " + a.String(); return true })
		}
	}
	return n, last
}

// N32: a job that fails is tried ten times, then it is a dead letter that an operator sees and tries again.
func TestAfterTenAttemptsAJobIsADeadLetter(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("the mail server is away") },
		"panic": func() error { panic("the mail server is away") },
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				log := &records{Handler: slog.DiscardHandler}
				q := queue(t, d, jobs.Options{Logger: slog.New(log)})
				var tries, others atomic.Int64
				var healed atomic.Bool
				jobs.Handle(q, func(_ context.Context, args greet) error {
					if args.ID != 1 {
						others.Add(1)
						return nil
					}
					tries.Add(1)
					if healed.Load() {
						return nil
					}
					return fail()
				})
				insert(t, d, q, greet{1}, jobs.Insert{})
				insert(t, d, q, greet{2}, jobs.Insert{})
				drain(t, q)
				if tries.Load() != 10 || others.Load() != 1 {
					t.Fatalf("%d attempts, want 10; %d of the other, want 1", tries.Load(), others.Load())
				}
				dead := list(t, q, jobs.Dead)
				if len(dead) != 1 || dead[0].Attempt != 10 || !strings.Contains(dead[0].Error, "the mail server is away") {
					t.Fatalf("dead letters: %+v", dead)
				}
				if n, err := q.CountDead(t.Context()); err != nil || n != 1 {
					t.Errorf("%d dead letters are counted: %v", n, err)
				}
				warned, _ := log.at(slog.LevelWarn)
				if n, last := log.at(slog.LevelError); n != 1 || warned != 9 || !strings.Contains(last, "kind=greet") || !strings.Contains(last, "job=") {
					t.Errorf("%d warnings, want 9; %d errors, want 1: %s", warned, n, last)
				}

				healed.Store(true)
				if err := q.Retry(t.Context(), dead[0].ID); err != nil {
					t.Fatal(err)
				}
				drain(t, q)
				if len(list(t, q, "completed")) != 2 || tries.Load() != 11 {
					t.Errorf("after the retry: %+v", list(t, q, ""))
				}
				if err := q.Retry(t.Context(), dead[0].ID); !errors.Is(err, jobs.ErrNotDead) {
					t.Errorf("a job that succeeded: %v, want %v", err, jobs.ErrNotDead)
				}
				if err := q.Retry(t.Context(), 1<<40); !errors.Is(err, jobs.ErrNotFound) {
					t.Errorf("no job: %v, want %v", err, jobs.ErrNotFound)
				}
			})
		})
	}
}

// N32: a payload that cannot be read harms nobody but itself.
func TestAPoisonedPayloadIsADeadLetter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := queue(t, d, jobs.Options{})
		var ran atomic.Int64
		jobs.Handle(q, func(context.Context, greet) error { ran.Add(1); return nil })
		insert(t, d, q, greet{1}, jobs.Insert{})
		insert(t, d, q, greet{2}, jobs.Insert{})
		poison := list(t, q, "")[1].ID
		set := `UPDATE river_job SET args = jsonb('{"id":"one"}') WHERE id = $1`
		if d.Engine == db.Postgres {
			set = `UPDATE river_job SET args = '{"id":"one"}' WHERE id = $1`
		}
		if _, err := d.Exec(t.Context(), set, poison); err != nil {
			t.Fatal(err)
		}
		drain(t, q)
		if dead := list(t, q, jobs.Dead); ran.Load() != 1 || len(dead) != 1 || dead[0].ID != poison || dead[0].Attempt != 10 {
			t.Errorf("%d ran; all: %+v", ran.Load(), list(t, q, ""))
		}
	})
}

func TestTheBackoffGrowsToAnHour(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 4 * time.Second, 4: 64 * time.Second, 6: 1024 * time.Second, 7: time.Hour, 500: time.Hour} {
		seen := map[time.Duration]bool{}
		for range 100 {
			got := jobs.Backoff(attempt)
			seen[got] = true
			if got < want*9/10 || got > want*11/10 {
				t.Errorf("after attempt %d: %s, want %s or a tenth more or less", attempt, got, want)
			}
		}
		if len(seen) < 50 {
			t.Errorf("after attempt %d the wait is always the same", attempt)
		}
	}
}

func TestTheListIsPagedByState(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := queue(t, d, jobs.Options{})
		jobs.Handle(q, func(context.Context, greet) error { return nil })
		for i := range int64(5) {
			insert(t, d, q, greet{i}, jobs.Insert{})
		}
		var ids []int64
		for before := int64(0); ; {
			page, err := q.List(t.Context(), "available", before, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, job := range page {
				ids = append(ids, job.ID)
				before = job.ID
			}
		}
		if len(ids) != 5 {
			t.Errorf("%v, want five", ids)
		}
		for i := 1; i < len(ids); i++ {
			if ids[i] >= ids[i-1] {
				t.Errorf("%v, want the newest first", ids)
			}
		}
		if _, err := q.List(t.Context(), "dead", 0, 1); !errors.Is(err, jobs.ErrState) {
			t.Errorf("an unknown state: %v, want %v", err, jobs.ErrState)
		}
	})
}

// A running queue sees a commit within a second, and leaves no goroutine behind.
func TestRunningJobsComeSoonAndLeaveNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		warm(t, d)
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		q := queue(t, d, jobs.Options{})
		came := make(chan int64, 100)
		jobs.Handle(q, func(_ context.Context, args greet) error { came <- args.ID; return nil })
		stop := run(t, q)
		insert(t, d, q, greet{1}, jobs.Insert{})
		wait(t, came)
		slowest := time.Duration(0)
		for i := range int64(5) {
			insert(t, d, q, greet{i}, jobs.Insert{})
			committed := time.Now()
			wait(t, came)
			slowest = max(slowest, time.Since(committed))
		}
		if slowest > 3*time.Second { // usually a fifth of a second at most; the machine may be busy
			t.Errorf("a job came after %s", slowest)
		}
		stop()
	})
}

// warm opens what d keeps open until it is closed.
func warm(t *testing.T, d *db.DB) {
	t.Helper()
	q := queue(t, d, jobs.Options{})
	jobs.Handle(q, func(context.Context, greet) error { return nil })
	insert(t, d, q, greet{}, jobs.Insert{})
	drain(t, q)
}

// A stop lets a job that runs finish, and cancels one that does not.
func TestAStopWaitsForRunningJobs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := queue(t, d, jobs.Options{Grace: 300 * time.Millisecond})
		began, goOn := make(chan int64, 2), make(chan bool)
		cancelled := make(chan bool, 1)
		jobs.Handle(q, func(ctx context.Context, args greet) error {
			began <- args.ID
			if args.ID == 2 {
				<-ctx.Done()
				cancelled <- true
				return ctx.Err()
			}
			<-goOn
			return ctx.Err()
		})
		insert(t, d, q, greet{1}, jobs.Insert{})
		insert(t, d, q, greet{2}, jobs.Insert{})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ended := make(chan error, 1)
		go func() { ended <- q.Run(ctx) }()
		wait(t, began)
		wait(t, began)
		stop()
		close(goOn)
		if err := wait(t, ended); err != nil {
			t.Error(err)
		}
		wait(t, cancelled)
		done, left := list(t, q, "completed"), slicesOf(list(t, q, "available"), list(t, q, "retryable"))
		if len(done) != 1 || len(left) != 1 {
			t.Errorf("completed %+v, left to run again %+v", done, left)
		}
	})
}

func slicesOf(lists ...[]jobs.Job) (all []jobs.Job) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// A stop that comes before the jobs have begun is a stop, not a failure.
func TestAStopBeforeTheStartIsNoError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := queue(t, d, jobs.Options{})
		jobs.Handle(q, func(context.Context, greet) error { return nil })
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := q.Run(ctx); err != nil {
			t.Error(err)
		}
	})
}

// Two instances have one schedule between them, and the other takes it over.
func TestAScheduleRunsOnOneInstance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		came := make(chan int, 1000)
		var stops []func()
		for i := range 2 {
			q := queue(t, d, jobs.Options{})
			jobs.Handle(q, func(context.Context, greet) error { came <- i; return nil })
			q.Every(time.Second, greet{7})
			stops = append(stops, run(t, q))
		}
		wait(t, came) // at the start
		began := time.Now()
		for range 3 {
			wait(t, came)
		}
		if took := time.Since(began); took < 2*time.Second {
			t.Errorf("three more came within %s, want one a second", took)
		}
		stops[0]()
		for range 2 {
			if by := wait(t, came); by == 0 {
				by = wait(t, came) // one that was on its way
				if by == 0 {
					t.Error("the instance that stopped works on")
				}
			}
		}
		stops[1]()
	})
}
