package notice_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/devcloud/mailbox"
	"souk/internal/notice"
	"souk/internal/souktest"
)

// world is a shop with a seller and a buyer.
type world struct {
	*souktest.Shop
	t             *testing.T
	seller, buyer *souktest.Client
	seen          int // mails
}

func each(t *testing.T, test func(t *testing.T, w *world), env ...string) {
	t.Helper()
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) { test(t, in(t, s)) }, env...)
}

func in(t *testing.T, s *souktest.Shop) *world {
	w := &world{Shop: s, t: t, seller: s.As("seller@example.test"), buyer: s.As("buyer@example.test")}
	w.buyer.Patch("/api/account/customer/", souktest.Object{"full_name": "The Buyer"}).Is(http.StatusOK)
	return w
}

// product makes a published product with a price, and gives their ids.
func (w *world) product(fields souktest.Object, cents int, currency string) (product, price int64) {
	w.t.Helper()
	body := souktest.Object{"name": "Field notes", "visibility": "published"}
	for name, value := range fields {
		body[name] = value
	}
	product = w.seller.Post("/api/seller/products/", body).Is(http.StatusCreated).Object().ID()
	price = w.seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product),
		souktest.Object{"name": "One", "amount_cents": cents, "currency": currency, "billing_period": "one_time"}).Is(http.StatusCreated).Object().ID()
	return product, price
}

// plan is a price of a product that no provider takes.
func (w *world) plan(product int64) int64 {
	w.t.Helper()
	return w.seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", product),
		souktest.Object{"name": "Monthly", "amount_cents": 1900, "currency": "USD", "billing_period": "monthly"}).Is(http.StatusCreated).Object().ID()
}

func (w *world) asset(product int64, title string) int64 {
	w.t.Helper()
	return w.seller.Post(fmt.Sprintf("/api/seller/products/%d/assets/", product),
		souktest.Object{"title": title, "file_path": strings.ReplaceAll(title, " ", "-")}).Is(http.StatusCreated).Object().ID()
}

func (w *world) order(price int64, quantity int) string {
	w.t.Helper()
	return w.buyer.Post("/api/account/orders/create/", souktest.Object{"price_id": price, "quantity": quantity}).
		Is(http.StatusCreated).Object().Sub("order").Text("public_id")
}

func (w *world) confirm(publicID string) {
	w.t.Helper()
	w.buyer.Post("/api/account/orders/"+publicID+"/confirm/", souktest.Object{"provider": "manual"}).Is(http.StatusOK)
}

// sent works the jobs and gives what was mailed since it was called last, as "to: subject".
func (w *world) sent() (mails []mailbox.Mail) {
	w.t.Helper()
	w.Work()
	return w.Mails()
}

// mailed fails unless exactly these mails were sent so far, as "recipient: subject", in any order, and gives the newest.
func (w *world) mailed(want ...string) map[string]mailbox.Mail {
	w.t.Helper()
	got, by := []string{}, map[string]mailbox.Mail{}
	for _, m := range w.sent() {
		line := m.To + ": " + m.Subject
		got, by[line] = append(got, line), m
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Fatalf("mailed\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
	return by
}

func (w *world) has(m mailbox.Mail, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if !strings.Contains(m.Text, text) {
			w.t.Errorf("%q is not in the text of %q:\n%s", text, m.Subject, m.Text)
		}
	}
}

func (w *world) count(query string, args ...any) int64 {
	w.t.Helper()
	n, err := db.One(w.t.Context(), w.DB, db.Value[int64], query, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestBuyingIsMailedToBothSides(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		product, price := w.product(souktest.Object{"name": "Field notes\u202e ", "feature_keys": []string{"notes"}, "max_downloads": 2}, 1250, "KWD")
		w.asset(product, "The book")
		id := w.order(price, 3)
		w.mailed()
		w.confirm(id)
		by := w.mailed("buyer@example.test: Your receipt for Field notes", "seller@example.test: You sold Field notes for 3.750 KWD")
		receipt, sale := by["buyer@example.test: Your receipt for Field notes"], by["seller@example.test: You sold Field notes for 3.750 KWD"]
		w.has(receipt, "Hello The Buyer,", "3 x Field notes (One): 3.750 KWD (1.250 KWD each)", "Total: 3.750 KWD", "Order "+id, "- The book (6 downloads)",
			w.URL+"/account/downloads", "Unlocked for you: notes")
		w.has(sale, "The Buyer bought this from you", "buyer@example.test")
		if !strings.Contains(sale.Source, `Reply-To: "The Buyer" <buyer@example.test>`) || strings.Contains(receipt.Source, "Reply-To") {
			t.Errorf("answers go elsewhere:\n%s\n%s", receipt.Source, sale.Source)
		}
		if !strings.Contains(receipt.HTML, "The book") || strings.Contains(receipt.HTML, "<no value>") {
			t.Errorf("the HTML: %s", receipt.HTML)
		}
		w.confirm(id)
		w.Work()
		if n := len(w.Mails()); n != 2 {
			t.Errorf("%d mails after it was confirmed twice", n)
		}
		if n := w.count(`SELECT count(*) FROM notices WHERE status = 'sent' AND attempts = 1 AND sent_at IS NOT NULL`); n != 2 {
			t.Errorf("%d notices are sent", n)
		}
	})
}

// An order that no provider takes money for is paid by other means: both sides are told how it goes on.
func TestAnOrderThatWaitsForATransferSaysSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		product, _ := w.product(nil, 900, "USD")
		plan := w.plan(product)
		w.buyer.Patch("/api/account/customer/", souktest.Object{"country": "DE"}).Is(http.StatusOK)
		id := w.order(plan, 1)
		waits := []string{"buyer@example.test: Your order of Field notes waits for payment", "seller@example.test: An order of Field notes waits for 19.00 USD"}
		by := w.mailed(waits...)
		w.has(by[waits[0]], "your payment of 19,00 USD", "Order "+id, w.URL+"/checkout/"+id+"/")
		w.confirm(id)
		by = w.mailed(append(waits, "buyer@example.test: Your receipt for Field notes", "seller@example.test: You sold Field notes for 19.00 USD")...)
		w.has(by["buyer@example.test: Your receipt for Field notes"], "Total: 19,00 USD", "Your subscription: "+w.URL+"/account/subscriptions")
	})
}

// What is not so any more when its mail could be sent is not told.
func TestWhatWasOvertakenIsNotMailed(t *testing.T) {
	w := clockedAt(t, dbtest.SQLite(t))
	product, _ := w.product(nil, 900, "USD")
	plan := w.plan(product)
	w.buyer.Post("/api/account/orders/"+w.order(plan, 1)+"/cancel/", nil).Is(http.StatusOK)
	w.mailed()
	if n := w.count(`SELECT count(*) FROM notices WHERE status = 'dropped' AND reason = 'what it would tell is not so any more'`); n != 2 {
		t.Errorf("%d were dropped", n)
	}
}

func TestWhatCostsNothingHasAReceiptToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, price := w.product(nil, 0, "JPY")
		w.order(price, 1)
		by := w.mailed("buyer@example.test: Your receipt for Field notes", "seller@example.test: Field notes was ordered")
		w.has(by["buyer@example.test: Your receipt for Field notes"], "It costs nothing", "Total: 0 JPY")
	})
}

// I7: each paid order has exactly one receipt.
func TestEachPaidOrderHasOneReceipt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, price := w.product(nil, 900, "USD")
		for range 3 {
			id := w.order(price, 1)
			start := make(chan struct{})
			done := make(chan int, 8)
			for range cap(done) {
				go func() {
					<-start
					done <- w.buyer.For(t).Post("/api/account/orders/"+id+"/confirm/", souktest.Object{"provider": "manual"}).Status
				}()
			}
			close(start)
			for range cap(done) {
				if status := <-done; status != http.StatusOK {
					t.Errorf("confirmed: %d", status)
				}
			}
		}
		w.Work()
		for _, kind := range []notice.Kind{notice.Receipt, notice.Sale} {
			if n := w.count(`SELECT count(*) FROM notices WHERE kind = $1 AND status = 'sent'`, kind); n != 3 {
				t.Errorf("%d notices of the kind %s for 3 orders", n, kind)
			}
		}
		if n := w.count(`SELECT count(*) FROM orders o WHERE o.status = 'fulfilled' AND 1 <> (SELECT count(*) FROM notices n WHERE n.key = 'receipt:' || o.public_id)`); n != 0 {
			t.Errorf("%d orders without exactly one receipt", n)
		}
	})
}
