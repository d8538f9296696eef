package app

import (
	"context"
	"math"

	"souk/internal/mail"
	"souk/internal/notice"
)

// Mails gives the newest mails: of one status, or of all when it is empty.
func (a *App) Mails(ctx context.Context, status string, limit int) ([]notice.Notice, error) {
	return a.notices.List(ctx, notice.Status(status), math.MaxInt64, limit)
}

// Mail gives one mail, and what it says, or would say now; unmade says why it cannot be made.
func (a *App) Mail(ctx context.Context, id int64) (n notice.Notice, message mail.Message, unmade, err error) {
	if n, err = a.notices.Get(ctx, id); err == nil {
		message, unmade = a.notices.Compose(ctx, n)
	}
	return n, message, unmade, err
}

// ResendMail has a mail sent again.
func (a *App) ResendMail(ctx context.Context, id int64) error { return a.notices.Resend(ctx, id) }

// PreviewMail is a mail of a kind with sample data.
func (a *App) PreviewMail(kind string) (mail.Message, error) {
	return a.notices.Preview(notice.Kind(kind))
}

// SendPreviewOfMail sends a mail of a kind with sample data to an address.
func (a *App) SendPreviewOfMail(ctx context.Context, kind, to string) error {
	return a.notices.SendPreview(ctx, notice.Kind(kind), to)
}

// WriteMailTemplates writes the program's templates for mails into a folder, and says which. It overwrites none.
func WriteMailTemplates(dir string) (written []string, err error) { return notice.WriteTemplates(dir) }

// MailKinds are the kinds of mails.
func MailKinds() (names []string) {
	for _, kind := range notice.Kinds() {
		names = append(names, string(kind))
	}
	return names
}
