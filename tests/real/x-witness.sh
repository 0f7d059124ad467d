#!/bin/sh
# Runs tweepy (PyPI, MIT), an X client that knows nothing of sereno, on the emulated X of the tests: what it cannot do
# there, the emulator does not do as X does.
#
#   tests/real/x-witness.sh [FOLDER]
#
# FOLDER keeps what is installed between runs (default: a new one, removed at the end). Needs python3 with venv, and
# PyPI's registry. Everything listens on 127.0.0.1 alone. Exits with the test's own code.
set -eu

tweepy=4.17.0
cd "$(dirname "$0")/../.."
cache=${1:-}
if [ -z "$cache" ]; then
    cache=$(mktemp -d)
    trap 'rm -rf "$cache"' EXIT
    trap 'exit 130' INT TERM
fi
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

if ! "$cache/python/bin/python" -c "import tweepy; assert tweepy.__version__ == '$tweepy'" 2>/dev/null; then
    python3 -m venv "$cache/python"
    "$cache/python/bin/pip" install --quiet --disable-pip-version-check "tweepy==$tweepy"
fi

SERENO_X_PYTHON="$cache/python/bin/python" \
    cargo test --locked --test all x::witness -- --nocapture --test-threads=1
