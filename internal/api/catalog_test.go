package api_test

import (
	"fmt"
	"testing"

	"souk/internal/souktest"
)

// sell makes a published product of the seller with one price, and gives its path.
func sell(t *testing.T, seller *souktest.Client, name string, cents int64) souktest.Object {
	t.Helper()
	p := seller.Post("/api/seller/products/", fmt.Sprintf(`{"name":%q,"visibility":"published"}`, name)).Is(201).Object()
	seller.Post(fmt.Sprintf("/api/seller/products/%d/prices/", p.ID()),
		fmt.Sprintf(`{"name":"Standard","amount_cents":%d,"currency":"usd"}`, cents)).Is(201)
	return seller.Get(fmt.Sprintf("/api/seller/products/%d/", p.ID())).Is(200).Object()
}

func TestTheShownPriceFollowsTheRules(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		p := sell(t, ana, "Field Recordings", 1900)
		first := p.Subs("prices")[0]
		prices := fmt.Sprintf("/api/seller/products/%d/prices/", p.ID())
		shown := func() (int64, souktest.Object) {
			detail := s.Nobody().Get("/api/products/" + p.Text("slug") + "/").Is(200).Object()
			return detail.Sub("active_price").ID(), detail
		}
		if id, detail := shown(); id != first.ID() || detail.Sub("active_price").Text("amount") != "19.00" || detail.Sub("active_price").Text("currency") != "USD" ||
			detail.Int("max_downloads") != 5 || detail["download_days"] != nil {
			t.Fatalf("the first price or the terms are not shown: %v", detail)
		}
		cheap := ana.Post(prices, `{"name":"Cheap","amount_cents":500,"currency":"USD"}`).Is(201).Object()
		if id, _ := shown(); id != first.ID() {
			t.Error("a later price replaced the chosen one")
		}
		def := ana.Post(prices, `{"name":"Default","amount_cents":900,"currency":"USD","is_default":true}`).Is(201).Object()
		if id, _ := shown(); id != def.ID() {
			t.Error("a new default is not shown")
		}
		ana.Patch(fmt.Sprintf("/api/seller/products/%d/", p.ID()), `{"active_price":null}`).Is(200)
		if id, _ := shown(); id != def.ID() {
			t.Error("without a choice the default is not shown")
		}
		ana.Patch(fmt.Sprintf("/api/seller/prices/%d/", def.ID()), `{"is_active":false}`).Is(200)
		if id, _ := shown(); id != cheap.ID() {
			t.Error("without choice and default the cheapest is not shown")
		}
		if f := ana.Patch(fmt.Sprintf("/api/seller/products/%d/", p.ID()), fmt.Sprintf(`{"active_price":%d}`, def.ID())).Field(); f != "body.active_price" {
			t.Error(f)
		}
		for _, id := range []int64{first.ID(), cheap.ID(), def.ID()} {
			ana.Do("DELETE", fmt.Sprintf("/api/seller/prices/%d/", id), nil).Is(204)
		}
		if _, detail := shown(); detail["active_price"] != nil || len(detail.Subs("prices")) != 0 {
			t.Errorf("a product without prices shows %v", detail["active_price"])
		}
		list := s.Nobody().Get("/api/products/?search=RECORD+field&ordering=price").Is(200).List()
		if len(list) != 1 || list[0].ID() != p.ID() {
			t.Errorf("search finds %v", list)
		}
	})
}
