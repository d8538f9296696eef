package web

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"souk/frontend"
)

// Every text that the template says is in the catalogue, whatever a product has.
func TestEveryPageCanBeDrawn(t *testing.T) {
	few, one := 3, 1
	prices := []price{
		{ID: 1, Name: "One", AmountCents: 1900, Amount: "19.00", Currency: "USD", BillingPeriod: "one_time"},
		{ID: 2, Name: "Month", AmountCents: 900, Amount: "9.00", Currency: "USD", BillingPeriod: "monthly"},
		{ID: 3, Name: "Year", AmountCents: 9000, Amount: "90.00", Currency: "USD", BillingPeriod: "yearly"},
		{ID: 4, Name: "Gift", Amount: "0.00", Currency: "USD", BillingPeriod: "one_time"},
	}
	products := []product{
		{Name: "Bare", Slug: "bare", ProductType: "digital"},
		{
			Name: "Hour", Slug: "hour", ProductType: "service", Description: "About\n\n- a\n- b\n\n1. c\n2. d", ActivePrice: &prices[3], Prices: prices[3:],
			ServiceOffer: &offer{SessionMinutes: 60, DeliveryDays: &few, RevisionCount: 2, OnboardingInstructions: "Come."},
		},
		{Name: "Once", Slug: "once", ProductType: "service", ActivePrice: &prices[0], Prices: prices[:1], ServiceOffer: &offer{SessionMinutes: 1, DeliveryDays: &one, RevisionCount: 1}},
	}
	for i := range prices {
		products = append(products, product{
			Name: "All", Slug: "all", Tagline: "Tag", ProductType: "digital", ActivePrice: &prices[i], Prices: prices,
			Assets: []asset{{"File", "2", 1_234_567}, {"Other", "", 1}}, MaxDownloads: &few, DownloadDays: &one,
		})
	}
	for lang, texts := range frontend.Messages() {
		draw := func(d drawing) string {
			d.texts, d.lang, d.languages = texts, lang, []string{"en", "de"}
			var out bytes.Buffer
			if err := pagesTemplate.ExecuteTemplate(&out, "app", d); err != nil {
				t.Errorf("%s in %s: %v", d.Pattern, lang, err)
			}
			return out.String()
		}
		tools := Page{Shop: "Bazaar", Tools: []Link{{"mail", "/__mail/"}}, Clerk: Clerk{PublishableKey: "pk"}}
		for _, known := range []bool{true, false} {
			for _, p := range products {
				d := drawing{visitor: visitor{known: known, theme: "dark"}, Page: tools, Pattern: productPattern, Products: []product{p}, Ready: true}
				if got := draw(d); strings.Count(got, "<form ")+strings.Count(got, "<div class=\"card") != 1 {
					t.Errorf("%s cannot be bought once: %s", p.Name, got)
				}
				d.Page.Clerk.PublishableKey = ""
				draw(d)
			}
		}
		for _, d := range []drawing{
			{Pattern: homePattern, Ready: true},
			{Pattern: homePattern, Ready: true, Products: products},
			{Pattern: homePattern},
			{Pattern: productsPattern},
			{Pattern: productsPattern, Ready: true},
			{Pattern: productsPattern, Ready: true, Products: products, Next: "x"},
			{Pattern: productsPattern, Ready: true, Products: products[:1], query: map[string][]string{"cursor": {"x"}, "ordering": {"name"}}},
			{Pattern: productsPattern, Ready: true, query: map[string][]string{"search": {"x"}}},
			{Pattern: productsPattern, Ready: true, query: map[string][]string{"product_type": {"service"}}},
			{Pattern: productPattern},
			{Pattern: "/app", Title: "Account", Lead: "Lead"},
			{Pattern: "/checkout/success"},
			{Pattern: "/checkout/cancel"},
			{Missing: true},
		} {
			if got := draw(d); !strings.Contains(got, "</main>") {
				t.Errorf("%+v: %s", d, got)
			}
		}
	}
}

func TestADescriptionIsReadAsByTheScripts(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "[]",
		" \n\n ":                       "[]",
		"One\r\ntwo\r\n\r\nThree":      "[{One\ntwo false []} {Three false []}]",
		"Here:\n- a\n * b\n• c\nafter": "[{Here: false []} { false [a b c]} {after false []}]",
		"1. a\n2) b\n- c":              "[{ true [a b]} { false [c]}]",
		"- a\n\n- b":                   "[{ false [a]} { false [b]}]",
		"-a\n1.b\n2026. Year":          "[{-a\n1.b\n2026. Year false []}]",
		"<b>x</b>":                     "[{<b>x</b> false []}]",
	} {
		if got := fmt.Sprint(card{product: product{Description: text}}.Blocks()); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSizesAreWrittenAsByTheScripts(t *testing.T) {
	for size, want := range map[int64][]string{
		0: {"0 bytes", "0 Byte"}, 1: {"1 byte", "1 Byte"}, 999: {"999 bytes", "999 Byte"}, 1000: {"1 kB", "1 kB"},
		1234: {"1.2 kB", "1,2 kB"}, 999_499: {"999 kB", "999 kB"}, 999_500: {"1 MB", "1 MB"}, 73_400_320: {"73 MB", "73 MB"},
	} {
		if got := []string{bytesText(size, "en"), bytesText(size, "de")}; !slices.Equal(got, want) {
			t.Errorf("%d: %q, want %q", size, got, want)
		}
	}
}
