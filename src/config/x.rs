//! `[[account]]` with `network = "x"`: the app that X knows, and where the account's tokens are kept.

use super::account::{AccountConfig, check_url};
use super::problem::{At, Problems};
use super::secret::SecretRef;
use crate::cost::Money;
use crate::say::Say;
use serde::Deserialize;
use std::path::PathBuf;
use url::Url;

/// X itself.
pub(super) const BASE_URL: &str = "https://api.x.com";
/// Where the browser is sent back to when a person has signed the account in.
const REDIRECT: &str = "http://127.0.0.1:8765/callback";

/// The keys whose values are never repeated in a message.
pub(super) const SECRET_KEYS: [&str; 3] = ["client_secret", "consumer_secret", "bearer_token"];
/// The keys that mean something on X alone.
pub(super) const KEYS: [&str; 9] =
    ["prices", "budget", "client_id", "client_secret", "consumer_key", "consumer_secret", "bearer_token", "tokens", "redirect_url"];
/// What X charges for, as `[account.prices]` names it.
const ACTS: [&str; 8] = ["post_read", "user_read", "mention_read", "dm_read", "post", "post_with_link", "reply", "dm"];
/// Those of other networks that mean nothing here.
const NOT_HERE: [&str; 2] = ["token", "streaming_host"];

/// An amount in US dollars as the file has it; `None`: it is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "f64")]
pub struct Dollars(pub Option<Money>);

impl From<f64> for Dollars {
    fn from(dollars: f64) -> Dollars {
        Dollars(Money::from_dollars(dollars))
    }
}

impl AccountConfig {
    pub(super) fn check_x(&self, at: &At, problems: &mut Problems) {
        super::account::check_elsewhere(at, &NOT_HERE, &self.network, problems);
        problems.not_empty(&at.then("client_id"), &self.client_id);
        if problems.written(&at.then("base_url")) {
            check_url(&at.then("base_url"), &self.base_url, problems);
        }
        for (key, secret) in SECRET_KEYS.into_iter().zip([&self.client_secret, &self.consumer_secret, &self.bearer_token]) {
            if *secret == SecretRef::Inline {
                problems.add(&at.then(key), Say::new("cli-config-secret"));
            }
        }
        if self.consumer_key.trim().is_empty() != (self.consumer_secret == SecretRef::Missing) {
            problems.add(&at.then("consumer_key"), Say::new("cli-config-x-consumer"));
        }
        if problems.written(&at.then("redirect_url")) {
            check_url(&at.then("redirect_url"), &self.redirect_url, problems);
        }
        let at_prices = at.then("prices");
        for (name, price) in &self.prices {
            let at = at_prices.then(name);
            if !ACTS.contains(&name.as_str()) {
                problems.add(&at, super::parse::unknown("cli-config-unknown-key", name, &ACTS));
            } else if price.0.is_none() {
                problems.add(&at, Say::new("cli-config-price"));
            }
        }
        if matches!(self.budget, Some(Dollars(None))) {
            problems.add(&at.then("budget"), Say::new("cli-config-price"));
        }
        if let Some(tokens) = &self.tokens {
            problems.not_empty(&at.then("tokens"), &tokens.to_string_lossy());
        }
    }

    /// The file of the account's tokens where none is named: beside the store, one for each account.
    #[must_use]
    pub fn tokens_beside(&self, store: &std::path::Path) -> PathBuf {
        let name: String = url::form_urlencoded::byte_serialize(self.name.as_bytes()).collect();
        let mut path = store.components().as_path().as_os_str().to_owned();
        path.push(format!(".x-{name}.json"));
        path.into()
    }

    /// Where the browser is sent back to: as the app has it on X.
    #[must_use]
    pub fn redirect(&self) -> Option<Url> {
        let text = if self.redirect_url.trim().is_empty() { REDIRECT } else { &self.redirect_url };
        Url::parse(text).ok()
    }
}
