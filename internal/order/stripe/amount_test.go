package stripe

import "testing"

func TestAmountsAreCountedAsStripeCountsThem(t *testing.T) {
	for _, c := range []struct {
		currency     string
		minor, there int64
	}{
		{"USD", 1999, 1999}, {"JPY", 500, 500}, {"KWD", 12340, 12340}, {"ISK", 5, 500}, {"UGX", 700, 70000}, {"MGA", 500, 5}, {"HUF", 100000, 100000},
	} {
		if got := toStripe(c.minor, c.currency); got != c.there {
			t.Errorf("%d %s: %d at Stripe, want %d", c.minor, c.currency, got, c.there)
		}
		if got := fromStripe(c.there, c.currency); got != c.minor {
			t.Errorf("Stripe's %d %s: %d, want %d", c.there, c.currency, got, c.minor)
		}
	}
	for currency, want := range map[string]int64{"USD": 1, "JPY": 1, "KWD": 10, "TND": 10, "MGA": 100, "ISK": 1} {
		if got := Step(currency); got != want {
			t.Errorf("%s goes in steps of %d, want %d", currency, got, want)
		}
	}
}
