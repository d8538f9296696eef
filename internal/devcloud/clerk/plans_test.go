package clerk

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestPlansAreReadAsTheyAreWritten(t *testing.T) {
	want := SamplePlans()
	want[1].Description = "For <you> & yours"
	text := WritePlans(want)
	if got, err := ReadPlans(text); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v of\n%s", got, err, text)
	}
	got, err := ReadPlans([]byte(`{"plans": [{"slug": "free", "name": "Free", "default": true}, {"slug": "pro", "name": "Pro", "annual_cents": 100}]}`))
	if err != nil || got[1].ID != "cplan_pro" || got[1].Annual != 100 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsWrongWithPlansIsNamed(t *testing.T) {
	const free = `{"slug": "free", "name": "Free", "default": true}`
	many := strings.TrimSuffix(strings.Repeat(free+",", 51), ",")
	for text, want := range map[string]string{
		`{`: "unexpected EOF", `{"plans": [` + free + `]} x`: "more after", `{"plan": []}`: `unknown field "plan"`, `{"plans": [{"prices": 1}]}`: `unknown field "prices"`,
		`{"plans": [{"monthly_cents": "9"}]}`: "monthly_cents", `{"plans": []}`: "exactly one is the default, not 0",
		`{"plans": [` + free + `, {"slug": "b", "name": "B", "default": true}]}`: "exactly one is the default, not 2", `{"plans": [` + many + `]}`: "at most 50",
		`{"plans": [` + free + `, {"slug": "A b", "name": "", "monthly_cents": 99, "annual_cents": -1, "trial_days": 400, "features": ["x", "no!"]}]}`: "plans[1].slug plans[1].name plans[1].monthly_cents plans[1].annual_cents plans[1].trial_days plans[1].features[1]",
		`{"plans": [` + free + `, {"slug": "b", "name": "B"}]}`:                                                                          "plans[1].monthly_cents must be there",
		`{"plans": [` + free + `, {"slug": "free", "name": "B", "monthly_cents": 100}]}`:                                                 "plans[1].slug",
		`{"plans": [` + free + `, {"id": "b", "slug": "b", "name": "B", "monthly_cents": 100}]}`:                                         "plans[1].id",
		`{"plans": [{"slug": "free", "name": "Free", "default": true, "trial_days": 3}]}`:                                                "plans[0].default",
		`{"plans": [` + free + `, {"slug": "b", "name": "B", "monthly_cents": 100, "description": "` + strings.Repeat("x", 501) + `"}]}`: "plans[1].description",
	} {
		_, err := ReadPlans([]byte(text))
		if err == nil {
			t.Errorf("%s is taken", text)
			continue
		}
		if strings.HasPrefix(want, "plans[1].slug plans[1].name") {
			for _, field := range strings.Fields(want) {
				if !strings.Contains(err.Error(), field) {
					t.Errorf("%s: %v does not name %s", text, err, field)
				}
			}
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestAPlanThatIsTakenOutEndsWithItsPeriod(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clerk.db")
	first := kept(t, path, Options{})
	id := newUser(t, first)
	must(t, first.Subscribe(id, "cplan_starter", Month))
	now := []Plan{{ID: "cplan_none", Slug: "none", Name: "None", Default: true}, {ID: "cplan_team", Slug: "team", Name: "Team", Monthly: 4900}}
	second := kept(t, path, Options{Plans: now, Dialect: specification})
	if plan, _ := second.Access(id); plan != "cplan_starter" {
		t.Errorf("at first %s", plan)
	}
	if q, err := second.Preview(id, "cplan_team", Month); err != nil || q.Due != 4900 {
		t.Errorf("%+v, %v", q, err)
	}
	pass(t, second, 32*day)
	if plan, _ := second.Access(id); plan != "none" {
		t.Errorf("afterwards %s", plan)
	}
	if u, _ := second.User(id); len(u.Attempts) != 1 || u.Subscription.Items[1].Status != Ended {
		t.Errorf("%+v", u.Subscription.Items[1])
	}
}
