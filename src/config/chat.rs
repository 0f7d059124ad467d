//! `[chat.*]`: the team's chat, exactly one.

use super::matrix::MatrixConfig;
use super::problem::{At, Problems};
use super::slack::SlackConfig;
use crate::say::Say;
use serde::Deserialize;

/// `[chat.*]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChatConfig {
    /// The terminal.
    pub console: Option<ConsoleConfig>,
    /// Slack.
    pub slack: Option<SlackConfig>,
    /// Matrix.
    pub matrix: Option<MatrixConfig>,
}

/// `[chat.console]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleConfig {
    /// For people or for programs.
    pub format: ConsoleFormat,
    /// Who sits at the terminal, as `[people]` names them.
    pub agent: String,
    /// The room that the terminal shows.
    pub room: String,
}

/// How the console prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsoleFormat {
    /// Cards and threads to read.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        ConsoleConfig { format: ConsoleFormat::Text, agent: "console".into(), room: "console".into() }
    }
}

impl ChatConfig {
    /// The room that cards go to where no route says otherwise.
    #[must_use]
    pub fn room(&self) -> Option<&str> {
        let console = self.console.as_ref().map(|c| c.room.as_str());
        let slack = self.slack.as_ref().map(|s| s.channel.as_str());
        console.or(slack).or(self.matrix.as_ref().map(|m| m.room.as_str()))
    }

    /// A terminal shows one room; a program may tell apart as many as it likes.
    pub(super) fn check_room(&self, at: &At, room: &str, problems: &mut Problems) {
        if let Some(console) = self.console.as_ref().filter(|c| c.format == ConsoleFormat::Text && c.room != room && !room.is_empty()) {
            problems.add(at, Say::new("cli-config-room").text("value", room).text("known", &console.room));
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let at = At::key("chat");
        match (&self.console, &self.slack, &self.matrix) {
            (None, None, None) => {
                if !problems.all().iter().any(|p| p.at.0.starts_with(&at.0)) {
                    problems.add(&at, Say::new("cli-config-no-chat"));
                }
            }
            (Some(console), None, None) => {
                let at = at.then("console");
                problems.not_empty(&at.then("agent"), &console.agent);
                problems.not_empty(&at.then("room"), &console.room);
            }
            (None, Some(slack), None) => slack.check(&at.then("slack"), problems),
            (None, None, Some(matrix)) => matrix.check(&at.then("matrix"), problems),
            _ => problems.add(&at, Say::new("cli-config-two-chats")),
        }
    }
}
