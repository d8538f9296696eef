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
			m.dying(point, func() error {
				page, err := client.Get(m.url + "/checkout/" + id + "/")
				if err != nil {
					return err
				}
				_ = page.Body.Close()
				if page.StatusCode != http.StatusSeeOther { // it was paid before the shop died
					return nil
				}
				to, err := page.Location()
				if err != nil {
					return err
				}
				paid, err := client.PostForm(m.url+to.Path, url.Values{"card": {"4242424242424242"}}) // the address has changed with the process
				if err == nil {
					_ = paid.Body.Close()
				}
				return err
			})
			m.soon(20*time.Second, 1, `SELECT count(*) FROM orders WHERE public_id = $1 AND status = 'fulfilled'`, id)

			m.dying(point, func() error {
				token := strings.TrimSpace(must(t, append(m.environ, "PUBLIC_URL="+m.url), "token", "--as", "seller@example.test"))
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url+"/api/seller/orders/"+id+"/refund/", strings.NewReader(`{"reason":"killed"}`))
				if err != nil {
					return err
				}
				r.Header.Set("Authorization", "Bearer "+token)
				r.Header.Set("Content-Type", "application/json")
				_, _, err = send(r)
				return err
			})
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

// dying does something in a shop that kills itself at the point, and has it done when the shop runs again. What was told of last may
// be told again when the shop starts, so that it dies before.
func (m *mortal) dying(point string, do func() error) {
	m.t.Helper()
	m.start(point)
	err := do()
	m.died()
	m.start("")
	if err != nil {
		if err := do(); err != nil {
			m.t.Fatal(err)
		}
	}
}
