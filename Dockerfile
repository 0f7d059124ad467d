# Two stages: the compiler stays behind. Nothing but a C compiler is needed to build: no system library.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# --bin: the tests and benches stand in the context only because Cargo.toml names them.
RUN cargo build --profile dist --locked --bin sereno

FROM debian:bookworm-slim
# Certificates are built in; the certificates of an own authority would come from this package.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/sereno --create-home sereno \
 && install -d -o sereno -g sereno -m 0700 /var/lib/sereno/data /var/lib/sereno/keys
COPY --from=build /src/target/dist/sereno /usr/local/bin/sereno
USER sereno
# bot.toml is mounted read-only at /etc/sereno/bot.toml; its [store] names the two volumes.
# The keys stand apart from the data, so that a backup of the one never takes the other along.
VOLUME ["/var/lib/sereno/data", "/var/lib/sereno/keys"]
WORKDIR /var/lib/sereno
# sereno itself takes the signals: `docker stop` drains and ends within its ten seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/sereno"]
CMD ["run", "--config", "/etc/sereno/bot.toml"]
