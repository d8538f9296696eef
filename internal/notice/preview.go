package notice

import (
	"context"
	"slices"

	"souk/internal/fault"
	"souk/internal/mail"
)

var errKind = fault.New(fault.Invalid, "mail_kind", "There are no mails of that kind; souk mail preview --help lists the kinds.")

// Preview is a mail of a kind with sample data, as the shop's templates make it.
func (s *Service) Preview(kind Kind) (mail.Message, error) {
	if !slices.Contains(Kinds(), kind) {
		return mail.Message{}, errKind
	}
	return s.Templates.render(kind, samples(kind, mail.Line(s.Shop), s.PublicURL)[0])
}

var errNoServer = fault.New(fault.Unavailable, "mail_not_configured", "There is no mail server: SMTP_URL is not set.")

// SendPreview sends what Preview makes to an address.
func (s *Service) SendPreview(ctx context.Context, kind Kind, to string) error {
	if s.Mail == nil {
		return errNoServer
	}
	message, err := s.Preview(kind)
	if err != nil {
		return err
	}
	message.To, message.MessageID, message.Date = mail.Address{Email: to}, s.messageID(), s.Now()
	return s.Mail.Send(ctx, message)
}
