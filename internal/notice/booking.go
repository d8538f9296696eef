package notice

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"souk/internal/booking"
	"souk/internal/db"
	"souk/internal/mail"
)

// ofBooking is the data of notices about a booking. Its time is told as it was.
type ofBooking struct {
	Booking  int64      `json:"booking"`
	Seller   int64      `json:"seller"` // a profile
	Start    *time.Time `json:"start,omitempty"`
	Changed  bool       `json:"changed,omitempty"`
	Refunded bool       `json:"refunded,omitempty"`
}

// BookingHappened tells those whom a change of a booking concerns, in the transaction that makes it: never who made it.
func (s *Service) BookingHappened(ctx context.Context, tx *db.Tx, c booking.Change) error {
	b, data := c.After, ofBooking{Booking: c.After.ID, Seller: c.After.SellerID, Start: c.After.Start, Refunded: c.By == booking.ByRefund}
	canceled := b.Status == booking.Canceled && c.Before.Status != booking.Canceled
	moved := b.Start != nil && (c.Before.Start == nil || !c.Before.Start.Equal(*b.Start))
	var told []Kind
	switch {
	case c.By == booking.ByBuyer && canceled:
		if b.Start != nil || b.OrderItemID == nil { // else the seller never heard of it
			told = []Kind{BookingCanceledSeller}
		}
	case c.By == booking.ByBuyer:
		if c.New || moved {
			told = []Kind{BookingRequested}
		}
	case canceled && c.By == booking.ByRefund:
		if b.Start != nil {
			told = []Kind{BookingCanceled, BookingCanceledSeller}
		}
	case canceled:
		told = []Kind{BookingCanceled}
	case b.Status == booking.Confirmed:
		data.Changed = c.Before.Status == booking.Confirmed
		if !data.Changed || moved || b.MeetingURL != c.Before.MeetingURL {
			told = []Kind{BookingConfirmed}
		}
	}
	for _, kind := range told {
		to, err := b.SellerID, error(nil)
		if !kinds[kind].seller {
			if to, err = s.People.Owner(ctx, b.CustomerID); err != nil {
				return err
			}
		}
		event := strconv.FormatInt(b.ID, 10) + ":" + strconv.FormatInt(b.UpdatedAt.UnixMicro(), 10)
		if err := s.tell(ctx, tx, to, kind, event, data); err != nil {
			return err
		}
	}
	return nil
}

// standsAt is the status that a booking has while a mail of a kind about it is true.
var standsAt = map[Kind]booking.Status{
	BookingRequested: booking.Requested, BookingConfirmed: booking.Confirmed,
	BookingCanceled: booking.Canceled, BookingCanceledSeller: booking.Canceled,
}

func fillBooking(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	var about ofBooking
	if err := json.Unmarshal(n.Data, &about); err != nil {
		return err
	}
	b, err := s.Bookings.GetForSeller(ctx, about.Seller, about.Booking)
	if err != nil {
		return err
	}
	sameTime := b.Start == about.Start || b.Start != nil && about.Start != nil && b.Start.Equal(*about.Start)
	if b.Status != standsAt[n.Kind] || !sameTime {
		return overtaken
	}
	into.Booking = bookingOut(to.locale, b)
	into.Booking.Changed, into.Booking.Refunded = about.Changed, about.Refunded
	into.Booking.ComesBack = n.Kind == BookingCanceled && b.OrderItemID != nil && !about.Refunded
	return nil
}

func bookingOut(l locale, b booking.Booking) Booking {
	out := Booking{
		Service: mail.Line(b.ProductName), Meeting: b.MeetingURL, Notes: paragraph(b.CustomerNotes), Paid: b.OrderItemID != nil,
		Buyer: Person{mail.Line(b.CustomerName), mail.Line(b.BillingEmail)},
	}
	if b.Start != nil {
		out.When = l.span(*b.Start, *b.End)
	}
	return out
}
