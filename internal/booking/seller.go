package booking

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"souk/internal/db"
	"souk/internal/fault"
)

const maxMeetingURL = 500 // bytes

// SellerChange says what to write; what is nil, or not set, keeps its value.
type SellerChange struct {
	Status                    *Status
	SetStart                  bool
	Start                     *time.Time // with SetStart; nil takes the time away
	MeetingURL, InternalNotes *string
}

// ListForSeller gives up to limit bookings of the seller, newest first, with ids below before; status "" is any.
func (s *Service) ListForSeller(ctx context.Context, sellerID int64, status Status, before int64, limit int) ([]Booking, error) {
	return listOfSeller(ctx, s.DB, sellerID, status, before, limit)
}

// GetForSeller gives one booking of the seller.
func (s *Service) GetForSeller(ctx context.Context, sellerID, id int64) (Booking, error) {
	b, err := byID(ctx, s.DB, id)
	if err == nil && b.SellerID != sellerID {
		return Booking{}, ErrAbsent
	}
	return b, db.NotFound(err, ErrAbsent)
}

// UpdateAsSeller writes the given fields of a booking of the seller, all or none. A status is set only along its arrows, a
// time only while the booking is requested or confirmed afterwards, and a confirmed one has a time. A seller that
// cancels a paid booking gives its session back.
//
// Errors: ErrTransition, ErrSlotTaken when it is confirmed at a time that overlaps another confirmed one, Invalid.
func (s *Service) UpdateAsSeller(ctx context.Context, sellerID, id int64, c SellerChange) (b Booking, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		b, err = lock(ctx, tx, id, func(b Booking) bool { return b.SellerID == sellerID })
		if err != nil {
			return err
		}
		before := b
		if err := s.applySeller(&b, c); err != nil {
			return err
		}
		if before.Status == Requested && (b.Status == Confirmed || c.Start != nil) {
			if err := checkPaid(ctx, tx, b); err != nil {
				return err
			}
		}
		if b.Status == Confirmed {
			// Two that confirm at once can deadlock in PostgreSQL's exclusion check, which is noticed a second later.
			if err := tx.Lock(ctx, "confirmed bookings of seller "+strconv.FormatInt(sellerID, 10)); err != nil {
				return err
			}
		}
		change := Change{Before: before, After: b, By: BySeller}
		err := s.write(ctx, tx, &change)
		b = change.After
		if err != nil {
			return err
		}
		if b.Status == Canceled && before.Status != Canceled {
			return s.giveBack(ctx, tx, b)
		}
		return nil
	})
	return b, err
}

func (s *Service) applySeller(b *Booking, c SellerChange) error {
	if c.Status != nil {
		if err := b.move(*c.Status); err != nil {
			return err
		}
	}
	if c.SetStart {
		if b.Status != Requested && b.Status != Confirmed {
			return ErrTransition
		}
		if err := s.setStart(b, c.Start); err != nil {
			return err
		}
	}
	var checks fault.Checks
	checks.Add(b.Status != Confirmed || b.Start != nil, "body.scheduled_start", "must be there: a confirmed booking has a time")
	if c.MeetingURL != nil {
		b.MeetingURL = strings.TrimSpace(*c.MeetingURL)
		checks.Add(b.MeetingURL == "" || isMeetingURL(b.MeetingURL), "body.meeting_url",
			fmt.Sprintf("must be an https address of at most %d characters, or empty", maxMeetingURL))
	}
	checks.Text("body.internal_notes", c.InternalNotes, &b.InternalNotes, 0, maxNotes)
	return checks.Err()
}

func isMeetingURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxMeetingURL && u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}
