//! `[reply]`: how answers go out.

use super::parse::nearest;
use super::problem::{At, Problems};
use crate::clock::SECOND_MS;
use crate::command::fill::{FIELDS, braced};
use crate::policy::{Approval, ReplyPolicy};
use crate::say::Say;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A network may allow 500 characters, and the customer's handle goes in front.
const MOST_HANDOFF: usize = 400;
/// What a label's menu shows of it, in characters (docs.slack.dev/reference/block-kit: option text).
const MOST_LABEL: usize = 75;
/// Entries of such a menu (the same page: static select).
const MOST_CANNED: usize = 100;
/// The longest answer kept ready, in characters.
const MOST_TEXT: usize = 2_000;

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
    /// Answers kept ready: by label, then by the customer's language.
    pub canned: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for ReplyConfig {
    fn default() -> Self {
        ReplyConfig {
            undo_seconds: 10,
            approval: Approval::Off,
            approve_after_seconds: 20,
            handoff: BTreeMap::new(),
            canned: BTreeMap::new(),
        }
    }
}

impl ReplyConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let at = At::key("reply");
        problems.within(&at.then("undo_seconds"), self.undo_seconds, 0, 3600);
        problems.within(&at.then("approve_after_seconds"), self.approve_after_seconds, 0, 3600);
        check_texts(&at.then("handoff"), &self.handoff, MOST_HANDOFF, problems);
        let at = at.then("canned");
        if self.canned.len() > MOST_CANNED {
            problems.add(&at, Say::new("cli-config-too-many").number("most", MOST_CANNED));
        }
        for (label, texts) in &self.canned {
            let at = at.then(label);
            problems.not_empty(&at, label);
            if label.chars().count() > MOST_LABEL {
                problems.add(&at, Say::new("cli-config-too-long").number("most", MOST_LABEL));
            }
            if texts.is_empty() {
                problems.add(&at, Say::new("cli-config-canned-empty"));
            }
            check_texts(&at, texts, MOST_TEXT, problems);
        }
    }

    pub(super) fn policy(&self) -> ReplyPolicy {
        let undo_ms = self.undo_seconds.saturating_mul(SECOND_MS);
        ReplyPolicy {
            undo_ms,
            approval: self.approval,
            read_ms: self.approve_after_seconds.saturating_mul(SECOND_MS),
            handoff_text: self.handoff.clone(),
            canned: self.canned.clone(),
        }
    }
}

/// Texts by the customer's language.
fn check_texts(at: &At, texts: &BTreeMap<String, String>, most: usize, problems: &mut Problems) {
    for (lang, text) in texts {
        let at = at.then(lang);
        if !((2..=3).contains(&lang.len()) && lang.chars().all(|c| c.is_ascii_lowercase())) {
            problems.add(&at, Say::new("cli-config-language").text("value", lang));
        }
        problems.not_empty(&at, text);
        if text.chars().count() > most {
            problems.add(&at, Say::new("cli-config-too-long").number("most", most));
        }
        for field in braced(text).filter(|f| !FIELDS.contains(f)) {
            let say = Say::new("cli-config-template").text("value", field).text("known", FIELDS.join(", "));
            problems.add(&at, say.text("near", nearest(field, &FIELDS).unwrap_or(FIELDS[0])));
        }
    }
}
