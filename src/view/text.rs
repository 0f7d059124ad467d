//! Views as plain text for a terminal: wrapped, with marks before foreign lines, colours if wanted.
//!
//! Whatever a view holds, what comes out has no control character but line ends and our own
//! colours, every line is at most as wide as asked, and each line of foreign text begins with
//! [`MARK`], so that nobody can write a line that looks like ours.

use super::{Action, CardView, EntryView, FormView, Line, Piece, TextView, View, hygiene};
use crate::post::Untrusted;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Stands before each line of foreign text.
pub const MARK: &str = "▏ ";

/// How the text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns; at least [`Style::NARROWEST`].
    pub width: usize,
    /// Whether colours are put in (ANSI).
    pub colour: bool,
}

impl Style {
    /// The least width that text is wrapped to, in columns.
    pub const NARROWEST: usize = 30;
    /// Plain and not wrapped: for programs.
    pub const PLAIN: Style = Style { width: usize::MAX, colour: false };
}

/// How a run of characters looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    Plain,
    Strong,
    Foreign,
    Link,
    Dim,
}

impl Ink {
    /// The ANSI codes (ECMA-48, SGR).
    fn code(self) -> Option<&'static str> {
        match self {
            Ink::Plain => None,
            Ink::Strong => Some("1"),
            Ink::Foreign => Some("36"),
            Ink::Link => Some("4;34"),
            Ink::Dim => Some("2"),
        }
    }
}

/// A view as text, each line ended.
#[must_use]
pub fn render(view: &View, style: &Style) -> String {
    let mut out = String::new();
    for line in lines(view, style) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// A view as lines of text.
#[must_use]
pub fn lines(view: &View, style: &Style) -> Vec<String> {
    match view {
        View::Card(card) => self::card(card, style),
        View::Entry(entry) => self::entry(entry, style),
        View::Text(text) => self::text(text, style),
        View::Form(form) => self::form(form, style),
    }
}

/// A card, in a box that is open to the right.
#[must_use]
pub fn card(card: &CardView, style: &Style) -> Vec<String> {
    let mut out = Vec::new();
    let border = paint("│ ", Ink::Dim, style);
    let mut title = vec![Piece::Words("┌─ ".into())];
    title.extend(card.title.iter().cloned());
    out.extend(wrap(&title, "│  ", style));
    let inner = Style { width: style.width.saturating_sub(2).max(Style::NARROWEST), ..*style };
    let mut push = |line: &Line| out.extend(wrap(line, "  ", &inner).into_iter().map(|l| format!("{border}{l}")));
    // A lone handle is one word of foreign text, and needs no mark.
    let mut who = vec![Piece::Words(String::new())];
    who.extend(card.who.iter().cloned());
    push(&who);
    card.body.iter().chain(&card.facts).for_each(&mut push);
    if !card.actions.is_empty() {
        push(&vec![Piece::Words(actions(&card.actions, card.case))]);
    }
    out.push(paint("└─", Ink::Dim, style));
    out
}

/// A thread entry, each line with the number of its case.
#[must_use]
pub fn entry(entry: &EntryView, style: &Style) -> Vec<String> {
    let label = format!("#{} │ ", entry.case);
    let inner = Style { width: style.width.saturating_sub(label.width()).max(Style::NARROWEST), ..*style };
    let label = paint(&label, Ink::Dim, style);
    let mut out: Vec<String> = entry.lines.iter().flat_map(|l| wrap(l, "  ", &inner)).collect();
    if !entry.actions.is_empty() {
        let line = vec![Piece::Words(actions(&entry.actions, entry.case))];
        out.extend(wrap(&line, "  ", &inner));
    }
    out.into_iter().map(|l| format!("{label}{l}")).collect()
}

/// What an entry is about, on one line: what its change is shown as. Our own words of it, and
/// none of what somebody said.
#[must_use]
pub fn headline(entry: &EntryView, style: &Style) -> String {
    let label = paint(&format!("#{} │ ", entry.case), Ink::Dim, style);
    let said = |line: &&Line| line.iter().all(|p| matches!(p, Piece::Foreign(_)));
    let wide = Style { width: usize::MAX, ..*style };
    let ours: Vec<String> = entry.lines.iter().take_while(|l| !said(l)).map(|l| wrap(l, "  ", &wide).concat()).collect();
    format!("{label}{}", ours.join(" "))
}

/// Lines without a case.
#[must_use]
pub fn text(text: &TextView, style: &Style) -> Vec<String> {
    text.lines.iter().flat_map(|l| wrap(l, "  ", style)).collect()
}

/// A form: its title, what it shows, then the field and the answers kept ready, each behind its label.
#[must_use]
pub fn form(form: &FormView, style: &Style) -> Vec<String> {
    let words = |words: &str| Piece::Words(words.to_owned());
    let mut out = wrap(&vec![Piece::Strong(form.title.clone())], "  ", style);
    out.extend(form.lines.iter().flat_map(|l| wrap(l, "  ", style)));
    let texts = std::iter::once((&form.label, &form.text)).chain(form.canned.iter().map(|(label, text)| (label, text)));
    for (label, text) in texts {
        out.extend(wrap(&vec![words(&format!("{label}:"))], "  ", style));
        // Marked like any text that is not ours: it may hold anything.
        let lines = hygiene::lines(text).into_iter().filter(|_| !text.is_empty());
        out.extend(lines.flat_map(|l| wrap(&vec![Piece::Foreign(Untrusted::new(l))], "  ", style)));
    }
    let buttons = format!("[{}] [{}]", form.submit, form.cancel);
    out.extend(wrap(&vec![words(&buttons)], "  ", style));
    out
}

/// A case on one line: what a card's change is shown as.
#[must_use]
pub fn summary(card: &CardView, style: &Style) -> String {
    let mut line = card.title.clone();
    if let Some(status) = card.facts.first().and_then(|f| f.last()) {
        line.extend([Piece::Words(" · ".into()), status.clone()]);
    }
    wrap(&line, "  ", &Style { width: usize::MAX, ..*style }).concat()
}

/// What can be typed now.
fn actions(actions: &[Action], case: u64) -> String {
    // The first text of a case needs no number: there was no other to be read. Other commands take none.
    let version =
        |a: &Action| a.version.filter(|v| *v > 1 && a.verb == crate::command::Verb::Approve).map_or_else(String::new, |v| format!(" {v}"));
    format!("→ {}", actions.iter().map(|a| format!("{} {case}{}", a.typed, version(a))).collect::<Vec<_>>().join(" · "))
}

/// A line being filled: its runs, and how many columns they take.
#[derive(Default)]
struct Row {
    runs: Vec<(String, Ink)>,
    used: usize,
    /// Whether nothing but the indent stands in it.
    fresh: bool,
}

impl Row {
    fn new(indent: &str) -> Row {
        Row { runs: vec![(indent.to_owned(), Ink::Dim)], used: indent.width(), fresh: true }
    }

    fn put(&mut self, text: &str, ink: Ink) {
        self.used += text.width();
        self.fresh = false;
        match self.runs.last_mut().filter(|(_, last)| *last == ink) {
            Some((run, _)) => run.push_str(text),
            None => self.runs.push((text.to_owned(), ink)),
        }
    }

    /// Painted, without blanks at its end.
    fn finish(mut self, style: &Style) -> String {
        while let Some((run, _)) = self.runs.last_mut() {
            run.truncate(run.trim_end().len());
            if !run.is_empty() {
                break;
            }
            self.runs.pop();
        }
        self.runs.iter().map(|(run, ink)| paint(run, *ink, style)).collect()
    }
}

/// The longest rest of a command in backticks that is kept on one line, in bytes.
const COMMAND_MAX: usize = 40;

/// A line in as many as it needs; all but the first begin with `indent`, and foreign ones with [`MARK`].
fn wrap(line: &Line, indent: &str, style: &Style) -> Vec<String> {
    let foreign = !line.is_empty() && line.iter().all(|p| matches!(p, Piece::Foreign(_)));
    let (first, rest) = if foreign { (MARK, MARK) } else { ("", indent) };
    let width = style.width.max(Style::NARROWEST);
    let room = width.saturating_sub(rest.width());
    let mut rows = Vec::new();
    let mut row = Row::new(first);
    for (text, ink, whole) in line.iter().flat_map(pieces_of) {
        // A link goes to the next line with its label, if that is enough to keep it whole.
        if row.used + whole > width && whole <= room && !row.fresh {
            rows.push(std::mem::replace(&mut row, Row::new(rest)));
        }
        for word in words(&text) {
            if row.used + word.width() > width && !row.fresh {
                rows.push(std::mem::replace(&mut row, Row::new(rest)));
            }
            // A blank at which a line was broken is not shown.
            if row.fresh && !rows.is_empty() && word.trim().is_empty() {
                continue;
            }
            for piece in pieces(word, room) {
                if row.used + piece.width() > width && !row.fresh {
                    rows.push(std::mem::replace(&mut row, Row::new(rest)));
                }
                row.put(&piece, ink);
            }
        }
    }
    rows.push(row);
    rows.into_iter().map(|r| r.finish(style)).collect()
}

/// Words and the blanks between them, in their order.
fn words(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(blank) = rest.chars().next().map(char::is_whitespace) {
        let mut end = rest.find(|c: char| c.is_whitespace() != blank).unwrap_or(rest.len());
        // A command to be typed, `undo 3`, is read as one.
        while let Some((_, behind)) = rest.split_at_checked(end).filter(|(word, _)| word.matches('`').count() % 2 == 1) {
            let Some(close) = behind.find('`').filter(|n| *n <= COMMAND_MAX) else { break };
            let behind = behind.get(close + 1..).unwrap_or_default();
            end = rest.len() - behind.find(char::is_whitespace).map_or(0, |n| behind.len() - n);
        }
        let (word, behind) = rest.split_at(end);
        out.push(word);
        rest = behind;
    }
    out
}

/// A word that fits nowhere, in parts that do.
fn pieces(word: &str, width: usize) -> Vec<String> {
    if word.width() <= width {
        return vec![word.to_owned()];
    }
    let mut out = vec![String::new()];
    for grapheme in word.graphemes(true) {
        let full = out.last().is_some_and(|l| !l.is_empty() && l.width() + grapheme.width() > width);
        if full {
            out.push(String::new());
        }
        if let Some(last) = out.last_mut() {
            last.push_str(grapheme);
        }
    }
    out
}

/// A piece's runs, each with how many columns must stay together from there on.
fn pieces_of(piece: &Piece) -> Vec<(String, Ink, usize)> {
    let runs = runs(piece);
    let together = if matches!(piece, Piece::Link { .. }) { runs.iter().map(|(text, _)| text.width()).sum() } else { 0 };
    runs.into_iter().enumerate().map(|(i, (text, ink))| (text, ink, if i == 0 { together } else { 0 })).collect()
}

/// A piece as runs of clean text. Cleaned again here: nothing that reaches a terminal is taken on trust.
fn runs(piece: &Piece) -> Vec<(String, Ink)> {
    let clean = |text: &str| hygiene::strip(text).replace('\n', " ");
    match piece {
        Piece::Words(words) | Piece::Until { words, .. } => vec![(clean(words), Ink::Plain)],
        Piece::Strong(words) => vec![(clean(words), Ink::Strong)],
        Piece::Foreign(text) => vec![(clean(text.expose()), Ink::Foreign)],
        Piece::Link { label, url } => match hygiene::link(url) {
            Some((host, url)) if *label == host => vec![(clean(&url), Ink::Link)],
            Some((_, url)) => vec![(format!("{}: ", clean(label)), Ink::Plain), (clean(&url), Ink::Link)],
            None => vec![(clean(label), Ink::Plain)],
        },
    }
}

fn paint(text: &str, ink: Ink, style: &Style) -> String {
    match ink.code().filter(|_| style.colour && !text.trim().is_empty()) {
        Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        None => text.to_owned(),
    }
}
