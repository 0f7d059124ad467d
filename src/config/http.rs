//! `[http]`: health and metrics, for this machine only; webhooks, for the networks.

use super::problem::{At, Problems};
use crate::say::Say;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// `[http]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// A loopback address with a port (`127.0.0.1:9464`); `None`: nothing is served.
    pub listen: Option<String>,
    /// An address with a port that networks reach, by themselves or through a reverse proxy; `None`: webhooks are not served.
    pub intake: Option<String>,
    /// The certificate for that, with those that it rests on, in PEM.
    pub tls_cert: Option<PathBuf>,
    /// Its key, in PEM.
    pub tls_key: Option<PathBuf>,
    /// The address at which networks reach the intake, as the world sees it (`https://bot.example`); `None`: it is not made
    /// known to any network.
    pub public_url: Option<String>,
    /// Whether nobody but a reverse proxy, which has the certificate, reaches that address.
    pub behind_proxy: bool,
}

impl HttpConfig {
    /// The address, where one is named.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.as_deref().and_then(|text| text.parse().ok())
    }

    /// The address for webhooks, where one is named.
    #[must_use]
    pub fn intake_address(&self) -> Option<SocketAddr> {
        self.intake.as_deref().and_then(|text| text.parse().ok())
    }

    /// The address of an account's webhook, as the world sees it, where there is one.
    #[must_use]
    pub fn hook_address(&self, account: &str) -> Option<Url> {
        self.intake.as_ref()?;
        let mut url = self.public_url.as_deref().and_then(public)?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(["hook", account]);
        Some(url)
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(text) = &self.listen
            && !self.address().is_some_and(|a| a.ip().is_loopback())
        {
            problems.add(&At::key("http").then("listen"), Say::new("cli-config-listen").text("value", text));
        }
        let at = |key| At::key("http").then(key);
        match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => problems.add(&at("tls_cert"), Say::new("cli-config-tls-pair").text("missing", "tls_key")),
            (None, Some(_)) => problems.add(&at("tls_key"), Say::new("cli-config-tls-pair").text("missing", "tls_cert")),
            (Some(_), Some(_)) if self.intake.is_none() => problems.add(&at("tls_cert"), Say::new("cli-config-tls-idle")),
            _ => {}
        }
        match (&self.intake, self.intake_address()) {
            (Some(text), None) => problems.add(&at("intake"), Say::new("cli-config-intake").text("value", text)),
            (Some(text), Some(address)) if !address.ip().is_loopback() && self.tls_cert.is_none() && !self.behind_proxy => {
                problems.add(&at("intake"), Say::new("cli-config-intake-open").text("value", text));
            }
            _ => {}
        }
        match &self.public_url {
            Some(text) if public(text).is_none() => problems.add(&at("public_url"), Say::new("cli-config-public-url").text("value", text)),
            Some(_) if self.intake.is_none() => problems.add(&at("public_url"), Say::new("cli-config-public-idle")),
            _ => {}
        }
    }
}

/// An address that a network takes: `https`, without anything that it would send back to us or to others.
fn public(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    (url.scheme() == "https" && url.has_host() && plain).then_some(url)
}
