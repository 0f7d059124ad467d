//! `[log]`: what is logged, to standard error.

use serde::Deserialize;

/// `[log]`. `RUST_LOG`, where set, goes before `level`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// From which level on.
    pub level: LogLevel,
    /// For people or for programs.
    pub format: LogFormat,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// For finding faults. May hold customers' texts.
    Debug,
    /// Everything. May hold customers' texts.
    Trace,
}

impl LogLevel {
    /// As `RUST_LOG` spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// To read.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}
