#!/usr/bin/env bash
# How long a post is on X, by X's own library: npm's twitter-text makes the tables and the corpus anew, which must be
# what stands in the repository (`cargo test intake::length::weighted` holds our count to that).
#
#   tests/real/x-length.sh [CACHE]            compares
#   tests/real/x-length.sh --write [CACHE]    puts them in place
#
# Needs Node and npm's registry. CACHE keeps what is installed; without it that is removed at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
library=3.1.0 emoji=11.0.2

write=
if [ "${1:-}" = --write ]; then write=yes; shift; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cache=${1:-$work/cache}
mkdir -p "$cache/x-node" "$work/out"
cache=$(cd "$cache" && pwd)

if ! grep -qs "\"version\": \"$library\"" "$cache/x-node/node_modules/twitter-text/package.json"; then
    npm install --silent --no-audit --no-fund --no-save --prefix "$cache/x-node" "twitter-text@$library" "twemoji-parser@$emoji"
fi
NODE_PATH=$cache/x-node/node_modules node tests/real/x-length.js "$work/out"

differs=
for made in src/intake/length/weighted/tlds.txt src/intake/length/weighted/emoji.txt tests/golden/x/length.jsonl; do
    if [ "$write" ]; then cp "$work/out/$(basename "$made")" "$made"; continue; fi
    if cmp "$made" "$work/out/$(basename "$made")"; then continue; fi
    differs=yes
    echo "$made is not what twitter-text $library makes: look at it, then tests/real/x-length.sh --write"
done
[ -z "$differs" ]
echo "$(wc -l <tests/golden/x/length.jsonl) texts, as twitter-text $library counts them"
