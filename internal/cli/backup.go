package cli

import (
	"context"
	"os/signal"
	"syscall"

	"souk/internal/app"
)

type backup struct {
	Folder string `arg:"" help:"Where the copy goes: made if it is missing; in one with an older copy only new files are copied."`
}

func (backup) Help() string {
	return `It copies the SQLite database as it is at one moment, and all files that it names, while the shop runs. The folder then has what DATA_DIR
had, and takes its place when that is lost. With PostgreSQL it copies the files alone, and pg_dump, before it, the database. Files in a bucket are left to
whoever keeps the bucket. What the shop has deleted stays in an older copy.`
}

func (c backup) Run(ctx context.Context, p *program) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cfg, err := p.config()
	if err != nil {
		return err
	}
	made, err := app.MakeBackup(ctx, cfg, c.Folder)
	if err != nil {
		return err
	}
	if made.Database != "" {
		p.printf("The database is in %s, and sound.\n", made.Database)
	} else {
		p.printf("The database is PostgreSQL: pg_dump copies it.\n")
	}
	if made.Remote {
		p.printf("The files are in a bucket, and not copied.\n")
	} else {
		p.printf("Files that were new to the folder: %d.\n", made.Files)
	}
	return nil
}
