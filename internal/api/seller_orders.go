package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/negotiation"

	"souk/internal/order"
)

type orderBuyer struct {
	Name  string `json:"name" example:"Demo Buyer"`
	Email string `json:"email" example:"ana@example.test"`
}

type orderEvent struct {
	Kind      string    `json:"kind" example:"paid" doc:"created, checkout_opened, payment_processing, payment_failed, paid, fulfilled, canceled, payment_mismatch, late_payment, double_payment, refund_requested, refunded, extra_refunded, refund_failed, dispute_inquiry, dispute_opened, dispute_won, dispute_lost, buyer_erased; others may come."`
	Actor     string    `json:"actor" example:"buyer" doc:"buyer, seller, system, or a provider's name."`
	Detail    metadata  `json:"detail" example:"{\"amount_cents\":1900,\"currency\":\"USD\"}"`
	CreatedAt time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
}

type paymentOut struct {
	Provider    string    `json:"provider" enum:"manual,clerk,stripe" example:"stripe"`
	ExternalID  string    `json:"external_id" example:"pi_3SXk2l" doc:"The payment's id at its provider."`
	Status      string    `json:"status" enum:"pending,succeeded,failed,refunded,canceled" example:"succeeded"`
	AmountCents int64     `json:"amount_cents" example:"1900"`
	Currency    string    `json:"currency" example:"USD"`
	Extra       bool      `json:"extra" example:"false" doc:"The order did not need it: it goes back."`
	CreatedAt   time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
}

type refundOut struct {
	ID          int64        `json:"id" example:"4"`
	Status      string       `json:"status" enum:"requested,pending,succeeded,failed,canceled" example:"succeeded"`
	AmountCents int64        `json:"amount_cents" example:"1900"`
	Currency    string       `json:"currency" example:"USD"`
	Reason      string       `json:"reason" example:"Bought twice by mistake."`
	Failure     string       `json:"failure" example:"" doc:"Why it failed, in the provider's word."`
	Actor       string       `json:"actor" example:"seller" doc:"seller, system, or a provider's name."`
	Items       []refundLine `json:"items" doc:"The units that it is for; empty: the whole, or an amount alone."`
	CreatedAt   time.Time    `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt   time.Time    `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

type disputeOut struct {
	Status      string     `json:"status" example:"needs_response" doc:"In the provider's word."`
	Reason      string     `json:"reason" example:"fraudulent" doc:"In the provider's word."`
	AmountCents int64      `json:"amount_cents" example:"1900"`
	Currency    string     `json:"currency" example:"USD"`
	Open        bool       `json:"open" example:"true" doc:"The bank has the money until it has decided. What was bought is withheld meanwhile."`
	Lost        bool       `json:"lost" example:"false"`
	CreatedAt   time.Time  `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt   time.Time  `json:"updated_at" example:"2026-11-22T20:15:00Z"`
	ClosedAt    *time.Time `json:"closed_at" example:"2026-12-22T20:15:00Z" doc:"Null: it is not decided."`
}

type sellerOrderOut struct {
	OrderOut
	Provider       string       `json:"provider" enum:"manual,clerk,stripe" example:"stripe" doc:"By whom it is to be paid."`
	NeedsAttention bool         `json:"needs_attention" example:"false" doc:"A dispute is not decided, money came that the order did not need or ask for, or the newest refund failed."`
	Buyer          orderBuyer   `json:"buyer"`
	Payments       []paymentOut `json:"payments" doc:"Oldest first, with attempts that failed."`
	Refunds        []refundOut  `json:"refunds" doc:"Oldest first."`
	Disputes       []disputeOut `json:"disputes" doc:"Oldest first."`
	Timeline       []orderEvent `json:"timeline" doc:"What happened to the order, oldest first."`
}

func sellerOrderWire(s order.Sale) sellerOrderOut {
	out := sellerOrderOut{
		OrderOut: orderWire(s.Order), Provider: s.Provider, NeedsAttention: s.NeedsAttention(), Buyer: orderBuyer{Name: s.BuyerName, Email: s.BuyerEmail},
		Payments: []paymentOut{}, Refunds: []refundOut{}, Disputes: []disputeOut{}, Timeline: []orderEvent{},
	}
	for _, p := range s.Payments {
		out.Payments = append(out.Payments, paymentOut{
			Provider: p.Provider, ExternalID: p.ExternalID, Status: p.Status, AmountCents: p.AmountCents, Currency: p.Currency, Extra: p.Extra,
			CreatedAt: moment(p.CreatedAt),
		})
	}
	for _, r := range s.Refunds {
		items := []refundLine{}
		for _, l := range r.Lines {
			items = append(items, refundLine{OrderItem: l.OrderItemID, Quantity: l.Quantity})
		}
		out.Refunds = append(out.Refunds, refundOut{
			ID: r.ID, Status: string(r.Status), AmountCents: r.AmountCents, Currency: r.Currency, Reason: r.Reason, Failure: r.Failure, Actor: r.Actor,
			Items: items, CreatedAt: moment(r.CreatedAt), UpdatedAt: moment(r.UpdatedAt),
		})
	}
	for _, d := range s.Disputes {
		out.Disputes = append(out.Disputes, disputeOut{
			Status: d.Status, Reason: d.Reason, AmountCents: d.AmountCents, Currency: d.Currency, Open: d.Open, Lost: d.Lost,
			CreatedAt: moment(d.CreatedAt), UpdatedAt: moment(d.UpdatedAt), ClosedAt: momentOrNull(d.ClosedAt),
		})
	}
	for _, e := range s.Timeline {
		out.Timeline = append(out.Timeline, orderEvent{Kind: e.Kind, Actor: e.Actor, Detail: metadata(e.Detail), CreatedAt: moment(e.CreatedAt)})
	}
	return out
}

type sellerOrdersIn struct {
	PageIn
	Status         string    `query:"status" enum:"draft,pending_payment,paid,fulfilled,canceled,refunded" doc:"Only orders in this state."`
	Product        int64     `query:"product" minimum:"1" example:"12" doc:"Only orders with this product."`
	Provider       string    `query:"provider" enum:"manual,clerk,stripe" doc:"Only orders that are to be paid there."`
	Search         string    `query:"search" maxLength:"200" example:"ana@example.test" doc:"Only orders whose buyer's e-mail has this in it, whose public_id begins with it (8 characters at least), or whose id or external_reference it is."`
	CreatedAfter   time.Time `query:"created_after" example:"2026-11-01T00:00:00Z" doc:"Only orders of this time or later."`
	CreatedBefore  time.Time `query:"created_before" example:"2026-12-01T00:00:00Z" doc:"Only orders from before this time."`
	NeedsAttention bool      `query:"needs_attention" doc:"Only orders with a dispute that is not decided, with money that they did not need or ask for, or whose newest refund failed."`
	Format         string    `query:"format" enum:"json,csv" doc:"csv is a table of up to 20000 orders, whatever limit says. If there are more, its name says part, and the Link header has the next. Without this parameter the Accept header decides."`
	Accept         string    `header:"Accept" hidden:"true"`
}

func (in *sellerOrdersIn) filter() order.Filter {
	return order.Filter{
		Status: order.Status(in.Status), ProductID: in.Product, Provider: in.Provider, Search: in.Search, CreatedFrom: in.CreatedAfter,
		CreatedBefore: in.CreatedBefore, NeedsAttention: in.NeedsAttention,
	}
}

// query is the filter as the Link header and the cursors have it.
func (in *sellerOrdersIn) query() url.Values {
	q := url.Values{"status": {in.Status}, "provider": {in.Provider}, "search": {in.Search}, "format": {in.Format}}
	if in.Product != 0 {
		q.Set("product", strconv.FormatInt(in.Product, 10))
	}
	for name, at := range map[string]time.Time{"created_after": in.CreatedAfter, "created_before": in.CreatedBefore} {
		if !at.IsZero() {
			q.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	if in.NeedsAttention {
		q.Set("needs_attention", "true")
	}
	return q
}

// csv says that a table is wanted: by the parameter, else because the client likes it better than JSON.
func (in *sellerOrdersIn) csv() bool {
	if in.Format == "" {
		return negotiation.SelectQValue(in.Accept, []string{"application/json", csvType}) == csvType
	}
	return in.Format == "csv"
}

const (
	sellerOrdersPath = "/api/seller/orders/"
	csvType          = "text/csv"
)

// written is the answer of a route that writes it itself.
type written struct {
	Link string `header:"Link" doc:"The address of the next page, with rel=\"next\"; absent on the last one."`
	Body func(huma.Context)
}

// sellerOrderAnswers describes what listSellerOrders writes.
func sellerOrderAnswers(schemas huma.Registry) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{
		"application/json": {Schema: schemas.Schema(reflect.TypeFor[[]sellerOrderOut](), true, "")},
		csvType: {
			Schema:  &huma.Schema{Type: huma.TypeString, Description: "One order a row, with a row of names first. Amounts are decimal, in the currency of the row."},
			Example: `"` + strings.Join(csvNames, `","`) + "\"\r\n",
		},
	}
}

func (a *API) listSellerOrders(ctx context.Context, in *sellerOrdersIn) (*written, error) {
	if in.csv() {
		return a.exportSellerOrders(ctx, in)
	}
	seller := caller(ctx).Profile.ID
	page, err := byID(a, sellerOrdersPath, in.query(), in.PageIn,
		func(before int64, limit int) ([]order.Sale, error) {
			return a.Orders.Sales(ctx, seller, in.filter(), before, limit)
		},
		func(s order.Sale) int64 { return s.ID }, sellerOrderWire)
	if err != nil {
		return nil, err
	}
	return &written{Link: page.Link, Body: func(out huma.Context) {
		out.SetHeader("Content-Type", "application/json")
		out.SetStatus(http.StatusOK)
		if err := a.huma.Marshal(out.BodyWriter(), "application/json", page.Body); err != nil {
			slog.InfoContext(ctx, "answer not taken", "error", err)
		}
	}}, nil
}

func (a *API) getSellerOrder(ctx context.Context, in *OrderIn) (*body[sellerOrderOut], error) {
	sale, err := a.Orders.Sale(ctx, caller(ctx).Profile.ID, in.PublicID)
	return &body[sellerOrderOut]{sellerOrderWire(sale)}, err
}

type markPaid struct {
	Note string `json:"note,omitempty" maxLength:"1000" example:"Bank transfer of 22 November."`
}

type markPaidIn struct {
	OrderIn
	Body *markPaid
}

func (a *API) markPaid(ctx context.Context, in *markPaidIn) (*body[sellerOrderOut], error) {
	note := ""
	if in.Body != nil {
		note = in.Body.Note
	}
	sale, err := a.Orders.MarkPaid(ctx, caller(ctx).Profile.ID, in.PublicID, note)
	return &body[sellerOrderOut]{sellerOrderWire(sale)}, err
}

type refundLine struct {
	OrderItem int64 `json:"order_item" minimum:"1" example:"12"`
	Quantity  int64 `json:"quantity" minimum:"1" maximum:"99" example:"1"`
}

type refund struct {
	Items       []refundLine `json:"items,omitempty" minItems:"1" maxItems:"100" nullable:"false" doc:"Refund these lines; or give amount_cents; or neither, to refund the whole."`
	AmountCents *int64       `json:"amount_cents,omitempty" minimum:"1" maximum:"99999999" nullable:"false" doc:"In the order's currency, in its minor unit."`
	Reason      string       `json:"reason,omitempty" maxLength:"1000" example:"Bought twice by mistake."`
}

type refundIn struct {
	OrderIn
	Body *refund
}

func (a *API) refundOrder(ctx context.Context, in *refundIn) (*body[sellerOrderOut], error) {
	var want order.RefundRequest
	if b := in.Body; b != nil {
		want.AmountCents, want.Reason = b.AmountCents, b.Reason
		for _, line := range b.Items {
			want.Lines = append(want.Lines, order.RefundLine{OrderItemID: line.OrderItem, Quantity: line.Quantity})
		}
	}
	sale, err := a.Orders.Refund(ctx, caller(ctx).Profile.ID, in.PublicID, want)
	return &body[sellerOrderOut]{sellerOrderWire(sale)}, err
}
