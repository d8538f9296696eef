package stripe_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	stripego "github.com/stripe/stripe-go/v85"

	"souk/internal/devcloud/stripe"
	"souk/internal/souktest"
)

// ask sends a request to an API, and gives the status and the JSON of the answer.
func ask(t *testing.T, origin, key, method, path string, form url.Values) (status int, answer map[string]any) {
	t.Helper()
	target, body := origin+path, ""
	if method == http.MethodGet {
		target += "?" + form.Encode()
	} else {
		body = form.Encode()
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s %s: %s", method, path, text)
	}
	return res.StatusCode, answer
}

// newer are the fields that the schema of stripe-mock has, which is of a later version of the API than the one of stripe-go that the
// shop uses: the stand-in leaves them out.
var newer = []string{
	"charge.payment_method_details.card.transaction_link_id", "checkout.session.managed_payments", "dispute.payment_method_details.card.network",
	"payment_intent.allowed_payment_method_types", "payment_intent.managed_payments", "refund.customer", "refund.customer_account", "refund.payment_method",
}

// absent are fields that the fixtures of stripe-mock have, and that Stripe's answers have only sometimes, with the reason.
var absent = map[string]string{
	"charge.refunds":        "since 2022-11-15 it is there when expand[] asks for it",
	"charge.source":         "of charges without a payment intent",
	"payment_intent.source": "of payments without a payment method",
}

// compare says how an object of the stand-in differs from stripe-mock's of the same kind, as far as stripe-go's struct knows its
// fields: what it lacks, what has another type, and what no version knows.
func compare(at string, ours, theirs any, known reflect.Type, differs func(format string, args ...any), unknownToGo func(field string)) {
	for known != nil && known.Kind() == reflect.Pointer {
		known = known.Elem()
	}
	if ours == nil || theirs == nil { // whether null is allowed there, the fixtures do not tell
		return
	}
	mine, isObject := ours.(map[string]any)
	its, isTheirs := theirs.(map[string]any)
	if !isObject || !isTheirs {
		mineList, isList := ours.([]any)
		itsList, isTheirList := theirs.([]any)
		switch {
		case isList && isTheirList && len(mineList) > 0 && len(itsList) > 0 && known != nil && known.Kind() == reflect.Slice:
			compare(at+"[]", mineList[0], itsList[0], known.Elem(), differs, unknownToGo)
		case isID(ours) && isTheirs || isObject && isID(theirs): // expandable
		case reflect.TypeOf(ours) != reflect.TypeOf(theirs):
			differs("%s is %T, and %T in the schema", at, ours, theirs)
		}
		return
	}
	if known == nil || known.Kind() != reflect.Struct {
		return // a map of names that are not Stripe's
	}
	if kind, ok := its["object"].(string); ok {
		at = kind
	}
	fields := fieldsOf(known)
	for _, name := range slices.Sorted(maps.Keys(its)) {
		field := at + "." + name
		inner, inGo := fields[name]
		value, there := mine[name]
		switch {
		case !inGo && name == "object" && there: // stripe-go does not read it of a list
		case !inGo:
			unknownToGo(field)
		case !there && absent[field] == "":
			differs("%s is missing", field)
		case there:
			compare(field, value, its[name], inner, differs, unknownToGo)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(mine)) {
		if _, inGo := fields[name]; !inGo && its[name] == nil {
			if _, inSchema := its[name]; !inSchema {
				differs("%s.%s is in no version of the API", at, name)
			}
		}
	}
}

func isID(v any) bool {
	text, ok := v.(string)
	return ok && strings.Contains(text, "_")
}

// fieldsOf are the JSON fields of a struct of stripe-go, with their types.
func fieldsOf(known reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for n := range known.NumField() {
		f := known.Field(n)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" && f.Anonymous && f.Type.Kind() == reflect.Struct {
			maps.Copy(fields, fieldsOf(f.Type))
		} else if name != "" && name != "-" {
			fields[name] = f.Type
		}
	}
	return fields
}

func TestEveryObjectIsInStripesSchema(t *testing.T) {
	mock := souktest.NewStripeMock(t)
	s := open(t)
	for _, card := range []string{stripe.CardDeclined, stripe.CardChallenge, stripe.BankPays, stripe.BankFails} {
		s.paid(card)
	}
	s.pass(time.Second) // the newest of a list is what is compared
	session := s.paid(stripe.CardPays)
	payment := session.PaymentIntent
	refund, err := s.Refund(t.Context(), payment.ID, 500)
	if err != nil {
		t.Fatal(err)
	}
	dispute, err := s.Dispute(t.Context(), payment.ID, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	event := s.Events()[0].ID
	unknown := map[string]bool{}
	for _, c := range []struct {
		path  string
		form  url.Values
		known any
	}{
		{"/v1/checkout/sessions/" + session.ID, nil, stripego.CheckoutSession{}},
		{"/v1/checkout/sessions/" + session.ID, url.Values{"expand[]": {"payment_intent.latest_charge", "line_items"}}, stripego.CheckoutSession{}},
		{"/v1/checkout/sessions", url.Values{"limit": {"10"}}, stripego.CheckoutSessionList{}},
		{"/v1/checkout/sessions/" + session.ID + "/line_items", nil, stripego.LineItemList{}},
		{"/v1/payment_intents/" + payment.ID, nil, stripego.PaymentIntent{}},
		{"/v1/payment_intents", nil, stripego.PaymentIntentList{}},
		{"/v1/charges/" + payment.LatestCharge.ID, nil, stripego.Charge{}},
		{"/v1/charges", nil, stripego.ChargeList{}},
		{"/v1/refunds/" + refund, nil, stripego.Refund{}},
		{"/v1/refunds", url.Values{"payment_intent": {payment.ID}}, stripego.RefundList{}},
		{"/v1/disputes/" + dispute, nil, stripego.Dispute{}},
		{"/v1/disputes", nil, stripego.DisputeList{}},
		{"/v1/events/" + event, nil, stripego.Event{}},
		{"/v1/events", nil, stripego.EventList{}},
	} {
		status, ours := ask(t, s.options.Origin, s.SecretKey(), "GET", c.path, c.form)
		itsStatus, theirs := ask(t, mock, "sk_test_123", "GET", c.path, c.form)
		if status != 200 || itsStatus != 200 {
			t.Fatalf("%s %v: %d %v, and of stripe-mock %d %v", c.path, c.form, status, ours, itsStatus, theirs)
		}
		compare("", ours, theirs, reflect.TypeOf(c.known), func(format string, args ...any) {
			t.Errorf("%s: "+format, append([]any{c.path}, args...)...)
		}, func(field string) { unknown[field] = true })
	}
	for _, field := range newer {
		if !unknown[field] {
			t.Errorf("%s is not new any more", field)
		}
		delete(unknown, field)
	}
	for _, field := range slices.Sorted(maps.Keys(unknown)) {
		t.Errorf("stripe-mock answers with %s, which stripe-go does not know: say so in newer", field)
	}
}

func TestWhatStripesSchemaTakesIsTakenAndWhatItRefusesIsRefused(t *testing.T) {
	mock := souktest.NewStripeMock(t)
	s := open(t)
	first := s.paid(stripe.CardPays)
	payment := first.PaymentIntent
	requests := []struct {
		method, path string
		form         url.Values
	}{
		{"POST", "/v1/checkout/sessions", url.Values{
			"mode": {"payment"}, "client_reference_id": {"order-42"}, "metadata[order]": {"42"}, "payment_intent_data[metadata][order]": {"42"},
			"payment_intent_data[description]": {"Order 42"}, "payment_intent_data[receipt_email]": {"buyer@example.test"}, "customer_email": {"buyer@example.test"},
			"expires_at": {fmt.Sprint(s.Now().Unix() + 3600)}, "success_url": {"http://127.0.0.1:1/done"}, "cancel_url": {"http://127.0.0.1:1/canceled"},
			"automatic_tax[enabled]": {"true"}, "payment_method_types[0]": {"card"}, "locale": {"de"}, "submit_type": {"pay"}, "ui_mode": {"hosted_page"},
			"line_items[0][quantity]": {"2"}, "line_items[0][price_data][currency]": {"eur"}, "line_items[0][price_data][unit_amount]": {"1250"},
			"line_items[0][price_data][tax_behavior]": {"exclusive"}, "line_items[0][price_data][product_data][name]": {"Ship Faster"},
			"line_items[0][price_data][product_data][description]": {"Standard"}, "expand[0]": {"payment_intent"},
		}},
		{"GET", "/v1/checkout/sessions", url.Values{"created[gte]": {"1"}, "created[lt]": {"9"}, "limit": {"100"}, "expand[0]": {"data.payment_intent"}}},
		{"GET", "/v1/checkout/sessions", url.Values{"payment_intent": {payment.ID}, "status": {"complete"}, "customer_details[email]": {"buyer@example.test"}}},
		{"GET", "/v1/checkout/sessions/" + first.ID, url.Values{"expand[0]": {"payment_intent.latest_charge"}}},
		{"GET", "/v1/checkout/sessions/" + first.ID + "/line_items", url.Values{"limit": {"5"}}},
		{"POST", "/v1/checkout/sessions/{open}/expire", nil},
		{"GET", "/v1/payment_intents/" + payment.ID, url.Values{"expand[0]": {"latest_charge"}}},
		{"GET", "/v1/payment_intents", url.Values{"created[gt]": {"1"}, "limit": {"3"}}},
		{"GET", "/v1/charges/" + payment.LatestCharge.ID, nil},
		{"GET", "/v1/charges", url.Values{"payment_intent": {payment.ID}}},
		{"POST", "/v1/refunds", url.Values{"payment_intent": {"{payment}"}, "amount": {"1"}, "metadata[refund]": {"7"}, "reason": {"requested_by_customer"}}},
		{"POST", "/v1/refunds", url.Values{"charge": {"{charge}"}, "amount": {"1"}}},
		{"GET", "/v1/refunds", url.Values{"payment_intent": {payment.ID}, "charge": {payment.LatestCharge.ID}, "limit": {"100"}, "created[lte]": {"9"}}},
		{"GET", "/v1/disputes", url.Values{"payment_intent": {payment.ID}, "charge": {payment.LatestCharge.ID}, "limit": {"100"}, "created": {"9"}}},
		{"GET", "/v1/events", url.Values{"type": {"refund.created"}, "limit": {"1"}}},
		{"GET", "/v1/events", url.Values{"types[0]": {"refund.created"}, "types[1]": {"charge.refunded"}}},
	}
	both := func(method, path string, form url.Values) (ours, theirs int, why any) {
		t.Helper()
		if strings.Contains(path, "{open}") {
			path = strings.Replace(path, "{open}", s.session().ID, 1)
		}
		if method == "POST" && path == "/v1/refunds" {
			p := s.paid(stripe.CardPays).PaymentIntent
			form = maps.Clone(form)
			for name, values := range form {
				form[name] = []string{strings.NewReplacer("{payment}", p.ID, "{charge}", p.LatestCharge.ID).Replace(values[0])}
			}
		}
		theirs, _ = ask(t, mock, "sk_test_123", method, path, form)
		ours, answer := ask(t, s.options.Origin, s.SecretKey(), method, path, form)
		return ours, theirs, answer["error"]
	}
	refused := 0
	for _, r := range requests {
		if ours, theirs, why := both(r.method, r.path, r.form); ours != 200 || theirs != 200 {
			t.Errorf("%s %s %v: %d, and of stripe-mock %d: %v", r.method, r.path, r.form, ours, theirs, why)
		}
		for name := range r.form {
			for what, change := range map[string]func(form url.Values){
				"left out":            func(form url.Values) { form.Del(name) },
				"beside an unknown":   func(form url.Values) { form.Set(beside(name), "1") },
				"as an object":        func(form url.Values) { form.Del(name); form.Set(name+"[souk]", "1") },
				"as another word":     func(form url.Values) { form.Set(name, "souk") },
				"as a broken number":  func(form url.Values) { form.Set(name, "1.5") },
				"as a list of itself": func(form url.Values) { form.Set(name+"[0]", form.Get(name)); form.Del(name) },
			} {
				form := maps.Clone(r.form)
				change(form)
				// That way round alone: stripe-mock does not look into objects for what it does not know, as Stripe and the stand-in do.
				if ours, theirs, _ := both(r.method, r.path, form); theirs != 200 {
					if refused++; ours != 400 {
						t.Errorf("%s %s, %s %s: %d, and of stripe-mock %d", r.method, r.path, name, what, ours, theirs)
					}
				}
			}
		}
	}
	if refused < 50 {
		t.Errorf("stripe-mock refused %d requests only", refused)
	}
}

// beside is the name of an unknown parameter in the same object as another.
func beside(name string) string {
	if at := strings.LastIndex(name, "["); at >= 0 {
		return name[:at] + "[souk]"
	}
	return "souk"
}
