package order

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"souk/internal/db"
	"souk/internal/fault"
)

// Confirmation is a buyer's word that an order is paid.
type Confirmation struct {
	Provider        string
	ExternalID      string // the payment's id at the provider; empty: the order's own
	ClerkCheckoutID string
	RawPayload      json.RawMessage // kept beside the payment; nil for nothing
	Secret          string          // of X-Order-Confirm-Secret
}

var (
	errManualOff     = fault.New(fault.Forbidden, "manual_confirmation_off", "Orders cannot be confirmed by hand here.")
	errConfirmSecret = fault.New(fault.Forbidden, "confirm_secret", "X-Order-Confirm-Secret is missing or wrong.")
	errExternalUsed  = fault.New(fault.Conflict, "external_id_used", "That external_id belongs to the payment of another order.")
)

// ErrNoProvider refuses what only a payment provider could answer.
var ErrNoProvider = fault.New(fault.Unavailable, "provider_not_configured", "That payment provider is not configured here.")

// Confirm marks an order of the buyer's as paid, and fulfills it, once however many ask. It never takes the client's word:
// but for a manual confirmation, which AllowManual and the secret guard, the provider is asked. already says that the
// order was paid before.
func (s *Service) Confirm(ctx context.Context, buyer int64, publicID string, c Confirmation) (o Order, already bool, err error) {
	if o, err = s.Get(ctx, buyer, publicID); err != nil {
		return Order{}, false, err
	}
	if c.Provider == Manual {
		if err := s.mayConfirm(c.Secret); err != nil {
			return Order{}, false, err
		}
	}
	if o.Status.settled() {
		return o, true, nil
	}
	if !o.Status.may(Paid) {
		return Order{}, false, ErrTransition
	}
	if c.Provider != Manual {
		return s.askProvider(ctx, buyer, o, c)
	}
	p := payment{
		provider: Manual, externalID: strings.TrimSpace(c.ExternalID), checkoutID: strings.TrimSpace(c.ClerkCheckoutID), raw: c.RawPayload,
	}
	var checks fault.Checks
	checks.Add(utf8.RuneCountInString(p.externalID) <= 255, "body.external_id", "must have at most 255 characters")
	checks.Add(utf8.RuneCountInString(p.checkoutID) <= 255, "body.clerk_checkout_id", "must have at most 255 characters")
	if err := checks.Err(); err != nil {
		return Order{}, false, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		paid := o
		if already, err = s.pay(ctx, tx, &paid, p); err == nil {
			o = paid
		}
		return err
	})
	return o, already, err
}

func (s *Service) mayConfirm(secret string) error {
	if !s.AllowManual {
		return errManualOff
	}
	want, got := sha256.Sum256([]byte(s.ConfirmSecret)), sha256.Sum256([]byte(secret))
	if s.ConfirmSecret != "" && subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		return errConfirmSecret
	}
	return nil
}

// errPending says that the provider does not know of the order's payment. It may come to know.
var errPending = fault.New(fault.Conflict, "payment_pending", "The payment of this order is not proven yet.").With("pending_verification", true)

// askProvider has the provider say what of the order is paid, and answers with what the order is then. An order is asked about
// where it is to be paid, whatever provider the client named.
func (s *Service) askProvider(ctx context.Context, buyer int64, o Order, c Confirmation) (Order, bool, error) {
	provider := c.Provider
	if o.Provider != Manual {
		provider = o.Provider
	}
	ask := s.Ask[provider]
	if ask == nil {
		return Order{}, false, ErrNoProvider
	}
	if provider == Stripe && c.ExternalID != "" {
		own, err := hasSession(ctx, s.DB, o.ID, c.ExternalID)
		if err != nil {
			return Order{}, false, err
		}
		if !own {
			return Order{}, false, errPending
		}
	}
	if err := ask(ctx, buyer, o); err != nil {
		return Order{}, false, err
	}
	o, err := s.Get(ctx, buyer, o.PublicID)
	if err == nil && !o.Status.settled() {
		err = errPending
	}
	return o, false, err
}

// payment is a payment that was proven.
type payment struct {
	provider   string
	externalID string // empty: the order's public id
	checkoutID string
	itemID     string  // of the provider's subscription, if it was for one
	charged    *charge // nil: what the order costs
	taxCents   int64   // in charged
	extra      bool    // the order does not need it
	actor      string  // whose word it is; empty: the provider's
	note       string
	raw        json.RawMessage
}

// charge is an amount of money.
type charge struct {
	cents    int64
	currency string
}

// of is what was charged for o.
func (p payment) of(o Order) charge {
	if p.charged != nil {
		return *p.charged
	}
	return charge{o.TotalCents, o.Currency}
}

// pay moves a pending order to paid and on to fulfilled, with the payment and all that the order gives. Of those that try
// at once one does it; for the others the order is already paid, or cannot be any more.
func (s *Service) pay(ctx context.Context, tx *db.Tx, o *Order, p payment) (already bool, err error) {
	now := s.Now()
	if o.Items[0].Recurring() {
		if err := s.People.Lock(ctx, tx, o.CustomerID); err != nil { // before the order's row, as everybody does
			return false, err
		}
	}
	won, err := move(ctx, tx, o.ID, PendingPayment, Paid, now)
	if err != nil {
		return false, err
	}
	if !won {
		if *o, err = byID(ctx, tx, o.ID); err == nil && !o.Status.settled() {
			err = ErrTransition
		}
		return true, err
	}
	o.ExternalReference, o.ClerkCheckoutID = p.externalID, p.checkoutID
	o.PaidAt, o.FulfilledAt, o.UpdatedAt = &now, &now, now
	if p.provider == Stripe {
		o.TotalCents, o.TaxCents = p.charged.cents, p.taxCents
	}
	if err := insertPayment(ctx, tx, *o, p, now); err != nil {
		if db.IsDuplicate(err) {
			err = errExternalUsed
		}
		return false, err
	}
	o.Status = Paid
	paid := p.of(*o)
	told := map[string]any{"amount_cents": paid.cents, "currency": paid.currency}
	if p.note != "" {
		told["note"] = p.note
	}
	if err := s.happened(ctx, tx, *o, Event{Kind: "paid", Actor: cmp.Or(p.actor, p.provider), Detail: detail(told), CreatedAt: now}); err != nil {
		return false, err
	}
	if err := s.expireAttempts(ctx, tx, *o); err != nil {
		return false, err
	}
	if err := s.Fulfill(ctx, tx, PaidOrder{Order: *o, ProviderItem: p.itemID}); err != nil {
		return false, err
	}
	if won, err := move(ctx, tx, o.ID, Paid, Fulfilled, now); err != nil || !won {
		return false, cmp.Or(err, error(ErrTransition))
	}
	o.Status = Fulfilled
	return false, s.happened(ctx, tx, *o, Event{Kind: "fulfilled", Actor: "system", CreatedAt: now})
}

// Cancel gives up an unpaid order of the buyer's.
func (s *Service) Cancel(ctx context.Context, buyer int64, publicID string) (Order, error) {
	o, err := s.Get(ctx, buyer, publicID)
	if err != nil {
		return Order{}, err
	}
	if !o.Status.may(Canceled) {
		return Order{}, ErrTransition
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.cancel(ctx, tx, o, Event{Kind: "canceled", Actor: "buyer"})
	})
	if err != nil {
		return Order{}, err
	}
	return s.Get(ctx, buyer, publicID)
}

// cancel gives up an unpaid order, and has its open page at the provider closed.
func (s *Service) cancel(ctx context.Context, tx *db.Tx, o Order, e Event) error {
	now := s.Now()
	won, err := move(ctx, tx, o.ID, o.Status, Canceled, now)
	if err != nil || !won {
		return cmp.Or(err, error(ErrTransition))
	}
	o.Status, o.CanceledAt, o.UpdatedAt, e.CreatedAt = Canceled, &now, now, now
	if err := s.happened(ctx, tx, o, e); err != nil {
		return err
	}
	return s.expireAttempts(ctx, tx, o)
}
