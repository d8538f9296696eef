package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/fapi"
)

// shown is how many of each kind the page shows; ?show=… asks for more.
const (
	shown = 30
	most  = 2000
)

// view is what the page shows.
type view struct {
	Done, Problem string // what became of the last action
	People        list[person]
	Subscriptions list[holding]
	Plans         []clerk.Plan
	PlansFile     string
	Events        list[clerk.SentEvent]
	Sessions      list[signedIn]
	Links         []Link
	Faults        clerk.Faults
	Lose, Late    int // per cent, seconds
	Copies        int
	Hold          bool
	Held          int // events
	Now           time.Time
	Billing       time.Time
	Ahead         time.Duration
}

// list is the newest of a kind.
type list[T any] struct {
	Newest []T
	All    int
	Kind   string
}

func newest[T any](kind string, all []T, n int) list[T] {
	return list[T]{all[:min(len(all), n)], len(all), kind}
}

// person is a living user.
type person struct {
	clerk.User
	Plan   string
	Paid   bool // the plan costs something
	Fails  bool
	Active bool // signed in somewhere
}

// Name is what people call them.
func (p person) Name() string { return strings.TrimSpace(p.FirstName + " " + p.LastName) }

// holding is a paid plan that somebody has or had.
type holding struct {
	clerk.Item
	Email, UserID, Plan string
	Price               int64 // cents a period
	Last                bool  // the newest of its user that gives access
}

type signedIn struct {
	fapi.SignedIn
	Email string
}

func (c *Control) view(r *http.Request) (v view, err error) {
	if err := c.Refresh(); err != nil {
		return v, err
	}
	n, err := strconv.Atoi(r.URL.Query().Get("show"))
	if err != nil || n < shown || n > most {
		n = shown
	}
	plans := map[string]clerk.Plan{}
	for _, p := range c.Instance.Plans() {
		plans[p.ID] = p
	}
	emails := map[string]string{}
	var people []person
	var holdings []holding
	sessions := c.Accounts.Sessions()
	for _, u := range slices.Backward(c.Instance.Users()) {
		emails[u.ID] = u.Email
		if u.Deleted {
			continue
		}
		has := u.Subscription.Items[0] // the plan of everybody
		if held := u.Held(); held != nil {
			has = held
		}
		people = append(people, person{u, plans[has.PlanID].Name, !plans[has.PlanID].Default, u.Fails > 0, slices.ContainsFunc(sessions, func(s fapi.SignedIn) bool { return s.UserID == u.ID })})
		last := true
		for _, it := range slices.Backward(u.Subscription.Items) {
			p := plans[it.PlanID]
			if p.Default {
				continue
			}
			price := p.Monthly
			if it.Period == clerk.Annual {
				price = p.Annual
			}
			open := it.Status == clerk.Active || it.Status == clerk.Canceled || it.Status == clerk.PastDue
			holdings = append(holdings, holding{*it, u.Email, u.ID, p.Name, price, open && last})
			last = last && !open
		}
	}
	slices.SortStableFunc(people, func(a, b person) int { return c.rank(a) - c.rank(b) })
	slices.SortStableFunc(holdings, func(a, b holding) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	var where []signedIn
	for _, s := range sessions {
		where = append(where, signedIn{s, emails[s.UserID]})
	}
	events := c.Instance.Sent()
	for _, e := range events {
		if e.Held {
			v.Held++
		}
	}
	v.People, v.Subscriptions, v.Sessions, v.Events = newest("people", people, n), newest("subscriptions", holdings, n), newest("sessions", where, n), newest("events", events, n)
	v.Plans, v.PlansFile, v.Links = c.Instance.Plans(), c.Plans, c.Links
	v.Faults, v.Hold = c.Instance.Faults(), c.Instance.Holds()
	v.Lose, v.Late, v.Copies = int(v.Faults.DropShare*100+.5), int(v.Faults.MaxDelay.Seconds()), max(1, v.Faults.MaxCopies)
	v.Now, v.Billing, v.Ahead = time.Now(), c.Instance.Time(), c.Instance.Ahead()
	return v, nil
}

// rank is where somebody comes among the people.
func (c *Control) rank(p person) int {
	if n := slices.Index(c.First, p.Email); n >= 0 {
		return n
	}
	return len(c.First)
}

type eventView struct {
	clerk.SentEvent
	Text string
}

func indented(body []byte) string {
	var text bytes.Buffer
	if json.Indent(&text, body, "", "  ") != nil {
		return string(body)
	}
	return text.String()
}

// mood is how a state is coloured.
func mood(status clerk.Status) string {
	switch status {
	case clerk.Active:
		return "good"
	case clerk.PastDue, clerk.Incomplete:
		return "bad"
	}
	return ""
}

func dollars(cents int64) string { return fmt.Sprintf("$%d.%02d", cents/100, cents%100) }
