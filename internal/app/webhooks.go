package app

import (
	"errors"
	"fmt"

	"souk/internal/config"
	"souk/internal/inbox"
)

// clerkKeys are the keys that verify Clerk's webhooks: none when no secret is set. A secret that is none is a config.Fault.
func clerkKeys(cfg *config.Config) (keys []inbox.Key, err error) {
	var faults []error
	for _, secret := range cfg.Clerk.WebhookSigningSecret {
		key, err := inbox.ParseSecret(secret.Reveal())
		if err != nil {
			faults = append(faults, fmt.Errorf("CLERK_WEBHOOK_SIGNING_SECRET %w", err))
		}
		keys = append(keys, key)
	}
	if len(faults) > 0 {
		return nil, config.Fault{Err: errors.Join(faults...)}
	}
	return keys, nil
}
