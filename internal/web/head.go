package web

import (
	_ "embed" // the template
	"html/template"
	"strings"
)

//go:embed head.html
var headHTML string

var headTemplate = template.Must(template.New("head").Parse(headHTML))

// head is what a crawler, and a preview of a link, read of a page.
type head struct {
	Shop        string
	Name        string // of what is shown
	Title       string // the same with the shop's name
	Description string
	Canonical   string // the whole address; empty: not for search engines
	Kind        string // Open Graph's type
	Image       string // the whole address of a picture of 1200 by 630
	Price       *price
	Scripts     []string // to be loaded at once
	Font        string   // too
	Facts       []any    // JSON-LD; html/template writes it as JSON that cannot end its element
}

// facts are JSON-LD of schema.org.
type facts map[string]any

// siteFacts tell of the shop, on its first page.
func (h *Handler) siteFacts() []any {
	address := h.origin + "/"
	shop := facts{"@context": "https://schema.org", "@type": "Organization", "@id": address + "#shop", "name": h.page.Shop, "url": address, "logo": h.origin + "/icon.svg"}
	site := facts{
		"@context": "https://schema.org", "@type": "WebSite", "name": h.page.Shop, "url": address, "publisher": facts{"@id": address + "#shop"},
		"potentialAction": facts{
			"@type": "SearchAction", "target": h.origin + "/products?search={search_term_string}", "query-input": "required name=search_term_string",
		},
	}
	return []any{shop, site}
}

// productFacts tell of a product with its offer, and of the way to it. products is what the list of all is called.
func (h *Handler) productFacts(p product, image, products string) []any {
	address := h.origin + "/products/" + p.Slug
	thing := facts{
		"@context": "https://schema.org", "@type": "Product", "name": p.Name, "url": address, "sku": p.Slug, "image": image,
		"description": strings.TrimSpace(p.Tagline + "\n\n" + p.Description),
	}
	if p.ActivePrice != nil {
		offer := facts{
			"@type": "Offer", "url": address, "price": p.ActivePrice.Amount, "priceCurrency": p.ActivePrice.Currency,
			"availability": "https://schema.org/InStock", "seller": facts{"@type": "Organization", "name": h.page.Shop},
		}
		if unit := units[p.ActivePrice.BillingPeriod]; unit != "" {
			offer["priceSpecification"] = facts{
				"@type": "UnitPriceSpecification", "price": p.ActivePrice.Amount, "priceCurrency": p.ActivePrice.Currency,
				"referenceQuantity": facts{"@type": "QuantitativeValue", "value": 1, "unitCode": unit},
			}
		}
		thing["offers"] = offer
	}
	step := func(place int, name, address string) facts {
		return facts{"@type": "ListItem", "position": place, "name": name, "item": address}
	}
	way := facts{
		"@context": "https://schema.org", "@type": "BreadcrumbList",
		"itemListElement": []any{step(1, products, h.origin+"/products"), step(2, p.Name, address)},
	}
	return []any{thing, way}
}

// units are the UN/CEFACT codes of the periods that a price is for.
var units = map[string]string{"monthly": "MON", "yearly": "ANN"}

// summary is text in one line of at most limit letters, cut between words.
func summary(text string, limit int) string {
	text = strings.Join(strings.Fields(text), " ")
	letters := []rune(text)
	if len(letters) <= limit {
		return text
	}
	cut := string(letters[:limit-1])
	if space := strings.LastIndexByte(cut, ' '); space > limit/2 {
		cut = cut[:space]
	}
	return cut + "…"
}
