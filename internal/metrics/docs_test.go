package metrics

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// What is written about the metrics, and what wakes somebody, names metrics and labels that there are, and all of them.
func TestTheGuideAndTheAlertsNameWhatThereIs(t *testing.T) {
	m := New(func(context.Context) (Stands, error) { return Stands{}, nil })
	descriptions := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(descriptions)
	close(descriptions)
	form := regexp.MustCompile(`fqName: "(souk_[a-z_]+)".*variableLabels: \{([a-z,]*)\}`)
	labels := map[string][]string{}
	for d := range descriptions {
		if found := form.FindStringSubmatch(d.String()); found != nil {
			labels[found[1]] = strings.FieldsFunc(found[2], func(r rune) bool { return r == ',' })
		}
	}
	if len(labels) < 10 {
		t.Fatalf("only %d metrics were found: %v", len(labels), labels)
	}
	used := regexp.MustCompile(`(souk_[a-z_]+)(?:\{([^}]*)\})?`)
	label := regexp.MustCompile(`([a-z]+)(?:[=!]|,|$)`)
	text := map[string]string{}
	for _, path := range []string{"../../docs/operations.md", "../../deploy/alerts.yml"} {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[path] = string(file)
		for _, use := range used.FindAllStringSubmatch(string(file), -1) {
			name := use[1]
			for _, part := range []string{"_bucket", "_count", "_sum"} {
				name = strings.TrimSuffix(name, part)
			}
			has, there := labels[name]
			if !there {
				t.Errorf("%s names %s, which there is not", path, use[1])
			}
			for _, l := range label.FindAllStringSubmatch(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(use[2], ""), -1) {
				if !slices.Contains(has, l[1]) {
					t.Errorf("%s: %s has no label %s", path, name, l[1])
				}
			}
		}
	}
	for name := range labels {
		if !strings.Contains(text["../../docs/operations.md"], "`"+name) {
			t.Errorf("docs/operations.md does not say what %s is", name)
		}
	}
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(text["../../deploy/alerts.yml"], -1) {
		if !strings.Contains(text["../../docs/operations.md"], "`"+alert[1]+"`") {
			t.Errorf("docs/operations.md does not say what to do about %s", alert[1])
		}
	}
}
