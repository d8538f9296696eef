package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCopiesKeepTheSentinel(t *testing.T) {
	base := New(Conflict, "taken", "Taken.")
	cause := errors.New("row 7")
	got := fmt.Errorf("create: %w", base.Because(cause).With("pending", true).After(time.Second))
	if !errors.Is(got, base) || !errors.Is(got, cause) || KindOf(got) != Conflict {
		t.Errorf("%v lost its kind, code or cause", got)
	}
	if base.Unwrap() != nil || base.Extra != nil || base.RetryAfter != 0 {
		t.Errorf("the sentinel was changed: %+v", base)
	}
	if errors.Is(got, New(Conflict, "other", "")) {
		t.Error("another code matches")
	}
}

func TestUnknownErrorsAreInternal(t *testing.T) {
	if KindOf(errors.New("boom")) != Internal {
		t.Error("an unknown error is not Internal")
	}
}

func TestChecksOfText(t *testing.T) {
	for value, wrong := range map[string]int{" ab ": 0, "   ": 1, "äöü": 0, "abcd": 1, "a\x00": 1, "abc\x00": 2} {
		var c Checks
		into := "before"
		if c.Text("body.a", nil, &into, 1, 3); into != "before" || c.Err() != nil {
			t.Errorf("what is not given is %q, %v", into, c)
		}
		if c.Text("body.a", &value, &into, 1, 3); len(c) != wrong || into != strings.TrimSpace(value) {
			t.Errorf("%q: %q, %v", value, into, c)
		}
	}
}

func TestChecksTellEverythingAtOnce(t *testing.T) {
	var c Checks
	c.Add(true, "body.a", "fine")
	if c.Err() != nil {
		t.Error("nothing was wrong")
	}
	c.Add(false, "body.b", "must be b")
	c.Add(false, "body.c", "must be c")
	var f *Error
	if !errors.As(c.Err(), &f) || f.Kind != Invalid || len(f.Fields) != 2 || f.Fields[1].Location != "body.c" {
		t.Errorf("got %+v", f)
	}
}
