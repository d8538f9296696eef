package notice

import (
	"time"

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
	nameless := func(letter *Letter) { letter.Name, letter.Order.Seller, letter.Order.Buyer = "", Person{}, Person{} }
	switch kind {
	case Receipt:
		return []Letter{with(sampleSale(nil), files), with(sampleSale(free), nameless), with(sampleSale(plan), nil)}
	case Sale:
		return []Letter{with(sampleSale(nil), nil), with(sampleSale(free), nameless)}
	case Transfer, TransferSeller:
		return []Letter{with(sampleSale(waiting), nil), with(sampleSale(waiting), nameless)}
	}
	return nil
}
