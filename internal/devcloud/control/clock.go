// Package control is where a developer sees what the stand-in for Clerk knows, and makes things happen in it that a person, a bank, time
// or a bad network would: sign in as anybody, cancel, fail to pay, let months pass, lose webhooks. It keeps nothing itself.
package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"souk/internal/devcloud/clerk"
	"souk/internal/fault"
	"souk/internal/httpx"
)

// ClockPath is where the clock of the stand-in for Clerk is read and moved.
const ClockPath = Prefix + "/clock"

const (
	maxClockForm = 4 << 10
	heardWithin  = 15 * time.Second // or the answer says how many events are still due
)

var (
	errForeign = fault.New(fault.Forbidden, "not_from_here", "Only the stand-in's own pages, and programs of this machine, may move the clock.")
	errSpan    = fault.New(fault.Invalid, "clock_span", "By how much? Such as 31d, 2w, 12h or 1d12h: weeks, days, hours, minutes and seconds.")
	errAdvance = fault.New(fault.Invalid, "clock_step", "The clock goes forward only, at most five years at once, and a hundred in all.")
)

// ClockState is what ClockPath answers.
type ClockState struct {
	Now    time.Time `json:"now"`    // by which Clerk's stand-in bills
	Ahead  string    `json:"ahead"`  // of the real time
	Events int       `json:"events"` // that this step has caused
	Due    int       `json:"due"`    // of which the shop has not heard yet
}

// Clock reads the clock by which the stand-in for Clerk bills, and moves it by what the form's field "by", or the member of that name
// of a JSON object, says. It answers when the shop has heard of what that caused.
func Clock(instance *clerk.Instance) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state, err := clock(instance, w, r)
		if err != nil {
			httpx.WriteProblem(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(state) // the client may be gone
	})
}

func clock(instance *clerk.Instance, w http.ResponseWriter, r *http.Request) (state ClockState, err error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return clockState(r.Context(), instance, 0), nil
	case http.MethodPost:
	default:
		return state, fault.New(fault.NotFound, "clock_method", "The clock is read by GET, and moved by POST.")
	}
	if http.NewCrossOriginProtection().Check(r) != nil {
		return state, errForeign
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxClockForm)
	var in struct{ By string }
	if r.Header.Get("Content-Type") == "application/json" {
		err = json.NewDecoder(r.Body).Decode(&in)
	} else if err = r.ParseForm(); err == nil {
		in.By = r.PostForm.Get("by")
	}
	if err != nil {
		return state, errSpan.Because(err)
	}
	span, err := Span(in.By)
	if err != nil {
		return state, err
	}
	moved, err := instance.Advance(span)
	if err != nil {
		return state, errAdvance.Because(err)
	}
	heard, stop := context.WithTimeout(r.Context(), heardWithin)
	defer stop()
	return clockState(heard, instance, moved.Events), nil
}

func clockState(ctx context.Context, instance *clerk.Instance, events int) ClockState {
	s := ClockState{Events: events}
	if events > 0 {
		s.Due = instance.Told(ctx)
	}
	s.Now, s.Ahead = instance.Time().UTC().Truncate(time.Second), Say(instance.Ahead())
	return s
}

var (
	spans    = regexp.MustCompile(`^(?:[0-9]{1,7}[wdhms])+$`)
	spanPart = regexp.MustCompile(`[0-9]+[wdhms]`)
	units    = map[byte]time.Duration{'w': 7 * 24 * time.Hour, 'd': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute, 's': time.Second}
)

// Span reads a text such as 31d or 1d12h.
func Span(text string) (span time.Duration, err error) {
	if len(text) > 40 || !spans.MatchString(text) {
		return 0, errSpan
	}
	for _, part := range spanPart.FindAllString(text, -1) {
		n, unit := part[:len(part)-1], units[part[len(part)-1]]
		count, err := strconv.ParseInt(n, 10, 64)
		const longest = 100 * 366 * 24 * time.Hour
		if err != nil || time.Duration(count) > longest/unit {
			return 0, errAdvance
		}
		if span += time.Duration(count) * unit; span > longest {
			return 0, errAdvance
		}
	}
	return span, nil
}

// Say writes a duration as Span reads it, without its fractions of a second.
func Say(d time.Duration) (text string) {
	for _, unit := range []byte("dhms") {
		if n := d / units[unit]; n > 0 {
			text += fmt.Sprintf("%d%c", n, unit)
			d -= n * units[unit]
		}
	}
	if text == "" {
		return "0s"
	}
	return text
}
