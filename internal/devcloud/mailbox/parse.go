package mailbox

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
)

// parse reads what a mail says. What cannot be read stays empty: the source is kept in any case.
func parse(source string) Mail {
	m := Mail{Source: source}
	message, err := netmail.ReadMessage(strings.NewReader(source))
	if err != nil {
		return m
	}
	m.From, m.Subject = decoded(message.Header.Get("From")), decoded(message.Header.Get("Subject"))
	m.MessageID = strings.Trim(message.Header.Get("Message-Id"), "<> ")
	m.read(message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), message.Body, 0)
	return m
}

// read takes the first text and the first HTML that it comes to.
func (m *Mail) read(contentType, encoding string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < 3 {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			m.read(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth+1)
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, _ := io.ReadAll(body) // as far as it can be read
	into := map[string]*string{"text/plain": &m.Text, "text/html": &m.HTML}[kind]
	if into != nil && *into == "" {
		*into = strings.ReplaceAll(strings.ToValidUTF8(string(text), "\ufffd"), "\r\n", "\n")
	}
}

func decoded(header string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return text
}
