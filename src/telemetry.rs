//! Logs and figures about the bot itself. Neither ever holds a secret; logs hold customers' texts
//! at most from `debug` on, which nobody gets without asking for it.

use crate::config::{LogConfig, LogFormat};
use crate::engine::{OutboxLine, Stats};
use crate::outbox::{EntryState, Lane};
use crate::post::Account;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Libraries that never speak below `warn`, whatever was asked: at `trace` some of them print whole
/// requests, tokens included.
const QUIET: [&str; 15] = [
    "hyper",
    "hyper_util",
    "h2",
    "rustls",
    "reqwest",
    "tungstenite",
    "tokio_tungstenite",
    "sled",
    "axum",
    "matrix_sdk",
    "matrix_sdk_base",
    "matrix_sdk_crypto",
    "matrix_sdk_sqlite",
    "ruma_common",
    "vodozemac",
];

/// Logs go to standard error from here on. `RUST_LOG` goes before the configured level.
pub fn init(log: &LogConfig) {
    let asked = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(log.level.as_str()));
    // Beside what was asked, not among it: there a directive for one module of a library would go before one for all of it.
    let quiet = filter_fn(|meta| *meta.level() <= Level::WARN || !QUIET.iter().any(|library| is_of(meta.target(), library)));
    let base = tracing_subscriber::fmt().with_env_filter(asked).with_writer(|| Lossy(std::io::stderr())).log_internal_errors(false);
    // A second initialisation (tests, the demo within a run) leaves the first in place.
    match log.format {
        LogFormat::Text => base.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).finish().with(quiet).try_init().ok(),
        LogFormat::Json => base.json().finish().with(quiet).try_init().ok(),
    };
}

/// Whether a log line's target is the library or a module of it.
fn is_of(target: &str, library: &str) -> bool {
    target.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Standard error, where a log line that cannot be written is lost: its disk may be full, its reader
/// gone. Told of a failure, the library would print it to standard error too, and panic there.
struct Lossy(std::io::Stderr);

impl std::io::Write for Lossy {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(line).ok();
        Ok(line.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush().ok();
        Ok(())
    }
}

/// Says a line to whoever started the process, if anybody can be told: `eprintln!` would panic.
pub(crate) fn tell(line: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "{line}").ok();
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByLane {
    lane: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByAccount {
    account: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByError {
    account: String,
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByKind {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByState {
    lane: String,
    state: &'static str,
}

/// Figures about the bot itself, for Prometheus.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    inputs: Counter,
    commits: Counter,
    commit_seconds: Histogram,
    outbox: Family<ByState, Gauge>,
    open_cases: Gauge,
    deliveries: Family<ByLane, Counter>,
    read_errors: Family<ByError, Counter>,
    gaps: Family<ByAccount, Counter>,
    lag_seconds: Family<ByAccount, Histogram>,
    hooks: Family<ByError, Counter>,
    turned_away: Family<ByKind, Counter>,
    store_ok: Gauge,
    paused: Gauge,
    parked: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut r = Registry::with_prefix("sereno");
        let inputs = Counter::default();
        let commits = Counter::default();
        let commit_seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 14));
        let outbox: Family<ByState, Gauge> = Family::default();
        let open_cases: Gauge = Gauge::default();
        let deliveries: Family<ByLane, Counter> = Family::default();
        let read_errors: Family<ByError, Counter> = Family::default();
        let gaps: Family<ByAccount, Counter> = Family::default();
        let lag_seconds: Family<ByAccount, Histogram> = Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.5, 2.0, 16)));
        let hooks: Family<ByError, Counter> = Family::default();
        let turned_away: Family<ByKind, Counter> = Family::default();
        let store_ok: Gauge = Gauge::default();
        store_ok.set(1);
        let paused: Gauge = Gauge::default();
        let parked: Gauge = Gauge::default();
        r.register("parked", "Things that came and could not be read, kept for people to look at", parked.clone());
        r.register("webhooks", "Requests to webhooks by what became of them; no account: an address that is none", hooks.clone());
        r.register("webhook_connections_ended", "Connections for webhooks that came to nothing, and why", turned_away.clone());
        r.register("sending_paused", "1 while staff have stopped all sending", paused.clone());
        r.register("inputs", "Inputs committed", inputs.clone());
        r.register("commits", "Commits of inputs", commits.clone());
        r.register("commit_seconds", "How long a commit took, decisions included", commit_seconds.clone());
        r.register("outbox_entries", "Effects on their way, by lane and state", outbox.clone());
        r.register("open_cases", "Cases that are not closed", open_cases.clone());
        r.register("deliveries", "Performed deliveries by lane and outcome", deliveries.clone());
        r.register("read_errors", "Failures to read an account", read_errors.clone());
        r.register("gaps", "Readings of which something is missing: there was more than the network gives", gaps.clone());
        r.register("intake_lag_seconds", "From a post's writing to its reading", lag_seconds.clone());
        r.register("store_writable", "1 while commits succeed", store_ok.clone());
        Metrics {
            registry: r,
            inputs,
            commits,
            commit_seconds,
            outbox,
            open_cases,
            deliveries,
            read_errors,
            gaps,
            lag_seconds,
            hooks,
            turned_away,
            store_ok,
            paused,
            parked,
        }
    }
}

impl Metrics {
    pub(crate) fn committed(&self, inputs: usize, took: Duration) {
        self.inputs.inc_by(inputs as u64);
        self.commits.inc();
        self.commit_seconds.observe(took.as_secs_f64());
    }
    pub(crate) fn engine(&self, stats: &Stats, outbox: &[OutboxLine]) {
        let gauge = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.open_cases.set(gauge(stats.open.open));
        self.paused.set(i64::from(stats.paused));
        self.parked.set(gauge(stats.parked));
        // Lanes that have run dry would else stay at their last figure.
        self.outbox.clear();
        for line in outbox {
            let state = match line.entry.state {
                EntryState::Queued => "queued",
                EntryState::InFlight => "in_flight",
                EntryState::Unknown => "unknown",
                EntryState::Dead { .. } => "dead",
            };
            self.outbox.get_or_create(&ByState { lane: lane_name(&line.entry.lane), state }).inc();
        }
    }
    pub(crate) fn delivered(&self, lane: &Lane, outcome: &'static str) {
        self.deliveries.get_or_create(&ByLane { lane: lane_name(lane), outcome }).inc();
    }
    pub(crate) fn read_failed(&self, account: &Account, kind: &'static str) {
        self.read_errors.get_or_create(&ByError { account: account.to_string(), kind }).inc();
    }
    #[expect(clippy::cast_precision_loss, reason = "a lag in seconds")]
    pub(crate) fn lag(&self, account: &Account, ms: i64) {
        self.lag_seconds.get_or_create(&ByAccount { account: account.to_string() }).observe(ms.max(0) as f64 / 1_000.0);
    }
    pub(crate) fn gap(&self, account: &Account) {
        self.gaps.get_or_create(&ByAccount { account: account.to_string() }).inc();
    }
    pub(crate) fn hooked(&self, account: Option<&Account>, kind: &'static str) {
        let account = account.map(ToString::to_string).unwrap_or_default();
        self.hooks.get_or_create(&ByError { account, kind }).inc();
    }
    pub(crate) fn turned_away(&self, kind: &'static str) {
        self.turned_away.get_or_create(&ByKind { kind }).inc();
    }
    pub(crate) fn store_ok(&self, ok: bool) {
        self.store_ok.set(i64::from(ok));
    }
    /// Whether the last commit succeeded.
    #[must_use]
    pub fn store_writable(&self) -> bool {
        self.store_ok.get() == 1
    }
    /// What could not be read and is kept, as last counted.
    #[must_use]
    pub fn parked(&self) -> u64 {
        u64::try_from(self.parked.get()).unwrap_or_default()
    }
    /// All of them, as Prometheus reads them.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        prometheus_client::encoding::text::encode(&mut text, &self.registry).ok();
        text
    }
}

fn lane_name(lane: &Lane) -> String {
    match lane {
        Lane::Chat(room) => format!("chat:{room}"),
        Lane::Network(account) => format!("network:{account}"),
    }
}
