//! What the chat was shown, as a program that reads it would keep it.
//!
//! The same operation twice is a repeat and does no harm; two operations for one thing are a double.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub ok: bool,
    pub code: String,
    pub case: Option<u64>,
    pub op: String,
}

/// What a line brought that staff may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A card was seen for the first time.
    Case(u64),
    /// A thread entry was seen for the first time.
    Entry { case: u64, event: String },
    /// A command was answered.
    Answer { id: String, ok: bool },
    /// Something is in doubt or dead: people must decide.
    Notice { code: String, text: String },
    /// Nothing new.
    Nothing,
}

/// The chat's memory.
#[derive(Debug, Default)]
pub struct Books {
    /// By thing (a card, an entry, a post): the operations that showed it.
    shown: BTreeMap<String, BTreeSet<String>>,
    /// By command id.
    pub answers: BTreeMap<String, Answer>,
    /// By case: the post that opened it.
    pub opened_by: BTreeMap<u64, String>,
    /// Lines seen more than once.
    pub repeats: u64,
    /// What must never be.
    pub wrong: Vec<String>,
}

fn text(line: &Value, key: &str) -> String {
    line[key].as_str().unwrap_or_default().to_owned()
}

impl Books {
    /// Enters a line.
    pub fn note(&mut self, line: &Value) -> News {
        let op = text(line, "op");
        if op.is_empty() {
            self.wrong.push(format!("a line without its operation: {line}"));
        }
        match line["type"].as_str() {
            Some("card") if line["edit"] == false => self.card(line, &op),
            Some("entry") if line["edit"] == false => self.entry(line, &op),
            Some("answer") => self.answer(line, op),
            Some("notice" | "alarm") => News::Notice { code: text(line, "code"), text: text(line, "text") },
            Some("error") if line["code"] != "console-stopping" => {
                self.wrong.push(format!("a line of ours was not understood: {line}"));
                News::Nothing
            }
            Some("card" | "entry" | "digest" | "error") => News::Nothing,
            _ => {
                self.wrong.push(format!("a line of no known type: {line}"));
                News::Nothing
            }
        }
    }

    /// Enters that `op` showed `thing`; whether it is the first to.
    fn show(&mut self, thing: String, op: &str) -> bool {
        let ops = self.shown.entry(thing).or_default();
        let first = ops.is_empty();
        if !ops.insert(op.to_owned()) {
            self.repeats += 1;
        }
        first
    }

    fn card(&mut self, line: &Value, op: &str) -> News {
        let case = line["case"].as_u64().unwrap_or_default();
        let post = text(line, "post");
        self.show(format!("post {post}"), op);
        self.opened_by.insert(case, post);
        if self.show(format!("card of #{case}"), op) { News::Case(case) } else { News::Nothing }
    }

    fn entry(&mut self, line: &Value, op: &str) -> News {
        let case = line["case"].as_u64().unwrap_or_default();
        let event = text(line, "event");
        if let (Some(post), "joined" | "dm-received" | "other-spoke") = (line["post"].as_str(), event.as_str()) {
            self.show(format!("post {post}"), op);
        }
        let first = self.show(format!("entry {} of #{case}", line["n"]), op);
        if first { News::Entry { case, event } } else { News::Nothing }
    }

    fn answer(&mut self, line: &Value, op: String) -> News {
        let id = text(line, "id");
        let answer = Answer { ok: line["ok"] == true, code: text(line, "code"), case: line["case"].as_u64(), op };
        if let Some(before) = self.answers.get(&id) {
            if *before != answer {
                self.wrong.push(format!("command {id} was answered twice, and not alike: {before:?}, {answer:?}"));
            }
            self.repeats += 1;
            return News::Nothing;
        }
        let ok = answer.ok;
        self.answers.insert(id.clone(), answer);
        News::Answer { id, ok }
    }

    /// How many operations showed a post.
    pub fn times_shown(&self, post: &str) -> usize {
        self.shown.get(&format!("post {post}")).map_or(0, BTreeSet::len)
    }

    /// What two operations showed.
    pub fn doubled(&self) -> Vec<String> {
        let twice = self.shown.iter().filter(|(_, ops)| ops.len() > 1);
        twice.map(|(thing, ops)| format!("{thing} was shown by {ops:?}")).collect()
    }
}
