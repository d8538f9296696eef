package notice

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"souk/internal/money"
)

// locale is how numbers and dates are written for somebody. The words are English in any case.
type locale struct {
	numbers    *message.Printer
	monthFirst bool
}

// localeOf is the locale of a country, ISO 3166-1 alpha-2; empty is the international English one. The numbers of a country are those
// of its main language in CLDR, with the digits 0 to 9.
func localeOf(country string) locale {
	tag := language.English
	if region, err := language.ParseRegion(country); err == nil {
		if base, confidence := language.Make("und-" + region.String()).Base(); confidence != language.No {
			if made, err := language.Parse(base.String() + "-" + region.String() + "-u-nu-latn"); err == nil {
				tag = made
			}
		}
	}
	return locale{numbers: message.NewPrinter(tag), monthFirst: country == "US"}
}

// money is an amount with its currency: 1,250.00 USD, 1250 JPY, 1.250 KWD.
func (l locale) money(cents int64, currency string) string {
	whole, fraction, has := strings.Cut(money.Format(cents, currency), ".")
	units, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return whole + " " + currency
	}
	text := l.numbers.Sprint(number.Decimal(units))
	if has {
		text += l.point() + fraction
	}
	return text + " " + currency
}

// point is what stands before the decimals.
func (l locale) point() string {
	return strings.Trim(l.numbers.Sprint(number.Decimal(0.5, number.Scale(1))), "05")
}

func (l locale) date(t time.Time) string {
	if l.monthFirst {
		return t.UTC().Format("January 2, 2006")
	}
	return t.UTC().Format("2 January 2006")
}

// span is a time on a day, in UTC, which it says.
func (l locale) span(start, end time.Time) string {
	clock := "15:04"
	if l.monthFirst {
		clock = "3:04 PM"
	}
	text := start.UTC().Format("Monday, ") + l.date(start) + ", " + start.UTC().Format(clock) + " to "
	if end.UTC().YearDay() != start.UTC().YearDay() {
		text += end.UTC().Format("Monday, ")
	}
	return text + end.UTC().Format(clock) + " UTC"
}

// count is a number of things: 1 download, 2 downloads.
func (l locale) count(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return l.numbers.Sprint(number.Decimal(n)) + " " + thing
}
