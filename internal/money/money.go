// Package money counts in integer minor units with checked arithmetic. It owns the table of ISO 4217 currencies and
// their decimals; it knows no exchange rates, no formatting for a locale, and no floats.
package money

import (
	"errors"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// MaxOrderCents is the largest total of one order, in minor units: the largest charge that Stripe takes
// (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
const MaxOrderCents = 99_999_999

// ErrOverflow says that a sum or product does not fit.
var ErrOverflow = errors.New("money: amount overflows")

// Normalise trims and upper-cases a currency code; ok is false when ISO 4217 does not list it.
func Normalise(currency string) (code string, ok bool) {
	code = strings.ToUpper(strings.TrimSpace(currency))
	_, ok = decimals[code]
	return code, ok
}

// Format writes minor units as a decimal string with as many decimals as the currency has: 1250 USD is "12.50",
// 1250 JPY is "1250", 1250 KWD is "1.250".
func Format(minor int64, currency string) string {
	n := decimals[currency]
	digits := strconv.FormatUint(absolute(minor), 10)
	if n > 0 {
		if pad := n + 1 - len(digits); pad > 0 {
			digits = strings.Repeat("0", pad) + digits
		}
		digits = digits[:len(digits)-n] + "." + digits[len(digits)-n:]
	}
	if minor < 0 {
		return "-" + digits
	}
	return digits
}

func absolute(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// Add is a+b, or ErrOverflow.
func Add(a, b int64) (int64, error) {
	sum := a + b
	if (sum > a) != (b > 0) && b != 0 {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Times is unit*quantity for non-negative numbers, or ErrOverflow.
func Times(unit, quantity int64) (int64, error) {
	if unit < 0 || quantity < 0 {
		return 0, ErrOverflow
	}
	hi, lo := bits.Mul64(uint64(unit), uint64(quantity))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, ErrOverflow
	}
	return int64(lo), nil
}
