package web

import (
	"encoding/json"
	"testing"

	"souk/internal/money"
	"souk/internal/nodetest"
)

// TestMoneyIsWrittenAsByTheScripts compares with Intl of Node, which is that of Chromium.
func TestMoneyIsWrittenAsByTheScripts(t *testing.T) {
	type sum struct{ Amount, Currency, Lang, Text string }
	var sums []sum
	for _, currency := range []string{"USD", "EUR", "JPY", "KWD", "CHF", "GBP", "AUD", "INR", "XOF", "BRL", "MXN", "PLN", "ZAR", "TWD", "SEK"} {
		for _, minor := range []int64{0, 5, 1900, 1950, 123456, 99999999} {
			for _, lang := range []string{"en", "de"} {
				amount := money.Format(minor, currency)
				sums = append(sums, sum{amount, currency, lang, moneyText(amount, currency, lang)})
			}
		}
	}
	in, err := json.Marshal(sums)
	if err != nil {
		t.Fatal(err)
	}
	out := nodetest.Run(t, "testdata/intl", "", "money.mjs", in)
	var want []string
	if err := json.Unmarshal(out, &want); err != nil || len(want) != len(sums) {
		t.Fatal(err, len(want))
	}
	for i, s := range sums {
		if s.Text != want[i] {
			t.Errorf("%s %s in %s: %q, Intl writes %q", s.Amount, s.Currency, s.Lang, s.Text, want[i])
		}
	}
}
