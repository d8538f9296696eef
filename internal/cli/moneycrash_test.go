package cli_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A payment and a refund at Stripe's stand-in, which dies with the shop, wherever the shop is killed while it is told of them.
func TestAPaymentSurvivesAKill(t *testing.T) {
	eachMortal(t, func(t *testing.T, m *mortal) {
		price := m.call("seller@example.test", http.MethodPost, "/api/seller/products/1/prices/", `{"name":"Once","amount_cents":4900,"currency":"USD"}`, 201)
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		for n, point := range []string{"applied", "committed"} { // the other points are tried with Clerk's events
			made := m.call("ben@example.test", http.MethodPost, "/api/account/orders/create/", fmt.Sprintf(`{"price_id":%v}`, price["id"]), 201)
			id, _ := made["order"].(map[string]any)["public_id"].(string)
			m.start(point)
			page, err := client.Get(m.url + "/checkout/" + id + "/")
			if err != nil || page.StatusCode != http.StatusSeeOther {
				t.Fatalf("the checkout: %v, %v", page, err)
			}
			_ = page.Body.Close()
			if paid, err := client.PostForm(page.Header.Get("Location"), url.Values{"card": {"4242424242424242"}}); err == nil { // the shop may be dead already
				_ = paid.Body.Close()
			}
			m.died()
			m.start("")
			m.soon(20*time.Second, 1, `SELECT count(*) FROM orders WHERE public_id = $1 AND status = 'fulfilled'`, id)

			m.start(point)
			m.call("seller@example.test", http.MethodPost, "/api/seller/orders/"+id+"/refund/", `{"reason":"killed"}`, 200)
			m.died()
			m.start("")
			m.soon(20*time.Second, 1, `SELECT count(*) FROM orders WHERE public_id = $1 AND status = 'refunded'`, id)
			for query, want := range map[string]int64{
				`SELECT count(*) FROM transactions WHERE provider = 'stripe' AND status = 'refunded'`: int64(n) + 1,
				`SELECT count(*) FROM refunds WHERE status = 'succeeded'`:                             int64(n) + 1,
				`SELECT count(*) FROM download_grants WHERE is_active`:                                0,
				`SELECT count(*) FROM notices WHERE kind = 'receipt'`:                                 int64(n) + 1,
				`SELECT count(*) FROM order_events WHERE kind = 'refunded'`:                           int64(n) + 1,
			} {
				if got := m.count(query); got != want {
					t.Errorf("killed when %s: %s: %d, want %d", point, strings.TrimSpace(query), got, want)
				}
			}
		}
	})
}
