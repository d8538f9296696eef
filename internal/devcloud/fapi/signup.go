package fapi

import (
	"net/http"
	"strings"
	"time"

	"souk/internal/devcloud/clerk"
)

// signUp is somebody who becomes a user.
type signUp struct {
	ID                  string
	Email               string
	Password            string // as it is kept
	FirstName, LastName string
	EmailProof          *verification
	UserID, Session     string // that it made
	CreatedAt           time.Time
}

func (c *call) createSignUp() (any, error) {
	c.clean()
	if c.client != nil && len(c.client.Sessions) > 0 {
		return nil, &problem{http.StatusBadRequest, "session_exists", "You're already signed in.", ""}
	}
	one := c.need()
	s := &signUp{ID: newID("sua"), CreatedAt: c.now}
	if err := c.fill(s); err != nil {
		return nil, err
	}
	one.SignUp = s
	return c.advanceSignUp(s)
}

func (c *call) updateSignUp() (any, error) {
	s, err := c.currentSignUp()
	if err != nil {
		return nil, err
	}
	if err := c.fill(s); err != nil {
		return nil, err
	}
	return c.advanceSignUp(s)
}

func (c *call) currentSignUp() (*signUp, error) {
	if c.client == nil || c.client.SignUp == nil || c.client.SignUp.ID != c.r.PathValue("id") {
		return nil, errMissing
	}
	c.need()
	return c.client.SignUp, nil
}

// fill takes the fields of the form over.
func (c *call) fill(s *signUp) error {
	if strings.TrimSpace(c.form.Get("email_address")) != "" {
		email, err := c.address("email_address")
		if err != nil {
			return err
		}
		if _, taken := c.in.UserByEmail(email); taken {
			return unprocessable("form_identifier_exists", "That email address is taken. Please try another.", "email_address")
		}
		if email != s.Email {
			s.Email, s.EmailProof = email, nil
		}
	}
	if c.form.Get("password") != "" {
		password, err := c.newPassword("password")
		if err != nil {
			return err
		}
		s.Password = password
	}
	if c.form.Has("first_name") {
		s.FirstName = c.text("first_name")
	}
	if c.form.Has("last_name") {
		s.LastName = c.text("last_name")
	}
	return nil
}

func (c *call) prepareVerification() (any, error) {
	s, err := c.currentSignUp()
	if err != nil {
		return nil, err
	}
	if s.Email == "" || c.text("strategy") != byCode {
		return nil, unprocessable("form_param_value_invalid", "The strategy must be email_code, and an address be given.", "strategy")
	}
	s.EmailProof = c.send(byCode, s.Email, "")
	return c.signUpJSON(s), nil
}

func (c *call) attemptVerification() (any, error) {
	s, err := c.currentSignUp()
	if err != nil {
		return nil, err
	}
	if err := s.EmailProof.attempt(c.text("code"), c.now); err != nil {
		return nil, err
	}
	return c.advanceSignUp(s)
}

func (s *signUp) missing() (fields []string) {
	fields = []string{}
	if s.Email == "" {
		fields = append(fields, "email_address")
	}
	if s.Password == "" {
		fields = append(fields, "password")
	}
	return fields
}

func (s *signUp) unverified() []string {
	if s.Email == "" || s.EmailProof != nil && s.EmailProof.Status == "verified" {
		return []string{}
	}
	return []string{"email_address"}
}

// advanceSignUp makes the user when nothing is missing, and signs them in.
func (c *call) advanceSignUp(s *signUp) (any, error) {
	if len(s.missing()) > 0 || len(s.unverified()) > 0 {
		return c.signUpJSON(s), nil
	}
	if _, taken := c.in.UserByEmail(s.Email); taken {
		return nil, unprocessable("form_identifier_exists", "That email address is taken. Please try another.", "email_address")
	}
	profile := clerk.Profile{Email: s.Email, FirstName: s.FirstName, LastName: s.LastName, Password: s.Password}
	id, err := c.in.CreateUser(c.o.UserID(s.Email), profile)
	if err != nil { // the id was that of a user who is deleted
		if id, err = c.in.CreateUser("", profile); err != nil {
			return nil, err
		}
	}
	user, ok := c.in.User(id)
	if !ok {
		return nil, errSignedOut
	}
	s.UserID, s.Session = id, c.begin(user).ID
	c.client.SignIn, c.client.SignUp = nil, nil
	return c.signUpJSON(s), nil
}

func (c *call) signUpJSON(s *signUp) map[string]any {
	status := "missing_requirements"
	if s.UserID != "" {
		status = "complete"
	}
	var proof any
	if s.EmailProof != nil {
		verified := s.EmailProof.json().(map[string]any)
		verified["supported_strategies"], verified["next_action"] = []string{byCode}, ""
		if s.EmailProof.Status != "verified" {
			verified["next_action"] = "needs_attempt"
		}
		proof = verified
	}
	return map[string]any{
		"object": "sign_up", "id": s.ID, "status": status, "required_fields": []string{"email_address", "password"},
		"optional_fields": []string{"first_name", "last_name"}, "missing_fields": s.missing(), "unverified_fields": s.unverified(),
		"verifications": map[string]any{"email_address": proof, "phone_number": nil, "web3_wallet": nil, "external_account": nil},
		"username":      nil, "email_address": clerk.OrNull(s.Email), "phone_number": nil, "web3_wallet": nil, "has_password": s.Password != "",
		"first_name": clerk.OrNull(s.FirstName), "last_name": clerk.OrNull(s.LastName), "unsafe_metadata": map[string]any{}, "public_metadata": map[string]any{},
		"external_account": nil, "created_session_id": clerk.OrNull(s.Session), "created_user_id": clerk.OrNull(s.UserID), "legal_accepted_at": nil, "locale": nil,
		"abandon_at": clerk.Milliseconds(s.CreatedAt.Add(24 * time.Hour)),
	}
}
