#!/bin/sh
# Makes sure that a PostgreSQL server (15 or newer) is on this machine, since
# the local stack runs on a real one. Does nothing when one is there, or when
# DEVSTACK_DATABASE_URL names a server to use; else installs the system's package.
# Where that cannot be done the stack tries to download PostgreSQL by itself.
set -eu

have_postgres() {
	[ -n "${DEVSTACK_DATABASE_URL:-}" ] && return 0
	# The places where the stack looks, see devstack/internal/postgres.
	for bin in "$(command -v postgres || true)" \
		/usr/lib/postgresql/*/bin/postgres \
		/usr/lib/postgresql*/bin/postgres \
		/usr/libexec/postgresql*/postgres \
		/usr/pgsql-*/bin/postgres \
		/opt/homebrew/opt/postgresql*/bin/postgres \
		/usr/local/opt/postgresql*/bin/postgres \
		/home/linuxbrew/.linuxbrew/opt/postgresql*/bin/postgres \
		/Applications/Postgres.app/Contents/Versions/*/bin/postgres \
		/usr/local/pgsql/bin/postgres; do
		[ -x "$bin" ] || continue
		major=$("$bin" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/')
		[ "$major" -ge 15 ] && return 0
	done
	return 1
}

leave_it() {
	echo "postgres.sh: $1; the stack will try to download PostgreSQL" >&2
	exit 0
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif ! command -v sudo >/dev/null 2>&1; then
		leave_it "installing the package needs root, and there is no sudo"
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@" # nobody is there to type a password
	fi
}

# Debian's package makes a cluster of its own and starts it, unless told not to.
no_cluster=/etc/postgresql-common/createcluster.d/workorder-devstack.conf

install_debian() {
	as_root apt-get update -qq || echo "postgres.sh: apt-get update failed, going on with the lists that are there" >&2
	as_root mkdir -p "${no_cluster%/*}" || return 1
	echo "create_main_cluster = false" | as_root tee "$no_cluster" >/dev/null || return 1
	status=0
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >&2 || status=$?
	as_root rm -f "$no_cluster"
	return $status
}

have_postgres && exit 0
echo "postgres.sh: no PostgreSQL 15 or newer found, installing the system's package" >&2
if command -v apt-get >/dev/null 2>&1; then
	install_debian || leave_it "apt-get did not install it"
elif command -v dnf >/dev/null 2>&1; then
	as_root dnf install -y -q --setopt=install_weak_deps=False postgresql-server postgresql-contrib >&2 || leave_it "dnf did not install it"
elif command -v apk >/dev/null 2>&1; then
	as_root apk add --quiet postgresql postgresql-contrib >&2 || leave_it "apk did not install it"
elif command -v brew >/dev/null 2>&1; then
	brew install postgresql@17 >&2 || leave_it "brew did not install it"
fi
have_postgres || leave_it "the system's packages hold no PostgreSQL 15 or newer"
