package fapi

import (
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"souk/internal/devcloud/clerk"
)

// accountRoutes are those of people and their sessions.
func (s *Server) accountRoutes() {
	s.handle("GET /environment", (*call).environment)
	s.handle("PATCH /environment", (*call).environment)
	s.handle("GET /client", func(c *call) (any, error) { return c.clientJSON(), nil })
	s.handle("PUT /client", func(c *call) (any, error) { c.need(); return c.clientJSON(), nil })
	s.handle("DELETE /client/sessions", (*call).signOut)

	s.handle("POST /client/sign_ins", (*call).createSignIn)
	s.handle("GET /client/sign_ins/{id}", (*call).readSignIn)
	s.handle("PATCH /client/sign_ins/{id}", (*call).updateSignIn)
	s.handle("POST /client/sign_ins/{id}/prepare_first_factor", (*call).prepareFirstFactor)
	s.handle("POST /client/sign_ins/{id}/attempt_first_factor", (*call).attemptFirstFactor)
	s.handle("POST /client/sign_ins/{id}/reset_password", (*call).resetPassword)

	s.handle("POST /client/sign_ups", (*call).createSignUp)
	s.handle("GET /client/sign_ups/{id}", (*call).readSignUp)
	s.handle("PATCH /client/sign_ups/{id}", (*call).updateSignUp)
	s.handle("POST /client/sign_ups/{id}/prepare_verification", (*call).prepareVerification)
	s.handle("POST /client/sign_ups/{id}/attempt_verification", (*call).attemptVerification)

	s.handle("GET /client/sessions/{id}", (*call).readSession)
	s.handle("POST /client/sessions/{id}/touch", (*call).touch)
	s.handle("POST /client/sessions/{id}/tokens", (*call).newToken)
	s.handle("POST /client/sessions/{id}/end", func(c *call) (any, error) { return c.endSession("ended") })
	s.handle("POST /client/sessions/{id}/remove", func(c *call) (any, error) { return c.endSession("removed") })

	s.handle("GET /me", func(c *call) (any, error) {
		user, _, err := c.me()
		return c.userJSON(user), err
	})
	s.handle("PATCH /me", (*call).updateMe)
	s.handle("DELETE /me", (*call).deleteMe)
	s.handle("POST /me/change_password", (*call).changePassword)
	s.handle("POST /me/email_addresses", (*call).addAddress)
	s.handle("GET /me/email_addresses/{id}", (*call).readAddress)
	s.handle("DELETE /me/email_addresses/{id}", (*call).removeAddress)
	s.handle("POST /me/email_addresses/{id}/prepare_verification", (*call).prepareAddress)
	s.handle("POST /me/email_addresses/{id}/attempt_verification", (*call).attemptAddress)
	s.handle("GET /me/sessions", (*call).activeSessions)
	s.handle("GET /me/sessions/active", (*call).activeSessions)
	s.handle("POST /me/sessions/{id}/revoke", (*call).revokeSession)
	for _, none := range []string{"memberships", "invitations", "suggestions"} {
		s.handle("GET /me/organization_"+none, func(*call) (any, error) { return listed[any](nil), nil })
	}
	s.routes.HandleFunc(Prefix+"/v1/", func(w http.ResponseWriter, r *http.Request) {
		status, body := refusal(r, &problem{http.StatusNotFound, "resource_not_found", "The stand-in has no such call; docs/devcloud.md lists what it leaves out.", ""})
		writeJSON(w, status, body)
	})
}

func (c *call) readSignIn() (any, error) {
	s, err := c.currentSignIn()
	if err != nil {
		return nil, err
	}
	return c.signInJSON(s), nil
}

func (c *call) readSignUp() (any, error) {
	s, err := c.currentSignUp()
	if err != nil {
		return nil, err
	}
	return c.signUpJSON(s), nil
}

func (c *call) readSession() (any, error) {
	s, err := c.session(c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return c.sessionJSON(s), nil
}

// signOut ends all sessions of the browser; the client stays.
func (c *call) signOut() (any, error) {
	if c.client == nil {
		return nil, nil
	}
	for len(c.client.Sessions) > 0 {
		c.finish(c.client, c.client.Sessions[0], "removed")
	}
	c.client.SignIn, c.client.SignUp = nil, nil
	c.need()
	return c.clientJSON(), nil
}

func (c *call) endSession(how string) (any, error) {
	s, err := c.session(c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	body := c.sessionJSON(s)
	body["status"], body["last_active_token"] = how, nil
	c.finish(c.client, s, how)
	return body, nil
}

// touch makes a session the active one of the browser.
func (c *call) touch() (any, error) {
	s, err := c.session(c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	s.LastActiveAt, s.UpdatedAt, c.client.LastActive = c.now, c.now, s.ID
	c.changed(c.client)
	return c.sessionJSON(s), nil
}

func (c *call) newToken() (any, error) {
	s, err := c.session(c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	s.LastActiveAt = c.now
	c.keep("client", c.client.ID, c.client)
	token, err := c.token(s)
	return bare{map[string]any{"object": "token", "jwt": token}}, err
}

func (c *call) updateMe() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	primary := c.text("primary_email_address_id")
	wanted := user.Email
	if primary != "" && primary != clerk.EmailID(user.ID, user.Email) {
		n := slices.IndexFunc(user.Others, func(a clerk.Address) bool { return a.Verified && clerk.EmailID(user.ID, a.Email) == primary })
		if n < 0 {
			return nil, unprocessable("form_param_value_invalid", "The primary address must be one of the user's that is verified.", "primary_email_address_id")
		}
		wanted = user.Others[n].Email
	}
	err = c.in.UpdateUser(user.ID, func(p *clerk.Profile) {
		if c.form.Has("first_name") {
			p.FirstName = c.text("first_name")
		}
		if c.form.Has("last_name") {
			p.LastName = c.text("last_name")
		}
		if wanted != p.Email {
			p.Others = append(p.Others, clerk.Address{Email: p.Email, Verified: true})
			p.Email = wanted
		}
	})
	return c.mine(user.ID), err
}

// mine is the user as it is now.
func (c *call) mine(id string) any {
	user, _ := c.in.User(id)
	return c.userJSON(user)
}

func (c *call) deleteMe() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	if err := c.in.DeleteUser(user.ID); err != nil {
		return nil, err
	}
	c.forget(user.ID, user.Others)
	return map[string]any{"object": "user", "id": user.ID, "deleted": true}, nil
}

// forget signs a user who is gone out everywhere.
func (c *call) forget(userID string, others []clerk.Address) {
	for _, one := range c.clients {
		for _, s := range slices.Clone(one.Sessions) {
			if s.UserID == userID {
				c.finish(one, s, "ended")
			}
		}
	}
	delete(c.payers, userID)
	c.keep("payer", userID, nil)
	for _, other := range others {
		c.settle(clerk.EmailID(userID, other.Email))
	}
}

func (c *call) changePassword() (any, error) {
	user, s, err := c.me()
	if err != nil {
		return nil, err
	}
	if user.Password != "" && !matches(c.form.Get("current_password"), user.Password) {
		return nil, unprocessable("form_password_incorrect", "Password is incorrect. Try again.", "current_password")
	}
	password, err := c.newPassword("new_password")
	if err != nil {
		return nil, err
	}
	if err := c.in.UpdateUser(user.ID, func(p *clerk.Profile) { p.Password = password }); err != nil {
		return nil, err
	}
	if c.form.Get("sign_out_of_other_sessions") == "true" {
		c.revokeOthers(user.ID, s.ID)
	}
	return c.mine(user.ID), nil
}

// revokeOthers ends all sessions of a user but one.
func (c *call) revokeOthers(userID, but string) {
	for _, one := range c.clients {
		for _, s := range slices.Clone(one.Sessions) {
			if s.UserID == userID && s.ID != but {
				c.finish(one, s, "revoked")
			}
		}
	}
}

func (c *call) addAddress() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	email, err := c.address("email_address")
	if err != nil {
		return nil, err
	}
	_, taken := c.in.UserByEmail(email)
	if taken || email == user.Email || slices.ContainsFunc(user.Others, func(a clerk.Address) bool { return a.Email == email }) {
		return nil, unprocessable("form_identifier_exists", "That email address is taken. Please try another.", "email_address")
	}
	if len(user.Others) >= maxOwn {
		return nil, unprocessable("form_param_value_invalid", fmt.Sprintf("A user has at most %d addresses.", maxOwn), "email_address")
	}
	added := clerk.Address{Email: email}
	err = c.in.UpdateUser(user.ID, func(p *clerk.Profile) { p.Others = append(p.Others, added) })
	return c.addressJSON(user.ID, added), err
}

// further is one of the further addresses of who asks, by the id in the path.
func (c *call) further() (clerk.User, clerk.Address, error) {
	user, _, err := c.me()
	if err != nil {
		return user, clerk.Address{}, err
	}
	n := slices.IndexFunc(user.Others, func(a clerk.Address) bool { return clerk.EmailID(user.ID, a.Email) == c.r.PathValue("id") })
	if n < 0 {
		return user, clerk.Address{}, errMissing
	}
	return user, user.Others[n], nil
}

func (c *call) readAddress() (any, error) {
	user, a, err := c.further()
	if err != nil {
		return nil, err
	}
	return c.addressJSON(user.ID, a), nil
}

func (c *call) removeAddress() (any, error) {
	user, a, err := c.further()
	if err != nil {
		return nil, err
	}
	id := clerk.EmailID(user.ID, a.Email)
	c.settle(id)
	err = c.in.UpdateUser(user.ID, func(p *clerk.Profile) {
		p.Others = slices.DeleteFunc(p.Others, func(other clerk.Address) bool { return other.Email == a.Email })
	})
	return map[string]any{"object": "email_address", "id": id, "deleted": true}, err
}

// settle forgets the proof that was asked of an address.
func (c *call) settle(id string) {
	delete(c.pending, id)
	c.keep("pending", id, nil)
}

func (c *call) prepareAddress() (any, error) {
	user, a, err := c.further()
	if err != nil {
		return nil, err
	}
	if c.text("strategy") != byCode {
		return nil, unprocessable("form_param_value_invalid", "The strategy must be email_code.", "strategy")
	}
	id := clerk.EmailID(user.ID, a.Email)
	c.pending[id] = c.send(byCode, a.Email, user.ID)
	c.keep("pending", id, c.pending[id])
	return c.addressJSON(user.ID, a), nil
}

func (c *call) attemptAddress() (any, error) {
	user, a, err := c.further()
	if err != nil {
		return nil, err
	}
	id := clerk.EmailID(user.ID, a.Email)
	if proof := c.pending[id]; proof != nil {
		c.keep("pending", id, proof)
	}
	if err := c.pending[id].attempt(c.text("code"), c.now); err != nil {
		return nil, err
	}
	if _, taken := c.in.UserByEmail(a.Email); taken {
		return nil, unprocessable("form_identifier_exists", "That email address is taken. Please try another.", "email_address")
	}
	a.Verified = true
	c.settle(id)
	err = c.in.UpdateUser(user.ID, func(p *clerk.Profile) {
		for n := range p.Others {
			if p.Others[n].Email == a.Email {
				p.Others[n].Verified = true
			}
		}
	})
	return c.addressJSON(user.ID, a), err
}

func (c *call) activeSessions() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, one := range c.clients {
		for _, s := range one.Sessions {
			if s.UserID != user.ID || !c.now.Before(s.ExpireAt) {
				continue
			}
			body := c.sessionJSON(s)
			body["last_active_token"] = nil
			device, browser, version, mobile := readAgent(s.Agent)
			body["latest_activity"] = map[string]any{
				"object": "session_activity", "id": "sess_activity_" + s.ID, "device_type": device, "is_mobile": mobile, "browser_name": browser, "browser_version": version,
				"ip_address": s.Address, "city": nil, "country": nil,
			}
			list = append(list, body)
		}
	}
	return bare{list}, nil
}

func (c *call) revokeSession() (any, error) {
	user, _, err := c.me()
	if err != nil {
		return nil, err
	}
	for _, one := range c.clients {
		for _, s := range one.Sessions {
			if s.ID == c.r.PathValue("id") && s.UserID == user.ID {
				body := c.sessionJSON(s)
				body["status"], body["last_active_token"] = "revoked", nil
				c.finish(one, s, "revoked")
				return body, nil
			}
		}
	}
	return nil, errMissing
}

// readAgent guesses what a User-Agent names.
func readAgent(agent string) (device, browser, version string, mobile bool) {
	for _, known := range []string{"Edg", "Firefox", "Chrome", "Safari"} {
		if _, rest, ok := strings.Cut(agent, known+"/"); ok {
			version, _, _ = strings.Cut(rest, " ")
			browser = map[string]string{"Edg": "Edge"}[known]
			if browser == "" {
				browser = known
			}
			break
		}
	}
	for _, known := range []string{"iPhone", "Android", "Windows", "Macintosh", "Linux"} {
		if strings.Contains(agent, known) {
			return known, browser, version, known == "iPhone" || known == "Android"
		}
	}
	return "", browser, version, false
}

func (c *call) userJSON(user clerk.User) map[string]any {
	addresses := []any{c.addressJSON(user.ID, clerk.Address{Email: user.Email, Verified: true})}
	for _, a := range user.Others {
		addresses = append(addresses, c.addressJSON(user.ID, a))
	}
	metadata := user.PublicMetadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	none := []any{}
	return map[string]any{
		"object": "user", "id": user.ID, "external_id": nil, "username": nil, "first_name": clerk.OrNull(user.FirstName), "last_name": clerk.OrNull(user.LastName),
		"image_url": picture(user.ID), "has_image": false, "primary_email_address_id": clerk.EmailID(user.ID, user.Email),
		"primary_phone_number_id": nil, "primary_web3_wallet_id": nil, "email_addresses": addresses, "phone_numbers": none, "web3_wallets": none,
		"passkeys": none, "external_accounts": none, "enterprise_accounts": none, "organization_memberships": none, "public_metadata": metadata,
		"unsafe_metadata": map[string]any{}, "password_enabled": user.Password != "", "two_factor_enabled": false, "totp_enabled": false,
		"backup_code_enabled": false, "delete_self_enabled": true, "create_organization_enabled": false, "legal_accepted_at": nil,
		"last_sign_in_at": clerk.Milliseconds(user.SignedInAt), "created_at": clerk.Milliseconds(user.CreatedAt), "updated_at": clerk.Milliseconds(user.UpdatedAt),
	}
}

func (c *call) publicJSON(user clerk.User) map[string]any {
	return map[string]any{
		"user_id": user.ID, "identifier": user.Email, "first_name": clerk.OrNull(user.FirstName), "last_name": clerk.OrNull(user.LastName),
		"image_url": picture(user.ID), "has_image": false,
	}
}

func (c *call) addressJSON(userID string, a clerk.Address) map[string]any {
	id := clerk.EmailID(userID, a.Email)
	proof := any(nil)
	if a.Verified {
		proof = map[string]any{"object": "verification", "status": "verified", "strategy": byCode, "attempts": 1, "expire_at": nil, "error": nil}
	} else if pending := c.pending[id]; pending != nil {
		proof = pending.json()
	}
	return map[string]any{
		"object": "email_address", "id": id, "email_address": a.Email, "verification": proof, "linked_to": []any{}, "matches_sso_connection": false, "reserved": false,
	}
}

// picture is the address of a user's picture: https://clerk.com would draw one of the initials too.
func picture(userID string) string { return Prefix + "/avatars/" + userID }

// avatar draws a user's initial.
func (s *Server) avatar(w http.ResponseWriter, r *http.Request) {
	user, ok := s.o.Instance.User(r.PathValue("user"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	letter, _ := utf8.DecodeRuneInString(strings.ToUpper(user.FirstName + user.Email))
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="#4a5a75"/>`+
		`<text x="32" y="43" font-family="system-ui,sans-serif" font-size="32" fill="#fff" text-anchor="middle">%s</text></svg>`, html.EscapeString(string(letter)))
}
