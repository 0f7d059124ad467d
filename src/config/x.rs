//! `[[account]]` with `network = "x"`: the app that X knows, and where the account's tokens are kept.

use super::account::{AccountConfig, check_url};
use super::problem::{At, Problems};
use super::secret::SecretRef;
use crate::say::Say;
use std::path::PathBuf;
use url::Url;

/// X itself.
pub(super) const BASE_URL: &str = "https://api.x.com";
/// Where the browser is sent back to when a person has signed the account in.
const REDIRECT: &str = "http://127.0.0.1:8765/callback";

/// The keys whose values are never repeated in a message.
pub(super) const SECRET_KEYS: [&str; 3] = ["client_secret", "consumer_secret", "bearer_token"];
/// The keys that mean something on X alone.
pub(super) const KEYS: [&str; 7] =
    ["client_id", "client_secret", "consumer_key", "consumer_secret", "bearer_token", "tokens", "redirect_url"];
/// Those of other networks that mean nothing here.
const NOT_HERE: [&str; 2] = ["token", "streaming_host"];

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
