//! The Slack app's manifest, made from the table of commands: `slack-manifest.yaml` in the repository is
//! this in English, which a test holds.
//!
//! Format: docs.slack.dev/reference/app-manifest.

use crate::command::table::{SLASH, SLASH_ANY, row};
use crate::i18n::Words;
use crate::policy::Lang;
use std::fmt::Write as _;

/// What the bot's token must allow (docs.slack.dev/reference/scopes), in the order of the manifest.
pub const SCOPES: [&str; 14] = [
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "reactions:read",
    "usergroups:read",
    "users:read",
];

/// What the app is told of (docs.slack.dev/reference/events).
pub const EVENTS: [&str; 17] = [
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_shared",
    "channel_unarchive",
    "channel_unshared",
    "group_archive",
    "message.channels",
    "message.groups",
    "message.im",
    "reaction_added",
    "reaction_removed",
    "subteam_members_changed",
    "subteam_updated",
    "tokens_revoked",
    "user_change",
];

/// The `callback_id` of the message shortcut that opens the form of a draft.
pub const SHORTCUT_DRAFT: &str = "sereno:draft";
/// The `callback_id` of the message shortcut that opens the form of a handoff.
pub const SHORTCUT_HANDOFF: &str = "sereno:handoff";

/// The manifest in YAML. `prefix`: of slash commands; `url`: where events go by HTTP, `None`: Socket Mode.
#[must_use]
pub fn yaml(words: &Words, lang: Lang, prefix: &str, url: Option<&str>) -> String {
    let mut out = Yaml::default();
    out.line(0, &format!("# {}", words.get("slack-manifest-head", lang)));
    out.line(0, "display_information:");
    out.text(1, "name", "sereno");
    out.text(1, "description", &words.get("slack-manifest-about", lang));
    features(&mut out, words, lang, prefix, url);
    out.line(0, "oauth_config:");
    out.line(1, "scopes:");
    out.line(2, "bot:");
    out.list(3, &SCOPES);
    settings(&mut out, url);
    out.0
}

fn features(out: &mut Yaml, words: &Words, lang: Lang, prefix: &str, url: Option<&str>) {
    out.line(0, "features:");
    out.line(1, "app_home:");
    out.line(2, "home_tab_enabled: true");
    out.line(2, "messages_tab_enabled: true");
    out.line(2, "messages_tab_read_only_enabled: false");
    out.line(1, "bot_user:");
    out.text(2, "display_name", "sereno");
    out.line(2, "always_online: true");
    out.line(1, "shortcuts:");
    for (id, name, about) in [
        (SHORTCUT_DRAFT, "slack-shortcut-draft", "slack-shortcut-draft-about"),
        (SHORTCUT_HANDOFF, "slack-shortcut-handoff", "slack-shortcut-handoff-about"),
    ] {
        out.text(2, "- name", &words.get(name, lang));
        out.line(3, "type: message");
        out.text(3, "callback_id", id);
        out.text(3, "description", &words.get(about, lang));
    }
    out.line(1, "slash_commands:");
    let any = (SLASH_ANY, words.get("slack-manifest-case", lang), words.get("slack-manifest-case-hint", lang));
    let own = SLASH.iter().map(|verb| {
        let name = row(*verb).name;
        (name, words.get(&format!("help-{name}"), lang), hint(&words.get(&format!("usage-{name}"), lang)))
    });
    for (name, about, hint) in std::iter::once(any).chain(own) {
        out.text(2, "- command", &format!("/{prefix}{name}"));
        if let Some(url) = url {
            out.text(3, "url", url);
        }
        out.text(3, "description", &about);
        out.text(3, "usage_hint", &hint);
        // A colleague is named by id then, whatever they call themselves.
        out.line(3, "should_escape: true");
    }
}

/// What stands behind the command's name in its first example: `42 We are looking into it`.
fn hint(usage: &str) -> String {
    let first = usage.split('`').nth(1).unwrap_or_default();
    first.split_once(' ').map_or_else(String::new, |(_, rest)| rest.trim().to_owned())
}

fn settings(out: &mut Yaml, url: Option<&str>) {
    out.line(0, "settings:");
    out.line(1, "event_subscriptions:");
    if let Some(url) = url {
        out.text(2, "request_url", url);
    }
    out.line(2, "bot_events:");
    out.list(3, &EVENTS);
    out.line(1, "interactivity:");
    out.line(2, "is_enabled: true");
    if let Some(url) = url {
        out.text(2, "request_url", url);
    }
    out.line(1, "org_deploy_enabled: false");
    out.line(1, &format!("socket_mode_enabled: {}", url.is_none()));
    out.line(1, "token_rotation_enabled: false");
}

/// YAML being written: two blanks a level, texts as JSON writes them, which YAML reads.
#[derive(Default)]
struct Yaml(String);

impl Yaml {
    fn line(&mut self, level: usize, line: &str) {
        // Writing to a String cannot fail.
        writeln!(self.0, "{}{line}", "  ".repeat(level)).ok();
    }

    fn text(&mut self, level: usize, key: &str, text: &str) {
        if !text.is_empty() {
            self.line(level, &format!("{key}: {}", serde_json::Value::from(text)));
        }
    }

    fn list(&mut self, level: usize, items: &[&str]) {
        for item in items {
            self.line(level, &format!("- {}", serde_json::Value::from(*item)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table::slash_names;

    /// `UPDATE_DOCS=1 cargo test manifest` writes it anew.
    #[test]
    fn the_manifest_in_the_repository_is_this_one() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("slack-manifest.yaml");
        let made = yaml(&Words::new(), Lang::En, "", None);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let stands = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stands == made, "slack-manifest.yaml is out of date; run `UPDATE_DOCS=1 cargo test manifest`");
    }

    /// docs.slack.dev/reference/app-manifest: names 24 characters, descriptions of shortcuts 150, of the app 140, hints 1,000.
    #[test]
    fn it_keeps_to_slacks_limits_in_both_languages() {
        let words = Words::new();
        let chars = |code: &str, lang| words.get(code, lang).chars().count();
        for lang in [Lang::En, Lang::Es] {
            assert!(chars("slack-manifest-about", lang) <= 140);
            for code in ["slack-shortcut-draft", "slack-shortcut-handoff"] {
                assert!(chars(code, lang) <= 24 && chars(&format!("{code}-about"), lang) <= 150, "{code}");
            }
            let made = yaml(&words, lang, "acme-", Some("https://bot.example/slack"));
            for name in slash_names() {
                assert!(made.contains(&format!("command: \"/acme-{name}\"\n")), "{name}");
            }
            assert!(made.contains("socket_mode_enabled: false") && made.matches("https://bot.example/slack").count() == SLASH.len() + 3);
            let long = made.lines().filter(|l| l.trim_start().starts_with("description")).find(|l| l.chars().count() > 2_000);
            assert_eq!(long, None);
        }
    }

    #[test]
    fn what_slack_would_take_twice_stands_once() {
        let mut scopes = SCOPES.to_vec();
        let mut events = EVENTS.to_vec();
        scopes.dedup();
        events.dedup();
        assert!(SCOPES.is_sorted() && EVENTS.is_sorted() && scopes.len() == SCOPES.len() && events.len() == EVENTS.len());
    }

    #[test]
    fn hints_come_from_the_first_example() {
        assert_eq!(hint("`snooze 42 2h`, or `30m`, `1d`"), "42 2h");
        assert_eq!(hint("`digest`, or `digest yesterday`"), "");
    }
}
