//! What X takes for a link: twitter-text's regular expressions, as one pass over units of UTF-16.
//!
//! They look ahead, and go back without bound on some texts; here each piece is found once. A domain is the longest run
//! of labels that ends in a top-level domain; path and query reach to the last character that may end them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A link with more is none.
const MAX_LINK: usize = 4_096;
/// What is added to a link without protocol before that is held to [`MAX_LINK`].
const PROTOCOL: usize = "https://".len();
/// A link to t.co with a longer name is none.
const MAX_SHORT: usize = 40;
/// The longest label of a domain.
const MAX_LABEL: usize = 63;

/// Top-level domains by their first unit, in the order in which they are tried.
static TLDS: LazyLock<BTreeMap<u16, Vec<Vec<u16>>>> = LazyLock::new(|| {
    let mut tlds: BTreeMap<u16, Vec<Vec<u16>>> = BTreeMap::new();
    for tld in include_str!("tlds.txt").lines() {
        let units: Vec<u16> = tld.encode_utf16().map(upper).collect();
        tlds.entry(units.first().copied().unwrap_or_default()).or_default().push(units);
    }
    tlds
});

/// Latin letters with accents, and their marks: what domains and paths may hold besides ASCII.
static LATIN: LazyLock<BTreeSet<u16>> = LazyLock::new(|| {
    let singles = [0x253, 0x254, 0x256, 0x257, 0x259, 0x25B, 0x263, 0x268, 0x26F, 0x272, 0x289, 0x28B, 0x2BB];
    let ranges = [0xC0..=0xD6, 0xD8..=0xF6, 0xF8..=0xFF, 0x100..=0x24F, 0x300..=0x36F, 0x1E00..=0x1EFF];
    ranges.into_iter().flatten().chain(singles).map(upper).collect()
});

/// Of those and Cyrillic, which paths may hold too.
static LETTERS: LazyLock<BTreeSet<u16>> = LazyLock::new(|| LATIN.iter().copied().chain((0x400..=0x4FF).map(upper)).collect());

/// As regular expressions of ECMAScript without the flag `u` compare: one unit, its own upper case if that is one unit,
/// and never from outside of ASCII into it.
fn upper(unit: u16) -> u16 {
    let Some(c) = char::from_u32(u32::from(unit)) else { return unit };
    let mut upper = c.to_uppercase();
    match (upper.next().and_then(|u| u16::try_from(u32::from(u)).ok()), upper.next()) {
        (Some(one), None) if unit < 128 || one >= 128 => one,
        _ => unit,
    }
}

/// The links of `text`: where each begins, and how long it is.
pub(super) fn links(text: &[u16]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    if !text.contains(&u16::from(b'.')) {
        return found;
    }
    let domains = domains(text);
    let mut from = 0;
    while let Some(candidate) = (from..text.len()).find_map(|at| candidate(text, at, &domains)) {
        from = candidate.end;
        found.extend(candidate.links(text));
    }
    found
}

/// What may be a link.
struct Candidate {
    /// What stands before it, if anything does.
    before: Option<u16>,
    start: usize,
    /// Where its domain begins: after the protocol.
    domain: usize,
    domain_end: usize,
    has_path: bool,
    end: usize,
}

/// The link that begins at `at`, or after the character that stands there.
fn candidate(text: &[u16], at: usize, domains: &[Option<usize>]) -> Option<Candidate> {
    let before = *text.get(at)?;
    let after =
        may_precede(before).then(|| link_at(text, at + 1, domains).map(|link| Candidate { before: Some(before), ..link })).flatten();
    after.or_else(|| if at == 0 { link_at(text, 0, domains) } else { None })
}

fn link_at(text: &[u16], start: usize, domains: &[Option<usize>]) -> Option<Candidate> {
    let ends = |at: usize| domains.get(at).copied().flatten();
    let (domain, domain_end) = match protocol(text, start).and_then(|p| ends(p).map(|end| (p, end))) {
        Some(found) => found,
        None => (start, ends(start)?),
    };
    let port = port(text, domain_end);
    let path = path(text, port);
    let end = query(text, path);
    Some(Candidate { before: None, start, domain, domain_end, has_path: path > port, end })
}

impl Candidate {
    /// Where it begins, and its length. Without protocol: every domain within it that could stand for itself.
    fn links(&self, text: &[u16]) -> Vec<(usize, usize)> {
        let domain = text.get(self.domain..self.domain_end).unwrap_or_default();
        let has_protocol = self.domain > self.start;
        let length = self.end - self.start;
        if !is_name(domain) || length + if has_protocol { protocol_length(self) } else { PROTOCOL } > MAX_LINK {
            return Vec::new();
        }
        if has_protocol {
            let url = text.get(self.start..self.end).unwrap_or_default();
            return match short(url, self.domain - self.start) {
                None => vec![(self.start, length)],
                Some((name, _)) if name > MAX_SHORT => Vec::new(),
                Some((_, length)) => vec![(self.start, length)],
            };
        }
        if self.before.is_some_and(|b| is_any(b, "-_./")) {
            return Vec::new();
        }
        let mut links = Vec::new();
        let mut from = 0;
        for (start, end) in plain_domains(domain) {
            let plain = domain.get(start..end).unwrap_or_default();
            // The library looks it up by its letters, and may find the same ones further ahead.
            let at = domain.get(from..).unwrap_or_default().windows(plain.len()).position(|w| w == plain).map_or(start, |at| from + at);
            from = at + plain.len();
            links.push((self.start + at, plain.len()));
        }
        if let Some((_, last)) = links.last_mut().filter(|_| self.has_path) {
            *last += length - domain.len();
        }
        links
    }
}

/// How long the protocol is: the library counts it twice.
fn protocol_length(link: &Candidate) -> usize {
    link.domain - link.start
}

/// The end of `http://` or `https://` at `at`.
fn protocol(text: &[u16], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    ["https://", "http://"].into_iter().find(|p| begins(rest, p)).map(|p| at + p.len())
}

fn begins(text: &[u16], ascii: &str) -> bool {
    text.len() >= ascii.len() && text.iter().zip(ascii.bytes()).all(|(u, a)| upper(*u) == u16::from(a.to_ascii_uppercase()))
}

/// Of each place the end of the longest domain that begins there.
fn domains(text: &[u16]) -> Vec<Option<usize>> {
    chains(text, |unit| is_label(unit) || is_any(unit, "_-"), is_label)
}

/// Of each place the end of the longest chain of labels, each with a dot behind it, and a top-level domain. Labels are
/// made of `inner` and begin and end with `edge`; the last holds no underscore.
fn chains(text: &[u16], inner: impl Fn(u16) -> bool, edge: impl Fn(u16) -> bool) -> Vec<Option<usize>> {
    let mut ends = vec![None; text.len()];
    // Of the label that goes on from here: its end; and where the next underscore is.
    let (mut label_end, mut underscore) = (text.len(), text.len());
    for at in (0..text.len()).rev() {
        let unit = text.get(at).copied().unwrap_or_default();
        if !inner(unit) {
            label_end = at;
        }
        if is_any(unit, "_") {
            underscore = at;
        }
        let is_label = edge(unit) && label_end > at && text.get(label_end - 1).is_some_and(|last| edge(*last));
        if !is_label || text.get(label_end) != Some(&u16::from(b'.')) {
            continue;
        }
        let further = ends.get(label_end + 1).copied().flatten();
        let end = further.or_else(|| if underscore < label_end { None } else { tld(text, label_end + 1) });
        if let Some(place) = ends.get_mut(at) {
            *place = end;
        }
    }
    ends
}

/// The end of the top-level domain at `at`.
fn tld(text: &[u16], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let fits = |tld: &&Vec<u16>| {
        let same = rest.len() >= tld.len() && rest.iter().zip(tld.iter()).all(|(u, t)| upper(*u) == *t);
        same && rest.get(tld.len()).is_none_or(|next| !is_alnum(*next) && !is_any(*next, "@+-"))
    };
    let known = TLDS.get(&upper(*rest.first()?)).into_iter().flatten();
    known.into_iter().find(fits).map(|tld| at + tld.len()).or_else(|| {
        let coded = rest.get("xn--".len()..).filter(|_| begins(rest, "xn--"))?;
        let length = coded.iter().take_while(|u| is_alnum(**u) || is_any(**u, "-")).count();
        (length > 0).then_some(at + "xn--".len() + length)
    })
}

/// The domains of Latin letters within a domain: where each begins and ends.
fn plain_domains(domain: &[u16]) -> Vec<(usize, usize)> {
    let is_plain = |unit: u16| is_alnum(unit) || is_any(unit, "-") || LATIN.contains(&upper(unit));
    let ends = chains(domain, is_plain, is_plain);
    let mut found = Vec::new();
    let mut at = 0;
    while at < domain.len() {
        let end = ends.get(at).copied().flatten();
        found.extend(end.map(|end| (at, end)));
        at = end.unwrap_or(at + 1);
    }
    found
}

/// The end of `:80`, else `at`.
fn port(text: &[u16], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let digits = rest.iter().skip(1).take_while(|u| (0x30..=0x39).contains(*u)).count();
    if rest.first() == Some(&u16::from(b':')) && digits > 0 { at + 1 + digits } else { at }
}

/// The end of the path, else `at`: to the last character that may end one, and the brackets right behind it.
fn path(text: &[u16], at: usize) -> usize {
    if text.get(at) != Some(&u16::from(b'/')) {
        return at;
    }
    let (mut end, mut next) = (at + 1, at + 1);
    while let Some(unit) = text.get(next) {
        if is_path(*unit) {
            next += 1;
            if is_path_end(*unit) {
                end = next;
            }
        } else if let Some(after) = brackets(text, next) {
            // A pair of brackets ends a path only right behind what may end one.
            end = if end == next { after } else { end };
            next = after;
        } else {
            break;
        }
    }
    end
}

/// The end of `(…)` or `(…(…)…)` at `at`.
fn brackets(text: &[u16], at: usize) -> Option<usize> {
    let is = |at: usize, c: u8| text.get(at) == Some(&u16::from(c));
    let run = |at: usize| at + text.get(at..).unwrap_or_default().iter().take_while(|u| is_path(**u)).count();
    if !is(at, b'(') {
        return None;
    }
    let first = run(at + 1);
    if is(first, b')') {
        return (first > at + 1).then_some(first + 1);
    }
    let inner = Some(first).filter(|open| is(*open, b'('))? + 1;
    let close = run(inner);
    if close == inner || !is(close, b')') {
        return None;
    }
    let last = run(close + 1);
    is(last, b')').then_some(last + 1)
}

/// The end of the query, else `at`.
fn query(text: &[u16], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    if rest.first() != Some(&u16::from(b'?')) {
        return at;
    }
    let run = rest.iter().skip(1).take_while(|u| is_alnum(**u) || is_any(**u, "!?*'@();:&=+$/%#[]-_.,~|")).count();
    let inner = rest.get(1..=run).unwrap_or_default();
    inner.iter().rposition(|u| is_alnum(*u) || is_any(*u, "-_&=#/")).map_or(at, |last| at + 2 + last)
}

/// Of a link to t.co: how long its name is, and how much of it counts.
fn short(url: &[u16], protocol: usize) -> Option<(usize, usize)> {
    let rest = url.get(protocol..)?;
    if !begins(rest, "t.co/") {
        return None;
    }
    let name = rest.iter().skip("t.co/".len()).take_while(|u| is_alnum(**u)).count();
    let end = protocol + "t.co/".len() + name;
    (name > 0).then(|| (name, query(url, end)))
}

/// Whether a domain's labels are such that it can be asked for.
fn is_name(domain: &[u16]) -> bool {
    let text = String::from_utf16_lossy(domain);
    if text.starts_with("xn--") && plain_domains(domain).is_empty() {
        return false;
    }
    text.split('.').all(|label| {
        // Other signs than the dot part labels as well; the parts are coded one by one.
        let parts: Vec<&str> = label.split(['\u{3002}', '\u{ff0e}', '\u{ff61}']).collect();
        let length: usize = parts.iter().map(|part| coded_length(part)).sum::<usize>() + parts.len() - 1;
        (1..=MAX_LABEL).contains(&length)
    })
}

/// How long a label is in Punycode.
fn coded_length(label: &str) -> usize {
    if label.chars().all(|c| (' '..='~').contains(&c)) {
        return label.len();
    }
    idna::punycode::encode_str(label).map_or(usize::MAX / 2, |coded| "xn--".len() + coded.len())
}

fn is_any(unit: u16, ascii: &str) -> bool {
    u8::try_from(unit).is_ok_and(|byte| ascii.as_bytes().contains(&byte))
}

fn is_alnum(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric())
}

fn may_precede(unit: u16) -> bool {
    !is_alnum(unit) && !is_any(unit, "@$#") && !matches!(unit, 0xFF20 | 0xFF03) && !is_invalid(unit)
}

fn is_invalid(unit: u16) -> bool {
    matches!(unit, 0xFFFE | 0xFEFF | 0xFFFF)
}

/// What a label may be made of.
fn is_label(unit: u16) -> bool {
    let space =
        matches!(unit, 0x09..=0x0D | 0x20 | 0x85 | 0xA0 | 0x1680 | 0x180E | 0x2000..=0x200A | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000);
    let direction = matches!(unit, 0x202A..=0x202E | 0x061C | 0x200E | 0x200F | 0x2066..=0x2069);
    !space && !direction && !is_invalid(unit) && !is_any(unit, "!'#%&()*+,\\-./:;<=>?@[]^_{|}~$")
}

fn is_path(unit: u16) -> bool {
    is_alnum(unit) || is_any(unit, "!*';:=+,.$/%#[]-_~@|&") || unit == 0x2013 || LETTERS.contains(&upper(unit))
}

fn is_path_end(unit: u16) -> bool {
    is_alnum(unit) || is_any(unit, "+-=_#/") || LETTERS.contains(&upper(unit))
}
