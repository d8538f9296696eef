package subscription

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"souk/internal/db"
	"souk/internal/fault"
)

// Source asks the provider what a user holds, outside any transaction. Its reports are Sure. It is ErrNoUser for a user that
// the provider does not know, and nothing for one without a subscription.
type Source func(ctx context.Context, clerkUserID string) ([]Report, error)

// ErrNoUser says that the provider does not know the user.
var ErrNoUser = fault.New(fault.Upstream, "provider_user_unknown", "The payment provider does not know this user.")

// Drift is a difference between the shop and the provider, and what was done about it.
type Drift struct {
	UserID string
	ItemID string // empty: it is about the user
	What   string
}

// overdue is how long after the end of its period an item that the provider does not list any more counts as ended.
const overdue = time.Hour

// Ask brings a user's subscriptions in line with what the provider says now, and gives what was different.
func (s *Service) Ask(ctx context.Context, clerkUserID string) (drift []Drift, err error) {
	if s.Source == nil {
		return nil, errNoSource
	}
	reports, err := s.Source(ctx, clerkUserID)
	if errors.Is(err, ErrNoUser) {
		return []Drift{{UserID: clerkUserID, What: "the provider does not know this user"}}, nil
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

var errNoSource = fault.New(fault.Unavailable, "provider_not_configured", "That payment provider is not configured here.")

func (s *Service) repair(ctx context.Context, tx *db.Tx, clerkUserID string, reports []Report) (drift []Drift, err error) {
	customer, err := s.People.CustomerOf(ctx, tx, clerkUserID)
	if err != nil {
		return nil, err
	}
	if err := s.People.Lock(ctx, tx, customer.ID); err != nil {
		return nil, err
	}
	listed := map[string]bool{}
	for _, r := range reports {
		listed[r.ItemID] = true
		r.UserID, r.Sure = clerkUserID, true
		out, err := s.follow(ctx, tx, r)
		if err != nil {
			return nil, err
		}
		for what, found := range map[string]bool{
			"repaired": out.Changed > 0, "no price names its plan (" + out.Lacks + ")": out.Lacks != "", out.Refused: out.Refused != "",
		} {
			if found {
				drift = append(drift, Drift{clerkUserID, r.ItemID, what})
			}
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
			drift = append(drift, Drift{clerkUserID, sub.ClerkSubscriptionID, "the provider does not list it; kept until its period ends"})
			continue
		}
		end := Report{ItemID: sub.ClerkSubscriptionID, UserID: clerkUserID, At: now, Facts: map[Fact]string{FactStatus: ProviderEnded}}
		if _, err := s.follow(ctx, tx, end); err != nil {
			return nil, err
		}
		drift = append(drift, Drift{clerkUserID, sub.ClerkSubscriptionID, "ended: its period is over, and the provider does not list it"})
	}
	return drift, nil
}

// Tally is what a reconciliation did.
type Tally struct {
	Users    int     // that were compared
	Drift    []Drift // at most maxDrift; Drifted counts them all
	Drifted  int
	Failed   int  // users that the provider could not be asked about
	Complete bool // every user was compared; otherwise the next run goes on where this one stopped
}

const (
	usersAtOnce = 100
	maxDrift    = 1000
	maxFailed   = 10 // in a row: the provider is down
	progress    = "reconcile"
)

// Reconcile compares the subscriptions of all users with the provider's, for as long as ctx lasts, and repairs what differs. It
// goes on where the last run stopped.
func (s *Service) Reconcile(ctx context.Context) (t Tally, err error) {
	after, err := s.bookmark(ctx)
	if err != nil {
		return t, err
	}
	failures := 0
	for {
		users, err := s.People.Users(ctx, after, usersAtOnce)
		if err != nil {
			return t, err
		}
		for _, u := range users {
			drift, err := s.Ask(ctx, u.ClerkUserID)
			switch {
			case ctx.Err() != nil: // the time is up, which is no fault
				return t, s.setBookmark(ctx, after)
			case err != nil:
				t.Failed++
				slog.WarnContext(ctx, "a user could not be reconciled", "user", u.ClerkUserID, "cause", err.Error())
				if failures++; failures == maxFailed {
					return t, err
				}
			default:
				failures = 0
				t.Users++
				t.note(ctx, drift)
			}
			after = u.ID
		}
		if len(users) < usersAtOnce {
			t.Complete, after = true, 0
		}
		if err := s.setBookmark(ctx, after); err != nil || t.Complete {
			return t, err
		}
	}
}

func (t *Tally) note(ctx context.Context, drift []Drift) {
	for _, d := range drift {
		slog.WarnContext(ctx, "drift", "user", d.UserID, "item", d.ItemID, "what", d.What)
		if t.Drifted++; len(t.Drift) < maxDrift {
			t.Drift = append(t.Drift, d)
		}
	}
}

func (s *Service) bookmark(ctx context.Context) (after int64, err error) {
	position, err := bookmark(ctx, s.DB, progress)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	if err == nil {
		after, err = strconv.ParseInt(position, 10, 64)
	}
	return after, err
}

func (s *Service) setBookmark(ctx context.Context, after int64) error {
	return setBookmark(context.WithoutCancel(ctx), s.DB, progress, strconv.FormatInt(after, 10), s.Now())
}
