package api

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"souk/internal/order"
)

type orderBuyer struct {
	Name  string `json:"name" example:"Demo Buyer"`
	Email string `json:"email" example:"ana@example.test"`
}

type orderEvent struct {
	Kind      string    `json:"kind" example:"paid" doc:"created, paid, fulfilled, canceled, refunded; others may come."`
	Actor     string    `json:"actor" example:"buyer" doc:"buyer, seller, system, or a provider's name."`
	Detail    metadata  `json:"detail" example:"{\"amount_cents\":1900,\"currency\":\"USD\"}"`
	CreatedAt time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
}

type sellerOrderOut struct {
	OrderOut
	Buyer    orderBuyer   `json:"buyer"`
	Timeline []orderEvent `json:"timeline" doc:"What happened to the order, oldest first."`
}

func sellerOrderWire(s order.Sale) sellerOrderOut {
	out := sellerOrderOut{OrderOut: orderWire(s.Order), Buyer: orderBuyer{Name: s.BuyerName, Email: s.BuyerEmail}, Timeline: []orderEvent{}}
	for _, e := range s.Timeline {
		out.Timeline = append(out.Timeline, orderEvent{Kind: e.Kind, Actor: e.Actor, Detail: metadata(e.Detail), CreatedAt: moment(e.CreatedAt)})
	}
	return out
}

type sellerOrdersIn struct {
	PageIn
	Status  string `query:"status" enum:"draft,pending_payment,paid,fulfilled,canceled,refunded" doc:"Only orders in this state."`
	Product int64  `query:"product" minimum:"1" example:"12" doc:"Only orders with this product."`
}

func (a *API) listSellerOrders(ctx context.Context, in *sellerOrdersIn) (*list[sellerOrderOut], error) {
	filters := url.Values{}
	if in.Status != "" {
		filters.Set("status", in.Status)
	}
	if in.Product != 0 {
		filters.Set("product", strconv.FormatInt(in.Product, 10))
	}
	seller := caller(ctx).Profile.ID
	return byID(a, "/api/seller/orders/", filters, in.PageIn,
		func(before int64, limit int) ([]order.Sale, error) {
			return a.Orders.Sales(ctx, seller, order.Filter{Status: order.Status(in.Status), ProductID: in.Product}, before, limit)
		},
		func(s order.Sale) int64 { return s.ID }, sellerOrderWire)
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
