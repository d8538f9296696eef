package web

import (
	"regexp"
	"strconv"
	"strings"

	"souk/internal/money"
)

// card is a product as it is shown in a list, or by itself.
type card struct {
	drawing
	product
	place int
}

// Card is the product at a place of a list.
func (d drawing) Card(place int, p product) card { return card{d, p, place} }

// Cover is the address of the product's picture.
func (c card) Cover() string { return "/covers/" + c.Slug + ".svg" }

// Loading has the browser load the pictures that are seen first at once.
func (c card) Loading() string {
	if c.Pattern == productsPattern && c.place < 3 {
		return "eager"
	}
	return "lazy"
}

// Kind says what sort of product it is.
func (c card) Kind() (string, error) { return c.T("kind." + string(kindOf(c.product))) }

// tag is a price on a product.
type tag struct {
	card
	price
}

// Shown is the price of the product in a list, or nil.
func (c card) Shown() *tag {
	if c.ActivePrice == nil {
		return nil
	}
	return &tag{c, *c.ActivePrice}
}

// Chosen is the price that is offered first, or nil.
func (c card) Chosen() *tag {
	for _, p := range c.Prices {
		if c.ActivePrice == nil || p.ID == c.ActivePrice.ID {
			return &tag{c, p}
		}
	}
	return nil
}

// Choices are the prices to choose from, if there are several.
func (t tag) Choices() (all []choice) {
	if len(t.Prices) > 1 {
		for _, p := range t.Prices {
			all = append(all, choice{tag{t.card, p}, p.Name, p.ID == t.price.ID})
		}
	}
	return all
}

type choice struct {
	tag
	Name    string
	Checked bool
}

// Text is what it costs.
func (t tag) Text() (string, error) {
	if t.AmountCents == 0 {
		return t.T("price.free")
	}
	return moneyText(t.Amount, t.Currency, t.lang), nil
}

// Period says how often it is paid; "" is once.
func (t tag) Period() (string, error) {
	if t.BillingPeriod != "one_time" {
		return t.T("price." + t.BillingPeriod)
	}
	return "", nil
}

// Several says that more than one can be bought at once.
func (t tag) Several() bool {
	return t.BillingPeriod == "one_time" && t.AmountCents > 0 && money.MaxOrderCents/t.AmountCents > 1
}

// CanBuy says that the button works: buyers sign in.
func (t tag) CanBuy() bool { return t.Page.Clerk.PublishableKey != "" }

// Label is what the button says.
func (t tag) Label() (string, error) {
	switch {
	case t.AmountCents == 0:
		return t.T("product.get")
	case t.BillingPeriod == "one_time":
		return t.T("product.buy")
	}
	return t.T("product.subscribe")
}

// Hint says what comes after the button.
func (t tag) Hint() (string, error) {
	switch {
	case !t.known:
		return t.T("product.hint.signIn")
	case t.AmountCents == 0:
		return t.T("product.hint.free")
	case t.BillingPeriod == "one_time":
		return t.T("product.hint.pay")
	}
	return t.T("product.hint.plan")
}

// Often says how often a file can be downloaded.
func (c card) Often() (string, error) {
	if c.MaxDownloads == nil {
		return c.T("product.downloads.any")
	}
	return c.TN("product.downloads", *c.MaxDownloads)
}

// Long says for how long, if not for ever.
func (c card) Long() (string, error) {
	if c.DownloadDays == nil {
		return "", nil
	}
	return c.TN("product.days", *c.DownloadDays)
}

// About is what is known of a file.
func (c card) About(a asset) (string, error) {
	size := bytesText(a.FileSizeBytes, c.lang)
	if a.VersionLabel == "" {
		return size, nil
	}
	version, err := c.T("product.version", "version", a.VersionLabel)
	return version + " · " + size, err
}

// bytesText writes a size as the scripts do (frontend/src/lib/bytes.ts).
func bytesText(size int64, lang string) string {
	value, unit := float64(size), 0
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	if lang == "de" {
		units[0] = "Byte"
	} else if size == 1 {
		units[0] = "byte"
	}
	for value >= 999.5 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	digits := 0
	if value < 10 && unit > 0 {
		digits = 1
	}
	text := strings.TrimSuffix(strconv.FormatFloat(value, 'f', digits, 64), ".0")
	if lang == "de" {
		text = strings.ReplaceAll(text, ".", ",")
	}
	return text + " " + units[unit]
}

// block is a part of a description: a paragraph, or a list.
type block struct {
	Text    string
	Ordered bool
	Items   []string
}

var (
	emptyLines = regexp.MustCompile(`\n\s*\n`)
	bulletLine = regexp.MustCompile(`^\s*[-*•]\s+(.+)$`)
	numberLine = regexp.MustCompile(`^\s*\d{1,3}[.)]\s+(.+)$`)
)

// Blocks reads the description as the scripts do (frontend/src/features/catalog/description.ts).
func (c card) Blocks() (blocks []block) {
	text := strings.ReplaceAll(strings.ReplaceAll(c.Description, "\r\n", "\n"), "\r", "\n")
	for _, paragraph := range emptyLines.Split(text, -1) {
		begun := len(blocks)
		for line := range strings.SplitSeq(paragraph, "\n") {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			item, ordered := numberLine.FindStringSubmatch(line), true
			if item == nil {
				item, ordered = bulletLine.FindStringSubmatch(line), false
			}
			var last *block
			if len(blocks) > begun {
				last = &blocks[len(blocks)-1]
			}
			switch {
			case item != nil && last != nil && last.Items != nil && last.Ordered == ordered:
				last.Items = append(last.Items, item[1])
			case item != nil:
				blocks = append(blocks, block{Ordered: ordered, Items: []string{item[1]}})
			case last != nil && last.Text != "":
				last.Text += "\n" + line
			default:
				blocks = append(blocks, block{Text: line})
			}
		}
	}
	return blocks
}
