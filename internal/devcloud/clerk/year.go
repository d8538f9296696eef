package clerk

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// SamplePlans are what is sold in a simulated year, and in development.
func SamplePlans() []Plan {
	return []Plan{
		{ID: "cplan_free", Slug: "free", Name: "Free", Default: true},
		{ID: "cplan_starter", Slug: "starter", Name: "Starter", Monthly: 900, Annual: 9000, Features: []string{"starter"}},
		{ID: "cplan_pro", Slug: "pro", Name: "Pro", Monthly: 1900, Annual: 19000, TrialDays: 14, Features: []string{"pro", "ai-coach"}},
		{ID: "cplan_team", Slug: "team", Name: "Team", Monthly: 4900, Features: []string{"pro", "team"}},
		{ID: "cplan_late", Slug: "late", Name: "Late", Annual: 12000, TrialDays: 7, Features: []string{"late"}},
	}
}

// SimulateYear lets a random year pass in an instance with SamplePlans, or those of o: so many people sign up, most subscribe, start
// trials, change plans, cancel and resume, fail to pay and recover or not, sign in, change their names and go; every fifth never
// subscribes. It comes close to wantEvents when that is about ten for each user. The same options give the same year.
func SimulateYear(o Options, users, wantEvents int) (*Instance, error) {
	if o.Plans == nil {
		o.Plans = SamplePlans()
	}
	o.Now = nil
	i, err := New(o)
	if err != nil {
		return nil, err
	}
	y := &year{Instance: i, r: rand.New(rand.NewPCG(o.Seed, 3))}
	signUps := make([]int, users) // their days
	for n := range signUps {
		signUps[n] = y.r.IntN(330)
	}
	slices.Sort(signUps)

	start, created := i.Time(), 0
	for day := range 365 {
		i.pass(start.AddDate(0, 0, day).Add(time.Duration(y.r.IntN(12*3600)) * time.Second).Sub(i.Time()))
		for ; created < users && signUps[created] <= day; created++ {
			if err := y.signUp(created); err != nil {
				return nil, err
			}
		}
		// What time alone does fills a part of the day; people do the rest.
		for tries := 0; tries < 30 && len(i.events) < wantEvents*(day+1)/365; tries++ {
			i.pass(time.Duration(y.r.IntN(600)) * time.Second)
			y.act()
		}
	}
	i.pass(start.AddDate(0, 0, 365).Sub(i.Time()))
	return i, nil
}

func (i *Instance) pass(d time.Duration) {
	defer i.lock()()
	i.advanceTo(i.now.Add(d))
}

type year struct {
	*Instance
	r    *rand.Rand
	ids  []string
	deck []func(*User) error
}

func (y *year) signUp(n int) error {
	p := Profile{Email: fmt.Sprintf("user%d@example.test", n), FirstName: "User", LastName: fmt.Sprint(n)}
	if y.r.IntN(3) == 0 {
		p.PublicMetadata = map[string]any{"entitlements": []string{"beta"}}
	}
	id, err := y.CreateUser("", p)
	y.ids = append(y.ids, id)
	return err
}

// act deals a card of a shuffled deck, so that each kind of action happens in due proportion, and plays it with the first user of a
// random order whom it fits.
func (y *year) act() {
	if len(y.deck) == 0 {
		y.deck = slices.Concat(slices.Repeat([]func(*User) error{y.subscribe}, 5), slices.Repeat([]func(*User) error{y.change}, 3),
			slices.Repeat([]func(*User) error{y.cancel, y.renamed}, 3), slices.Repeat([]func(*User) error{y.fail}, 2),
			[]func(*User) error{y.resume, y.bankrupt, y.failedCheckout, y.signIn, y.leave})
		y.r.Shuffle(len(y.deck), func(a, b int) { y.deck[a], y.deck[b] = y.deck[b], y.deck[a] })
	}
	card := y.deck[0]
	y.deck = y.deck[1:]
	for _, n := range y.r.Perm(len(y.ids)) {
		u := y.byID[y.ids[n]]
		if n%5 != 4 && !u.Deleted && card(u) == nil {
			return
		}
	}
}

var errNotNow = fmt.Errorf("this does not fit the user")

func (y *year) anyPlan() (string, Period) {
	for {
		plan, period := pick(y.r, y.Plans()...), pick(y.r, Month, Annual)
		if plan.Fee(period) > 0 {
			return plan.ID, period
		}
	}
}

func (y *year) subscribe(u *User) error {
	if u.Held() != nil {
		return errNotNow
	}
	plan, period := y.anyPlan()
	return y.Subscribe(u.ID, plan, period)
}

func (y *year) change(u *User) error {
	if u.Held() == nil {
		return errNotNow
	}
	plan, period := y.anyPlan()
	return y.Subscribe(u.ID, plan, period)
}

func (y *year) cancel(u *User) error { return y.Cancel(u.ID) }

func (y *year) resume(u *User) error { return y.Resume(u.ID) }

func (y *year) signIn(u *User) error { return y.SignIn(u.ID) }

// fail lets a renewal fail that a later attempt makes good.
func (y *year) fail(u *User) error { return y.failNext(u, 1+y.r.IntN(2)) }

// bankrupt lets a renewal fail for good.
func (y *year) bankrupt(u *User) error { return y.failNext(u, 1+maxRetries) }

func (y *year) failNext(u *User, n int) error {
	if it := u.Held(); it == nil || it.Status != Active || u.Fails > 0 || it.PeriodEnd.Sub(y.now) > 35*24*time.Hour {
		return errNotNow
	}
	return y.FailPayments(u.ID, n)
}

func (y *year) failedCheckout(u *User) error {
	if u.Held() != nil || u.Fails > 0 {
		return errNotNow
	}
	u.Fails = 1
	plan, period := y.anyPlan()
	err := y.Subscribe(u.ID, plan, period)
	u.Fails = 0
	if errors.Is(err, ErrDeclined) {
		return nil
	}
	return err
}

func (y *year) renamed(u *User) error {
	return y.UpdateUser(u.ID, func(p *Profile) {
		switch y.r.IntN(3) {
		case 0:
			p.LastName += "b"
		case 1:
			p.Email = fmt.Sprintf("again%d.%s", y.r.IntN(1000), p.Email)
		case 2:
			p.PublicMetadata = map[string]any{"entitlements": pick(y.r, []string{"beta"}, []string{"beta", "vip"}, []string{})}
		}
	})
}

func (y *year) leave(u *User) error {
	if y.r.IntN(2) == 0 {
		return errNotNow // the next in line, so that those who hold nothing go too
	}
	return y.DeleteUser(u.ID)
}
