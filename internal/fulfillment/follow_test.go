package fulfillment_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/booking"
	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/fault"
	"souk/internal/fulfillment"
	"souk/internal/order"
	"souk/internal/subscription"
)

// shop is a seller and a buyer, and a clock that the test sets.
type shop struct {
	*fulfillment.Service
	t                       *testing.T
	now                     time.Time
	seller, buyer, customer int64
}

// goods is a product with a price.
type goods struct {
	order.Item // what an item of it says
	offer      int64
}

func each(t *testing.T, test func(t *testing.T, s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &shop{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
		now := func() time.Time { return s.now }
		c := &catalog.Service{DB: d, Now: now}
		s.Service = &fulfillment.Service{
			DB: d, Now: now, Catalog: c, Bookings: &booking.Service{DB: d, Catalog: c, Now: now},
			Subscriptions: &subscription.Service{DB: d, Now: now, Catalog: c},
		}
		s.Subscriptions.Changed, c.AssetAdded = s.FollowPlan, s.AssetAdded
		s.seller = s.id(`INSERT INTO profiles (clerk_user_id, created_at, updated_at) VALUES ('sal', 1, 1) RETURNING id`)
		s.buyer = s.id(`INSERT INTO profiles (clerk_user_id, created_at, updated_at) VALUES ('ana', 1, 1) RETURNING id`)
		s.customer = s.id(`INSERT INTO customers (profile_id, created_at, updated_at) VALUES ($1, 1, 1) RETURNING id`, s.buyer)
		test(t, s)
	})
}

func (s *shop) inTx(fn func(ctx context.Context, tx *db.Tx) error) {
	s.t.Helper()
	if err := s.DB.InTx(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) id(query string, args ...any) (id int64) {
	s.t.Helper()
	s.inTx(func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = db.One(ctx, tx, db.Value[int64], query, args...)
		return err
	})
	return id
}

func (s *shop) texts(query string, args ...any) []string {
	s.t.Helper()
	found, err := db.All(s.t.Context(), s.DB, db.Value[string], query, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// product puts up what an item says of it.
func (s *shop) product(slug string, i order.Item) goods {
	s.t.Helper()
	if i.BillingPeriod == "" {
		i.BillingPeriod = catalog.OneTime
	}
	g := goods{Item: i}
	g.ProductSlug, g.ProductName, g.UnitAmountCents = slug, slug, 100
	g.ProductID = s.id(`INSERT INTO products (seller_id, name, slug, product_type, visibility, sort_name, search_text, created_at, updated_at)
		VALUES ($1, $2, $2, $3, 'published', $2, $2, 1, 1) RETURNING id`, s.seller, slug, i.ProductType)
	g.PriceID = s.id(`INSERT INTO prices (product_id, name, amount_cents, currency, billing_period, created_at, updated_at)
		VALUES ($1, 'One', 100, 'USD', $2, 1, 1) RETURNING id`, g.ProductID, i.BillingPeriod)
	if i.ProductType == catalog.TypeService {
		g.offer = s.id(`INSERT INTO service_offers (product_id, session_minutes, created_at, updated_at) VALUES ($1, 60, 1, 1) RETURNING id`, g.ProductID)
	}
	return g
}

func (s *shop) addFile(g goods, title string) error {
	path := title + ".zip"
	_, err := s.Catalog.CreateAsset(s.t.Context(), s.seller, g.ProductID, catalog.AssetChange{Title: &title, FilePath: &path})
	return err
}

func units(g goods, n int64) order.Item {
	i := g.Item
	i.Quantity, i.TotalAmountCents = n, n*i.UnitAmountCents
	return i
}

// buy makes a fulfilled order.
func (s *shop) buy(items ...order.Item) *order.Order {
	s.t.Helper()
	paid := s.now
	o := order.Order{
		PublicID: rand.Text(), CustomerID: s.customer, SellerID: s.seller, Status: order.Paid, PaidAt: &paid, FulfilledAt: &paid, Items: items,
	}
	s.inTx(func(ctx context.Context, tx *db.Tx) (err error) {
		o.ID, err = db.One(ctx, tx, db.Value[int64], `
			INSERT INTO orders (public_id, customer_id, seller_id, status, currency, subtotal_cents, total_cents, provider, paid_at, fulfilled_at, created_at, updated_at)
			VALUES ($1, $2, $3, 'paid', 'USD', 100, 100, 'manual', $4, $4, 1, 1) RETURNING id`, o.PublicID, o.CustomerID, o.SellerID, s.now)
		for n := 0; n < len(items) && err == nil; n++ {
			i := &items[n]
			i.ID, err = db.One(ctx, tx, db.Value[int64], `
				INSERT INTO order_items (order_id, product_id, price_id, product_slug, product_type, product_name_snapshot, price_name_snapshot,
					billing_period, feature_keys, max_downloads, quantity, unit_amount_cents, total_amount_cents, created_at, updated_at)
				VALUES ($1, $2, $3, $4, $5, $4, 'One', $6, $7, $8, $9, 100, $10, 1, 1) RETURNING id`, o.ID, i.ProductID, i.PriceID, i.ProductSlug,
				i.ProductType, i.BillingPeriod, db.JSON(i.FeatureKeys), i.MaxDownloads, i.Quantity, i.TotalAmountCents)
		}
		if err != nil {
			return err
		}
		if err := s.Fulfill(ctx, tx, order.PaidOrder{Order: o}); err != nil {
			return err
		}
		o.Status = order.Fulfilled
		_, err = tx.Exec(ctx, `UPDATE orders SET status = 'fulfilled' WHERE id = $1`, o.ID)
		return err
	})
	return &o
}

// change writes what a refund or a dispute made of an order, and has what it gave follow.
func (s *shop) change(ctx context.Context, o *order.Order) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE orders SET status = $2, paused_at = $3 WHERE id = $1`, o.ID, o.Status, o.PausedAt); err != nil {
			return err
		}
		for _, i := range o.Items {
			if _, err := tx.Exec(ctx, `UPDATE order_items SET refunded_quantity = $2 WHERE id = $1`, i.ID, i.RefundedQuantity); err != nil {
				return err
			}
		}
		return s.Follow(ctx, tx, *o)
	})
}

func (s *shop) changed(o *order.Order) {
	s.t.Helper()
	if err := s.change(s.t.Context(), o); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) features() []string {
	s.t.Helper()
	keys, err := s.LocalFeatures(s.t.Context(), s.buyer)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

func (s *shop) grants() []fulfillment.Grant {
	s.t.Helper()
	grants, err := s.Downloads(s.t.Context(), s.buyer, 1<<40, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(grants)
	return grants
}

// sessions are the bookings of an item, oldest first.
func (s *shop) sessions(item int64) (found []booking.Booking) {
	s.t.Helper()
	all, err := s.Bookings.ListForBuyer(s.t.Context(), s.customer, 1<<40, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range slices.Backward(all) {
		if *b.OrderItemID == item {
			found = append(found, b)
		}
	}
	return found
}

func (s *shop) schedule(g goods, item int64, at time.Time) (booking.Booking, error) {
	return s.Bookings.Request(s.t.Context(), s.customer, booking.Request{OfferID: g.offer, OrderItemID: &item, Start: &at})
}

func (s *shop) become(id int64, status booking.Status) error {
	_, err := s.Bookings.UpdateAsSeller(s.t.Context(), s.seller, id, booking.SellerChange{Status: &status})
	return err
}

// rows is everything that an order gave, to see whether it changed.
func (s *shop) rows() string {
	s.t.Helper()
	return strings.Join(slices.Concat(
		s.texts(`SELECT 'e' || id || ' ' || feature_key || ' ' || is_active || ' ' || coalesce(ends_at, 0) || ' ' || updated_at FROM entitlements ORDER BY id`),
		s.texts(`SELECT 'g' || id || ' ' || is_active || ' ' || coalesce(max_downloads, -1) || ' ' || download_count || ' ' || updated_at FROM download_grants ORDER BY id`),
		s.texts(`SELECT 'b' || id || ' ' || status || ' ' || updated_at FROM bookings ORDER BY id`),
		s.texts(`SELECT 's' || id || ' ' || status || ' ' || updated_at FROM subscriptions ORDER BY id`),
	), "\n")
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

func isFault(err error, code string) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Code == code
}

func TestAPartialRefundClosesExactlyItsLines(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		guide := s.product("guide", order.Item{ProductType: catalog.TypeDigital, FeatureKeys: []string{"read", "both"}, MaxDownloads: new(int64(2))})
		film := s.product("film", order.Item{ProductType: catalog.TypeDigital, FeatureKeys: []string{"watch", "both"}})
		if err := errors.Join(s.addFile(guide, "guide"), s.addFile(film, "film")); err != nil {
			t.Fatal(err)
		}
		o := s.buy(units(guide, 3), units(film, 1))
		other := s.buy(units(guide, 1))
		use := func(g fulfillment.Grant) error { _, err := s.Take(t.Context(), s.buyer, g.Token); return err }
		g := s.grants()
		for range 3 {
			if err := use(g[0]); err != nil {
				t.Fatal(err)
			}
		}

		o.Items[0].RefundedQuantity = 1
		s.changed(o)
		if g := s.grants(); *g[0].MaxDownloads != 4 || !g[0].IsActive || !g[1].IsActive || g[1].MaxDownloads != nil {
			t.Errorf("after one unit of three: %+v", g)
		}
		o.Items[0].RefundedQuantity = 2
		s.changed(o)
		if g := s.grants(); *g[0].MaxDownloads != 3 || g[0].DownloadCount != 3 || !g[0].IsActive {
			t.Errorf("after two units of three, with three downloads of two: %+v", g[0])
		}
		if err := use(g[0]); !isFault(err, "download_used_up") {
			t.Errorf("one more than what stands: %v", err)
		}
		if got := s.features(); !slices.Equal(got, []string{"both", "read", "watch"}) {
			t.Errorf("while each item stands: %v", got)
		}
		o.Items[0].RefundedQuantity = 3
		s.changed(o)
		if _, _, err := s.Peek(t.Context(), s.buyer, g[0].Token); !isFault(err, "download_inactive") {
			t.Errorf("peek: %v", err)
		}
		if err := s.Stands(t.Context(), g[0].Token); !isFault(err, "download_inactive") {
			t.Errorf("stands: %v", err)
		}
		if err := errors.Join(use(g[1]), use(g[2])); err != nil {
			t.Errorf("what was not refunded: %v", err)
		}
		if got := s.texts(`SELECT feature_key FROM entitlements WHERE is_active AND source_reference = $1 ORDER BY 1`, o.PublicID); !slices.Equal(got, []string{"both", "watch"}) {
			t.Errorf("after the guide: %v", got)
		}
		o.Status = order.Refunded
		s.changed(o)
		if got := s.features(); !slices.Equal(got, []string{"both", "read"}) { // of the other order
			t.Errorf("after all of it: %v", got)
		}
		if g := s.grants(); g[0].IsActive || g[1].IsActive || !g[2].IsActive || g[0].DownloadCount != 3 {
			t.Errorf("after all of it: %+v", g)
		}
		other.Status = order.Refunded
		s.changed(other)
		if got := s.features(); len(got) != 0 {
			t.Errorf("after the other: %v", got)
		}
	})
}

func TestADisputeWithholdsAndReturns(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		guide := s.product("guide", order.Item{ProductType: catalog.TypeDigital, FeatureKeys: []string{"read"}, MaxDownloads: new(int64(2))})
		hour := s.product("hour", order.Item{ProductType: catalog.TypeService, FeatureKeys: []string{"ask"}})
		if err := s.addFile(guide, "one"); err != nil {
			t.Fatal(err)
		}
		o := s.buy(units(guide, 2), units(hour, 3))
		item := o.Items[1].ID
		first, err := s.schedule(hour, item, s.now.Add(24*time.Hour))
		if err != nil || s.become(first.ID, booking.Confirmed) != nil {
			t.Fatal(err)
		}
		second, err := s.schedule(hour, item, s.now.Add(48*time.Hour))
		if err != nil {
			t.Fatal(err)
		}

		o.PausedAt = &s.now
		s.changed(o)
		if got := s.features(); len(got) != 0 {
			t.Errorf("while it is disputed: %v", got)
		}
		if err := s.addFile(guide, "two"); err != nil {
			t.Fatal(err)
		}
		if g := s.grants(); len(g) != 2 || g[0].IsActive || g[1].IsActive || *g[1].MaxDownloads != 4 {
			t.Errorf("while it is disputed: %+v", g)
		}
		later := s.now.Add(72 * time.Hour)
		if _, err := s.schedule(hour, item, later); !errors.Is(err, booking.ErrDisputed) {
			t.Errorf("a session was scheduled: %v", err)
		}
		if _, err := s.Bookings.UpdateAsBuyer(t.Context(), s.customer, second.ID, booking.BuyerChange{SetStart: true, Start: &later}); !errors.Is(err, booking.ErrDisputed) {
			t.Errorf("a session was moved: %v", err)
		}
		if err := s.become(second.ID, booking.Confirmed); !errors.Is(err, booking.ErrDisputed) {
			t.Errorf("a session was confirmed: %v", err)
		}
		if b := s.sessions(item); b[0].Status != booking.Confirmed || b[1].Status != booking.Requested {
			t.Errorf("sessions %+v", b)
		}
		if err := s.become(first.ID, booking.Canceled); err != nil { // the seller's: it comes back
			t.Error(err)
		}
		if b := s.sessions(item); len(b) != 4 || b[3].Status != booking.Requested || b[3].Start != nil {
			t.Errorf("a canceled session did not come back: %+v", b)
		}

		won := *o
		won.PausedAt = nil
		s.changed(&won)
		if got := s.features(); !slices.Equal(got, []string{"ask", "read"}) {
			t.Errorf("after it was won: %v", got)
		}
		if g := s.grants(); !g[0].IsActive || !g[1].IsActive {
			t.Errorf("after it was won: %+v", g)
		}
		if err := s.become(second.ID, booking.Confirmed); err != nil {
			t.Errorf("after it was won: %v", err)
		}

		line := won
		line.Items = slices.Clone(won.Items)
		line.Items[1].RefundedQuantity = 3
		s.changed(&line)
		if _, err := s.schedule(hour, item, later); !errors.Is(err, booking.ErrNotPaid) {
			t.Errorf("after the line was refunded: %v", err)
		}

		lost := won
		lost.Status = order.Refunded
		s.changed(&lost)
		for _, b := range s.sessions(item) {
			if b.Status != booking.Canceled {
				t.Errorf("after it was lost: %+v", b)
			}
		}
		if _, err := s.schedule(hour, item, later); !errors.Is(err, booking.ErrNotPaid) {
			t.Errorf("after it was lost: %v", err)
		}
	})
}

func TestWhatComesBackFromADisputeIsWhatStands(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		guide := s.product("guide", order.Item{ProductType: catalog.TypeDigital, FeatureKeys: []string{"read"}, MaxDownloads: new(int64(2))})
		film := s.product("film", order.Item{ProductType: catalog.TypeDigital, FeatureKeys: []string{"watch"}})
		if err := errors.Join(s.addFile(guide, "guide"), s.addFile(film, "film")); err != nil {
			t.Fatal(err)
		}
		o := s.buy(units(guide, 1), units(film, 2))
		o.PausedAt = &s.now
		s.changed(o)
		o.Items[0].RefundedQuantity = 1
		s.changed(o)
		o.PausedAt = nil
		s.changed(o)
		if g := s.grants(); g[0].IsActive || !g[1].IsActive || !slices.Equal(s.features(), []string{"watch"}) {
			t.Errorf("%+v %v", g, s.features())
		}
		if err := s.addFile(guide, "more"); err != nil {
			t.Fatal(err)
		}
		if g := s.grants(); len(g) != 2 {
			t.Errorf("a refunded item got a file: %+v", g)
		}
		o.Items[0].RefundedQuantity = 0 // the refund failed after all
		s.changed(o)
		if g := s.grants(); len(g) != 3 || !g[0].IsActive || *g[0].MaxDownloads != 2 || !g[2].IsActive {
			t.Errorf("%+v", g)
		}
	})
}

func TestARefundedSubscriptionEnds(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		club := s.product("club", order.Item{ProductType: catalog.TypeDigital, BillingPeriod: catalog.Monthly, FeatureKeys: []string{"member"}})
		status := func() string { return strings.Join(s.texts(`SELECT status FROM subscriptions ORDER BY id`), " ") }
		o := s.buy(units(club, 1))
		o.PausedAt = &s.now
		s.changed(o)
		if len(s.features()) != 0 || status() != "active" {
			t.Errorf("while it is disputed: %v, %s", s.features(), status())
		}
		o.PausedAt = nil
		s.changed(o)
		if !slices.Equal(s.features(), []string{"member"}) || status() != "active" {
			t.Errorf("after it was won: %v, %s", s.features(), status())
		}
		if ends := s.texts(`SELECT 'x' FROM entitlements WHERE ends_at IS NULL`); len(ends) != 0 {
			t.Error("it has no end any more")
		}
		o.Status, o.Items[0].RefundedQuantity = order.Refunded, 1
		s.changed(o)
		if len(s.features()) != 0 || status() != "canceled" {
			t.Errorf("after the refund: %v, %s", s.features(), status())
		}
		if held, err := s.Subscriptions.Subscribed(t.Context(), s.DB, s.customer, club.ProductID); held || err != nil {
			t.Errorf("still held: %t, %v", held, err)
		}

		theirs := s.buy(units(club, 1))
		s.id(`UPDATE subscriptions SET clerk_subscription_id = 'csubi_1' WHERE order_item_id = $1 RETURNING id`, theirs.Items[0].ID)
		theirs.Status = order.Refunded
		s.changed(theirs)
		if status() != "canceled active" || !slices.Equal(s.features(), []string{"member"}) {
			t.Errorf("the provider's: %v, %s", s.features(), status())
		}
	})
}

// An order goes through random refunds and disputes while its buyer and its seller use it. After each step what it gives must be what
// the rules say of what stands.
func TestWhatAnOrderGivesIsWhatStands(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		seed := mathrand.Uint64()
		t.Logf("seed %d", seed)
		random := mathrand.New(mathrand.NewPCG(seed, 0))
		rounds := 6
		if testing.Short() {
			rounds = 2
		}
		all := []goods{
			s.product("guide", order.Item{ProductType: catalog.TypeDigital, FeatureKeys: []string{"read", "both"}, MaxDownloads: new(int64(2))}),
			s.product("film", order.Item{ProductType: catalog.TypeDigital, FeatureKeys: []string{"watch", "both"}}),
			s.product("hour", order.Item{ProductType: catalog.TypeService, FeatureKeys: []string{"ask", "both"}}),
		}
		files := 0
		for range rounds {
			var items []order.Item
			for _, g := range all {
				if random.IntN(4) > 0 {
					items = append(items, units(g, 1+random.Int64N(3)))
				}
			}
			if len(items) == 0 {
				continue
			}
			o := s.buy(items...)
			for step := 0; step < 25 && o.Status == order.Fulfilled; step++ {
				before := s.standing(o)
				did := s.step(o, all, random, &files)
				s.check(o, before, did)
				if t.Failed() {
					t.Fatalf("step %d: %s of %+v", step, did, o)
				}
			}
		}
	})
}

// step does something at random, and says what; an order that was changed has followed.
func (s *shop) step(o *order.Order, all []goods, random *mathrand.Rand, files *int) string {
	s.t.Helper()
	s.now = s.now.Add(time.Hour)
	item := &o.Items[random.IntN(len(o.Items))]
	place := slices.IndexFunc(all, func(g goods) bool { return g.ProductID == item.ProductID })
	switch random.IntN(10) {
	case 0:
		if item.RefundedQuantity < item.Quantity {
			item.RefundedQuantity++
		}
		s.changed(o)
		return "refund"
	case 1:
		o.PausedAt = &s.now
		s.changed(o)
		return "pause"
	case 2, 3:
		o.PausedAt = nil
		s.changed(o)
		return "resume"
	case 4:
		if random.IntN(5) == 0 {
			o.Status, o.PausedAt = order.Refunded, nil
		}
		s.changed(o)
		return "lose"
	case 5:
		if item.ProductType == catalog.TypeDigital {
			*files++
			if err := s.addFile(all[place], fmt.Sprint(*files)); err != nil {
				s.t.Error(err)
			}
		}
		return "file"
	case 6:
		if g := s.grants(); len(g) > 0 {
			_, _ = s.Take(s.t.Context(), s.buyer, g[random.IntN(len(g))].Token)
		}
		return "download"
	case 7:
		if item.ProductType == catalog.TypeService {
			_, err := s.schedule(all[place], item.ID, s.now.Add(time.Duration(1+random.IntN(5000))*time.Hour))
			if may := o.PausedAt == nil && o.Standing(*item) > 0; err == nil && !may {
				s.t.Error("scheduled")
			}
		}
		return "schedule"
	default:
		if b := s.sessions(item.ID); len(b) > 0 {
			_ = s.become(b[random.IntN(len(b))].ID, []booking.Status{booking.Confirmed, booking.Completed}[random.IntN(2)])
		}
		return "work"
	}
}

// standing counts the bookings of each item: completed ones, and those that are still to be.
func (s *shop) standing(o *order.Order) map[int64][2]int64 {
	s.t.Helper()
	n := map[int64][2]int64{}
	for _, i := range o.Items {
		var completed, open int64
		for _, b := range s.sessions(i.ID) {
			switch b.Status {
			case booking.Completed:
				completed++
			case booking.Requested, booking.Confirmed:
				open++
			}
		}
		n[i.ID] = [2]int64{completed, open}
	}
	return n
}

func (s *shop) check(o *order.Order, before map[int64][2]int64, did string) {
	s.t.Helper()
	changed := slices.Contains([]string{"refund", "pause", "resume", "lose"}, did)
	if changed {
		rows := s.rows()
		s.now = s.now.Add(time.Minute)
		s.changed(o)
		if again := s.rows(); again != rows {
			s.t.Errorf("once more changed something:\n%s\n%s", rows, again)
		}
	}
	var keys []string
	grants := s.grants()
	for _, i := range o.Items {
		units, after := o.Standing(i), s.standing(o)[i.ID]
		if units > 0 && o.PausedAt == nil {
			keys = append(keys, i.FeatureKeys...)
		}
		if n := before[i.ID]; changed && after != [2]int64{n[0], min(n[1], max(0, units-n[0]))} {
			s.t.Errorf("%d units stand, and of %v sessions %v", units, n, after)
		}
		if i.ProductType != catalog.TypeDigital {
			continue
		}
		of := 0
		for _, g := range grants {
			if g.OrderItemID != i.ID {
				continue
			}
			of++
			if g.IsActive != (units > 0 && o.PausedAt == nil) {
				s.t.Errorf("%d units stand: %+v", units, g)
			}
			if i.MaxDownloads != nil && *g.MaxDownloads != max(units**i.MaxDownloads, g.DownloadCount) {
				s.t.Errorf("%d units stand: %d of %d", units, g.DownloadCount, *g.MaxDownloads)
			}
		}
		if files := len(s.texts(`SELECT title FROM assets WHERE product_id = $1`, i.ProductID)); units > 0 && of != files {
			s.t.Errorf("%d grants for %d files", of, files)
		}
	}
	slices.Sort(keys)
	got := s.texts(`SELECT feature_key FROM entitlements WHERE is_active AND source_reference = $1 ORDER BY 1`, o.PublicID)
	if want := slices.Compact(keys); !slices.Equal(got, want) {
		s.t.Errorf("features %v, want %v", got, want)
	}
}

func TestARefundAgainstDownloads(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		guide := s.product("guide", order.Item{ProductType: catalog.TypeDigital, MaxDownloads: new(int64(5))})
		if err := s.addFile(guide, "guide"); err != nil {
			t.Fatal(err)
		}
		for round := range 6 {
			o := s.buy(units(guide, 4))
			token := s.grants()[round].Token
			o.Items[0].RefundedQuantity = int64(3 + round%2) // one unit stands, or none
			var taken atomic.Int64
			race(33, func(i int) {
				if i == 16 {
					if err := s.change(s.t.Context(), o); err != nil {
						t.Error(err)
					}
				} else if _, err := s.Take(t.Context(), s.buyer, token); err == nil {
					taken.Add(1)
				}
			})
			g := s.grants()[round]
			if g.DownloadCount != taken.Load() || *g.MaxDownloads != max(5*o.Standing(o.Items[0]), g.DownloadCount) || g.IsActive != (round%2 == 0) {
				t.Errorf("%d downloads: %+v, limit %d", taken.Load(), g, *g.MaxDownloads)
			}
			if _, err := s.Take(t.Context(), s.buyer, token); round%2 == 1 && !isFault(err, "download_inactive") {
				t.Errorf("after the refund: %v", err)
			}
		}
	})
}

func TestARefundAgainstSchedulingAndConfirming(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		hour, day := s.product("hour", order.Item{ProductType: catalog.TypeService}), s.product("day", order.Item{ProductType: catalog.TypeService})
		for round := range 4 {
			s.now = s.now.Add(1000 * time.Hour)
			o := s.buy(units(hour, 6), units(day, 2))
			for i := range 3 {
				if _, err := s.schedule(hour, o.Items[0].ID, s.now.Add(time.Duration(10+i)*time.Hour)); err != nil {
					t.Fatal(err)
				}
				if i < 2 {
					if _, err := s.schedule(day, o.Items[1].ID, s.now.Add(time.Duration(10+i)*time.Hour)); err != nil {
						t.Fatal(err)
					}
				}
			}
			waiting := slices.Concat(s.sessions(o.Items[0].ID)[:3], s.sessions(o.Items[1].ID))
			o.Items[0].RefundedQuantity, o.Status = 2, order.Fulfilled
			if round%2 == 1 {
				o.Status = order.Refunded
			}
			race(12, func(i int) {
				var err error
				switch {
				case i == 5:
					if err := s.change(s.t.Context(), o); err != nil {
						t.Error(err)
					}
				case i < 5:
					err = s.become(waiting[i].ID, booking.Confirmed)
				default:
					_, err = s.schedule(hour, o.Items[0].ID, s.now.Add(time.Duration(50+10*i)*time.Hour))
				}
				var f *fault.Error
				if err != nil && !errors.As(err, &f) {
					t.Error(err)
				}
			})
			for n, i := range o.Items {
				if after := s.standing(o)[i.ID]; after[1] > o.Standing(i) || n == 0 && after[1] != o.Standing(i) {
					t.Errorf("item %d: %d sessions, and %d units stand", n, after[1], o.Standing(i))
				}
			}
		}
	})
}

func TestARefundAgainstAFileThatIsAdded(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		club := s.product("club", order.Item{ProductType: catalog.TypeDigital, BillingPeriod: catalog.Monthly})
		guide := s.product("guide", order.Item{ProductType: catalog.TypeDigital})
		for round := range 5 {
			orders := []*order.Order{s.buy(units(guide, 1)), s.buy(units(guide, 2)), s.buy(units(club, 1)), s.buy(units(guide, 2))}
			race(10, func(i int) {
				switch {
				case i >= 4:
					if err := s.addFile([]goods{guide, club}[i%2], fmt.Sprintf("%d-%d", round, i)); err != nil {
						t.Error(err)
					}
				case i == 1:
					orders[i].Items[0].RefundedQuantity = 1
				case i == 3:
					orders[i].PausedAt = new(s.now)
				default:
					orders[i].Status = order.Refunded
				}
				if i < 4 {
					err := s.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
						// as a refund does: a recurring item's customer first
						if _, err := db.One(ctx, tx, db.Value[int64], `SELECT id FROM customers WHERE id = $1`+tx.ForChange(), s.customer); err != nil {
							return err
						}
						return s.change(ctx, orders[i])
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
			for i, o := range orders {
				active, all := 0, 0
				for _, g := range s.grants() {
					if g.OrderItemID == o.Items[0].ID {
						all++
						if g.IsActive {
							active++
						}
					}
				}
				if i == 1 && (active != all || all != 3*(round+1)) || i != 1 && active != 0 {
					t.Errorf("order %d: %d of %d grants are active", i, active, all)
				}
			}
		}
	})
}
