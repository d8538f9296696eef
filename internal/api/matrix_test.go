package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

// actor is who calls in the matrix.
type actor int

const (
	nobody actor = iota
	buyer
	sellerA
	sellerB
)

var actorNames = map[actor]string{nobody: "nobody", buyer: "buyer", sellerA: "seller A", sellerB: "seller B"}

// world is a shop in which seller A sells, the buyer bought, and seller B is a stranger to both.
type world struct {
	t       *testing.T
	shop    *souktest.Shop
	clients map[actor]*souktest.Client

	digital, service souktest.Object // seller A's published products
	offer            souktest.Object
	n                int
}

func newWorld(t *testing.T, url string) *world {
	s := souktest.New(t, url, "SELLER_ACCESS=allowlist")
	w := &world{t: t, shop: s, clients: map[actor]*souktest.Client{
		nobody: s.Nobody(), buyer: s.As("buyer@example.test"), sellerA: s.As("seller-a@example.test"), sellerB: s.As("seller-b@example.test"),
	}}
	for _, email := range []string{"seller-a@example.test", "seller-b@example.test"} {
		if _, err := s.AddSeller(t.Context(), email); err != nil {
			t.Fatal(err)
		}
	}
	w.digital, w.service = w.product("digital"), w.product("service")
	w.offer = w.do(sellerA, "PUT", w.path("/api/seller/products/%d/service-offer/", w.service.ID()), `{"session_minutes":60}`, 200)
	return w
}

func (w *world) do(as actor, method, path string, body any, want int) souktest.Object {
	w.t.Helper()
	return w.clients[as].For(w.t).Do(method, path, body).Is(want).Object()
}

func (w *world) path(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func (w *world) product(kind string) souktest.Object {
	w.t.Helper()
	w.n++
	p := w.do(sellerA, "POST", "/api/seller/products/",
		fmt.Sprintf(`{"name":"Product %d","product_type":%q,"visibility":"published","feature_keys":["feature-%d"]}`, w.n, kind, w.n), 201)
	price := w.price(p.ID())
	p["price_id"] = float64(price.ID())
	return p
}

func (w *world) price(product int64) souktest.Object {
	w.t.Helper()
	return w.do(sellerA, "POST", w.path("/api/seller/products/%d/prices/", product),
		`{"name":"Standard","amount_cents":1900,"currency":"USD","billing_period":"one_time"}`, 201)
}

func (w *world) asset(product int64) souktest.Object {
	w.t.Helper()
	w.n++
	return w.do(sellerA, "POST", w.path("/api/seller/products/%d/assets/", product), fmt.Sprintf(`{"title":"File","file_path":"files/%d.txt"}`, w.n), 201)
}

// order is a new order of the buyer, not paid yet.
func (w *world) order(p souktest.Object) souktest.Object {
	w.t.Helper()
	return w.do(buyer, "POST", "/api/account/orders/create/", fmt.Sprintf(`{"price_id":%d}`, p.Int("price_id")), 201).Sub("order")
}

func (w *world) paid(p souktest.Object) souktest.Object {
	w.t.Helper()
	o := w.order(p)
	return w.do(buyer, "POST", "/api/account/orders/"+o.Text("public_id")+"/confirm/", `{"provider":"manual"}`, 200).Sub("order")
}

// grant is the token of a new download grant of the buyer.
func (w *world) grant() string {
	w.t.Helper()
	p := w.product("digital")
	a := w.asset(p.ID())
	w.clients[sellerA].With("Content-Type", "application/octet-stream").Do("PUT", w.path("/api/seller/assets/%d/content/", a.ID()), "bytes").Is(200)
	w.paid(p)
	return w.clients[buyer].Get("/api/account/downloads/").Is(200).List()[0].Text("token")
}

// booking is a new booking of the buyer with seller A.
func (w *world) booking() souktest.Object {
	w.t.Helper()
	w.paid(w.service)
	return w.clients[buyer].Get("/api/account/bookings/").Is(200).List()[0]
}

func (w *world) project() souktest.Object {
	w.t.Helper()
	return w.do(buyer, "POST", "/api/projects/", `{"name":"Plan"}`, 201)
}

const unknownUUID = "00000000-0000-4000-8000-000000000000"

// row says how one route is called. A route about one object says whose it is and how to make one; the rest follows: its
// owner is served, nobody gets 401, everybody else exactly what an unknown object gives, 404.
type row struct {
	owner   actor               // whose object, or who may call a route without one; nobody: public
	own     func(*world) string // the path with a new object of the owner's
	unknown string              // the path with an object that does not exist; empty: the route has no object
	body    func(*world) string // nil: none
	status  int                 // for the owner
	raw     bool                // the body is bytes, not JSON
	sellerA int                 // the status for seller A, where the rules of the business give another one
}

func fixed(path string) func(*world) string { return func(*world) string { return path } }

// matrix has a row for every operation id.
func matrix() map[string]row {
	text := func(s string) func(*world) string { return func(*world) string { return s } }
	object := func(format string, id func(*world) any) func(*world) string {
		return func(w *world) string { return fmt.Sprintf(format, id(w)) }
	}
	ofA := func(format string, id func(*world) any, body string, status int) row {
		r := row{owner: sellerA, own: object(format, id), status: status, unknown: fmt.Sprintf(format, any(999_999_999))}
		if body != "" {
			r.body = text(body)
		}
		return r
	}
	ofBuyer := func(format string, id func(*world) any, unknown any, body string, status int) row {
		r := row{owner: buyer, own: object(format, id), status: status, unknown: fmt.Sprintf(format, unknown)}
		if body != "" {
			r.body = text(body)
		}
		return r
	}
	product := func(w *world) any { return w.product("digital").ID() }
	service := func(w *world) any { return w.service.ID() }
	price := func(w *world) any { return w.price(w.product("digital").ID()).ID() }
	asset := func(w *world) any { return w.asset(w.digital.ID()).ID() }
	pending := func(w *world) any { return w.order(w.digital).Text("public_id") }
	paid := func(w *world) any {
		id := w.order(w.digital).Text("public_id")
		w.do(sellerA, "POST", "/api/seller/orders/"+id+"/mark-paid/", "", 200)
		return id
	}
	booking := func(w *world) any { return w.booking().ID() }
	project := func(w *world) any { return w.project().ID() }

	return map[string]row{
		"getHealth":           {own: fixed("/api/health/"), status: 200},
		"listProducts":        {own: fixed("/api/products/"), status: 200},
		"getProduct":          {own: func(w *world) string { return "/api/products/" + w.digital.Text("slug") + "/" }, status: 200, unknown: "/api/products/none-such/"},
		"getCheckout":         {own: object("/api/checkout/%v/", pending), status: 200, unknown: "/api/checkout/" + unknownUUID + "/"},
		"clerkWebhook":        {own: fixed("/api/webhooks/clerk/"), body: text(`{}`), status: 400},
		"stripeWebhook":       {own: fixed("/api/webhooks/stripe/"), body: text(`{}`), status: 400},
		"getMe":               {owner: buyer, own: fixed("/api/me/"), status: 200},
		"getClerkUser":        {owner: buyer, own: fixed("/api/me/clerk/"), status: 200},
		"getProfile":          {owner: buyer, own: fixed("/api/profile/"), status: 200},
		"getBillingFeatures":  {owner: buyer, own: fixed("/api/billing/features/"), status: 200},
		"getSupabaseProfile":  {owner: buyer, own: fixed("/api/supabase/profile/"), status: 503},
		"getCustomer":         {owner: buyer, own: fixed("/api/account/customer/"), status: 200},
		"updateCustomer":      {owner: buyer, own: fixed("/api/account/customer/"), body: text(`{"company_name":"Acme"}`), status: 200},
		"listOrders":          {owner: buyer, own: fixed("/api/account/orders/"), status: 200},
		"listSubscriptions":   {owner: buyer, own: fixed("/api/account/subscriptions/"), status: 200},
		"listEntitlements":    {owner: buyer, own: fixed("/api/account/entitlements/"), status: 200},
		"listDownloads":       {owner: buyer, own: fixed("/api/account/downloads/"), status: 200},
		"listBookings":        {owner: buyer, own: fixed("/api/account/bookings/"), status: 200},
		"listProjects":        {owner: buyer, own: fixed("/api/projects/"), status: 200},
		"createProject":       {owner: buyer, own: fixed("/api/projects/"), body: text(`{"name":"Plan"}`), status: 201},
		"createOrder":         {owner: buyer, own: fixed("/api/account/orders/create/"), body: func(w *world) string { return fmt.Sprintf(`{"price_id":%d}`, w.digital.Int("price_id")) }, status: 201, sellerA: 409},
		"createBooking":       {owner: buyer, own: fixed("/api/account/bookings/"), body: func(w *world) string { return fmt.Sprintf(`{"service_offer":%d}`, w.offer.ID()) }, status: 201},
		"getOrder":            ofBuyer("/api/account/orders/%v/", pending, unknownUUID, "", 200),
		"confirmOrder":        ofBuyer("/api/account/orders/%v/confirm/", pending, unknownUUID, `{"provider":"manual"}`, 200),
		"cancelOrder":         ofBuyer("/api/account/orders/%v/cancel/", pending, unknownUUID, "", 200),
		"accessDownload":      ofBuyer("/api/account/downloads/%v/access/", func(w *world) any { return w.grant() }, strings.Repeat("A", 43), "", 200),
		"updateBooking":       ofBuyer("/api/account/bookings/%v/", booking, 999_999_999, `{"customer_notes":"x"}`, 200),
		"cancelBooking":       ofBuyer("/api/account/bookings/%v/cancel/", booking, 999_999_999, "", 200),
		"getBooking":          ofBuyer("/api/account/bookings/%v/", booking, 999_999_999, "", 200),
		"getSellerBooking":    ofA("/api/seller/bookings/%v/", booking, "", 200),
		"getProject":          ofBuyer("/api/projects/%v/", project, 999_999_999, "", 200),
		"updateProject":       ofBuyer("/api/projects/%v/", project, 999_999_999, `{"name":"x"}`, 200),
		"deleteProject":       ofBuyer("/api/projects/%v/", project, 999_999_999, "", 204),
		"listSellerProducts":  {owner: sellerA, own: fixed("/api/seller/products/"), status: 200},
		"createProduct":       {owner: sellerA, own: fixed("/api/seller/products/"), body: text(`{"name":"New"}`), status: 201},
		"listSellerBookings":  {owner: sellerA, own: fixed("/api/seller/bookings/"), status: 200},
		"listSellerOrders":    {owner: sellerA, own: fixed("/api/seller/orders/"), status: 200},
		"getSellerProduct":    ofA("/api/seller/products/%v/", product, "", 200),
		"updateProduct":       ofA("/api/seller/products/%v/", product, `{"tagline":"x"}`, 200),
		"deleteProduct":       ofA("/api/seller/products/%v/", product, "", 204),
		"listPrices":          ofA("/api/seller/products/%v/prices/", product, "", 200),
		"createPrice":         ofA("/api/seller/products/%v/prices/", product, `{"name":"P","amount_cents":100,"currency":"USD","billing_period":"one_time"}`, 201),
		"getPrice":            ofA("/api/seller/prices/%v/", price, "", 200),
		"updatePrice":         ofA("/api/seller/prices/%v/", price, `{"name":"x"}`, 200),
		"deletePrice":         ofA("/api/seller/prices/%v/", price, "", 204),
		"listAssets":          ofA("/api/seller/products/%v/assets/", product, "", 200),
		"createAsset":         ofA("/api/seller/products/%v/assets/", product, `{"title":"F","file_path":"matrix/f.txt"}`, 201),
		"getAsset":            ofA("/api/seller/assets/%v/", asset, "", 200),
		"updateAsset":         ofA("/api/seller/assets/%v/", asset, `{"title":"x"}`, 200),
		"deleteAsset":         ofA("/api/seller/assets/%v/", asset, "", 204),
		"putAssetContent":     {owner: sellerA, own: object("/api/seller/assets/%v/content/", asset), unknown: "/api/seller/assets/999999999/content/", body: text("bytes"), raw: true, status: 200},
		"getServiceOffer":     ofA("/api/seller/products/%v/service-offer/", service, "", 200),
		"putServiceOffer":     ofA("/api/seller/products/%v/service-offer/", service, `{"session_minutes":60}`, 200),
		"updateServiceOffer":  ofA("/api/seller/products/%v/service-offer/", service, `{"session_minutes":60}`, 200),
		"updateSellerBooking": ofA("/api/seller/bookings/%v/", booking, `{"internal_notes":"x"}`, 200),
		"getSellerOrder":      {owner: sellerA, own: object("/api/seller/orders/%v/", pending), unknown: "/api/seller/orders/" + unknownUUID + "/", status: 200},
		"markOrderPaid":       {owner: sellerA, own: object("/api/seller/orders/%v/mark-paid/", pending), unknown: "/api/seller/orders/" + unknownUUID + "/mark-paid/", body: text(`{"note":"x"}`), status: 200},
		"refundOrder":         {owner: sellerA, own: object("/api/seller/orders/%v/refund/", paid), unknown: "/api/seller/orders/" + unknownUUID + "/refund/", body: text(`{"reason":"x"}`), status: 200},
	}
}

// TestRouteMatrix calls every route of the OpenAPI document as everybody: on their own object, on someone else's and on one
// that does not exist. A route without a row, and a row without a route, fail.
func TestRouteMatrix(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { runMatrix(t, dbtest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { runMatrix(t, dbtest.Postgres(t, dbtest.Empty, "")) })
}

func runMatrix(t *testing.T, url string) {
	w := newWorld(t, url)
	rows := matrix()
	methods := operations(t, w.shop)
	for _, id := range slices.Sorted(maps.Keys(methods)) {
		r, ok := rows[id]
		if !ok {
			t.Errorf("the route %s has no row in the matrix", id)
			continue
		}
		t.Run(id, func(t *testing.T) { r.check(t, w, methods[id]) })
	}
	for id := range rows {
		if methods[id] == "" {
			t.Errorf("the row %s has no route", id)
		}
	}
}

func (r row) check(t *testing.T, w *world, method string) {
	w.t = t
	call := func(as actor, path string) *souktest.Answer {
		t.Helper()
		var body any
		if r.body != nil {
			body = r.body(w)
		}
		c := w.clients[as].For(t)
		if r.raw {
			c = c.With("Content-Type", "application/octet-stream")
		}
		return c.Do(method, path, body)
	}
	expect := func(as actor, what, path string, want int) *souktest.Answer {
		t.Helper()
		a := call(as, path)
		if a.Status != want {
			t.Errorf("%s on %s object: %d, want %d: %s", actorNames[as], what, a.Status, want, a.Body)
		}
		if want == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") == "" {
			t.Error("401 without WWW-Authenticate")
		}
		return a
	}
	isSellerRoute := r.owner == sellerA
	for _, as := range []actor{nobody, buyer, sellerA, sellerB} {
		refused := 0
		switch {
		case r.owner == nobody:
		case as == nobody:
			refused = http.StatusUnauthorized
		case isSellerRoute && as == buyer:
			refused = http.StatusForbidden
		}
		served := r.status
		if refused != 0 {
			served = refused
		}
		if as == sellerA && r.sellerA != 0 {
			served = r.sellerA
		}
		if r.unknown == "" {
			expect(as, "their own", r.own(w), served)
			continue
		}
		absent := http.StatusNotFound
		if refused != 0 {
			absent = refused
		}
		gone := expect(as, "an unknown", r.unknown, absent)
		if r.owner == nobody || as == r.owner {
			expect(as, "their own", r.own(w), served)
			continue
		}
		foreign := expect(as, "someone else's", r.own(w), absent)
		if string(gone.Body) != string(foreign.Body) {
			t.Errorf("%s can tell someone else's object from an unknown one: %s, %s", actorNames[as], foreign.Body, gone.Body)
		}
	}
}

// operations gives the method of every operation id that the document lists.
func operations(t *testing.T, s *souktest.Shop) map[string]string {
	t.Helper()
	methods := map[string]string{}
	for _, item := range s.Nobody().Get("/api/openapi.json").Is(200).Object().Sub("paths") {
		for method, op := range item.(map[string]any) {
			if o, ok := op.(map[string]any); ok {
				methods[souktest.Object(o).Text("operationId")] = strings.ToUpper(method)
			}
		}
	}
	return methods
}
