# For slack-bench.sh and slack-witness.sh, which source this from the repository's root: makes the folder
# `$cache` of what stays installed (the first argument, or a new one that is removed at the end), and installs
# Node's @slack/bolt there, in `$cache/node`; not with WITHOUT_NODE=1.
bolt=5.1.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

cache=${1:-$work/cache}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

if [ "${WITHOUT_NODE:-0}" != 1 ] && ! grep -qs "\"version\": \"$bolt\"" "$cache/node/node_modules/@slack/bolt/package.json"; then
    mkdir -p "$cache/node"
    npm install --silent --no-audit --no-fund --no-save --prefix "$cache/node" "@slack/bolt@$bolt"
fi
