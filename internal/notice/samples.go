package notice

import (
	"time"

	"souk/internal/booking"
	"souk/internal/fulfillment"
	"souk/internal/order"
)

// Samples of what mails are about: to try templates with, and to show them.
var (
	sampleTime   = time.Date(2026, 11, 22, 20, 15, 0, 0, time.UTC)
	sampleSeller = Person{Name: "Sample Seller", Email: "seller@example.test"}
)

func sampleSale(change func(*order.Sale)) order.Sale {
	five := int64(5)
	sale := order.Sale{
		BuyerName: "Sample Buyer", BuyerEmail: "buyer@example.test",
		Order: order.Order{
			PublicID: "3f1d0c52-8a77-4f0e-9d59-2b8a6a1f7c11", Status: order.Fulfilled, Currency: "EUR", SubtotalCents: 20500, TaxCents: 3895, TotalCents: 24395,
			PaidAt: &sampleTime, CreatedAt: sampleTime,
			Items: []order.Item{
				{ProductName: "Field notes", PriceName: "With updates", ProductType: "digital", BillingPeriod: "one_time", Quantity: 3, UnitAmountCents: 3500, TotalAmountCents: 10500, MaxDownloads: &five, FeatureKeys: []string{"field_notes"}},
				{ProductName: "An hour with the author", PriceName: "One session", ProductType: "service", BillingPeriod: "one_time", Quantity: 1, UnitAmountCents: 10000, TotalAmountCents: 10000},
			},
		},
	}
	if change != nil {
		change(&sale)
	}
	return sale
}

// samples are letters of a kind from a shop, which together show all that its templates can say. The first is the usual one.
func samples(kind Kind, shop, origin string) []Letter {
	l := localeOf("")
	with := func(sale order.Sale, change func(*Letter)) Letter {
		letter := Letter{Shop: shop, Home: origin, Name: sale.BuyerName, Links: linksOf(origin), Order: orderOut(l, sale, sampleSeller, origin)}
		if kinds[kind].seller {
			letter.Name = sampleSeller.Name
		}
		if change != nil {
			change(&letter)
		}
		return letter
	}
	free := func(sale *order.Sale) {
		sale.SubtotalCents, sale.TaxCents, sale.TotalCents, sale.BuyerName = 0, 0, 0, ""
		sale.Items = sale.Items[:1]
		sale.Items[0].Quantity, sale.Items[0].UnitAmountCents, sale.Items[0].TotalAmountCents = 1, 0, 0
	}
	plan := func(sale *order.Sale) {
		sale.Currency, sale.SubtotalCents, sale.TaxCents, sale.TotalCents = "JPY", 1900, 0, 1900
		sale.Items = []order.Item{{ProductName: "The circle", PriceName: "Monthly", ProductType: "digital", BillingPeriod: "monthly", Quantity: 1, UnitAmountCents: 1900, TotalAmountCents: 1900, FeatureKeys: []string{"pro", "circle"}}}
	}
	waiting := func(sale *order.Sale) {
		sale.PaidAt, sale.Status, sale.TaxCents, sale.TotalCents = nil, order.PendingPayment, 0, 20500
	}
	files := func(letter *Letter) {
		five, end := int64(15), sampleTime.AddDate(0, 0, 30)
		letter.Order.Files = []File{
			fileOut(l, fulfillment.Grant{AssetTitle: "Field notes, as a book", ProductName: "Field notes", MaxDownloads: &five, ExpiresAt: &end}),
			fileOut(l, fulfillment.Grant{AssetTitle: "Field notes, to be printed", ProductName: "Field notes"}),
		}
	}
	nameless := func(letter *Letter) {
		letter.Name, letter.Order.Seller, letter.Order.Buyer, letter.Booking.Buyer = "", Person{}, Person{}, Person{}
	}
	about := func(change func(*Letter)) Letter { return with(sampleSale(nil), change) }
	amount, part := l.money(24395, "EUR"), l.money(8330, "EUR")
	taken := []Line{{Product: "Field notes", Price: "With updates", Quantity: 2}}
	const reason = "The second chapter is not finished yet.\nSorry for that!"
	start, end := sampleTime, sampleTime.Add(time.Hour)
	item := int64(1)
	session := booking.Booking{
		ProductName: "An hour with the author", Start: &start, End: &end, MeetingURL: "https://meet.example.test/field-notes", CustomerName: "Sample Buyer",
		BillingEmail: "buyer@example.test", CustomerNotes: "Could we talk about chapter two?\nI have read it twice.", OrderItemID: &item,
	}
	booked := func(b booking.Booking, change func(*Letter)) Letter {
		letter := with(sampleSale(nil), nil)
		letter.Order, letter.Booking = Order{}, bookingOut(l, b)
		if change != nil {
			change(&letter)
		}
		return letter
	}
	open := session
	open.OrderItemID, open.Start, open.End, open.CustomerNotes, open.MeetingURL = nil, nil, nil, "", ""
	switch kind {
	case Receipt:
		return []Letter{with(sampleSale(nil), files), with(sampleSale(free), nameless), with(sampleSale(plan), nil)}
	case Sale:
		return []Letter{about(nil), with(sampleSale(free), nameless)}
	case Transfer, TransferSeller:
		return []Letter{with(sampleSale(waiting), nil), with(sampleSale(waiting), nameless)}
	case PaymentFailed:
		return []Letter{
			with(sampleSale(waiting), func(l *Letter) { l.Payment = Payment{Amount: l.Order.Total, Open: true} }),
			with(sampleSale(waiting), func(l *Letter) { l.Payment = Payment{Amount: l.Order.Total} }),
		}
	case PaymentReturned, PaymentReturnedSeller:
		return []Letter{
			about(func(l *Letter) { l.Payment = Payment{Amount: amount, Late: true} }),
			about(func(l *Letter) { l.Payment = Payment{Amount: amount} }),
		}
	case PaymentReview:
		return []Letter{with(sampleSale(waiting), func(l *Letter) { l.Payment = Payment{Amount: amount} })}
	case Refunded, RefundedSeller:
		return []Letter{
			about(func(l *Letter) { l.Refund = Refund{Amount: part, Taken: taken, Reason: reason} }),
			about(func(l *Letter) { l.Refund = Refund{Amount: amount, Whole: true, ByHand: true} }),
			about(func(l *Letter) { l.Refund = Refund{Amount: part}; nameless(l) }),
		}
	case RefundFailed:
		return []Letter{
			about(func(l *Letter) { l.Refund = Refund{Amount: part, Failure: words("expired_or_canceled_card")} }),
			about(func(l *Letter) { l.Refund = Refund{Amount: part, Again: true} }),
		}
	case Disputed:
		state := func(state, reason string) Letter {
			return about(func(l *Letter) { l.Dispute = Dispute{State: state, Amount: amount, Reason: reason} })
		}
		return []Letter{state("opened", "product not received"), state("asked", ""), state("won", ""), state("lost", "")}
	case BookingRequested:
		return []Letter{booked(session, nil), booked(open, nameless)}
	case BookingConfirmed:
		elsewhere := session
		elsewhere.MeetingURL = ""
		return []Letter{booked(session, nil), booked(elsewhere, func(l *Letter) { l.Booking.Changed = true })}
	case BookingCanceled:
		return []Letter{
			booked(session, func(l *Letter) { l.Booking.ComesBack = true }), booked(session, func(l *Letter) { l.Booking.Refunded = true }), booked(open, nil),
		}
	case BookingCanceledSeller:
		return []Letter{booked(session, nil), booked(session, func(l *Letter) { l.Booking.Refunded = true }), booked(open, nameless)}
	case NewFile:
		letter := about(files)
		letter.Order, letter.Files = Order{}, letter.Order.Files
		letter.Files[0].Version = "second edition"
		one := letter
		one.Files = letter.Files[:1]
		return []Letter{one, letter}
	}
	return nil
}
