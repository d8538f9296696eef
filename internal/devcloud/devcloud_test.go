package devcloud

import (
	"strings"
	"testing"
	"time"

	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/stripe"
)

func TestNoStandInTellsAnotherMachine(t *testing.T) {
	for webhook, ok := range map[string]bool{
		"http://127.0.0.1:1/webhooks/": true, "http://localhost:1/webhooks/": true, "https://shop.example.test/webhooks/": false, "http://10.0.0.1/webhooks/": false,
	} {
		opened := map[string]error{}
		s, err := stripe.Open(stripe.Options{Webhooks: []string{"http://127.0.0.1:1/", webhook}, Now: time.Now})
		opened["Stripe"] = err
		if err == nil {
			_ = s.Close()
		}
		dir := t.TempDir()
		b, err := OpenBackend(t.Context(), dir, open(t, dir), clerk.SamplePlans(), webhook, time.Now)
		opened["Clerk"] = err
		if err == nil {
			_ = b.Close()
		}
		_, opened["a delivery"] = clerk.Delivery{Targets: []string{webhook}, Secret: "whsec_c2VjcmV0"}.Send(t.Context(), nil)
		for name, err := range opened {
			if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), webhook) {
				t.Errorf("%s tells %s: %v", name, webhook, err)
			}
		}
	}
}
