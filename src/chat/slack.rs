//! Slack: the team's channel.

pub mod render;
