package stripe

import (
	"os"
	"strings"
	"testing"
)

// Whoever sets the webhook up chooses the version of the API there.
func TestTheGuideNamesTheVersion(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/payments.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guide), "API version: `"+Version+"`") {
		t.Errorf("docs/payments.md does not say %s", Version)
	}
}
