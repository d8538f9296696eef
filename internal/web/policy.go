package web

import "strings"

// policy is the Content-Security-Policy of the pages. With a Frontend API below the shop's own origin nothing is loaded from
// elsewhere; else it is what Clerk's documentation lists for its components, its bot check and Stripe's card form:
// https://clerk.com/docs/guides/secure/best-practices/csp-headers
func policy(c Clerk) string {
	own := []string{"'self'"}
	script, connect, image, frame := own, own, append(own, "data:", "blob:"), own
	if c.FrontendAPI != "" {
		const protect = "https://*.protect.clerk.com:*"
		script = append(own, c.FrontendAPI, protect, "https://challenges.cloudflare.com", "https://js.stripe.com", "https://*.js.stripe.com")
		connect = append(own, c.FrontendAPI, protect, "https://api.stripe.com")
		image = append(image, "https://img.clerk.com")
		frame = append(own, protect, "https://challenges.cloudflare.com", "https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com")
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src " + strings.Join(script, " "),
		"style-src 'self' 'unsafe-inline'", // Clerk's components make their styles as they go
		"img-src " + strings.Join(image, " "),
		"font-src 'self'",
		"connect-src " + strings.Join(connect, " "),
		"frame-src " + strings.Join(frame, " "),
		"worker-src 'self' blob:", // Clerk's SDK refreshes tokens from a worker
		"manifest-src 'self'",
		"base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "object-src 'none'",
	}, "; ")
}

// unbuiltPolicy lets the page without pages have its own style.
const unbuiltPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
