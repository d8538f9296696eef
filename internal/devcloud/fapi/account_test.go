package fapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/fapi"
)

func TestWhoSignsUpIsSignedInAndCanSignInAgain(t *testing.T) {
	s := open(t)
	b := s.browser()
	if b.session() != "" {
		t.Error("somebody was signed in at first")
	}
	for _, c := range []struct{ email, password, want string }{
		{"nobody", "correct horse", "form_param_format_invalid email_address"},
		{"ana@example.test", "short", "form_password_length_too_short password"},
		{"ana@example.test", strings.Repeat("x", 73), "form_password_length_too_long password"},
		{strings.Repeat("x", 300) + "@example.test", "correct horse", "form_param_max_length_exceeded email_address"},
	} {
		if got := b.refused("POST", "/client/sign_ups", "email_address", c.email, "password", c.password); got != c.want {
			t.Errorf("%s %s: %s", c.email, c.password, got)
		}
	}
	up := b.must("POST", "/client/sign_ups", "email_address", "Ana@Example.test", "password", "correct horse")
	path := "/client/sign_ups/" + up["id"].(string)
	if got := b.refused("POST", path+"/attempt_verification", "code", fapi.Code); got != "verification_missing code" {
		t.Errorf("a code that was not asked for: %s", got)
	}
	b.must("POST", path+"/prepare_verification", "strategy", "email_code")
	if got := b.refused("POST", path+"/attempt_verification", "code", "000001"); got != "form_code_incorrect code" {
		t.Errorf("a wrong code: %s", got)
	}
	if got := s.browser().refused("POST", path+"/attempt_verification", "code", s.code()); got != "resource_not_found" {
		t.Errorf("another browser's sign-up: %s", got)
	}
	done := b.must("POST", path+"/attempt_verification", "code", s.code())
	if done["status"] != "complete" || done["created_user_id"] != "user_of_ana@example.test" || b.session() != done["created_session_id"] {
		t.Errorf("%v", done)
	}
	if got := b.refused("POST", "/client/sign_ins", "identifier", "ana@example.test"); got != "session_exists" {
		t.Errorf("twice: %s", got)
	}
	if me := b.must("GET", "/me"); me["email_addresses"].([]any)[0].(object)["email_address"] != "ana@example.test" {
		t.Errorf("%v", me)
	}
	b.must("DELETE", "/client/sessions")
	if b.session() != "" || b.refused("GET", "/me") != "authentication_invalid" {
		t.Error("still signed in")
	}
	if got := b.refused("POST", "/client/sign_ups", "email_address", "ANA@example.test", "password", "correct horse"); got != "form_identifier_exists email_address" {
		t.Errorf("the address of another: %s", got)
	}

	if got := b.refused("POST", "/client/sign_ins", "identifier", "ben@example.test"); got != "form_identifier_not_found identifier" {
		t.Errorf("an unknown user: %s", got)
	}
	in := b.must("POST", "/client/sign_ins", "identifier", "ana@example.test")
	path = "/client/sign_ins/" + in["id"].(string)
	if in["status"] != "needs_first_factor" || len(in["supported_first_factors"].([]any)) != 3 {
		t.Errorf("%v", in)
	}
	if got := b.refused("POST", path+"/attempt_first_factor", "strategy", "password", "password", "wrong horse"); got != "form_password_incorrect password" {
		t.Errorf("a wrong password: %s", got)
	}
	if b.session() != "" {
		t.Error("signed in with a wrong password")
	}
	if in = b.must("POST", path+"/attempt_first_factor", "strategy", "password", "password", "correct horse"); in["status"] != "complete" || b.session() != in["created_session_id"] {
		t.Errorf("%v", in)
	}
}

func TestACodeByMailSignsIn(t *testing.T) {
	s := open(t)
	if _, err := s.instance.CreateUser("user_demo", clerk.Profile{Email: "demo@example.test"}); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	in := b.must("POST", "/client/sign_ins", "identifier", "demo@example.test")
	path := "/client/sign_ins/" + in["id"].(string)
	if factors := in["supported_first_factors"].([]any); len(factors) != 1 || factors[0].(object)["strategy"] != "email_code" {
		t.Errorf("%v", factors)
	}
	if got := b.refused("POST", path+"/attempt_first_factor", "strategy", "password", "password", "correct horse"); got != "strategy_for_user_invalid password" {
		t.Errorf("without a password: %s", got)
	}
	b.must("POST", path+"/prepare_first_factor", "strategy", "email_code")
	old := s.code()
	s.pass(11 * time.Minute)
	if got := b.refused("POST", path+"/attempt_first_factor", "strategy", "email_code", "code", old); got != "verification_expired code" {
		t.Errorf("an old code: %s", got)
	}
	b.must("POST", path+"/prepare_first_factor", "strategy", "email_code")
	for range 10 {
		if got := b.refused("POST", path+"/attempt_first_factor", "strategy", "email_code", "code", "111111"); got != "form_code_incorrect code" {
			t.Fatal(got)
		}
	}
	if got := b.refused("POST", path+"/attempt_first_factor", "strategy", "email_code", "code", s.code()); got != "verification_failed code" {
		t.Errorf("after ten guesses: %s", got)
	}
	b.must("POST", path+"/prepare_first_factor", "strategy", "email_code")
	if in = b.must("POST", path+"/attempt_first_factor", "strategy", "email_code", "code", s.code()); in["status"] != "complete" {
		t.Errorf("%v", in)
	}
}

func TestAForgottenPasswordIsReplaced(t *testing.T) {
	s := open(t)
	first, second := s.browser(), s.browser()
	first.signUp("ana@example.test")
	in := second.must("POST", "/client/sign_ins", "identifier", "ana@example.test")
	path := "/client/sign_ins/" + in["id"].(string)
	if got := second.refused("POST", path+"/reset_password", "password", "another horse"); got != "sign_in_not_ready" {
		t.Errorf("without a code: %s", got)
	}
	second.must("POST", path+"/prepare_first_factor", "strategy", "reset_password_email_code")
	if in = second.must("POST", path+"/attempt_first_factor", "strategy", "reset_password_email_code", "code", s.code()); in["status"] != "needs_new_password" || second.session() != "" {
		t.Errorf("%v", in)
	}
	second.must("POST", path+"/reset_password", "password", "another horse", "sign_out_of_other_sessions", "true")
	if second.session() == "" || first.session() != "" {
		t.Error("the other session goes on, or the new one does not")
	}
	in = first.must("POST", "/client/sign_ins", "identifier", "ana@example.test", "password", "another horse", "strategy", "password")
	if in["status"] != "complete" {
		t.Errorf("%v", in)
	}
}

func TestTokens(t *testing.T) {
	s := open(t)
	b := s.browser()
	id := b.signUp("ana@example.test")
	read := func() (claims object) {
		answer := b.must("POST", "/client/sessions/"+b.session()+"/tokens")
		if err := json.Unmarshal([]byte(answer["jwt"].(string)), &claims); err != nil {
			t.Fatal(err)
		}
		return claims
	}
	now := float64(s.Now().Unix())
	claims := read()
	for name, want := range map[string]any{
		"v": 2.0, "iss": s.origin + "/__clerk", "azp": s.origin, "sub": id, "sid": b.session(), "sts": "active", "iat": now, "nbf": now - 10, "exp": now + 60, "pla": "u:free",
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, not %v", name, claims[name], want)
		}
	}
	if fva := fmt.Sprint(claims["fva"]); fva != "[0 -1]" || claims["fea"] != nil {
		t.Errorf("%v", claims)
	}
	if err := s.instance.Subscribe(id, "cplan_pro", clerk.Month); err != nil {
		t.Fatal(err)
	}
	s.pass(5 * time.Minute)
	claims = read()
	if claims["pla"] != "u:pro" || claims["fea"] != "u:pro,u:ai-coach" || claims["fva"].([]any)[0] != 5.0 {
		t.Errorf("%v", claims)
	}
	other := s.browser()
	other.signUp("ben@example.test")
	if got := other.refused("POST", "/client/sessions/"+b.session()+"/tokens"); got != "authentication_invalid" {
		t.Errorf("a token of another's session: %s", got)
	}
	s.pass(7 * 24 * time.Hour)
	if b.session() != "" {
		t.Error("a session outlives its week")
	}
}

func TestARestartSignsNobodyOut(t *testing.T) {
	s := open(t)
	b := s.browser()
	b.signUp("ana@example.test")
	session := b.session()
	half := s.browser()
	up := half.must("POST", "/client/sign_ups", "email_address", "ben@example.test", "password", "correct horse")
	half.must("POST", "/client/sign_ups/"+up["id"].(string)+"/prepare_verification", "strategy", "email_code")
	s.restart()
	if session == "" || b.session() != session {
		t.Errorf("%q, then %q", session, b.session())
	}
	if up = half.must("POST", "/client/sign_ups/"+up["id"].(string)+"/attempt_verification", "code", s.code()); up["status"] != "complete" {
		t.Errorf("a sign-up does not go on: %v", up)
	}
	b.must("DELETE", "/client/sessions")
	s.restart()
	if b.session() != "" {
		t.Error("a restart signed somebody in")
	}
}

func TestTheAccount(t *testing.T) {
	s := open(t)
	b, elsewhere := s.browser(), s.browser()
	id := b.signUp("ana@example.test")
	in := elsewhere.must("POST", "/client/sign_ins", "identifier", "ana@example.test", "password", "correct horse")
	if me := b.must("PATCH", "/me", "first_name", "Ana", "last_name", "Lima"); me["first_name"] != "Ana" || me["last_name"] != "Lima" {
		t.Errorf("%v", me)
	}
	added := b.must("POST", "/me/email_addresses/", "email_address", "ana@work.example.test")
	path := "/me/email_addresses/" + added["id"].(string)
	if got := b.refused("PATCH", "/me", "primary_email_address_id", added["id"].(string)); got != "form_param_value_invalid primary_email_address_id" {
		t.Errorf("an unverified address: %s", got)
	}
	b.must("POST", path+"/prepare_verification", "strategy", "email_code")
	b.must("POST", path+"/attempt_verification", "code", s.code())
	if got := s.browser().refused("GET", path); got != "authentication_invalid" {
		t.Errorf("a stranger reads it: %s", got)
	}
	me := b.must("PATCH", "/me", "primary_email_address_id", added["id"].(string))
	if me["primary_email_address_id"] != added["id"] || len(me["email_addresses"].([]any)) != 2 {
		t.Errorf("%v", me)
	}
	for _, email := range []string{"ana@example.test", "ana@work.example.test"} {
		if user, ok := s.instance.UserByEmail(email); !ok || user.ID != id || user.Email != "ana@work.example.test" {
			t.Errorf("%s: %v", email, user)
		}
	}
	old := me["email_addresses"].([]any)[1].(object)["id"].(string)
	b.must("DELETE", "/me/email_addresses/"+old)
	if _, ok := s.instance.UserByEmail("ana@example.test"); ok {
		t.Error("the removed address is still theirs")
	}

	if got := b.refused("POST", "/me/change_password", "current_password", "wrong horse", "new_password", "another horse"); got != "form_password_incorrect current_password" {
		t.Errorf("%s", got)
	}
	b.must("POST", "/me/change_password", "current_password", "correct horse", "new_password", "another horse")
	_, list := b.ask("GET", "/me/sessions/active")
	if sessions := list.([]any); len(sessions) != 2 || sessions[0].(object)["latest_activity"].(object)["browser_name"] != "Chrome" {
		t.Errorf("%v", list)
	}
	b.must("POST", "/me/sessions/"+in["created_session_id"].(string)+"/revoke")
	if elsewhere.session() != "" || b.session() == "" {
		t.Error("the revoked session goes on, or the other does not")
	}

	if gone := b.must("DELETE", "/me"); gone["deleted"] != true {
		t.Errorf("%v", gone)
	}
	if _, there := s.instance.User(id); there || b.session() != "" {
		t.Error("still there")
	}
	if again := b.signUp("ana@example.test"); again == "" || again == id {
		t.Errorf("the new account has the id %q", again)
	}
}

func TestWhoIsDeletedElsewhereIsSignedOut(t *testing.T) {
	s := open(t)
	b := s.browser()
	if err := s.instance.DeleteUser(b.signUp("ana@example.test")); err != nil {
		t.Fatal(err)
	}
	if b.session() != "" {
		t.Error("still signed in")
	}
}

func TestOtherPagesMayNotAsk(t *testing.T) {
	s := open(t)
	b := s.browser()
	b.signUp("ana@example.test")
	for _, header := range [][2]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
		name, value := header[0], header[1]
		was := b.sent.Get(name)
		b.sent.Set(name, value)
		if got := b.refused("DELETE", "/me"); got != "origin_invalid" {
			t.Errorf("%s: %s", name, got)
		}
		b.sent.Set(name, was)
		if was == "" {
			b.sent.Del(name)
		}
	}
	if b.session() == "" {
		t.Error("signed out")
	}
}

func TestCookies(t *testing.T) {
	s := open(t)
	b := s.browser()
	visible := func() (names []string) {
		at, _ := url.Parse(s.origin)
		for _, c := range b.http.Jar.Cookies(at) {
			names = append(names, c.Name)
		}
		slices.Sort(names)
		return names
	}
	b.session()
	if got := visible(); len(got) != 0 {
		t.Errorf("a visitor has %q", got)
	}
	b.signUp("ana@example.test")
	suffix := regexp.MustCompile(`^__client_uat_(.{8})$`)
	got := visible()
	n := slices.IndexFunc(got, suffix.MatchString)
	if n < 0 || len(got) != 3 || !slices.Contains(got, "__client_uat") || !slices.Contains(got, "__client_"+suffix.FindStringSubmatch(got[n])[1]) {
		t.Fatalf("%q", got)
	}
	forged := s.browser()
	at, _ := url.Parse(s.origin + "/__clerk/")
	cookies := b.http.Jar.Cookies(at)
	mine := cookies[slices.IndexFunc(cookies, func(c *http.Cookie) bool { return !strings.HasPrefix(c.Name, "__client_uat") })]
	id, _, _ := strings.Cut(mine.Value, ".")
	forged.http.Jar.SetCookies(at, []*http.Cookie{{Name: mine.Name, Value: id + ".x"}})
	if forged.session() != "" {
		t.Error("a client's id is enough to be signed in")
	}
}

func TestLimitsAndUnknownCalls(t *testing.T) {
	b := open(t).browser()
	if got := b.refused("POST", "/client/sign_ups", "email_address", strings.Repeat("x", 70<<10)); got != "request_body_invalid" {
		t.Errorf("%s", got)
	}
	if got := b.refused("GET", "/"); got != "resource_not_found" {
		t.Errorf("%s", got)
	}
	if got := b.refused("GET", "/me/totp"); got != "resource_not_found" {
		t.Errorf("%s", got)
	}
}

func TestTheShopIsToldOfSessionsAndMails(t *testing.T) {
	s := open(t)
	b, elsewhere := s.browser(), s.browser()
	b.signUp("ana@example.test")
	b.must("DELETE", "/client/sessions")
	in := elsewhere.must("POST", "/client/sign_ins", "identifier", "ana@example.test", "password", "correct horse")
	elsewhere.must("POST", "/client/sessions/"+in["created_session_id"].(string)+"/end")
	elsewhere.must("POST", "/client/sign_ins", "identifier", "ana@example.test", "password", "correct horse")
	again := b.must("POST", "/client/sign_ins", "identifier", "ana@example.test", "password", "correct horse")
	elsewhere.must("POST", "/me/sessions/"+again["created_session_id"].(string)+"/revoke")
	elsewhere.must("DELETE", "/me")
	var told []string
	for _, e := range s.instance.Events() {
		if strings.HasPrefix(e.Type, "session.") || strings.HasPrefix(e.Type, "email.") || strings.HasPrefix(e.Type, "user.") {
			told = append(told, e.Type)
		}
	}
	want := []string{"email.created", "user.created", "session.created", "session.removed", "session.created", "session.ended", "session.created", "session.created", "session.revoked", "user.deleted", "session.ended"}
	if !slices.Equal(told, want) {
		t.Errorf("%q, not %q", told, want)
	}
}

func TestTheControlPageSignsAnybodyIn(t *testing.T) {
	s := open(t)
	id, err := s.instance.CreateUser("", clerk.Profile{Email: "demo@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	api := s.handler
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, ok := strings.CutPrefix(r.URL.Path, "/as/"); ok {
			if known, err := s.server.SignInAs(w, r, user); !known || err != nil {
				http.NotFound(w, r)
			}
			return
		}
		api.ServeHTTP(w, r)
	})
	b := s.browser()
	b.signUp("ana@example.test")
	for _, c := range []struct {
		user string
		want int
	}{{"user_nobody", 404}, {id, 200}} {
		res, err := b.http.Get(s.origin + "/as/" + c.user)
		if err != nil || res.StatusCode != c.want || res.Body.Close() != nil {
			t.Fatalf("%s: %v, %v", c.user, res, err)
		}
	}
	if me := b.must("GET", "/me"); me["id"] != id {
		t.Errorf("signed in is %v", me)
	}
	if all := s.server.Sessions(); len(all) != 1 || all[0].UserID != id {
		t.Errorf("%v", all)
	}
}

func TestShopsOnOtherPortsLeaveEachOtherSignedIn(t *testing.T) {
	one, other := open(t), open(t)
	at, there := one.browser(), other.browser()
	there.http.Jar = at.http.Jar // of one machine: ports share cookies
	at.signUp("ana@example.test")
	there.signUp("ana@example.test")
	if at.session() == "" || there.session() == "" {
		t.Errorf("signed in: %q at one, %q at the other", at.session(), there.session())
	}
}

func TestWhoLeavesWhileTheirRequestIsAnsweredIsSignedOutAllTheSame(t *testing.T) {
	s := open(t)
	b := s.browser()
	b.signUp("ana@example.test")
	gone, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(gone, "POST", "/__clerk/v1/client/sessions/"+b.session()+"/end", nil)
	at, _ := url.Parse(s.origin)
	for _, c := range b.http.Jar.Cookies(at) {
		r.AddCookie(c)
	}
	s.ServeHTTP(httptest.NewRecorder(), r)
	s.restart()
	if b.session() != "" {
		t.Error("the restart took the sign-out back")
	}
}

func TestASlowMailServerLetsOthersSignIn(t *testing.T) {
	s := open(t)
	others := s.browser()
	others.http.Timeout = 5 * time.Second
	s.mailing = func() {
		s.mailing = nil
		others.signUp("ben@example.test")
	}
	s.browser().signUp("ana@example.test")
	if others.session() == "" {
		t.Error("nobody else could sign up meanwhile")
	}
}

func TestAUserAndTheirSessionAreKeptAtOnce(t *testing.T) {
	s := open(t)
	b := s.browser()
	signed := false
	s.signing = func() { // the user is made, the answer with the session's token is not
		if s.kept("user") != 0 {
			t.Error("a kill here would leave a user without a session")
		}
		s.signing, signed = nil, true
	}
	b.signUp("ana@example.test")
	if !signed || s.kept("user") != 1 || b.session() == "" {
		t.Errorf("signed %v, %d users", signed, s.kept("user"))
	}
}

func TestWhoIsDeletedLeavesNothingBehind(t *testing.T) {
	s := open(t)
	b := s.browser()
	id := b.signUp("ana@example.test")
	b.must("POST", "/me/billing/payment_methods", "use_test_card", "true", "gateway", "stripe")
	b.must("POST", "/me/email_addresses/"+b.must("POST", "/me/email_addresses", "email_address", "second@example.test")["id"].(string)+"/prepare_verification", "strategy", "email_code")
	if s.kept("payer") != 1 || s.kept("pending") != 1 {
		t.Fatalf("%d payers, %d addresses to be proved", s.kept("payer"), s.kept("pending"))
	}
	if err := s.instance.DeleteUser(id); err != nil {
		t.Fatal(err)
	}
	if len(s.server.Active()) != 0 || !slices.Contains(s.events(), "session.ended") {
		t.Errorf("%d sessions; %q", len(s.server.Active()), s.events())
	}
	s.pass(2 * time.Hour)
	if err := s.server.Sweep(); err != nil {
		t.Fatal(err)
	}
	if s.kept("payer") != 0 || s.kept("pending") != 0 {
		t.Errorf("%d payers, %d addresses to be proved", s.kept("payer"), s.kept("pending"))
	}
}

func TestASessionEndsThoughNobodyComesBack(t *testing.T) {
	s := open(t)
	s.browser().signUp("ana@example.test")
	s.pass(8 * 24 * time.Hour)
	if err := s.server.Sweep(); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(s.events(), "session.ended") {
		t.Errorf("%q", s.events())
	}
}

func TestAProvedAddressIsWaitedForNoLonger(t *testing.T) {
	s := open(t)
	b := s.browser()
	b.signUp("ana@example.test")
	path := "/me/email_addresses/" + b.must("POST", "/me/email_addresses", "email_address", "second@example.test")["id"].(string)
	b.must("POST", path+"/prepare_verification", "strategy", "email_code")
	b.must("POST", path+"/attempt_verification", "code", fapi.Code)
	if s.kept("pending") != 0 {
		t.Error("the proof is still waited for")
	}
}

func TestLengthsAreOfCharactersOfEveryValue(t *testing.T) {
	s := open(t)
	b := s.browser()
	b.signUp("ana@example.test")
	if got := b.must("PATCH", "/me", "first_name", strings.Repeat("ü", 250)); got["first_name"] != strings.Repeat("ü", 250) {
		t.Errorf("%v", got["first_name"])
	}
	if got := b.refused("PATCH", "/me?first_name="+strings.Repeat("x", 251), "first_name", "short"); got != "form_param_max_length_exceeded first_name" {
		t.Error(got)
	}
}
