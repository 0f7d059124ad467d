//! Lines as one `rich_text` block: what is all foreign stands in a quote, so that nobody can write a
//! line that looks like ours.

use super::{cap, clean, object};
use crate::clock::SECOND_MS;
use crate::view::{Line, Piece, hygiene};
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

/// An address longer than this, in bytes, is not linked.
const MOST_URL: usize = 2_000;
/// Characters of what a link says.
const MOST_LABEL: usize = 300;
/// What an element takes besides its text and address, in bytes: keys, quotes, braces, its style.
const ELEMENT_BYTES: usize = 90;
/// What a section or quote takes besides its elements, and the block around them.
const SECTION_BYTES: usize = 60;
/// The ellipsis behind what was cut.
const ELLIPSIS_BYTES: usize = '…'.len_utf8();

/// A run of text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Span {
    /// Shown as it is.
    Text { text: String, bold: bool },
    /// Our words, and where they lead.
    Link { text: String, url: String },
    /// A moment, by the reader's own clock: seconds since 1970, and what old clients show.
    Moment { at: i64, text: String },
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    quoted: bool,
    spans: Vec<Span>,
}

impl Row {
    /// A line; quoted if all of it is foreign.
    fn of(line: &Line) -> Row {
        let quoted = !line.is_empty() && line.iter().all(|p| matches!(p, Piece::Foreign(_)));
        Row { quoted, ..Row::ours(line) }
    }

    /// A line that is ours whatever stands in it: a lone handle is one word, and needs no mark.
    pub fn ours(line: &Line) -> Row {
        Row { quoted: false, spans: joined(line.iter().flat_map(piece)) }
    }

    /// Our words, and a link behind them.
    pub fn note(words: &str, link: Option<(String, String)>) -> Row {
        let mut spans = vec![Span::Text { text: clean(words), bold: false }];
        spans.extend(link.map(|(text, url)| Span::Link { text, url }));
        Row { quoted: false, spans }
    }
}

/// Lines as rows.
pub fn rows(lines: &[Line]) -> Vec<Row> {
    lines.iter().map(Row::of).collect()
}

/// The label and address of a link, if the piece is one that may be shown.
pub fn linked(piece: &Piece) -> Option<(String, String)> {
    let Piece::Link { label, url } = piece else { return None };
    let (host, url) = hygiene::link(url).filter(|(_, url)| url.len() <= MOST_URL)?;
    let label = cap(clean(label), MOST_LABEL);
    Some((if label.trim().is_empty() { host } else { label }, url))
}

fn piece(piece: &Piece) -> Vec<Span> {
    let text = |text: &str, bold| Span::Text { text: clean(text), bold };
    match piece {
        Piece::Words(words) => vec![text(words, false)],
        // `10 s (14:03:07)`: what is posted does not count down.
        Piece::Until { words, at } => {
            let moment = Span::Moment { at: at.0.div_euclid(SECOND_MS), text: at.to_jiff().strftime("%H:%M:%S UTC").to_string() };
            vec![text(&format!("{words} ("), false), moment, text(")", false)]
        }
        Piece::Strong(words) => vec![text(words, true)],
        Piece::Foreign(foreign) => vec![text(foreign.expose(), false)],
        Piece::Link { label, .. } => vec![match linked(piece) {
            Some((label, url)) => Span::Link { text: label, url },
            None => text(label, false),
        }],
    }
}

/// At most what rows take as JSON.
pub fn cost(rows: &[Row]) -> usize {
    rows.iter().map(row_cost).sum()
}

fn row_cost(row: &Row) -> usize {
    // Each row may begin a section of its own.
    SECTION_BYTES + ELEMENT_BYTES + row.spans.iter().map(span_cost).sum::<usize>()
}

fn span_cost(span: &Span) -> usize {
    ELEMENT_BYTES
        + match span {
            Span::Text { text, .. } => json_bytes(text),
            Span::Link { text, url } => json_bytes(text) + json_bytes(url),
            Span::Moment { text, .. } => json_bytes(text),
        }
}

/// At most what a text takes inside JSON's quotation marks.
pub fn json_bytes(text: &str) -> usize {
    text.chars().map(char_bytes).sum()
}

fn char_bytes(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    }
}

/// As many rows as `budget` bytes hold, the last perhaps in part; and whether anything was left out.
pub fn fit(rows: Vec<Row>, budget: usize) -> (Vec<Row>, bool) {
    let mut left = budget;
    let mut out = Vec::new();
    for row in rows {
        let cost = row_cost(&row);
        if cost <= left {
            left -= cost;
            out.push(row);
            continue;
        }
        out.extend(part(row, left));
        return (out, true);
    }
    (out, false)
}

/// The beginning of a row, with an ellipsis.
fn part(row: Row, budget: usize) -> Option<Row> {
    let mut left = budget.checked_sub(SECTION_BYTES + 2 * ELEMENT_BYTES + ELLIPSIS_BYTES)?;
    let mut spans = Vec::new();
    for span in row.spans {
        let cost = span_cost(&span);
        if cost <= left {
            left -= cost;
            spans.push(span);
            continue;
        }
        if let Span::Text { text, bold } = span {
            let mut kept = String::new();
            for grapheme in text.graphemes(true) {
                let Some(rest) = left.checked_sub(json_bytes(grapheme)) else { break };
                left = rest;
                kept.push_str(grapheme);
            }
            kept.truncate(kept.trim_end().len());
            spans.push(Span::Text { text: kept, bold });
        }
        break;
    }
    spans.push(Span::Text { text: "…".into(), bold: false });
    Some(Row { quoted: row.quoted, spans })
}

/// The rows as a block; `None`: there is nothing to be seen in them.
pub fn block(rows: Vec<Row>) -> Option<Value> {
    let mut elements = Vec::new();
    let mut rows = rows.into_iter().peekable();
    while let Some(Row { quoted, spans }) = rows.next() {
        // The rows that stand together, a line end between two of them.
        let mut group = spans;
        while let Some(next) = rows.next_if(|r| r.quoted == quoted) {
            group.push(Span::Text { text: "\n".into(), bold: false });
            group.extend(next.spans);
        }
        let seen = |s: &Span| match s {
            Span::Text { text, .. } | Span::Link { text, .. } | Span::Moment { text, .. } => !text.trim().is_empty(),
        };
        if group.iter().any(seen) {
            let kind = if quoted { "rich_text_quote" } else { "rich_text_section" };
            let spans = joined(group.into_iter()).into_iter().map(element).collect();
            elements.push(object([("type", kind.into()), ("elements", Value::Array(spans))]));
        }
    }
    (!elements.is_empty()).then(|| object([("type", "rich_text".into()), ("elements", Value::Array(elements))]))
}

/// Neighbours of one look as one; empty ones left out, which Slack refuses.
fn joined(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        match (out.last_mut(), span) {
            (_, Span::Text { text, .. }) if text.is_empty() => {}
            (Some(Span::Text { text: last, bold }), Span::Text { text, bold: same }) if *bold == same => last.push_str(&text),
            (_, span) => out.push(span),
        }
    }
    out
}

fn element(span: Span) -> Value {
    match span {
        Span::Text { text, bold: false } => object([("type", "text".into()), ("text", text.into())]),
        Span::Text { text, bold: true } => {
            object([("type", "text".into()), ("text", text.into()), ("style", object([("bold", true.into())]))])
        }
        Span::Link { text, url } => object([("type", "link".into()), ("url", url.into()), ("text", text.into())]),
        Span::Moment { at, text } => {
            object([("type", "date".into()), ("timestamp", at.into()), ("format", "{time_secs}".into()), ("fallback", text.into())])
        }
    }
}
