//! `[bot]`: who the bot works for.

use super::problem::{At, Problems};
use crate::policy::{Lang, Role};
use crate::say::Say;
use serde::Deserialize;

/// `[bot]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BotConfig {
    /// The company, as customers know it.
    pub brand: String,
    /// The team's language; that of threads whose route names none.
    pub language: Lang,
    /// IANA name of the time zone of the digest and of shown times.
    pub time_zone: String,
    /// Where a card goes whose own room does not take it; `None`: the chat's first room.
    pub fallback_room: Option<String>,
    /// What somebody in the room may do whom `[people]` does not name.
    pub default_role: DefaultRole,
    /// How far back, in minutes, posts are taken in when an account is first seen.
    pub import_minutes: i64,
    /// For how many days a resolved case is reopened by its customer; later a linked one opens.
    pub reopen_days: i64,
}

/// A role, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultRole {
    /// May do nothing at all.
    None,
    /// Reads.
    Viewer,
    /// Works cases and answers.
    #[default]
    Agent,
    /// Approves, retracts, assigns, pauses.
    Lead,
    /// Runs the bot.
    Operator,
}

impl DefaultRole {
    /// As the core knows it.
    #[must_use]
    pub fn role(self) -> Option<Role> {
        match self {
            DefaultRole::None => None,
            DefaultRole::Viewer => Some(Role::Viewer),
            DefaultRole::Agent => Some(Role::Agent),
            DefaultRole::Lead => Some(Role::Lead),
            DefaultRole::Operator => Some(Role::Operator),
        }
    }
}

impl Default for BotConfig {
    fn default() -> Self {
        BotConfig {
            brand: String::new(),
            language: Lang::En,
            time_zone: "UTC".into(),
            fallback_room: None,
            default_role: DefaultRole::default(),
            import_minutes: 60,
            reopen_days: 14,
        }
    }
}

impl BotConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let at = At::key("bot");
        problems.not_empty(&at.then("brand"), &self.brand);
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            problems.add(&at.then("time_zone"), Say::new("cli-config-time-zone").text("value", &self.time_zone));
        }
        if let Some(room) = &self.fallback_room {
            problems.not_empty(&at.then("fallback_room"), room);
        }
        problems.within(&at.then("import_minutes"), self.import_minutes, 0, 7 * 24 * 60);
        problems.within(&at.then("reopen_days"), self.reopen_days, 0, 3650);
    }
}
