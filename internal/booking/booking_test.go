package booking_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/booking"
	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/dbtest"
)

// studio is a seller with a service, a buyer, and a clock that the test sets.
type studio struct {
	*booking.Service
	t                                *testing.T
	now                              time.Time
	seller, customer, product, offer int64
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func each(t *testing.T, test func(t *testing.T, s *studio)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &studio{t: t, now: noon, Service: &booking.Service{DB: d}}
		s.Now = func() time.Time { return s.now }
		s.Catalog = &catalog.Service{DB: d, Now: s.Now}
		s.seller = s.id(`INSERT INTO profiles (clerk_user_id, created_at, updated_at) VALUES ('sal', 1, 1) RETURNING id`)
		buyer := s.id(`INSERT INTO profiles (clerk_user_id, created_at, updated_at) VALUES ('ana', 1, 1) RETURNING id`)
		s.customer = s.id(`INSERT INTO customers (profile_id, created_at, updated_at) VALUES ($1, 1, 1) RETURNING id`, buyer)
		s.product = s.service("mixing")
		s.offer = s.id(`INSERT INTO service_offers (product_id, session_minutes, created_at, updated_at) VALUES ($1, 60, 1, 1) RETURNING id`, s.product)
		test(t, s)
	})
}

func (s *studio) id(query string, args ...any) int64 {
	s.t.Helper()
	var id int64
	err := s.inTx(func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = db.One(ctx, tx, db.Value[int64], query, args...)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *studio) service(slug string) int64 {
	s.t.Helper()
	return s.id(`INSERT INTO products (seller_id, name, slug, product_type, visibility, sort_name, search_text, created_at, updated_at)
		VALUES ($1, $2, $2, 'service', 'published', $2, $2, 1, 1) RETURNING id`, s.seller, slug)
}

// paid is the item of a fulfilled order of product, whose sessions are not made yet.
func (s *studio) paid(product int64, quantity int) booking.Sale {
	s.t.Helper()
	price := s.id(`INSERT INTO prices (product_id, name, amount_cents, currency, billing_period, created_at, updated_at)
		VALUES ($1, 'One', 100, 'USD', 'one_time', 1, 1) RETURNING id`, product)
	order := s.id(`INSERT INTO orders (public_id, customer_id, seller_id, status, currency, subtotal_cents, total_cents, provider, paid_at, created_at, updated_at)
		VALUES ($1, $2, $3, 'fulfilled', 'USD', 100, 100, 'manual', 1, 1, 1) RETURNING id`, rand.Text(), s.customer, s.seller)
	item := s.id(`INSERT INTO order_items (order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot,
		billing_period, quantity, unit_amount_cents, total_amount_cents, created_at, updated_at)
		VALUES ($1, $2, $3, 'x', 'service', 'x', 'One', 'one_time', $4, 100, $5, 1, 1) RETURNING id`, order, product, price, quantity, 100*quantity)
	return booking.Sale{CustomerID: s.customer, SellerID: s.seller, ProductID: product, OrderItemID: item, Quantity: quantity}
}

func (s *studio) sell(sale booking.Sale) {
	s.t.Helper()
	if err := s.inTx(func(ctx context.Context, tx *db.Tx) error { return s.Sell(ctx, tx, sale) }); err != nil {
		s.t.Fatal(err)
	}
}

func (s *studio) refund(item int64) error {
	return s.inTx(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE orders SET status = 'refunded' WHERE id = (SELECT order_id FROM order_items WHERE id = $1)`, item)
		return errors.Join(err, s.Keep(ctx, tx, map[int64]int64{item: 0}))
	})
}

func (s *studio) inTx(fn func(ctx context.Context, tx *db.Tx) error) error {
	return s.DB.InTx(s.t.Context(), fn)
}

// of lists the bookings of an item, oldest first.
func (s *studio) of(item int64) (found []booking.Booking) {
	s.t.Helper()
	all, err := s.ListForSeller(s.t.Context(), s.seller, "", 1<<40, 500)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range slices.Backward(all) {
		if b.OrderItemID != nil && *b.OrderItemID == item {
			found = append(found, b)
		}
	}
	return found
}

// stand counts the bookings of an item by status, and its sessions left.
func (s *studio) stand(item int64) (n map[booking.Status]int, left int) {
	s.t.Helper()
	n = map[booking.Status]int{}
	for _, b := range s.of(item) {
		n[b.Status]++
		if b.Status == booking.Requested && b.Start == nil {
			left++
		}
	}
	return n, left
}

func (s *studio) schedule(item int64, start time.Time) booking.Booking {
	s.t.Helper()
	b, err := s.Request(s.t.Context(), s.customer, booking.Request{OfferID: s.offer, OrderItemID: &item, Start: &start})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (s *studio) become(id int64, status booking.Status) error {
	_, err := s.UpdateAsSeller(s.t.Context(), s.seller, id, booking.SellerChange{Status: &status})
	return err
}

// race runs fn n times at once.
func race(n int, fn func(i int)) {
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() { <-start; fn(i) })
	}
	close(start)
	done.Wait()
}

func TestAPartialRefundCancelsWhatIsLeastNear(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		sale := s.paid(s.product, 6)
		s.sell(sale)
		item := sale.OrderItemID
		for _, days := range []time.Duration{30, 10, 20, 1} {
			s.schedule(item, noon.Add(days*24*time.Hour))
		}
		all := s.of(item) // in 30, 10, 20 and 1 days, and two without a time
		for _, i := range []int{0, 3} {
			if err := s.become(all[i].ID, booking.Confirmed); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.become(all[3].ID, booking.Completed); err != nil {
			t.Fatal(err)
		}
		for standing := range int64(7) {
			undo := errors.New("undo")
			err := s.inTx(func(ctx context.Context, tx *db.Tx) error {
				if err := s.Keep(ctx, tx, map[int64]int64{item: standing}); err != nil {
					return err
				}
				for i, b := range all {
					now, err := db.One(ctx, tx, db.Value[string], `SELECT status FROM bookings WHERE id = $1`, b.ID)
					if err != nil {
						return err
					}
					order := []int{3, 1, 2, 0, 4, 5} // in which they are kept
					if kept := slices.Index(order, i) < max(int(standing), 1); kept != (now != "canceled") {
						t.Errorf("%d units stand: booking %d is %s", standing, i, now)
					}
				}
				return undo
			})
			if !errors.Is(err, undo) {
				t.Error(err)
			}
		}
	})
}

func TestSellMakesASessionForEachUnitOnce(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		sale := s.paid(s.product, 3)
		race(8, func(int) {
			if err := s.inTx(func(ctx context.Context, tx *db.Tx) error { return s.Sell(ctx, tx, sale) }); err != nil {
				t.Error(err)
			}
		})
		if _, left := s.stand(sale.OrderItemID); left != 3 {
			t.Errorf("%d sessions, want 3", left)
		}
		// Sold again after one was used: still nothing new.
		s.schedule(sale.OrderItemID, noon.Add(time.Hour))
		s.sell(sale)
		if _, left := s.stand(sale.OrderItemID); left != 2 {
			t.Errorf("%d sessions left, want 2", left)
		}
	})
}

func TestSellingAServiceWithoutAnOfferMakesOne(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		product := s.service("mastering")
		first, second := s.paid(product, 1), s.paid(product, 2)
		race(2, func(i int) {
			if err := s.inTx(func(ctx context.Context, tx *db.Tx) error { return s.Sell(ctx, tx, []booking.Sale{first, second}[i]) }); err != nil {
				t.Error(err)
			}
		})
		a, b := s.of(first.OrderItemID), s.of(second.OrderItemID)
		if len(a) != 1 || len(b) != 2 || a[0].OfferID != b[0].OfferID || a[0].SessionMinutes != catalog.DefaultSessionMinutes {
			t.Errorf("bookings %+v, %+v", a, b)
		}
	})
}

func TestSessionsComeBack(t *testing.T) {
	cases := []struct {
		name   string
		cancel func(s *studio, id int64) error
		timed  bool
		status booking.Status
		since  time.Duration // from the start to the cancellation
		left   int
	}{
		{"buyer, requested, ahead", asBuyer, true, booking.Requested, -24 * time.Hour, 1},
		{"buyer, confirmed, ahead", asBuyer, true, booking.Confirmed, -24 * time.Hour, 1},
		{"buyer, a second before", asBuyer, true, booking.Confirmed, -time.Second, 1},
		{"buyer, at the start", asBuyer, true, booking.Confirmed, 0, 0},
		{"buyer, after", asBuyer, true, booking.Confirmed, time.Hour, 0},
		{"buyer, without a time", asBuyer, false, booking.Requested, 0, 0},
		{"seller, requested", asSeller, true, booking.Requested, -24 * time.Hour, 1},
		{"seller, confirmed", asSeller, true, booking.Confirmed, -24 * time.Hour, 1},
		{"seller, after", asSeller, true, booking.Confirmed, time.Hour, 1},
		{"seller, without a time", asSeller, false, booking.Requested, 0, 1},
	}
	each(t, func(t *testing.T, s *studio) {
		start := noon
		for _, c := range cases {
			start = start.Add(48 * time.Hour)
			sale := s.paid(s.product, 1)
			s.sell(sale)
			id := s.of(sale.OrderItemID)[0].ID
			if c.timed {
				s.schedule(sale.OrderItemID, start)
			}
			if c.status == booking.Confirmed {
				if err := s.become(id, booking.Confirmed); err != nil {
					t.Fatal(err)
				}
			}
			s.now = start.Add(c.since)
			if err := c.cancel(s, id); err != nil {
				t.Fatal(err)
			}
			if n, left := s.stand(sale.OrderItemID); n[booking.Canceled] != 1 || left != c.left {
				t.Errorf("%s: %v, %d left, want %d", c.name, n, left, c.left)
			}
			if err := c.cancel(s, id); !errors.Is(err, booking.ErrTransition) {
				t.Errorf("%s: canceled twice: %v", c.name, err)
			}
		}
	})
}

func asBuyer(s *studio, id int64) error {
	_, err := s.CancelAsBuyer(s.t.Context(), s.customer, id)
	return err
}

func asSeller(s *studio, id int64) error { return s.become(id, booking.Canceled) }

func TestARefundLeavesNoSessionWhoeverCancelsMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		for range 10 {
			sale := s.paid(s.product, 4)
			s.sell(sale)
			var ids []int64
			for i := range 3 {
				ids = append(ids, s.schedule(sale.OrderItemID, noon.Add(time.Duration(i+1)*time.Hour)).ID)
			}
			race(8, func(i int) {
				var err error
				switch i {
				case 0:
					err = s.refund(sale.OrderItemID)
				case 1, 2, 3:
					err = asBuyer(s, ids[i-1])
				case 4, 5, 6:
					err = asSeller(s, ids[i-4])
				case 7:
					start := noon.Add(9 * time.Hour)
					_, err = s.Request(t.Context(), s.customer, booking.Request{OfferID: s.offer, OrderItemID: &sale.OrderItemID, Start: &start})
				}
				if err != nil && !errors.Is(err, booking.ErrTransition) && !errors.Is(err, booking.ErrNotPaid) {
					t.Errorf("%d: %v", i, err)
				}
			})
			if n, _ := s.stand(sale.OrderItemID); n[booking.Requested]+n[booking.Confirmed] != 0 {
				t.Fatalf("after the refund %v", n)
			}
		}
	})
}

func TestARefundKeepsWhatTookPlace(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		sale := s.paid(s.product, 2)
		s.sell(sale)
		b := s.schedule(sale.OrderItemID, noon.Add(time.Hour))
		if err := errors.Join(s.become(b.ID, booking.Confirmed), s.become(b.ID, booking.Completed), s.refund(sale.OrderItemID)); err != nil {
			t.Fatal(err)
		}
		if n, left := s.stand(sale.OrderItemID); n[booking.Completed] != 1 || n[booking.Canceled] != 1 || left != 0 {
			t.Errorf("%v, %d left", n, left)
		}
	})
}

func TestFiveRequestsWaitWhateverRaces(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		for range 10 {
			race(16, func(int) {
				_, err := s.Request(t.Context(), s.customer, booking.Request{OfferID: s.offer})
				if err != nil && !errors.Is(err, booking.ErrTooMany) {
					t.Error(err)
				}
			})
			waiting, err := s.ListForSeller(t.Context(), s.seller, booking.Requested, 1<<40, 100)
			if err != nil || len(waiting) != booking.MaxOpenRequests {
				t.Fatalf("%d wait, want %d; %v", len(waiting), booking.MaxOpenRequests, err)
			}
			for _, b := range waiting {
				if err := asBuyer(s, b.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestOneOfManyOverlappingIsConfirmed(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		for round := range 5 {
			sale := s.paid(s.product, 32)
			s.sell(sale)
			var ids []int64
			for i := range 32 {
				ids = append(ids, s.schedule(sale.OrderItemID, noon.AddDate(0, 0, round+1).Add(time.Duration(i)*time.Minute)).ID)
			}
			var won atomic.Int32
			race(32, func(i int) {
				err := s.become(ids[i], booking.Confirmed)
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, booking.ErrSlotTaken) {
					t.Error(err)
				}
			})
			if n, _ := s.stand(sale.OrderItemID); won.Load() != 1 || n[booking.Confirmed] != 1 {
				t.Fatalf("%d won, %v", won.Load(), n)
			}
		}
	})
}

func TestASessionComesBackOnceHoweverManyCancel(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		for round := range 5 {
			sale := s.paid(s.product, 1)
			s.sell(sale)
			b := s.schedule(sale.OrderItemID, noon.AddDate(0, 0, round+1))
			var won atomic.Int32
			race(16, func(i int) {
				cancel := asBuyer
				if i%2 == 1 {
					cancel = asSeller
				}
				err := cancel(s, b.ID)
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, booking.ErrTransition) {
					t.Error(err)
				}
			})
			if n, left := s.stand(sale.OrderItemID); won.Load() != 1 || left != 1 || n[booking.Canceled] != 1 {
				t.Fatalf("%d canceled it, %v, %d left", won.Load(), n, left)
			}
		}
	})
}

func TestOnlyAPaidOrderHasSessions(t *testing.T) {
	each(t, func(t *testing.T, s *studio) {
		sale := s.paid(s.product, 1)
		s.sell(sale)
		if err := s.refund(sale.OrderItemID); err != nil {
			t.Fatal(err)
		}
		start := noon.Add(time.Hour)
		for _, status := range []string{"refunded", "draft", "pending_payment", "canceled"} {
			s.id(`UPDATE orders SET status = $2 WHERE id = (SELECT order_id FROM order_items WHERE id = $1) RETURNING id`, sale.OrderItemID, status)
			_, err := s.Request(t.Context(), s.customer, booking.Request{OfferID: s.offer, OrderItemID: &sale.OrderItemID, Start: &start})
			if !errors.Is(err, booking.ErrNotPaid) {
				t.Errorf("%s: %v", status, err)
			}
		}
	})
}
