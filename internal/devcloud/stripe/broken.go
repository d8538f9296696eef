package stripe

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"souk/internal/devcloud/page"
)

// maxBroken bounds the breakages that the page of controls asks for, since each request looks at all of them.
const maxBroken = 20

// Breakage is what is to go wrong with the next requests to the API. A restart ends it.
type Breakage struct {
	Left, Status int
	Path         string // that the request's must contain
}

// FailNext has the API answer the next n requests whose path contains part with a status, without doing anything; status 0: it does
// what is asked, and the answer gets lost.
func (s *Stripe) FailNext(part string, n, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = append(s.broken, Breakage{n, status, part})
}

// Heal ends what FailNext asked for.
func (s *Stripe) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = nil
}

func (s *Stripe) nextBreakage(path string) (status int, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := slices.IndexFunc(s.broken, func(b Breakage) bool { return strings.Contains(path, b.Path) })
	if n < 0 {
		return 0, false
	}
	status = s.broken[n].Status
	if s.broken[n].Left--; s.broken[n].Left < 1 {
		s.broken = slices.Delete(s.broken, n, n+1)
	}
	return status, true
}

// choice is one of a list on the page of controls.
type choice struct{ Value, Says string }

var (
	calls = []choice{
		{APIPrefix + "/", "of any kind"}, {APIPrefix + "/checkout/sessions", "about sessions"},
		{APIPrefix + "/payment_intents", "about payments"}, {APIPrefix + "/refunds", "about refunds"},
	}
	ends = []choice{{"500", "answered with 500"}, {"503", "answered with 503"}, {"429", "answered with 429"}, {"0", "done, but the answer is lost"}}
)

// says is what a list says of a value.
func says(list []choice, value string) string {
	for _, c := range list {
		if c.Value == value {
			return c.Says
		}
	}
	return ""
}

// Calls says what goes wrong.
func (b Breakage) Calls() string { return says(calls, b.Path) }

// End says how it goes wrong.
func (b Breakage) End() string { return says(ends, strconv.Itoa(b.Status)) }

// breakCalls is FailNext with what a form says.
func (s *Stripe) breakCalls(form url.Values) error {
	n, err := strconv.Atoi(form.Get("times"))
	if err != nil || n < 1 || n > 100 {
		return &page.Refused{Status: 422, Message: "“The next” must be a whole number from 1 to 100."}
	}
	if says(calls, form.Get("calls")) == "" || says(ends, form.Get("end")) == "" {
		return &page.Refused{Status: 422, Message: "Choose from the lists which calls fail, and how."}
	}
	status, err := strconv.Atoi(form.Get("end"))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.broken) >= maxBroken {
		return &page.Refused{Status: 409, Message: "Enough is broken. Let the API work again first."}
	}
	s.broken = append(s.broken, Breakage{n, status, form.Get("calls")})
	return nil
}
