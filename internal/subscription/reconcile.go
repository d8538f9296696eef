package subscription

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"

	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/identity"
	"souk/internal/order"
)

// Source asks the provider what a user holds, outside any transaction. Its reports are Sure. It is ErrNoUser for a user that
// the provider does not know, and nothing for one without a subscription.
type Source func(ctx context.Context, clerkUserID string) ([]Report, error)

// Users asks the provider for the page of its users that follows the first offset ones. more is false for the last.
type Users func(ctx context.Context, offset int) (page []identity.UserChange, more bool, err error)

// ErrNoUser says that the provider does not know the user.
var ErrNoUser = fault.New(fault.Upstream, "provider_user_unknown", "The payment provider does not know this user.")

// Drift is a difference between the shop and the provider, and what was done about it.
type Drift struct {
	UserID string
	ItemID string // empty: it is about the user
	Kind   DriftKind
	What   string // in words
}

// DriftKind is a sort of difference.
type DriftKind string

// The kinds of differences.
const (
	DriftItem     DriftKind = "item"         // the shop's copy of an item was not the provider's
	DriftPlan     DriftKind = "plan"         // no price names the item's plan
	DriftRefused  DriftKind = "refused"      // what the provider says cannot be right
	DriftUnlisted DriftKind = "unlisted"     // the provider does not list an item whose period runs
	DriftEnded    DriftKind = "ended"        // nor one whose period is over
	DriftProfile  DriftKind = "profile"      // the shop's copy of a user was not the provider's
	DriftUnknown  DriftKind = "user_unknown" // the provider does not know the user
	DriftErased   DriftKind = "user_erased"  // somebody who was erased held an item
)

// Repaired says that the shop put such a difference right. The others are for somebody to look at.
func (k DriftKind) Repaired() bool {
	switch k {
	case DriftItem, DriftEnded, DriftProfile, DriftErased:
		return true
	}
	return false
}

// overdue is how long after the end of its period an item that the provider does not list any more counts as ended.
const overdue = time.Hour

// Ask brings a user's subscriptions in line with what the provider says now, and gives what was different.
func (s *Service) Ask(ctx context.Context, clerkUserID string) (drift []Drift, err error) {
	if s.Source == nil {
		return nil, order.ErrNoProvider
	}
	reports, err := s.Source(ctx, clerkUserID)
	if errors.Is(err, ErrNoUser) {
		return []Drift{{UserID: clerkUserID, Kind: DriftUnknown, What: "the provider does not know this user"}}, nil
	}
	if err != nil {
		return nil, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		drift, err = s.repair(ctx, tx, clerkUserID, reports)
		return err
	})
	return drift, err
}

func (s *Service) repair(ctx context.Context, tx *db.Tx, clerkUserID string, reports []Report) (drift []Drift, err error) {
	customer, err := s.People.CustomerOf(ctx, tx, clerkUserID)
	if err != nil {
		return nil, err
	}
	if err := s.People.Lock(ctx, tx, customer.ID); err != nil {
		return nil, err
	}
	found := func(item string, kind DriftKind, what string) {
		drift = append(drift, Drift{clerkUserID, item, kind, what})
	}
	listed := map[string]bool{}
	for _, r := range reports {
		listed[r.ItemID] = true
		r.UserID, r.Sure = clerkUserID, true
		out, err := s.follow(ctx, tx, r)
		if err != nil {
			return nil, err
		}
		if out.Changed > 0 {
			found(r.ItemID, DriftItem, "repaired")
		}
		if out.Lacks != "" {
			found(r.ItemID, DriftPlan, "no price names its plan ("+out.Lacks+")")
		}
		if out.Refused != "" {
			found(r.ItemID, DriftRefused, out.Refused)
		}
		if err := s.Arrived(ctx, tx, disputeKey(r.ItemID)); err != nil {
			return nil, err
		}
	}
	rows, err := itemsOf(ctx, tx, customer.ID)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	for _, sub := range rows {
		if listed[sub.ClerkSubscriptionID] || sub.Status == Canceled {
			continue
		}
		// An answer that does not list an item decides nothing about it: Clerk does not say whether it lists what has ended. An
		// item whose paid period is over as well gives nothing any more.
		if sub.PeriodEnd == nil || sub.PeriodEnd.Add(overdue).After(now) {
			found(sub.ClerkSubscriptionID, DriftUnlisted, "the provider does not list it; kept until its period ends")
			continue
		}
		end := Report{ItemID: sub.ClerkSubscriptionID, UserID: clerkUserID, At: now, Facts: map[Fact]string{FactStatus: ProviderEnded}}
		if _, err := s.follow(ctx, tx, end); err != nil {
			return nil, err
		}
		found(sub.ClerkSubscriptionID, DriftEnded, "ended: its period is over, and the provider does not list it")
	}
	return drift, nil
}

// Tally is what a reconciliation did.
type Tally struct {
	Users    int     // whose subscriptions were compared
	Drift    []Drift // at most maxDrift; Drifted and Kinds count them all
	Drifted  int
	Kinds    map[DriftKind]int
	Failed   int  // users that the provider could not be asked about
	Complete bool // everything was compared; otherwise the next run goes on where this one stopped
}

const (
	usersAtOnce = 100
	maxDrift    = 1000
	maxFailed   = 10 // in a row: the provider is down

	usersBookmark    = "reconcile.users"         // how many of the provider's users were compared
	profilesBookmark = "reconcile.subscriptions" // the last profile whose subscriptions were
	completeBookmark = "reconcile.complete"      // when everything was, in microseconds since 1970
)

// ErrReconciling refuses a second reconciliation beside one that runs.
var ErrReconciling = fault.New(fault.Conflict, "reconciling", "A reconciliation is running already.")

// Reconcile compares all users, and what they hold, with the provider's, for as long as ctx lasts, and repairs what differs. It
// goes on where the last run stopped. Of several instances one does it; for the others it is ErrReconciling.
func (s *Service) Reconcile(ctx context.Context) (t Tally, err error) {
	if s.Source == nil {
		return t, order.ErrNoProvider
	}
	r := &run{Service: s, id: uuid.NewString()}
	if err := r.hold(ctx); err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, releaseLease(context.WithoutCancel(ctx), s.DB, r.id)) }()
	err = r.followUsers(ctx)
	if err == nil && ctx.Err() == nil {
		err = r.followAll(ctx)
	}
	if err == nil && r.tally.Complete {
		err = r.endErased(ctx)
	}
	r.tally.Complete = err == nil && r.tally.Complete && r.tally.Failed == 0
	if r.tally.Complete {
		err = r.setBookmark(ctx, completeBookmark, r.Now().UnixMicro())
	}
	if ctx.Err() != nil { // the time is up, which is no fault
		err = nil
	}
	return r.tally, err
}

// run is one reconciliation.
type run struct {
	*Service
	tally Tally
	id    string
}

// leaseFor is how long a run that says nothing counts as running: its process may have died.
const leaseFor = 5 * time.Minute

// hold makes this run the only one, or keeps it so.
func (r *run) hold(ctx context.Context) error {
	mine, err := takeLease(context.WithoutCancel(ctx), r.DB, r.id, r.Now(), leaseFor)
	if err == nil && !mine {
		err = ErrReconciling
	}
	return err
}

// Reconciled is when everything was last compared with the provider's; the zero time when it never was.
func (s *Service) Reconciled(ctx context.Context) (at time.Time, err error) {
	micros, err := s.bookmark(ctx, completeBookmark)
	if err != nil || micros == 0 {
		return time.Time{}, err
	}
	return time.UnixMicro(micros).UTC(), nil
}

// followUsers compares the provider's users with the profiles.
func (r *run) followUsers(ctx context.Context) error {
	offset, err := r.bookmark(ctx, usersBookmark)
	if err != nil {
		return err
	}
	for more := true; more; {
		var page []identity.UserChange
		if page, more, err = r.Users(ctx, int(offset)); err != nil {
			return err
		}
		var drift []Drift
		err = r.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			drift = nil
			for _, change := range page {
				_, different, err := r.People.FollowUser(ctx, tx, change)
				if err != nil {
					return err
				}
				if different {
					drift = append(drift, Drift{UserID: change.ID, Kind: DriftProfile, What: "the profile was brought up to date"})
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		r.tally.note(ctx, drift...)
		if offset += int64(len(page)); !more {
			offset = 0
		}
		if err := r.setBookmark(ctx, usersBookmark, offset); err != nil {
			return err
		}
	}
	return nil
}

// followAll compares what each user holds.
func (r *run) followAll(ctx context.Context) error {
	after, err := r.bookmark(ctx, profilesBookmark)
	if err != nil {
		return err
	}
	failures := 0
	for {
		users, err := r.People.Users(ctx, after, usersAtOnce)
		if err != nil {
			return err
		}
		for _, u := range users {
			drift, err := r.Ask(ctx, u.ClerkUserID)
			if ctx.Err() != nil {
				return r.setBookmark(ctx, profilesBookmark, after)
			}
			if err != nil {
				r.tally.Failed++
				slog.WarnContext(ctx, "a user could not be reconciled", "user", u.ClerkUserID, "cause", err.Error())
				if failures++; failures == maxFailed {
					return err
				}
			} else {
				failures = 0
				r.tally.Users++
			}
			r.tally.note(ctx, drift...)
			after = u.ID
		}
		if len(users) < usersAtOnce {
			r.tally.Complete, after = true, 0
		}
		if err := r.setBookmark(ctx, profilesBookmark, after); err != nil || r.tally.Complete {
			return err
		}
	}
}

// endErased ends what users held who were erased: the provider cannot be asked about them, and bills nobody it does not know.
func (r *run) endErased(ctx context.Context) error {
	var drift []Drift
	err := r.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		held, err := heldByErased(ctx, tx, usersAtOnce)
		if err != nil {
			return err
		}
		drift = nil
		for _, h := range held {
			ended := Report{ItemID: h.itemID, UserID: h.userID, At: r.Now(), Facts: map[Fact]string{FactStatus: ProviderEnded}}
			if _, err := r.follow(ctx, tx, ended); err != nil {
				return err
			}
			drift = append(drift, Drift{h.userID, h.itemID, DriftErased, "ended: its user was erased"})
		}
		return nil
	})
	if err == nil {
		r.tally.note(ctx, drift...)
		r.tally.Complete = len(drift) < usersAtOnce
	}
	return err
}

func (t *Tally) note(ctx context.Context, drift ...Drift) {
	for _, d := range drift {
		slog.WarnContext(ctx, "drift", "user", d.UserID, "item", d.ItemID, "kind", d.Kind, "what", d.What)
		if t.Kinds == nil {
			t.Kinds = map[DriftKind]int{}
		}
		t.Kinds[d.Kind]++
		if t.Drifted++; len(t.Drift) < maxDrift {
			t.Drift = append(t.Drift, d)
		}
	}
}

func (s *Service) bookmark(ctx context.Context, name string) (int64, error) {
	position, err := bookmark(ctx, s.DB, name)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(position, 10, 64)
}

// setBookmark keeps the position, also when the time is up, and the lease.
func (r *run) setBookmark(ctx context.Context, name string, position int64) error {
	if err := r.hold(ctx); err != nil {
		return err
	}
	return setBookmark(context.WithoutCancel(ctx), r.DB, name, strconv.FormatInt(position, 10), r.Now())
}
