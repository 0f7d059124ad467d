//! What the app is told of, where it may know.

use super::delivery::Kind;
use super::model::{BOT_USER, Message, State, TEAM};
use super::render;
use serde_json::{Value, json};

impl State {
    fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }

    /// Whether the app subscribes to an event.
    fn heard(&self, event: &Value) -> bool {
        let kind = event["type"].as_str().unwrap_or_default();
        let name = match (kind, event["channel_type"].as_str()) {
            ("message", Some("im")) => "message.im".to_owned(),
            ("message", Some(place)) => format!("message.{place}s"),
            _ => kind.to_owned(),
        };
        self.events.as_ref().is_none_or(|all| all.contains(&name))
    }

    /// An event in a channel: told where the app is a member and has the scope.
    pub fn tell(&mut self, channel: &str, scope: &str, event: Value) -> Option<u64> {
        let inside = self.channels.get(channel).is_some_and(|c| c.members.contains(BOT_USER));
        if !inside || !self.may(scope) || !self.heard(&event) {
            return None;
        }
        let what = event["type"].as_str().unwrap_or_default().to_owned();
        let payload = render::event(self, Some(channel), event);
        Some(self.deliver(Kind::Event, &what, payload))
    }

    /// An event of `message`.
    pub fn tell_message(&mut self, channel: &str, event: Value) -> Option<u64> {
        let scope = match self.channels.get(channel)?.kind() {
            "channel" => "channels:history",
            "group" => "groups:history",
            _ => "im:history",
        };
        self.tell(channel, scope, event)
    }

    /// An event of the whole workspace.
    pub fn tell_app(&mut self, scope: &str, event: Value) -> Option<u64> {
        if !scope.is_empty() && !self.may(scope) || !self.heard(&event) {
            return None;
        }
        let what = event["type"].as_str().unwrap_or_default().to_owned();
        let payload = render::event(self, None, event);
        Some(self.deliver(Kind::Event, &what, payload))
    }

    /// Somebody has joined a channel.
    pub fn joined(&mut self, channel: &str, user: &str) {
        let (kind, event_ts) = (self.channels[channel].kind(), self.event_ts());
        let letter = if kind == "group" { "G" } else { "C" };
        let event = json!({
            "type": "member_joined_channel", "user": user, "channel": channel, "channel_type": letter, "team": TEAM, "event_ts": event_ts,
        });
        let scope = if kind == "group" { "groups:read" } else { "channels:read" };
        self.tell(channel, scope, event);
        self.notice(channel, user, "channel_join", &format!("<@{user}> has joined the channel"));
    }

    /// A line that Slack itself writes into a channel.
    pub fn notice(&mut self, channel: &str, user: &str, subtype: &str, text: &str) {
        let ts = self.ts();
        self.appear(channel, Message { ts, user: user.into(), subtype: Some(subtype.into()), text: text.into(), ..Message::default() });
    }
}
