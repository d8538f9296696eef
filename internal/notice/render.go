package notice

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	texttemplate "text/template"

	"souk/internal/mail"
)

//go:embed templates
var embedded embed.FS

// The templates that all mails share. Each kind has two more: its name with .txt and with .html.
const (
	layoutText = "layout.txt"
	layoutHTML = "layout.html"
)

// Templates make mails of letters.
type Templates struct {
	text map[Kind]*texttemplate.Template
	html map[Kind]*htmltemplate.Template
}

// LoadTemplates reads the program's templates, and in place of any the file of its name in dir, unless dir is empty. Each is tried with the
// sample letters, so that what is wrong in one is found here: the error names the file and the line.
func LoadTemplates(dir string) (*Templates, error) {
	own, err := ownTemplates(dir)
	if err != nil {
		return nil, err
	}
	t := &Templates{text: map[Kind]*texttemplate.Template{}, html: map[Kind]*htmltemplate.Template{}}
	var faults []error
	for _, kind := range Kinds() {
		if err := t.load(kind, own); err != nil {
			faults = append(faults, err)
			continue
		}
		for _, sample := range samples(kind, "Souk", "https://shop.example.test") {
			if _, err := t.render(kind, sample); err != nil {
				faults = append(faults, err)
				break
			}
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("a template for mails is broken: %w", err)
	}
	return t, nil
}

// ownTemplates are the files of dir that take the place of the program's.
func ownTemplates(dir string) (own map[string]string, err error) {
	own = map[string]string{}
	if dir == "" {
		return own, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of templates cannot be read: %w", err)
	}
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if ext != ".html" && ext != ".txt" {
			continue
		}
		if !slices.Contains(templateNames(), e.Name()) {
			return nil, fmt.Errorf("%s takes the place of no template; there are %s", filepath.Join(dir, e.Name()), strings.Join(templateNames(), ", "))
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		own[e.Name()] = string(text)
	}
	return own, nil
}

// templateNames are those that a file can take the place of.
func templateNames() []string {
	names := []string{layoutHTML, layoutText}
	for _, kind := range Kinds() {
		names = append(names, string(kind)+".html", string(kind)+".txt")
	}
	return names
}

// WriteTemplates writes the program's templates into dir, to be edited there, and says which. It overwrites none.
func WriteTemplates(dir string) (written []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, name := range templateNames() {
		text, err := fs.ReadFile(embedded, "templates/"+name)
		if err != nil {
			return written, err
		}
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return written, err
		}
		_, err = file.Write(text)
		if err := errors.Join(err, file.Close()); err != nil {
			return written, err
		}
		written = append(written, name)
	}
	return written, nil
}

// functions are what templates can call besides what Go gives them.
var functions = map[string]any{
	// link is what the block button takes: a text and the address that it leads to.
	"link": func(text, url string) Button { return Button{text, url} },
	// quoted puts "> " before each line.
	"quoted": func(text string) string { return "> " + strings.ReplaceAll(text, "\n", "\n> ") },
}

// Button is a text that leads somewhere.
type Button struct{ Text, URL string }

func (t *Templates) load(kind Kind, own map[string]string) error {
	text, html := texttemplate.New("").Funcs(functions), htmltemplate.New("").Funcs(functions)
	for _, file := range []struct {
		name  string
		parse func(name, text string) error
	}{
		{layoutText, func(name, body string) error { _, err := text.New(name).Parse(body); return err }},
		{string(kind) + ".txt", func(name, body string) error { _, err := text.New(name).Parse(body); return err }},
		{layoutHTML, func(name, body string) error { _, err := html.New(name).Parse(body); return err }},
		{string(kind) + ".html", func(name, body string) error { _, err := html.New(name).Parse(body); return err }},
	} {
		body, replaced := own[file.name]
		if !replaced {
			builtIn, err := fs.ReadFile(embedded, "templates/"+file.name)
			if err != nil {
				return err
			}
			body = string(builtIn)
		}
		if err := file.parse(file.name, body); err != nil {
			return err
		}
	}
	t.text[kind], t.html[kind] = text, html
	return nil
}

// render makes the subject and both forms of a mail.
func (t *Templates) render(kind Kind, letter Letter) (mail.Message, error) {
	var subject, text, html bytes.Buffer
	if err := t.text[kind].ExecuteTemplate(&subject, "subject", letter); err != nil {
		return mail.Message{}, err
	}
	letter.Subject = mail.Line(subject.String())
	if err := t.text[kind].ExecuteTemplate(&text, layoutText, letter); err != nil {
		return mail.Message{}, err
	}
	if err := t.html[kind].ExecuteTemplate(&html, layoutHTML, letter); err != nil {
		return mail.Message{}, err
	}
	if letter.Subject == "" {
		return mail.Message{}, fmt.Errorf("template: %s.txt: the subject is empty", kind)
	}
	return mail.Message{Subject: letter.Subject, Text: tidy(text.String()), HTML: strings.TrimSpace(html.String()) + "\n"}, nil
}

// tidy is a text without blanks at the ends of lines, and with one empty line at most between paragraphs: what templates leave when they
// leave something out.
func tidy(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n")) + "\n"
}
