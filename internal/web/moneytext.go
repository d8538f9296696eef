package web

import "strings"

// symbols are what browsers write for currencies, in English and, but for Australia's, in German; of all others they write the code.
var symbols = map[string]string{
	"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "VND": "₫", "PHP": "₱", "BRL": "R$", "AUD": "A$",
	"CAD": "CA$", "HKD": "HK$", "MXN": "MX$", "NZD": "NZ$", "TWD": "NT$", "XCD": "EC$", "XAF": "FCFA", "XOF": "F\u202fCFA", "XPF": "CFPF",
}

// moneyText writes an amount as the scripts do it with Intl (frontend/src/lib/money.ts), in English or German: round amounts without
// decimals. A visitor of another region of the language gets a slightly other form when the scripts draw.
func moneyText(amount, currency, lang string) string {
	units, decimals, _ := strings.Cut(amount, ".")
	units = grouped(units, lang)
	point := "."
	if lang == "de" {
		point = ","
	}
	if strings.Trim(decimals, "0") != "" {
		units += point + decimals
	}
	symbol, known := symbols[currency]
	switch {
	case lang == "de" && currency == "AUD":
		return units + "\u00a0AU$"
	case lang == "de" && known:
		return units + "\u00a0" + symbol
	case lang == "de":
		return units + "\u00a0" + currency
	case known && !strings.HasSuffix(symbol, "A") && !strings.HasSuffix(symbol, "F"):
		return symbol + units
	case known: // its last letter keeps off the figure
		return symbol + "\u00a0" + units
	}
	return currency + "\u00a0" + units
}

// grouped writes a whole number with a mark before each three digits.
func grouped(digits, lang string) string {
	mark := ","
	if lang == "de" {
		mark = "."
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + mark + digits[i:]
	}
	return digits
}
