//! How often an app may call: Slack's tiers a minute for each method, one post a second a channel,
//! and so many posts a minute in the workspace, each with the small burst that Slack tolerates.

use std::collections::BTreeMap;

/// Slack's tiers for the methods that are served, as `rate_limit_tiers.json` has them (a test holds
/// this list to it): calls a minute.
pub const TIERS: &[(&str, &str)] = &[
    ("apps.connections.open", "Tier1"),
    ("auth.test", "SpecialTier_auth_test"),
    ("chat.delete", "Tier3"),
    ("chat.getPermalink", "SpecialTier_chat_getPermalink"),
    ("chat.postEphemeral", "Tier4"),
    ("chat.postMessage", "SpecialTier_chat_postMessage"),
    ("chat.update", "Tier3"),
    ("conversations.history", "Tier3"),
    ("conversations.info", "Tier3"),
    ("conversations.join", "Tier3"),
    ("conversations.list", "Tier2"),
    ("conversations.members", "Tier4"),
    ("conversations.open", "Tier3"),
    ("conversations.replies", "Tier3"),
    ("files.completeUploadExternal", "Tier4"),
    ("files.getUploadURLExternal", "Tier4"),
    ("files.info", "Tier4"),
    ("oauth.v2.access", "Tier4"),
    ("pins.add", "Tier2"),
    ("pins.list", "Tier2"),
    ("pins.remove", "Tier2"),
    ("reactions.add", "Tier3"),
    ("reactions.get", "Tier3"),
    ("reactions.remove", "Tier2"),
    ("team.info", "Tier3"),
    ("usergroups.list", "Tier2"),
    ("usergroups.users.list", "Tier2"),
    ("users.conversations", "Tier2"),
    ("users.info", "Tier4"),
    ("users.list", "Tier2"),
    ("views.open", "Tier4"),
    ("views.publish", "Tier4"),
    ("views.push", "Tier4"),
    ("views.update", "Tier4"),
];

/// Calls a minute of a tier, and how many may come at once.
fn tier(name: &str) -> (f64, f64) {
    match name {
        "Tier1" => (1.0, 10.0),
        "Tier2" => (20.0, 20.0),
        "Tier3" => (50.0, 50.0),
        "Tier4" => (100.0, 100.0),
        // "Hundreds of requests a minute"; posting has its own limits besides.
        _ => (600.0, 600.0),
    }
}

/// The buckets, by name.
#[derive(Default)]
pub struct Limits {
    pub off: bool,
    buckets: BTreeMap<String, (f64, i64)>,
    /// Posts at once into one channel.
    pub channel_burst: Option<f64>,
    /// Posts a minute in the workspace.
    pub workspace: Option<f64>,
}

impl Limits {
    /// `Err`: seconds to wait.
    pub fn take(&mut self, method: &str, channel: Option<&str>, now_ms: i64) -> Result<(), i64> {
        if self.off {
            return Ok(());
        }
        let (rate, burst) = TIERS.iter().find(|(name, _)| *name == method).map_or((50.0, 50.0), |(_, name)| tier(name));
        self.draw(method, rate, burst, now_ms)?;
        if ["chat.postMessage", "files.completeUploadExternal"].contains(&method) {
            let (burst, all) = (self.channel_burst.unwrap_or(4.0), self.workspace.unwrap_or(300.0));
            self.draw(&format!("#{}", channel.unwrap_or_default()), 60.0, burst, now_ms)?;
            self.draw("workspace", all, all, now_ms)?;
        }
        Ok(())
    }

    fn draw(&mut self, name: &str, a_minute: f64, burst: f64, now_ms: i64) -> Result<(), i64> {
        let (left, since) = self.buckets.entry(name.to_owned()).or_insert((burst, now_ms));
        *left = (*left + (now_ms - *since) as f64 * a_minute / 60_000.0).min(burst);
        *since = now_ms;
        if *left < 1.0 {
            let wait_s = (1.0 - *left) * 60.0 / a_minute;
            return Err((wait_s.ceil() as i64).max(1));
        }
        *left -= 1.0;
        Ok(())
    }
}
