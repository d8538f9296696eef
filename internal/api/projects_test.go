package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"souk/internal/souktest"
)

func TestProjects(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		p := ana.Post("/api/projects/", `{"name":"  Ship Faster ","monthly_recurring_revenue":"120.5","target_launch_date":"2027-01-15","id":99}`).
			Is(201).Object()
		if p.Text("slug") != "ship-faster" || p.Text("name") != "Ship Faster" || p.Text("status") != "idea" ||
			p.Text("monthly_recurring_revenue") != "120.50" || p.Text("target_launch_date") != "2027-01-15" || p.ID() == 99 {
			t.Errorf("created %v", p)
		}
		if again := ana.Post("/api/projects/", `{"name":"Ship Faster"}`).Is(201).Object(); again.Text("slug") != "ship-faster-2" {
			t.Errorf("second slug %q", again.Text("slug"))
		}
		path := fmt.Sprintf("/api/projects/%d/", p.ID())
		changed := ana.Patch(path, `{"status":"live","target_launch_date":null}`).Is(200).Object()
		if changed["target_launch_date"] != nil || changed.Text("status") != "live" || changed.Text("monthly_recurring_revenue") != "120.50" {
			t.Errorf("changed %v", changed)
		}
		ana.Patch(path, `{"slug":"ship-faster-2"}`).Is(409)
		if kept := ana.Patch(path, `{"slug":""}`).Is(200).Object().Text("slug"); kept != "ship-faster" {
			t.Errorf("an empty slug left %q", kept)
		}
		ben.Get(path).Is(404)
		ben.Patch(path, `{"name":"mine"}`).Is(404)
		ben.Do("DELETE", path, nil).Is(404)
		s.Nobody().Get(path).Is(401)
		ana.Do("DELETE", path, nil).Is(204)
		ana.Get(path).Is(404)
	})
}

func TestProjectsRefuseBadFields(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		for body, field := range map[string]string{
			`{}`:                        "body",
			`{"name":""}`:               "body.name",
			`{"name":"   "}`:            "body.name",
			`{"name":null}`:             "body.name",
			`{"name":7}`:                "body.name",
			`{"name":"a","Name":"b"}`:   "body.Name",
			`{"name":"a","owner_id":1}`: "body.owner_id",
			`{"name":"a","status":"x"}`: "body.status",
			`{"name":"a\u0000b"}`:       "body.name",
			`{"name":"a","monthly_recurring_revenue":"-1"}`:    "body.monthly_recurring_revenue",
			`{"name":"a","monthly_recurring_revenue":"1.234"}`: "body.monthly_recurring_revenue",
			`{"name":"a","target_launch_date":"2026-02-30"}`:   "body.target_launch_date",
		} {
			if got := ana.Post("/api/projects/", body).Field(); got != field {
				t.Errorf("%s: names %s, want %s", body, got, field)
			}
		}
		for _, body := range []string{`{"name":"a"`, `{"name":"a","name":"b"}`, `{"name":"a"} x`, "\"\xff\"", strings.Repeat(`{"a":`, 40)} {
			ana.Post("/api/projects/", body).Is(400)
		}
		ana.With("Content-Type", "text/plain").Post("/api/projects/", `{"name":"a"}`).Is(415)
		ana.Post("/api/projects/", `{"name":"`+strings.Repeat("a", 70000)+`"}`).Is(413)
		if list := ana.Get("/api/projects/").Is(200).List(); len(list) != 0 {
			t.Errorf("something was written: %v", list)
		}
	})
}

func TestPagesFollowTheLink(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		for i := range 5 {
			ana.Post("/api/projects/", fmt.Sprintf(`{"name":"p%d"}`, i)).Is(201)
		}
		var names []string
		for path := "/api/projects/?limit=2"; path != ""; {
			page := ana.Get(path).Is(200)
			for _, p := range page.List() {
				names = append(names, p.Text("name"))
			}
			path = page.Next()
		}
		if got := strings.Join(names, " "); got != "p4 p3 p2 p1 p0" {
			t.Errorf("pages give %s", got)
		}
		if f := ana.Get("/api/projects/?cursor=abc").Field(); f != "query.cursor" {
			t.Error(f)
		}
		if f := ana.Get("/api/projects/?limit=201").Field(); f != "query.limit" {
			t.Error(f)
		}
		ana.Get("/api/projects").Is(308)
		if a := ana.Do("PUT", "/api/projects/", `{}`).Is(405); a.Header.Get("Allow") == "" {
			t.Error("405 without Allow")
		}
		ana.Get("/api/projects/1/2/").Is(404)
	})
}

func TestIdempotencyKeyGivesTheFirstAnswerAgain(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana, ben := s.As("ana@example.test"), s.As("ben@example.test")
		ana.Get("/api/projects/").Is(200)
		keyed := ana.With("Idempotency-Key", "k1")
		first := keyed.Post("/api/projects/", `{"name":"once"}`).Is(201)
		second := keyed.Post("/api/projects/", `{"name":"once"}`).Is(201)
		if string(first.Body) != string(second.Body) {
			t.Errorf("answers differ: %s, %s", first.Body, second.Body)
		}
		if f := keyed.Post("/api/projects/", `{"name":"other"}`).Field(); f != "header.Idempotency-Key" {
			t.Error(f)
		}
		ben.With("Idempotency-Key", "k1").Post("/api/projects/", `{"name":"bens"}`).Is(201)
		if n := len(ana.Get("/api/projects/").List()); n != 1 {
			t.Errorf("%d projects, want 1", n)
		}
	})
}

func TestProjectsOfOneNameAtOnceGetSlugsOfTheirOwn(t *testing.T) {
	souktest.Each(t, func(t *testing.T, s *souktest.Shop) {
		ana := s.As("ana@example.test")
		ana.Get("/api/projects/").Is(200)
		got := together(16, func(int) *souktest.Answer { return ana.Post("/api/projects/", `{"name":"Guide"}`) })
		if got[http.StatusCreated] != 16 {
			t.Errorf("statuses %v", got)
		}
		slugs := map[string]bool{}
		for _, p := range ana.Get("/api/projects/").Is(200).List() {
			slugs[p.Text("slug")] = true
		}
		if len(slugs) != 16 {
			t.Errorf("slugs %v", slugs)
		}
		got = together(8, func(int) *souktest.Answer { return ana.Post("/api/projects/", `{"name":"x","slug":"mine"}`) })
		if got[http.StatusCreated] != 1 || got[http.StatusConflict] != 7 {
			t.Errorf("one slug, statuses %v", got)
		}
	})
}
