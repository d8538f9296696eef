package api

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"souk/internal/fault"
	"souk/internal/order"
)

type orderItemOut struct {
	ID                  int64     `json:"id" example:"12"`
	Product             int64     `json:"product" example:"12"`
	ProductSlug         string    `json:"product_slug" example:"field-recordings"`
	ProductType         string    `json:"product_type" enum:"digital,service" example:"digital"`
	Price               int64     `json:"price" example:"3"`
	Quantity            int64     `json:"quantity" example:"1"`
	RefundedQuantity    int64     `json:"refunded_quantity" example:"0" doc:"How many of quantity are refunded."`
	UnitAmountCents     int64     `json:"unit_amount_cents" example:"1900" doc:"In the order's currency, in its minor unit."`
	TotalAmountCents    int64     `json:"total_amount_cents" example:"1900"`
	ProductNameSnapshot string    `json:"product_name_snapshot" example:"Field recordings" doc:"As it was when it was ordered."`
	PriceNameSnapshot   string    `json:"price_name_snapshot" example:"Standard"`
	Metadata            metadata  `json:"metadata"`
	CreatedAt           time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt           time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

// OrderOut is an order as its buyer sees it.
type OrderOut struct {
	ID                int64          `json:"id" example:"7"`
	PublicID          string         `json:"public_id" format:"uuid" example:"0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10"`
	Status            string         `json:"status" enum:"draft,pending_payment,paid,fulfilled,canceled,refunded" example:"fulfilled"`
	Currency          string         `json:"currency" example:"USD"`
	SubtotalCents     int64          `json:"subtotal_cents" example:"1900" doc:"In the currency's minor unit."`
	TaxCents          int64          `json:"tax_cents" example:"0"`
	TotalCents        int64          `json:"total_cents" example:"1900"`
	RefundedCents     int64          `json:"refunded_cents" example:"0" doc:"How much of the payment went back."`
	Notes             string         `json:"notes" example:"For my sister."`
	ClerkCheckoutID   string         `json:"clerk_checkout_id" example:""`
	ExternalReference string         `json:"external_reference" example:"" doc:"The payment's id at its provider."`
	PaidAt            *time.Time     `json:"paid_at" example:"2026-11-22T20:15:00Z"`
	FulfilledAt       *time.Time     `json:"fulfilled_at" example:"2026-11-22T20:15:00Z"`
	Items             []orderItemOut `json:"items"`
	CreatedAt         time.Time      `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt         time.Time      `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func orderWire(o order.Order) OrderOut {
	out := OrderOut{
		ID: o.ID, PublicID: o.PublicID, Status: string(o.Status), Currency: o.Currency, SubtotalCents: o.SubtotalCents, TaxCents: o.TaxCents,
		TotalCents: o.TotalCents, RefundedCents: o.RefundedCents, Notes: o.Notes, ClerkCheckoutID: o.ClerkCheckoutID, ExternalReference: o.ExternalReference,
		PaidAt: momentOrNull(o.PaidAt), FulfilledAt: momentOrNull(o.FulfilledAt), Items: []orderItemOut{},
		CreatedAt: moment(o.CreatedAt), UpdatedAt: moment(o.UpdatedAt),
	}
	for _, i := range o.Items {
		out.Items = append(out.Items, orderItemOut{
			ID: i.ID, Product: i.ProductID, ProductSlug: i.ProductSlug, ProductType: i.ProductType, Price: i.PriceID, Quantity: i.Quantity,
			RefundedQuantity: i.RefundedQuantity, UnitAmountCents: i.UnitAmountCents, TotalAmountCents: i.TotalAmountCents, ProductNameSnapshot: i.ProductName,
			PriceNameSnapshot: i.PriceName, Metadata: metadata(i.Metadata), CreatedAt: moment(i.CreatedAt), UpdatedAt: moment(i.UpdatedAt),
		})
	}
	return out
}

// OrderIn is the {public_id} of a path.
type OrderIn struct {
	PublicID string `path:"public_id" example:"0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10" doc:"The order's public_id."`
}

func (a *API) listOrders(ctx context.Context, in *PageIn) (*list[OrderOut], error) {
	buyer := caller(ctx).Profile.ID
	return byID(a, "/api/account/orders/", nil, *in,
		func(before int64, limit int) ([]order.Order, error) { return a.Orders.List(ctx, buyer, before, limit) },
		func(o order.Order) int64 { return o.ID }, orderWire)
}

// purchaseOut is an order by itself, as its buyer sees it.
type purchaseOut struct {
	OrderOut
	CheckoutURL string           `json:"checkout_url" example:"https://shop.example.com/checkout/0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10/" doc:"Where to pay; empty when there is nothing to pay, or no provider to pay by."`
	Refunds     []buyerRefundOut `json:"refunds" doc:"Oldest first."`
	Timeline    []buyerEvent     `json:"timeline" doc:"What happened to the order, oldest first."`
}

type buyerRefundOut struct {
	Status      string    `json:"status" enum:"requested,pending,succeeded,failed,canceled" example:"succeeded"`
	AmountCents int64     `json:"amount_cents" example:"1900"`
	Currency    string    `json:"currency" example:"USD"`
	Reason      string    `json:"reason" example:"Bought twice" doc:"The seller's words."`
	CreatedAt   time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt   time.Time `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

type buyerEvent struct {
	Kind      string    `json:"kind" enum:"created,paid,fulfilled,canceled,refunded,payment_failed,payment_processing" example:"paid"`
	CreatedAt time.Time `json:"created_at" example:"2026-11-22T20:15:00Z"`
}

// buyersEvents are the kinds of events that concern who bought; the others are between the seller and the providers.
var buyersEvents = []string{"created", "paid", "fulfilled", "canceled", "refunded", "payment_failed", "payment_processing"}

func (a *API) purchaseWire(s order.Sale) purchaseOut {
	out := purchaseOut{OrderOut: orderWire(s.Order), Refunds: []buyerRefundOut{}, Timeline: []buyerEvent{}}
	if s.Status == order.PendingPayment && s.Provider != order.Manual {
		out.CheckoutURL = a.Orders.CheckoutURL(s.Order)
	}
	for _, r := range s.Refunds {
		out.Refunds = append(out.Refunds, buyerRefundOut{
			Status: string(r.Status), AmountCents: r.AmountCents, Currency: r.Currency, Reason: r.Reason, CreatedAt: moment(r.CreatedAt), UpdatedAt: moment(r.UpdatedAt),
		})
	}
	for _, e := range s.Timeline {
		if slices.Contains(buyersEvents, e.Kind) {
			out.Timeline = append(out.Timeline, buyerEvent{Kind: e.Kind, CreatedAt: moment(e.CreatedAt)})
		}
	}
	return out
}

func (a *API) getOrder(ctx context.Context, in *OrderIn) (*body[purchaseOut], error) {
	s, err := a.Orders.Purchase(ctx, caller(ctx).Profile.ID, in.PublicID)
	if err != nil {
		return nil, err
	}
	return &body[purchaseOut]{a.purchaseWire(s)}, nil
}

type orderLine struct {
	PriceID  int64  `json:"price_id" minimum:"1" example:"3"`
	Quantity *int64 `json:"quantity,omitempty" minimum:"1" maximum:"99" nullable:"false" example:"1" doc:"1 when left out."`
}

func (l orderLine) line() order.Line {
	if l.Quantity == nil {
		return order.Line{PriceID: l.PriceID, Quantity: 1}
	}
	return order.Line{PriceID: l.PriceID, Quantity: *l.Quantity}
}

// OrderReadOnly are fields of an order that no client writes.
type OrderReadOnly struct {
	RefundedCents     any `json:"refunded_cents,omitempty" readOnly:"true" doc:"Ignored."`
	PublicID          any `json:"public_id,omitempty" readOnly:"true" doc:"Ignored."`
	Status            any `json:"status,omitempty" readOnly:"true" doc:"Ignored."`
	Currency          any `json:"currency,omitempty" readOnly:"true" doc:"Ignored."`
	SubtotalCents     any `json:"subtotal_cents,omitempty" readOnly:"true" doc:"Ignored."`
	TaxCents          any `json:"tax_cents,omitempty" readOnly:"true" doc:"Ignored."`
	TotalCents        any `json:"total_cents,omitempty" readOnly:"true" doc:"Ignored."`
	ClerkCheckoutID   any `json:"clerk_checkout_id,omitempty" readOnly:"true" doc:"Ignored."`
	ExternalReference any `json:"external_reference,omitempty" readOnly:"true" doc:"Ignored."`
	PaidAt            any `json:"paid_at,omitempty" readOnly:"true" doc:"Ignored."`
	FulfilledAt       any `json:"fulfilled_at,omitempty" readOnly:"true" doc:"Ignored."`
	ReadOnly
}

type orderCreate struct {
	PriceID  *int64      `json:"price_id,omitempty" minimum:"1" nullable:"false" example:"3" doc:"The one price to order; or else give items."`
	Quantity *int64      `json:"quantity,omitempty" minimum:"1" maximum:"99" nullable:"false" example:"1" doc:"Of price_id; 1 when left out."`
	Items    []orderLine `json:"items,omitempty" minItems:"1" maxItems:"100" nullable:"false" doc:"Several prices of one seller in one currency. One that comes again adds up."`
	Notes    string      `json:"notes,omitempty" maxLength:"5000" example:"For my sister."`
	OrderReadOnly
}

// TransformSchema gives an example of one of the two forms; the fields' own would make a body with both.
func (orderCreate) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	s.Examples = []any{map[string]any{"price_id": 3, "quantity": 1, "notes": "For my sister."}}
	return s
}

func (c orderCreate) cart() (order.Cart, error) {
	cart := order.Cart{Notes: c.Notes, One: c.PriceID != nil}
	var checks fault.Checks
	checks.Add(c.PriceID != nil || c.Items != nil, "body.price_id", "must be given, or else items")
	checks.Add(c.PriceID == nil || c.Items == nil, "body.items", "must not be given beside price_id")
	checks.Add(c.PriceID != nil || c.Quantity == nil, "body.quantity", "belongs to price_id; in items each line has its own")
	if c.PriceID != nil {
		cart.Lines = []order.Line{orderLine{*c.PriceID, c.Quantity}.line()}
	}
	for _, l := range c.Items {
		cart.Lines = append(cart.Lines, l.line())
	}
	return cart, checks.Err()
}

type checkoutOut struct {
	Provider    string `json:"provider" enum:"stripe,clerk,manual" example:"manual"`
	CheckoutURL string `json:"checkout_url" format:"uri" example:"https://shop.example.test/checkout/0b1f7a52-6f0e-4e0c-9d3e-5f4f3f1c2a10/" doc:"Where the buyer pays."`
}

type orderCreatedOut struct {
	Order    OrderOut    `json:"order"`
	Checkout checkoutOut `json:"checkout"`
}

func (a *API) createOrder(ctx context.Context, in *body[orderCreate]) (*body[orderCreatedOut], error) {
	cart, err := in.Body.cart()
	if err != nil {
		return nil, err
	}
	o, err := a.Orders.Create(ctx, caller(ctx).Profile, cart)
	if err != nil {
		return nil, err
	}
	return &body[orderCreatedOut]{orderCreatedOut{Order: orderWire(o), Checkout: checkoutOut{Provider: o.Provider, CheckoutURL: a.Orders.CheckoutURL(o)}}}, nil
}

type orderConfirm struct {
	Provider        string   `json:"provider,omitempty" enum:"clerk,stripe,manual" default:"clerk" example:"manual" doc:"Who is to be asked about the payment."`
	ExternalID      string   `json:"external_id,omitempty" maxLength:"255" example:"transfer-77" doc:"The payment's id at the provider."`
	ClerkCheckoutID string   `json:"clerk_checkout_id,omitempty" maxLength:"255" example:""`
	RawPayload      metadata `json:"raw_payload,omitempty" example:"{}"`
}

type confirmOrderIn struct {
	OrderIn
	Secret string `header:"X-Order-Confirm-Secret" maxLength:"500" doc:"Asked of a manual confirmation, if the shop is set up so."`
	Body   *orderConfirm
}

type orderConfirmedOut struct {
	Order            OrderOut `json:"order"`
	AlreadyConfirmed bool     `json:"already_confirmed" example:"false" doc:"The order was paid before this call."`
}

func (a *API) confirmOrder(ctx context.Context, in *confirmOrderIn) (*body[orderConfirmedOut], error) {
	c := order.Confirmation{Provider: order.Clerk, Secret: in.Secret}
	if b := in.Body; b != nil {
		c = order.Confirmation{
			Provider: b.Provider, ExternalID: b.ExternalID, ClerkCheckoutID: b.ClerkCheckoutID, RawPayload: json.RawMessage(b.RawPayload), Secret: in.Secret,
		}
	}
	o, already, err := a.Orders.Confirm(ctx, caller(ctx).Profile.ID, in.PublicID, c)
	return &body[orderConfirmedOut]{orderConfirmedOut{Order: orderWire(o), AlreadyConfirmed: already}}, err
}

func (a *API) cancelOrder(ctx context.Context, in *OrderIn) (*body[OrderOut], error) {
	o, err := a.Orders.Cancel(ctx, caller(ctx).Profile.ID, in.PublicID)
	return &body[OrderOut]{orderWire(o)}, err
}
