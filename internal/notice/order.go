package notice

import (
	"context"
	"encoding/json"
	"strconv"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fulfillment"
	"souk/internal/mail"
	"souk/internal/order"
)

// ofOrder is the data of notices about an order.
type ofOrder struct {
	Order  string `json:"order"`  // its public id
	Seller int64  `json:"seller"` // a profile
	Event  int64  `json:"event"`  // the step in its timeline
}

// OrderHappened tells those whom a step in the life of an order concerns, in the transaction that takes it.
func (s *Service) OrderHappened(ctx context.Context, tx *db.Tx, o order.Order, e order.Event) error {
	var tells []orderTell
	switch e.Kind {
	case "created":
		if o.Provider == order.Manual && o.TotalCents > 0 {
			tells = []orderTell{{Transfer, o.PublicID}, {TransferSeller, o.PublicID}}
		}
	case "paid":
		tells = []orderTell{{Receipt, o.PublicID}, {Sale, o.PublicID}}
	}
	if len(tells) == 0 {
		return nil
	}
	buyer, err := s.People.Owner(ctx, o.CustomerID)
	if err != nil {
		return err
	}
	data := ofOrder{o.PublicID, o.SellerID, e.ID}
	for _, t := range tells {
		to := buyer
		if kinds[t.kind].seller {
			to = o.SellerID
		}
		if err := s.tell(ctx, tx, to, t.kind, t.event, data); err != nil {
			return err
		}
	}
	return nil
}

// orderTell is a kind of mail, and what names the event that it tells of.
type orderTell struct {
	kind  Kind
	event string
}

// fillOrder writes the order that n is about, and what it gave, into the letter.
func fillOrder(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	_, _, err := s.fillOrder(ctx, n, to, into)
	return err
}

// fillWaiting is fillOrder for an order that waits to be paid.
func fillWaiting(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	sale, _, err := s.fillOrder(ctx, n, to, into)
	if err == nil && sale.Status != order.PendingPayment {
		err = overtaken
	}
	return err
}

func (s *Service) fillOrder(ctx context.Context, n Notice, to person, into *Letter) (order.Sale, order.Event, error) {
	var about ofOrder
	if err := json.Unmarshal(n.Data, &about); err != nil {
		return order.Sale{}, order.Event{}, err
	}
	sale, err := s.Orders.Sale(ctx, about.Seller, about.Order)
	if err != nil {
		return order.Sale{}, order.Event{}, err
	}
	seller, err := s.People.Profile(ctx, sale.SellerID)
	if err != nil {
		return order.Sale{}, order.Event{}, err
	}
	into.Order = orderOut(to.locale, sale, Person{Name: seller.Name(), Email: seller.Email}, s.PublicURL)
	if !to.seller {
		if err := s.addFiles(ctx, to, sale, &into.Order); err != nil {
			return order.Sale{}, order.Event{}, err
		}
	}
	var event order.Event
	for _, e := range sale.Timeline {
		if e.ID == about.Event {
			event = e
		}
	}
	return sale, event, nil
}

// orderOut is an order as mails show it.
func orderOut(l locale, sale order.Sale, seller Person, origin string) Order {
	o := Order{
		ID: sale.PublicID, Date: l.date(sale.CreatedAt), Total: l.money(sale.TotalCents, sale.Currency), Free: sale.TotalCents == 0,
		Buyer:  Person{mail.Line(sale.BuyerName), mail.Line(sale.BuyerEmail)},
		Seller: Person{mail.Line(seller.Name), mail.Line(seller.Email)},
		Link:   origin + "/checkout/" + sale.PublicID + "/",
	}
	if sale.PaidAt != nil {
		o.Date = l.date(*sale.PaidAt)
	}
	if sale.TaxCents > 0 {
		o.Subtotal, o.Tax = l.money(sale.TotalCents-sale.TaxCents, sale.Currency), l.money(sale.TaxCents, sale.Currency)
	}
	for _, item := range sale.Items {
		o.Lines = append(o.Lines, Line{
			Product: mail.Line(item.ProductName), Price: mail.Line(item.PriceName), Quantity: item.Quantity,
			Each: l.money(item.UnitAmountCents, sale.Currency), Amount: l.money(item.TotalAmountCents, sale.Currency),
		})
		o.Sessions = o.Sessions || item.ProductType == catalog.TypeService
		o.Subscription = o.Subscription || item.Recurring()
		o.Features = append(o.Features, lines(item.FeatureKeys)...)
	}
	o.Title = o.Lines[0].Product
	if more := len(o.Lines) - 1; more > 0 {
		o.Title += " and " + strconv.Itoa(more) + " more"
	}
	return o
}

// maxFiles is how many files a mail names.
const maxFiles = 50

// addFiles writes the files that the order lets its buyer download.
func (s *Service) addFiles(ctx context.Context, to person, sale order.Sale, into *Order) error {
	grants, err := s.Fulfillment.DownloadsOf(ctx, to.profile, sale.PublicID, maxFiles)
	for _, g := range grants {
		if g.Usable(s.Now()) == nil {
			into.Files = append(into.Files, fileOut(to.locale, g))
		}
	}
	return err
}

func fileOut(l locale, g fulfillment.Grant) File {
	f := File{Title: mail.Line(g.AssetTitle), Product: mail.Line(g.ProductName)}
	if g.MaxDownloads != nil {
		f.Terms = l.count(*g.MaxDownloads-g.DownloadCount, "download")
	}
	if g.ExpiresAt != nil {
		if f.Terms != "" {
			f.Terms += ", "
		}
		f.Terms += "until " + l.date(*g.ExpiresAt)
	}
	return f
}
