package stripe

import "strings"

// Stripe counts most currencies in the minor units of ISO 4217, as the shop does. These differ
// (https://docs.stripe.com/currencies#special-cases, #zero-decimal): of the shop's minor units, so many are one of Stripe's, or
// the other way round.
var (
	// larger are currencies whose unit at Stripe is larger than the shop's: the ariary has a fifth on paper, and none at Stripe.
	larger = map[string]int64{"MGA": 100}
	// smaller are currencies without decimals that Stripe counts in hundredths all the same.
	smaller = map[string]int64{"ISK": 100, "UGX": 100}
	// tenths are the currencies with three decimals, of which Stripe takes two.
	tenths = map[string]bool{"BHD": true, "IQD": true, "JOD": true, "KWD": true, "LYD": true, "OMR": true, "TND": true}
)

// Step is the step, in minor units, in which Stripe takes amounts of a currency (ISO 4217).
func Step(currency string) int64 {
	if tenths[currency] {
		return 10
	}
	return max(1, larger[currency])
}

// toStripe is an amount of minor units, which is a multiple of Step, as Stripe counts it.
func toStripe(minor int64, currency string) int64 {
	if n := larger[currency]; n > 0 {
		return minor / n
	}
	return minor * max(1, smaller[currency])
}

// fromStripe is toStripe backwards.
func fromStripe(amount int64, currency string) int64 {
	if n := smaller[currency]; n > 0 {
		return amount / n
	}
	return amount * max(1, larger[currency])
}

// code is a currency as the shop writes it.
func code(currency string) string { return strings.ToUpper(currency) }
