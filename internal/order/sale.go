package order

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"souk/internal/db"
	"souk/internal/fault"
)

// Sale is an order as its seller sees it.
type Sale struct {
	Order
	BuyerName  string
	BuyerEmail string
	Timeline   []Event       // oldest first, as the rest
	Payments   []Transaction // attempts that failed among them
	Refunds    []Refund
	Disputes   []Dispute
}

// Dispute is a buyer's bank that wants a payment back.
type Dispute struct {
	OrderID     int64
	Status      string // the provider's word
	Reason      string
	AmountCents int64
	Currency    string
	Open        bool // the bank has the money until it has decided
	Lost        bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
	ClosedAt    *time.Time // nil: it is not decided
}

// NeedsAttention says that the seller has something to do: a dispute, or the bank's question before one, is not decided; money came that
// the order did not need, or that was not its amount, and is not back; or money that was to go back did not, and no later refund of the
// order stands.
func (s Sale) NeedsAttention() bool {
	for _, d := range s.Disputes {
		if d.ClosedAt == nil {
			return true
		}
	}
	for _, p := range s.Payments {
		if p.Extra && p.Status == "succeeded" {
			return true
		}
	}
	return len(s.Refunds) > 0 && !s.Refunds[len(s.Refunds)-1].counts()
}

// Filter narrows a seller's list; a zero field lets all pass.
type Filter struct {
	Status         Status
	ProductID      int64
	Provider       string
	Search         string    // in the buyer's e-mail; or the first 8 characters or more of the public id; or the id, or the payment's at its provider
	CreatedFrom    time.Time // at that time or later
	CreatedBefore  time.Time // earlier than that
	NeedsAttention bool
}

const maxSearch = 200 // characters

func (f *Filter) check() error {
	var checks fault.Checks
	f.Search = strings.TrimSpace(f.Search)
	checks.Add(utf8.ValidString(f.Search) && !strings.Contains(f.Search, "\x00"), "query.search", "must be text without the character NUL")
	checks.Add(utf8.RuneCountInString(f.Search) <= maxSearch, "query.search", "must have at most 200 characters")
	return checks.Err()
}

// pattern takes a text as it is into a LIKE with ESCAPE '\'.
func pattern(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text))
}

// args are what the filter is in salesFilter, from $2 on.
func (f Filter) args() []any {
	id, err := strconv.ParseInt(f.Search, 10, 64)
	if err != nil {
		id = 0
	}
	start := ""
	if len(f.Search) >= 8 {
		start = pattern(f.Search) + "%"
	}
	var from, before *time.Time
	if !f.CreatedFrom.IsZero() {
		from = &f.CreatedFrom
	}
	if !f.CreatedBefore.IsZero() {
		before = &f.CreatedBefore
	}
	attention := 0
	if f.NeedsAttention {
		attention = 1
	}
	return []any{f.Status, f.ProductID, f.Provider, f.Search, "%" + pattern(f.Search) + "%", start, id, from, before, attention}
}

// Sales gives up to limit orders of a seller's products, newest first, with ids below before.
func (s *Service) Sales(ctx context.Context, seller int64, f Filter, before int64, limit int) ([]Sale, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	sales, err := listOfSeller(ctx, s.DB, seller, f, before, limit)
	if err != nil {
		return nil, err
	}
	return sales, addHistory(ctx, s.DB, sales)
}

// Sale gives one order of a seller's products.
func (s *Service) Sale(ctx context.Context, seller int64, publicID string) (Sale, error) {
	if !isPublicID(publicID) {
		return Sale{}, errAbsent
	}
	sale, err := ofSeller(ctx, s.DB, seller, publicID)
	if err != nil {
		return Sale{}, db.NotFound(err, errAbsent)
	}
	list := []Sale{sale}
	return list[0], addHistory(ctx, s.DB, list)
}

// Export reads a seller's orders portion by portion, so that never all of them are in memory.
type Export struct {
	// Rest is below what id orders are left, since there are more than were asked for; 0: none is left.
	Rest int64

	service        *Service
	seller         int64
	filter         Filter
	before, lowest int64 // the ids that are still to be read
}

// exportPortion is how many orders an export reads at once.
const exportPortion = 500

// Export begins an export of up to most of the orders that Sales gives. What is ordered meanwhile is not in it.
func (s *Service) Export(ctx context.Context, seller int64, f Filter, before int64, most int) (*Export, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	first, last, n, err := span(ctx, s.DB, seller, f, before, most+1)
	if err != nil {
		return nil, err
	}
	e := &Export{service: s, seller: seller, filter: f, before: first + 1, lowest: last}
	if n > int64(most) { // the last one is the first that is not in it
		e.lowest++
		e.Rest = e.lowest
	}
	return e, nil
}

// Next gives the next orders, newest first, without their timelines and what happened to their money; none at the end.
func (e *Export) Next(ctx context.Context) ([]Sale, error) {
	sales, err := listOfSeller(ctx, e.service.DB, e.seller, e.filter, e.before, exportPortion)
	if err != nil {
		return nil, err
	}
	if end := slices.IndexFunc(sales, func(s Sale) bool { return s.ID < e.lowest }); end >= 0 {
		sales = sales[:end]
	}
	if len(sales) > 0 {
		e.before = sales[len(sales)-1].ID
	}
	return sales, nil
}
