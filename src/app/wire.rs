//! From `bot.toml` to parts: the one table of networks and chats.

use crate::chat::Chat;
use crate::chat::console::{Console, Settings as ConsoleSettings};
use crate::clock::{Clock, SECOND_MS};
use crate::config::{AccountConfig, Config};
use crate::error::Failure;
use crate::i18n::Words;
use crate::network::NetworkAccount;
use crate::network::mastodon::{MastodonAccount, Settings as MastodonSettings};
use crate::policy::{AgentId, Policy, RoomId};
use crate::post::Account;
use crate::say::Say;
use crate::store::sled::{Options, SledStore};
use std::sync::Arc;

/// Opens the store that the file names; makes it where there is none.
///
/// # Errors
/// What the store says.
pub fn store(config: &Config) -> Result<Arc<SledStore>, Failure> {
    let dir = config.resolve(&config.store.path);
    let keyring = config.resolve(&config.store.keyring_path());
    let options = Options { min_free: config.store.min_free_mb.unsigned_abs() << 20, ..Options::default() };
    let opened = SledStore::open_with(&dir, &keyring, options);
    opened.map(Arc::new).map_err(|error| Failure::Store { path: dir, error })
}

/// The team's chat.
///
/// # Errors
/// It cannot be made.
pub fn chat(config: &Config, words: &Arc<Words>, clock: Clock) -> Result<Arc<dyn Chat>, Failure> {
    let Some(console) = &config.chat.console else {
        return Err(Failure::Said(Say::new("cli-config-no-chat")));
    };
    let settings = ConsoleSettings {
        format: console.format,
        agent: AgentId::from(console.agent.as_str()),
        room: RoomId::from(console.room.as_str()),
        lang: config.bot.language,
        style: ConsoleSettings::style_of_stdout(),
        started: clock.now(),
    };
    Ok(Arc::new(Console::stdio(settings, Arc::clone(words))?))
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
