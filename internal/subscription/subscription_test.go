package subscription

import (
	"testing"
	"time"

	"souk/internal/catalog"
)

func TestAPeriodEndsOnTheLastDayOfAShortMonth(t *testing.T) {
	for _, c := range []struct{ start, period, end string }{
		{"2026-11-22T20:15:00Z", catalog.Monthly, "2026-12-22T20:15:00Z"},
		{"2026-12-31T00:00:00Z", catalog.Monthly, "2027-01-31T00:00:00Z"},
		{"2026-01-31T10:00:00Z", catalog.Monthly, "2026-02-28T10:00:00Z"},
		{"2026-01-29T10:00:00Z", catalog.Monthly, "2026-02-28T10:00:00Z"},
		{"2028-01-31T10:00:00Z", catalog.Monthly, "2028-02-29T10:00:00Z"},
		{"2026-03-31T10:00:00Z", catalog.Monthly, "2026-04-30T10:00:00Z"},
		{"2026-11-22T20:15:00Z", catalog.Yearly, "2027-11-22T20:15:00Z"},
		{"2028-02-29T10:00:00Z", catalog.Yearly, "2029-02-28T10:00:00Z"},
	} {
		start, err := time.Parse(time.RFC3339, c.start)
		if err != nil {
			t.Fatal(err)
		}
		if got := PeriodEnd(start, c.period).Format(time.RFC3339); got != c.end {
			t.Errorf("%s from %s ends %s, want %s", c.period, c.start, got, c.end)
		}
	}
}
