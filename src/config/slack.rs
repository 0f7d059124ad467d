//! `[chat.slack]`: the team's channel in Slack.

use super::Config;
use super::account::check_url;
use super::problem::{At, Problems};
use super::secret::SecretRef;
use crate::command::table;
use crate::say::Say;
use serde::Deserialize;
use std::net::SocketAddr;

/// Keys whose values are secrets.
pub(super) const SECRET_KEYS: [&str; 5] = ["bot_token", "app_token", "signing_secret", "refresh_token", "client_secret"];

/// `[chat.slack]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlackConfig {
    /// Where the bot's token stands (`xoxb-…`, or `xoxe.xoxb-…` where it rotates).
    pub bot_token: SecretRef,
    /// Where the app's token stands (`xapp-…`): Socket Mode. Missing: HTTP, signed.
    pub app_token: SecretRef,
    /// Where the app's signing secret stands: events come by HTTP.
    pub signing_secret: SecretRef,
    /// Where events are taken in by HTTP; a proxy with TLS stands before it.
    pub listen: String,
    /// Where the first refresh token stands, if the app's tokens rotate; later ones are kept by the bot.
    pub refresh_token: SecretRef,
    /// The app's public id, if its tokens rotate.
    pub client_id: String,
    /// Where the app's secret stands, if its tokens rotate.
    pub client_secret: SecretRef,
    /// The channel's id: where cards go that no route sends elsewhere.
    pub channel: String,
    /// What the names of slash commands begin with: with `acme-`, `/claim` is `/acme-claim`.
    pub slash_prefix: String,
    /// The id of a user group whose members are agents; `[people]` goes before it.
    pub user_group: Option<String>,
    /// Slack's own, or that of a test.
    pub api_url: String,
    /// Posts a second to one channel.
    pub posts_per_second: i64,
    /// Posts a minute to all channels.
    pub workspace_posts_per_minute: i64,
}

impl Default for SlackConfig {
    fn default() -> Self {
        SlackConfig {
            bot_token: SecretRef::Missing,
            app_token: SecretRef::Missing,
            signing_secret: SecretRef::Missing,
            listen: "127.0.0.1:8090".into(),
            refresh_token: SecretRef::Missing,
            client_id: String::new(),
            client_secret: SecretRef::Missing,
            channel: String::new(),
            slash_prefix: String::new(),
            user_group: None,
            api_url: "https://slack.com/api".into(),
            posts_per_second: 1,
            workspace_posts_per_minute: 300,
        }
    }
}

impl SlackConfig {
    /// The address at which events are taken in.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    /// Whether events come by Socket Mode, not by HTTP.
    #[must_use]
    pub fn socket_mode(&self) -> bool {
        self.app_token != SecretRef::Missing
    }

    /// Whether the app's tokens rotate.
    #[must_use]
    pub fn rotates(&self) -> bool {
        self.refresh_token != SecretRef::Missing
    }

    pub(super) fn check(&self, at: &At, problems: &mut Problems) {
        if cfg!(not(feature = "slack")) {
            problems.add(at, Say::new("cli-config-without-slack"));
        }
        self.check_secrets(at, problems);
        problems.not_empty(&at.then("channel"), &self.channel);
        room(&at.then("channel"), &self.channel, problems);
        if let Some(group) = &self.user_group
            && !is_id(group, &['S'])
        {
            problems.add(&at.then("user_group"), Say::new("cli-config-slack-group").text("value", group));
        }
        if !table::is_slash_prefix(&self.slash_prefix) {
            let say = Say::new("cli-config-slack-prefix").text("value", &self.slash_prefix);
            problems.add(&at.then("slash_prefix"), say.number("most", table::most_slash_prefix()));
        }
        if self.address().is_none() {
            problems.add(&at.then("listen"), Say::new("cli-config-slack-listen").text("value", &self.listen));
        }
        check_url(&at.then("api_url"), &self.api_url, problems);
        problems.within(&at.then("posts_per_second"), self.posts_per_second, 1, 100_000);
        problems.within(&at.then("workspace_posts_per_minute"), self.workspace_posts_per_minute, 1, 6_000_000);
    }

    fn check_secrets(&self, at: &At, problems: &mut Problems) {
        let secrets = [&self.bot_token, &self.app_token, &self.signing_secret, &self.refresh_token, &self.client_secret];
        for (key, secret) in SECRET_KEYS.into_iter().zip(secrets) {
            if *secret == SecretRef::Inline {
                problems.add(&at.then(key), Say::new("cli-config-secret"));
            }
        }
        if self.bot_token == SecretRef::Missing {
            problems.add(&at.then("bot_token"), Say::new("cli-config-secret-missing"));
        }
        match (self.socket_mode(), self.signing_secret != SecretRef::Missing) {
            (false, false) => problems.add(&at.then("app_token"), Say::new("cli-config-slack-no-way")),
            (true, true) => problems.add(&at.then("signing_secret"), Say::new("cli-config-slack-two-ways")),
            _ => {}
        }
        // One without the others renews nothing.
        let rotation = [self.rotates(), !self.client_id.trim().is_empty(), self.client_secret != SecretRef::Missing];
        if rotation.contains(&true) && rotation.contains(&false) {
            problems.add(&at.then("refresh_token"), Say::new("cli-config-slack-rotation"));
        }
    }
}

/// Rooms and people that other sections name are ids in Slack: names change, and prove nothing.
pub(super) fn check_ids(config: &Config, problems: &mut Problems) {
    let key = |table: &str, key: &str| At::key(table).then(key);
    if let Some(fallback) = &config.bot.fallback_room {
        room(&key("bot", "fallback_room"), fallback, problems);
    }
    for (i, route) in config.routes.iter().enumerate() {
        room(&At::key("route").nth(i).then("room"), &route.room, problems);
    }
    if let Some(digest) = &config.digest.room {
        room(&key("digest", "room"), digest, problems);
    }
    for (i, private) in config.privacy.private_rooms.iter().enumerate() {
        room(&key("privacy", "private_rooms").nth(i), private, problems);
    }
    if let Some(dm) = &config.privacy.dm_room {
        room(&key("privacy", "dm_room"), dm, problems);
    }
    for id in config.people.keys().filter(|id| !is_id(id, &['U', 'W'])) {
        problems.add(&At::key("people").then(id), Say::new("cli-config-slack-person").text("value", id));
    }
}

fn room(at: &At, id: &str, problems: &mut Problems) {
    if !id.trim().is_empty() && !is_id(id, &['C', 'G', 'D']) {
        problems.add(at, Say::new("cli-config-slack-room").text("value", id));
    }
}

/// Slack's ids: a letter for the kind, then capitals and digits.
fn is_id(text: &str, kinds: &[char]) -> bool {
    text.len() > 1 && text.starts_with(kinds) && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}
