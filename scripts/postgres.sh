# Sourced by test.sh and bench/run.sh: a PostgreSQL of one's own, in a temporary folder, on a free loopback port, run by a
# user that is not root. Call postgres_start (with further server settings), use $POSTGRES_URL, and postgres_stop at the end.
POSTGRES_LEAST=15
POSTGRES_PID=
POSTGRES_HOME=

# postgres_bin prints the folder with the newest PostgreSQL programs that are new enough.
postgres_bin() {
	local folder version best= newest=0
	for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
		"$(dirname "$(command -v pg_ctl || echo /none/pg_ctl)")"; do
		[ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] || continue
		version=$("$folder/pg_ctl" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
		if [ "$version" -ge "$POSTGRES_LEAST" ] && [ "$version" -gt "$newest" ]; then
			best=$folder newest=$version
		fi
	done
	echo "$best"
}

# as_other runs a command as a user that PostgreSQL accepts: it refuses to run as root.
as_other() {
	if [ "$(id -u)" != 0 ]; then
		(cd / && "$@")
	else
		local user=nobody
		id postgres >/dev/null 2>&1 && user=postgres
		if command -v runuser >/dev/null; then
			(cd / && runuser -u "$user" -- "$@")
		else
			(cd / && su -s /bin/sh "$user" -c "$(printf '%q ' "$@")")
		fi
	fi
}

postgres_start() {
	local bin port locale try
	bin=$(postgres_bin)
	if [ -z "$bin" ]; then
		"$(dirname "${BASH_SOURCE[0]}")/apt-install.sh" "PostgreSQL $POSTGRES_LEAST or newer" postgresql || true
		bin=$(postgres_bin)
	fi
	if [ -z "$bin" ]; then
		echo "PostgreSQL $POSTGRES_LEAST or newer is needed and could not be installed here." >&2
		echo "Install it (Debian, Ubuntu: sudo apt-get install postgresql; macOS: brew install postgresql@17), then run this again." >&2
		return 1
	fi
	POSTGRES_HOME=$(mktemp -d "${POSTGRES_FOLDER:-/tmp}/souk-postgres.XXXXXX")
	chmod 755 "$POSTGRES_HOME"
	if [ "$(id -u)" = 0 ]; then
		chown "$(as_other id -u)" "$POSTGRES_HOME"
	fi
	for locale in C.UTF-8 en_US.UTF-8 C; do
		if as_other "$bin/initdb" -D "$POSTGRES_HOME/data" -U souk --auth=trust --encoding=UTF8 --locale="$locale" \
			>"$POSTGRES_HOME.log" 2>&1; then break; fi
	done
	for try in 1 2 3 4 5; do
		port=$((20000 + RANDOM % 10000))
		if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
		if as_other "$bin/pg_ctl" -D "$POSTGRES_HOME/data" -w -t 60 -l "$POSTGRES_HOME/server.log" \
			-o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$POSTGRES_HOME -c max_connections=300 $*" \
			start >>"$POSTGRES_HOME.log" 2>&1; then
			POSTGRES_PID=$(head -n 1 "$POSTGRES_HOME/data/postmaster.pid")
			POSTGRES_URL="postgres://souk@127.0.0.1:$port/postgres"
			POSTGRES_VERSION=$("$bin/pg_ctl" --version | sed 's/.*) //')
			return 0
		fi
	done
	echo "PostgreSQL ($bin) does not start:" >&2
	cat "$POSTGRES_HOME.log" "$POSTGRES_HOME/server.log" >&2 || true
	return 1
}

# postgres_start_for_tests starts one whose data need not last. It is in memory where there is room: each test makes a database, which is hundreds of files.
postgres_start_for_tests() {
	local free
	free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }') || true
	if [ "${free:-0}" -ge 2097152 ] && [ -w /dev/shm ]; then POSTGRES_FOLDER=/dev/shm; fi
	postgres_start -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=256MB
}

postgres_stop() {
	if [ -n "$POSTGRES_PID" ] && kill -INT "$POSTGRES_PID" 2>/dev/null; then
		while kill -0 "$POSTGRES_PID" 2>/dev/null; do sleep 0.1; done
	fi
	if [ -n "$POSTGRES_HOME" ]; then
		rm -rf "$POSTGRES_HOME" "$POSTGRES_HOME.log"
	fi
}
