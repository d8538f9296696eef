package notice

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"souk/internal/booking"
	"souk/internal/fulfillment"
	"souk/internal/mail"
	"souk/internal/order"
)

var update = flag.Bool("update", false, "write the golden mails anew")

// Every kind is rendered with all its samples. The texts are golden files: what changes in them is seen.
func TestEveryKindOfMail(t *testing.T) {
	templates, err := LoadTemplates("")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds() {
		for i, sample := range samples(kind, "Field Notes Press", "https://shop.example.test") {
			made, err := templates.render(kind, sample)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", string(kind)+strconv.Itoa(i+1)+".txt")
			text := "Subject: " + made.Subject + "\n\n" + made.Text
			if dir := os.Getenv("SOUK_WRITE_MAILS"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, string(kind)+strconv.Itoa(i+1)+".html"), []byte(made.HTML), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if *update {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(golden), text); diff != "" {
				t.Errorf("%s is another one (go test ./internal/notice -update writes it anew):\n%s", path, diff)
			}
		}
	}
}

func TestTheGuideNamesEveryKind(t *testing.T) {
	text, err := os.ReadFile("../../docs/mail.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds() {
		if !strings.Contains(string(text), "`"+string(kind)+"`") {
			t.Errorf("docs/mail.md says nothing of %s", kind)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTemplatesCanBeReplaced(t *testing.T) {
	dir := t.TempDir()
	written, err := WriteTemplates(dir)
	if err != nil || len(written) != 2+2*len(Kinds()) {
		t.Fatalf("%d were written: %v", len(written), err)
	}
	if _, err := WriteTemplates(dir); !errors.Is(err, os.ErrExist) {
		t.Errorf("written over what was there: %v", err)
	}
	write(t, dir, "receipt.txt", `{{define "subject"}}Danke für {{.Order.Title}}{{end}}{{define "body"}}Kurz.{{end}}`)
	write(t, dir, "notes.md", "{{broken")
	templates, err := LoadTemplates(dir)
	if err != nil {
		t.Fatal(err)
	}
	made, err := templates.render(Receipt, samples(Receipt, "Souk", "https://shop.example.test")[0])
	if err != nil || made.Subject != "Danke für Field notes and 1 more" || made.Text != "Hello Sample Buyer,\n\nKurz.\n\nSouk\nhttps://shop.example.test\n" {
		t.Errorf("%q, %q, %v", made.Subject, made.Text, err)
	}
}

func TestBrokenTemplatesAreNamed(t *testing.T) {
	for _, c := range []struct{ file, text, named string }{
		{"receipt.html", "{{define \"title\"}}x{{end}}\n{{define \"body\"}}\n{{if}}{{end}}", "receipt.html:3"},
		{"sale.txt", "{{define \"subject\"}}x{{end}}{{define \"body\"}}\n\n{{.Order.Price}}{{end}}", "sale.txt:3"},
		{"refund.html", "{{define \"title\"}}x{{end}}{{define \"body\"}}\n<a href='{{.Refund.Link}}'>{{end}}", "refund.html:2"},
		{"dispute.txt", `{{define "body"}}x{{end}}`, "subject"},
		{"transfer.txt", `{{define "subject"}} {{end}}{{define "body"}}x{{end}}`, "transfer.txt: the subject is empty"},
		{"layout.html", "\n\n{{template \"nothing\"}}", "layout.html:3"},
		{"reciept.html", "x", "reciept.html takes the place of no template"},
	} {
		dir := t.TempDir()
		write(t, dir, c.file, c.text)
		if _, err := LoadTemplates(dir); err == nil || !strings.Contains(err.Error(), c.named) {
			t.Errorf("%s: %v, want %q named", c.file, err, c.named)
		}
	}
	if _, err := LoadTemplates(filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("a folder that is not there was taken")
	}
}

// What sellers and buyers write is text in a mail, whatever it is.
func TestNothingThatOthersWriteIsHTML(t *testing.T) {
	templates, err := LoadTemplates("")
	if err != nil {
		t.Fatal(err)
	}
	const evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\r\n.\r\nX: y"
	sale := sampleSale(func(s *order.Sale) {
		s.BuyerName, s.BuyerEmail = evil, evil
		s.Items[0].ProductName, s.Items[0].PriceName, s.Items[0].FeatureKeys = evil, evil, []string{evil}
	})
	start := sampleTime
	l := localeOf("")
	letter := Letter{
		Shop: mail.Line(evil), Home: "https://shop.example.test", Name: mail.Line(evil), Order: orderOut(l, sale, Person{evil, evil}, "https://shop.example.test"),
		Booking: bookingOut(l, booking.Booking{ProductName: evil, CustomerName: evil, BillingEmail: evil, CustomerNotes: evil, MeetingURL: "javascript:alert(1)", Start: &start, End: &start}),
		Files:   []File{fileOut(l, fulfillment.Grant{AssetTitle: evil, ProductName: evil})},
		Refund:  Refund{Amount: "1.00 USD", Reason: paragraph(evil), Failure: words(evil)}, Dispute: Dispute{State: "opened", Reason: words(evil)},
	}
	letter.Order.Files = letter.Files
	for _, kind := range Kinds() {
		made, err := templates.render(kind, letter)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(made.HTML, "<script") || strings.Contains(made.HTML, "<img") || strings.Contains(made.HTML, `href="javascript:`) {
			t.Errorf("%s: %s", kind, made.HTML)
		}
		if strings.ContainsAny(made.Subject, "\r\n") || strings.Contains(made.Text, "\r") || strings.Contains(made.Text, "\n.\n") || strings.Contains(made.Text, "\nX: y") && kind != BookingRequested {
			t.Errorf("%s: %q\n%s", kind, made.Subject, made.Text)
		}
	}
}

func TestNumbersAndDatesAreThoseOfTheCountry(t *testing.T) {
	end := sampleTime.Add(time.Hour)
	for _, c := range []struct{ country, usd, jpy, kwd, date, span string }{
		{"", "1,234,567.89 USD", "1,000 JPY", "1.250 KWD", "22 November 2026", "Sunday, 22 November 2026, 20:15 to 21:15 UTC"},
		{"US", "1,234,567.89 USD", "1,000 JPY", "1.250 KWD", "November 22, 2026", "Sunday, November 22, 2026, 8:15 PM to 9:15 PM UTC"},
		{"GB", "1,234,567.89 USD", "1,000 JPY", "1.250 KWD", "22 November 2026", ""},
		{"DE", "1.234.567,89 USD", "1.000 JPY", "1,250 KWD", "22 November 2026", ""},
		{"FR", "1\u00a0234\u00a0567,89 USD", "1\u00a0000 JPY", "1,250 KWD", "22 November 2026", ""},
		{"CH", "1’234’567.89 USD", "1’000 JPY", "1.250 KWD", "22 November 2026", ""},
		{"IN", "12,34,567.89 USD", "1,000 JPY", "1.250 KWD", "22 November 2026", ""},
		{"EG", "1,234,567.89 USD", "1,000 JPY", "1.250 KWD", "22 November 2026", ""},
		{"XX", "1,234,567.89 USD", "1,000 JPY", "1.250 KWD", "22 November 2026", ""},
		{"?", "1,234,567.89 USD", "1,000 JPY", "1.250 KWD", "22 November 2026", ""},
	} {
		l := localeOf(c.country)
		got := []string{l.money(123456789, "USD"), l.money(1000, "JPY"), l.money(1250, "KWD"), l.date(sampleTime)}
		if want := []string{c.usd, c.jpy, c.kwd, c.date}; !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", c.country, got, want)
		}
		if span := l.span(sampleTime, end); c.span != "" && span != c.span {
			t.Errorf("%q: %q, want %q", c.country, span, c.span)
		}
	}
	if span := localeOf("").span(sampleTime, sampleTime.Add(4*time.Hour)); span != "Sunday, 22 November 2026, 20:15 to Monday, 00:15 UTC" {
		t.Errorf("over midnight: %q", span)
	}
}
