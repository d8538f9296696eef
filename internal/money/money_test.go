package money

import (
	"math"
	"testing"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{1250, "USD", "12.50"}, {5, "USD", "0.05"}, {0, "USD", "0.00"}, {-5, "USD", "-0.05"},
		{1250, "JPY", "1250"}, {0, "JPY", "0"},
		{1250, "KWD", "1.250"}, {7, "KWD", "0.007"},
		{math.MinInt64, "USD", "-92233720368547758.08"},
	} {
		if got := Format(c.minor, c.currency); got != c.want {
			t.Errorf("Format(%d, %s) = %q, want %q", c.minor, c.currency, got, c.want)
		}
	}
}

func TestArithmeticIsChecked(t *testing.T) {
	if _, err := Add(math.MaxInt64, 1); err == nil {
		t.Error("MaxInt64+1 passed")
	}
	if _, err := Add(math.MinInt64, -1); err == nil {
		t.Error("MinInt64-1 passed")
	}
	if _, err := Times(math.MaxInt64, 2); err == nil {
		t.Error("MaxInt64*2 passed")
	}
	if _, err := Times(-1, 2); err == nil {
		t.Error("a negative unit passed")
	}
	if n, err := Times(99, 1_000_000); err != nil || n != 99_000_000 {
		t.Errorf("Times = %d, %v", n, err)
	}
	if n, err := Add(-3, 5); err != nil || n != 2 {
		t.Errorf("Add = %d, %v", n, err)
	}
}

func TestNormalise(t *testing.T) {
	if code, ok := Normalise(" usd "); !ok || code != "USD" {
		t.Errorf("got %q %v", code, ok)
	}
	for _, bad := range []string{"", "US", "XXX", "DOLLAR", "U$D"} {
		if _, ok := Normalise(bad); ok {
			t.Errorf("%q passed", bad)
		}
	}
}
