package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"souk/internal/catalog"
	"souk/internal/db"
	"souk/internal/fault"
	"souk/internal/jobs"
	"souk/internal/mail"
)

// ofFiles is the data of notices about new files, or new contents of files.
type ofFiles struct {
	Files []ofFile `json:"files"`
}

type ofFile struct {
	Asset  int64  `json:"asset"`
	SHA256 string `json:"sha256"`
}

// announceFile is the job that tells those of a content who could load the file before it came, from the holder behind After on.
type announceFile struct {
	ofFile
	At    time.Time `json:"at"`
	After int64     `json:"after"`
}

func (announceFile) Kind() string { return "announce_file" }

const (
	announceAtOnce = 100         // holders in one transaction
	gatherFor      = time.Minute // what comes to be new meanwhile is told in the same mail
)

// ContentAdded has those who bought a file told of its content, when tx has committed.
func (s *Service) ContentAdded(ctx context.Context, tx *db.Tx, a catalog.Asset) error {
	return s.Jobs.Insert(ctx, tx, announceFile{ofFile: ofFile{a.ID, a.ChecksumSHA256}, At: s.Now()}, jobs.Insert{})
}

// announce writes down that some holders of a file are to be told of it, and has the next ones told.
func (s *Service) announce(ctx context.Context, job announceFile) error {
	if current, err := s.isCurrent(ctx, job.ofFile); err != nil || !current {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		holders, err := s.Fulfillment.Holders(ctx, tx, job.Asset, job.At, job.After, announceAtOnce)
		if err != nil {
			return err
		}
		for _, g := range holders {
			buyer, err := s.People.Owner(ctx, g.CustomerID)
			if err != nil {
				return err
			}
			event := fmt.Sprintf("%d:%s:%d", job.Asset, job.SHA256, g.CustomerID)
			if err := s.tell(ctx, tx, buyer, NewFile, event, ofFiles{[]ofFile{job.ofFile}}); err != nil {
				return err
			}
			job.After = g.ID
		}
		if len(holders) < announceAtOnce {
			return nil
		}
		return s.Jobs.Insert(ctx, tx, job, jobs.Insert{})
	})
}

// isCurrent says that a file has that content and is on sale. What follows has its own announcement.
func (s *Service) isCurrent(ctx context.Context, f ofFile) (bool, error) {
	a, err := s.Catalog.AnyAsset(ctx, s.DB, f.Asset)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return a.IsActive && a.ChecksumSHA256 == f.SHA256, err
}

// gather takes what else is new for a buyer into a notice that is about to be sent: ten files are one mail.
func (s *Service) gather(ctx context.Context, tx *db.Tx, n *Notice) error {
	var about ofFiles
	if err := json.Unmarshal(n.Data, &about); err != nil {
		return err
	}
	others, err := takeOver(ctx, tx, *n, fmt.Sprintf("told in mail %d", n.ID), maxFiles, s.Now())
	if err != nil || len(others) == 0 {
		return err
	}
	for _, data := range others {
		var more ofFiles
		if err := json.Unmarshal(data, &more); err != nil {
			return err
		}
		about.Files = append(about.Files, more.Files...)
	}
	if n.Data, err = json.Marshal(about); err != nil {
		return err
	}
	return setData(ctx, tx, *n)
}

func fillFiles(ctx context.Context, s *Service, n Notice, to person, into *Letter) error {
	var about ofFiles
	if err := json.Unmarshal(n.Data, &about); err != nil {
		return err
	}
	for _, f := range about.Files {
		current, err := s.isCurrent(ctx, f)
		if err != nil {
			return err
		}
		g, err := s.Fulfillment.Held(ctx, to.profile, f.Asset)
		if fault.KindOf(err) == fault.NotFound || err == nil && !current {
			continue
		}
		if err != nil {
			return err
		}
		a, err := s.Catalog.AnyAsset(ctx, s.DB, f.Asset)
		if err != nil {
			return err
		}
		out := fileOut(to.locale, g)
		out.Version = mail.Line(a.VersionLabel)
		into.Files = append(into.Files, out)
	}
	if len(into.Files) == 0 {
		return overtaken
	}
	return nil
}
