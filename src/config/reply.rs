//! `[reply]`: how answers go out.

use super::parse::nearest;
use super::problem::{At, Problems};
use crate::clock::SECOND_MS;
use crate::policy::{Approval, ReplyPolicy};
use crate::say::Say;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What can stand in braces in a handoff's text.
const FIELDS: [&str; 4] = ["code", "case", "handle", "agent"];
/// A network may allow 500 characters, and the customer's handle goes in front.
const MOST_HANDOFF: usize = 400;

/// `[reply]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplyConfig {
    /// How long a send waits for `undo`, in seconds.
    pub undo_seconds: i64,
    /// Who needs approval.
    pub approval: Approval,
    /// How long a text that took the place of another must have stood in the room before `approve`
    /// takes it without its number, in seconds.
    pub approve_after_seconds: i64,
    /// The first private message of a handoff, by the customer's language. Languages left out
    /// keep the text that comes with sereno.
    pub handoff: BTreeMap<String, String>,
}

impl Default for ReplyConfig {
    fn default() -> Self {
        ReplyConfig { undo_seconds: 10, approval: Approval::Off, approve_after_seconds: 20, handoff: BTreeMap::new() }
    }
}

impl ReplyConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let at = At::key("reply");
        problems.within(&at.then("undo_seconds"), self.undo_seconds, 0, 3600);
        problems.within(&at.then("approve_after_seconds"), self.approve_after_seconds, 0, 3600);
        for (lang, text) in &self.handoff {
            let at = at.then("handoff").then(lang);
            if !((2..=3).contains(&lang.len()) && lang.chars().all(|c| c.is_ascii_lowercase())) {
                problems.add(&at, Say::new("cli-config-language").text("value", lang));
            }
            problems.not_empty(&at, text);
            if text.chars().count() > MOST_HANDOFF {
                problems.add(&at, Say::new("cli-config-too-long").number("most", MOST_HANDOFF));
            }
            for field in fields(text).filter(|f| !FIELDS.contains(f)) {
                let say = Say::new("cli-config-template").text("value", field).text("known", FIELDS.join(", "));
                problems.add(&at, say.text("near", nearest(field, &FIELDS).unwrap_or(FIELDS[0])));
            }
        }
    }

    pub(super) fn policy(&self) -> ReplyPolicy {
        let undo_ms = self.undo_seconds.saturating_mul(SECOND_MS);
        ReplyPolicy {
            undo_ms,
            approval: self.approval,
            read_ms: self.approve_after_seconds.saturating_mul(SECOND_MS),
            handoff_text: self.handoff.clone(),
        }
    }
}

/// What stands in braces in `text`.
fn fields(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(field, _)| field))
}
