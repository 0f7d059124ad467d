//! `[http]`: health and metrics, for this machine only; webhooks, for the networks.

use super::problem::{At, Problems};
use crate::say::Say;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

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
    }
}
