package stripe

import (
	"slices"
	"strings"

	"souk/internal/money"
)

// Stripe counts in the minor units of ISO 4217, but for these (https://docs.stripe.com/currencies).
var (
	notTaken = []string{"cup", "irr", "kpw", "sdg", "syp"}
	// hundredths have none in ISO 4217, and two at Stripe, which must be zero.
	hundredths = []string{"isk", "ugx"}
	// tenths have three decimals, of which two can be charged.
	tenths = []string{"bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"}
	// leastCharge is the least that Stripe takes, of the currencies for which it says so.
	leastCharge = map[string]int64{
		"usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
		"hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300,
		"sgd": 50, "thb": 1000,
	}
)

func (f *form) checkCurrency(param, currency string) {
	code, ok := money.Normalise(currency)
	if !ok || strings.ToLower(code) != currency || slices.Contains(notTaken, currency) {
		f.wrong(invalid("", param, "Invalid currency: %s. Stripe takes the three-letter codes of ISO 4217 that https://docs.stripe.com/currencies lists.", short(currency)))
	}
}

// checkStep refuses amounts that Stripe cannot charge.
func (f *form) checkStep(param string, amount int64, currency string) {
	switch s := step(currency); {
	case amount%s == 0:
	case s == 10:
		f.wrong(invalid("", param, "Invalid amount: in %s the last digit must be 0, since only two decimals can be charged.", strings.ToUpper(currency)))
	default:
		f.wrong(invalid("", param, "Invalid amount: in %s the two last digits must be 00, since only whole units can be charged.", strings.ToUpper(currency)))
	}
}

// step is what amounts of a currency are multiples of.
func step(currency string) int64 {
	switch {
	case slices.Contains(hundredths, currency):
		return 100
	case slices.Contains(tenths, currency):
		return 10
	}
	return 1
}
