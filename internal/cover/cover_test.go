package cover

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
)

func TestASeedHasOnePicture(t *testing.T) {
	if !bytes.Equal(SVG("launch-kit", File), SVG("launch-kit", File)) {
		t.Error("it was drawn another way the second time")
	}
	seen := map[string]bool{}
	for n := range 200 {
		seen[string(SVG(fmt.Sprint("product-", n), File))] = true
	}
	if len(seen) < 150 { // neighbours in a list do not look the same
		t.Errorf("200 products have %d covers", len(seen))
	}
	if bytes.Equal(SVG("launch-kit", File), SVG("launch-kit", Service)) || bytes.Equal(SVG("launch-kit", Plan), SVG("launch-kit", Service)) {
		t.Error("kinds cannot be told apart")
	}
}

func TestCoversAreSmallAndOnlyShapes(t *testing.T) {
	for n := range 100 {
		svg := SVG(fmt.Sprintf(`"><script>%d`, n), Kind([]string{"file", "service", "plan", "<b>"}[n%4]))
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(svg)
		_ = w.Close()
		if packed.Len() > 2<<10 {
			t.Errorf("%d bytes, %d compressed", len(svg), packed.Len())
		}
		rest := strings.NewReplacer(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="800" height="600">`, "", "</svg>", "", `<path fill="#`, "", `" d="`, "", `"/>`, "").Replace(string(svg))
		if other := strings.Trim(rest, "abcdef0123456789MlcCz .-"); other != "" {
			t.Fatalf("beside shapes there is %q", other)
		}
	}
}

// The medallion is seen on its ground, and what is on it on the medallion (WCAG 2.2, 1.4.11: 3 to 1).
func TestFiguresStandOut(t *testing.T) {
	for n, p := range palettes {
		for _, pair := range [][2]color.RGBA{{p.paper, p.deep}, {p.ink, p.paper}, {p.bright, p.ground}} {
			if got := contrast(pair[0], pair[1]); got < 3 {
				t.Errorf("palette %d: %.1f to 1 of %v on %v", n, got, pair[0], pair[1])
			}
		}
	}
}

func contrast(a, b color.RGBA) float64 {
	light := func(c color.RGBA) float64 {
		part := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
	}
	high, low := light(a), light(b)
	if high < low {
		high, low = low, high
	}
	return (high + 0.05) / (low + 0.05)
}

func TestAPictureForPreviews(t *testing.T) {
	plain, err := PNG("launch-kit", File, Words{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		words Words
		drawn bool
	}{
		"a title":                   {Words{Title: "Launch Kit"}, true},
		"umlauts and a price":       {Words{Title: "Käuferprüfung", Price: "19,50 €", Shop: "Anas Läden"}, true},
		"too long":                  {Words{Title: strings.Repeat("word ", 1000), Price: strings.Repeat("9", 1000)}, true},
		"one word without end":      {Words{Title: strings.Repeat("x", 100_000)}, true},
		"letters that are not here": {Words{Title: "日本の本", Shop: "\x00\xff"}, false},
	} {
		content, err := PNG("launch-kit", File, c.words)
		if err != nil {
			t.Fatal(err)
		}
		if len(content) > 160<<10 {
			t.Errorf("%s: %d bytes", name, len(content))
		}
		if picture, err := png.Decode(bytes.NewReader(content)); err != nil || picture.Bounds().Dx() != SocialWidth || picture.Bounds().Dy() != SocialHeight {
			t.Errorf("%s: %v, %v", name, picture.Bounds(), err)
		}
		if drawn := !bytes.Equal(content, plain); drawn != c.drawn {
			t.Errorf("%s: words are there: %v, want %v", name, drawn, c.drawn)
		}
	}
}

func TestLinesFit(t *testing.T) {
	ten := func(s string) bool { return len([]rune(s)) <= 10 }
	for text, want := range map[string]string{
		"":                      "",
		"Launch Kit":            "Launch Kit",
		"Launch Kits":           "Launch|Kits",
		"one two three four":    "one two|three four",
		"one two three four xy": "one two|three fou…",
		"abcdefghijklmnop":      "abcdefghi…",
	} {
		if got := strings.Join(wrap(text, 2, ten), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
