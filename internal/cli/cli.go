// Package cli is the command line: it reads the arguments and the configuration, calls app, and says in plain words what
// came of it. It holds no rule of the shop.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"github.com/alecthomas/kong"

	"souk/internal/app"
	"souk/internal/config"
)

// Release is the program's version; the build sets it.
var Release = "dev"

// The exit codes beside 0.
const (
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78 // EX_CONFIG: starting again without a change is of no use
)

// dotenv is read in the working directory, if it is there.
const dotenv = ".env"

type commands struct {
	Serve     serve     `cmd:"" help:"Run the shop until SIGINT or SIGTERM; requests in flight are finished."`
	Migrate   migrate   `cmd:"" help:"Bring the database's schema up to date. Serve does it too."`
	Seed      seed      `cmd:"" help:"Put up the demo shop: a seller, two buyers, and products with real files."`
	Seller    seller    `cmd:"" help:"Who may sell, when SELLER_ACCESS is allowlist."`
	Webhooks  webhooks  `cmd:"" help:"What providers sent, and what became of it."`
	Mail      mail      `cmd:"" help:"What the shop mails: list it, send it again, see and change how it looks."`
	Jobs      jobs      `cmd:"" help:"What the shop does later: list it, try it again."`
	Doctor    doctor    `cmd:"" help:"Check the configuration, the database, the jobs, the storage, the sign-in keys and the clock."`
	Health    health    `cmd:"" help:"Ask the shop that runs here whether it is well; the exit code is 0 if it is, for a container's health check."`
	Reconcile reconcile `cmd:"" help:"Compare payments with Stripe's, users and subscriptions with Clerk's, put right what differs, and say what did."`
	Backup    backup    `cmd:"" help:"Copy the SQLite database and the files on this machine into a folder, while the shop runs."`
	Openapi   openapi   `cmd:"" help:"Print the API's OpenAPI 3.1 document."`
	Version   version   `cmd:"" help:"Print the version."`

	ForDevelopment forDevelopment `embed:""`
}

// program is what every command gets.
type program struct {
	environ   []string
	out, errw io.Writer
}

// Run runs the command that args name and gives the exit code. It ends a command that waits when ctx is done.
func Run(ctx context.Context, args, environ []string, out, errw io.Writer) (code int) {
	type exit int
	defer func() { // kong leaves by its Exit function after --help
		if r := recover(); r != nil {
			e, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	parser, err := kong.New(new(commands), kong.Name("souk"), kong.Writers(out, errw), kong.UsageOnError(),
		kong.Description("A shop in one program: files, subscriptions and services."),
		kong.Exit(func(code int) { panic(exit(code)) }))
	if err != nil {
		panic(err) // the struct above is wrong
	}
	if len(args) > 0 && args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(errw, "souk: %v. See souk --help.\n", err)
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run(&program{environ: environ, out: out, errw: errw})
	var wrong config.Fault
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		code = exitConfig
	default:
		code = exitFailed
	}
	_, _ = fmt.Fprintln(errw, "souk:", err)
	return code
}

func (p *program) config() (*config.Config, error) {
	return config.Load(p.environ, dotenv)
}

func (p *program) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format, args...)
}

// release is Release, or what the Go tool recorded when nobody set it.
func release() string {
	if info, ok := debug.ReadBuildInfo(); ok && Release == "dev" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return Release
}

type version struct{}

func (version) Run(p *program) error {
	p.printf("souk %s\n", release())
	return nil
}

type openapi struct{}

func (openapi) Run(p *program) error {
	text, err := app.Document()
	if err == nil {
		p.printf("%s\n", text)
	}
	return err
}
