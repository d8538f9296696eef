package clerk

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	sdk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/billing"
	"github.com/clerk/clerk-sdk-go/v2/user"
)

const key = "sk_test_of_the_stand_in_0123456789"

// backend serves an instance, and gives what Clerk's own SDK needs to ask it.
func backend(t *testing.T, i *Instance) (*API, *sdk.ClientConfig, string) {
	t.Helper()
	api := NewAPI(i, key, nil)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return api, &sdk.ClientConfig{BackendConfig: sdk.BackendConfig{URL: sdk.String(server.URL + "/v1"), Key: sdk.String(key), HTTPClient: server.Client()}}, server.URL
}

func get(t *testing.T, url string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatalf("%s: %s", url, text)
	}
	return response.StatusCode, body
}

func TestClerksSDKReadsUsers(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 9}, 40, 400)
	must(t, err)
	_, config, _ := backend(t, i)
	client := user.NewClient(config)
	var living []User
	for _, u := range i.Users() {
		got, err := client.Get(t.Context(), u.ID)
		var answer *sdk.APIErrorResponse
		if u.Deleted {
			if !errors.As(err, &answer) || answer.HTTPStatusCode != 404 || answer.Errors[0].Code != "resource_not_found" {
				t.Errorf("a deleted user: %v", err)
			}
			continue
		}
		must(t, err)
		living = append(living, u)
		primary := ""
		for _, address := range got.EmailAddresses {
			if address.ID == *got.PrimaryEmailAddressID {
				primary = address.EmailAddress
			}
		}
		if got.ID != u.ID || primary != u.Email || *got.FirstName != u.FirstName || got.CreatedAt != u.CreatedAt.UnixMilli() {
			t.Fatalf("%+v is not %+v", got, u)
		}
	}
	all := &user.ListParams{OrderBy: sdk.String("+created_at")}
	all.Limit, all.Offset = sdk.Int64(5), sdk.Int64(2)
	got, err := client.List(t.Context(), all)
	must(t, err)
	if int(got.TotalCount) != len(living) || len(got.Users) != 5 || got.Users[0].ID != living[2].ID {
		t.Errorf("a page of %d, %d in all", len(got.Users), got.TotalCount)
	}
	got, err = client.List(t.Context(), &user.ListParams{UserIDs: []string{living[0].ID, living[3].ID}})
	must(t, err)
	if got.TotalCount != 2 || got.Users[0].ID != living[3].ID {
		t.Errorf("two by id, the newest first: %+v", got.Users)
	}
	if _, err := client.Delete(t.Context(), living[0].ID); err != nil {
		t.Error(err)
	}
	if events := i.Events(); decode(t, events[len(events)-1]).Type != "subscription.updated" {
		t.Error("a deletion told nobody")
	}
}

func TestClerksSDKReadsPlansAndItems(t *testing.T) {
	i, err := SimulateYear(Options{Seed: 9}, 40, 400)
	must(t, err)
	_, config, _ := backend(t, i)
	client := billing.NewClient(config)
	plans, err := client.ListPlans(t.Context(), &billing.ListPlansParams{PayerType: sdk.String("user")})
	must(t, err)
	if plans.TotalCount != 5 || plans.Data[2].Slug != "pro" || plans.Data[2].Fee.Amount != 1900 || *plans.Data[2].FreeTrialDays != 14 || plans.Data[4].Fee != nil {
		t.Errorf("%+v", plans)
	}
	want := map[string]*Item{}
	for _, u := range i.Users() {
		for _, it := range u.Subscription.Items[1:] {
			if it.Status == Active {
				want[it.ID] = it
			}
		}
	}
	params := &billing.ListSubscriptionItemsParams{Status: sdk.String("active")}
	params.Limit = sdk.Int64(500)
	items, err := client.ListSubscriptionItems(t.Context(), params)
	must(t, err)
	if len(items.Data) != len(want) || len(want) == 0 {
		t.Errorf("%d items, want %d", len(items.Data), len(want))
	}
	for _, got := range items.Data {
		it := want[got.ID]
		if it == nil || *got.PlanID != it.PlanID || got.PlanPeriod != string(it.Period) || *got.PeriodEnd != it.PeriodEnd.UnixMilli() || got.IsFreeTrial != it.FreeTrial {
			t.Errorf("%+v is not %+v", got, it)
		}
	}
}

func TestASubscriptionAndItsStatements(t *testing.T) {
	for _, hide := range []bool{false, true} {
		i := instance(t, Options{HideEnded: hide})
		id := newUser(t, i)
		must(t, i.FailPayments(id, 1))
		if err := i.Subscribe(id, "cplan_starter", Month); !errors.Is(err, ErrDeclined) {
			t.Fatal(err)
		}
		must(t, i.Subscribe(id, "cplan_starter", Month)) // the same month: one statement has both attempts
		pass(t, i, 40*day)
		_, _, url := backend(t, i)
		status, s := get(t, url+"/v1/users/"+id+"/billing/subscription")
		items, _ := s["subscription_items"].([]any)
		if want := map[bool]int{false: 3, true: 1}[hide]; status != 200 || len(items) != want || s["status"] != "active" || s["next_payment"] == nil {
			t.Errorf("hide %v: %d %v", hide, status, s)
		}
		_, list := get(t, url+"/v1/billing/statements")
		statements, _ := list["data"].([]any)
		if len(statements) != 2 {
			t.Fatalf("statements: %v", list)
		}
		first, _ := statements[0].(map[string]any)
		_, attempts := get(t, url+"/v1/billing/statements/"+first["id"].(string)+"/payment_attempts")
		if data, _ := attempts["data"].([]any); len(data) != 2 || data[0].(map[string]any)["status"] != "failed" || data[1].(map[string]any)["status"] != "paid" {
			t.Errorf("attempts: %v", attempts)
		}
		if _, one := get(t, url+"/v1/billing/statements/"+first["id"].(string)); one["id"] != first["id"] {
			t.Errorf("statement: %v", one)
		}
	}
}

func TestBadRequestsAreRefusedInClerksForm(t *testing.T) {
	i := instance(t, Options{})
	_, _, url := backend(t, i)
	for path, want := range map[string]int{
		"/v1/users?limit=501": 422, "/v1/users?limit=x": 422, "/v1/users?offset=-1": 422, "/v1/users?order_by=name": 422,
		"/v1/billing/subscription_items?status=canceled": 422, "/v1/billing/plans?payer_type=cat": 422,
		"/v1/users/user_none": 404, "/v1/users/user_none/billing/subscription": 404, "/v1/billing/statements/x": 404, "/v1/none": 404,
	} {
		status, body := get(t, url+path)
		list, _ := body["errors"].([]any)
		if status != want || len(list) != 1 || names(list[0].(map[string]any)) != "code long_message message meta" || body["clerk_trace_id"] == nil {
			t.Errorf("%s: %d %v", path, status, body)
		}
	}
	for _, authorization := range []string{"", "Bearer ", "Bearer " + key + "x", key} {
		r := httptest.NewRequest(http.MethodGet, "/v1/users", nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		NewAPI(i, key, nil).ServeHTTP(w, r)
		if w.Code != 401 {
			t.Errorf("%q: %d", authorization, w.Code)
		}
	}
}

func TestTroubleOnRequest(t *testing.T) {
	i := instance(t, Options{})
	id := newUser(t, i)
	api, config, url := backend(t, i)
	client := user.NewClient(config)
	var answer *sdk.APIErrorResponse
	api.RetryAfter(1500 * time.Millisecond)
	for trouble, status := range map[Trouble]int{TooMany: 429, ServerError: 500} {
		api.Fail(trouble, 1)
		if _, err := client.Get(t.Context(), id); !errors.As(err, &answer) || answer.HTTPStatusCode != status {
			t.Errorf("%s: %v", trouble, err)
		}
	}
	api.Fail(TooMany, 1)
	r, err := http.Get(url + "/v1/users") //nolint:noctx // the test's own server
	must(t, err)
	_ = r.Body.Close()
	if r.Header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
	}
	api.Fail(Garbage, 1)
	if _, err := client.Get(t.Context(), id); err == nil {
		t.Error("half a document was read")
	}
	api.Fail(Hang, 1)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Get(short, id); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
	if _, err := client.Get(t.Context(), id); err != nil {
		t.Errorf("the trouble did not end: %v", err)
	}
	if n := api.Requests()["GET /v1/users/{id}"]; n != 5 {
		t.Errorf("%d requests counted: %v", n, api.Requests())
	}
}

func TestTheRateLimit(t *testing.T) {
	api := NewAPI(instance(t, Options{}), key, nil)
	api.Limit(3, 10*time.Second)
	start := time.Unix(1, 0)
	for n, want := range []Trouble{"", "", "", TooMany} {
		if got, _ := api.count("x", start.Add(time.Duration(n)*time.Millisecond)); got != want {
			t.Errorf("request %d: %q", n, got)
		}
	}
	if got, _ := api.count("x", start.Add(11*time.Second)); got != "" {
		t.Error("the limit never ends")
	}
	if api.Peak() != 4 {
		t.Errorf("peak %d", api.Peak())
	}
}

func TestItemsAreFiltered(t *testing.T) {
	i := instance(t, Options{})
	ana, err := i.CreateUser("", Profile{Email: "user1@example.test"})
	must(t, err)
	ben, err := i.CreateUser("", Profile{Email: "user2@example.test"})
	must(t, err)
	must(t, i.Subscribe(ana, "cplan_starter", Month))
	must(t, i.Subscribe(ben, "cplan_pro", Month))
	pass(t, i, day)
	must(t, i.Subscribe(ben, "cplan_starter", Month))
	_, _, url := backend(t, i)
	for query, want := range map[string]float64{
		"": 3, "include_free=true": 5, "status=active": 1, "status=upcoming": 1, "status=free_trial": 0, "status=ended&include_free=true": 2,
		"plan_id=cplan_starter": 2, "query=USER2": 2, "user_id=" + ana: 1, "payer_type=org": 0, "limit=1&offset=1": 3,
	} {
		if status, body := get(t, url+"/v1/billing/subscription_items?"+query); status != 200 || body["total_count"] != want {
			t.Errorf("%q: %d, %v items, want %v", query, status, body["total_count"], want)
		}
	}
	_, some := get(t, url+"/v1/billing/subscription_items?limit=2&offset=2")
	if data, _ := some["data"].([]any); len(data) != 1 {
		t.Errorf("the last page has %d", len(data))
	}
}
