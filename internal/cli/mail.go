package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"souk/internal/app"
)

type mail struct {
	List      mailList      `cmd:"" help:"List the newest mails, and what became of them."`
	Show      mailShow      `cmd:"" help:"Print one mail."`
	Resend    mailResend    `cmd:"" help:"Send a mail again: one that failed or was dropped, or a sent one once more."`
	Preview   mailPreview   `cmd:"" help:"Print a mail of a kind with sample data, or send it somewhere."`
	Templates mailTemplates `cmd:"" help:"Write the templates of all mails into a folder, to be edited and named by MAIL_TEMPLATES_DIR."`
}

type mailList struct {
	Status string `enum:"pending,sent,failed,dropped," default:"" help:"Only those: pending, sent, failed or dropped."`
	Limit  int    `default:"50" help:"How many at most."`
}

func (c mailList) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		mails, err := a.Mails(ctx, c.Status, min(max(c.Limit, 1), 1000))
		for _, n := range mails {
			p.printf("%8d  %s  %-7s  %-16s  %s\n", n.ID, n.CreatedAt.Format(time.RFC3339), n.Status, n.Kind, oneLine(n.Reason))
		}
		if err == nil && len(mails) == 0 {
			p.printf("There are none.\n")
		}
		return err
	})
}

type mailID struct {
	ID int64 `arg:"" help:"The mail's number, the first column of souk mail list."`
}

type (
	mailShow   struct{ mailID }
	mailResend struct{ mailID }
)

func (c mailShow) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		n, message, unmade, err := a.Mail(ctx, c.ID)
		if err != nil {
			return err
		}
		p.printf("id          %d\nkind        %s\nevent       %s\nstatus      %s\nattempts    %d\nmessage id  %s\nwritten     %s\n",
			n.ID, n.Kind, oneLine(n.Key), n.Status, n.Attempts, n.MessageID, n.CreatedAt.Format(time.RFC3339))
		if n.SentAt != nil {
			p.printf("sent        %s\n", n.SentAt.Format(time.RFC3339))
		}
		if n.Reason != "" {
			p.printf("why         %s\n", oneLine(n.Reason))
		}
		if unmade != nil {
			p.printf("\nIt cannot be made now: %s\n", oneLine(unmade.Error()))
			return nil
		}
		p.printf("\nMade now, it is:\n\nTo: %s <%s>\nSubject: %s\n\n%s", oneLine(message.To.Name), oneLine(message.To.Email), message.Subject, message.Text)
		return nil
	})
}

func (c mailResend) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		err := a.ResendMail(ctx, c.ID)
		if err == nil {
			p.printf("Mail %d is sent by the running shop as soon as it can.\n", c.ID)
		}
		return err
	})
}

type mailPreview struct {
	Kind string `arg:"" help:"The kind: the name of its templates."`
	HTML bool   `name:"html" help:"Print the HTML instead of the text."`
	To   string `placeholder:"ADDRESS" help:"Send it there instead, through SMTP_URL, or in development to the mailbox."`
}

func (mailPreview) Help() string {
	return "The kinds are: " + strings.Join(app.MailKinds(), ", ") + "."
}

func (c mailPreview) Run(ctx context.Context, p *program) error {
	return p.with(ctx, func(a *app.App) error {
		if c.To != "" {
			if err := a.SendPreviewOfMail(ctx, c.Kind, c.To); err != nil {
				return fmt.Errorf("not sent: %w", err)
			}
			p.printf("Sent.\n")
			return nil
		}
		message, err := a.PreviewMail(c.Kind)
		switch {
		case err != nil:
			return err
		case c.HTML:
			p.printf("%s", message.HTML)
		default:
			p.printf("Subject: %s\n\n%s", message.Subject, message.Text)
		}
		return nil
	})
}

type mailTemplates struct {
	Dir string `arg:"" help:"The folder; it is made if it is not there. Files that are there are not overwritten."`
}

func (c mailTemplates) Run(p *program) error {
	written, err := app.WriteMailTemplates(c.Dir)
	if err == nil {
		p.printf("Wrote %d templates. Set MAIL_TEMPLATES_DIR to the folder; what you do not change, you can delete.\n", len(written))
	}
	return err
}
