#!/bin/sh
# Runs Slack's own clients in the emulated workspace of the tests: Python's slack_sdk (PyPI, MIT) and
# Node's @slack/bolt (npm, MIT). They know nothing of sereno; what they cannot do there, the emulator
# does not do as Slack does.
#
#   tests/real/slack-witness.sh [FOLDER]
#
# FOLDER keeps what is installed between runs (default: a new one, removed at the end). Needs python3
# with venv, node and npm, and both registries. Everything listens on 127.0.0.1 alone, and each
# witness is ended by its process id. Exits with the tests' own code. WITHOUT_NODE=1: Python's witness alone.
set -eu

sdk=3.47.0 websocket=1.9.2
cd "$(dirname "$0")/../.."

. tests/real/slack-node.sh

if ! "$cache/python/bin/python" -c "import slack_sdk.version as v; assert v.__version__ == '$sdk'" 2>/dev/null; then
    python3 -m venv "$cache/python"
    "$cache/python/bin/pip" install --quiet --disable-pip-version-check "slack_sdk==$sdk" "websocket-client==$websocket"
fi

node=$cache/node
[ "${WITHOUT_NODE:-0}" != 1 ] || node=
SERENO_SLACK_PYTHON="$cache/python/bin/python" SERENO_SLACK_NODE="$node" \
    cargo test --locked --test all slack::witness -- --nocapture --test-threads=1
