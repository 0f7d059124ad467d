//! From `bot.toml` to parts: the one table of networks and chats.

use crate::chat::Chat;
use crate::chat::console::{Console, Settings as ConsoleSettings};
use crate::chat::matrix::place::Place;
use crate::clock::{Clock, SECOND_MS};
#[cfg(any(feature = "slack", feature = "matrix"))]
use crate::config::SecretRef;
use crate::config::{AccountConfig, Config, MatrixConfig, SlackConfig};
use crate::error::Failure;
use crate::i18n::Words;
use crate::network::NetworkAccount;
use crate::network::mastodon::{MastodonAccount, Settings as MastodonSettings, TokenSource};
use crate::policy::{AgentId, Policy, RoomId};
use crate::post::Account;
use crate::say::Say;
use crate::store::StoreError;
use crate::store::sled::{Options, Reading, SledStore};
#[cfg(any(feature = "slack", feature = "matrix"))]
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// Opens the store that the file names; makes it where there is none.
///
/// # Errors
/// What the store says.
pub fn store(config: &Config) -> Result<Arc<SledStore>, Failure> {
    let dir = config.resolve(&config.store.path);
    let keyring = config.resolve(&config.store.keyring_path());
    let opened = SledStore::open_with(&dir, &keyring, options(config));
    opened.map(Arc::new).map_err(|error| Failure::Store { path: dir, error })
}

fn options(config: &Config) -> Options {
    Options { min_free: config.store.min_free_mb.unsigned_abs() << 20, ..Options::default() }
}

/// The store that the file names, read without changing a byte of it; `None`: there is none yet.
///
/// # Errors
/// What the store says; `Full` where there is no room for the copy that is read.
pub fn reading(config: &Config) -> Result<Option<Reading>, StoreError> {
    let dir = config.resolve(&config.store.path);
    if !dir.exists() {
        return Ok(None);
    }
    SledStore::look_into(&dir, &config.resolve(&config.store.keyring_path()), options(config))
}

/// The team's chat.
///
/// # Errors
/// It cannot be made.
pub fn chat(config: &Config, words: &Arc<Words>, clock: Clock) -> Result<Arc<dyn Chat>, Failure> {
    if let Some(slack) = &config.chat.slack {
        return self::slack(config, slack, clock);
    }
    if let Some(matrix) = &config.chat.matrix {
        return self::matrix(config, matrix, clock);
    }
    let Some(console) = &config.chat.console else {
        return Err(Failure::Said(Say::new("cli-config-no-chat")));
    };
    let settings = ConsoleSettings {
        format: console.format,
        agent: AgentId::from(console.agent.as_str()),
        room: RoomId::from(console.room.as_str()),
        lang: config.bot.language,
        style: ConsoleSettings::style_of_stdout(),
        echo: false,
        started: clock.now(),
    };
    Ok(Arc::new(Console::stdio(settings, Arc::clone(words))?))
}

/// Slack, with its secrets fetched.
#[cfg(feature = "slack")]
fn slack(config: &Config, slack: &SlackConfig, clock: Clock) -> Result<Arc<dyn Chat>, Failure> {
    use crate::chat::slack::{HttpEvents, Rotation, Settings, Slack, Way};
    let fetch = |key: &str, secret: &SecretRef| {
        let wrong = |e: String| Failure::Said(Say::new("cli-account-token").text("account", format!("chat.slack.{key}")).text("detail", e));
        secret.fetch(&config.base).map_err(|e| wrong(e.to_string()))
    };
    let policy = config.policy();
    let mut settings = Settings::new(fetch("bot_token", &slack.bot_token)?, &slack.channel);
    settings.way = match slack.address().filter(|_| !slack.socket_mode()) {
        None => Way::Socket(fetch("app_token", &slack.app_token)?),
        Some(listen) => Way::Http(HttpEvents { signing_secret: fetch("signing_secret", &slack.signing_secret)?, listen }),
    };
    if slack.rotates() {
        let mut file = config.resolve(&config.store.path).into_os_string();
        file.push(".slack-token.json");
        settings.rotation = Some(Rotation {
            refresh_token: fetch("refresh_token", &slack.refresh_token)?,
            client_id: slack.client_id.clone(),
            client_secret: fetch("client_secret", &slack.client_secret)?,
            file: file.into(),
        });
    }
    settings.api_url.clone_from(&slack.api_url);
    settings.rooms = rooms(&policy, &slack.channel);
    settings.private_rooms.clone_from(&policy.privacy.private_rooms);
    settings.people = policy.people.keys().cloned().collect();
    settings.slash_prefix.clone_from(&slack.slash_prefix);
    settings.user_group.clone_from(&slack.user_group);
    settings.posts_per_second = u32::try_from(slack.posts_per_second).map_or(1.0, f64::from);
    settings.workspace_posts_per_minute = u32::try_from(slack.workspace_posts_per_minute).unwrap_or(1);
    settings.clock = clock;
    Ok(Arc::new(Slack::new(settings)?))
}

/// Every room that something is posted to.
#[cfg(any(feature = "slack", feature = "matrix"))]
fn rooms(policy: &Policy, first: &str) -> Vec<RoomId> {
    let mut rooms: BTreeSet<RoomId> = policy.routes.iter().map(|r| r.room.clone()).collect();
    rooms.extend([RoomId::from(first), policy.fallback_room.clone()]);
    rooms.extend(policy.digest.room.clone());
    rooms.extend(policy.privacy.dm_room.clone());
    rooms.into_iter().collect()
}

/// This build has no Slack.
#[cfg(not(feature = "slack"))]
fn slack(_: &Config, _: &SlackConfig, _: Clock) -> Result<Arc<dyn Chat>, Failure> {
    Err(Failure::Said(Say::new("cli-config-without-slack")))
}

/// Where the keys of Matrix stand.
fn matrix_place(config: &Config, matrix: &MatrixConfig) -> Place {
    let beside = |ext: &str| {
        let mut path = config.store.path.components().as_path().as_os_str().to_owned();
        path.push(ext);
        PathBuf::from(path)
    };
    Place {
        dir: config.resolve(matrix.store.as_deref().unwrap_or(&beside(".matrix"))),
        recovery_key: config.resolve(matrix.recovery_key_file.as_deref().unwrap_or(&beside(".matrix-recovery-key"))),
    }
}

/// Where the keys of Matrix stand, if the team's chat is there.
#[must_use]
pub fn place_of_matrix(config: &Config) -> Option<Place> {
    config.chat.matrix.as_ref().map(|matrix| matrix_place(config, matrix))
}

/// How Matrix is set up, with its secret fetched.
///
/// # Errors
/// The secret is not where the file says.
#[cfg(feature = "matrix")]
pub fn matrix_settings(config: &Config, matrix: &MatrixConfig, clock: Clock) -> Result<crate::chat::matrix::Settings, Failure> {
    use crate::chat::matrix::{Secret, Settings};
    let fetch = |key: &str, secret: &SecretRef| {
        let wrong =
            |e: String| Failure::Said(Say::new("cli-account-token").text("account", format!("chat.matrix.{key}")).text("detail", e));
        secret.fetch(&config.base).map_err(|e| wrong(e.to_string()))
    };
    let secret = match &matrix.access_token {
        SecretRef::Missing => Secret::Password(fetch("password", &matrix.password)?),
        token => Secret::Token(fetch("access_token", token)?),
    };
    let policy = config.policy();
    let mut settings = Settings::new(&matrix.homeserver, &matrix.user, secret, matrix_place(config, matrix), &matrix.room);
    settings.device_name.clone_from(&matrix.device_name);
    settings.rooms = rooms(&policy, &matrix.room);
    settings.private_rooms.clone_from(&policy.privacy.private_rooms);
    settings.people = policy.people.keys().cloned().collect();
    settings.servers.extend(matrix.allowed_servers.iter().cloned());
    settings.prefix.clone_from(&matrix.prefix);
    settings.posts_per_minute = u32::try_from(matrix.posts_per_minute).unwrap_or(1);
    settings.clock = clock;
    Ok(settings)
}

#[cfg(feature = "matrix")]
fn matrix(config: &Config, matrix: &MatrixConfig, clock: Clock) -> Result<Arc<dyn Chat>, Failure> {
    Ok(Arc::new(crate::chat::matrix::Matrix::new(matrix_settings(config, matrix, clock)?)))
}

/// This build has no Matrix.
#[cfg(not(feature = "matrix"))]
fn matrix(_: &Config, _: &MatrixConfig, _: Clock) -> Result<Arc<dyn Chat>, Failure> {
    Err(Failure::Said(Say::new("cli-config-without-matrix")))
}

/// One account, with its token fetched.
///
/// # Errors
/// The token is not where the file says, or cannot be one.
pub fn account(config: &Config, account: &AccountConfig, policy: &Policy, clock: Clock) -> Result<Arc<dyn NetworkAccount>, Failure> {
    let wrong = |code: &str, detail: String| Failure::Said(Say::new(code).text("account", &account.name).text("detail", detail));
    let token = account.token.fetch(&config.base).map_err(|e| wrong("cli-account-token", e.to_string()))?;
    match account.network.as_str() {
        "mastodon" => {
            let url = account.base_url.parse().map_err(|_| wrong("cli-account-wrong", account.base_url.clone()))?;
            let mut settings = MastodonSettings::new(url, token);
            let (secret, base) = (account.token.clone(), config.base.clone());
            settings.renewed = Some(TokenSource(Arc::new(move || secret.fetch(&base).ok())));
            settings.listen.clone_from(&policy.listen);
            settings.import_ms = policy.import_ms;
            settings.streaming_host.clone_from(&account.streaming_host);
            let made = MastodonAccount::new(Account(account.name.clone()), settings, clock);
            Ok(Arc::new(made.map_err(|e| wrong("cli-account-wrong", e.to_string()))?))
        }
        other => Err(wrong("cli-account-wrong", other.to_owned())),
    }
}

/// How often an account is reconciled.
#[must_use]
pub fn poll_ms(account: &AccountConfig) -> i64 {
    account.poll_seconds.saturating_mul(SECOND_MS)
}
