//! The HTML of a post as plain text, links kept whole.
//!
//! Mastodon's servers sanitise what they pass on, others less so: this reads any bytes at all. It
//! works on tokens, not on a tree, so that nesting costs nothing.
//!
//! ```
//! use sereno::network::mastodon::html::to_text;
//! let html = r#"<p>Broken:<br><a href="https://shop.example/orders/12345"><span class="invisible">https://</span><span class="ellipsis">shop.example/ord</span><span class="invisible">ers/12345</span></a></p>"#;
//! assert_eq!(to_text(html, &[]), "Broken:\nhttps://shop.example/orders/12345");
//! ```

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use std::cell::RefCell;

/// Longer HTML is cut, in bytes; Mastodon itself takes in at most 64 KiB of a foreign post.
const MAX_HTML_BYTES: usize = 256 * 1024;
/// Longer text is cut, in characters.
const MAX_TEXT_CHARS: usize = 50_000;
/// A longer address is no link that a person could follow, in bytes.
const MAX_HREF_BYTES: usize = 2_048;
/// Deeper quoting looks like this depth.
const MAX_QUOTE_DEPTH: usize = 5;

/// Somebody whom the post names: the address of the link, and how the person is shown in full.
pub type Named = (String, String);

/// The text of `html`. `named` tells how links to people are written out in full (`@user@server`).
#[must_use]
pub fn to_text(html: &str, named: &[Named]) -> String {
    let mut end = html.len().min(MAX_HTML_BYTES);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let sink = Sink(RefCell::new(Writer { named: named.to_vec(), ..Writer::default() }));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html.get(..end).unwrap_or_default()));
    // The sink never yields a script to run, so one call eats everything.
    while !input.is_empty() {
        drop(tokenizer.feed(&input));
    }
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Sink(RefCell<Writer>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut writer = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => return writer.tag(&tag),
            Token::CharacterTokens(text) => writer.characters(&text),
            Token::EOFToken => writer.end_link(),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Writer {
    named: Vec<Named>,
    out: String,
    chars: usize,
    /// Line ends owed before the next word; written only if one comes.
    breaks: usize,
    /// Whether a blank is owed before the next word.
    space: bool,
    /// Elements whose text is no text (`script`, `style`), by name.
    mute: Option<String>,
    pre: usize,
    quotes: usize,
    lists: Vec<Option<usize>>,
    link: Option<Link>,
}

#[derive(Default)]
struct Link {
    href: String,
    is_person: bool,
    is_tag: bool,
    text: String,
}

impl Writer {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if let Some(muted) = &self.mute {
            if tag.kind == TagKind::EndTag && name == muted {
                self.mute = None;
            }
            return TokenSinkResult::Continue;
        }
        if tag.kind == TagKind::StartTag {
            return self.open(name, tag);
        }
        match name {
            "a" => self.end_link(),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "table" => {
                self.pre = self.pre.saturating_sub(usize::from(name == "pre"));
                self.end_line(2);
            }
            "blockquote" => {
                self.end_line(2);
                self.quotes = self.quotes.saturating_sub(1);
            }
            "ul" | "ol" => {
                self.lists.pop();
                self.end_line(2);
            }
            "div" | "li" | "tr" | "section" | "article" => self.end_line(1),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn open(&mut self, name: &str, tag: &Tag) -> TokenSinkResult<()> {
        match name {
            "script" | "style" | "textarea" | "title" | "iframe" | "noscript" | "template" if !tag.self_closing => {
                self.mute = Some(name.to_owned());
                return match name {
                    "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
                    "template" => TokenSinkResult::Continue,
                    _ => TokenSinkResult::RawData(RawKind::Rawtext),
                };
            }
            "br" => self.breaks = (self.breaks + 1).min(2),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "hr" => self.end_line(2),
            "pre" => {
                self.end_line(2);
                self.pre += 1;
            }
            "blockquote" => {
                self.end_line(2);
                self.quotes += 1;
            }
            "ul" => {
                self.end_line(2);
                self.lists.push(None);
            }
            "ol" => {
                self.end_line(2);
                self.lists.push(Some(0));
            }
            "li" => self.item(),
            "div" | "tr" | "section" | "article" => self.end_line(1),
            "td" | "th" => self.space = true,
            "img" => {
                let alt = attribute(tag, "alt").unwrap_or_default();
                self.characters(&alt);
            }
            "a" => self.begin_link(tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn item(&mut self) {
        self.end_line(1);
        let mark = match self.lists.last_mut() {
            Some(Some(n)) => {
                *n += 1;
                format!("{n}. ")
            }
            _ => "- ".to_owned(),
        };
        self.word(&mark);
    }

    fn begin_link(&mut self, tag: &Tag) {
        self.end_link();
        let class = attribute(tag, "class").unwrap_or_default();
        let has = |c: &str| class.split_ascii_whitespace().any(|x| x == c);
        let rel_tag = attribute(tag, "rel").is_some_and(|r| r.split_ascii_whitespace().any(|x| x == "tag"));
        self.link = Some(Link {
            href: attribute(tag, "href").unwrap_or_default().trim().to_owned(),
            is_tag: has("hashtag") || rel_tag,
            is_person: has("mention") && !has("hashtag"),
            text: String::new(),
        });
    }

    /// A link says what it shows, and where it leads if that is something else.
    fn end_link(&mut self) {
        let Some(link) = self.link.take() else { return };
        let shown = link.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((_, full)) = self.named.iter().find(|(url, _)| !url.is_empty() && *url == link.href) {
            // Only what looks like a mention is one: a link "click here" to a profile stays a link.
            if shown.starts_with('@') {
                let full = full.clone();
                self.inline(&full);
                return;
            }
        }
        let harmless = link.is_tag && shown.starts_with('#') || link.is_person && shown.starts_with('@');
        let leads = ["https://", "http://", "mailto:"].iter().any(|scheme| starts_with_ignoring_case(&link.href, scheme))
            && link.href.len() <= MAX_HREF_BYTES
            && !link.href.contains(char::is_whitespace);
        if harmless || !leads {
            self.inline(&shown);
        } else if shown.is_empty() || same_address(&shown, &link.href) {
            self.inline(&link.href);
        } else {
            self.inline(&format!("{shown} ({})", link.href));
        }
    }

    fn characters(&mut self, text: &str) {
        if self.mute.is_some() {
            return;
        }
        if let Some(link) = &mut self.link {
            if link.text.len() < MAX_HREF_BYTES * 4 {
                link.text.push_str(text);
            }
            return;
        }
        self.inline(text);
    }

    fn inline(&mut self, text: &str) {
        if self.pre > 0 {
            for (n, line) in text.split('\n').enumerate() {
                self.breaks = if n > 0 { (self.breaks + 1).min(2) } else { self.breaks };
                if !line.trim().is_empty() {
                    self.word(line);
                }
            }
            return;
        }
        for (n, word) in text.split(is_blank).enumerate() {
            self.space |= n > 0;
            if !word.is_empty() {
                self.word(word);
            }
        }
    }

    fn end_line(&mut self, breaks: usize) {
        // A link across blocks is broken markup: what it holds so far is shown where it stood.
        self.end_link();
        self.breaks = self.breaks.max(breaks);
    }

    fn word(&mut self, word: &str) {
        if self.chars >= MAX_TEXT_CHARS {
            return;
        }
        let begins = self.out.is_empty();
        if !begins && self.breaks > 0 {
            self.out.push_str(if self.breaks > 1 { "\n\n" } else { "\n" });
        }
        if begins || self.breaks > 0 {
            self.out.push_str(&"> ".repeat(self.quotes.min(MAX_QUOTE_DEPTH)));
        } else if self.space && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
        self.breaks = 0;
        self.space = false;
        for c in word.chars().filter(|c| !c.is_control() || *c == '\t') {
            self.out.push(c);
            self.chars += 1;
            if self.chars >= MAX_TEXT_CHARS {
                self.out.push('…');
                break;
            }
        }
    }

    fn finish(mut self) -> String {
        self.end_link();
        self.out.trim_end().to_owned()
    }
}

/// White space as HTML folds it; a no-break space is a character like any other.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    tag.attrs.iter().find(|a| &*a.name.local == name).map(|a| a.value.to_string())
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Whether what a link shows is its very address, give or take the scheme and a last slash.
fn same_address(shown: &str, href: &str) -> bool {
    let bare = |s: &str| {
        let s = s.split_once("://").map_or(s, |(_, rest)| rest);
        let s = s.strip_prefix("mailto:").unwrap_or(s);
        let s = s.strip_prefix("www.").unwrap_or(s);
        s.trim_end_matches('/').to_owned()
    };
    bare(shown) == bare(href)
}

#[cfg(test)]
mod tests {
    use super::to_text;
    use proptest::prelude::*;

    #[test]
    fn paragraphs_and_lines() {
        assert_eq!(to_text("<p>One<br>two</p><p>Three</p>", &[]), "One\ntwo\n\nThree");
        assert_eq!(to_text("<p>a  b\n c</p>\n\n<p></p><p>d</p>", &[]), "a b c\n\nd");
        assert_eq!(to_text("plain", &[]), "plain");
        assert_eq!(to_text("", &[]), "");
        assert_eq!(to_text("a<br><br><br><br>b", &[]), "a\n\nb");
    }

    #[test]
    fn entities() {
        assert_eq!(to_text("<p>&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39; &euro; &#x1F525;</p>", &[]), "<b> & \"x\" 'y' € 🔥");
    }

    #[test]
    fn mentions_are_written_out() {
        let html =
            r#"<p><span class="h-card"><a href="https://a.example/@shop" class="u-url mention">@<span>shop</span></a></span> hola</p>"#;
        assert_eq!(to_text(html, &[]), "@shop hola");
        let named = [("https://a.example/@shop".to_owned(), "@shop@a.example".to_owned())];
        assert_eq!(to_text(html, &named), "@shop@a.example hola");
        let trap = r#"<a href="https://a.example/@shop" class="mention">click here</a>"#;
        assert_eq!(to_text(trap, &named), "click here (https://a.example/@shop)");
    }

    #[test]
    fn hashtags_stay_as_shown() {
        let html = r#"<p>no <a href="https://a.example/tags/Renfe" class="mention hashtag" rel="tag">#<span>Renfe</span></a>!</p>"#;
        assert_eq!(to_text(html, &[]), "no #Renfe!");
    }

    #[test]
    fn links_show_where_they_lead() {
        assert_eq!(
            to_text(r#"<a href="https://evil.example/x">https://bank.example</a>"#, &[]),
            "https://bank.example (https://evil.example/x)"
        );
        assert_eq!(to_text(r#"<a href="https://x.example/a">here</a>"#, &[]), "here (https://x.example/a)");
        assert_eq!(to_text(r#"<a href="https://x.example/">x.example</a>"#, &[]), "https://x.example/");
        assert_eq!(to_text(r#"<a href="javascript:alert(1)">hi</a>"#, &[]), "hi");
        assert_eq!(to_text(r#"<a href="https://x.example/a">"#, &[]), "https://x.example/a");
        assert_eq!(
            to_text(r#"<a href="https://x.example/a"><a href="https://y.example/">two</a>"#, &[]),
            "https://x.example/atwo (https://y.example/)"
        );
    }

    #[test]
    fn quotes_lists_and_code() {
        assert_eq!(to_text("<blockquote><p>said</p><p>so</p></blockquote><p>no</p>", &[]), "> said\n\n> so\n\nno");
        assert_eq!(to_text("<ul><li>a</li><li>b</li></ul><ol><li>c</li><li>d</li></ol>", &[]), "- a\n- b\n\n1. c\n2. d");
        assert_eq!(to_text("<pre><code>let x;\n  y</code></pre>", &[]), "let x;\n  y");
        assert_eq!(to_text(r#"hi <img class="custom-emoji" alt=":fire:">"#, &[]), "hi :fire:");
    }

    #[test]
    fn hostile_markup() {
        assert_eq!(to_text("<script>alert('<p>x</p>')</script>ok<style>p{}</style>", &[]), "ok");
        assert_eq!(to_text("a<!-- hidden -->b", &[]), "ab");
        assert_eq!(to_text("<p onclick=x>a<b><i></p>c", &[]), "a\n\nc");
        assert_eq!(to_text("a\0b\u{1b}[31mc", &[]), "ab[31mc");
        assert_eq!(to_text("</p></a></blockquote></ul>x", &[]), "x");
        assert_eq!(to_text("<unclosed attr=\"", &[]), "");
        assert_eq!(to_text("5 < 6 & 7 > 3", &[]), "5 < 6 & 7 > 3");
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("{}x", "<div><blockquote>".repeat(20_000));
        assert_eq!(to_text(&deep, &[]).matches("> ").count(), 0, "cut before the text");
        let deep = format!("{}x", "<blockquote>".repeat(2_000));
        assert_eq!(to_text(&deep, &[]), "> > > > > x");
        assert!(to_text(&"é".repeat(300_000), &[]).chars().count() <= 50_001);
    }

    proptest! {
        #[test]
        fn never_panics_and_never_shows_controls(html in "(<[a-z/!]{0,5}( href=\"[a-z:/.]{0,9}\")?>?|&[a-z#0-9]{0,4};?|\\PC|\\n){0,60}") {
            let text = to_text(&html, &[]);
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        }

        #[test]
        fn escaped_words_come_back(words in proptest::collection::vec("[^\\s\\p{C}]{1,12}", 1..8)) {
            let plain = words.join(" ");
            let html = plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            prop_assert_eq!(to_text(&format!("<p>{html}</p>"), &[]), plain);
        }
    }
}
