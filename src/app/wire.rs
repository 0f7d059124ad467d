//! From `bot.toml` to parts: the one table of networks and chats.

use crate::chat::Chat;
use crate::chat::console::{Console, Settings as ConsoleSettings};
use crate::chat::matrix::place::Place;
use crate::clock::{Clock, SECOND_MS};
use crate::config::{AccountConfig, Config, MatrixConfig, SecretError, SecretRef, SlackConfig};
use crate::error::Failure;
use crate::i18n::Words;
use crate::network::NetworkAccount;
use crate::network::mastodon::{MastodonAccount, Settings as MastodonSettings, TokenSource};
use crate::network::x::auth::App;
use crate::network::x::auth::oauth1::Pair;
use crate::network::x::price::Prices;
use crate::network::x::stream::AppToken;
use crate::network::x::{Settings as XSettings, XAccount};
use crate::policy::{AgentId, Policy, RoomId};
use crate::post::Account;
use crate::say::Say;
use crate::store::StoreError;
use crate::store::sled::{Options, Reading, SledStore};
#[cfg(any(feature = "slack", feature = "matrix"))]
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

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
    let fetch = |key: &str, secret: &SecretRef| secret.fetch(&config.base).map_err(|e| no_key(&format!("chat.slack.{key}"), &e));
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
    let fetch = |key: &str, secret: &SecretRef| secret.fetch(&config.base).map_err(|e| no_key(&format!("chat.matrix.{key}"), &e));
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

/// A chat's secret that is not where the file says.
#[cfg(any(feature = "slack", feature = "matrix"))]
fn no_key(key: &str, why: &SecretError) -> Failure {
    Failure::Said(Say::new("cli-chat-secret").text("key", key).with("detail", why.say().into()))
}

/// One account, with its secrets fetched.
///
/// # Errors
/// A secret is not where the file says, or cannot be one.
pub fn account(config: &Config, account: &AccountConfig, policy: &Policy, clock: Clock) -> Result<Arc<dyn NetworkAccount>, Failure> {
    let name = || Account(account.name.clone());
    match account.network.as_str() {
        "mastodon" => {
            let made = MastodonAccount::new(name(), mastodon_settings(config, account, policy)?, clock);
            Ok(Arc::new(made.map_err(|e| wrong_account(account, e.to_string()))?))
        }
        "x" => {
            let mut settings = x_settings(config, account)?;
            settings.listen.clone_from(&policy.listen);
            settings.import_ms = policy.import_ms;
            let made = XAccount::new(name(), settings, clock);
            Ok(Arc::new(made.map_err(|e| wrong_account(account, e.to_string()))?))
        }
        other => Err(wrong_account(account, other.to_owned())),
    }
}

fn wrong_account(account: &AccountConfig, detail: String) -> Failure {
    Failure::Said(Say::new("cli-account-wrong").text("account", &account.name).text("detail", detail))
}

fn address_of(account: &AccountConfig) -> Result<Url, Failure> {
    account.address().parse().map_err(|_| wrong_account(account, account.address().to_owned()))
}

fn mastodon_settings(config: &Config, account: &AccountConfig, policy: &Policy) -> Result<MastodonSettings, Failure> {
    let token = account
        .token
        .fetch(&config.base)
        .map_err(|e| Failure::Said(Say::new("cli-account-token").text("account", &account.name).with("detail", e.say().into())))?;
    let mut settings = MastodonSettings::new(address_of(account)?, token);
    let (secret, base) = (account.token.clone(), config.base.clone());
    settings.renewed = Some(TokenSource(Arc::new(move || secret.fetch(&base).ok())));
    settings.listen.clone_from(&policy.listen);
    settings.import_ms = policy.import_ms;
    settings.streaming_host.clone_from(&account.streaming_host);
    Ok(settings)
}

/// How an account on X is reached, with the app's secrets fetched.
///
/// # Errors
/// A secret is not where the file says.
pub fn x_settings(config: &Config, account: &AccountConfig) -> Result<XSettings, Failure> {
    let fetch = |key: &str, secret: &SecretRef| match secret {
        SecretRef::Missing => Ok(None),
        named => named.fetch(&config.base).map(Some).map_err(|e: SecretError| {
            let say = Say::new("cli-account-secret").text("account", &account.name).text("key", key);
            Failure::Said(say.with("detail", e.say().into()))
        }),
    };
    let app = App { client_id: account.client_id.trim().to_owned(), client_secret: fetch("client_secret", &account.client_secret)? };
    let mut settings = XSettings::new(address_of(account)?, app, x_tokens(config, account));
    let prices = Prices::with(account.prices.iter().map(|(name, price)| (name.as_str(), price.0)));
    settings.prices = prices.map_err(|e| wrong_account(account, e.to_string()))?;
    settings.budget = account.budget.and_then(|budget| budget.0);
    settings.poll_ms = poll_ms(account);
    settings.consumer_secret = fetch("consumer_secret", &account.consumer_secret)?;
    settings.app_token = match (fetch("bearer_token", &account.bearer_token)?, settings.consumer_secret.clone()) {
        (Some(token), _) => Some(AppToken::Given(token)),
        (None, Some(secret)) => Some(AppToken::For(Pair { key: account.consumer_key.trim().to_owned(), secret })),
        (None, None) => None,
    };
    // What X sends there it signs with the secret, and the app itself asks for it.
    let serves = settings.consumer_secret.is_some() && settings.app_token.is_some();
    settings.hook = config.http.hook_address(&account.name).filter(|_| serves);
    Ok(settings)
}

/// The file of an account's tokens on X.
#[must_use]
pub fn x_tokens(config: &Config, account: &AccountConfig) -> PathBuf {
    config.resolve(&account.tokens.clone().unwrap_or_else(|| account.tokens_beside(&config.store.path)))
}

/// How often an account is reconciled.
#[must_use]
pub fn poll_ms(account: &AccountConfig) -> i64 {
    account.poll_seconds.saturating_mul(SECOND_MS)
}
