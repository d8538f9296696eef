package blob

import (
	"errors"
	"mime"
	"strings"
	"testing"

	"souk/internal/fault"
)

func TestDispositionOfHostileNames(t *testing.T) {
	for name, saved := range map[string]string{
		"guide.pdf":               "guide.pdf",
		`a"b\c.pdf`:               "c.pdf",
		`qu"ote.pdf`:              `qu"ote.pdf`,
		"a\r\nSet-Cookie: x=1":    "aSet-Cookie: x=1",
		"evil\u202Efdp.exe":       "evilfdp.exe",
		"../../etc/passwd":        "passwd",
		"Größe – 100%.pdf":        "Größe – 100%.pdf",
		"page.html":               "page.html",
		"..":                      "download",
		"":                        "download",
		"\xff\xfe.zip":            "zip",
		"日本語.epub":                "日本語.epub",
		"tab\tand\u2028line.txt":  "tabandline.txt",
		"a;filename=b.exe; x.pdf": "a;filename=b.exe; x.pdf",
	} {
		header := Disposition(name)
		if strings.ContainsFunc(header, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
			t.Errorf("%q: header is not plain ASCII: %q", name, header)
		}
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || params["filename"] != saved {
			t.Errorf("%q: %s is read as %s %q (%v), want %q", name, header, kind, params["filename"], err, saved)
		}
	}
}

func FuzzDisposition(f *testing.F) {
	for _, name := range []string{"a.pdf", `"`, "\r\n", "%41", "\u202e", "a/../b"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		kind, params, err := mime.ParseMediaType(Disposition(name))
		if err != nil || kind != "attachment" || len(params) != 1 || params["filename"] == "" || strings.ContainsAny(params["filename"], "/\\\r\n\x00") {
			t.Errorf("%q gives %q: %s %v %v", name, Disposition(name), kind, params, err)
		}
	})
}

func TestMediaTypesNeverRun(t *testing.T) {
	for name, want := range map[string]string{
		"a.pdf": "application/pdf", "A.ZIP": "application/zip", "a.html": "application/octet-stream", "a.svg": "application/octet-stream",
		"a.xhtml": "application/octet-stream", "a.js": "application/octet-stream", "a": "application/octet-stream", "": "application/octet-stream",
	} {
		if got := MediaType(name); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, key := range []string{"a", "a/b.pdf", "seller-1/ä b.pdf", "..a/b..", strings.Repeat("a", 1024)} {
		if !ValidKey(key) {
			t.Errorf("%q is refused", key)
		}
	}
	for _, key := range []string{"", ".", "/a", "a/", "a//b", "../a", "a/../b", "./a", `a\b`, "a\x00", "a\nb", "\xff", strings.Repeat("a", 1025)} {
		if ValidKey(key) {
			t.Errorf("%q is taken", key)
		}
	}
}

func TestFailuresAreUpstreamFaults(t *testing.T) {
	if fault.KindOf(Failed(errors.New("disk"))) != fault.Upstream || !errors.Is(Failed(ErrNotFound), ErrNotFound) || Failed(nil) != nil {
		t.Error("Failed does not wrap as it says")
	}
	_, err := None{}.SignGet(t.Context(), "a", Download{}, 0)
	if fault.KindOf(err) != fault.Unavailable || fault.KindOf(Failed(err)) != fault.Unavailable {
		t.Errorf("no storage answers %v", err)
	}
}
