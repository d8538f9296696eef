package notice

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"souk/internal/crash"
	"souk/internal/db"
	"souk/internal/jobs"
	"souk/internal/mail"
)

const (
	maxAttempts = 30               // about a day, with jobs.Backoff
	jobAttempts = maxAttempts + 10 // some may end before they count, with the process
)

// lostAfter is how long after its beginning an attempt of which nothing is known has died with its process.
const lostAfter = jobs.DefaultTimeout + 30*time.Second

// sendNotice is the job that makes and sends one mail.
type sendNotice struct {
	ID int64 `json:"notice"`
}

func (sendNotice) Kind() string { return "send_mail" }

// drop is the error that says that there is no use in a mail (any more).
type drop string

func (d drop) Error() string { return string(d) }

const (
	noServer  drop = "the shop has no mail server (SMTP_URL)"
	nobody    drop = "its recipient has no e-mail address, or was erased"
	overtaken drop = "what it would tell is not so any more"
)

// errBusy has the job tried again: by then the other attempt has written down what came of it.
var errBusy = errors.New("another attempt to send this mail is under way")

// send makes and sends the mail of a notice, outside any transaction. It is sent once; but if the process dies after the server took it
// and before that is written down here, it is sent again, under the same Message-ID.
func (s *Service) send(ctx context.Context, job sendNotice) error {
	n, err := byID(ctx, s.DB, job.ID)
	if err != nil || n.Status != Pending {
		return err
	}
	if err := s.begin(ctx, &n); err != nil {
		return err
	}
	if s.Mail == nil {
		return s.ended(ctx, n, noServer)
	}
	message, err := s.Compose(ctx, n)
	if err == nil {
		err = s.Mail.Send(ctx, message)
	}
	if err == nil {
		crash.Point("mailed")
	}
	return s.ended(ctx, n, err)
}

// begin counts an attempt, of which there is one at a time.
func (s *Service) begin(ctx context.Context, n *Notice) error {
	n.Attempts++
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if n.Kind == NewFile { // two that take each other over would wait for each other
			if err := tx.Lock(ctx, "new files for profile "+strconv.FormatInt(n.ProfileID, 10)); err != nil {
				return err
			}
		}
		now := s.Now()
		won, err := countAttempt(ctx, tx, *n, now, now.Add(-lostAfter))
		if err == nil && !won {
			err = errBusy
		}
		if err == nil && n.Kind == NewFile && n.Attempts == 1 {
			err = s.gather(ctx, tx, n)
		}
		return err
	})
}

// ended writes down what came of an attempt. An error has the job tried again.
func (s *Service) ended(ctx context.Context, n Notice, result error) error {
	ctx = context.WithoutCancel(ctx) // the mail is sent, or not, also when the time of the job is over
	var dropped drop
	var refused *mail.Error
	status, outcome, reason := Sent, "sent", ""
	switch {
	case result == nil:
	case errors.As(result, &dropped):
		status, outcome, reason = Dropped, "dropped", dropped.Error()
	case errors.As(result, &refused) && refused.Permanent:
		status, outcome, reason = Failed, "failed", refused.Error()
	case n.Attempts >= maxAttempts:
		status, outcome, reason = Failed, "failed", fmt.Sprintf("given up after %d attempts: %v", n.Attempts, result)
	default:
		status, outcome, reason = Pending, "retried", result.Error()
	}
	if err := s.end(ctx, n, status, reason); err != nil {
		return err
	}
	s.Tried(string(n.Kind), outcome)
	if status == Pending {
		return result
	}
	return nil
}

func (s *Service) end(ctx context.Context, n Notice, status Status, reason string) error {
	now := s.Now()
	n.Status, n.Reason, n.UpdatedAt, n.SentAt = status, reason, now, nil
	if status == Sent {
		n.SentAt = &now
	}
	_, err := finish(ctx, s.DB, n) // one that was dropped meanwhile, with its recipient, stays so
	return err
}

// Compose makes the mail of a notice, of what is so now.
func (s *Service) Compose(ctx context.Context, n Notice) (mail.Message, error) {
	kind, ok := kinds[n.Kind]
	if !ok {
		return mail.Message{}, fmt.Errorf("this program knows no mails of the kind %s", n.Kind) // a newer one does
	}
	to, err := s.person(ctx, n.ProfileID, kind.seller)
	if err != nil {
		return mail.Message{}, err
	}
	letter := s.letter(to)
	if err := kind.fill(ctx, s, n, to, &letter); err != nil {
		return mail.Message{}, err
	}
	made, err := s.Templates.render(n.Kind, letter)
	if err != nil {
		return mail.Message{}, err
	}
	made.To, made.MessageID, made.Date = to.address, n.MessageID, s.Now()
	if buyer := letter.buyer(); kind.seller {
		if answer, err := mail.ParseAddress(buyer.Email); err == nil { // else the seller's answer goes to the shop
			made.ReplyTo = mail.Address{Name: buyer.Name, Email: answer.Email}
		}
	}
	return made, nil
}

// person is who gets a mail.
type person struct {
	profile int64
	seller  bool
	address mail.Address
	locale  locale
}

// person reads a recipient: a seller, or somebody as a buyer.
func (s *Service) person(ctx context.Context, profile int64, seller bool) (person, error) {
	p, err := s.People.Profile(ctx, profile)
	if err != nil {
		return person{}, err
	}
	if p.DeletedAt != nil {
		return person{}, nobody
	}
	to := person{profile: p.ID, seller: seller, address: mail.Address{Name: p.Name(), Email: p.Email}, locale: localeOf("")}
	if !seller {
		c, err := s.People.Customer(ctx, p)
		if err != nil {
			return person{}, err
		}
		to.locale = localeOf(c.Country)
		if c.FullName != "" {
			to.address.Name = c.FullName
		}
		if c.BillingEmail != "" {
			to.address.Email = c.BillingEmail
		}
	}
	if to.address.Email == "" {
		return person{}, nobody
	}
	return to, nil
}
