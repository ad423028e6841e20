#!/bin/sh
# Builds the quickstart and runs it on the local stack. The first build compiles
# everything, so it says every few seconds how far it is.
set -eu
cd "$(dirname "$0")/../examples"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without cgo, symbols and debugging information, none of which the quickstart
# needs: no C compiler, and less to compile and link.
export CGO_ENABLED=0
go build -v -ldflags="-s -w" -o "$work/quickstart" ./quickstart >"$work/log" 2>&1 &
build=$!
trap 'kill "$build" 2>/dev/null; exit 130' INT TERM HUP

seconds=0
while kill -0 "$build" 2>/dev/null; do
	sleep 1
	seconds=$((seconds + 1))
	[ $((seconds % 3)) -eq 0 ] || continue
	fetched=$(grep -c '^go: downloading' "$work/log" || true)
	compiled=$(grep -vc '^go: ' "$work/log" || true)
	echo "demo: building the quickstart for $seconds s: $fetched modules fetched, $compiled packages compiled" >&2
done
if ! wait "$build"; then
	cat "$work/log" >&2
	exit 1
fi
trap - INT TERM HUP
"$work/quickstart"
