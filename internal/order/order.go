// Package order owns checkout, orders and their payments: what was bought, at which price, and that it was paid once. It
// does not know what a paid order gives (fulfillment does), and trusts no client with the word that something is paid.
//
// An order's snapshot is a promise: what its items say was bought holds, whatever the seller changes later.
package order

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/identity"
	"souk/internal/jobs"
)

// Status is where an order stands.
type Status string

// The states of an order.
const (
	Draft          Status = "draft"
	PendingPayment Status = "pending_payment"
	Paid           Status = "paid"
	Fulfilled      Status = "fulfilled"
	Canceled       Status = "canceled"
	Refunded       Status = "refunded"
)

// arrows are the transitions that exist. paid and fulfilled happen in one transaction, so nobody sees an order between.
var arrows = map[Status][]Status{
	Draft:          {PendingPayment, Canceled},
	PendingPayment: {Paid, Canceled},
	Paid:           {Fulfilled, Refunded},
	Fulfilled:      {Refunded},
}

func (s Status) may(to Status) bool { return slices.Contains(arrows[s], to) }

// settled says that the order is paid and stands.
func (s Status) settled() bool { return s == Paid || s == Fulfilled }

// Providers of payment.
const (
	Manual = "manual" // the seller says so, or in development the buyer
	Clerk  = "clerk"
	Stripe = "stripe"
)

// Order is a purchase of one buyer from one seller in one currency.
type Order struct {
	ID                int64
	PublicID          string // a UUID
	CustomerID        int64
	SellerID          int64 // a profile
	Status            Status
	Currency          string // ISO 4217
	SubtotalCents     int64  // minor units, as all amounts
	TaxCents          int64
	TotalCents        int64
	Notes             string // the buyer's
	Provider          string // by whom it is to be paid
	ClerkCheckoutID   string
	ExternalReference string // the payment's id at the provider
	PaidAt            *time.Time
	FulfilledAt       *time.Time
	CanceledAt        *time.Time
	RefundedAt        *time.Time
	RefundedCents     int64      // what of the payment went back
	PausedAt          *time.Time // what it gave is withheld since: a dispute about its payment is open
	CreatedAt         time.Time
	UpdatedAt         time.Time
	Items             []Item // in the order of the cart
}

// Item is one line of an order: a snapshot of what was bought, at the moment it was ordered.
type Item struct {
	ID               int64
	OrderID          int64
	ProductID        int64
	PriceID          int64
	ProductSlug      string
	ProductType      string
	ProductName      string
	PriceName        string
	BillingPeriod    string
	ClerkPlanID      string
	FeatureKeys      []string
	MaxDownloads     *int64 // of each file and unit; nil: no limit
	DownloadDays     *int64 // from fulfillment; nil: for ever
	Quantity         int64
	RefundedQuantity int64 // units of Quantity whose money went back
	UnitAmountCents  int64
	TotalAmountCents int64
	Metadata         json.RawMessage
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// Standing is how many units of an item of o are paid and not refunded.
func (o Order) Standing(i Item) int64 {
	if !o.Status.settled() {
		return 0
	}
	return i.Quantity - i.RefundedQuantity
}

// Recurring says that the item is paid again each period.
func (i Item) Recurring() bool { return i.BillingPeriod != catalog.OneTime }

// PaidOrder is an order that became paid in the running transaction. PaidAt is set: it is also when the order is fulfilled.
type PaidOrder struct {
	Order
	ProviderItem string // the item of the provider's subscription that was paid, if it was one
}

// Event is one step in the life of an order.
type Event struct {
	ID        int64
	Kind      string          // created, paid, fulfilled, canceled, refunded, buyer_erased
	Actor     string          // buyer, seller, system, or a provider's name
	Detail    json.RawMessage // an object; nil is stored as an empty one
	CreatedAt time.Time
}

func detail(object map[string]any) json.RawMessage {
	text, _ := json.Marshal(object) // of texts and numbers: never fails
	return text
}

// happened writes a step into the timeline of o, as o is after it, and tells whoever listens.
func (s *Service) happened(ctx context.Context, tx *db.Tx, o Order, e Event) error {
	if e.Detail == nil {
		e.Detail = json.RawMessage("{}")
	}
	var err error
	e.ID, err = insertEvent(ctx, tx, o.ID, e)
	if err == nil && s.Happened != nil {
		err = s.Happened(ctx, tx, o, e)
	}
	return err
}

var (
	errAbsent = fault.Absent("order")
	// ErrTransition refuses a step that does not exist from where the order stands.
	ErrTransition = fault.New(fault.Conflict, "order_transition", "The order cannot change to that state.")
)

// Deps are what the service needs.
type Deps struct {
	DB      *db.DB
	Now     func() time.Time
	People  *identity.Service
	Catalog *catalog.Service
	// Fulfill gives what a paid order is owed, in the transaction of its payment.
	Fulfill func(ctx context.Context, tx *db.Tx, o PaidOrder) error
	// Subscribed says whether a customer holds a subscription to a product.
	Subscribed func(ctx context.Context, q db.Q, customerID, productID int64) (bool, error)
	// Happened is told of each step in the life of an order, in the transaction that takes it; o is the order after it. Nil tells
	// nobody.
	Happened func(ctx context.Context, tx *db.Tx, o Order, e Event) error

	// Ask has a provider (the key) say what of an order of a buyer's profile is paid, outside any transaction. What it says is
	// applied when the function returns. A provider without one is not configured.
	Ask map[string]func(ctx context.Context, buyer int64, o Order) error

	// Follow brings what an order gave in line with what of it stands, in the transaction that changed that.
	Follow func(ctx context.Context, tx *db.Tx, o Order) error
	// Arrived is told of what others may wait for: see PaymentKey.
	Arrived func(ctx context.Context, tx *db.Tx, key string) error
	Jobs    *jobs.Queue

	PublicURL  string // the origin that buyers see
	ClerkPlans bool   // Clerk is configured, so recurring prices with a plan are paid there
	// CardStep is the step, in minor units, in which Stripe takes amounts of a currency. Nil: Stripe is not configured.
	CardStep      func(currency string) int64
	AllowManual   bool   // buyers may confirm their own orders: for development
	ConfirmSecret string // asked of a manual confirmation, unless empty
}

// Service is the domain. Safe for concurrent use.
type Service struct{ Deps }

// New makes the service. It refuses to be without the functions that give and take back: orders would be paid for nothing.
func New(d Deps) (*Service, error) {
	if d.Fulfill == nil || d.Follow == nil || d.Subscribed == nil || d.Arrived == nil {
		return nil, errors.New("order: Fulfill, Follow, Subscribed and Arrived must be set")
	}
	return &Service{d}, nil
}

// List gives up to limit orders of a buyer's profile, newest first, with ids below before.
func (s *Service) List(ctx context.Context, buyer, before int64, limit int) ([]Order, error) {
	return listOfBuyer(ctx, s.DB, buyer, before, limit)
}

// Get gives one order of a buyer's profile.
func (s *Service) Get(ctx context.Context, buyer int64, publicID string) (Order, error) {
	if !isPublicID(publicID) {
		return Order{}, errAbsent
	}
	o, err := ofBuyer(ctx, s.DB, buyer, publicID)
	return o, db.NotFound(err, errAbsent)
}

// isPublicID spares the database what cannot be one, such as texts that it does not take.
func isPublicID(text string) bool {
	return len(text) == 36 && uuid.Validate(text) == nil
}

// Purchase gives one order of a buyer's, with what happened to it.
func (s *Service) Purchase(ctx context.Context, buyer int64, publicID string) (Sale, error) {
	o, err := s.Get(ctx, buyer, publicID)
	if err != nil {
		return Sale{}, err
	}
	list := []Sale{{Order: o}}
	err = addHistory(ctx, s.DB, list)
	return list[0], err
}

// CheckoutURL is where o is paid. A plan of Clerk's is taken on the pricing page, all else on the order's own page, whose
// address is known before any provider was asked.
func (s *Service) CheckoutURL(o Order) string {
	return s.checkoutURL(o.Provider, o.PublicID, o.Items[0].ClerkPlanID)
}

func (s *Service) checkoutURL(provider, publicID, plan string) string {
	if provider == Clerk {
		return s.PublicURL + "/pricing?" + url.Values{"plan": {plan}}.Encode()
	}
	return s.PublicURL + "/checkout/" + publicID + "/"
}

// Bill is what anybody with an order's address may see of it.
type Bill struct {
	Status     Status
	Provider   string
	TotalCents int64
	Currency   string
	Attempt    AttemptStatus // of the newest try to pay on a provider's page; empty: there was none
	CheckedAt  time.Time     // when the provider was last heard about that
	URL        string        // where to pay; empty when there is nothing to pay
	orderID    int64
	plan       string // of Clerk's
}

// Bill gives the order's public face.
func (s *Service) Bill(ctx context.Context, publicID string) (Bill, error) {
	if !isPublicID(publicID) {
		return Bill{}, errAbsent
	}
	b, err := billOf(ctx, s.DB, publicID)
	if b.Status == PendingPayment {
		b.URL = s.checkoutURL(b.Provider, publicID, b.plan)
	}
	return b, db.NotFound(err, errAbsent)
}

// confirmEvery is how often a provider is asked about one order by those who wait for it on a page.
const confirmEvery = 2 * time.Second

// Confirmed is Bill after the provider was asked, if it has to say something that the shop does not know yet. Whoever has the order's
// address may ask: it is what a buyer comes back to from the provider's page.
func (s *Service) Confirmed(ctx context.Context, publicID string) (Bill, error) {
	b, err := s.Bill(ctx, publicID)
	ask := s.Ask[Stripe]
	if err != nil || ask == nil || b.Status != PendingPayment || b.Attempt == "" || b.Attempt == AttemptCreating || s.Now().Sub(b.CheckedAt) < confirmEvery {
		return b, err
	}
	if err := ask(ctx, 0, Order{ID: b.orderID}); err != nil {
		return b, err
	}
	return s.Bill(ctx, publicID)
}
