//! `[[account]]`: the company's own accounts on the networks.

use super::NETWORKS;
use super::parse::nearest;
use super::problem::{At, Problems};
use super::secret::SecretRef;
use crate::say::Say;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use url::{Host, Url};

/// Keys whose values are never repeated in a message.
const SECRET_KEYS: [&str; 1] = ["token"];

/// Whether the value of a key is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRET_KEYS.contains(&key) || super::slack::SECRET_KEYS.contains(&key) || super::matrix::SECRET_KEYS.contains(&key)
}

/// `[[account]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountConfig {
    /// What staff and cursors call it; never changed later.
    pub name: String,
    /// The network: one of [`NETWORKS`].
    pub network: String,
    /// The server's address: `https://…`, or `http://` on this machine.
    pub base_url: String,
    /// Where the access token stands.
    pub token: SecretRef,
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
            named && a.token == account.token && a.base_url.trim_end_matches('/') == account.base_url.trim_end_matches('/')
        });
        if let Some(twin) = twin {
            problems.add(&at.then("token"), Say::new("cli-config-twin").text("other", &twin.name));
        }
    }
}

impl AccountConfig {
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
        check_url(&at.then("base_url"), &self.base_url, problems);
        let token = at.then("token");
        match self.token {
            SecretRef::Env(_) | SecretRef::File(_) => {}
            SecretRef::Inline => problems.add(&token, Say::new("cli-config-secret")),
            SecretRef::Missing => problems.add(&token, Say::new("cli-config-secret-missing")),
        }
        problems.within(&at.then("poll_seconds"), self.poll_seconds, 1, 3600);
        if let Some(host) = &self.streaming_host
            && !matches!(Host::parse(host), Ok(Host::Domain(name)) if !name.is_empty())
            && host.parse::<IpAddr>().is_err()
        {
            problems.add(&at.then("streaming_host"), Say::new("cli-config-host").text("value", host));
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
