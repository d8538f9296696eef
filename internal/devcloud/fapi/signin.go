package fapi

import (
	"net/http"

	"souk/internal/devcloud/clerk"
)

const (
	byPassword    = "password"
	byCode        = "email_code"
	resetPassword = "reset_password_email_code"
)

// signIn is an attempt to sign in.
type signIn struct {
	ID, UserID, Identifier string
	Status                 string // needs_identifier, needs_first_factor, needs_new_password, complete
	FirstFactor            *verification
	Session                string // that it made
}

// createSignIn begins one, and ends it at once when the password came along.
func (c *call) createSignIn() (any, error) {
	c.clean()
	if c.client != nil && len(c.client.Sessions) > 0 {
		return nil, &problem{http.StatusBadRequest, "session_exists", "You're already signed in.", ""}
	}
	one := c.need()
	one.SignIn = &signIn{ID: newID("sia"), Status: "needs_identifier"}
	return c.advanceSignIn(one.SignIn)
}

// updateSignIn takes what createSignIn takes, for one that has begun.
func (c *call) updateSignIn() (any, error) {
	s, err := c.currentSignIn()
	if err != nil {
		return nil, err
	}
	return c.advanceSignIn(s)
}

func (c *call) advanceSignIn(s *signIn) (any, error) {
	if c.text("identifier") == "" {
		return c.signInJSON(s), nil
	}
	email, err := c.address("identifier")
	if err != nil {
		return nil, err
	}
	user, ok := c.in.UserByEmail(email)
	if !ok {
		return nil, unprocessable("form_identifier_not_found", "Couldn't find your account.", "identifier")
	}
	s.Identifier, s.UserID, s.Status = email, user.ID, "needs_first_factor"
	if c.form.Has("password") {
		return c.proveByPassword(s, user)
	}
	return c.signInJSON(s), nil
}

// currentSignIn is the browser's own, of the id in the path.
func (c *call) currentSignIn() (*signIn, error) {
	if c.client == nil || c.client.SignIn == nil || c.client.SignIn.ID != c.r.PathValue("id") {
		return nil, errMissing
	}
	c.need()
	return c.client.SignIn, nil
}

// firstFactor is a sign-in that waits for its first factor, and whose it is.
func (c *call) firstFactor() (*signIn, clerk.User, error) {
	s, err := c.currentSignIn()
	if err != nil {
		return nil, clerk.User{}, err
	}
	user, ok := c.in.User(s.UserID)
	if !ok || s.Status != "needs_first_factor" {
		return nil, user, unprocessable("sign_in_not_ready", "This sign-in does not wait for a code or a password.", "")
	}
	return s, user, nil
}

func (c *call) prepareFirstFactor() (any, error) {
	s, user, err := c.firstFactor()
	if err != nil {
		return nil, err
	}
	strategy := c.text("strategy")
	if strategy != byCode && (strategy != resetPassword || user.Password == "") {
		return nil, unprocessable("form_param_value_invalid", "The strategy must be one of those supported.", "strategy")
	}
	s.FirstFactor = c.send(strategy, s.Identifier, user.ID)
	return c.signInJSON(s), nil
}

func (c *call) attemptFirstFactor() (any, error) {
	s, user, err := c.firstFactor()
	if err != nil {
		return nil, err
	}
	strategy := c.text("strategy")
	switch {
	case strategy == byPassword:
		return c.proveByPassword(s, user)
	case s.FirstFactor == nil || strategy != s.FirstFactor.Strategy:
		return nil, unprocessable("verification_missing", "No code was asked for.", "strategy")
	}
	if err := s.FirstFactor.attempt(c.text("code"), c.now); err != nil {
		return nil, err
	}
	if strategy == resetPassword {
		s.Status = "needs_new_password"
		return c.signInJSON(s), nil
	}
	return c.completeSignIn(s, user), nil
}

func (c *call) proveByPassword(s *signIn, user clerk.User) (any, error) {
	if user.Password == "" {
		return nil, unprocessable("strategy_for_user_invalid", "This account has no password. Use a code by e-mail.", byPassword)
	}
	if s.FirstFactor == nil || s.FirstFactor.Strategy != byPassword {
		s.FirstFactor = &verification{Strategy: byPassword, Status: "unverified", ExpireAt: c.now.Add(codeLife)}
	}
	if s.FirstFactor.Attempts >= maxAttempts {
		return nil, &problem{http.StatusForbidden, "user_locked", "Too many attempts. Begin again, or use a code by e-mail.", ""}
	}
	s.FirstFactor.Attempts++
	if !matches(c.form.Get("password"), user.Password) {
		return nil, unprocessable("form_password_incorrect", "Password is incorrect. Try again, or use another method.", byPassword)
	}
	s.FirstFactor.Status = "verified"
	return c.completeSignIn(s, user), nil
}

// resetPassword sets the new password of who proved that the address is theirs.
func (c *call) resetPassword() (any, error) {
	s, err := c.currentSignIn()
	if err != nil {
		return nil, err
	}
	user, ok := c.in.User(s.UserID)
	if !ok || s.Status != "needs_new_password" {
		return nil, unprocessable("sign_in_not_ready", "This sign-in does not wait for a new password.", "")
	}
	password, err := c.newPassword("password")
	if err != nil {
		return nil, err
	}
	if err := c.in.UpdateUser(user.ID, func(p *clerk.Profile) { p.Password = password }); err != nil {
		return nil, err
	}
	if c.form.Get("sign_out_of_other_sessions") == "true" {
		c.revokeOthers(user.ID, "")
	}
	return c.completeSignIn(s, user), nil
}

// completeSignIn answers with the attempt as it ended; the client has none any more.
func (c *call) completeSignIn(s *signIn, user clerk.User) any {
	s.Status, s.Session = "complete", c.begin(user).ID
	c.client.SignIn, c.client.SignUp = nil, nil
	return c.signInJSON(s)
}

func (c *call) signInJSON(s *signIn) map[string]any {
	body := map[string]any{
		"object": "sign_in", "id": s.ID, "status": s.Status, "identifier": clerk.OrNull(s.Identifier), "supported_identifiers": []string{"email_address"},
		"supported_first_factors": nil, "supported_second_factors": nil, "first_factor_verification": s.FirstFactor.json(), "second_factor_verification": nil,
		"user_data": nil, "created_session_id": clerk.OrNull(s.Session), "client_trust_state": nil,
	}
	user, ok := c.in.User(s.UserID)
	if !ok {
		return body
	}
	code := map[string]any{
		"strategy": byCode, "email_address_id": clerk.EmailID(user.ID, s.Identifier), "safe_identifier": s.Identifier, "primary": s.Identifier == user.Email,
	}
	factors := []any{code}
	if user.Password != "" {
		reset := map[string]any{"strategy": resetPassword, "email_address_id": code["email_address_id"], "safe_identifier": s.Identifier, "primary": code["primary"]}
		factors = []any{map[string]any{"strategy": byPassword}, code, reset}
	}
	body["supported_first_factors"] = factors
	body["user_data"] = map[string]any{
		"first_name": clerk.OrNull(user.FirstName), "last_name": clerk.OrNull(user.LastName), "image_url": picture(user.ID), "has_image": false,
	}
	return body
}
