package config

import (
	"strings"
	"testing"
)

func TestMailServers(t *testing.T) {
	const from = "MAIL_FROM=Field Notes <shop@example.test>"
	for text, want := range map[string]SMTP{
		"smtp://mail.example.test":                                {Host: "mail.example.test", Port: 587},
		"smtp://127.0.0.1:1025/":                                  {Host: "127.0.0.1", Port: 1025},
		"smtps://mail.example.test":                               {Host: "mail.example.test", Port: 465, TLS: true},
		" smtps://shop%40example.test:p%2F%23%25%20w@[::1]:2465 ": {Host: "::1", Port: 2465, TLS: true, User: "shop@example.test", Password: "p/#% w"},
		"smtp://apikey:SG.abc-def_1@smtp.example.test:2525":       {Host: "smtp.example.test", Port: 2525, User: "apikey", Password: "SG.abc-def_1"},
		"smtp://shop:p%C3%BCnktchen%3A%40@smtp.example.test":      {Host: "smtp.example.test", Port: 587, User: "shop", Password: "pünktchen:@"},
	} {
		c, err := Load([]string{"SMTP_URL=" + text, from}, "")
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, ok := c.SMTP(); !ok || got != want || c.StandInMail() {
			t.Errorf("%q: %+v, password %q", text, got, got.Password.Reveal())
		}
	}
	c, err := Load(nil, "")
	if _, ok := c.SMTP(); err != nil || ok || !c.StandInMail() || c.MailFrom != "shop@example.test" || c.ShopName != "Souk" {
		t.Errorf("nothing set: %v, %+v", err, c)
	}
	production := []string{"PUBLIC_URL=https://shop.example.test", "SECRET_KEY=" + strings.Repeat("x", 32), "CLERK_DOMAIN=clerk.example.test"}
	if c, err := Load(production, ""); err != nil || c.StandInMail() || c.MailFrom != "" {
		t.Errorf("production without mail: %v", err)
	}
	for _, c := range []struct {
		settings []string
		named    string
	}{
		{[]string{"SMTP_URL=smtp://mail.example.test"}, "MAIL_FROM"},
		{append(production[:3:3], from), "SMTP_URL"},
		{[]string{"SMTP_URL=smtp://mail.example.test", "MAIL_FROM=hunter2"}, "MAIL_FROM"},
		{[]string{"SHOP_NAME=" + strings.Repeat("x", 61)}, "SHOP_NAME"},
		{[]string{"SHOP_NAME=a\nb"}, "SHOP_NAME"},
		{[]string{"SHOP_NAME= "}, "SHOP_NAME"},
	} {
		if _, err := Load(c.settings, ""); err == nil || !strings.Contains(err.Error(), c.named) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want %s named", c.settings, err, c.named)
		}
	}
	for _, text := range []string{
		"mail.example.test:587", "http://mail.example.test", "smtp://", "smtp://:587", "smtp://user@mail.example.test", "smtp://:hunter2@mail.example.test",
		"smtp://u:hunter2@mail.example.test:0", "smtp://u:hunter2@mail.example.test:99999", "smtp://u:hunter2@mail.example.test/path", "smtp://u:hunter2#@mail.example.test",
		"smtp://u:hunter2@mail.example.test?tls=off", "smtp://u:hunter2%zz@mail.example.test", "smtp://u:hunter2%0d%0a@mail.example.test", "smtp://u:hunter2/@mail.example.test",
	} {
		_, err := Load([]string{"SMTP_URL=" + text, from}, "")
		if err == nil || !strings.Contains(err.Error(), "SMTP_URL must be like") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
