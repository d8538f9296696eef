package jobs_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/jobs"
)

const childEnv = "SOUK_TEST_JOBS_DATABASE"

// TestMain lets the test binary be a process that works jobs and never finishes one, so that it can be killed.
func TestMain(m *testing.M) {
	if url := os.Getenv(childEnv); url != "" {
		panic(workForEver(url))
	}
	os.Exit(m.Run())
}

func workForEver(url string) error {
	d, err := db.Open(db.Options{URL: url})
	if err != nil {
		return err
	}
	q, err := jobs.New(d, jobs.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	jobs.Handle(q, func(_ context.Context, args greet) error {
		fmt.Println("began", args.ID)
		select {}
	})
	return q.Run(context.Background())
}

// N32: a job whose process is killed with -9 runs again, on another, once.
func TestAJobOfAKilledProcessRunsAgain(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d := dbtest.Open(t, url)
		q := queue(t, d, jobs.Options{})
		came := make(chan int64, 100)
		jobs.Handle(q, func(_ context.Context, args greet) error { came <- args.ID; return nil })
		insert(t, d, q, greet{5}, jobs.Insert{})

		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(program)
		child.Env = append(os.Environ(), childEnv+"="+url)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if kill := child.Process.Kill(); kill != nil {
			t.Error(kill)
		}
		_ = child.Wait()
		if err != nil || line != "began 5\n" {
			t.Fatalf("the child says %q: %v", line, err)
		}
		if running := list(t, q, "running"); len(running) != 1 {
			t.Fatalf("running: %+v, want the one that was killed", running)
		}
		drain(t, q)
		if len(came) != 0 {
			t.Fatal("it ran again while it could have been running")
		}
		longAgo(t, d)
		stop := run(t, q)
		if id := wait(t, came); id != 5 {
			t.Errorf("job %d came", id)
		}
		stop()
		if done := list(t, q, "completed"); len(done) != 1 || done[0].Attempt != 2 || len(came) != 0 {
			t.Errorf("completed: %+v, and %d more", done, len(came))
		}
	})
}

// longAgo lets an hour pass since every attempt began, and since the killed process was elected to keep the schedule.
func longAgo(t *testing.T, d *db.DB) {
	t.Helper()
	statements := []string{
		`UPDATE river_job SET attempted_at = datetime(attempted_at, '-1 hour', 'subsec')`,
		`DELETE FROM river_leader`,
	}
	if d.Engine == db.Postgres {
		statements[0] = `UPDATE river_job SET attempted_at = attempted_at - interval '1 hour'`
	}
	for _, s := range statements {
		if _, err := d.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}
