package booking

import (
	"context"
	"strconv"
	"time"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
)

var (
	errOfferAbsent = fault.Absent("service offer")
	errItemAbsent  = fault.Absent("order item")
)

// Request is what a buyer asks for.
type Request struct {
	OfferID       int64
	OrderItemID   *int64     // the paid item whose session this uses; nil: a request that the seller may accept
	Start         *time.Time // must be there with an order item
	CustomerNotes *string    // nil keeps the notes of the session
}

// BuyerChange says what to write; what is not set keeps its value.
type BuyerChange struct {
	SetStart      bool
	Start         *time.Time // with SetStart; nil takes the time away
	CustomerNotes *string
}

// ListForBuyer gives up to limit bookings of the customer, newest first, with ids below before.
func (s *Service) ListForBuyer(ctx context.Context, customerID, before int64, limit int) ([]Booking, error) {
	return listOfCustomer(ctx, s.DB, customerID, before, limit)
}

// GetForBuyer gives one booking of the customer.
func (s *Service) GetForBuyer(ctx context.Context, customerID, id int64) (Booking, error) {
	b, err := byID(ctx, s.DB, id)
	if err == nil && b.CustomerID != customerID {
		return Booking{}, ErrAbsent
	}
	return b, db.NotFound(err, ErrAbsent)
}

// Request schedules the oldest session of the order item that has no time yet, or, without an item, asks the seller of a
// published product for one. With n sessions left, exactly n calls succeed, however many come at once.
//
// Errors: an offer that is absent or not on sale, or an item that is someone else's, is 404; an item of another product or a
// bad time is Invalid; ErrNotPaid, ErrNoSessions, ErrTooMany, and ErrSlotTaken when the seller has a confirmed booking then.
func (s *Service) Request(ctx context.Context, customerID int64, r Request) (b Booking, err error) {
	if r.OrderItemID != nil && r.Start == nil {
		return Booking{}, fault.InvalidField("body.scheduled_start", "must be there to schedule a session of an order item")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		offer, product, err := s.Catalog.ServiceOffer(ctx, tx, r.OfferID)
		if err != nil {
			return err
		}
		if r.OrderItemID != nil {
			b, err = takeSession(ctx, tx, customerID, product.ID, *r.OrderItemID)
		} else {
			b, err = s.openRequest(ctx, tx, customerID, offer.ID, product)
		}
		if err != nil {
			return err
		}
		c := Change{Before: b, After: b, New: r.OrderItemID == nil, By: ByBuyer}
		err = s.changeAsBuyer(ctx, tx, &c, BuyerChange{SetStart: r.Start != nil, Start: r.Start, CustomerNotes: r.CustomerNotes})
		b = c.After
		return err
	})
	return b, err
}

// takeSession locks the item, and finds its oldest session without a time.
func takeSession(ctx context.Context, tx *db.Tx, customerID, productID, itemID int64) (Booking, error) {
	it, err := itemByID(ctx, tx, itemID)
	if err == nil && it.customerID == customerID {
		if err = lockItem(ctx, tx, itemID); err == nil {
			it, err = itemByID(ctx, tx, itemID) // a refund may have come first
		}
	}
	switch {
	case err != nil:
		return Booking{}, db.NotFound(err, errItemAbsent)
	case it.customerID != customerID:
		return Booking{}, errItemAbsent
	case it.productID != productID:
		return Booking{}, fault.InvalidField("body.order_item", "must be an item of the product that the service offer belongs to")
	case it.usable() != nil:
		return Booking{}, it.usable()
	}
	id, err := oldestUntimed(ctx, tx, itemID)
	if err != nil {
		return Booking{}, db.NotFound(err, ErrNoSessions)
	}
	return lock(ctx, tx, id, func(Booking) bool { return true })
}

// openRequest adds an unpaid request; two at once of one customer are counted one after the other.
func (s *Service) openRequest(ctx context.Context, tx *db.Tx, customerID, offerID int64, p catalog.Product) (Booking, error) {
	if p.Visibility != catalog.Published {
		return Booking{}, errOfferAbsent
	}
	if err := tx.Lock(ctx, "booking requests of customer "+strconv.FormatInt(customerID, 10)); err != nil {
		return Booking{}, err
	}
	open, err := countOpenRequests(ctx, tx, customerID)
	if err != nil {
		return Booking{}, err
	}
	if open >= MaxOpenRequests {
		return Booking{}, ErrTooMany
	}
	id, err := insert(ctx, tx, Booking{
		CustomerID: customerID, SellerID: p.SellerID, OfferID: offerID, Status: Requested, CreatedAt: s.Now(), UpdatedAt: s.Now(),
	})
	if err != nil {
		return Booking{}, err
	}
	return byID(ctx, tx, id)
}

// UpdateAsBuyer writes the given fields of a requested booking of the customer. A paid one stays paid whatever its time.
func (s *Service) UpdateAsBuyer(ctx context.Context, customerID, id int64, c BuyerChange) (b Booking, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if b, err = lockOfBuyer(ctx, tx, customerID, id); err != nil {
			return err
		}
		if b.Status != Requested {
			return ErrTransition
		}
		if c.Start != nil {
			if err := checkPaid(ctx, tx, b); err != nil {
				return err
			}
		}
		change := Change{Before: b, After: b, By: ByBuyer}
		err := s.changeAsBuyer(ctx, tx, &change, c)
		b = change.After
		return err
	})
	return b, err
}

// changeAsBuyer also tells a buyer at once of a slot that is gone. That is a courtesy: the constraint decides when the
// seller confirms.
func (s *Service) changeAsBuyer(ctx context.Context, tx *db.Tx, change *Change, c BuyerChange) error {
	var checks fault.Checks
	checks.Text("body.customer_notes", c.CustomerNotes, &change.After.CustomerNotes, 0, maxNotes)
	if err := checks.Err(); err != nil {
		return err
	}
	if c.SetStart {
		if err := s.setStart(&change.After, c.Start); err != nil {
			return err
		}
		taken, err := slotTaken(ctx, tx, change.After)
		if err != nil {
			return err
		}
		if taken {
			return ErrSlotTaken
		}
	}
	return s.write(ctx, tx, change)
}

// CancelAsBuyer cancels a requested or confirmed booking of the customer. A paid one whose time is still ahead gives its
// session back.
func (s *Service) CancelAsBuyer(ctx context.Context, customerID, id int64) (b Booking, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if b, err = lockOfBuyer(ctx, tx, customerID, id); err != nil {
			return err
		}
		c := Change{Before: b, After: b, By: ByBuyer}
		if err := c.After.move(Canceled); err != nil {
			return err
		}
		err := s.write(ctx, tx, &c)
		b = c.After
		if err != nil {
			return err
		}
		if b.Start != nil && b.Start.After(s.Now()) {
			return s.giveBack(ctx, tx, b)
		}
		return nil
	})
	return b, err
}

func lockOfBuyer(ctx context.Context, tx *db.Tx, customerID, id int64) (Booking, error) {
	return lock(ctx, tx, id, func(b Booking) bool { return b.CustomerID == customerID })
}
