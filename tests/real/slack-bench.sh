#!/bin/sh
# sereno in Slack beside a minimal app on @slack/bolt (npm, MIT) and a loop of plain calls, in emulated
# workspaces, in one run: acks, a burst of mentions, CPU and memory. See tests/slack_bench.rs.
#
#   tests/real/slack-bench.sh [FOLDER]
#
# What is measured is built as what ships (the profile `dist`): that takes many minutes more than a release
# build, which BENCH_PROFILE=bench measures instead.
# FOLDER keeps what is installed between runs (default: a new one, removed at the end); the witnesses'
# folder serves as well. Needs node, npm and npm's registry.
set -eu

cd "$(dirname "$0")/../.."

. tests/real/slack-node.sh

SERENO_SLACK_NODE="$cache/node" cargo bench --profile "${BENCH_PROFILE:-dist}" --locked --no-default-features --features slack --bench slack
