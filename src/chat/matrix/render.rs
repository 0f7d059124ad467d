//! Views as Matrix messages: HTML and a plain fallback. Pure; no clock, no network.
//!
//! What people wrote elsewhere is escaped, so that it holds no markup, and stands in a quote, so that
//! nobody can write a line that looks like ours. Links are [`Piece::Link`]s, checked once more.
//! `m.mentions` is always there, for clients take names and `@room` out of a text where it is absent
//! (spec.matrix.org, Client-Server API: user and room mentions). It names those who must act, and nobody else.
//!
//! An event takes at most 64 KiB as it goes over the wire (spec.matrix.org: size limits); encrypted it
//! grows by a third, and a change carries its text twice.

use crate::clock::SECOND_MS;
use crate::command::Verb;
use crate::policy::Lang;
use crate::say::Say;
use crate::view::{Action, CardView, EntryView, FormView, Line, Piece, View, hygiene};
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

/// The most that the two halves of a message take as JSON, in bytes.
pub const MOST_BYTES: usize = 30_000;
/// Of what a message says, so much is repeated outside of a change, for clients that know none.
const MOST_REPEATED: usize = 300;
/// An address longer than this, in bytes, is not linked.
const MOST_URL: usize = 2_000;
/// What a piece takes besides its text: tags around it.
const PIECE_BYTES: usize = 60;
/// What a line takes besides its pieces: a line end in both halves, a quote's tags and mark.
const LINE_BYTES: usize = 50;
/// Kept for the line that says that something was cut.
const NOTE_BYTES: usize = 600;
/// Kept for what can be typed.
const ACTIONS_BYTES: usize = 3_000;
/// People called by one message at most.
const MOST_CALLED: usize = 50;
/// Stands before each line of foreign text in the plain half. No `>`: clients take lines with it for a
/// reply's quotation, and hide them.
const MARK: &str = "▏ ";

/// What the renderer cannot know by itself.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// What commands begin with.
    pub prefix: &'a str,
    /// The words of a code in that language ([`crate::chat::Memory::words`]).
    pub say: &'a (dyn Fn(&Say) -> String + Send + Sync),
}

impl std::fmt::Debug for Ctx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ctx").field("lang", &self.lang).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// A message's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The plain half: notifications, clients without HTML.
    pub body: String,
    /// The same with looks.
    pub html: String,
    /// Whom it calls.
    pub calls: Vec<String>,
    /// Whether people are to be told of it at all.
    pub loud: bool,
}

impl Rendered {
    /// The content of a new `m.room.message`.
    #[must_use]
    pub fn content(&self) -> Value {
        json!({
            // Nobody is ever told of an m.notice, whoever it mentions.
            "msgtype": if self.loud || !self.calls.is_empty() { "m.text" } else { "m.notice" },
            "body": self.body,
            "format": "org.matrix.custom.html",
            "formatted_body": self.html,
            "m.mentions": mentions(&self.calls),
        })
    }

    /// The content of a change of the message `target`. Nobody is called a second time.
    #[must_use]
    pub fn replacing(&self, target: &str) -> Value {
        let mut whole = self.content();
        whole["m.mentions"] = json!({});
        json!({
            "msgtype": whole["msgtype"],
            "body": format!("* {}", hygiene::cap(&self.body, MOST_REPEATED)),
            "m.mentions": {},
            "m.new_content": whole,
            "m.relates_to": { "rel_type": "m.replace", "event_id": target },
        })
    }
}

/// Who is mentioned: an empty object says that nobody is.
fn mentions(calls: &[String]) -> Value {
    if calls.is_empty() { json!({}) } else { json!({ "user_ids": calls }) }
}

/// Puts a message's content into a thread, so that clients without threads show it as an answer to `root`.
pub fn in_thread(content: &mut Value, root: &str, latest: &str) {
    content["m.relates_to"] = json!({
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": true,
        "m.in_reply_to": { "event_id": latest },
    });
}

/// A sentence of our own, with nobody mentioned.
#[must_use]
pub fn sentence(text: &str, loud: bool) -> Rendered {
    let text = hygiene::strip(text);
    Rendered { html: escape(&text).replace('\n', "<br>"), body: text, calls: Vec::new(), loud }
}

/// A view as a message. A form is none: its lines are shown, and how it is typed.
#[must_use]
pub fn message(view: &View, ctx: &Ctx<'_>) -> Rendered {
    match view {
        View::Card(card) => self::card(card, ctx),
        View::Entry(entry) => self::entry(entry, ctx),
        View::Text(text) => {
            // Answers and lists are for whoever asked; of notices and reports everybody is told.
            let loud = text.code.starts_with("notice") || text.code == "digest";
            laid_out(&[], &text.lines, None, &[], loud, ctx)
        }
        View::Form(form) => self::form(form, ctx),
    }
}

fn card(card: &CardView, ctx: &Ctx<'_>) -> Rendered {
    let mut head = card.title.clone();
    head.push(Piece::Words(String::new()));
    let first = [ours(&head), ours(&card.who)];
    let rest: Vec<Line> = card.body.iter().chain(&card.facts).cloned().collect();
    laid_out(&first, &rest, typed(&card.actions, card.case, ctx), &[], true, ctx)
}

fn entry(entry: &EntryView, ctx: &Ctx<'_>) -> Rendered {
    let loud = matches!(entry.event.as_str(), "joined" | "dm_received");
    laid_out(&[], &entry.lines, typed(&entry.actions, entry.case, ctx), &entry.calls, loud, ctx)
}

fn form(form: &FormView, ctx: &Ctx<'_>) -> Rendered {
    let title = vec![Piece::Strong(form.title.clone())];
    let name = crate::command::table::row(form.verb).name;
    let how = format!("→ {}{name} {}", ctx.prefix, form.case);
    laid_out(&[title], &form.lines, Some(how), &[], false, ctx)
}

/// A line that is ours whatever stands in it: a lone handle is one word, and needs no mark.
fn ours(line: &Line) -> Line {
    std::iter::once(Piece::Words(String::new())).chain(line.iter().cloned()).collect()
}

/// What can be typed now; in the case's own thread its number is not needed, elsewhere it is.
fn typed(actions: &[Action], case: u64, ctx: &Ctx<'_>) -> Option<String> {
    let one = |a: &Action| match a.version.filter(|v| *v > 1 && a.verb == Verb::Approve) {
        Some(version) => format!("{}{} {case} {version}", ctx.prefix, a.typed),
        None => format!("{}{} {case}", ctx.prefix, a.typed),
    };
    (!actions.is_empty()).then(|| format!("→ {}", actions.iter().map(one).collect::<Vec<_>>().join(" · ")))
}

fn laid_out(first: &[Line], rest: &[Line], typed: Option<String>, calls: &[String], loud: bool, ctx: &Ctx<'_>) -> Rendered {
    let mut lines: Vec<Line> = Vec::new();
    let mut left = MOST_BYTES - NOTE_BYTES - ACTIONS_BYTES;
    let mut cut = false;
    for line in first.iter().chain(rest) {
        let (line, all) = fit(line, &mut left);
        lines.extend(line);
        if !all {
            cut = true;
            break;
        }
    }
    if cut {
        lines.push(vec![Piece::Words((ctx.say)(&Say::new("matrix-cut")))]);
    }
    lines.extend(typed.map(|t| vec![Piece::Words(hygiene::cap(&t, ACTIONS_BYTES / 12))]));
    let mut html = html(&lines, ctx.prefix);
    let mut body = plain(&lines, ctx.prefix);
    if body.trim().is_empty() {
        (html, body) = ("–".into(), "–".into());
    }
    // An id of another chat, or none at all, calls nobody.
    let is_id = |id: &&String| id.starts_with('@') && id.contains(':');
    Rendered { body, html, calls: calls.iter().filter(is_id).take(MOST_CALLED).cloned().collect(), loud }
}

/// As much of a line as `left` bytes hold; whether that is all of it.
fn fit(line: &Line, left: &mut usize) -> (Option<Line>, bool) {
    let Some(rest) = left.checked_sub(LINE_BYTES) else { return (None, false) };
    *left = rest;
    let mut out = Line::new();
    for piece in line {
        let cost = PIECE_BYTES + cost_of(piece);
        if let Some(rest) = left.checked_sub(cost) {
            *left = rest;
            out.push(piece.clone());
            continue;
        }
        out.extend(part(piece, left.saturating_sub(PIECE_BYTES)));
        *left = 0;
        return (Some(out), false);
    }
    (Some(out), true)
}

/// What a piece takes in both halves.
fn cost_of(piece: &Piece) -> usize {
    match piece {
        Piece::Words(words) | Piece::Strong(words) | Piece::Until { words, .. } => text_cost(words),
        Piece::Foreign(text) => text_cost(text.expose()),
        Piece::Link { label, url } => text_cost(label) + text_cost(url),
    }
}

fn text_cost(text: &str) -> usize {
    text.chars().map(char_cost).sum()
}

/// As HTML and as text, both inside JSON's quotation marks.
fn char_cost(c: char) -> usize {
    match c {
        '&' | '<' | '>' | '"' | '\'' | '\\' => 8,
        // With the tags and the prefix that belong to it.
        '`' => 24,
        c if c.is_control() => 12,
        c => 2 * c.len_utf8(),
    }
}

/// The beginning of a piece, with an ellipsis; a link is shown whole or not at all.
fn part(piece: &Piece, budget: usize) -> Option<Piece> {
    let cut = |text: &str| {
        let mut left = budget.saturating_sub(2 * '…'.len_utf8());
        let mut kept = String::new();
        for grapheme in text.graphemes(true) {
            let Some(rest) = left.checked_sub(text_cost(grapheme)) else { break };
            left = rest;
            kept.push_str(grapheme);
        }
        kept.truncate(kept.trim_end().len());
        kept.push('…');
        kept
    };
    match piece {
        Piece::Words(words) | Piece::Until { words, .. } => Some(Piece::Words(cut(words))),
        Piece::Strong(words) => Some(Piece::Strong(cut(words))),
        Piece::Foreign(text) => Some(Piece::Foreign(crate::post::Untrusted::new(cut(text.expose())))),
        Piece::Link { .. } => None,
    }
}

/// Whether all of a line is somebody else's.
fn is_foreign(line: &Line) -> bool {
    !line.is_empty() && line.iter().all(|p| matches!(p, Piece::Foreign(_)))
}

/// Our own words, in parts: whether each can be typed, with what commands begin with here in front of it then.
/// `` `claim 42` `` in a sentence is `!claim 42` here; what is no command is only set apart: `sereno check`.
fn parts(words: &str, prefix: &str) -> Vec<(bool, String)> {
    let words = clean(words);
    let is_marked = words.matches('`').count().is_multiple_of(2) && !words.split('`').skip(1).step_by(2).any(str::is_empty);
    if !is_marked {
        return vec![(false, words)];
    }
    let part = |(n, part): (usize, &str)| {
        let is_typed = n % 2 == 1;
        let first = part.split_whitespace().next().filter(|_| is_typed);
        let is_command = first.is_some_and(|word| crate::command::table::find(word).is_some());
        (is_typed, if is_command { format!("{prefix}{part}") } else { part.to_owned() })
    };
    words.split('`').enumerate().map(part).collect()
}

fn html_words(words: &str, prefix: &str) -> String {
    let part = |(is_typed, part): (bool, String)| {
        let part = escape(&part);
        if is_typed { format!("<code>{part}</code>") } else { part }
    };
    parts(words, prefix).into_iter().map(part).collect()
}

fn plain_words(words: &str, prefix: &str) -> String {
    parts(words, prefix).into_iter().map(|(is_typed, part)| if is_typed { format!("`{part}`") } else { part }).collect()
}

fn html(lines: &[Line], prefix: &str) -> String {
    let mut out = String::new();
    for group in lines.chunk_by(|a, b| is_foreign(a) == is_foreign(b)) {
        let text = group
            .iter()
            .map(|line| line.iter().map(|piece| html_piece(piece, prefix)).collect::<String>())
            .collect::<Vec<_>>()
            .join("<br>");
        if group.first().is_some_and(is_foreign) {
            out.push_str("<blockquote>");
            out.push_str(&text);
            out.push_str("</blockquote>");
        } else {
            // A quotation ends its line by itself.
            out.push_str(&text);
            if !group.last().is_some_and(|last| std::ptr::eq(last, lines.last().unwrap_or(last))) {
                out.push_str("<br>");
            }
        }
    }
    out
}

fn html_piece(piece: &Piece, prefix: &str) -> String {
    match piece {
        Piece::Words(words) => html_words(words, prefix),
        Piece::Until { words, at } => format!("{} ({})", escape(&clean(words)), moment(*at)),
        Piece::Strong(words) => format!("<strong>{}</strong>", html_words(words, prefix)),
        Piece::Foreign(text) => escape(&clean(text.expose())),
        Piece::Link { label, url } => match linked(label, url) {
            Some((label, url)) => format!("<a href=\"{}\">{}</a>", escape(&url), escape(&label)),
            None => escape(&clean(label)),
        },
    }
}

fn plain(lines: &[Line], prefix: &str) -> String {
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if is_foreign(line) {
            out.push_str(MARK);
        }
        line.iter().for_each(|piece| out.push_str(&plain_piece(piece, prefix)));
    }
    out
}

fn plain_piece(piece: &Piece, prefix: &str) -> String {
    match piece {
        Piece::Words(words) | Piece::Strong(words) => plain_words(words, prefix),
        Piece::Until { words, at } => format!("{} ({})", clean(words), moment(*at)),
        Piece::Foreign(text) => clean(text.expose()),
        Piece::Link { label, url } => match linked(label, url) {
            Some((label, url)) if url.contains(&label) => url,
            Some((label, url)) => format!("{label}: {url}"),
            None => clean(label),
        },
    }
}

/// `14:03:07 UTC`: what is posted does not count down, and Matrix shows no moment by the reader's own clock.
fn moment(at: crate::clock::Time) -> String {
    let seconds = crate::clock::Time(at.0.div_euclid(SECOND_MS).saturating_mul(SECOND_MS));
    seconds.to_jiff().strftime("%H:%M:%S UTC").to_string()
}

/// The label and address of a link, if it is one that may be shown.
fn linked(label: &str, url: &str) -> Option<(String, String)> {
    let (host, url) = hygiene::link(url).filter(|(_, url)| url.len() <= MOST_URL)?;
    let label = clean(label);
    Some((if label.trim().is_empty() { host } else { label }, url))
}

/// One line, without anything hidden. Cleaned again here: nothing that reaches a chat is taken on trust.
fn clean(text: &str) -> String {
    hygiene::strip(text).replace('\n', " ")
}

/// Text that HTML reads no markup out of.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
