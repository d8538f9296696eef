package httpx

import (
	"testing"
)

type position struct {
	Number int64
	Text   string
	ID     int64
}

func TestACursorIsOnlyGoodForItsOwnList(t *testing.T) {
	c := NewCursors("one secret")
	at := position{Number: 1 << 62, Text: "käse", ID: 7}
	text := c.Write("/api/products/?ordering=name", at)
	var back position
	if ok, err := c.Read("/api/products/?ordering=name", text, &back); !ok || err != nil || back != at {
		t.Errorf("read %v %v %v, want %v", ok, err, back, at)
	}
	for name, read := range map[string]func() (bool, error){
		"another ordering": func() (bool, error) { return c.Read("/api/products/?ordering=-name", text, &back) },
		"another secret":   func() (bool, error) { return NewCursors("other").Read("/api/products/?ordering=name", text, &back) },
		"cut":              func() (bool, error) { return c.Read("/api/products/?ordering=name", text[:len(text)-1], &back) },
		"longer":           func() (bool, error) { return c.Read("/api/products/?ordering=name", text+"AA", &back) },
	} {
		if ok, err := read(); ok || err == nil {
			t.Errorf("%s: was read", name)
		}
	}
}

func FuzzCursor(f *testing.F) {
	c := NewCursors("one secret")
	f.Add("list", "", int64(0), "")
	f.Add("list", "abc", int64(-1), "a\n\x00")
	f.Add("list", c.Write("list", position{ID: 1}), int64(1), "\xff")
	f.Add("a\nb", "====", int64(1<<62), "é")
	f.Fuzz(func(t *testing.T, list, forged string, number int64, text string) {
		at := position{Number: number, Text: text, ID: number / 2}
		genuine := c.Write(list, at)
		var got position
		if ok, err := c.Read(list, genuine, &got); !ok || err != nil || got.Number != number || got.ID != number/2 {
			t.Fatalf("own cursor: %v %v %v", ok, err, got)
		}
		got = position{}
		ok, err := c.Read(list, forged, &got)
		switch {
		case forged == "" && (ok || err != nil):
			t.Fatalf("no cursor: %v %v", ok, err)
		case forged != "" && ok && c.Write(list, got) != forged:
			t.Fatalf("%q was read as %v", forged, got)
		case !ok && got != position{}:
			t.Fatalf("%q was refused, and left %v", forged, got)
		}
	})
}
