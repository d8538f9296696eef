package inbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/fault"
)

// box is an inbox whose one provider writes a row for each effect: the type of the event as the name of a seller.
type box struct {
	*Service
	mu        sync.Mutex
	handle    Handler // nil: effect
	scheduled []string
	now       time.Time
}

func newBox(d *db.DB) *box {
	b := &box{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	b.Service = &Service{
		DB: d, Now: func() time.Time { return b.now },
		Handlers: map[string]Handler{"test": func(ctx context.Context, tx *db.Tx, e Event) (Outcome, error) {
			if b.handle != nil {
				return b.handle(ctx, tx, e)
			}
			return effect(ctx, tx, e)
		}},
		Schedule: func(_ context.Context, tx *db.Tx, which Waiting, at time.Time) error {
			tx.AfterCommit(func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.scheduled = append(b.scheduled, fmt.Sprint(which, " in ", at.Sub(b.now)))
			})
			return nil
		},
	}
	return b
}

func effect(ctx context.Context, tx *db.Tx, e Event) (Outcome, error) {
	_, err := tx.Exec(ctx, `INSERT INTO sellers (subject, created_at) VALUES ($1, 1)`, e.Type)
	return Outcome{Status: Processed, Subject: "user_1"}, err
}

func (b *box) effects(t *testing.T) int64 {
	t.Helper()
	n, err := db.One(t.Context(), b.DB, db.Value[int64], `SELECT count(*) FROM sellers`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *box) accept(t *testing.T, id, body string, want Status) {
	t.Helper()
	status, err := b.Accept(t.Context(), "test", id, []byte(body))
	if err != nil || status != want {
		t.Fatalf("%s: %q, %v; want %q", id, status, err, want)
	}
}

func (b *box) only(t *testing.T) Event {
	t.Helper()
	list, err := b.List(t.Context(), "", 1<<62, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d events, %v; want 1", len(list), err)
	}
	return list[0]
}

const hello = `{"type":"hello","data":{}}`

func TestAnEventHasItsEffectOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBox(d)
		b.accept(t, "msg_1", hello, Processed)
		b.accept(t, "msg_1", hello, Duplicate)
		if n := b.effects(t); n != 1 {
			t.Errorf("%d effects", n)
		}
		e := b.only(t)
		if e.Status != Processed || e.Type != "hello" || string(e.Payload) != hello || e.Subject != "user_1" || e.ProcessedAt == nil || e.Attempts != 1 {
			t.Errorf("kept as %+v", e)
		}
	})
}

func TestManySendersOfOneEventHaveOneEffect(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		boxes := []*box{newBox(dbtest.Open(t, url)), newBox(dbtest.Open(t, url))}
		if boxes[0].DB.Engine == db.SQLite {
			boxes[1] = boxes[0] // one file, one server
		}
		var wg sync.WaitGroup
		start, statuses := make(chan struct{}), make(chan Status, 50)
		for n := range cap(statuses) {
			wg.Go(func() {
				<-start
				status, err := boxes[n%2].Accept(t.Context(), "test", "msg_1", []byte(hello))
				if err != nil {
					t.Error(err)
				}
				statuses <- status
			})
		}
		close(start)
		wg.Wait()
		close(statuses)
		counts := map[Status]int{}
		for s := range statuses {
			counts[s]++
		}
		if counts[Processed] != 1 || counts[Duplicate] != 49 || boxes[0].effects(t) != 1 {
			t.Errorf("answers %v, %d effects", counts, boxes[0].effects(t))
		}
	})
}

func TestAnotherBodyUnderTheSameIDIsKeptForReview(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBox(d)
		b.accept(t, "msg_1", hello, Processed)
		b.accept(t, "msg_1", `{"type":"other"}`, Ignored)
		b.accept(t, "msg_1", `{"type":"other"}`, Ignored)
		b.accept(t, "msg_1", hello, Duplicate)
		if n := b.effects(t); n != 1 {
			t.Errorf("%d effects", n)
		}
		kept, err := b.List(t.Context(), Review, 1<<62, 10)
		if err != nil || len(kept) != 1 || !kept[0].Conflicts || kept[0].Type != "other" {
			t.Fatalf("for review: %+v, %v", kept, err)
		}
		if _, err := b.Replay(t.Context(), kept[0].ID); !errors.Is(err, errOther) {
			t.Errorf("its replay: %v", err)
		}
	})
}

func TestWhatIsNoEventIsRefusedAndNotKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBox(d)
		deep := `{"type":"deep","data":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`
		for name, body := range map[string]string{
			"nothing": "", "a list": "[]", "null": "null", "no type": `{"data":{}}`, "a number as type": `{"type":5}`, "an empty type": `{"type":""}`,
			"not JSON": "{", "not UTF-8": "{\"type\":\"a\xff\"}", "NUL in the type": `{"type":"a\u0000"}`, "deep": deep,
			"a long type": `{"type":"` + strings.Repeat("a", 129) + `"}`, "more behind it": hello + "{}",
		} {
			status, err := b.Accept(t.Context(), "test", "msg_"+name, []byte(body))
			if fault.KindOf(err) != fault.Malformed || status != "" {
				t.Errorf("%s: %q, %v", name, status, err)
			}
		}
		list, err := b.List(t.Context(), "", 1<<62, 10)
		if err != nil || len(list) != 0 {
			t.Errorf("%d kept, %v", len(list), err)
		}
		b.accept(t, "brackets in text", `{"type":"text","data":"`+strings.Repeat("[", 100)+`\"{"}`, Processed)
	})
}

func TestAFailureLeavesNoEffectAndIsTriedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBox(d)
		broken := true
		b.handle = func(ctx context.Context, tx *db.Tx, e Event) (Outcome, error) {
			out, err := effect(ctx, tx, e)
			if broken {
				err = errors.Join(err, errors.New("the poison"))
			}
			return out, err
		}
		for try := 1; try <= 2; try++ {
			if status, err := b.Accept(t.Context(), "test", "msg_1", []byte(hello)); !errors.Is(err, errFailed) {
				t.Fatalf("try %d: %q, %v", try, status, err)
			}
		}
		e := b.only(t)
		if e.Status != Failed || e.Attempts != 2 || !strings.Contains(e.Message, "the poison") || e.Subject != "user_1" || e.RetryAt == nil {
			t.Errorf("kept as %+v", e)
		}
		if n := b.effects(t); n != 0 {
			t.Errorf("%d effects", n)
		}
		broken = false
		b.accept(t, "msg_1", hello, Processed)
		b.accept(t, "msg_1", hello, Duplicate)
		if e := b.only(t); b.effects(t) != 1 || e.Message != "" || e.RetryAt != nil {
			t.Errorf("%d effects, %+v", b.effects(t), e)
		}
	})
}

func TestAPoisonousEventIsTriedTenTimes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBox(d)
		tries := 0
		b.handle = func(context.Context, *db.Tx, Event) (Outcome, error) { tries++; return Outcome{}, errors.New("poison") }
		_, _ = b.Accept(t.Context(), "test", "msg_1", []byte(hello))
		for range 100 {
			b.now = b.now.Add(48 * time.Hour)
			if err := b.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if e := b.only(t); tries != 10 || e.Status != Failed || e.RetryAt != nil {
			t.Errorf("%d tries, then %+v", tries, e)
		}
		b.handle = nil
		if status, err := b.Replay(t.Context(), b.only(t).ID); err != nil || status != Processed {
			t.Errorf("replayed by hand: %q, %v", status, err)
		}
	})
}

func TestWhatIsDeferredGoesOnWhenItCan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBox(d)
		there := false
		b.handle = func(ctx context.Context, tx *db.Tx, e Event) (Outcome, error) {
			if !there {
				return Outcome{Status: Deferred, WaitsFor: "user:user_1", Message: "not known yet"}, nil
			}
			return effect(ctx, tx, e)
		}
		b.accept(t, "msg_1", hello, Deferred)
		b.accept(t, "msg_1", hello, Duplicate)
		wake := func(key string) {
			err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return b.Wake(ctx, tx, key) })
			if err != nil {
				t.Fatal(err)
			}
		}
		wake("user:user_2") // for whom nothing waits
		wake("user:user_1")
		if got := fmt.Sprint(b.scheduled); got != "[{ 1} in 2s {user:user_1 0} in 0s]" {
			t.Errorf("scheduled %s", got)
		}
		if err := b.Retry(t.Context(), Waiting{Key: "user:user_1"}); err != nil {
			t.Fatal(err)
		}
		if e := b.only(t); e.Status != Deferred || e.Attempts != 2 || e.RetryAt.Sub(b.now) != 2*time.Minute {
			t.Errorf("still waiting as %+v", e)
		}
		there = true
		if err := b.Retry(t.Context(), Waiting{Key: "user:user_1"}); err != nil {
			t.Fatal(err)
		}
		if e := b.only(t); e.Status != Processed || b.effects(t) != 1 || e.WaitsFor != "" {
			t.Errorf("%d effects, %+v", b.effects(t), e)
		}
	})
}

func TestSweepTriesWhatIsDueAndDropsOldPayloads(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBox(d)
		b.handle = func(ctx context.Context, tx *db.Tx, e Event) (Outcome, error) {
			return Outcome{Status: Deferred, WaitsFor: "plan:p"}, nil
		}
		b.accept(t, "msg_1", hello, Deferred)
		b.handle = nil
		b.now = b.now.Add(59 * time.Second)
		for _, want := range []Status{Deferred, Processed} {
			if err := b.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if e := b.only(t); e.Status != want || len(e.Payload) == 0 {
				t.Errorf("swept to %+v, want %s", e, want)
			}
			b.now = b.now.Add(time.Second)
		}
		b.now = b.now.Add(longAgo)
		if err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e := b.only(t); len(e.Payload) != 0 {
			t.Errorf("after a month its payload is %s", e.Payload)
		}
		b.accept(t, "msg_1", hello, Duplicate)
		if _, err := b.Replay(t.Context(), b.only(t).ID); !errors.Is(err, errGone) {
			t.Errorf("replay without a payload: %v", err)
		}
	})
}

func TestErasingAPersonBlanksWhatIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBox(d)
		b.accept(t, "msg_1", hello, Processed)
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return b.Blank(ctx, tx, "test", "user_1") })
		if err != nil {
			t.Fatal(err)
		}
		b.handle = func(context.Context, *db.Tx, Event) (Outcome, error) {
			return Outcome{Status: Processed, Subject: "user_1", Erased: true}, nil
		}
		b.accept(t, "msg_2", hello, Processed)
		list, err := b.List(t.Context(), "", 1<<62, 10)
		if err != nil || len(list) != 2 || len(list[0].Payload)+len(list[1].Payload) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
