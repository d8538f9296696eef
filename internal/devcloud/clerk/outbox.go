package clerk

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"souk/internal/loopback"
)

const (
	sendTries  = 16              // then an event is given up; Svix tries eight times, over 27 hours
	firstPause = time.Second / 2 // before the second try; doubled for each further one
	longPause  = time.Minute
	atOnce     = 8 // events of so many users are sent at the same time
	maxAnswers = 20
)

// outgoing is an event and how the telling of it goes.
type outgoing struct {
	Event
	Number  int64 // in the order in which they came about
	Copies  int   // still to be sent
	Tries   int   // of this copy
	NextAt  time.Time
	Answers []int // HTTP statuses; 0: none
	Dropped bool
	Held    bool // until somebody lets it go
}

func (e *outgoing) waits() bool { return e.Copies > 0 && !e.Held }

// post puts an event into the outbox, where what the faults say happens to it.
func (i *Instance) post(e Event) {
	i.settings.Number++
	out := &outgoing{Event: e, Number: i.settings.Number}
	if i.o.Webhook != "" {
		f := i.settings.Faults
		fate := rand.New(rand.NewPCG(f.Seed, uint64(out.Number-i.settings.FaultsSince))) // the same after a restart
		out.NextAt, out.Held, out.Dropped = i.realTime(), i.settings.Hold, fate.Float64() < f.DropShare
		if !out.Dropped {
			out.Copies = 1 + fate.IntN(max(1, f.MaxCopies))
		}
		if f.MaxDelay > 0 {
			out.NextAt = out.NextAt.Add(time.Duration(fate.Int64N(int64(f.MaxDelay))))
		}
		i.wakeUp()
	}
	i.events = append(i.events, out)
	i.touched(e.UserID)
	i.keep(out)
}

func (i *Instance) keep(e *outgoing) {
	if i.store != nil {
		i.dirtyEvents[e.ID] = e
	}
}

// forgetOld takes the oldest events out of the log that nothing will be done with any more, and those held back when there are as many again.
func (i *Instance) forgetOld() {
	over := len(i.events) - keptEvents
	if over <= 0 {
		return
	}
	i.events = slices.DeleteFunc(i.events, func(e *outgoing) bool {
		if over <= 0 || e.Copies > 0 && !(e.Held && over > keptEvents) {
			return false
		}
		over--
		i.dirtyEvents[e.ID] = nil
		return true
	})
}

// SetFaults says what goes wrong with the events that come from now on. The same seed does the same to the first that comes, the second,
// and so on. Forgeries are for Delivery alone.
func (i *Instance) SetFaults(f Faults) error {
	share := func(s float64) bool { return s >= 0 && s <= 1 }
	if !share(f.DropShare) || f.ForgeShare != 0 || f.MaxCopies < 0 || f.MaxCopies > 10 || f.MaxDelay < 0 || f.MaxDelay > time.Hour {
		return errors.New("events are sent at most 10 times, at most an hour late, and a share of 0 to 1 is dropped")
	}
	return i.change(func() error {
		i.settings.Faults, i.settings.FaultsSince = f, i.settings.Number
		return nil
	})
}

// Faults is what SetFaults said.
func (i *Instance) Faults() Faults {
	defer i.lock()()
	return i.settings.Faults
}

// Hold keeps the events back that come from now on, until Release or Resend, or no longer those that come.
func (i *Instance) Hold(on bool) error {
	return i.change(func() error {
		i.settings.Hold = on
		return nil
	})
}

// Holds says whether new events are held back.
func (i *Instance) Holds() bool {
	defer i.lock()()
	return i.settings.Hold
}

// Release sends all events that were held back.
func (i *Instance) Release() error {
	return i.change(func() error {
		for _, e := range i.events {
			if e.Held {
				e.Held = false
				i.keep(e)
			}
		}
		i.wakeUp()
		return nil
	})
}

// ErrNoEvent says that there is no event of that id, or none any more.
var ErrNoEvent = errors.New("there is no such event")

// Resend has an event sent once more, whatever became of it. One that was held back is sent as it would have been.
func (i *Instance) Resend(id string) error {
	return i.change(func() error {
		n := slices.IndexFunc(i.events, func(e *outgoing) bool { return e.ID == id })
		if n < 0 || i.o.Webhook == "" {
			return ErrNoEvent
		}
		e := i.events[n]
		if !e.Held || e.Copies == 0 {
			e.Copies++
		}
		e.Tries, e.Held, e.Dropped, e.NextAt = 0, false, false, i.realTime()
		i.keep(e)
		i.wakeUp()
		return nil
	})
}

// SentEvent is an event and what became of it.
type SentEvent struct {
	Event
	Answers []int // HTTP statuses of the last tries; 0: no answer
	Waits   bool  // it is still to be sent, by itself
	Held    bool
	Dropped bool
}

// Sent is the log of events, the newest first.
func (i *Instance) Sent() []SentEvent {
	defer i.lock()()
	log := make([]SentEvent, 0, len(i.events))
	for _, e := range slices.Backward(i.events) {
		log = append(log, SentEvent{e.Event, slices.Clone(e.Answers), e.waits(), e.Held && e.Copies > 0, e.Dropped})
	}
	return log
}

// WebhookSecret is what the events are signed with.
func (i *Instance) WebhookSecret() string {
	defer i.lock()()
	return i.settings.WebhookSecret
}

// wakeUp has Run look for events that are due.
func (i *Instance) wakeUp() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// Run sends events as they become due, until ctx ends: those of one user in order, one after the other. What fails is tried again, and
// lets the next ones pass.
func (i *Instance) Run(ctx context.Context) error {
	out := i.sender()
	defer out.Client.CloseIdleConnections()
	var flying sync.WaitGroup
	defer flying.Wait()
	for ctx.Err() == nil {
		e, pause := i.next()
		if e != nil {
			flying.Go(func() { i.send(ctx, out, e) })
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-i.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// Drain sends the events that are due, one after the other, until none is.
func (i *Instance) Drain(ctx context.Context) error {
	out := i.sender()
	defer out.Client.CloseIdleConnections()
	for ctx.Err() == nil {
		e, _ := i.next()
		if e == nil {
			return nil
		}
		i.send(ctx, out, e)
	}
	return ctx.Err()
}

func (i *Instance) sender() *run {
	return &run{Delivery: Delivery{Secret: i.WebhookSecret(), Now: i.realTime, Client: loopback.Client(atOnce)}}
}

// next takes an event that is due, or else says for how long there is none.
func (i *Instance) next() (*outgoing, time.Duration) {
	defer i.lock()()
	pause, now := time.Second, i.realTime() // at most a second, since periods end too
	if len(i.busy) >= atOnce {
		return nil, pause
	}
	var due []*outgoing
	for _, e := range i.events {
		switch {
		case !e.waits() || i.busy[e.UserID]:
		case e.NextAt.After(now):
			pause = min(pause, e.NextAt.Sub(now))
		default:
			due = append(due, e)
		}
		if len(due) > 0 && !i.settings.Faults.Shuffle {
			break
		}
	}
	if len(due) == 0 {
		return nil, pause
	}
	e := due[0]
	if i.settings.Faults.Shuffle {
		e = due[rand.New(rand.NewPCG(i.settings.Faults.Seed, uint64(due[0].Number-i.settings.FaultsSince)+uint64(len(due)))).IntN(len(due))]
	}
	i.busy[e.UserID] = true
	return e, 0
}

// send sends one copy once, and takes down what came of it.
func (i *Instance) send(ctx context.Context, out *run, e *outgoing) {
	code, _, abort := out.post(ctx, parcel{event: e.Event, target: i.o.Webhook})
	err := i.change(func() error {
		delete(i.busy, e.UserID)
		if ctx.Err() == nil { // otherwise it is sent again
			i.sent(e, code, abort)
		}
		return nil
	})
	if err != nil {
		slog.ErrorContext(ctx, "the stand-in for Clerk cannot be kept", "err", err)
	}
	i.wakeUp()
}

func (i *Instance) sent(e *outgoing, code int, abort bool) {
	e.Answers = append(e.Answers, code)
	e.Answers = e.Answers[max(0, len(e.Answers)-maxAnswers):]
	e.Tries++
	switch {
	case code/100 == 2:
		e.Copies, e.Tries = e.Copies-1, 0
	case abort || e.Tries >= sendTries:
		e.Copies = 0
	default:
		e.NextAt = i.realTime().Add(min(firstPause<<(e.Tries-1), longPause))
	}
	i.keep(e)
	close(i.beat)
	i.beat = make(chan struct{})
}

// Told waits until all events have been sent, but for those that are held back, and gives how many are left when ctx ends.
func (i *Instance) Told(ctx context.Context) (left int) {
	for {
		unlock := i.lock()
		left, beat := 0, i.beat
		for _, e := range i.events {
			if e.waits() {
				left++
			}
		}
		unlock()
		if left == 0 {
			return 0
		}
		select {
		case <-ctx.Done():
			return left
		case <-beat:
		}
	}
}
