use super::*;
use proptest::prelude::*;
use serde::Deserialize;

/// A text of the corpus, as X's own library counts it.
#[derive(Deserialize)]
struct Case {
    text: String,
    length: usize,
    valid: bool,
    /// Where links begin and how long they are, in units of UTF-16.
    links: Vec<(usize, usize)>,
}

fn corpus() -> Vec<Case> {
    let lines = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/x/length.jsonl"));
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_text_counts_as_xs_own_library_counts_it() {
    let cases = corpus();
    assert!(cases.len() >= 2_000, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let units: Vec<u16> = case.text.nfc().collect::<String>().encode_utf16().collect();
        let links = url::links(&units);
        if links != case.links {
            wrong.push(format!("{:?}: links {links:?}, not {:?}", case.text, case.links));
        }
        let counted = count(&case.text);
        if counted != (Counted { length: case.length, valid: case.valid }) {
            wrong.push(format!("{:?}: {counted:?}, not {} {}", case.text, case.length, case.valid));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_corpus_has_what_bites() {
    let cases = corpus();
    let with = |what: &dyn Fn(&Case) -> bool| cases.iter().filter(|c| what(c)).count();
    assert!(with(&|c| c.links.len() > 1) > 200, "several links");
    assert!(with(&|c| !c.valid && c.length > MAX) > 50, "too long");
    assert!(with(&|c| !c.valid && c.length <= MAX) > 20, "forbidden characters");
    assert!(with(&|c| c.text.contains('\u{200d}')) > 200, "joined emoji");
    assert!(with(&|c| c.text.contains("://") && c.links.is_empty()) > 20, "what looks like a link and is none");
    assert!(with(&|c| c.text.nfc().ne(c.text.chars())) > 50, "not in NFC");
}

#[test]
fn what_people_write_counts_as_they_see_it() {
    assert_eq!(length("Hola, ¿qué tal?"), 15);
    assert_eq!(length("日本語"), 6);
    assert_eq!(length("👨‍👩‍👧‍👦"), 2);
    assert_eq!(length("Mira https://example.org/un/camino/muy/largo."), 5 + 23 + 1);
    assert_eq!(length("tienda.es"), 23);
    assert!(holds_link("entra en tienda.es"));
    assert!(!holds_link("escribe a ana@tienda.es"));
}

#[test]
fn a_hostile_text_takes_no_more_than_its_length() {
    for piece in ["a.", "é", "a_", "(", "http://", "a.com/(", "日.", "a.com日."] {
        let text = piece.repeat(40_000 / piece.len()) + "日.com";
        let begun = std::time::Instant::now();
        assert!(length(&text) > 0);
        // Squared it would be minutes.
        eprintln!("{piece} {:?}", begun.elapsed());
        assert!(begun.elapsed().as_secs() < 15, "{piece}: {:?}", begun.elapsed());
    }
}

proptest! {
    #[test]
    fn never_panics(text: String, cut in 0..60_usize) {
        prop_assert!(length(&text) <= 2 * text.nfc().count() + LINK * text.matches('.').count());
        let dense: String = "https://a.es/(b) x.日.com?q=".chars().cycle().skip(cut).take(cut).chain(text.chars()).collect();
        prop_assert!(length(&dense) <= 2 * dense.nfc().count() + LINK * dense.matches('.').count());
    }
}
