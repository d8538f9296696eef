package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"souk/internal/db"
)

func TestMailCommands(t *testing.T) {
	environ := append(home(t), "SHOP_NAME=Field Notes Press")
	if out := must(t, environ, "mail", "list"); out != "There are none.\n" {
		t.Errorf("list: %q", out)
	}
	if out := must(t, environ, "mail", "preview", "receipt"); !strings.HasPrefix(out, "Subject: Your receipt for Field notes") || !strings.Contains(out, "Field Notes Press") {
		t.Errorf("preview: %s", out)
	}
	if out := must(t, environ, "mail", "preview", "receipt", "--html"); !strings.HasPrefix(out, "<!doctype html>") {
		t.Errorf("preview: %s", out)
	}
	if code, _, errw := run(t, environ, "mail", "preview", "nothing"); code != 1 || !strings.Contains(errw, "no mails of that kind") {
		t.Errorf("preview of nothing: %d, %s", code, errw)
	}
	if _, out, _ := run(t, environ, "mail", "preview", "--help"); !strings.Contains(out, "booking_canceled_seller") {
		t.Errorf("the kinds are not listed: %s", out)
	}

	s := serve(t, environ)
	at := append(environ, "PUBLIC_URL="+s.url)
	if out := must(t, at, "mail", "preview", "sale", "--to", "founder@example.test"); out != "Sent.\n" {
		t.Errorf("preview: %s", out)
	}
	if mails := string(body(t, s.url+"/__mail/api/messages", "")); !strings.Contains(mails, `"to": "founder@example.test"`) || !strings.Contains(mails, `\"Field Notes Press\" <shop@example.test>`) {
		t.Errorf("in the mailbox: %s", mails)
	}
	must(t, at, "seed")
	d, err := db.Open(db.Options{URL: "sqlite:///data/souk.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if _, err := d.Exec(t.Context(), `INSERT INTO notices (kind, key, profile_id, data, status, reason, message_id, attempts, created_at, updated_at)
		SELECT 'receipt', 'receipt:x', min(id), '{"order":"3f1d0c52-8a77-4f0e-9d59-2b8a6a1f7c11"}', 'failed', '550 no', 'x@example.test', 1, 1, 1 FROM profiles`); err != nil {
		t.Fatal(err)
	}
	if out := must(t, at, "mail", "list", "--status", "failed"); !strings.Contains(out, "failed   receipt") || !strings.Contains(out, "550 no") {
		t.Errorf("list: %s", out)
	}
	if out := must(t, at, "mail", "show", "1"); !strings.Contains(out, "event       receipt:x") || !strings.Contains(out, "It cannot be made now: ") {
		t.Errorf("show: %s", out)
	}
	if code, out, _ := run(t, at, "doctor"); code != 1 || !strings.Contains(out, "FAIL  mails") {
		t.Errorf("doctor: %d, %s", code, out)
	}
	must(t, at, "mail", "resend", "1")
	if code, _, errw := run(t, at, "mail", "resend", "2"); code != 1 || !strings.Contains(errw, "no such mail") {
		t.Errorf("resend of nothing: %d, %s", code, errw)
	}
}

func TestTemplatesOfMailsAreWrittenAndChecked(t *testing.T) {
	environ := home(t)
	if out := must(t, environ, "mail", "templates", "mails"); !strings.HasPrefix(out, "Wrote 36 templates.") {
		t.Errorf("templates: %s", out)
	}
	if code, _, errw := run(t, environ, "mail", "templates", "mails"); code != 1 || !strings.Contains(errw, "exists") {
		t.Errorf("written twice: %d, %s", code, errw)
	}
	own := append(environ, "MAIL_TEMPLATES_DIR=mails")
	if out := must(t, own, "doctor"); strings.Contains(out, "FAIL") {
		t.Errorf("doctor: %s", out)
	}
	if err := os.WriteFile(filepath.Join("mails", "sale.html"), []byte("{{define \"title\"}}\n{{.Nothing}}{{end}}{{define \"body\"}}{{end}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errw := run(t, own, "serve"); code != 78 || !strings.Contains(errw, "MAIL_TEMPLATES_DIR") || !strings.Contains(errw, "sale.html:2") {
		t.Errorf("serve: %d, %s", code, errw)
	}
	if code, out, _ := run(t, own, "doctor"); code != 1 || !strings.Contains(out, "FAIL  mail ") || !strings.Contains(out, "sale.html:2") {
		t.Errorf("doctor: %d, %s", code, out)
	}
}

func TestDoctorTriesTheMailServer(t *testing.T) {
	environ := append(home(t), "SMTP_URL=smtp://shop:hunter2@127.0.0.1:1", "MAIL_FROM=shop@example.test")
	code, out, errw := run(t, environ, "doctor")
	if code != 1 || !strings.Contains(out, "FAIL  mail           127.0.0.1:1: the mail server cannot be used") || strings.Contains(out+errw, "hunter2") {
		t.Errorf("doctor: %d, %s%s", code, out, errw)
	}
}
