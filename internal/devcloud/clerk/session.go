package clerk

import (
	"fmt"
	"slices"
	"time"
)

// Session is one that somebody else keeps, who signs users in. Its times are real ones: the clock of the instance moves billing alone.
type Session struct {
	ID, ClientID, UserID string
	Status               string // active, ended, removed, revoked
	CreatedAt            time.Time
	UpdatedAt            time.Time
	LastActiveAt         time.Time
	ExpireAt             time.Time
	AbandonAt            time.Time
}

// SessionChanged announces what happened to a session: created, ended, removed or revoked. Who has a new one has signed in.
func (i *Instance) SessionChanged(event string, s Session) error {
	return i.change(func() error { return i.sessionChanged(event, s) })
}

func (i *Instance) sessionChanged(event string, s Session) error {
	if !slices.Contains([]string{"created", "ended", "removed", "revoked"}, event) {
		return fmt.Errorf("there is no event session.%s", event)
	}
	u, known := i.byID[s.UserID]
	if !known || u.Deleted && event == "created" {
		return fmt.Errorf("there is no user %s", s.UserID)
	}
	if event == "created" {
		u.SignedInAt = s.CreatedAt
	}
	data := s.json()
	if !u.Deleted {
		data["user"] = i.userJSON(u)
	}
	i.emit("session."+event, u.ID, data)
	return nil
}

func (s Session) json() map[string]any {
	return map[string]any{
		"object": "session", "id": s.ID, "user_id": s.UserID, "client_id": s.ClientID, "status": s.Status,
		"created_at": Milliseconds(s.CreatedAt), "updated_at": Milliseconds(s.UpdatedAt), "last_active_at": Milliseconds(s.LastActiveAt), "expire_at": Milliseconds(s.ExpireAt),
		"abandon_at": Milliseconds(s.AbandonAt), "actor": nil,
	}
}

// SignIn begins a session that nobody keeps.
func (i *Instance) SignIn(id string) error {
	return i.change(func() error {
		var at time.Time
		i.touch(&at)
		at = at.Add(-i.settings.Ahead)
		return i.sessionChanged("created", Session{
			ID: i.newID("sess_"), ClientID: i.newID("client_"), UserID: id, Status: "active", CreatedAt: at, UpdatedAt: at, LastActiveAt: at,
			ExpireAt: at.AddDate(0, 0, 7), AbandonAt: at.AddDate(0, 0, 30),
		})
	})
}

// Email is a mail that the instance has sent.
type Email struct {
	UserID string // empty: nobody's yet, as in a sign-up
	To     string
	Slug   string // what it is for: verification_code
	Subject,
	Text, HTML string
	Code string // in it; empty: none
}

// EmailSent announces a mail.
func (i *Instance) EmailSent(m Email) error { return i.change(func() error { return i.emailSent(m) }) }

func (i *Instance) emailSent(m Email) error {
	if _, known := i.byID[m.UserID]; m.UserID != "" && !known {
		return fmt.Errorf("there is no user %s", m.UserID)
	}
	data := map[string]any{}
	if m.Code != "" {
		data["otp_code"] = m.Code
	}
	i.emit("email.created", m.UserID, map[string]any{
		"object": "email", "id": i.newID("ema_"), "slug": m.Slug, "from_email_name": "noreply", "to_email_address": m.To,
		"email_address_id": EmailID(m.UserID, m.To), "user_id": OrNull(m.UserID), "subject": m.Subject, "body": m.HTML, "body_plain": m.Text,
		"status": "queued", "delivered_by_clerk": true, "data": data,
	})
	return nil
}
