// Package app wires the shop: Config in, running program out. It holds no rule of the business; whoever wants to know what
// is connected to what reads New from top to bottom.
package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"souk/frontend"
	"souk/internal/api"
	"souk/internal/blob/local"
	"souk/internal/booking"
	"souk/internal/catalog"
	"souk/internal/config"
	"souk/internal/db"
	"souk/internal/fulfillment"
	"souk/internal/httpx"
	"souk/internal/identity"
	"souk/internal/identity/clerk"
	"souk/internal/inbox"
	"souk/internal/jobs"
	"souk/internal/mail"
	"souk/internal/metrics"
	"souk/internal/notice"
	"souk/internal/order"
	"souk/internal/order/stripe"
	"souk/internal/project"
	"souk/internal/subscription"
	clerkbilling "souk/internal/subscription/clerk"
	"souk/internal/web"
)

// App is a wired shop.
type App struct {
	Config  *config.Config
	DB      *db.DB
	Handler http.Handler
	standIns

	Jobs *jobs.Queue

	people        *identity.Service
	catalog       *catalog.Service
	orders        *order.Service
	subscriptions *subscription.Service
	bookings      *booking.Service
	projects      *project.Service
	fulfillment   *fulfillment.Service
	notices       *notice.Service
	stripe        *stripe.Service // nil when it is not configured
	inbox         *inbox.Service
	idempotency   *httpx.Idempotency
	files         *local.Store // nil when the files are kept elsewhere
	metrics       *metrics.Metrics
	mail          *mail.Sender // nil: there is no mail server
	closeIdle     func()       // of the connections to Clerk
	closeStripe   func()       // of those to Stripe; nil when there is none
	now           func() time.Time
	closeBucket   func() // nil when they are not in a bucket
}

// Options are what a test sets otherwise.
type Options struct {
	Release string           // the program's version
	Now     func() time.Time // nil: the real time
}

// New opens the database, brings its schema up to date, and builds the handler.
func New(ctx context.Context, cfg *config.Config, o Options) (*App, error) {
	now := func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
	if o.Now != nil {
		now = o.Now
	}
	sender, err := configuredMail(cfg)
	if err != nil {
		return nil, err
	}
	accounts := accounts{clerkOf(cfg), accountOf(cfg), sender}
	if _, err := accounts.clerk.keys(); err != nil {
		return nil, err
	}
	if _, err := accounts.stripe.keys(); err != nil {
		return nil, err
	}
	templates, err := mailTemplates(cfg)
	if err != nil {
		return nil, err
	}
	if err := cfg.KeepSecretKey(); err != nil {
		return nil, err
	}
	d, err := openDB(cfg)
	if err != nil {
		return nil, err
	}
	if _, err := d.Migrate(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	a := &App{Config: cfg, DB: d, now: now, closeIdle: func() {}}
	if err := a.open(ctx, cfg, now, &accounts); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.mail = accounts.mail
	a.metrics = metrics.New(a.stands)
	if a.Jobs, err = jobs.New(d, jobs.Options{Now: o.Now}); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	backend, closeIdle := openClerk(accounts.clerk)
	a.closeIdle = closeIdle
	a.idempotency = httpx.NewIdempotency(d, now)
	a.inbox = &inbox.Service{
		DB: d, Now: now, Schedule: a.retryLater,
		Handlers: map[string]inbox.Handler{clerkProvider: a.clerkEvent, stripeProvider: a.stripeEvent},
		Scrub:    map[string]func([]byte) []byte{clerkProvider: clerkbilling.Scrub, stripeProvider: stripe.Scrub},
		Same:     map[string]func([]byte) []byte{stripeProvider: stripe.Same},
		Accepted: a.metrics.Webhook,
	}
	a.people = identity.New(identity.Deps{
		DB: d, Now: now, OpenSeller: cfg.SellerAccess == "open", BillingClaim: cfg.Clerk.BillingClaim, Arrived: a.inbox.Wake,
	})
	a.projects = &project.Service{DB: d, Now: now}

	files, err := a.openFiles(now)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.catalog = &catalog.Service{DB: d, Files: files, MaxBytes: cfg.Storage.MaxBytes, URLTTL: cfg.SignedURLTTL(), Now: now, OwnPrefix: !cfg.Development()}
	a.catalog.PlanMapped = func(ctx context.Context, tx *db.Tx, p catalog.Plan) error { return a.inbox.Wake(ctx, tx, p.Key()) }
	a.bookings = &booking.Service{DB: d, Catalog: a.catalog, Now: now}

	cache := httpx.NewCache(now)
	a.catalog.Changed = cache.Drop
	a.subscriptions = &subscription.Service{DB: d, Now: now, People: a.people, Catalog: a.catalog, Arrived: a.inbox.Wake}
	if backend.Key != "" {
		a.subscriptions.Source, a.subscriptions.Users = clerkSource(clerkbilling.NewBackend(backend), now), clerkUsers(clerk.NewBackend(backend))
	}
	a.fulfillment = &fulfillment.Service{DB: d, Now: now, Catalog: a.catalog, Bookings: a.bookings, Subscriptions: a.subscriptions}
	a.subscriptions.Changed = a.fulfillment.FollowPlan
	a.catalog.AssetAdded = a.fulfillment.AssetAdded
	a.notices = notice.New(notice.Deps{
		DB: d, Now: now, Jobs: a.Jobs, Mail: a.mail, Templates: templates, People: a.people, Catalog: a.catalog, Bookings: a.bookings, Fulfillment: a.fulfillment,
		Shop: cfg.ShopName, PublicURL: cfg.PublicURL, Tried: a.metrics.Mail,
	})
	a.bookings.Happened, a.catalog.ContentAdded = a.notices.BookingHappened, a.notices.ContentAdded
	deps := order.Deps{
		DB: d, Now: now, People: a.people, Catalog: a.catalog, Subscribed: a.subscriptions.Subscribed, Jobs: a.Jobs, Arrived: a.inbox.Wake,
		Happened: a.notices.OrderHappened,
		Fulfill:  a.fulfillment.Fulfill, Follow: a.fulfillment.Follow,
		Ask:       map[string]func(ctx context.Context, buyer int64, o order.Order) error{order.Clerk: a.askClerkFor},
		PublicURL: cfg.PublicURL, ClerkPlans: accounts.clerk.key != "",
		AllowManual: cfg.OrderConfirmAllowManual, ConfirmSecret: cfg.OrderConfirmSharedSecret.Reveal(),
	}
	clerkKeys, err := accounts.clerk.keys()
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	stripeKeys, err := accounts.stripe.keys()
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if accounts.stripe.configured() {
		a.stripe, a.closeStripe = openStripe(cfg, accounts.stripe, now)
		deps.CardStep = stripe.Step
		deps.Ask[order.Stripe] = func(ctx context.Context, _ int64, o order.Order) error { return a.stripe.Ask(ctx, o.ID) }
	}
	if a.orders, err = order.New(deps); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if a.stripe != nil {
		a.stripe.Orders = a.orders
	}
	a.subscriptions.Orders, a.notices.Orders = a.orders, a.orders
	a.clerkJobs()
	a.stripeJobs()
	a.schedule()

	handler := api.New(api.Deps{
		Verify: openVerifier(cfg, accounts.clerk, now).Verify, CSRF: httpx.NewCSRF(cfg.SecretKey.Reveal(), cfg.PublicURL, cfg.CSRFTrustedOrigins),
		Identity: a.people, ClerkUser: clerk.NewBackend(backend).User, Projects: a.projects, Bookings: a.bookings, Catalog: a.catalog,
		Orders: a.orders, Subscriptions: a.subscriptions, Fulfillment: a.fulfillment, Inbox: a.inbox, ClerkKeys: clerkKeys, StripeKeys: stripeKeys, PayPage: a.payPage(),
		Idempotency: a.idempotency, Cursors: httpx.NewCursors(cfg.SecretKey.Reveal()), Cache: cache,
		Limits: limits(cfg), SupabaseProfile: supabaseProfile(cfg),
		Ping: d.Ping, Release: o.Release, Now: now,
	})
	pages, err := web.New(web.Options{
		Dist: frontend.Dist(), Routes: frontend.Routes(), Messages: frontend.Messages(), Page: a.page(accounts.clerk.browser), Origin: cfg.PublicURL, API: handler,
	})
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	hosts := cfg.AllowedHosts
	if cfg.StandInClerk() { // its keys are read over HTTP, by the name of this machine
		hosts = slices.Concat(hosts, []string{"localhost", "127.0.0.1", "::1"})
	}
	edge := httpx.Edge{
		Hosts: hosts, Origins: cfg.CORSAllowedOrigins, HTTPS: strings.HasPrefix(cfg.PublicURL, "https:"), Limits: httpx.DefaultLimits(),
		Long: movesFile, Observe: a.metrics.Request,
	}
	a.Handler = edge.Wrap(a.withStandIns(a.withFiles(pages.Beside(handler), a.fulfillment.Stands)))
	return a, nil
}

// Serve answers requests until ctx ends, and then finishes those in flight.
func (a *App) Serve(ctx context.Context, listener net.Listener) error {
	return httpx.Serve(ctx, listener, a.Handler, httpx.DefaultLimits())
}

// Logger writes text in development and JSON for machines otherwise, with the id of the request that a record belongs to.
// flush writes the lines that wait, at the end of the program.
func Logger(cfg *config.Config, w io.Writer) (log *slog.Logger, flush func() error) {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if cfg.Debug {
		options.Level = slog.LevelDebug
	}
	buffer := httpx.NewLogBuffer(w)
	if cfg.Development() {
		return slog.New(httpx.LogHandler(slog.NewTextHandler(buffer, options), buffer)), buffer.Flush
	}
	return slog.New(httpx.LogHandler(slog.NewJSONHandler(buffer, options), buffer)), buffer.Flush
}

// Close ends what New opened.
func (a *App) Close() error {
	a.closeIdle()
	if a.closeStripe != nil {
		a.closeStripe()
	}
	if a.closeBucket != nil {
		a.closeBucket()
	}
	errs := []error{a.standIns.close()}
	if a.files != nil {
		errs = append(errs, a.files.Close())
	}
	return errors.Join(append(errs, a.DB.Close())...)
}

func openDB(cfg *config.Config) (*db.DB, error) {
	return db.Open(db.Options{URL: cfg.DatabaseURL.Reveal(), DirectURL: cfg.DatabaseDirectURL.Reveal()})
}

// Migrate brings the schema up to date and says which migrations it applied.
func Migrate(ctx context.Context, cfg *config.Config) (applied []string, err error) {
	d, err := openDB(cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Migrate(ctx)
}

// Document is the OpenAPI document of the API, as JSON.
func Document() ([]byte, error) { return api.New(api.Deps{}).Document() }
