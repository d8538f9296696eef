package api

import (
	"context"
	"net/url"
	"time"

	"souk/internal/booking"
)

// BookingOut is a booking as its buyer sees it.
type BookingOut struct {
	ID             int64      `json:"id" example:"7"`
	ServiceOffer   int64      `json:"service_offer" example:"3"`
	ProductName    string     `json:"product_name" example:"An hour of mixing"`
	OrderItem      *int64     `json:"order_item" example:"12" doc:"The paid item whose session this is; null for a request that nobody has paid."`
	Status         string     `json:"status" enum:"requested,confirmed,completed,canceled" example:"requested"`
	ScheduledStart *time.Time `json:"scheduled_start" example:"2026-12-01T09:00:00Z"`
	ScheduledEnd   *time.Time `json:"scheduled_end" example:"2026-12-01T10:00:00Z"`
	SessionMinutes int        `json:"session_minutes" example:"60" doc:"How long a newly set time lasts."`
	Timezone       string     `json:"timezone" example:"Europe/Berlin" doc:"Of the seller's clock: an IANA name."`
	MeetingURL     string     `json:"meeting_url" example:"https://meet.example.test/abc"`
	CustomerNotes  string     `json:"customer_notes" example:"Two songs, please."`
	CreatedAt      time.Time  `json:"created_at" example:"2026-11-22T20:15:00Z"`
	UpdatedAt      time.Time  `json:"updated_at" example:"2026-11-22T20:15:00Z"`
}

func bookingWire(b booking.Booking) BookingOut {
	return BookingOut{
		ID: b.ID, ServiceOffer: b.OfferID, ProductName: b.ProductName, OrderItem: b.OrderItemID, Status: string(b.Status),
		ScheduledStart: momentOrNull(b.Start), ScheduledEnd: momentOrNull(b.End), SessionMinutes: b.SessionMinutes, Timezone: b.Timezone, MeetingURL: b.MeetingURL, CustomerNotes: b.CustomerNotes,
		CreatedAt: moment(b.CreatedAt), UpdatedAt: moment(b.UpdatedAt),
	}
}

type bookingCustomer struct {
	ID           int64  `json:"id" example:"4"`
	FullName     string `json:"full_name" example:"Demo Buyer"`
	BillingEmail string `json:"billing_email" example:"ana@example.test"`
}

type sellerBookingOut struct {
	BookingOut
	InternalNotes string          `json:"internal_notes" example:"Prefers mornings." doc:"The seller's own; no buyer sees them."`
	Customer      bookingCustomer `json:"customer"`
}

func sellerBookingWire(b booking.Booking) sellerBookingOut {
	return sellerBookingOut{
		BookingOut: bookingWire(b), InternalNotes: b.InternalNotes,
		Customer: bookingCustomer{ID: b.CustomerID, FullName: b.CustomerName, BillingEmail: b.BillingEmail},
	}
}

// BookingReadOnly are fields of a booking that neither side writes.
type BookingReadOnly struct {
	ProductName    any `json:"product_name,omitempty" readOnly:"true" doc:"Ignored."`
	ScheduledEnd   any `json:"scheduled_end,omitempty" readOnly:"true" doc:"Ignored: it follows from the start."`
	SessionMinutes any `json:"session_minutes,omitempty" readOnly:"true" doc:"Ignored: it is the offer's."`
	Timezone       any `json:"timezone,omitempty" readOnly:"true" doc:"Ignored: it is the offer's."`
	ReadOnly
}

// BuyerReadOnly are the fields that only the seller writes.
type BuyerReadOnly struct {
	Status     any `json:"status,omitempty" readOnly:"true" doc:"Ignored."`
	MeetingURL any `json:"meeting_url,omitempty" readOnly:"true" doc:"Ignored."`
	BookingReadOnly
}

// MadeReadOnly are the fields that are decided when a booking is made.
type MadeReadOnly struct {
	ServiceOffer any `json:"service_offer,omitempty" readOnly:"true" doc:"Ignored."`
	OrderItem    any `json:"order_item,omitempty" readOnly:"true" doc:"Ignored."`
}

type bookingCreate struct {
	ServiceOffer   int64               `json:"service_offer" minimum:"1" example:"3"`
	OrderItem      nullable[int64]     `json:"order_item,omitempty" minimum:"1" example:"12" doc:"Schedules a session of this paid item."`
	ScheduledStart nullable[time.Time] `json:"scheduled_start,omitempty" example:"2026-12-01T09:00:00+01:00" doc:"In the future, at most two years ahead. Needed with order_item."`
	CustomerNotes  *string             `json:"customer_notes,omitempty" maxLength:"5000" nullable:"false" example:"Two songs, please."`
	BuyerReadOnly
}

type bookingPatch struct {
	ScheduledStart nullable[time.Time] `json:"scheduled_start,omitempty" example:"2026-12-01T09:00:00+01:00" doc:"Null takes the time away."`
	CustomerNotes  *string             `json:"customer_notes,omitempty" maxLength:"5000" nullable:"false" example:"Two songs, please."`
	MadeReadOnly
	BuyerReadOnly
}

type sellerBookingPatch struct {
	Status         *booking.Status     `json:"status,omitempty" enum:"requested,confirmed,completed,canceled" nullable:"false" example:"confirmed"`
	ScheduledStart nullable[time.Time] `json:"scheduled_start,omitempty" example:"2026-12-01T09:00:00+01:00" doc:"Null takes the time away."`
	MeetingURL     *string             `json:"meeting_url,omitempty" maxLength:"500" nullable:"false" example:"https://meet.example.test/abc"`
	InternalNotes  *string             `json:"internal_notes,omitempty" maxLength:"5000" nullable:"false" example:"Prefers mornings."`
	CustomerNotes  any                 `json:"customer_notes,omitempty" readOnly:"true" doc:"Ignored."`
	Customer       any                 `json:"customer,omitempty" readOnly:"true" doc:"Ignored."`
	MadeReadOnly
	BookingReadOnly
}

func bookingID(b booking.Booking) int64 { return b.ID }

func (a *API) listBookings(ctx context.Context, in *PageIn) (*list[BookingOut], error) {
	customer, err := a.customer(ctx)
	if err != nil {
		return nil, err
	}
	return byID(a, "/api/account/bookings/", nil, *in,
		func(before int64, limit int) ([]booking.Booking, error) {
			return a.Bookings.ListForBuyer(ctx, customer.ID, before, limit)
		}, bookingID, bookingWire)
}

func (a *API) createBooking(ctx context.Context, in *body[bookingCreate]) (*body[BookingOut], error) {
	customer, err := a.customer(ctx)
	if err != nil {
		return nil, err
	}
	b, err := a.Bookings.Request(ctx, customer.ID, booking.Request{
		OfferID: in.Body.ServiceOffer, OrderItemID: in.Body.OrderItem.Value, Start: in.Body.ScheduledStart.Value, CustomerNotes: in.Body.CustomerNotes,
	})
	return &body[BookingOut]{bookingWire(b)}, err
}

func (a *API) getBooking(ctx context.Context, in *IDIn) (*body[BookingOut], error) {
	customer, err := a.customer(ctx)
	if err != nil {
		return nil, err
	}
	b, err := a.Bookings.GetForBuyer(ctx, customer.ID, in.ID)
	return &body[BookingOut]{bookingWire(b)}, err
}

type patchBookingIn struct {
	IDIn
	Body bookingPatch
}

func (a *API) patchBooking(ctx context.Context, in *patchBookingIn) (*body[BookingOut], error) {
	customer, err := a.customer(ctx)
	if err != nil {
		return nil, err
	}
	b, err := a.Bookings.UpdateAsBuyer(ctx, customer.ID, in.ID, booking.BuyerChange{
		SetStart: in.Body.ScheduledStart.Set, Start: in.Body.ScheduledStart.Value, CustomerNotes: in.Body.CustomerNotes,
	})
	return &body[BookingOut]{bookingWire(b)}, err
}

func (a *API) cancelBooking(ctx context.Context, in *IDIn) (*body[BookingOut], error) {
	customer, err := a.customer(ctx)
	if err != nil {
		return nil, err
	}
	b, err := a.Bookings.CancelAsBuyer(ctx, customer.ID, in.ID)
	return &body[BookingOut]{bookingWire(b)}, err
}

type sellerBookingsIn struct {
	PageIn
	Status string `query:"status" enum:"requested,confirmed,completed,canceled" doc:"Only those that stand there."`
}

func (a *API) listSellerBookings(ctx context.Context, in *sellerBookingsIn) (*list[sellerBookingOut], error) {
	seller := caller(ctx).Profile.ID
	return byID(a, "/api/seller/bookings/", url.Values{"status": {in.Status}}, in.PageIn,
		func(before int64, limit int) ([]booking.Booking, error) {
			return a.Bookings.ListForSeller(ctx, seller, booking.Status(in.Status), before, limit)
		}, bookingID, sellerBookingWire)
}

func (a *API) getSellerBooking(ctx context.Context, in *IDIn) (*body[sellerBookingOut], error) {
	b, err := a.Bookings.GetForSeller(ctx, caller(ctx).Profile.ID, in.ID)
	return &body[sellerBookingOut]{sellerBookingWire(b)}, err
}

type patchSellerBookingIn struct {
	IDIn
	Body sellerBookingPatch
}

func (a *API) patchSellerBooking(ctx context.Context, in *patchSellerBookingIn) (*body[sellerBookingOut], error) {
	b, err := a.Bookings.UpdateAsSeller(ctx, caller(ctx).Profile.ID, in.ID, booking.SellerChange{
		Status: in.Body.Status, SetStart: in.Body.ScheduledStart.Set, Start: in.Body.ScheduledStart.Value,
		MeetingURL: in.Body.MeetingURL, InternalNotes: in.Body.InternalNotes,
	})
	return &body[sellerBookingOut]{sellerBookingWire(b)}, err
}
