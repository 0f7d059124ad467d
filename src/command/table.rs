//! The table: every command's row, in the order of the help.

use super::{
    Door, Row, Takes, Verb, approve, assign, claim, correct, digest, discard, dm, draft, escalate, handoff, help, history, link, list,
    merge, note, pause, posted, priority, reject, release, reload, reopen, reply, resolve, restore, resume, retract, snooze, spam, tag,
    undo,
};
use crate::case::refusal::code;
use crate::case::{Status, Trigger};
use crate::intake::fold;
use std::fmt::Write as _;

/// All commands.
pub static TABLE: &[Row] = &[
    claim::ROW,
    release::ROW,
    assign::ROW,
    note::ROW,
    tag::ROW,
    priority::ROW,
    snooze::ROW,
    escalate::ROW,
    draft::ROW,
    reply::ROW,
    posted::ROW,
    approve::ROW,
    reject::ROW,
    discard::ROW,
    retract::ROW,
    correct::ROW,
    handoff::ROW,
    dm::ROW,
    resolve::ROW,
    reopen::ROW,
    merge::ROW,
    link::ROW,
    spam::ROW,
    restore::ROW,
    history::ROW,
    list::ROW,
    digest::ROW,
    pause::ROW,
    resume::ROW,
    reload::ROW,
    undo::ROW,
    help::ROW,
];

/// Commands that have a slash command of their own; any other is said behind [`SLASH_ANY`].
pub const SLASH: [Verb; 6] = [Verb::Claim, Verb::Draft, Verb::Reply, Verb::Handoff, Verb::Resolve, Verb::Digest];
/// The slash command that takes any other: `/case claim 42`.
pub const SLASH_ANY: &str = "case";

/// The names of all slash commands, without a prefix.
pub fn slash_names() -> impl Iterator<Item = &'static str> {
    std::iter::once(SLASH_ANY).chain(SLASH.iter().map(|v| row(*v).name))
}

/// How long a prefix of slash commands may be, in characters: Slack takes 32, the stroke among them
/// (docs.slack.dev/interactivity/implementing-slash-commands).
#[must_use]
pub fn most_slash_prefix() -> usize {
    31 - slash_names().map(str::len).max().unwrap_or_default()
}

/// Whether slash commands may begin with `prefix`.
#[must_use]
pub fn is_slash_prefix(prefix: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    prefix.len() <= most_slash_prefix() && prefix.chars().all(fits)
}

/// The row of a verb.
#[must_use]
pub fn row(verb: Verb) -> &'static Row {
    TABLE.iter().find(|r| r.verb == verb).expect("a test holds that every verb has its row")
}

/// All names of a row.
pub fn names(row: &Row) -> impl Iterator<Item = &'static str> {
    std::iter::once(row.name).chain(row.en.iter().copied()).chain(row.es.iter().copied())
}

/// The row that goes by `name` in either language, whatever its case and accents.
#[must_use]
pub fn find(name: &str) -> Option<&'static Row> {
    let name = fold(name);
    TABLE.iter().find(|r| names(r).any(|n| n == name))
}

/// The name nearest to a mistyped one, if any is near.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    let name = fold(name);
    let near = |n: &'static str| (strsim::damerau_levenshtein(&name, n), n);
    let (distance, best) = TABLE.iter().flat_map(names).map(near).min_by_key(|(d, _)| *d)?;
    (distance <= (name.chars().count() / 3).max(1)).then_some(best)
}

/// The commands as a table in Markdown, for the documents; a test holds them equal.
#[must_use]
pub fn commands_markdown() -> String {
    let mut out = String::from("| command | English | Spanish | takes | who | doors |\n|---|---|---|---|---|---|\n");
    for row in TABLE {
        let list = |names: &[&str]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" ");
        let doors = row.doors.iter().map(code::<Door>).collect::<Vec<_>>().join(", ");
        let case = if row.on_case { "case" } else { "" };
        let takes = [case, takes_words(row.takes)].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", ");
        // Writing to a String cannot fail.
        writeln!(out, "| `{}` | {} | {} | {takes} | {} | {doors} |", row.name, list(row.en), list(row.es), code(&row.role)).ok();
    }
    out
}

fn takes_words(takes: Takes) -> &'static str {
    match takes {
        Takes::Nothing => "",
        Takes::Text => "text",
        Takes::MaybeText => "(text)",
        Takes::Person => "colleague",
        Takes::Case => "other case",
        Takes::Tag => "label or -label",
        Takes::Priority => "low, normal, high, urgent",
        Takes::For => "length of time",
        Takes::Period => "(today, yesterday, week)",
        Takes::Filter => "(open, mine, unclaimed, spam), (page)",
        Takes::Topic => "(command)",
        Takes::Version => "(version)",
    }
}

/// How statuses follow one another, as a table in Markdown, for the documents: a row a status, a
/// column what happens. `–` is refused; `new/open` depends on whether somebody owns the case.
#[must_use]
pub fn statuses_markdown() -> String {
    let heads: Vec<String> = Trigger::ALL.iter().map(|t| words(&format!("{t:?}"))).collect();
    let mut out = format!("| from | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for from in Status::ALL {
        let cell = |t: &Trigger| match (from.after(*t, false), from.after(*t, true)) {
            (None, None) => "–".to_owned(),
            (a, b) if a == b => a.map_or_else(String::new, |s| code(&s)),
            (a, b) => [a, b].map(|s| s.map_or_else(|| "–".to_owned(), |s| code(&s))).join("/"),
        };
        let cells: Vec<String> = Trigger::ALL.iter().map(cell).collect();
        writeln!(out, "| **{}** | {} |", code(&from), cells.join(" | ")).ok();
    }
    out
}

/// `CustomerWrote` as `customer wrote`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests;
