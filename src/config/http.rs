//! `[http]`: health and metrics, for this machine only.

use super::problem::{At, Problems};
use crate::say::Say;
use serde::Deserialize;
use std::net::SocketAddr;

/// `[http]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// A loopback address with a port (`127.0.0.1:9464`); `None`: nothing is served.
    pub listen: Option<String>,
}

impl HttpConfig {
    /// The address, where one is named.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.as_deref().and_then(|text| text.parse().ok())
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(text) = &self.listen
            && !self.address().is_some_and(|a| a.ip().is_loopback())
        {
            problems.add(&At::key("http").then("listen"), Say::new("cli-config-listen").text("value", text));
        }
    }
}
