#!/bin/sh
# Runs the tests of the Matrix adapter against Synapse, a homeserver of others (PyPI, AGPL), with staff played by
# matrix-nio (PyPI, ISC), a client of others with its own encryption, and by a second client of matrix-sdk.
#
#   tests/real/matrix.sh [FOLDER] [TEST…]
#   tests/real/matrix.sh FOLDER bench
#
# FOLDER keeps the Python environment between runs (default: a new one, removed at the end). TEST: names of
# tests; by default all of `matrix`, and Matrix's share of the kills (SERENO_KILLS; see tests/crash.rs); `bench`: the
# benchmark beside a raw loop (tests/matrix_bench.rs), in a release build. Needs python3
# with venv, and PyPI. Three homeservers that know each other listen on 127.0.0.1 alone, on free ports, one of them
# with Synapse's own limit of messages, one to be ended under load, and are ended by their process ids. Exits with the tests' own code.
set -eu

synapse=1.163.2
nio=0.26.0
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
servers=
finish() {
    : >"$work/stop"
    for keeper in $servers; do
        for file in "$work"/*/pid; do
            kill -TERM "$(cat "$file" 2>/dev/null)" 2>/dev/null || true
        done
        wait "$keeper" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

env=${1:-$work/env}
[ $# -eq 0 ] || shift
if ! "$env/bin/python" -c "import synapse, nio" 2>/dev/null; then
    python3 -m venv "$env"
    "$env/bin/pip" install --quiet --disable-pip-version-check "matrix-synapse==$synapse" "matrix-nio[e2e]==$nio"
fi

# For the port on which homeservers speak with each other.
"$env/bin/python" tests/real/certificate.py "$work"

# Writes the configuration of a homeserver into a folder: $1 folder, $2 port for clients, $3 its name, with the port
# for other homeservers, $4 whether messages are limited as Synapse does it.
configure() {
    mkdir -p "$1"
    cat >"$1/hs.yaml" <<YAML
server_name: "$3"
report_stats: false
pid_file: "$1/hs.pid"
listeners:
  - port: $2
    bind_addresses: ["127.0.0.1"]
    type: http
    tls: false
    resources: [{names: [client], compress: false}]
  - port: ${3#*:}
    bind_addresses: ["127.0.0.1"]
    type: http
    tls: true
    resources: [{names: [federation], compress: false}]
tls_certificate_path: "$work/tls.crt"
tls_private_key_path: "$work/tls.key"
federation_verify_certificates: false
ip_range_blacklist: []
federation_ip_range_blacklist: []
database: {name: sqlite3, args: {database: "$1/hs.db"}}
media_store_path: "$1/media"
signing_key_path: "$1/signing.key"
log_config: "$1/log.yaml"
macaroon_secret_key: "for tests only"
form_secret: "for tests only"
registration_shared_secret: "for tests only"
enable_registration: true
enable_registration_without_verification: true
trusted_key_servers: []
# Clients of ours ask for more than they are given by default.
filter_timeline_limit: 5000
presence: {enabled: false}
rc_registration: {per_second: 10000, burst_count: 10000}
rc_login:
  address: {per_second: 10000, burst_count: 10000}
  account: {per_second: 10000, burst_count: 10000}
  failed_attempts: {per_second: 10000, burst_count: 10000}
rc_joins:
  local: {per_second: 10000, burst_count: 10000}
  remote: {per_second: 10000, burst_count: 10000}
rc_joins_per_room: {per_second: 10000, burst_count: 10000}
rc_invites:
  per_room: {per_second: 10000, burst_count: 10000}
  per_user: {per_second: 10000, burst_count: 10000}
  per_issuer: {per_second: 10000, burst_count: 10000}
rc_admin_redaction: {per_second: 10000, burst_count: 10000}
YAML
    [ "$4" = limited ] || echo "rc_message: {per_second: 10000, burst_count: 10000}" >>"$1/hs.yaml"
    cat >"$1/log.yaml" <<YAML
version: 1
formatters: {plain: {format: "%(asctime)s %(levelname)s %(name)s %(message)s"}}
handlers: {file: {class: logging.FileHandler, filename: "$1/hs.log", formatter: plain}}
root: {level: WARNING, handlers: [file]}
YAML
    "$env/bin/python" -m synapse.app.homeserver -c "$1/hs.yaml" --generate-keys >"$1/out" 2>&1
}

# Keeps a homeserver running: a test that ends it finds it back. $1 folder.
serve() {
    while [ ! -e "$work/stop" ]; do
        "$env/bin/python" -m synapse.app.homeserver -c "$1/hs.yaml" >"$1/out" 2>&1 &
        echo $! >"$1/pid"
        wait $! || true
    done
}

port() { "$env/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# One that tests talk to, one that limits them, and one that is ended under load, so that nobody else is disturbed.
waiting=
for name in open limited ended; do
    port=$(port)
    limits=unlimited
    [ "$name" != limited ] || limits=limited
    configure "$work/$name" "$port" "127.0.0.1:$(port)" "$limits"
    serve "$work/$name" &
    servers="$servers $!"
    waiting="$waiting $name,$port,$!"
done
# Up in about three seconds.
for each in $waiting; do
    IFS=, read -r name port keeper <<WORDS
$each
WORDS
    if ! "$env/bin/python" tests/real/await.py "http://127.0.0.1:$port/_matrix/client/versions" "$keeper"; then
        echo "Synapse does not answer on port $port; its log:" >&2
        cat "$work/$name/out" "$work/$name/hs.log" >&2
        exit 1
    fi
    case $name in
    open) export SERENO_SYNAPSE="http://127.0.0.1:$port" ;;
    limited) export SERENO_SYNAPSE_LIMITED="http://127.0.0.1:$port" ;;
    ended) export SERENO_SYNAPSE_ENDED="http://127.0.0.1:$port" SERENO_SYNAPSE_PID="$work/ended/pid" ;;
    esac
done

export SERENO_NIO="$env/bin/python $PWD/tests/real/nio_staff.py"
if [ "${1:-}" = bench ]; then
    # As it ships (Cargo.toml says how); BENCH_PROFILE=dev tries it without the minutes that this takes to build.
    cargo bench --locked --profile "${BENCH_PROFILE:-dist}" --no-default-features --features matrix --bench matrix
    exit
fi
# The build of a plain `cargo test`.
export SERENO_KILLS_OF=matrix
if [ $# -gt 0 ]; then
    cargo test --locked --test all -- "$@" --nocapture --test-threads=2
    exit
fi
# The stories go by a clock that is faster than ours: beside many others they would be too slow for their customers.
cargo test --locked --test all -- crash::killed matrix::whole --nocapture --test-threads=2
# These wait most of the time, each in rooms of its own.
cargo test --locked --test all -- matrix:: --skip matrix::whole --nocapture --test-threads=4
