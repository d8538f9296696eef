package clerk

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Trouble is a way in which the Backend API fails.
type Trouble string

// The troubles that Fail makes.
const (
	TooMany     Trouble = "429"     // with Retry-After
	ServerError Trouble = "500"     // with an error in Clerk's form
	Hang        Trouble = "hang"    // no answer until the caller gives up
	Garbage     Trouble = "garbage" // 200 with half a JSON document
)

// API is the Backend API of an instance, under /v1, as of the version 2026-05-12. Safe for concurrent use.
type API struct {
	instance *Instance
	secret   string
	jwks     http.Handler
	routes   *http.ServeMux

	mu       sync.Mutex
	trouble  map[Trouble]int
	retry    time.Duration
	limit    int
	per      time.Duration
	recent   []time.Time // requests of the last 10 s, or of per if that is longer
	peak     int
	requests map[string]int
}

// NewAPI serves an instance to whoever has the secret key. jwks answers GET /v1/jwks; nil: there is no such path.
func NewAPI(i *Instance, secretKey string, jwks http.Handler) *API {
	a := &API{
		instance: i, secret: secretKey, jwks: jwks, routes: http.NewServeMux(),
		trouble: map[Trouble]int{}, retry: time.Second, requests: map[string]int{},
	}
	for pattern, answer := range map[string]func(*http.Request) (any, *problem){
		"GET /v1/users":                                    a.users,
		"GET /v1/users/count":                              a.countUsers,
		"GET /v1/users/{id}":                               a.user,
		"DELETE /v1/users/{id}":                            a.deleteUser,
		"GET /v1/users/{id}/billing/subscription":          a.subscription,
		"GET /v1/billing/plans":                            a.plans,
		"GET /v1/billing/subscription_items":               a.items,
		"GET /v1/billing/statements":                       a.statements,
		"GET /v1/billing/statements/{id}":                  a.statement,
		"GET /v1/billing/statements/{id}/payment_attempts": a.attempts,
	} {
		a.handle(pattern, answer)
	}
	if jwks != nil {
		a.routes.Handle("GET /v1/jwks", jwks)
	}
	a.routes.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { a.refuse(w, notFound("There is no such path.")) })
	return a
}

func (a *API) handle(pattern string, answer func(*http.Request) (any, *problem)) {
	a.routes.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, p := answer(r)
		if p != nil {
			a.refuse(w, p)
			return
		}
		writeJSON(w, http.StatusOK, body)
	})
}

// Sessions is who keeps the sessions.
type Sessions interface {
	Active() []Session // the newest first
	Revoke(id string) (s Session, there bool, err error)
}

// ServeSessions lists and revokes sessions, from now on.
func (a *API) ServeSessions(keeper Sessions) {
	a.handle("GET /v1/sessions", func(r *http.Request) (any, *problem) {
		q := r.URL.Query()
		if !q.Has("client_id") && !q.Has("user_id") {
			return nil, invalid("user_id", "there, or client_id")
		}
		all := []any{}
		for _, s := range keeper.Active() {
			if matches := func(name, value string) bool { return !q.Has(name) || q.Get(name) == value }; matches("client_id", s.ClientID) &&
				matches("user_id", s.UserID) && matches("status", s.Status) {
				all = append(all, s.json())
			}
		}
		if q.Get("paginated") == "true" {
			return list(q, all)
		}
		return page(q, all)
	})
	a.handle("GET /v1/sessions/{id}", func(r *http.Request) (any, *problem) {
		for _, s := range keeper.Active() {
			if s.ID == r.PathValue("id") {
				return s.json(), nil
			}
		}
		return nil, notFound("No session was found with id " + r.PathValue("id") + ".")
	})
	a.handle("POST /v1/sessions/{id}/revoke", func(r *http.Request) (any, *problem) {
		s, there, err := keeper.Revoke(r.PathValue("id"))
		if err != nil {
			return nil, &problem{http.StatusInternalServerError, "internal_clerk_error", "Oops, an unexpected error occurred."}
		}
		if !there {
			return nil, notFound("No session was found with id " + r.PathValue("id") + ".")
		}
		return s.json(), nil
	})
}

// Fail lets the next n requests fail; those of other troubles come first.
func (a *API) Fail(t Trouble, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trouble[t] = n
}

// RetryAfter sets what a 429 asks for, from now on; at first a second. The header has whole seconds.
func (a *API) RetryAfter(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retry = d
}

// Limit answers 429 beyond n requests in any such span. Clerk's is 1000 in 10 s in production, 100 in development; 0 is none.
func (a *API) Limit(n int, per time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit, a.per = n, per
}

// Requests are how many came, by pattern ("GET /v1/users/{id}"), those refused too.
func (a *API) Requests() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.requests)
}

// Peak is the most requests that came within one second.
func (a *API) Peak() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.peak
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, pattern := a.routes.Handler(r)
	trouble, after := a.count(pattern, time.Now())
	switch trouble {
	case TooMany:
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
		a.refuse(w, &problem{http.StatusTooManyRequests, "too_many_requests", "Too many requests. Please try again in a bit."})
	case ServerError:
		a.refuse(w, &problem{http.StatusInternalServerError, "internal_clerk_error", "Oops, an unexpected error occurred."})
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Garbage:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"object":"user","id":`)) // the client may be gone
	default:
		key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(key), []byte(a.secret)) != 1 {
			a.refuse(w, &problem{http.StatusUnauthorized, "clerk_key_invalid", "The provided Clerk Secret Key is invalid."})
			return
		}
		a.routes.ServeHTTP(w, r)
	}
}

// count takes a request down, and says what happens to it and when to come again.
func (a *API) count(pattern string, now time.Time) (Trouble, time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests[pattern]++
	keep := max(a.per, 10*time.Second)
	a.recent = append(slices.DeleteFunc(a.recent, func(t time.Time) bool { return now.Sub(t) > keep }), now)
	within := func(d time.Duration) (n int) {
		for _, t := range a.recent {
			if now.Sub(t) < d {
				n++
			}
		}
		return n
	}
	a.peak = max(a.peak, within(time.Second))
	for _, t := range []Trouble{TooMany, ServerError, Hang, Garbage} {
		if a.trouble[t] > 0 {
			a.trouble[t]--
			return t, a.retry
		}
	}
	if a.limit > 0 && within(a.per) > a.limit {
		return TooMany, a.retry
	}
	return "", 0
}

type problem struct {
	status        int
	code, message string
}

func notFound(message string) *problem {
	return &problem{http.StatusNotFound, "resource_not_found", message}
}

func invalid(field, allowed string) *problem {
	return &problem{http.StatusUnprocessableEntity, "form_param_value_invalid", fmt.Sprintf("%s must be %s.", field, allowed)}
}

// refuse answers in Clerk's form of an error.
func (a *API) refuse(w http.ResponseWriter, p *problem) {
	writeJSON(w, p.status, Errors(p.code, p.message, ""))
}

// Errors is an error in Clerk's form. param is the field of the request that it is about; empty: none.
func Errors(code, message, param string) map[string]any {
	meta := map[string]any{}
	if param != "" {
		meta["param_name"] = param
	}
	return map[string]any{
		"errors":         []any{map[string]any{"code": code, "message": message, "long_message": message, "meta": meta}},
		"clerk_trace_id": "00000000000000000000000000000000",
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

// page cuts a list as limit (1 to 500, default 10) and offset ask.
func page[T any](q url.Values, all []T) ([]T, *problem) {
	limit, offset := 10, 0
	for name, n := range map[string]*int{"limit": &limit, "offset": &offset} {
		if text := q.Get(name); text != "" {
			var err error
			if *n, err = strconv.Atoi(text); err != nil {
				return nil, invalid(name, "a whole number")
			}
		}
	}
	if limit < 1 || limit > 500 {
		return nil, invalid("limit", "between 1 and 500")
	}
	if offset < 0 {
		return nil, invalid("offset", "0 or more")
	}
	offset = min(offset, len(all))
	return all[offset:min(offset+limit, len(all))], nil
}

func list[T any](q url.Values, all []T) (any, *problem) {
	some, p := page(q, all)
	if p != nil {
		return nil, p
	}
	if some == nil {
		some = []T{}
	}
	return map[string]any{"data": some, "total_count": len(all)}, nil
}

// chosen are the living users that the query asks for, in its order.
func (a *API) chosen(q url.Values) ([]*User, *problem) {
	order, down := strings.CutPrefix(q.Get("order_by"), "-")
	key := func(u *User) time.Time { return u.CreatedAt }
	switch strings.TrimPrefix(order, "+") {
	case "":
		down = true
	case "created_at":
	case "updated_at":
		key = func(u *User) time.Time { return u.UpdatedAt }
	default:
		return nil, invalid("order_by", "created_at or updated_at, with + or - before it")
	}
	ids := q["user_id"]
	if len(ids) > 100 {
		return nil, invalid("user_id", "at most 100 ids")
	}
	var users []*User
	for _, u := range a.instance.users {
		if !u.Deleted && (len(ids) == 0 || slices.Contains(ids, u.ID)) &&
			(!q.Has("email_address") || slices.Contains(q["email_address"], u.Email)) {
			users = append(users, u)
		}
	}
	slices.SortStableFunc(users, func(x, y *User) int {
		if down {
			x, y = y, x
		}
		return key(x).Compare(key(y))
	})
	return users, nil
}

func (a *API) users(r *http.Request) (any, *problem) {
	defer a.instance.lock()()
	q := r.URL.Query()
	users, p := a.chosen(q)
	if p != nil {
		return nil, p
	}
	some, p := page(q, users)
	if p != nil {
		return nil, p
	}
	data := make([]any, len(some))
	for n, u := range some {
		data[n] = a.instance.userJSON(u)
	}
	if q.Get("paginated") == "true" {
		return map[string]any{"data": data, "total_count": len(users)}, nil
	}
	return data, nil
}

func (a *API) countUsers(r *http.Request) (any, *problem) {
	defer a.instance.lock()()
	users, p := a.chosen(r.URL.Query())
	return map[string]any{"object": "total_count", "total_count": len(users)}, p
}

func (a *API) living(r *http.Request) (*User, *problem) {
	u, err := a.instance.living(r.PathValue("id"))
	if err != nil {
		return nil, notFound("No user was found with id " + r.PathValue("id") + ".")
	}
	return u, nil
}

func (a *API) user(r *http.Request) (any, *problem) {
	defer a.instance.lock()()
	u, p := a.living(r)
	if p != nil {
		return nil, p
	}
	return a.instance.userJSON(u), nil
}

func (a *API) deleteUser(r *http.Request) (any, *problem) {
	id := r.PathValue("id")
	if a.instance.DeleteUser(id) != nil {
		return nil, notFound("No user was found with id " + id + ".")
	}
	return map[string]any{"object": "user", "id": id, "slug": nil, "deleted": true, "external_id": nil}, nil
}

func (a *API) subscription(r *http.Request) (any, *problem) {
	defer a.instance.lock()()
	u, p := a.living(r)
	if p != nil {
		return nil, p
	}
	s := &u.Subscription
	items, next := []any{}, any(nil)
	for _, it := range s.Items {
		if a.instance.lists(it) {
			items = append(items, a.itemJSON(u, it))
		}
		if n := a.nextPayment(it); n != nil {
			next = n
		}
	}
	return map[string]any{
		"object": "commerce_subscription", "id": s.ID, "instance_id": a.instance.ID, "status": s.Status, "payer_id": s.PayerID,
		"created_at": Milliseconds(s.CreatedAt), "updated_at": Milliseconds(s.UpdatedAt), "active_at": Milliseconds(s.ActiveAt), "past_due_at": Milliseconds(s.PastDueAt),
		"subscription_items": items, "next_payment": next, "eligible_for_free_trial": u.EligibleForTrial(),
	}, nil
}

// nextPayment is what is charged when the period ends; nil: nothing.
func (a *API) nextPayment(it *Item) any {
	plan, _ := a.instance.plan(it.PlanID)
	switch {
	case plan.Default:
		return nil
	case it.Status == Upcoming:
		return map[string]any{"date": Milliseconds(it.PeriodStart), "amount": Money(plan.Fee(it.Period))}
	case it.Status == Active:
		return map[string]any{"date": Milliseconds(it.PeriodEnd), "amount": Money(plan.Fee(it.Period))}
	}
	return nil
}

func (a *API) itemJSON(u *User, it *Item) map[string]any {
	plan, _ := a.instance.plan(it.PlanID)
	return map[string]any{
		"object": "commerce_subscription_item", "id": it.ID, "instance_id": a.instance.ID, "status": it.Status,
		"plan_id": it.PlanID, "price_id": "cprice_" + strings.TrimPrefix(it.PlanID, "cplan_"), "plan": planJSON(plan), "plan_period": it.Period,
		"payment_method": nil, "payment_method_id": "", "lifetime_paid": Money(it.LifetimePaid), "amount": Money(plan.Fee(it.Period)),
		"next_payment": a.nextPayment(it), "payer_id": u.Subscription.PayerID, "payer": a.instance.payerJSON(u, Null), "is_free_trial": it.FreeTrial,
		"period_start": Milliseconds(it.PeriodStart), "period_end": Milliseconds(it.PeriodEnd), "proration_date": nil,
		"canceled_at": Milliseconds(it.CanceledAt), "past_due_at": Milliseconds(it.PastDueAt), "ended_at": Milliseconds(it.EndedAt),
		"created_at": Milliseconds(it.CreatedAt), "updated_at": Milliseconds(it.UpdatedAt),
	}
}

func planJSON(p Plan) map[string]any {
	features := []any{}
	for _, slug := range p.Features {
		features = append(features, map[string]any{
			"object": "feature", "id": "feat_" + slug, "name": slug, "description": "", "slug": slug, "avatar_url": "",
		})
	}
	var fee, annual, annualMonthly, trial any
	if p.Monthly > 0 || p.Default {
		fee = Money(p.Monthly)
	}
	if p.Annual > 0 {
		annual, annualMonthly = Money(p.Annual), Money(p.AnnualMonthly())
	}
	if p.TrialDays > 0 {
		trial = p.TrialDays
	}
	return map[string]any{
		"object": "commerce_plan", "id": p.ID, "slug": p.Slug, "name": p.Name, "description": OrNull(p.Description), "avatar_url": nil, "product_id": "",
		"fee": fee, "annual_fee": annual, "annual_monthly_fee": annualMonthly, "is_default": p.Default, "is_recurring": !p.Default,
		"publicly_visible": true, "has_base_fee": !p.Default, "for_payer_type": "user", "features": features,
		"free_trial_enabled": p.TrialDays > 0, "free_trial_days": trial,
	}
}

func payerType(q url.Values) (users bool, p *problem) {
	switch q.Get("payer_type") {
	case "", "user":
		return true, nil
	case "org":
		return false, nil
	}
	return false, invalid("payer_type", "user or org")
}

func (a *API) plans(r *http.Request) (any, *problem) {
	q := r.URL.Query()
	users, p := payerType(q)
	if p != nil {
		return nil, p
	}
	var plans []any
	for _, plan := range a.instance.Plans() {
		if users {
			plans = append(plans, planJSON(plan))
		}
	}
	return list(q, plans)
}

// items lists those of the deleted too. Whether status=active finds what was canceled and still runs is not documented: here it does not.
func (a *API) items(r *http.Request) (any, *problem) {
	defer a.instance.lock()()
	q := r.URL.Query()
	users, p := payerType(q)
	if p != nil {
		return nil, p
	}
	status := Status(q.Get("status"))
	if !slices.Contains([]Status{"", Active, Ended, PastDue, Upcoming, "free_trial"}, status) {
		return nil, invalid("status", "active, ended, past_due, upcoming or free_trial")
	}
	var items []any
	for _, u := range a.instance.users {
		if !users || q.Has("user_id") && q.Get("user_id") != u.ID || !u.matches(q.Get("query")) {
			continue
		}
		for n, it := range u.Subscription.Items {
			free := n == 0 && q.Get("include_free") != "true"
			other := q.Has("plan_id") && q.Get("plan_id") != it.PlanID
			stands := status == "" || status == it.Status || status == "free_trial" && it.FreeTrial && it.Status == Active
			if !free && !other && stands {
				items = append(items, a.itemJSON(u, it))
			}
		}
	}
	return list(q, items)
}

func (u *User) matches(query string) bool {
	return strings.Contains(strings.ToLower(u.ID+" "+u.Email+" "+u.FirstName+" "+u.LastName), strings.ToLower(query))
}

func (a *API) statements(r *http.Request) (any, *problem) {
	defer a.instance.lock()()
	var statements []any
	for _, u := range a.instance.users {
		for n, at := range u.Attempts {
			if n == 0 || u.Attempts[n-1].StatementID != at.StatementID {
				statements = append(statements, a.statementJSON(u, at.StatementID))
			}
		}
	}
	return list(r.URL.Query(), statements)
}

func (a *API) statement(r *http.Request) (any, *problem) {
	defer a.instance.lock()()
	u, p := a.owner(r)
	if p != nil {
		return nil, p
	}
	return a.statementJSON(u, r.PathValue("id")), nil
}

func (a *API) attempts(r *http.Request) (any, *problem) {
	defer a.instance.lock()()
	u, p := a.owner(r)
	if p != nil {
		return nil, p
	}
	return list(r.URL.Query(), a.attemptsJSON(u, r.PathValue("id")))
}

// owner is whose statement it is.
func (a *API) owner(r *http.Request) (*User, *problem) {
	for _, u := range a.instance.users {
		if slices.ContainsFunc(u.Attempts, func(at *Attempt) bool { return at.StatementID == r.PathValue("id") }) {
			return u, nil
		}
	}
	return nil, notFound("No statement was found with id " + r.PathValue("id") + ".")
}

func (a *API) statementJSON(u *User, id string) map[string]any {
	var total int64
	var first time.Time
	for _, at := range u.Attempts {
		if at.StatementID == id && at.Status == "paid" {
			total += at.Amount
		}
		if at.StatementID == id && first.IsZero() {
			first = at.CreatedAt
		}
	}
	status := "closed"
	if SameMonth(first, a.instance.now) {
		status = "open"
	}
	sum := Money(total)
	return map[string]any{
		"object": "commerce_statement", "id": id, "status": status, "timestamp": Milliseconds(first), "payer": a.instance.payerJSON(u, Null),
		"totals": map[string]any{"subtotal": sum, "tax_total": Money(0), "grand_total": sum},
		"groups": []any{map[string]any{"id": id + "_1", "timestamp": Milliseconds(first), "items": a.attemptsJSON(u, id)}},
	}
}

func (a *API) attemptsJSON(u *User, statement string) (attempts []any) {
	for _, at := range u.Attempts {
		if at.StatementID != statement {
			continue
		}
		n := slices.IndexFunc(u.Subscription.Items, func(it *Item) bool { return it.ID == at.ItemID })
		attempts = append(attempts, map[string]any{
			"object": "commerce_payment_attempt", "id": at.ID, "instance_id": a.instance.ID, "payment_id": at.PaymentID,
			"statement_id": at.StatementID, "gateway_external_id": "pi_" + strings.TrimPrefix(at.PaymentID, "cpay_"), "status": at.Status,
			"charge_type": at.ChargeType, "amount": Money(at.Amount), "totals": at.totals(), "failed_reason": at.reason(),
			"created_at": Milliseconds(at.CreatedAt), "updated_at": Milliseconds(at.UpdatedAt), "billing_date": Milliseconds(at.CreatedAt), "paid_at": Milliseconds(at.PaidAt), "failed_at": Milliseconds(at.FailedAt),
			"payer": a.instance.payerJSON(u, Null), "subscription_items": []any{a.itemJSON(u, u.Subscription.Items[n])},
		})
	}
	return attempts
}
