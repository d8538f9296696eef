package web

import (
	"encoding/json"
	"net/url"
	"strings"

	"souk/internal/slug"
)

// Patterns of the pages that the server draws itself, as far as a crawler and the first paint want it.
const (
	homePattern     = "/"
	productsPattern = "/products"
	productPattern  = "/products/:slug"
)

// needs is what the page at an address asks the API for first: the path and query that its scripts will ask for, too, to the
// letter; "" is nothing. ok is false for an address that no page is at.
func needs(pattern, address string, u *url.URL) (api string, ok bool) {
	switch pattern {
	case homePattern:
		return "/api/products/?limit=6", true
	case productsPattern:
		api = "/api/products/?limit=24"
		for _, name := range []string{"product_type", "search", "ordering", "cursor"} {
			if value := u.Query().Get(name); value != "" {
				api += "&" + name + "=" + component.Replace(url.QueryEscape(strings.ToValidUTF8(value, "\uFFFD")))
			}
		}
		return api, len(api) <= maxAddress
	case productPattern:
		name := strings.TrimPrefix(address, "/products/")
		return "/api/products/" + name + "/", name != "" && slug.Make(name) == name
	}
	return "", true
}

// maxAddress bounds the keys of what is kept.
const maxAddress = 1024

// component makes of Go's escapes of a query's value those of encodeURIComponent.
var component = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")

// product is what the documents show of the API's products; what follows Prices, a list does not have.
type product struct {
	Name         string  `json:"name"`
	Slug         string  `json:"slug"`
	Tagline      string  `json:"tagline"`
	Description  string  `json:"description"`
	ProductType  string  `json:"product_type"`
	ActivePrice  *price  `json:"active_price"`
	UpdatedAt    string  `json:"updated_at"`
	Prices       []price `json:"prices"`
	Assets       []asset `json:"assets"`
	ServiceOffer *offer  `json:"service_offer"`
	MaxDownloads *int    `json:"max_downloads"`
	DownloadDays *int    `json:"download_days"`
}

type price struct {
	ID            int64  `json:"id"`
	Name          string `json:"name"`
	AmountCents   int64  `json:"amount_cents"`
	Amount        string `json:"amount"`
	Currency      string `json:"currency"`
	BillingPeriod string `json:"billing_period"`
}

type asset struct {
	Title         string `json:"title"`
	VersionLabel  string `json:"version_label"`
	FileSizeBytes int64  `json:"file_size_bytes"`
}

type offer struct {
	SessionMinutes         int    `json:"session_minutes"`
	DeliveryDays           *int   `json:"delivery_days"`
	RevisionCount          int    `json:"revision_count"`
	OnboardingInstructions string `json:"onboarding_instructions"`
}

// preload is the API's answers for the scripts, by path and query.
func preload(api string, a answer) map[string]preloaded {
	if api == "" || a.body == nil {
		return map[string]preloaded{}
	}
	return map[string]preloaded{api: {a.body, cursor(a.next)}}
}

type preloaded struct {
	Body json.RawMessage `json:"body"`
	Next string          `json:"next,omitempty"` // the cursor of a list's next page
}

// cursor is the cursor in the address of a list's next page.
func cursor(next string) string {
	_, query, _ := strings.Cut(next, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return values.Get("cursor")
}
