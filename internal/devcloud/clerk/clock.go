package clerk

import (
	"errors"
	"time"
)

const (
	maxAdvance = 5 * 366 * 24 * time.Hour
	maxAhead   = 20 * maxAdvance
)

// ErrAdvance refuses a step of the clock.
var ErrAdvance = errors.New("the clock goes forward only, at most five years at once, and a hundred in all")

// Moved is what came of Advance.
type Moved struct {
	Now    time.Time // what the clock says then
	Events int       // that were caused
}

// Advance lets time pass for billing, and for nothing else: trials are announced and end, periods are renewed, what was canceled ends and
// what was upcoming starts, and who is past due is charged again until it is given up. Where the instance follows a clock, it stays
// so far ahead of it.
func (i *Instance) Advance(d time.Duration) (moved Moved, err error) {
	err = i.change(func() error {
		if d <= 0 || d > maxAdvance || i.settings.Ahead+d > maxAhead {
			return ErrAdvance
		}
		before := i.settings.Number
		if i.o.Now != nil {
			i.settings.Ahead += d
		}
		i.advanceTo(i.now.Add(d))
		moved = Moved{i.now, int(i.settings.Number - before)}
		return nil
	})
	return moved, err
}

// Ahead is by how much its clock goes ahead of the one that it follows.
func (i *Instance) Ahead() time.Duration {
	defer i.lock()()
	return i.settings.Ahead
}

// follow lets the time pass that the followed clock has gone on.
func (i *Instance) follow() {
	if i.o.Now != nil {
		i.advanceTo(i.o.Now().Add(i.settings.Ahead))
	}
}

// realTime is that of requests and users.
func (i *Instance) realTime() time.Time {
	if i.o.Now != nil {
		return i.o.Now()
	}
	return time.Now()
}
