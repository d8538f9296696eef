package notice

import (
	"strings"

	"souk/internal/mail"
)

// Letter is what a template is given: everything as text that can be shown. What a mail is not about is empty.
type Letter struct {
	Shop    string // the shop's name
	Home    string // its address
	Name    string // of who gets the mail; may be empty
	Subject string // for the HTML; made from the text template
	Links   Links
	Order   Order
	Payment Payment
	Refund  Refund
	Dispute Dispute
	Booking Booking
	Files   []File // new ones
}

// Links lead to pages of the shop.
type Links struct {
	Purchases     string // the buyer's orders
	Downloads     string
	Bookings      string
	Subscriptions string
	Dashboard     string // where a seller works
}

// Person is somebody that a mail names. Both may be empty.
type Person struct{ Name, Email string }

// Order is an order as mails show it. Amounts have their currency with them.
type Order struct {
	ID            string // its public id
	Title         string // the first thing in it, and how many more
	Date          string // of the payment, or of the order while it is not paid
	Lines         []Line
	Subtotal, Tax string // empty without a tax
	Total         string
	Free          bool // it costs nothing
	Buyer, Seller Person
	Link          string // the order's own page

	// What it gave, as far as it stands.
	Files        []File
	Sessions     bool     // it has services, whose sessions need a time
	Features     []string // keys of what it unlocked
	Subscription bool
}

// Line is one position of an order.
type Line struct {
	Product, Price string // their names
	Quantity       int64
	Each, Amount   string
}

// File is something to download.
type File struct {
	Title, Product, Version string
	Terms                   string // how often and until when it can be downloaded; empty: without a limit
}

// Payment is money that came, or did not.
type Payment struct {
	Amount string
	Late   bool // it came when the order was canceled; else the order was paid already
	Open   bool // the order can still be paid
}

// Refund is money that went back, or was to.
type Refund struct {
	Amount  string // empty if nothing was paid
	Whole   bool   // nothing of the order is left
	Taken   []Line // what was taken back of an order that goes on; without amounts
	Reason  string
	Failure string // why it could not be done, in the provider's word
	ByHand  bool   // the seller gives the money back, not a provider
	Again   bool   // it had been done, and came back
}

// Dispute is a buyer's bank that wants a payment back.
type Dispute struct {
	State  string // asked, opened, won, lost
	Amount string
	Reason string // the bank's word
}

// Booking is a session of a service.
type Booking struct {
	Service   string
	When      string // empty: without a time
	Meeting   string // an https address, or empty
	Notes     string // the buyer's; several lines
	Buyer     Person
	Changed   bool // the time, or the place to meet, is another one than before
	Paid      bool // it was bought; else it is a question
	Refunded  bool // it was canceled because what it was bought with was refunded
	ComesBack bool // the buyer may choose another time for it
}

func (s *Service) letter(to person) Letter {
	return Letter{Shop: mail.Line(s.Shop), Home: s.PublicURL, Name: mail.Line(to.address.Name), Links: linksOf(s.PublicURL)}
}

// buyer is whom the mail is about.
func (l Letter) buyer() Person {
	if l.Booking.Buyer != (Person{}) {
		return l.Booking.Buyer
	}
	return l.Order.Buyer
}

func linksOf(origin string) Links {
	return Links{
		Purchases: origin + "/account/purchases", Downloads: origin + "/account/downloads", Bookings: origin + "/account/bookings",
		Subscriptions: origin + "/account/subscriptions", Dashboard: origin + "/app",
	}
}

// lines are texts that each stand on one line, whatever is in them.
func lines(texts []string) (out []string) {
	for _, text := range texts {
		out = append(out, mail.Line(text))
	}
	return out
}

// paragraph is a text of somebody's that may have several lines, without what is no text in it.
func paragraph(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, mail.Line(line))
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
