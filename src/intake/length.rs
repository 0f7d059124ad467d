//! How long a text is in a network's own count.

pub mod weighted;

use crate::policy::{Capabilities, Counting};
use unicode_segmentation::UnicodeSegmentation;

/// The length of `text` as the network counts it.
#[must_use]
pub fn length(text: &str, counting: Counting) -> usize {
    match counting {
        Counting::Characters { url } => characters(text, url),
        Counting::Weighted => weighted::length(text),
    }
}

/// The length of an answer of `text` to the person of that handle, whom it names in front where the network needs that.
#[must_use]
pub fn of_answer(text: &str, handle: &str, network: &Capabilities) -> usize {
    let text = text.trim();
    if network.names_addressee { length(&format!("{handle} {text}"), network.counting) } else { length(text, network.counting) }
}

/// What a reader sees as one character counts one (an emoji of several code points too), a link counts its fixed weight
/// `url` where the network has one, and of `@name@server` only `@name`. Source: Mastodon's `StatusLengthValidator`
/// (`grapheme_length`, links only with their protocol) and docs.joinmastodon.org/user/posting.
fn characters(text: &str, url: Option<usize>) -> usize {
    let mut counted = String::with_capacity(text.len());
    let mut links = 0;
    let mut rest = text;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        if let Some((link, after)) = link(rest, before).filter(|_| url.is_some()) {
            links += 1;
            // Keeps what stands around the link from growing into one character.
            counted.push('\n');
            (before, rest) = (link.chars().next_back(), after);
        } else if let Some((name, after)) = remote_mention(rest, before) {
            counted.push('@');
            counted.push_str(name);
            (before, rest) = (Some('a'), after);
        } else {
            counted.push(c);
            before = Some(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    counted.graphemes(true).count() - links + links * url.unwrap_or_default()
}

/// A link at the beginning of `text`, and what follows it.
fn link(text: &str, before: Option<char>) -> Option<(&str, &str)> {
    if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '@' | '#' | '$' | '_')) {
        return None;
    }
    let scheme = ["https://", "http://"].into_iter().find(|s| text.get(..s.len()).is_some_and(|head| head.eq_ignore_ascii_case(s)))?;
    let host_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let rest = text.get(scheme.len()..)?;
    let host_end = scheme.len() + rest.find(|c| !host_part(c)).unwrap_or(rest.len());
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '«' | '»' | '“' | '”' | '`' | '{' | '}' | '|' | '\\' | '^');
    let tail = text.get(host_end..)?;
    let end = if tail.starts_with(['/', '?', '#', ':']) { host_end + tail.find(ends).unwrap_or(tail.len()) } else { host_end };
    // Punctuation behind a link belongs to the sentence; a bracket only if it was opened inside.
    let mut link = text.get(..end)?;
    while let Some(last) = link.chars().next_back() {
        let open = match last {
            ')' => Some('('),
            ']' => Some('['),
            _ => None,
        };
        let closes_inside = open.is_some_and(|o| link.matches(o).count() >= link.matches(last).count());
        if closes_inside || !matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '…' | ')' | ']' | '*' | '¡' | '¿') {
            break;
        }
        link = link.strip_suffix(last)?;
    }
    let host = link.get(scheme.len()..)?.split(['/', '?', '#', ':']).next()?;
    let (name, top) = host.rsplit_once('.')?;
    let is_host = !name.is_empty() && top.chars().count() >= 2 && top.chars().all(char::is_alphabetic);
    is_host.then(|| (link, text.get(link.len()..).unwrap_or_default()))
}

/// `@name@server` at the beginning of `text`: the name, and what follows the server.
fn remote_mention(text: &str, before: Option<char>) -> Option<(&str, &str)> {
    if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '=' | '@')) {
        return None;
    }
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let rest = text.strip_prefix('@')?;
    let (name, rest) = rest.split_at_checked(rest.find(|c| !word(c)).unwrap_or(rest.len()))?;
    let server = rest.strip_prefix('@')?;
    let server_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    let end = server.find(|c| !server_word(c)).unwrap_or(server.len());
    let host = server.get(..end)?.trim_end_matches(['.', '-', ':']);
    (!name.is_empty() && !host.is_empty()).then(|| (name, server.get(host.len()..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_mastodon_counts() {
        let mastodon = Counting::Characters { url: Some(23) };
        let cases = [
            ("", 0),
            ("Hola, ¿qué tal?", 15),
            ("cafe\u{301}", 4),
            ("👨‍👩‍👧‍👦", 1),
            ("🇪🇸🇪🇸", 2),
            ("línea\nlínea", 11),
            ("https://example.org/un/camino/largo?con=cosas&y=mas#trozo", 23),
            ("http://a.es", 23),
            ("HTTPS://A.ES", 23),
            ("Mira https://example.org/ayuda.", 5 + 23 + 1),
            ("(https://example.org/a_(b))", 1 + 23 + 1),
            ("https://es.wikipedia.org/wiki/Ñandú https://a.es", 47),
            ("https://example.org,https://example.net", 47),
            ("http://localhost:3000", 21),
            ("example.org", 11),
            ("xhttps://example.org", 20),
            ("@ana@example.org hola", 9),
            ("@ana hola", 9),
            ("@ana@example.org, @bea.ruiz@mas.to:", 4 + 2 + 9 + 1),
            ("correo@example.org", 18),
            ("@ana@", 5),
            ("https://example.org/@ana@example.org", 23),
        ];
        for (text, count) in cases {
            assert_eq!(length(text, mastodon), count, "{text}");
        }
    }

    #[test]
    fn where_links_count_in_full() {
        assert_eq!(length("https://example.org", Counting::Characters { url: None }), 19);
    }

    #[test]
    fn an_answer_counts_the_name_where_it_must_stand_there() {
        let mastodon = Capabilities::default();
        assert_eq!(of_answer(" hola ", "@ana@example.org", &mastodon), "@ana hola".len());
        let x = Capabilities { counting: Counting::Weighted, names_addressee: false, ..mastodon };
        assert_eq!(of_answer(" hola ", "@ana", &x), 4);
    }

    proptest! {
        #[test]
        fn plain_words_count_their_characters(text in "[a-zñ \n]{0,80}") {
            prop_assert_eq!(characters(&text, Some(23)), text.chars().count());
        }
        #[test]
        fn never_panics(text: String, cut in 0..60_usize) {
            prop_assert!(characters(&text, Some(23)) <= text.chars().count() + 23 * text.matches("://").count());
            let dense: String = "https://a.es @b@c.d (x)".chars().cycle().skip(cut).take(cut).chain(text.chars()).collect();
            prop_assert!(characters(&dense, Some(23)) <= dense.chars().count() + 23 * (dense.matches("://").count()));
        }
    }
}
