package notice

import (
	"context"
	"maps"
	"slices"
)

// Kind is a sort of mail. Its templates have its name.
type Kind string

// The kinds of mails. Those whose name ends in seller go to sellers, as do Sale, PaymentReview, RefundFailed, Disputed and BookingRequested; the others go to
// buyers.
const (
	Receipt               Kind = "receipt"
	Sale                  Kind = "sale"
	Transfer              Kind = "transfer" // an order waits for money that comes by other means
	TransferSeller        Kind = "transfer_seller"
	PaymentFailed         Kind = "payment_failed"
	PaymentReturned       Kind = "payment_returned" // an order did not need it
	PaymentReturnedSeller Kind = "payment_returned_seller"
	PaymentReview         Kind = "payment_review" // it is not what the order asks for, and is kept
	Refunded              Kind = "refund"
	RefundedSeller        Kind = "refund_seller" // unless the seller did it
	RefundFailed          Kind = "refund_failed"
	Disputed              Kind = "dispute"
	BookingRequested      Kind = "booking_requested"
	BookingConfirmed      Kind = "booking_confirmed" // and when its time or place changes afterwards
	BookingCanceled       Kind = "booking_canceled"  // unless the buyer did it
	BookingCanceledSeller Kind = "booking_canceled_seller"
	NewFile               Kind = "new_file"
)

// kind is what there is to know about a Kind.
type kind struct {
	seller bool // it goes to a seller; else to a buyer
	// fill writes what the mail is about into the letter, of what is so now.
	fill func(ctx context.Context, s *Service, n Notice, to person, into *Letter) error
}

var kinds = map[Kind]kind{
	Receipt:               {fill: fillOrder},
	Sale:                  {seller: true, fill: fillOrder},
	Transfer:              {fill: fillWaiting},
	TransferSeller:        {seller: true, fill: fillWaiting},
	PaymentFailed:         {fill: fillPaymentFailed},
	PaymentReturned:       {fill: fillPayment},
	PaymentReturnedSeller: {seller: true, fill: fillPayment},
	PaymentReview:         {seller: true, fill: fillPayment},
	Refunded:              {fill: fillRefund},
	RefundedSeller:        {seller: true, fill: fillRefund},
	RefundFailed:          {seller: true, fill: fillRefund},
	Disputed:              {seller: true, fill: fillDispute},
	BookingRequested:      {seller: true, fill: fillBooking},
	BookingConfirmed:      {fill: fillBooking},
	BookingCanceled:       {fill: fillBooking},
	BookingCanceledSeller: {seller: true, fill: fillBooking},
	NewFile:               {fill: fillFiles},
}

// Kinds are all of them, by name.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }
