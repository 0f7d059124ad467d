//! `bot.toml`, read strictly: one file a section, every finding with its place in the file.
//!
//! ```text
//! text ─▶ [parse] every syntax and type error, unknown keys with the nearest known one
//!      ─▶ sections, each with its own `check` ─▶ Config ─▶ Config::policy() for the core
//! ```
//! All findings are gathered before anything is said, so that a file is mended in one go. No
//! finding ever repeats a value that could be a secret. `bot.toml.example` is the reference; a
//! test holds that each key of each section stands in it.

mod account;
mod bot;
mod chat;
mod deadline;
mod digest;
mod http;
mod listen;
mod log;
mod matrix;
mod parse;
mod people;
mod privacy;
mod problem;
mod reply;
mod route;
mod secret;
mod slack;
mod store;
mod triage;
mod x;

pub use account::AccountConfig;
pub use bot::{BotConfig, DefaultRole};
pub use chat::{ChatConfig, ConsoleConfig, ConsoleFormat};
pub use deadline::{DeadlineConfig, FirstResponse};
pub use digest::DigestConfig;
pub use http::HttpConfig;
pub use listen::ListenConfig;
pub use log::{LogConfig, LogFormat, LogLevel};
pub use matrix::MatrixConfig;
pub use people::PersonConfig;
pub use privacy::PrivacyConfig;
pub use problem::{At, Problem, Problems, Seg};
pub use reply::ReplyConfig;
pub use route::RouteConfig;
pub use secret::{SecretError, SecretRef};
pub use slack::SlackConfig;
pub use store::StoreConfig;
pub use triage::TriageConfig;

use crate::clock::{DAY_MS, MINUTE_MS};
use crate::policy::{AccountPolicy, AgentId, ListenRule, Policy, RoomId};
use crate::post::{Account, Network};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The networks that an account can be on.
pub const NETWORKS: [&str; 2] = ["mastodon", "x"];

/// The whole of `bot.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who the bot works for.
    pub bot: BotConfig,
    /// Where cases are kept.
    pub store: StoreConfig,
    /// The team's chat: exactly one.
    pub chat: ChatConfig,
    /// The company's own accounts, one a table.
    #[serde(rename = "account")]
    pub accounts: Vec<AccountConfig>,
    /// What else to listen for.
    pub listen: Vec<ListenConfig>,
    /// Which room a case goes to; the first that matches.
    #[serde(rename = "route")]
    pub routes: Vec<RouteConfig>,
    /// Staff by the chat's immutable id.
    pub people: BTreeMap<String, PersonConfig>,
    /// How answers go out.
    pub reply: ReplyConfig,
    /// By when somebody should have answered.
    pub deadline: DeadlineConfig,
    /// How posts are weighed.
    pub triage: TriageConfig,
    /// The daily report.
    pub digest: DigestConfig,
    /// Who sees private things.
    pub privacy: PrivacyConfig,
    /// Health and metrics, and webhooks.
    pub http: HttpConfig,
    /// What is logged.
    pub log: LogConfig,
    /// The directory of the file: relative paths in it begin there.
    #[serde(skip)]
    pub base: PathBuf,
}

impl Config {
    /// Reads a file and checks all of it.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn load(file: &Path) -> Result<Config, Problems> {
        let text = std::fs::read_to_string(file).map_err(|e| Problems::unreadable(file, &e))?;
        let base = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Config::parse(&text, base)
    }

    /// Reads `text` as a file that stands in the directory `base`.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(text: &str, base: &Path) -> Result<Config, Problems> {
        let (mut config, mut problems) = parse::parse(text);
        config.base = base.to_owned();
        if !problems.hopeless() {
            config.check(&mut problems);
        }
        problems.into_result(config)
    }

    /// The listening rules of a file, and nothing else of it: it may be one that holds rules alone.
    ///
    /// # Errors
    /// Everything that is wrong with its syntax, its keys and its rules.
    pub fn listening(file: &Path) -> Result<Vec<ListenRule>, Problems> {
        let text = std::fs::read_to_string(file).map_err(|e| Problems::unreadable(file, &e))?;
        let (config, mut problems) = parse::parse(&text);
        if !problems.hopeless() {
            listen::check(&config.listen, &mut problems);
        }
        problems.into_result(config.listen.iter().map(ListenConfig::rule).collect())
    }

    /// A path of the file, relative to where the file stands.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// The accounts that are switched on.
    pub fn live_accounts(&self) -> impl Iterator<Item = &AccountConfig> {
        self.accounts.iter().filter(|a| a.enabled)
    }

    fn check(&self, problems: &mut Problems) {
        self.bot.check(problems);
        self.store.check(&self.base, problems);
        self.chat.check(problems);
        if self.chat.slack.is_some() && self.chat.console.is_none() {
            slack::check_ids(self, problems);
        }
        if self.chat.matrix.is_some() && self.chat.slack.is_none() && self.chat.console.is_none() {
            matrix::check_ids(self, problems);
        }
        account::check(&self.accounts, problems);
        listen::check(&self.listen, problems);
        route::check(&self.routes, &self.accounts, problems);
        people::check(&self.people, problems);
        self.reply.check(problems);
        self.deadline.check(problems);
        self.triage.check(problems);
        self.digest.check(problems);
        self.privacy.check(problems);
        self.http.check(problems);
        for (at, room) in self.rooms() {
            self.chat.check_room(&at, room, problems);
        }
    }

    /// Every room that is named outside of `[chat]`, and where.
    fn rooms(&self) -> Vec<(At, &str)> {
        let key = |section: &str, key: &str| At::key(section).then(key);
        let mut rooms: Vec<(At, &str)> = Vec::new();
        rooms.extend(self.bot.fallback_room.as_deref().map(|room| (key("bot", "fallback_room"), room)));
        rooms.extend(self.routes.iter().enumerate().map(|(i, r)| (At::key("route").nth(i).then("room"), r.room.as_str())));
        rooms.extend(self.digest.room.as_deref().map(|room| (key("digest", "room"), room)));
        rooms.extend(self.privacy.private_rooms.iter().map(|room| (key("privacy", "private_rooms"), room.as_str())));
        rooms
    }

    /// The rules for the core. Accounts get what [`crate::network::NetworkAccount::prepare`]
    /// learns later; until then they stand with a network's usual limits.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let lang = self.bot.language;
        let first_room = self.routes.first().map(|r| r.room.as_str()).or(self.chat.room()).unwrap_or("console");
        let fallback = self.bot.fallback_room.as_deref().or(self.chat.room()).unwrap_or(first_room);
        Policy {
            brand: self.bot.brand.trim().to_owned(),
            lang,
            time_zone: self.bot.time_zone.clone(),
            accounts: self.live_accounts().map(account_policy).collect(),
            listen: self.listen.iter().map(ListenConfig::rule).collect(),
            routes: route::routes(&self.routes, lang, fallback),
            fallback_room: RoomId::from(fallback),
            people: self.people.iter().map(|(id, p)| (AgentId(id.clone()), p.person(id))).collect(),
            default_role: self.bot.default_role.role(),
            reply: self.reply.policy(),
            deadline: self.deadline.policy(),
            triage: self.triage.policy(),
            digest: self.digest.policy(),
            privacy: self.privacy.policy(),
            reopen_ms: self.bot.reopen_days.saturating_mul(DAY_MS),
            import_ms: self.bot.import_minutes.saturating_mul(MINUTE_MS),
        }
    }
}

fn account_policy(account: &AccountConfig) -> (Account, AccountPolicy) {
    let policy = AccountPolicy { network: Network(account.network.clone()), ..AccountPolicy::default() };
    (Account(account.name.clone()), policy)
}
