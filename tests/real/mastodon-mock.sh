#!/bin/sh
# Runs the tests of the Mastodon adapter against mastodon-mock, an independent server of the same
# API (PyPI, MIT): real HTTP and websockets, not our own emulator.
#
#   tests/real/mastodon-mock.sh [FOLDER]
#
# FOLDER keeps the Python environment between runs (default: a new one, removed at the end).
# Needs python3 with venv, and PyPI. The server listens on 127.0.0.1 alone and is ended by its
# process id. Exits with the tests' own code.
set -eu

version=0.6.1
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        # Asked politely it waits for websockets that are long gone; it keeps nothing on disk.
        kill -KILL "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

env=${1:-$work/env}
if ! "$env/bin/python" -c "import mastodon_mock" 2>/dev/null; then
    python3 -m venv "$env"
    "$env/bin/pip" install --quiet --disable-pip-version-check "mastodon-mock==$version"
fi

port=$("$env/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$env/bin/python" -m mastodon_mock serve --in-memory --demo --host 127.0.0.1 --port "$port" >"$work/log" 2>&1 &
server=$!

# Up in about eight seconds; given sixty.
if ! "$env/bin/python" tests/real/await.py "http://127.0.0.1:$port/api/v2/instance" "$server"; then
    echo "mastodon-mock does not answer on port $port; its log:" >&2
    cat "$work/log" >&2
    exit 1
fi

SERENO_MASTODON_MOCK="http://127.0.0.1:$port" cargo test --locked --test all mastodon_mock -- --nocapture --test-threads=1
