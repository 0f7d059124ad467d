//! From a line of text to a [`Command`]. Pure; any text at all gives a command or a refusal.
//!
//! `reply 42 We are on it`, `!responder #42 Estamos en ello`, `@sereno claim` in a thread,
//! `/case snooze 42 2h`. What follows the case's number goes on word for word.

use super::{Args, Command, Door, Filter, Period, Row, Takes, snooze, table};
use crate::case::refusal::Refusal;
use crate::case::{CaseId, Priority};
use crate::clock::{DAY_MS, HOUR_MS, MINUTE_MS};
use crate::intake::fold;
use crate::policy::{AgentId, Lang, Person, Role, RoomId};
use std::collections::BTreeMap;
use unicode_normalization::char::is_combining_mark;

/// What the chat knows about a line.
#[derive(Clone, Debug)]
pub struct Meta<'a> {
    /// The chat's id of it.
    pub id: String,
    /// Who said it.
    pub by: AgentId,
    /// Through what.
    pub door: Door,
    /// In which room.
    pub room: RoomId,
    /// In which thread.
    pub thread: Option<String>,
    /// The language of the answer.
    pub lang: Lang,
    /// The team.
    pub people: &'a BTreeMap<AgentId, Person>,
}

/// The longest label, in characters.
const MAX_TAG: usize = 40;
/// How many colleagues a refusal names.
const MOST_NAMES: usize = 30;

/// Makes a command of `line`. A bare number in front of text is a case's number outside of threads
/// only; in a thread, where the case is plain, it belongs to the text unless written `#2`.
pub fn parse(line: &str, meta: Meta<'_>) -> Result<Command, Refusal> {
    let (name, rest) = verb_word(line);
    if name.is_empty() {
        return Err(Refusal::Usage("help".into()));
    }
    let row = row_of(name)?;
    let in_thread = meta.thread.is_some();
    let (case, rest) = if row.on_case { leading_case(rest, row, in_thread) } else { (None, rest) };
    let (case, args) = if row.takes == Takes::Case {
        pair(case, rest, row, in_thread)?
    } else {
        if row.on_case && case.is_none() && !in_thread {
            let (word, _) = first_word(rest);
            return Err(if is_like_number(word) { Refusal::NotACase(row.name.into(), brief(word)) } else { Refusal::WhichCase });
        }
        (case, args(row, rest.trim(), &meta)?)
    };
    Ok(command(row, case, args, meta))
}

/// Makes a command of parts that a program names one by one: no case's number is ever looked for in
/// `text`, which goes on as it is.
pub fn fields(verb: &str, case: Option<CaseId>, text: &str, meta: Meta<'_>) -> Result<Command, Refusal> {
    let row = row_of(verb)?;
    let text = text.trim();
    if !row.on_case
        && let Some(case) = case
    {
        return Err(Refusal::TooMuch(row.name.into(), format!("#{}", case.0)));
    }
    // In a thread, a number alone could be that of the thread's own case (`Command::with_own_number`).
    let worded = matches!(row.takes, Takes::Text | Takes::MaybeText);
    if row.on_case && case.is_none() && (meta.thread.is_none() || (worded && number(text).is_some())) {
        return Err(Refusal::WhichCase);
    }
    let args = if row.takes == Takes::Case { Args::Case(other_case(text, row)?) } else { args(row, text, &meta)? };
    Ok(command(row, case, args, meta))
}

fn command(row: &Row, case: Option<CaseId>, args: Args, meta: Meta<'_>) -> Command {
    let Meta { id, by, door, room, thread, lang, .. } = meta;
    Command { id, by, door, room, thread, lang, verb: row.verb, case, args }
}

fn row_of(name: &str) -> Result<&'static Row, Refusal> {
    let found = if name == "?" { table::find("help") } else { table::find(name) };
    found.ok_or_else(|| Refusal::UnknownVerb(brief(name), table::nearest(name).map(str::to_owned)))
}

/// Whether somebody meant a number by it: `-1`, `99999999999999999999`.
fn is_like_number(word: &str) -> bool {
    let digits = word.trim_start_matches(['#', '-', '+']).trim_end_matches([':', ',']);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Takes off what calls the bot (`!`, `/case`, `@sereno`), and gives the verb and all after it.
fn verb_word(line: &str) -> (&str, &str) {
    let mut rest = line;
    loop {
        let (word, after) = first_word(rest);
        let bare = word.trim_start_matches(['!', '/', '@']).trim_end_matches([':', ',']);
        let calls = matches!(fold(bare).as_str(), "sereno" | "case" | "caso" | "");
        if word.is_empty() || !calls {
            // `claim#42`: the number may stand close.
            return match bare.split_once('#') {
                Some((verb, _)) if !verb.is_empty() => (verb, after_char(rest, '#')),
                _ => (bare, after),
            };
        }
        rest = after;
    }
}

/// The rest of `text` from the first `c` on.
fn after_char(text: &str, c: char) -> &str {
    text.find(c).and_then(|at| text.get(at..)).unwrap_or_default()
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Enough of a word to recognise it by.
fn brief(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(40).collect()
}

fn leading_case<'a>(rest: &'a str, row: &Row, in_thread: bool) -> (Option<CaseId>, &'a str) {
    let (word, after) = first_word(rest);
    let worded = !matches!(row.takes, Takes::Nothing | Takes::Version | Takes::Person | Takes::Priority | Takes::Case);
    match number(word) {
        Some((id, marked)) if marked || !in_thread || !worded => (Some(id), after),
        _ => (None, rest),
    }
}

/// `#42`, `42`, `42:` as a case's number, and whether it was marked by `#`.
fn number(word: &str) -> Option<(CaseId, bool)> {
    let word = word.trim_end_matches([':', ',']);
    let digits = word.strip_prefix('#').unwrap_or(word);
    let plain = !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok().map(|n| (CaseId(n), digits.len() < word.len())) } else { None }
}

/// The two cases of `merge` and `link`: `42 43`, or in a thread the other one alone.
fn pair(first: Option<CaseId>, rest: &str, row: &Row, in_thread: bool) -> Result<(Option<CaseId>, Args), Refusal> {
    let first = match first {
        Some(first) => first,
        None if rest.trim().is_empty() => return Err(Refusal::Usage(row.name.into())),
        None => return Err(Refusal::NotACase(row.name.into(), brief(first_word(rest).0))),
    };
    if in_thread && !rest.split_whitespace().any(is_no_filler) {
        return Ok((None, Args::Case(first)));
    }
    Ok((Some(first), Args::Case(other_case(rest, row)?)))
}

/// The one case that is named in `text`.
fn other_case(text: &str, row: &Row) -> Result<CaseId, Refusal> {
    let named: Vec<&str> = text.split_whitespace().filter(|w| is_no_filler(w)).collect();
    match named.as_slice() {
        [] => Err(Refusal::Usage(row.name.into())),
        [other] => number(other).map(|(other, _)| other).ok_or_else(|| Refusal::NotACase(row.name.into(), brief(other))),
        [_, extra, ..] => Err(Refusal::TooMuch(row.name.into(), brief(extra))),
    }
}

fn is_no_filler(word: &str) -> bool {
    !matches!(fold(word).as_str(), "into" | "in" | "with" | "and" | "en" | "con" | "y" | "a" | "to")
}

fn args(row: &Row, rest: &str, meta: &Meta<'_>) -> Result<Args, Refusal> {
    let usage = || Refusal::Usage(row.name.into());
    let too_much = || Refusal::TooMuch(row.name.into(), brief(rest));
    let other = || Refusal::NotOneOf(row.name.into(), brief(rest));
    let optional = matches!(row.takes, Takes::Nothing | Takes::MaybeText | Takes::Version | Takes::Period | Takes::Filter | Takes::Topic);
    if rest.is_empty() {
        return match row.takes {
            Takes::Period => Ok(Args::Period(Period::default())),
            Takes::Filter => Ok(Args::Filter(Filter::default(), 1)),
            _ if optional => Ok(Args::None),
            _ => Err(usage()),
        };
    }
    match row.takes {
        Takes::Nothing | Takes::Case => Err(too_much()),
        Takes::Text | Takes::MaybeText => Ok(Args::Text(rest.to_owned())),
        Takes::Person => person(rest, meta).map(|id| Args::Person(id.0)),
        Takes::Tag => tag(rest).ok_or_else(|| Refusal::BadLabel(brief(rest), MAX_TAG)),
        Takes::Priority => priority(rest).map(Args::Priority).ok_or_else(other),
        Takes::For => duration(rest).map(Args::For).ok_or_else(|| Refusal::BadTime(brief(rest))),
        Takes::Period => period(rest).map(Args::Period).ok_or_else(other),
        Takes::Filter => page_of(rest).and_then(|(which, page)| Some(Args::Filter(filter(which)?, page))).ok_or_else(other),
        Takes::Version => version(rest).map(Args::Version).ok_or_else(too_much),
        Takes::Topic => {
            let name = rest.trim_start_matches(['!', '/']);
            if super::help::is_all(name) {
                return Ok(Args::Topic(super::help::ALL.to_owned()));
            }
            let found = table::find(name).ok_or_else(|| Refusal::UnknownVerb(brief(name), table::nearest(name).map(str::to_owned)))?;
            Ok(Args::Topic(found.name.to_owned()))
        }
    }
}

/// A colleague: oneself, an id of `[people]`, a chat's mention, or a name that only one has.
fn person(typed: &str, meta: &Meta<'_>) -> Result<AgentId, Refusal> {
    let unknown = || Refusal::UnknownPerson(brief(typed), workers(meta.people));
    if matches!(fold(typed).as_str(), "me" | "myself" | "yo" | "mi" | "a mi") || typed == meta.by.as_str() {
        return Ok(meta.by.clone());
    }
    if let Some((id, _)) = meta.people.get_key_value(&AgentId::from(typed)) {
        return Ok(id.clone());
    }
    // Slack writes a mention as `<@U123>` or `<@U123|ana>`; a Matrix id is `@ana:example.org`.
    if let Some(inner) = typed.strip_prefix("<@").and_then(|t| t.strip_suffix('>')) {
        let id = inner.split('|').next().unwrap_or_default();
        return if id.is_empty() { Err(unknown()) } else { Ok(AgentId::from(id)) };
    }
    if typed.starts_with('@') && typed.contains(':') && !typed.contains(char::is_whitespace) {
        return Ok(AgentId::from(typed));
    }
    let wanted = fold(typed.trim_start_matches('@'));
    let only = |fits: &dyn Fn(&str) -> bool| {
        let mut found = meta.people.iter().filter(|(_, p)| fits(&fold(&p.name))).map(|(id, _)| id.clone());
        found.next().filter(|_| found.next().is_none())
    };
    only(&|name| name == wanted).or_else(|| only(&|name| name.split_whitespace().next() == Some(wanted.as_str()))).ok_or_else(unknown)
}

/// The names of those who can take cases, for whoever mistyped one.
pub(super) fn workers(people: &BTreeMap<AgentId, Person>) -> Vec<String> {
    let named = people.iter().filter(|(_, p)| p.role >= Role::Agent);
    named.map(|(id, p)| if p.name.is_empty() { id.0.clone() } else { p.name.clone() }).take(MOST_NAMES).collect()
}

fn tag(typed: &str) -> Option<Args> {
    let off = typed.starts_with('-');
    let plain = typed.trim_start_matches(['-', '#', ' ']).to_lowercase();
    let label = plain.split_whitespace().collect::<Vec<_>>().join("-");
    // A word of any script: marks belong to their letters.
    let in_word = |c: char| c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '-' | '_');
    let begins = label.chars().next().is_some_and(char::is_alphanumeric);
    let fits = begins && label.chars().count() <= MAX_TAG && label.chars().all(in_word);
    fits.then_some(Args::Tag(label, off))
}

fn version(typed: &str) -> Option<u32> {
    typed.strip_prefix(['#', 'v']).unwrap_or(typed).parse().ok()
}

fn priority(typed: &str) -> Option<Priority> {
    Some(match fold(typed).as_str() {
        "low" | "baja" | "bajo" => Priority::Low,
        "normal" => Priority::Normal,
        "high" | "alta" | "alto" => Priority::High,
        "urgent" | "urgente" => Priority::Urgent,
        _ => return None,
    })
}

fn period(typed: &str) -> Option<Period> {
    Some(match fold(typed).as_str() {
        "today" | "hoy" => Period::Today,
        "yesterday" | "ayer" => Period::Yesterday,
        "week" | "weekly" | "semana" | "semanal" | "la semana" => Period::Week,
        date => Period::Day(iso_day(date)?),
    })
}

/// `2026-11-20`; in any other order nobody knows which is the month.
fn iso_day(typed: &str) -> Option<jiff::civil::Date> {
    typed.parse().ok().filter(|date: &jiff::civil::Date| date.to_string() == typed)
}

/// `mine 2` as `mine` and 2; without a number the first page. `None`: no page has that number.
fn page_of(typed: &str) -> Option<(&str, u32)> {
    let (before, last) = typed.rsplit_once(char::is_whitespace).unwrap_or(("", typed));
    if !last.bytes().all(|b| b.is_ascii_digit()) {
        return Some((typed, 1));
    }
    let before = before.trim_end();
    let (filter, word) = before.rsplit_once(char::is_whitespace).unwrap_or(("", before));
    let filter = if matches!(fold(word).as_str(), "page" | "pagina") { filter.trim_end() } else { before };
    last.parse().ok().filter(|page| *page > 0).map(|page| (filter, page))
}

fn filter(typed: &str) -> Option<Filter> {
    Some(match fold(typed).as_str() {
        "" | "open" | "all" | "abierto" | "abiertos" | "abiertas" | "todos" => Filter::Open,
        "mine" | "my" | "mios" | "mias" | "mis casos" => Filter::Mine,
        "unclaimed" | "free" | "libre" | "libres" | "sin dueno" => Filter::Unclaimed,
        "spam" | "hidden" | "quarantine" | "basura" | "ocultos" | "cuarentena" => Filter::Spam,
        _ => return None,
    })
}

/// A length of time in milliseconds, within what `snooze` takes: `2h`, `1 h 30 min`, `media hora`,
/// `1,5 días`.
#[must_use]
pub fn duration(typed: &str) -> Option<i64> {
    let text = fold(typed);
    let mut total: i64 = 0;
    // Hundredths of the unit to come.
    let mut amount: Option<i64> = None;
    let mut last_unit = 0;
    let mut rest = text.as_str();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '+');
        if rest.is_empty() {
            break;
        }
        let end_of = |numeric: bool| {
            let stops = move |c: char| c.is_whitespace() || (c.is_ascii_digit() || c == '.' || c == ',') != numeric;
            rest.find(stops).unwrap_or(rest.len())
        };
        let numeric = rest.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',');
        let (token, after) = rest.split_at_checked(end_of(numeric))?;
        rest = after;
        if numeric {
            match (hundredths(token), amount) {
                (Some(n), None) => amount = Some(n),
                (None, _) if token == "," => {}
                _ => return None,
            }
            continue;
        }
        match (token, amount) {
            ("and" | "y" | "de" | "for" | "durante", _) => {}
            ("half" | "media" | "medio", None) => amount = Some(50),
            ("a" | "an" | "un" | "una" | "one", Some(50)) => {}
            ("a" | "an" | "un" | "una" | "one", None) => amount = Some(100),
            (_, Some(n)) => {
                last_unit = unit(token)?;
                total = total.checked_add(n.checked_mul(last_unit)? / 100)?;
                amount = None;
            }
            _ => return None,
        }
    }
    // `una hora y media`.
    if amount == Some(50) && last_unit > 0 {
        total = total.checked_add(last_unit / 2)?;
        amount = None;
    }
    (amount.is_none() && (snooze::SHORTEST_MS..=snooze::LONGEST_MS).contains(&total)).then_some(total)
}

fn unit(word: &str) -> Option<i64> {
    Some(match word {
        "m" | "min" | "mins" | "minute" | "minutes" | "minuto" | "minutos" => MINUTE_MS,
        "h" | "hr" | "hrs" | "hour" | "hours" | "hora" | "horas" => HOUR_MS,
        "d" | "day" | "days" | "dia" | "dias" => DAY_MS,
        "w" | "week" | "weeks" | "sem" | "semana" | "semanas" => 7 * DAY_MS,
        _ => return None,
    })
}

/// `2` as 200, `1,5` as 150.
fn hundredths(token: &str) -> Option<i64> {
    let (whole, part) = token.split_once(['.', ',']).unwrap_or((token, ""));
    if whole.is_empty() || whole.len() > 6 || part.len() > 2 {
        return None;
    }
    let part = if part.is_empty() { 0 } else { part.parse::<i64>().ok()? * if part.len() == 1 { 10 } else { 1 } };
    Some(whole.parse::<i64>().ok()? * 100 + part)
}

#[cfg(test)]
mod tests;
