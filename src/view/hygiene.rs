//! Cleaning foreign text before people see it: what is invisible or turns text around goes, what is
//! too long is cut, and links show where they really lead.
//!
//! Markup is not escaped here: that is each chat's renderer's part. Sources: Unicode UAX #9
//! (bidirectional controls), UTS #51 (emoji joiners), UTR #36 (visual spoofing).

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;
use url::Url;

/// The most of a foreign text that is shown, in graphemes.
pub const TEXT_MAX: usize = 5_000;
/// The most lines of a foreign text that are shown.
pub const LINES_MAX: usize = 100;
/// The most of a name, in graphemes.
pub const NAME_MAX: usize = 60;
/// The most of a handle, in graphemes.
pub const HANDLE_MAX: usize = 100;
/// Marks that may hang on one letter; more are piled up to spill over other lines. Burmese writes five
/// (`လျှော့`), Hebrew with its cantillation as many.
const MARKS_MAX: usize = 8;

/// Without controls, bidirectional controls and invisible characters; line ends as `\n`, tabs as
/// spaces. Joiners stay where they join emoji or letters of scripts that need them.
#[must_use]
pub fn strip(text: &str) -> String {
    // Most of what people see is this.
    if text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut last = '\n';
    let mut marks = 0;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let kept = match c {
            '\r' if next == Some('\n') => continue,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\t' => ' ',
            c if c.is_control() => continue,
            '\u{200d}' if joins(last, next) => c,
            '\u{200c}' if shapes(last) && next.is_some_and(shapes) => c,
            '\u{fe0e}' | '\u{fe0f}' if is_emoji(last) || matches!(last, '0'..='9' | '#' | '*') => c,
            // A flag of a region: a black flag and tags behind it.
            '\u{e0020}'..='\u{e007f}' if last == '\u{1f3f4}' || is_tag(last) => c,
            c if is_invisible(c) => continue,
            c => c,
        };
        if is_combining_mark(kept) && !is_variation(kept) {
            marks += 1;
            if marks > MARKS_MAX {
                continue;
            }
        } else {
            marks = 0;
        }
        out.push(kept);
        last = kept;
    }
    out
}

/// Cut to at most `max` graphemes, the last of them an ellipsis if anything was cut.
#[must_use]
pub fn cap(text: &str, max: usize) -> String {
    // A grapheme can be endlessly long (joined emoji): characters are bounded as well.
    let most_chars = max.saturating_mul(4);
    let mut ends = text.grapheme_indices(true).map(|(at, g)| at + g.len());
    let chars_end = text.char_indices().nth(most_chars).map(|(at, _)| at);
    let fits = text.graphemes(true).nth(max).is_none() && chars_end.is_none();
    if fits {
        return text.to_owned();
    }
    let room = max.saturating_sub(1);
    let by_graphemes = if room == 0 { 0 } else { ends.nth(room - 1).unwrap_or(text.len()) };
    let end = by_graphemes.min(chars_end.unwrap_or(text.len()));
    let mut cut = text.get(..end).unwrap_or_default().trim_end().to_owned();
    if max > 0 {
        cut.push('…');
    }
    cut
}

/// A foreign text as clean lines: capped, at most one empty line in a row, none at the ends, links
/// that pretend to lead elsewhere marked with their real host.
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    let clean = cap(&strip(text), TEXT_MAX);
    let mut lines: Vec<String> = Vec::new();
    for line in clean.lines().map(|l| unmask_links(l.trim_end())) {
        if line.trim().is_empty() && lines.last().is_none_or(String::is_empty) {
            continue;
        }
        lines.push(if line.trim().is_empty() { String::new() } else { line });
        if lines.len() > LINES_MAX {
            lines.truncate(LINES_MAX - 1);
            lines.push("…".to_owned());
            break;
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// A foreign text on one line of at most `max` graphemes.
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    let clean = strip(text);
    cap(&clean.split_whitespace().collect::<Vec<_>>().join(" "), max)
}

/// A display name for use between quotation marks: it cannot close them itself.
#[must_use]
pub fn name(text: &str) -> String {
    quoted(text, NAME_MAX)
}

/// A text for use between quotation marks, on one line: it cannot close them itself.
#[must_use]
pub fn quoted(text: &str, max: usize) -> String {
    one_line(&text.replace(['“', '”', '„', '"', '«', '»'], "'"), max)
}

/// A handle: one word.
#[must_use]
pub fn handle(text: &str) -> String {
    cap(&strip(text).split_whitespace().collect::<String>(), HANDLE_MAX)
}

/// A web address that may be shown as a link, with its real host in ASCII (punycode); `None` for
/// anything that is no plain web address.
#[must_use]
pub fn link(address: &str) -> Option<(String, String)> {
    let url = Url::parse(address.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    Some((url.host_str()?.to_owned(), url.to_string()))
}

/// Marks each web address in a line whose host as written is not the host that it leads to.
fn unmask_links(line: &str) -> String {
    if !line.contains("://") {
        return line.to_owned();
    }
    let mark = |word: &str| -> String {
        let Some(at) = word.find("http://").or_else(|| word.find("https://")) else { return word.to_owned() };
        let address = word.get(at..).unwrap_or_default();
        let Ok(url) = Url::parse(address) else { return word.to_owned() };
        let Some(host) = url.host_str() else { return word.to_owned() };
        let written = address.split_once("://").map_or("", |(_, rest)| rest);
        let written = written.split(['/', '?', '#', '\\']).next().unwrap_or_default().to_lowercase();
        let written =
            written.rsplit_once(':').filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit())).map_or(written.as_str(), |(h, _)| h);
        let written = written.trim_end_matches(['.', ',', ')', '!', ';', ':']);
        if written == host.trim_end_matches(['.', ',', ')', '!', ';']) { word.to_owned() } else { format!("{word} [{host}]") }
    };
    line.split(' ').map(mark).collect::<Vec<_>>().join(" ")
}

/// Whether a zero-width joiner between these two does something that people see.
fn joins(last: char, next: Option<char>) -> bool {
    let after = |c: char| is_emoji(c) || is_variation(c);
    next.is_some_and(|next| (after(last) && is_emoji(next)) || (shapes(last) && shapes(next)))
}

/// Letters whose shape joiners change: Arabic, Syriac, N'Ko, Mongolian, and the scripts of India
/// and its neighbours.
fn shapes(c: char) -> bool {
    let script = matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}');
    script && !is_invisible(c)
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{27bf}' | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}' | '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}')
}

fn is_variation(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007e}')
}

/// Characters that show nothing, or change how others are shown.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        // Private use: shown by no font, and the marks of `crate::i18n`.
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_hides_or_turns_text_goes() {
        assert_eq!(strip("evil\u{202e}gpj.exe"), "evilgpj.exe");
        assert_eq!(strip("pay\u{200b}pal\u{feff}\u{2060}"), "paypal");
        assert_eq!(strip("a\u{1b}[31mred\u{7}\u{9b}2J"), "a[31mred2J");
        assert_eq!(strip("one\r\ntwo\rthree\u{2028}four\tfive"), "one\ntwo\nthree\nfour five");
    }

    #[test]
    fn marks_are_not_piled_up() {
        for mark in ['\u{301}', '\u{20e3}', '\u{489}', '\u{e31}', '\u{64b}', '\u{1ab0}', '\u{fe20}', '\u{1dc0}', '\u{363}', '\u{93e}'] {
            let piled = format!("a{}", mark.to_string().repeat(9_001));
            for shown in [strip(&piled), name(&piled), handle(&piled), lines(&piled).concat()] {
                assert!((2..=1 + MARKS_MAX).contains(&shown.chars().count()), "{mark:?}: {}", shown.chars().count());
            }
        }
    }

    #[test]
    fn no_script_loses_a_mark() {
        for word in [
            "Tie\u{302}\u{301}ng Vie\u{323}\u{302}t",
            "مُحَمَّدٌ رَسُولُ ٱللَّٰهِ",
            "क्षत्रिय र्त्स्न्यै स्त्रियाँ",
            "กตัญญู น้ำ ที่นี่ ผู้ใหญ่",
            "လျှော့ကျွန်ုပ်မြို့",
            "བསྒྲུབས་ཧཱུྃ",
            "בְּרֵאשִׁ֖ית וַיֹּ֥אמֶר יְרוּשָׁלִַ֗ם",
            "ស្ត្រីខ្មែរ",
            "ಕನ್ನಡ ക്ഷ തെറ്റ് ශ්‍රී",
            "👩🏽\u{200d}🚀🏳\u{fe0f}\u{200d}🌈👨\u{200d}👩\u{200d}👧\u{200d}👦 1\u{fe0f}\u{20e3}",
        ] {
            assert_eq!(strip(word), word);
            assert_eq!(lines(word), [word]);
        }
    }

    #[test]
    fn joiners_stay_where_they_join() {
        let family = "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3}";
        assert_eq!(strip(family), family);
        let wales = "🏴\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}";
        assert_eq!(strip(wales), wales);
        let persian = "می\u{200c}خواهم";
        assert_eq!(strip(persian), persian);
        assert_eq!(strip("pay\u{200d}pal \u{200c}x a\u{fe0f} \u{e0041}"), "paypal x a ");
    }

    #[test]
    fn cutting_keeps_graphemes_whole() {
        assert_eq!(cap("señor", 5), "señor");
        assert_eq!(cap("sen\u{303}ores", 4), "sen\u{303}…");
        assert_eq!(cap("👩\u{200d}👩\u{200d}👧👍👍", 2), "👩\u{200d}👩\u{200d}👧…");
        assert_eq!(cap("abc", 0), "");
        let chain = "👩\u{200d}".repeat(100);
        assert!(cap(&chain, 5).chars().count() <= 21);
    }

    #[test]
    fn links_show_where_they_lead() {
        assert_eq!(link("https://аpple.com/x").unwrap().0, "xn--pple-43d.com");
        assert_eq!(link("https://paypal.com@evil.example/"), None);
        assert_eq!(link("javascript:alert(1)"), None);
        assert_eq!(lines("see https://аpple.com/x now"), ["see https://аpple.com/x [xn--pple-43d.com] now"]);
        assert_eq!(lines("https://bank.example@evil.example/"), ["https://bank.example@evil.example/ [evil.example]"]);
        assert_eq!(lines("(https://example.org:8080/x) https://Example.org. ok"), ["(https://example.org:8080/x) https://Example.org. ok"]);
    }

    #[test]
    fn lines_are_few_and_never_blank_for_long() {
        assert_eq!(lines("\n\na\n \n\n\nb\n\n"), ["a", "", "b"]);
        let many = lines(&"x\n".repeat(2_000));
        assert_eq!((many.len(), many.last().map(String::as_str)), (LINES_MAX, Some("…")));
        assert_eq!(lines(&"y".repeat(9_000))[0].chars().count(), TEXT_MAX);
    }

    #[test]
    fn a_name_cannot_leave_its_quotation_marks() {
        assert_eq!(name("Ana” · lead\n#43 │ ok"), "Ana' · lead #43 │ ok");
        assert_eq!(handle("@a b\n@c"), "@ab@c");
    }

    proptest! {
        #[test]
        fn nothing_hidden_survives(text in "\\PC{0,40}|[\\x00-\\x1f\\x7f-\\u{9f}\\u{200b}-\\u{206f}a-z\\u{fe0f}\\u{1f600}\\u{e0041}\\u{f8f0}]{0,60}|.{0,60}") {
            let clean = strip(&text);
            for c in clean.chars() {
                prop_assert!(c == '\n' || !c.is_control(), "{c:?}");
                prop_assert!(!matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}'), "{:?}", c);
            }
            prop_assert_eq!(strip(&clean), clean);
        }

        #[test]
        fn cleaning_twice_is_cleaning_once(text in "[a\u{301}\u{64b}-\u{652}\u{600}-\u{61c}\u{200c}\u{200d}\u{17b0}-\u{17b9}\u{180a}-\u{1810}\u{1f3f4}\u{e0060}-\u{e007f}\u{fe0f}👩❤]{0,40}") {
            let clean = strip(&text);
            prop_assert_eq!(strip(&clean), clean);
        }

        #[test]
        fn capped_is_capped(text in ".{0,80}", max in 0_usize..20) {
            let cut = cap(&text, max);
            prop_assert!(cut.graphemes(true).count() <= max);
            if cut != text { prop_assert!(max == 0 || cut.ends_with('…')); }
        }

        #[test]
        fn one_line_is_one_line(text in "[\\x00-\\x20\\u{85}\\u{2028}a-c“”\"]{0,60}", max in 1_usize..30) {
            for one in [one_line(&text, max), name(&text), handle(&text)] {
                prop_assert!(!one.chars().any(char::is_control) && !one.contains('\u{2028}'), "{:?}", one);
            }
            prop_assert!(!name(&text).contains(['“', '”', '"']));
        }
    }
}
