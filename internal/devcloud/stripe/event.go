package stripe

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Faults are what a network does to webhooks. The zero value does nothing.
type Faults struct {
	Drop      float64       // the share of events that are never sent
	Duplicate float64       // the share that is sent twice
	MaxDelay  time.Duration // before the first try; random up to this
	Seed      uint64        // the same seed does the same to the first event that comes, the second, and so on
}

// SetFaults says what goes wrong with the webhooks from now on.
func (s *Stripe) SetFaults(ctx context.Context, f Faults) error {
	return s.change(ctx, func() error {
		set := s.state.Settings
		set.Faults, set.FaultsSince = f, set.Number
		s.state.put(set)
		return nil
	})
}

// tell makes an event of an object as it is now, to be sent.
func (s *Stripe) tell(kind string, about object) {
	set := s.state.Settings
	set.Number++
	s.state.put(set)
	now := s.o.Now()
	e := &event{ID: newID("evt"), Type: kind, Created: unix(now), Number: set.Number, Copies: 1, NextAt: now.UnixMilli(), Held: set.HoldEvents}
	body, err := json.Marshal(object{
		"id": e.ID, "object": "event", "api_version": APIVersion, "created": e.Created, "data": object{"object": about}, "livemode": false,
		"pending_webhooks": 1, "request": object{"id": orNull(s.by.ID), "idempotency_key": orNull(s.by.Key)}, "type": kind,
	})
	if err != nil {
		panic(err) // made of plain values
	}
	e.Body = body
	f := set.Faults
	fate := rand.New(rand.NewPCG(f.Seed, uint64(e.Number-set.FaultsSince)))
	drop, twice := fate.Float64() < f.Drop, fate.Float64() < f.Duplicate
	if drop {
		e.Dropped, e.Copies = true, 0
	} else if twice {
		e.Copies = 2
	}
	if f.MaxDelay > 0 {
		e.NextAt += fate.Int64N(f.MaxDelay.Milliseconds() + 1)
	}
	s.state.put(e)
	s.wakeUp()
}

func getEvent(c *call) (any, error) {
	e := c.state.Events[c.id]
	if e == nil {
		return nil, missing("event", "event", c.id)
	}
	return wireEvent(e), nil
}

func listEvents(c *call) (any, error) {
	kind, kinds := c.text("type", 200), c.texts("types", 200)
	return listed(c, "event", newest(c.state.Events, func(e *event) int64 { return e.Number }), func(e *event) string { return e.ID },
		func(e *event) int64 { return e.Created },
		func(e *event) bool {
			return (kind == "" || e.is(kind)) && (len(kinds) == 0 || slices.ContainsFunc(kinds, e.is))
		}, wireEvent)
}

// is says that an event is of a type; one that ends with a star is that of all that begin like it.
func (e *event) is(kind string) bool {
	begin, all := strings.CutSuffix(kind, "*")
	return e.Type == kind || all && strings.HasPrefix(e.Type, begin)
}

// wireEvent is an event as the API shows it.
func wireEvent(e *event) object {
	var wire object
	if err := json.Unmarshal(e.Body, &wire); err != nil {
		panic(err) // it was written by tell
	}
	wire["pending_webhooks"] = min(1, e.Copies)
	return wire
}

// Told is an event and what became of it.
type Told struct {
	ID, Type string
	Body     []byte
	Answers  []int // HTTP statuses of the tries; 0: no answer
	Waits    bool  // it is still to be sent
	Dropped  bool
	Held     bool
	Created  time.Time
}

// About is the id of the object that the event tells of.
func (t Told) About() string {
	var body struct {
		Data struct{ Object struct{ ID string } }
	}
	_ = json.Unmarshal(t.Body, &body) // our own
	return body.Data.Object.ID
}

// Events gives everything that happened, the newest first.
func (s *Stripe) Events() (list []Told) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range newest(s.state.Events, func(e *event) int64 { return e.Number }) {
		list = append(list, Told{e.ID, e.Type, e.Body, slices.Clone(e.Answers), e.Copies > 0, e.Dropped, e.Held, time.Unix(e.Created, 0).UTC()})
	}
	return list
}
