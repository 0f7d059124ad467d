//! `[[account]]`: the company's own accounts on the networks.

use super::NETWORKS;
use super::parse::nearest;
use super::problem::{At, Problems};
use super::secret::SecretRef;
use super::x::Dollars;
use crate::say::Say;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use url::{Host, Url};

/// Keys whose values are never repeated in a message.
const SECRET_KEYS: [&str; 1] = ["token"];

/// Whether the value of a key is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRET_KEYS.contains(&key)
        || super::x::SECRET_KEYS.contains(&key)
        || super::slack::SECRET_KEYS.contains(&key)
        || super::matrix::SECRET_KEYS.contains(&key)
}

/// `[[account]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountConfig {
    /// What staff and cursors call it; never changed later.
    pub name: String,
    /// The network: one of [`NETWORKS`].
    pub network: String,
    /// The server's address: `https://…`, or `http://` on this machine. X has one of its own: see [`AccountConfig::address`].
    pub base_url: String,
    /// Where the access token stands; X's are had by `sereno login x`.
    pub token: SecretRef,
    /// X: the app's OAuth 2 client id.
    pub client_id: String,
    /// X: its secret, where the app has one.
    pub client_secret: SecretRef,
    /// X: the app's consumer key (API key), with whose secret the token for streams is had.
    pub consumer_key: String,
    /// X: its secret.
    pub consumer_secret: SecretRef,
    /// X: the token for streams itself, in the place of key and secret.
    pub bearer_token: SecretRef,
    /// X: the file of the account's tokens; `None`: beside the store.
    pub tokens: Option<PathBuf>,
    /// X: where the browser comes back to when a person signs the account in.
    pub redirect_url: String,
    /// X: what acts cost where that is not what is known, by the act's name.
    pub prices: BTreeMap<String, Dollars>,
    /// X: what a month may cost before reading is thinned out; `None`: whatever it does.
    pub budget: Option<Dollars>,
    /// How often the account is reconciled, in seconds, besides listening to its stream.
    pub poll_seconds: i64,
    /// A host that its streams may be heard from besides the server's own and those below it.
    pub streaming_host: Option<String>,
    /// Switched off, it is neither read nor sent from.
    pub enabled: bool,
}

impl Default for AccountConfig {
    fn default() -> Self {
        AccountConfig {
            name: String::new(),
            network: String::new(),
            base_url: String::new(),
            token: SecretRef::Missing,
            client_id: String::new(),
            client_secret: SecretRef::Missing,
            consumer_key: String::new(),
            consumer_secret: SecretRef::Missing,
            bearer_token: SecretRef::Missing,
            tokens: None,
            redirect_url: String::new(),
            prices: BTreeMap::new(),
            budget: None,
            poll_seconds: 60,
            streaming_host: None,
            enabled: true,
        }
    }
}

pub(super) fn check(accounts: &[AccountConfig], problems: &mut Problems) {
    let at = At::key("account");
    if accounts.is_empty() {
        problems.add(&at, Say::new("cli-config-no-account"));
    }
    let mut names = BTreeSet::new();
    for (i, account) in accounts.iter().enumerate() {
        let at = at.nth(i);
        account.check(&at, problems);
        if !account.name.is_empty() && !names.insert(account.name.as_str()) {
            problems.add(&at.then("name"), Say::new("cli-config-duplicate").text("value", &account.name));
        }
        // The same account twice would take everything in twice, and answer itself.
        let twin = accounts.iter().take(i).find(|a| {
            let named = matches!(a.token, SecretRef::Env(_) | SecretRef::File(_));
            named && a.token == account.token && a.address().trim_end_matches('/') == account.address().trim_end_matches('/')
        });
        if let Some(twin) = twin {
            problems.add(&at.then("token"), Say::new("cli-config-twin").text("other", &twin.name));
        }
        let shared = accounts.iter().take(i).find(|a| a.tokens.is_some() && a.tokens == account.tokens);
        if let Some(shared) = shared {
            problems.add(&at.then("tokens"), Say::new("cli-config-x-tokens").text("other", &shared.name));
        }
    }
}

impl AccountConfig {
    /// The server's address, the network's own where none is named.
    #[must_use]
    pub fn address(&self) -> &str {
        if self.network == "x" && self.base_url.trim().is_empty() { super::x::BASE_URL } else { &self.base_url }
    }

    fn check(&self, at: &At, problems: &mut Problems) {
        problems.not_empty(&at.then("name"), &self.name);
        if self.name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            problems.add(&at.then("name"), Say::new("cli-config-account-name").text("value", &self.name));
        }
        problems.not_empty(&at.then("network"), &self.network);
        if !self.network.trim().is_empty() && !NETWORKS.contains(&self.network.as_str()) {
            let say = Say::new("cli-config-unknown-network").text("value", &self.network).text("known", NETWORKS.join(", "));
            let say = say.text("near", nearest(&self.network, &NETWORKS).unwrap_or(NETWORKS[0]));
            problems.add(&at.then("network"), say);
        }
        problems.within(&at.then("poll_seconds"), self.poll_seconds, 1, 3600);
        if self.network == "x" {
            self.check_x(at, problems);
        } else {
            self.check_mastodon(at, problems);
        }
    }

    fn check_mastodon(&self, at: &At, problems: &mut Problems) {
        check_elsewhere(at, &super::x::KEYS, &self.network, problems);
        check_url(&at.then("base_url"), &self.base_url, problems);
        let token = at.then("token");
        match self.token {
            SecretRef::Env(_) | SecretRef::File(_) => {}
            SecretRef::Inline => problems.add(&token, Say::new("cli-config-secret")),
            SecretRef::Missing => problems.add(&token, Say::new("cli-config-secret-missing")),
        }
        if let Some(host) = &self.streaming_host
            && !matches!(Host::parse(host), Ok(Host::Domain(name)) if !name.is_empty())
            && host.parse::<IpAddr>().is_err()
        {
            problems.add(&at.then("streaming_host"), Say::new("cli-config-host").text("value", host));
        }
    }
}

/// Keys that mean nothing on this network: whoever wrote them means something that would not happen.
pub(super) fn check_elsewhere(at: &At, keys: &[&str], network: &str, problems: &mut Problems) {
    for key in keys {
        // Of a network that is unknown nothing is known.
        if NETWORKS.contains(&network) && problems.written(&at.then(key)) {
            problems.add(&at.then(key), Say::new("cli-config-elsewhere").text("network", network));
        }
    }
}

/// A server's address: with TLS, or on this machine.
pub(super) fn check_url(at: &At, address: &str, problems: &mut Problems) {
    problems.not_empty(at, address);
    if address.trim().is_empty() {
        return;
    }
    let Ok(url) = Url::parse(address) else {
        // Not repeated: people paste addresses with credentials in them.
        problems.add(at, Say::new("cli-config-url"));
        return;
    };
    let clean = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !clean || url.host().is_none() {
        problems.add(at, Say::new("cli-config-url"));
    } else if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        problems.add(at, Say::new("cli-config-url-scheme"));
    }
}

/// Whether an address is of this very machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}
