//! Views as Block Kit: pure; no clock, no network.
//!
//! What people wrote elsewhere goes only where Slack shows text exactly as it is: text elements of
//! `rich_text` and `plain_text` without emoji. Nothing here is `mrkdwn`, so there is no markup in
//! which a mention, a link or a date could be written. The one exception is the message's own
//! `text` (notifications, screen readers): it is escaped, and Slack reads no mention out of what is
//! escaped. Links are [`Piece::Link`]s, checked once more; addresses inside foreign text stay text.
//!
//! Pictures are linked, not shown as image blocks: Slack fetches those when the message is posted,
//! and refuses the whole message when a stranger's server does not answer.
//!
//! Limits: docs.slack.dev/reference/block-kit (blocks, their texts and elements) and
//! docs.slack.dev/reference/methods/chat.postMessage (text). The whole of a message's blocks has a
//! limit that is not documented (`msg_blocks_too_long`, seen near 13,200 characters).

mod buttons;
mod fallback;
mod home;
mod modal;
mod rich;

pub use buttons::{MORE, PREFIX};
pub use home::{OF_OWN, OF_QUEUE, case_of, home};
pub use modal::{CANNED, FIELD, FORM, Typed, length, metadata, modal};

use crate::policy::Lang;
use crate::say::Say;
use crate::view::{CardView, EntryView, FormView, Line, Piece, TextView, View, hygiene};
use rich::Row;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

/// Blocks of a message (docs.slack.dev: `blocks`).
pub const MOST_BLOCKS: usize = 50;
/// The most that all blocks of a message take as JSON, in bytes: below where Slack was seen to refuse,
/// whether it counts characters or bytes.
pub const MOST_BYTES: usize = 12_000;
/// Characters of a message's `text`: what Slack advises (it cuts at 40,000).
pub const MOST_TEXT: usize = 4_000;
/// Characters of a header.
const MOST_HEADER: usize = 150;
/// Bytes kept for the line that says that something was cut, but for its link.
const NOTE_BYTES: usize = 900;
/// Bytes of a card's lines that are not what the customer wrote.
const FACTS_BYTES: usize = 3_500;
const WHO_BYTES: usize = 1_500;

/// What the renderer cannot know by itself.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The words of a code in that language ([`crate::chat::Memory::words`]).
    pub say: &'a (dyn Fn(&Say) -> String + Send + Sync),
}

impl std::fmt::Debug for Ctx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ctx").field("lang", &self.lang).finish_non_exhaustive()
    }
}

impl Ctx<'_> {
    fn get(&self, code: &str) -> String {
        (self.say)(&Say::new(code))
    }
}

/// A message's two halves.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// For notifications and screen readers: escaped, it never pings.
    pub text: String,
    /// An array of blocks within all limits.
    pub blocks: Value,
}

/// A view as a message. A form is no message: its lines are shown, its field is not.
#[must_use]
pub fn message(view: &View, ctx: &Ctx<'_>) -> Rendered {
    let (text, blocks) = match view {
        View::Card(card) => self::card(card, ctx),
        View::Entry(entry) => self::entry(entry, ctx),
        View::Text(text) => self::text(text, ctx),
        View::Form(form) => self::form(form, ctx),
    };
    // Slack refuses a message of nothing.
    let blocks = if blocks.is_empty() { vec![nothing()] } else { blocks };
    Rendered { text, blocks: Value::Array(blocks) }
}

fn card(card: &CardView, ctx: &Ctx<'_>) -> (String, Vec<Value>) {
    let header = header(&card.title);
    let buttons = buttons::of_card(&card.actions, card.case);
    let (who, who_cut) = rich::fit(vec![Row::ours(&card.who)], WHO_BYTES);
    let (facts, facts_cut) = rich::fit(rich::rows(&card.facts), FACTS_BYTES);
    let original = card.facts.iter().flatten().find_map(rich::linked);
    let fixed = [&header, &buttons].into_iter().flatten().map(bytes).sum::<usize>();
    let fixed = fixed + rich::cost(&who) + rich::cost(&facts) + note_bytes(original.as_ref());
    let (body, body_cut) = rich::fit(rich::rows(&card.body), MOST_BYTES.saturating_sub(fixed));
    let mut first = who;
    first.extend(body);
    if who_cut || body_cut || facts_cut {
        first.push(note(ctx, original));
    }
    let blocks = [header, rich::block(first), rich::block(facts), buttons];
    let mut lines = vec![&card.title, &card.who];
    lines.extend(&card.body);
    lines.extend(&card.facts);
    (fallback::text(lines), blocks.into_iter().flatten().collect())
}

fn entry(entry: &EntryView, ctx: &Ctx<'_>) -> (String, Vec<Value>) {
    let buttons = buttons::of_entry(&entry.actions, entry.case);
    let blocks = lines(&entry.lines, None, buttons, ctx);
    let text = fallback::text(entry.lines.iter());
    (format!("#{} · {text}", entry.case), blocks)
}

fn text(text: &TextView, ctx: &Ctx<'_>) -> (String, Vec<Value>) {
    // A report begins with its title.
    let (header, rest) = match text.lines.split_first() {
        Some((first, rest)) if text.code == "digest" && !rest.is_empty() && is_title(first) => (header(first), rest),
        _ => (None, text.lines.as_slice()),
    };
    (fallback::text(text.lines.iter()), lines(rest, header, None, ctx))
}

fn form(form: &FormView, ctx: &Ctx<'_>) -> (String, Vec<Value>) {
    let title = vec![Piece::Strong(form.title.clone())];
    let all = std::iter::once(&title).chain(&form.lines);
    (fallback::text(all), lines(&form.lines, header(&title), None, ctx))
}

/// Lines between what stands above and below them.
fn lines(lines: &[Line], above: Option<Value>, below: Option<Value>, ctx: &Ctx<'_>) -> Vec<Value> {
    let original = lines.iter().flatten().find_map(rich::linked);
    let fixed = [&above, &below].into_iter().flatten().map(bytes).sum::<usize>() + note_bytes(original.as_ref());
    let (mut rows, cut) = rich::fit(rich::rows(lines), MOST_BYTES.saturating_sub(fixed));
    if cut {
        rows.push(note(ctx, original));
    }
    [above, rich::block(rows), below].into_iter().flatten().collect()
}

/// Stands for what has no words at all.
fn nothing() -> Value {
    json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "–"}]}]})
}

/// At most what the line takes that says that something was cut.
fn note_bytes(original: Option<&(String, String)>) -> usize {
    NOTE_BYTES + original.map_or(0, |(label, url)| rich::json_bytes(label) + rich::json_bytes(url))
}

/// Says that something was cut, and where all of it stands, if anywhere.
fn note(ctx: &Ctx<'_>, original: Option<(String, String)>) -> Row {
    match original {
        Some((label, url)) => Row::note(&format!("{} ", ctx.get("slack-cut-see")), Some((label, url))),
        None => Row::note(&ctx.get("slack-cut"), None),
    }
}

fn is_title(line: &Line) -> bool {
    !line.is_empty() && line.iter().all(|p| matches!(p, Piece::Strong(_)))
}

fn header(line: &Line) -> Option<Value> {
    let text = fallback::plain(line);
    (!text.trim().is_empty()).then(|| object([("type", "header".into()), ("text", plain(&text, MOST_HEADER))]))
}

/// Text that Slack shows as it is.
fn plain(text: &str, max: usize) -> Value {
    object([("type", "plain_text".into()), ("text", cap(clean(text), max).into()), ("emoji", false.into())])
}

/// One line, without anything hidden. Cleaned again here: nothing that reaches a chat is taken on trust.
fn clean(text: &str) -> String {
    let clean = hygiene::strip(text);
    if clean.contains('\n') { clean.replace('\n', " ") } else { clean }
}

/// Cut to at most `max` characters by whichever count is the greatest (UTF-16's), graphemes whole.
fn cap(text: String, max: usize) -> String {
    let units = |text: &str| text.encode_utf16().count();
    // No text has more of UTF-16's units than bytes.
    if text.len() <= max || units(&text) <= max {
        return text;
    }
    let mut out = String::new();
    let mut used = 1;
    for grapheme in text.graphemes(true) {
        used += units(grapheme);
        if used > max {
            break;
        }
        out.push_str(grapheme);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// An object of these fields, which are moved into it: `json!` copies them, and all that is in them.
pub(in crate::chat::slack) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// At most what a block takes as JSON, with the comma behind it.
fn bytes(block: &Value) -> usize {
    1 + match block {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => 2 + rich::json_bytes(text),
        Value::Array(all) => 2 + all.iter().map(bytes).sum::<usize>(),
        Value::Object(all) => 2 + all.iter().map(|(name, value)| 3 + rich::json_bytes(name) + bytes(value)).sum::<usize>(),
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod checker;
#[cfg(test)]
mod tests;
