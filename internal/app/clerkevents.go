package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"souk/internal/clerkapi"
	"souk/internal/db"
	"souk/internal/identity"
	clerkusers "souk/internal/identity/clerk"
	"souk/internal/inbox"
	"souk/internal/jobs"
	"souk/internal/lenient"
	"souk/internal/order"
	"souk/internal/subscription"
	clerkbilling "souk/internal/subscription/clerk"
)

// clerkProvider is Clerk's name in the inbox.
const clerkProvider = "clerk"

// ClerkWebhooks is the path that Clerk's webhooks come to.
const ClerkWebhooks = "/api/webhooks/clerk/"

// clerkEvent does what a webhook of Clerk's means. The names of events are those of Clerk's catalog, and the older
// billing.subscription.*; a name that is none of them is kept and ignored.
func (a *App) clerkEvent(ctx context.Context, tx *db.Tx, e inbox.Event) (out inbox.Outcome, err error) {
	envelope, _ := lenient.Parse(e.Payload)
	data := envelope.Object("data")
	if data == nil {
		return inbox.Outcome{Status: inbox.Review, Message: "it has no data"}, nil
	}
	sent := e.ReceivedAt
	if at, _ := envelope.Time("timestamp"); at != nil {
		sent = *at
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(e.Type, "billing."), ".")
	subject := cmp.Or(clerkbilling.UserID(data), data.Object("public_user_data").Text("user_id"))
	if kind == "user" {
		return a.clerkUser(ctx, tx, e.Type, data, sent)
	}
	// The user is held as it is from the beginning: a deletion locks the user first too, and what hangs on it after.
	erased, known, err := a.people.Erased(ctx, tx, subject)
	billing := kind == "subscription" || kind == "subscriptionItem" || kind == "paymentAttempt"
	switch {
	case err != nil:
	case !billing:
		out = inbox.Outcome{Status: inbox.Ignored, Message: "events of this type have no effect here"}
	case clerkbilling.OfOrganisation(data):
		out = inbox.Outcome{Status: inbox.Ignored, Message: "it is an organisation's, which buys nothing here"}
	case kind == "paymentAttempt":
		out, err = a.clerkPayment(ctx, tx, data, sent)
	default:
		out, err = a.clerkSubscription(ctx, tx, e.Type, data, sent)
	}
	subject = cmp.Or(subject, out.Subject)
	if err == nil && !known { // it may have come, and gone, since
		erased, _, err = a.people.Erased(ctx, tx, subject)
	}
	out.Subject, out.Erased = subject, erased
	return out, err
}

func (a *App) clerkUser(ctx context.Context, tx *db.Tx, eventType string, data lenient.Object, sent time.Time) (inbox.Outcome, error) {
	change, ok := clerkusers.UserChange(data, sent)
	switch {
	case !ok:
		return inbox.Outcome{Status: inbox.Review, Message: "it names no user"}, nil
	case eventType == "user.deleted":
		err := errors.Join(a.eraseUser(ctx, tx, change.ID), a.eraseAgain(ctx, tx, change.ID))
		return inbox.Outcome{Status: inbox.Processed, Subject: change.ID, Erased: true}, err
	case eventType == "user.created" || eventType == "user.updated":
		profile, _, err := a.people.FollowUser(ctx, tx, change)
		return inbox.Outcome{Status: inbox.Processed, Subject: change.ID, Erased: profile.DeletedAt != nil}, err
	}
	return inbox.Outcome{Status: inbox.Ignored, Subject: change.ID, Message: "events of this type have no effect here"}, nil
}

// inFlight is longer than any request or event takes that began before its user was erased.
const inFlight = time.Minute

// eraseAgain has the user erased once more, when what was in flight has ended and may have written what it knew.
func (a *App) eraseAgain(ctx context.Context, tx *db.Tx, clerkUserID string) error {
	return a.Jobs.Insert(ctx, tx, eraseAgain{clerkUserID}, jobs.Insert{At: a.now().Add(inFlight)})
}

// eraseUser blanks everything that names a person, wherever it is kept. Orders, payments and what they gave stay.
func (a *App) eraseUser(ctx context.Context, tx *db.Tx, clerkUserID string) error {
	profile, err := a.people.EraseUser(ctx, tx, clerkUserID)
	if err != nil {
		return err
	}
	return errors.Join(
		a.orders.ForgetBuyer(ctx, tx, profile.ID),
		a.bookings.ForgetBuyer(ctx, tx, profile.ID),
		a.subscriptions.ForgetHolder(ctx, tx, profile.ID),
		a.catalog.RetireSeller(ctx, tx, profile.ID),
		a.projects.ForgetOwner(ctx, tx, profile.ID),
		a.notices.Forget(ctx, tx, profile.ID),
		a.idempotency.ForgetCaller(ctx, tx, clerkUserID),
		a.inbox.Blank(ctx, tx, clerkProvider, clerkUserID),
		a.inbox.Blank(ctx, tx, stripeProvider, clerkUserID),
	)
}

func (a *App) clerkSubscription(ctx context.Context, tx *db.Tx, eventType string, data lenient.Object, sent time.Time) (inbox.Outcome, error) {
	reports := clerkbilling.Reports(eventType, data, sent)
	if len(reports) == 0 {
		return a.askInstead(ctx, tx, data)
	}
	out, err := a.subscriptions.Follow(ctx, tx, reports)
	if err != nil {
		return inbox.Outcome{}, err
	}
	return a.outcome(ctx, tx, out)
}

// askInstead has Clerk asked about the user of an event that says nothing of any item.
func (a *App) askInstead(ctx context.Context, tx *db.Tx, data lenient.Object) (inbox.Outcome, error) {
	user := clerkbilling.UserID(data)
	if user == "" || a.subscriptions.Source == nil {
		return inbox.Outcome{Status: inbox.Review, Message: "it tells of no item"}, nil
	}
	return inbox.Outcome{Status: inbox.Processed, Message: "it tells of no item: Clerk is asked"}, a.Jobs.Insert(ctx, tx, askClerk{user}, jobs.Insert{})
}

func (a *App) clerkPayment(ctx context.Context, tx *db.Tx, data lenient.Object, sent time.Time) (inbox.Outcome, error) {
	payment, ok := clerkbilling.Payment(data, sent)
	if !ok {
		return inbox.Outcome{Status: inbox.Review, Message: "its id or status is missing or unknown"}, nil
	}
	out, err := a.subscriptions.FollowPayment(ctx, tx, payment)
	if err != nil {
		return inbox.Outcome{}, err
	}
	return a.outcome(ctx, tx, out)
}

// outcome is what the inbox is told of what became of reports. Its subject is the user that they turned out to be about.
func (a *App) outcome(ctx context.Context, tx *db.Tx, out subscription.Outcome) (inbox.Outcome, error) {
	told := inbox.Outcome{Status: inbox.Processed, Subject: out.User}
	switch {
	case out.Refused != "":
		told.Status, told.Message = inbox.Review, out.Refused
	case out.Lacks != "":
		told.Status, told.WaitsFor, told.Message = inbox.Deferred, out.Lacks, "not known yet: "+out.Lacks
	case out.Dispute != "" && a.subscriptions.Source == nil:
		told.Status, told.Message = inbox.Review, "another event of the same moment says otherwise, and Clerk cannot be asked"
	case out.Dispute != "":
		told.Status, told.WaitsFor, told.Message = inbox.Deferred, out.Dispute, "another event of the same moment says otherwise: Clerk is asked"
		return told, a.Jobs.Insert(ctx, tx, askClerk{out.User}, jobs.Insert{})
	}
	return told, nil
}

// clerkSource asks the Backend API what a user holds.
func clerkSource(b *clerkbilling.Backend, now func() time.Time) subscription.Source {
	return func(ctx context.Context, clerkUserID string) ([]subscription.Report, error) {
		asked := now()
		raw, err := b.Subscription(ctx, clerkUserID)
		switch {
		case errors.Is(err, clerkbilling.ErrNoSubscription):
			return nil, nil
		case errors.Is(err, clerkapi.ErrUnknown):
			return nil, subscription.ErrNoUser.Because(err)
		case err != nil:
			return nil, err
		}
		data, _ := lenient.Parse(raw)
		return clerkbilling.Reports("", data, asked), nil
	}
}

// askClerkFor has Clerk say what a buyer's profile holds.
func (a *App) askClerkFor(ctx context.Context, buyer int64, _ order.Order) error {
	if a.subscriptions.Source == nil {
		return clerkapi.ErrNotConfigured
	}
	user, err := a.people.ClerkUserID(ctx, buyer)
	if err == nil {
		_, err = a.subscriptions.Ask(ctx, user)
	}
	return err
}

// clerkUsers asks the Backend API for all users.
func clerkUsers(b *clerkusers.Backend) subscription.Users {
	return func(ctx context.Context, offset int) (page []identity.UserChange, more bool, err error) {
		users, err := b.Users(ctx, offset)
		for _, u := range users {
			page = append(page, u.Change())
		}
		return page, len(users) == clerkusers.UsersPage, err
	}
}

// The jobs that follow from events.
type (
	askClerk struct {
		User string `json:"user"`
	}
	retryWaiting struct {
		Key string `json:"key,omitempty"`
		ID  int64  `json:"id,omitempty"`
	}
	eraseAgain struct {
		User string `json:"user"`
	}
	reconcileAll struct{}
	tidyUp       struct{}
)

func (askClerk) Kind() string     { return "ask_clerk" }
func (retryWaiting) Kind() string { return "retry_waiting_events" }
func (eraseAgain) Kind() string   { return "erase_again" }
func (reconcileAll) Kind() string { return "reconcile" }
func (tidyUp) Kind() string       { return "tidy_up" }

const (
	reconcileEvery = 15 * time.Minute
	reconcileFor   = 10 * time.Minute // then the next run goes on
	tidyEvery      = time.Minute
)

// clerkJobs says what works the jobs.
func (a *App) clerkJobs() {
	jobs.Handle(a.Jobs, func(ctx context.Context, j retryWaiting) error { return a.inbox.Retry(ctx, inbox.Waiting(j)) })
	jobs.Handle(a.Jobs, func(ctx context.Context, j askClerk) error {
		_, err := a.subscriptions.Ask(ctx, j.User)
		return err
	})
	jobs.Handle(a.Jobs, func(ctx context.Context, j eraseAgain) error {
		return a.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return a.eraseUser(ctx, tx, j.User) })
	})
	jobs.Handle(a.Jobs, func(ctx context.Context, _ tidyUp) error {
		return errors.Join(a.inbox.Sweep(ctx), a.fulfillment.EndExpired(ctx), a.subscriptions.EndUnrenewed(ctx))
	})
	a.Jobs.Every(tidyEvery, tidyUp{})
	jobs.Handle(a.Jobs, func(ctx context.Context, _ reconcileAll) error {
		_, err := a.Reconcile(ctx)
		if errors.Is(err, subscription.ErrReconciling) {
			err = nil
		}
		return err
	}, jobs.Timeout(reconcileFor+time.Minute))
	if a.subscriptions.Source != nil {
		a.Jobs.Every(reconcileEvery, reconcileAll{})
	}
}

// retryLater has the events that wait tried at a time.
func (a *App) retryLater(ctx context.Context, tx *db.Tx, which inbox.Waiting, at time.Time) error {
	return a.Jobs.Insert(ctx, tx, retryWaiting(which), jobs.Insert{At: at})
}

// Reconcile compares the subscriptions of all users with Clerk's, repairs what differs, and says what did.
func (a *App) Reconcile(ctx context.Context) (subscription.Tally, error) {
	bounded, cancel := context.WithTimeout(ctx, reconcileFor)
	defer cancel()
	t, err := a.subscriptions.Reconcile(bounded)
	a.countReconciled(t, err)
	slog.InfoContext(ctx, "reconciled with Clerk", "users", t.Users, "drift", t.Drifted, "failed", t.Failed, "complete", t.Complete)
	return t, err
}
