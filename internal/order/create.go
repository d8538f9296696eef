package order

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/identity"
	"souk/internal/money"
)

// Limits of a cart.
const (
	MaxLines    = 100
	MaxQuantity = 99
	maxNotes    = 5000 // characters
)

// Cart is what a buyer orders.
type Cart struct {
	Lines []Line
	Notes string
	One   bool // the line stood by itself, not in a list: so faults name its fields
}

// Line is a price and how many of it. A price that comes again in a cart adds up.
type Line struct {
	PriceID  int64
	Quantity int64
	place    int // in the cart as it came
}

var (
	errOwnProduct = fault.New(fault.Conflict, "own_product", "You cannot buy what you sell yourself.")
	errSubscribed = fault.New(fault.Conflict, "already_subscribed", "You are subscribed to this product already.")
	errPriceGone  = fault.Absent("price")
)

// Create makes an order of what the cart's prices are now. One of zero is fulfilled at once.
func (s *Service) Create(ctx context.Context, buyer identity.Profile, cart Cart) (o Order, err error) {
	if err := cart.check(); err != nil {
		return Order{}, err
	}
	cart = cart.merged()
	customer, err := s.People.Customer(ctx, buyer)
	if err != nil {
		return Order{}, err
	}
	// What can be bought is read before the transaction, to keep that short. What changes in between is not noticed, as if it
	// changed after; a deleted price is.
	offers, err := s.offers(ctx, cart, buyer.ID, customer.ID)
	if err != nil {
		return Order{}, err
	}
	drawn, err := s.draw(cart, offers, customer.ID)
	if err != nil {
		return Order{}, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o = drawn
		if err := insert(ctx, tx, &o); err != nil {
			if db.IsReferenced(err) { // the seller deleted the price just now
				err = errPriceGone
			}
			return err
		}
		if err := s.happened(ctx, tx, o, Event{Kind: "created", Actor: "buyer", CreatedAt: o.CreatedAt}); err != nil {
			return err
		}
		if o.TotalCents == 0 {
			_, err = s.pay(ctx, tx, &o, payment{provider: Manual})
		}
		return err
	})
	return o, err
}

func (c Cart) at(line int, field string) string {
	if c.One {
		return "body." + field
	}
	return fmt.Sprintf("body.items[%d].%s", line, field)
}

// check trims the notes, and refuses what no cart can be.
func (c *Cart) check() error {
	var checks fault.Checks
	checks.Add(len(c.Lines) > 0 && len(c.Lines) <= MaxLines, "body.items", "must have 1 to 100 lines")
	checks.Text("body.notes", &c.Notes, &c.Notes, 0, maxNotes)
	sum := map[int64]int64{}
	for i, line := range c.Lines {
		if line.Quantity >= 1 && line.Quantity <= MaxQuantity {
			sum[line.PriceID] += line.Quantity
			checks.Add(sum[line.PriceID] <= MaxQuantity, c.at(i, "quantity"), "must not bring the quantity of its price above 99")
		} else {
			checks.Add(false, c.at(i, "quantity"), "must be between 1 and 99")
		}
	}
	return checks.Err()
}

// merged has each price once, where it came first.
func (c Cart) merged() Cart {
	lines, at := []Line{}, map[int64]int{}
	for place, line := range c.Lines {
		if i, again := at[line.PriceID]; again {
			lines[i].Quantity += line.Quantity
			continue
		}
		at[line.PriceID], line.place = len(lines), place
		lines = append(lines, line)
	}
	c.Lines = lines
	return c
}

// offers reads what the cart names, and refuses what cannot be bought by this buyer, or not together.
func (s *Service) offers(ctx context.Context, cart Cart, buyerID, customerID int64) ([]catalog.Offer, error) {
	ids := make([]int64, len(cart.Lines))
	for i, line := range cart.Lines {
		ids[i] = line.PriceID
	}
	offers, err := s.Catalog.Offers(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	var checks fault.Checks
	for i, offer := range offers {
		place := cart.Lines[i].place
		if offer.Product.SellerID == buyerID {
			return nil, errOwnProduct
		}
		checks.Add(offer.Product.SellerID == offers[0].Product.SellerID, cart.at(place, "price_id"), "must be of the same seller as the first")
		checks.Add(offer.Price.Currency == offers[0].Price.Currency, cart.at(place, "price_id"), "must be in the same currency as the first")
		if offer.Price.Recurring() {
			checks.Add(len(offers) == 1, cart.at(place, "price_id"), "is recurring, and must stand alone in its order")
			checks.Add(cart.Lines[i].Quantity == 1, cart.at(place, "quantity"), "must be 1 for a recurring price")
		}
	}
	if err := checks.Err(); err != nil || !offers[0].Price.Recurring() {
		return offers, err
	}
	subscribed, err := s.Subscribed(ctx, s.DB, customerID, offers[0].Product.ID)
	if err == nil && subscribed {
		err = errSubscribed
	}
	return offers, err
}

// draw makes the order of offers, with their snapshots.
func (s *Service) draw(cart Cart, offers []catalog.Offer, customerID int64) (Order, error) {
	now := s.Now()
	o := Order{
		PublicID: uuid.NewString(), CustomerID: customerID, SellerID: offers[0].Product.SellerID, Status: PendingPayment,
		Currency: offers[0].Price.Currency, Notes: cart.Notes, Provider: Manual, CreatedAt: now, UpdatedAt: now,
	}
	for i, offer := range offers {
		item := snapshot(offer, cart.Lines[i].Quantity)
		item.CreatedAt, item.UpdatedAt = now, now
		total, err := money.Times(item.UnitAmountCents, item.Quantity)
		if err == nil {
			item.TotalAmountCents = total
			o.SubtotalCents, err = money.Add(o.SubtotalCents, total)
		}
		if err != nil || o.SubtotalCents > money.MaxOrderCents {
			return Order{}, fault.InvalidField("body.items", "must not cost more than 99999999 in minor units together")
		}
		o.Items = append(o.Items, item)
	}
	o.TotalCents = o.SubtotalCents
	switch recurring := o.Items[0].Recurring(); {
	case o.TotalCents == 0:
	case recurring && s.ClerkPlans && o.Items[0].ClerkPlanID != "":
		o.Provider = Clerk
	case !recurring && s.CardStep != nil:
		o.Provider = Stripe
		return o, s.chargeable(cart, o)
	}
	return o, nil
}

// chargeable refuses what Stripe cannot charge exactly.
func (s *Service) chargeable(cart Cart, o Order) error {
	var checks fault.Checks
	step := s.CardStep(o.Currency)
	for i, item := range o.Items {
		checks.Add(item.UnitAmountCents%step == 0, cart.at(cart.Lines[i].place, "price_id"),
			fmt.Sprintf("cannot be paid by card: in %s the amount must be a multiple of %d minor units", o.Currency, step))
	}
	return checks.Err()
}

func snapshot(offer catalog.Offer, quantity int64) Item {
	product, price := offer.Product, offer.Price
	return Item{
		ProductID: product.ID, PriceID: price.ID, ProductSlug: product.Slug, ProductType: product.ProductType, ProductName: product.Name,
		PriceName: price.Name, BillingPeriod: price.BillingPeriod, ClerkPlanID: price.ClerkPlanID, FeatureKeys: product.FeatureKeys,
		MaxDownloads: product.MaxDownloads, DownloadDays: product.DownloadDays, Quantity: quantity, UnitAmountCents: price.AmountCents,
		Metadata: json.RawMessage("{}"),
	}
}
