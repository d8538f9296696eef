package notice

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fulfillment"
	"souk/internal/mail"
	"souk/internal/order"
)

// ofOrder is the data of notices about an order.
type ofOrder struct {
	Order  string `json:"order"`           // its public id
	Seller int64  `json:"seller"`          // a profile
	Event  int64  `json:"event"`           // the step in its timeline
	Whole  bool   `json:"whole,omitempty"` // the order was refunded whole then
}

// OrderHappened tells those whom a step in the life of an order concerns, in the transaction that takes it.
func (s *Service) OrderHappened(ctx context.Context, tx *db.Tx, o order.Order, e order.Event) error {
	told := whoIsTold(o, e)
	if len(told) == 0 {
		return nil
	}
	buyer, err := s.People.Owner(ctx, o.CustomerID)
	if err != nil {
		return err
	}
	data := ofOrder{o.PublicID, o.SellerID, e.ID, o.Status == order.Refunded}
	for _, kind := range told {
		to, event := buyer, o.PublicID+":"+strconv.FormatInt(e.ID, 10)
		if kinds[kind].seller {
			to = o.SellerID
		}
		if e.Kind == "created" || e.Kind == "paid" { // which happen once to an order
			event = o.PublicID
		}
		if err := s.tell(ctx, tx, to, kind, event, data); err != nil {
			return err
		}
	}
	return nil
}

// whoIsTold are the kinds of mails that a step causes.
func whoIsTold(o order.Order, e order.Event) []Kind {
	switch e.Kind {
	case "created":
		if o.Provider == order.Manual && o.TotalCents > 0 {
			return []Kind{Transfer, TransferSeller}
		}
	case "paid":
		return []Kind{Receipt, Sale}
	case "payment_failed":
		return []Kind{PaymentFailed}
	case "late_payment", "double_payment":
		return []Kind{PaymentReturned, PaymentReturnedSeller}
	case "payment_mismatch":
		return []Kind{PaymentReview}
	case "refunded":
		if e.Actor == "seller" {
			return []Kind{Refunded}
		}
		return []Kind{Refunded, RefundedSeller}
	case "refund_failed":
		return []Kind{RefundFailed}
	case "dispute_inquiry", "dispute_opened", "dispute_won", "dispute_lost":
		return []Kind{Disputed}
	}
	return nil
}

// fillOrder writes the order that n is about, and what it gave, into the letter.
func fillOrder(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	_, err := s.fillOrder(ctx, n, to, into)
	return err
}

// fillWaiting is fillOrder for an order that waits to be paid.
func fillWaiting(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	step, err := s.fillOrder(ctx, n, to, into)
	if err == nil && step.Status != order.PendingPayment {
		err = overtaken
	}
	return err
}

// fillPaymentFailed is for an order whose payment was under way and came to nothing.
func fillPaymentFailed(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	step, err := s.fillOrder(ctx, n, to, into)
	if err == nil && step.Status != order.PendingPayment && step.Status != order.Canceled {
		err = overtaken // it was paid since
	}
	into.Payment = Payment{Amount: into.Order.Total, Open: step.Status == order.PendingPayment}
	return err
}

// fillPayment is for a payment that an order did not need.
func fillPayment(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	step, err := s.fillOrder(ctx, n, to, into)
	into.Payment = Payment{Amount: to.locale.money(step.told.AmountCents, step.told.Currency), Late: step.event.Kind == "late_payment"}
	return err
}

func fillRefund(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	step, err := s.fillOrder(ctx, n, to, into)
	into.Refund = refundOut(to.locale, step)
	return err
}

func refundOut(l locale, step step) Refund {
	r := Refund{Whole: step.whole, Reason: paragraph(step.told.Reason), Failure: words(step.told.Failure), Again: step.told.AfterSuccess}
	if step.told.AmountCents > 0 {
		r.Amount = l.money(step.told.AmountCents, step.told.Currency)
	}
	for _, e := range step.Timeline {
		r.ByHand = r.ByHand || e.Kind == "paid" && e.Actor != order.Stripe
	}
	for _, line := range step.told.Lines {
		for _, item := range step.Items {
			if item.ID == line.Item {
				r.Taken = append(r.Taken, Line{Product: mail.Line(item.ProductName), Price: mail.Line(item.PriceName), Quantity: line.Quantity})
			}
		}
	}
	return r
}

// words are those of a provider's code: expired_or_canceled_card.
func words(code string) string { return strings.ReplaceAll(mail.Line(code), "_", " ") }

// disputeStates are what a mail says of where a dispute stands.
var disputeStates = map[string]string{"dispute_inquiry": "asked", "dispute_opened": "opened", "dispute_won": "won", "dispute_lost": "lost"}

func fillDispute(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	step, err := s.fillOrder(ctx, n, to, into)
	into.Dispute = Dispute{
		State: disputeStates[step.event.Kind], Amount: to.locale.money(step.told.AmountCents, step.told.Currency),
		Reason: words(step.told.Reason),
	}
	return err
}

// step is an order, and the step in its life that a notice tells of.
type step struct {
	order.Sale
	event order.Event
	whole bool // nothing of the order was left after it
	told  struct {
		AmountCents  int64  `json:"amount_cents"`
		Currency     string `json:"currency"`
		Reason       string `json:"reason"`
		Failure      string `json:"failure"`
		AfterSuccess bool   `json:"after_success"`
		Lines        []struct {
			Item     int64 `json:"order_item"`
			Quantity int64 `json:"quantity"`
		} `json:"lines"`
	}
}

// fillOrder writes the order that n is about, and what it gave, into the letter, and gives the step that n tells of.
func (s *Service) fillOrder(ctx context.Context, n Notice, to person, into *Letter) (st step, err error) {
	var about ofOrder
	if err := json.Unmarshal(n.Data, &about); err != nil {
		return step{}, err
	}
	st.whole = about.Whole
	if st.Sale, err = s.Orders.Sale(ctx, about.Seller, about.Order); err != nil {
		return step{}, err
	}
	for _, e := range st.Timeline {
		if e.ID == about.Event {
			st.event = e
			if err := json.Unmarshal(e.Detail, &st.told); err != nil {
				return step{}, err
			}
		}
	}
	seller, err := s.People.Profile(ctx, st.SellerID)
	if err != nil {
		return step{}, err
	}
	into.Order = orderOut(to.locale, st.Sale, Person{Name: seller.Name(), Email: seller.Email}, s.PublicURL)
	if n.Kind == Receipt {
		err = s.addFiles(ctx, to, st.Sale, &into.Order)
	}
	return st, err
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
		for _, key := range lines(item.FeatureKeys) {
			if !slices.Contains(o.Features, key) {
				o.Features = append(o.Features, key)
			}
		}
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
