package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

func violates(err error, sqlState string, sqliteCodes ...int) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == sqlState
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && slices.Contains(sqliteCodes, lite.Code())
}

// retryable errors leave nothing behind and may not happen again: serialization failures and deadlocks
// (https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html).
func retryable(err error) bool {
	return violates(err, "40001") || violates(err, "40P01")
}

// MayRetry says that err undid the whole transaction, which InTx runs again: whoever handles errors inside one passes it on.
func MayRetry(err error) bool { return retryable(err) }

// Outage turns an error that says "the database is not there, locked or full" into the fault that is a 503, and
// leaves every other error as it is.
func Outage(err error) error {
	if err == nil || !isOutage(err) {
		return err
	}
	return errUnavailable.Because(err)
}

func isOutage(err error) bool {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) { // whatever the server's reason, such as 55000: the database takes no connections
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// 08 connection, 53 resources, 57P0x shutdown, 57014 statement timeout, 55P03 lock timeout, 25006 read-only, 3D000 absent.
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "57") ||
			pg.Code == "55P03" || pg.Code == "25006" || pg.Code == "3D000"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case 5, 6, 8, 10, 11, 13, 14, 26: // BUSY LOCKED READONLY IOERR CORRUPT FULL CANTOPEN NOTADB
			return true
		}
		return false
	}
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.As(err, &network) && !errors.Is(err, context.Canceled)
}
