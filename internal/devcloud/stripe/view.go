package stripe

import (
	"maps"
	"time"
)

// Session is a Checkout session, for those who look on.
type Session struct {
	ID, Status, PaymentStatus string
	Reference                 string // the shop's own: client_reference_id
	Created                   time.Time
	Payment                   string // the intent's id; empty before the first attempt
	Currency                  string
	Total                     int64
	Metadata                  map[string]string
}

// Sessions gives all sessions, the newest first.
func (s *Stripe) Sessions() (list []Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range newest(s.state.Sessions, func(c *session) int64 { return c.Created }) {
		list = append(list, Session{c.ID, c.Status, c.PaymentStatus, c.ClientReference, time.Unix(c.Created, 0), c.Intent, c.Currency, c.Total, maps.Clone(c.Metadata)})
	}
	return list
}

// Payment is a payment intent.
type Payment struct {
	ID, Session, Status string
	Reference           string // of the session
	Created             time.Time
	Amount, Refunded    int64 // Refunded: with what is pending
	Currency            string
	Disputed            bool
	Metadata            map[string]string
}

// Payments gives all payment intents, the newest first.
func (s *Stripe) Payments() (list []Payment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range newest(s.state.Intents, func(p *intent) int64 { return p.Created }) {
		list = append(list, Payment{p.ID, p.Session, p.Status, s.state.Sessions[p.Session].ClientReference, time.Unix(p.Created, 0), p.Amount, p.Refunded, p.Currency, p.Disputed, maps.Clone(p.Metadata)})
	}
	return list
}

// RefundOf is a refund of a payment.
type RefundOf struct {
	ID, Payment, Status string
	Created             time.Time
	Amount              int64
	Currency            string
}

// Refunds gives all refunds, the newest first.
func (s *Stripe) Refunds() (list []RefundOf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range newest(s.state.Refunds, func(r *refund) int64 { return r.Created }) {
		list = append(list, RefundOf{r.ID, r.Intent, r.Status, time.Unix(r.Created, 0), r.Amount, r.Currency})
	}
	return list
}

// DisputeOf is a dispute of a payment.
type DisputeOf struct {
	ID, Payment, Status string
	Created             time.Time
	Amount              int64
	Currency            string
}

// Disputes gives all disputes, the newest first.
func (s *Stripe) Disputes() (list []DisputeOf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range newest(s.state.Disputes, func(d *dispute) int64 { return d.Created }) {
		list = append(list, DisputeOf{d.ID, d.Intent, d.Status, time.Unix(d.Created, 0), d.Amount, d.Currency})
	}
	return list
}
