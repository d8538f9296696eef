package subscription

import (
	"strconv"
	"time"
)

// Fact names what a provider can say of an item.
type Fact string

// The facts of an item. Values are texts: a time is in microseconds since 1970, and none is empty.
const (
	FactStatus     Fact = "status" // one of the Provider states
	FactTrial      Fact = "trial"  // true or false
	FactPlan       Fact = "plan"   // the plan's id at the provider
	FactPrice      Fact = "price"  // the price's id at the provider
	FactPeriod     Fact = "period" // catalog.Monthly or catalog.Yearly
	FactStart      Fact = "start"  // of the current period
	FactEnd        Fact = "end"    // of the current period
	FactCanceledAt Fact = "canceled_at"
	FactCreatedAt  Fact = "created_at"
	FactParent     Fact = "parent" // the subscription around the item
)

// times are the facts whose values are times.
var times = map[Fact]bool{FactStart: true, FactEnd: true, FactCanceledAt: true, FactCreatedAt: true}

// The states of an item at the provider.
const (
	ProviderActive     = "active"
	ProviderTrialing   = "trialing"
	ProviderPastDue    = "past_due"
	ProviderPaused     = "paused"
	ProviderCanceled   = "canceled" // runs until the end of its period
	ProviderUpcoming   = "upcoming"
	ProviderIncomplete = "incomplete"
	ProviderEnded      = "ended"
	ProviderExpired    = "expired"
	ProviderAbandoned  = "abandoned"
)

// known is what is known of one fact: its value, and the time of the change that it is from, in microseconds.
type known struct {
	Value    string `json:"v"`
	At       int64  `json:"at"`
	Disputed bool   `json:"disputed,omitempty"` // two reports of that moment disagree: the provider must be asked
	Sure     bool   `json:"sure,omitempty"`     // it was asked, and this is its answer
}

// facts are what is known of an item. Each is kept by itself, from the newest report that had it: reports leave out what
// they like, and come in any order, and the facts are the same after all of them.
type facts map[Fact]known

// merge takes over what r says that is newer. dispute: r says otherwise than a report of the same moment did.
func (f facts) merge(r Report) (changed, dispute bool) {
	at := r.At.UnixMicro()
	for name, value := range r.Facts {
		have, there := f[name]
		next := known{Value: value, At: at}
		switch {
		case !there || at > have.At:
		case at < have.At, have.Sure:
			continue
		case r.Sure && (have.Disputed || value != have.Value):
			next.Sure = true
		case value == have.Value:
			continue
		case times[name] && sameSecond(have.Value, value):
			if len(value) < len(have.Value) || value < have.Value { // in whole seconds, or less exact
				continue
			}
		default:
			dispute = true
			if have.Disputed {
				continue
			}
			next = have
			next.Disputed = true
		}
		f[name] = next
		changed = true
	}
	return changed, dispute
}

// sameSecond says that two times differ only because one was given in whole seconds.
func sameSecond(a, b string) bool {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	const second = int64(time.Second / time.Microsecond)
	return errX == nil && errY == nil && x/second == y/second
}

// with says that a fact is from no older report than another: what is left out later may have changed since.
func (f facts) with(name, other Fact) bool { return f[name].At >= f[other].At }

func (f facts) text(name Fact) string { return f[name].Value }

func (f facts) time(name Fact) *time.Time {
	micros, err := strconv.ParseInt(f[name].Value, 10, 64)
	if err != nil {
		return nil
	}
	t := time.UnixMicro(micros).UTC()
	return &t
}

// TimeFact is the value of a fact that is a time; nil is none.
func TimeFact(t *time.Time) string {
	if t == nil {
		return ""
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}

// state is what the facts mean for a subscription. ok is false when the status is none that is known.
func (f facts) state() (status Status, ok bool) {
	switch f.text(FactStatus) {
	case ProviderActive:
		if f.with(FactTrial, FactStatus) && f.text(FactTrial) == "true" {
			return Trialing, true
		}
		return Active, true
	case ProviderTrialing:
		return Trialing, true
	case ProviderPastDue:
		return PastDue, true
	case ProviderPaused:
		return Paused, true
	case ProviderUpcoming, ProviderIncomplete:
		return Incomplete, true
	case ProviderCanceled, ProviderEnded, ProviderExpired, ProviderAbandoned:
		return Canceled, true
	}
	return "", false
}

// began is when the item became active: the later of its making and the start of its period.
func (f facts) began() time.Time {
	var latest time.Time
	for _, name := range []Fact{FactCreatedAt, FactStart} {
		if t := f.time(name); t != nil && t.After(latest) {
			latest = *t
		}
	}
	if latest.IsZero() {
		return time.UnixMicro(f[FactStatus].At).UTC()
	}
	return latest
}
