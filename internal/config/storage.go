package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"souk/internal/loopback"
)

// maxPresigned is how long an address presigned for S3 may live, in seconds: seven days, the protocol's limit.
const maxPresigned = 7 * 24 * 60 * 60

// setting is a variable of a provider, and whether it has a value.
type setting struct {
	name string
	set  bool
}

// checkStorage looks at the files' storage and at Supabase, which serves for more than files.
func (c *Config) checkStorage() (faults []error) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	s3, sb := c.Storage.S3, c.Supabase
	bucket := setting{"ASSET_STORAGE_BUCKET", c.Storage.Bucket != ""}
	projectURL, anonKey := setting{"SUPABASE_URL", sb.URL != ""}, setting{"SUPABASE_ANON_KEY", sb.AnonKey != ""}
	serviceKey := setting{"SUPABASE_SERVICE_ROLE_KEY", sb.ServiceRoleKey != ""}
	switch c.Storage.Backend {
	case "local", "none":
	case "supabase":
		faults = append(faults, whole("ASSET_STORAGE_BACKEND is supabase", projectURL, anonKey, serviceKey, bucket))
	case "s3":
		faults = append(faults, whole("ASSET_STORAGE_BACKEND is s3", bucket,
			setting{"ASSET_STORAGE_S3_ACCESS_KEY_ID", s3.AccessKeyID != ""}, setting{"ASSET_STORAGE_S3_SECRET_ACCESS_KEY", s3.SecretAccessKey != ""}))
		if c.Storage.URLTTLSecond > maxPresigned {
			wrong("ASSET_STORAGE_SIGNED_URL_TTL_SECONDS must be at most %d (7 days) for s3", maxPresigned)
		}
	default:
		wrong("ASSET_STORAGE_BACKEND must be supabase, s3, local or none")
	}
	if c.Storage.Backend != "supabase" && (projectURL.set || anonKey.set || serviceKey.set) {
		faults = append(faults, whole("Supabase is configured in part", projectURL, anonKey))
	}
	if sb.URL != "" && !isOrigin(sb.URL, true) {
		wrong("SUPABASE_URL must be an https origin, such as https://abcdefgh.supabase.co (http on loopback only)")
	}
	if s3.EndpointURL != "" && !isOrigin(s3.EndpointURL, false) {
		wrong("ASSET_STORAGE_S3_ENDPOINT_URL must be an origin, such as https://s3.example.com")
	}
	for name, key := range map[string]Secret{
		anonKey.name: sb.AnonKey, serviceKey.name: sb.ServiceRoleKey, "ASSET_STORAGE_S3_SECRET_ACCESS_KEY": s3.SecretAccessKey,
	} {
		if strings.ContainsFunc(key.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
			wrong("%s has a character that no key has: a space, a line break, or one beyond ASCII", name)
		}
	}
	return faults
}

// whole names all settings that are missing, in one error; nil when none is.
func whole(why string, settings ...setting) error {
	var missing []string
	for _, s := range settings {
		if !s.set {
			missing = append(missing, s.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return errors.New(why + ", but not set: " + strings.Join(missing, ", "))
}

// isOrigin says that address is a scheme and a host, without more. secure wants https where it is not loopback.
func isOrigin(address string, secure bool) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && (!secure || loopback.Is(u.Hostname()))
}
