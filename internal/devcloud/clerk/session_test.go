package clerk

import (
	"testing"
	"time"
)

func TestSessionsAndMailsAreTold(t *testing.T) {
	i, seen := instance(t, Options{Dialect: specification}), 0
	id := newUser(t, i)
	told(i, &seen)
	at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	s := Session{ID: "sess_1", ClientID: "client_1", UserID: id, Status: "active", CreatedAt: at, UpdatedAt: at, LastActiveAt: at, ExpireAt: at.Add(day)}
	must(t, i.SessionChanged("created", s))
	if u, _ := i.User(id); !u.SignedInAt.Equal(at) {
		t.Errorf("signed in at %v", u.SignedInAt)
	}
	s.Status = "removed"
	must(t, i.SessionChanged("removed", s))
	must(t, i.EmailSent(Email{UserID: id, To: "user1@example.test", Slug: "verification_code", Subject: "Your code", Text: "424242", HTML: "<p>424242</p>", Code: "424242"}))
	must(t, i.EmailSent(Email{To: "new@example.test", Slug: "verification_code", Subject: "Your code"}))
	must(t, i.DeleteUser(id))
	must(t, i.SessionChanged("removed", s))
	if got := told(i, &seen); got != "session.created session.removed email.created email.created user.deleted item.ended subscription.updated session.removed" {
		t.Error(got)
	}
	events := i.Events()[2:]
	created, mail, last := decode(t, events[0]), decode(t, events[2]), decode(t, events[7])
	if names(created.Data) != documented["session"] || created.Data["id"] != "sess_1" || created.Data["created_at"] != float64(at.UnixMilli()) {
		t.Errorf("%v", created.Data)
	}
	if last.Data["user"] != nil || last.Data["user_id"] != id {
		t.Errorf("after the deletion it tells %v", last.Data)
	}
	if names(mail.Data) != documented["email"] || mail.Data["user_id"] != id || mail.Data["data"].(map[string]any)["otp_code"] != "424242" {
		t.Errorf("%v", mail.Data)
	}
	for name, err := range map[string]error{
		"an event that there is not": i.SessionChanged("begun", s), "a session of nobody": i.SessionChanged("ended", Session{UserID: "user_none"}),
		"a mail of nobody": i.EmailSent(Email{UserID: "user_none"}), "a session of who is gone": i.SessionChanged("created", s),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
