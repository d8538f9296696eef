// Package config reads the environment and .env into one Config. It reports every fault at once, knows which settings
// belong together, and holds secrets in a type that does not print. It refuses to know what the settings are used for.
package config

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"souk/internal/loopback"
)

// MinSecretBytes is the shortest secret accepted outside development.
const MinSecretBytes = 24

// Secret is text that must not be shown: it prints as [redacted] in every format. Reveal gives it.
type Secret string

const redacted = "[redacted]"

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redacted)) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal gives the secret itself.
func (s Secret) Reveal() string { return string(s) }

// Fault marks an error that only another configuration cures: starting again without a change is of no use.
type Fault struct{ Err error }

func (f Fault) Error() string { return "the configuration cannot be used:\n" + f.Err.Error() }

// Unwrap gives what is wrong.
func (f Fault) Unwrap() error { return f.Err }

// Config is the whole configuration. The names in the tags are those of .env.example, which explains each.
type Config struct {
	ListenAddr     string   `env:"LISTEN_ADDR" envDefault:"127.0.0.1:8000"`
	OperatorAddr   string   `env:"OPERATOR_ADDR"` // loopback; empty: no pages for operators
	PublicURL      string   `env:"PUBLIC_URL"`
	SecretKey      Secret   `env:"SECRET_KEY"`
	OldSecretKey   Secret   `env:"SECRET_KEY_PREVIOUS"` // after a change: file addresses that it signed count until they expire
	Debug          bool     `env:"DEBUG"`
	AllowedHosts   []string `env:"ALLOWED_HOSTS"`
	TrustedProxies int      `env:"TRUSTED_PROXIES"` // how many proxies in front append to X-Forwarded-For

	DatabaseURL       Secret `env:"DATABASE_URL"`
	DatabaseDirectURL Secret `env:"DATABASE_DIRECT_URL"`
	DB                struct {
		Name     string `env:"NAME"`
		User     string `env:"USER"`
		Password Secret `env:"PASSWORD"`
		Host     string `env:"HOST"`
		Port     int    `env:"PORT" envDefault:"5432"`
	} `envPrefix:"DB_"`
	DataDir string `env:"DATA_DIR" envDefault:"data"`

	CORSAllowedOrigins []string `env:"CORS_ALLOWED_ORIGINS"`
	CSRFTrustedOrigins []string `env:"CSRF_TRUSTED_ORIGINS"`

	SellerAccess string `env:"SELLER_ACCESS"`

	Clerk struct {
		SecretKey            Secret   `env:"SECRET_KEY"`
		PublishableKey       string   `env:"PUBLISHABLE_KEY"` // for browsers
		Domain               string   `env:"DOMAIN"`
		JWKSURL              string   `env:"JWKS_URL"`
		JWTIssuers           []string `env:"JWT_ISSUER"`
		JWTAudiences         []string `env:"JWT_AUDIENCE"`
		AuthorizedParties    []string `env:"AUTHORIZED_PARTIES"`
		BillingClaim         string   `env:"BILLING_CLAIM" envDefault:"entitlements"`
		WebhookSigningSecret []Secret `env:"WEBHOOK_SIGNING_SECRET"` // two during a rotation
		APIURL               string   `env:"API_URL" envDefault:"https://api.clerk.com"`
		BillingPortalURL     string   `env:"BILLING_PORTAL_URL"` // a page that subscribers are led to
	} `envPrefix:"CLERK_"`

	Storage struct {
		Backend      string `env:"BACKEND"`
		Bucket       string `env:"BUCKET"`
		URLTTLSecond int    `env:"SIGNED_URL_TTL_SECONDS" envDefault:"600"`
		MaxBytes     int64  `env:"MAX_BYTES" envDefault:"2147483648"`
		S3           struct {
			EndpointURL     string `env:"ENDPOINT_URL"`
			Region          string `env:"REGION" envDefault:"us-east-1"`
			AccessKeyID     string `env:"ACCESS_KEY_ID"`
			SecretAccessKey Secret `env:"SECRET_ACCESS_KEY"`
		} `envPrefix:"S3_"`
	} `envPrefix:"ASSET_STORAGE_"`

	Stripe Stripe `envPrefix:"STRIPE_"`

	Supabase struct {
		URL            string `env:"URL"`
		AnonKey        Secret `env:"ANON_KEY"`
		ServiceRoleKey Secret `env:"SERVICE_ROLE_KEY"`
	} `envPrefix:"SUPABASE_"`

	OrderConfirmAllowManual  bool   `env:"ORDER_CONFIRM_ALLOW_MANUAL"`
	OrderConfirmSharedSecret Secret `env:"ORDER_CONFIRM_SHARED_SECRET"`

	ShopName         string `env:"SHOP_NAME" envDefault:"Souk"`
	SMTPURL          Secret `env:"SMTP_URL"`
	MailFrom         string `env:"MAIL_FROM"`
	MailTemplatesDir string `env:"MAIL_TEMPLATES_DIR"`

	RateLimitEnabled bool  `env:"RATE_LIMIT_ENABLED" envDefault:"true"`
	RateLimits       Rates `envPrefix:"RATE_LIMIT_"`

	liveKeys []string // the names of all variables that hold one, also of those that are not read
}

// Development says that the host of PUBLIC_URL is loopback: only then do stand-ins run and defaults suffice.
func (c *Config) Development() bool {
	u, err := url.Parse(c.PublicURL)
	return err == nil && loopback.Is(u.Hostname())
}

// LocalURL is the origin under which this machine reaches the server, whatever PUBLIC_URL is.
func (c *Config) LocalURL() string {
	host, port, err := net.SplitHostPort(c.ListenAddr)
	if err == nil && (host == "" || net.ParseIP(host) != nil && net.ParseIP(host).IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// StandInClerk says that no Clerk key is set, in development: devcloud then issues the tokens.
func (c *Config) StandInClerk() bool {
	return c.Development() && c.Clerk.SecretKey == "" && c.Clerk.Domain == "" && c.Clerk.JWKSURL == ""
}

// standIns says that some provider has one.
func (c *Config) standIns() bool { return c.StandInClerk() || c.StandInStripe() || c.StandInMail() }

// checkStandIns keeps the stand-ins, from which anybody gets anything for nothing, away from where money is real. A live key
// beside them is that of a shop whose PUBLIC_URL was forgotten, or one that the next step would use.
func (c *Config) checkStandIns() (faults []error) {
	if !c.standIns() {
		return nil
	}
	if len(c.liveKeys) > 0 {
		faults = append(faults, fmt.Errorf("%s: no live key may be set while stand-ins take a provider's place, which they do when the host of PUBLIC_URL is loopback: "+
			"set PUBLIC_URL to the shop's address, or use test keys", strings.Join(c.liveKeys, ", ")))
	}
	if u, err := url.Parse(c.LocalURL()); err == nil && !loopback.Is(u.Hostname()) {
		faults = append(faults, errors.New("LISTEN_ADDR must be on loopback, or on all addresses such as 0.0.0.0:8000, while stand-ins take a provider's place: they answer this machine only"))
	}
	return faults
}

// liveKeys are the names of the variables that hold a live key of Clerk or Stripe, publishable ones too. STRIPE_SECRET_KEY has a
// check of its own.
func liveKeys(values map[string]string) (names []string) {
	for name, value := range values {
		if name != "STRIPE_SECRET_KEY" && hasAnyPrefix(strings.TrimSpace(value), "sk_live_", "rk_live_", "pk_live_") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// SignedURLTTL is how long a signed download address lives.
func (c *Config) SignedURLTTL() time.Duration {
	return time.Duration(c.Storage.URLTTLSecond) * time.Second
}

// aliases are other names of settings, from older shops and from pages that are built alone: read when the name itself is not set.
var aliases = map[string]string{
	"CLERK_PUBLISHABLE_KEY": "VITE_CLERK_PUBLISHABLE_KEY", "CLERK_BILLING_PORTAL_URL": "VITE_CLERK_BILLING_PORTAL_URL",
	"SECRET_KEY": "DJANGO_SECRET_KEY", "DEBUG": "DJANGO_DEBUG", "ALLOWED_HOSTS": "DJANGO_ALLOWED_HOSTS",
}

// Load reads dotenv (a file that may be missing) and the environment, which wins. The error is a Fault that lists all that is
// wrong.
func Load(environ []string, dotenv string) (*Config, error) {
	values := env.ToMap(environ)
	if err := addDotenv(values, dotenv); err != nil {
		return nil, Fault{err}
	}
	c := &Config{liveKeys: liveKeys(values)}
	for name, alias := range aliases {
		if values[name] == "" && values[alias] != "" {
			values[name] = values[alias]
		}
	}
	var faults []error
	if err := env.ParseWithOptions(c, env.Options{Environment: values}); err != nil {
		faults = append(faults, readable(err)...)
	}
	c.derive()
	faults = append(faults, c.check()...)
	if err := errors.Join(faults...); err != nil {
		return nil, Fault{err}
	}
	return c, nil
}

func addDotenv(values map[string]string, path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || path == "" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	file, err := godotenv.Parse(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s is not a list of NAME=value lines", path) // the parser's own text may quote a secret
	}
	for name, value := range file {
		if _, set := values[name]; !set {
			values[name] = value
		}
	}
	return nil
}

// readable names the variable of each parse fault, without its value.
func readable(err error) []error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{err}
	}
	var faults []error
	for _, e := range all.Errors {
		var parse env.ParseError
		if errors.As(e, &parse) {
			e = fmt.Errorf("%s must be a %s", variable(reflect.TypeFor[Config](), "", parse.Name), parse.Type)
		}
		faults = append(faults, e)
	}
	return faults
}

// variable is the environment variable of the field, which lies in t or in a struct inside it.
func variable(t reflect.Type, prefix, field string) string {
	for i := range t.NumField() {
		f := t.Field(i)
		if inner := f.Tag.Get("envPrefix"); inner != "" {
			if name := variable(f.Type, prefix+inner, field); name != "" {
				return name
			}
		} else if f.Name == field {
			return prefix + f.Tag.Get("env")
		}
	}
	return ""
}

func (c *Config) derive() {
	if c.PublicURL == "" {
		c.PublicURL = c.LocalURL()
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.DatabaseURL == "" && c.DB.Name != "" {
		u := url.URL{
			Scheme: "postgresql", User: url.UserPassword(c.DB.User, c.DB.Password.Reveal()),
			Host: net.JoinHostPort(c.DB.Host, fmt.Sprint(c.DB.Port)), Path: "/" + c.DB.Name,
		}
		c.DatabaseURL = Secret(u.String())
	}
	if c.DatabaseURL == "" {
		c.DatabaseURL = Secret("sqlite:///" + filepath.Join(c.DataDir, "souk.db"))
	}
	c.ShopName = strings.TrimSpace(c.ShopName)
	if c.MailFrom == "" && c.StandInMail() {
		c.MailFrom = "shop@example.test"
	}
	if c.SellerAccess == "" {
		c.SellerAccess = "allowlist"
		if c.Development() {
			c.SellerAccess = "open"
		}
	}
	if c.Clerk.Domain != "" {
		origin := c.Clerk.Domain
		if !strings.Contains(origin, "://") {
			scheme := "https://"
			if u, err := url.Parse("//" + origin); err == nil && loopback.Is(u.Hostname()) {
				scheme = "http://"
			}
			origin = scheme + origin
		}
		origin = strings.TrimRight(origin, "/")
		if c.Clerk.JWKSURL == "" {
			c.Clerk.JWKSURL = origin + "/.well-known/jwks.json"
		}
		if len(c.Clerk.JWTIssuers) == 0 {
			c.Clerk.JWTIssuers = []string{origin}
		}
		if key := publishableKey(origin, c.Clerk.SecretKey.Reveal()); c.Clerk.PublishableKey == "" && frontendHost(key) != "" {
			c.Clerk.PublishableKey = key
		}
	}
	for i, s := range c.Clerk.WebhookSigningSecret {
		c.Clerk.WebhookSigningSecret[i] = Secret(strings.TrimSpace(s.Reveal()))
	}
	c.Clerk.APIURL = strings.TrimRight(c.Clerk.APIURL, "/")
	c.Stripe.derive()
	c.Supabase.URL = strings.TrimRight(c.Supabase.URL, "/")
	c.Storage.S3.EndpointURL = strings.TrimRight(c.Storage.S3.EndpointURL, "/")
	if c.Storage.Backend == "" {
		c.Storage.Backend = "local"
		if c.Supabase.URL != "" {
			c.Storage.Backend = "supabase"
		}
	}
	if u, err := url.Parse(c.PublicURL); err == nil && len(c.AllowedHosts) == 0 {
		c.AllowedHosts = []string{u.Hostname(), "localhost", "127.0.0.1", "::1"}
	}
	for _, list := range []*[]string{
		&c.AllowedHosts, &c.CORSAllowedOrigins, &c.CSRFTrustedOrigins, &c.Clerk.JWTIssuers, &c.Clerk.JWTAudiences, &c.Clerk.AuthorizedParties,
	} {
		*list = tidy(*list)
	}
}

func tidy(list []string) []string {
	out := []string{}
	for _, s := range list {
		if s = strings.TrimRight(strings.TrimSpace(s), "/"); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (c *Config) check() (faults []error) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if _, _, err := net.SplitHostPort(c.ListenAddr); err != nil {
		wrong("LISTEN_ADDR must be host:port, such as 127.0.0.1:8000")
	}
	if host, _, err := net.SplitHostPort(c.OperatorAddr); c.OperatorAddr != "" && (err != nil || !loopback.Is(host)) {
		wrong("OPERATOR_ADDR must be host:port on loopback, such as 127.0.0.1:8001: whoever reaches it may do all that an operator may")
	}
	public, err := url.Parse(c.PublicURL)
	if err != nil || !slices.Contains([]string{"http", "https"}, public.Scheme) || public.Host == "" || public.Path != "" || public.RawQuery != "" {
		wrong("PUBLIC_URL must be an origin, such as https://shop.example.com")
	}
	if !c.Development() && err == nil && public.Scheme != "https" {
		wrong("PUBLIC_URL must be https outside development (its host is not loopback)")
	}
	if !slices.Contains([]string{"open", "allowlist"}, c.SellerAccess) {
		wrong("SELLER_ACCESS must be open or allowlist")
	}
	if c.Storage.URLTTLSecond < 60 {
		wrong("ASSET_STORAGE_SIGNED_URL_TTL_SECONDS must be at least 60")
	}
	if c.Storage.MaxBytes < 1 {
		wrong("ASSET_STORAGE_MAX_BYTES must be at least 1")
	}
	faults = append(faults, c.checkStorage()...)
	faults = append(faults, c.checkMail()...)
	faults = append(faults, c.checkStripe()...)
	faults = append(faults, c.checkClerkKeys()...)
	faults = append(faults, c.checkStandIns()...)
	for _, origin := range slices.Concat(c.CORSAllowedOrigins, c.CSRFTrustedOrigins) {
		if u, err := url.Parse(origin); err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" {
			wrong("CORS_ALLOWED_ORIGINS and CSRF_TRUSTED_ORIGINS take exact origins, such as https://shop.example.com, and no *")
		}
	}
	if c.Clerk.SecretKey != "" && c.Clerk.JWKSURL == "" {
		wrong("CLERK_SECRET_KEY is set, but neither CLERK_DOMAIN nor CLERK_JWKS_URL with CLERK_JWT_ISSUER says whose tokens to accept")
	}
	if c.Clerk.JWKSURL != "" && len(c.Clerk.JWTIssuers) == 0 {
		wrong("CLERK_JWKS_URL is set without CLERK_JWT_ISSUER (or set CLERK_DOMAIN, which gives both)")
	}
	if u, err := url.Parse(c.Clerk.JWKSURL); err != nil || c.Clerk.JWKSURL != "" && u.Scheme != "https" && !loopback.Is(u.Hostname()) {
		wrong("CLERK_JWKS_URL must be https, except on loopback")
	}
	if secrets := c.Clerk.WebhookSigningSecret; len(secrets) > 2 || slices.Contains(secrets, "") {
		wrong("CLERK_WEBHOOK_SIGNING_SECRET must be one secret, or two with a comma between them")
	}
	if u, err := url.Parse(c.Clerk.APIURL); err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasSuffix(u.Path, "/v1") || u.Scheme != "https" && (u.Scheme != "http" || !loopback.Is(u.Hostname())) {
		wrong("CLERK_API_URL must be like https://api.clerk.com: https (http on loopback alone), without /v1 at the end")
	}
	if !c.Development() {
		faults = append(faults, c.checkProduction()...)
	}
	return faults
}

func (c *Config) checkProduction() (faults []error) {
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if len(c.SecretKey) < MinSecretBytes {
		wrong("SECRET_KEY must be at least %d bytes outside development; make one with: openssl rand -hex 32", MinSecretBytes)
	}
	if c.OldSecretKey != "" && len(c.OldSecretKey) < MinSecretBytes {
		wrong("SECRET_KEY_PREVIOUS must be at least %d bytes outside development", MinSecretBytes)
	}
	if c.Clerk.JWKSURL == "" {
		wrong("CLERK_DOMAIN (or CLERK_JWKS_URL and CLERK_JWT_ISSUER) must be set outside development, where no stand-in issues tokens")
	}
	if c.OrderConfirmAllowManual && len(c.OrderConfirmSharedSecret) < MinSecretBytes {
		wrong("ORDER_CONFIRM_ALLOW_MANUAL needs an ORDER_CONFIRM_SHARED_SECRET of at least %d bytes outside development", MinSecretBytes)
	}
	return faults
}

// KeepSecretKey gives development a SECRET_KEY that survives restarts: made once, kept under DATA_DIR.
func (c *Config) KeepSecretKey() error {
	if c.SecretKey != "" {
		return nil
	}
	path := filepath.Join(c.DataDir, "secret_key")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		var raw [32]byte
		_, _ = rand.Read(raw[:])
		text = []byte(hex.EncodeToString(raw[:]))
		if err = os.MkdirAll(c.DataDir, 0o700); err == nil {
			err = writeOnce(path, text)
		}
		if errors.Is(err, os.ErrExist) { // another process was first
			text, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return fmt.Errorf("keep the secret key: %w", err)
	}
	c.SecretKey = Secret(strings.TrimSpace(string(text)))
	return nil
}

// writeOnce makes the file whole or not at all, and refuses when it exists.
func writeOnce(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if _, err := tmp.Write(text); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path)
}

// Names lists every variable that Load reads, for the test that holds .env.example complete.
func Names() []string {
	fields, err := env.GetFieldParams(new(Config))
	if err != nil {
		panic(err) // the struct above is wrong
	}
	names := map[string]bool{}
	for _, f := range fields {
		names[f.Key] = true
	}
	return slices.Sorted(maps.Keys(names))
}
