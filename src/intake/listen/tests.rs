use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn own(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn rule(name: &str, keywords: &[&str], hashtags: &[&str], exclude: &[&str]) -> ListenRule {
    let (keywords, hashtags, exclude) = (own(keywords), own(hashtags), own(exclude));
    ListenRule { name: name.into(), keywords, hashtags, exclude, ..ListenRule::default() }
}

/// What was found, as the author wrote it.
fn written(rules: &[ListenRule], text: &str) -> Vec<(String, How)> {
    let matcher = Matcher::new(rules);
    let by = matcher.catch(&text.into()).map(|c| c.by).unwrap_or_default();
    by.into_iter().map(|hit| (text.get(hit.at.unwrap()).unwrap().to_owned(), hit.how)).collect()
}

#[test]
fn words_on_their_borders() {
    let m = Matcher::new(&[rule("brand", &["Aérea Norte", "AéreaNorte", "AN&Co", "航空"], &["VuelaNorte"], &["cumpleaños", "#sorteo"])]);
    let meets = [
        "Volé con aérea norte ayer",
        "AEREA NORTE, qué desastre",
        "«Aérea   Norte»",
        "aérea\nnorte",
        "ＡＥＲＥＡ ＮＯＲＴＥ",
        "aérea-norte",
        "lo de #AereaNorte no tiene nombre",
        "las maletas de AN&Co.",
        "#vuelanorte otra vez tarde",
        "(#VuelaNorte)",
        "我乘坐航空旅行",
        "https://aereanorte.example/vuelos",
        "Aérea Norte's",
        "l'Aérea Norte",
        "👍🏽Aérea Norte👍🏽",
    ];
    for text in meets {
        assert_eq!(m.matches(text), Some("brand"), "{text}");
    }
    let misses = [
        "",
        "aérea nortee",
        "la aérea del norte",
        "subaérea norte",
        "vuelanorte sin almohadilla",
        "#VuelaNorteYa",
        "Aérea Norte me felicita el cumpleaños",
        "#sorteo de #VuelaNorte",
        "AN & Co",
        "aérea - norte",
        "aérea_norte",
    ];
    for text in misses {
        assert_eq!(m.matches(text), None, "{text}");
    }
}

#[test]
fn the_first_rule_that_fits_and_its_own_excludes() {
    let m =
        Matcher::new(&[rule("a", &["sol"], &[], &["playa"]), rule("b", &["sol", ""], &["#luna"], &[]), rule("empty", &[], &["#"], &[])]);
    assert_eq!(m.matches("hace sol"), Some("a"));
    assert_eq!(m.matches("sol y playa"), Some("b"));
    assert_eq!(m.matches("#LUNA"), Some("b"));
    assert_eq!(m.matches("nada # de nada"), None);
    assert_eq!(Matcher::new(&[]).matches("sol"), None);
}

#[test]
fn the_carrier_and_not_the_fruit() {
    let context = own(&["factura", "cobertura", "fibra", "bill"]);
    let carrier = ListenRule { context, ..rule("orange", &["Orange"], &[], &["naranjas", "orange juice"]) };
    let m = Matcher::new(&[carrier]);
    for text in ["Orange me cobra dos veces la factura", "ORANGE, mi fibra no va", "my Orange bill is wrong"] {
        assert_eq!(m.matches(text), Some("orange"), "{text}");
    }
    for text in ["an orange a day", "orange juice and the bill, please", "Orange facturas", "la factura de la luz"] {
        assert_eq!(m.matches(text), None, "{text}");
    }
}

#[test]
fn by_language_and_audience() {
    let heard = ListenRule { languages: own(&["es", "ca"]), min_followers: 100, ..rule("r", &["acme"], &[], &[]) };
    let m = Matcher::new(&[heard]);
    let (spanish, english) =
        ("acme no me contesta y llevo tres días sin internet en casa", "acme does not answer me and I have no internet");
    let seen = |text, language, followers| m.matches(Seen { text, language, followers, ..Seen::default() }).is_some();
    assert!(seen(spanish, None, Some(100)) && !seen(english, None, Some(100)));
    assert!(seen(spanish, Some("en"), Some(100)), "a long text says more than the tag that an app has put on it");
    assert!(seen("acme!", Some("ca-ES"), None), "nobody said how many follow them");
    assert!(!seen("acme!", Some("fr"), None) && !seen(spanish, None, Some(99)));
}

#[test]
fn links_by_their_host() {
    let linked = ListenRule { domains: own(&["Acme-Rail.example", "año.example"]), ..rule("r", &[], &[], &[]) };
    let m = Matcher::new(&[linked]);
    let meets = [
        "see https://acme-rail.example/delays",
        "ACME-RAIL.EXAMPLE",
        "(acme-rail.example)",
        "acme-rail.example.",
        "http://www.acme-rail.example:8080?x",
        "user said acme-rail.example, again",
        "https://año.example/",
    ];
    for text in meets {
        assert_eq!(m.matches(text), Some("r"), "{text}");
    }
    let misses = [
        "my-acme-rail.example",
        "acme-rail.example.evil.com",
        "write to ana@acme-rail.example",
        "ana@mail.acme-rail.example",
        "acme rail example",
        "acme-rail.examples",
        "acme-rail.example-shop.com",
        "acme-rail.example@evil.com",
    ];
    for text in misses {
        assert_eq!(m.matches(text), None, "{text}");
    }
    let beside = |links: &[&str]| m.matches(Seen { text: "look", links, ..Seen::default() });
    assert_eq!(beside(&["https://evil.com", "https://help.acme-rail.example/x#y"]), Some("r"));
    assert_eq!(beside(&["https://xn--ao-zja.example/"]), Some("r"));
    let nothing =
        ["https://acme-rail.example.evil.com", "https://evil.com/acme-rail.example", "acme-rail.example", "https://xacme-rail.example"];
    assert_eq!(beside(&nothing), None);
    let caught = m.catch(&Seen { text: "www.acme-rail.example", links: &["https://acme-rail.example"], ..Seen::default() }).unwrap();
    let places: Vec<_> = caught.by.iter().map(|hit| (hit.term, hit.at.clone())).collect();
    assert_eq!(places, [("acme-rail.example", Some(4..21)), ("acme-rail.example", None)]);
}

#[test]
fn one_mistake_is_forgiven_in_long_words_where_that_is_wanted() {
    let forgiving = ListenRule { misspellings: true, ..rule("r", &["Movistar", "acme rail", "Jazz"], &["movistar_es"], &[]) };
    let m = Matcher::new(std::slice::from_ref(&forgiving));
    let meets = [
        "movistr",
        "movsitar",
        "moviistar",
        "mobistar",
        "Movistarr",
        "movista",
        "mov1star",
        "acmerail",
        "acme reil",
        "acne rail",
        "acme  rial!",
        "#movistar_e",
        "jazz",
        "mvoistar",
        "mo vistar",
        "movisatr",
        "mov-istar",
    ];
    for text in meets {
        assert_eq!(m.matches(text), Some("r"), "{text}");
    }
    for text in ["movis", "novistar", "jaz", "jass", "movstr", "amovistar", "movistares ya", "movi stra", "la red movil"] {
        assert_eq!(m.matches(text), None, "{text}");
    }
    let strict = ListenRule { misspellings: false, ..forgiving.clone() };
    assert_eq!(Matcher::new(&[strict]).matches("movistr"), None);
    assert_eq!(
        written(&[forgiving], "¡MOVISTAR y Mobistár!"),
        [("MOVISTAR".to_owned(), How::Written), ("Mobistár".to_owned(), How::Misspelled)]
    );
}

#[test]
fn letters_that_only_look_like_others() {
    let rules = [rule("r", &["Vodafone", "Iliad", "Сбер"], &["VodafoneYu"], &[]), rule("o2", &["O2", "3M"], &[], &[])];
    let m = Matcher::new(&rules);
    let disguised =
        ["V0dafone", "v0d@f0ne", "Vod4fon3", "#v0dafoneyu", "1liad", "i1iad", "Vоdаfоne", "ΝVodafone Vodаfone", "I1ı\u{131}liad iliad"];
    for text in disguised {
        assert_eq!(m.matches(text), Some("r"), "{text}");
    }
    assert_eq!(m.matches("Сбер опять не работает"), Some("r"), "a name of another alphabet is one too");
    assert_eq!(m.matches("O2 is down"), Some("o2"));
    for text in ["oo", "em", "OZ", "https://x.example/v0dafone1", "ana@v0dafone.example", "va2dafone", "сбор"] {
        assert_eq!(m.matches(text), None, "{text}");
    }
    assert_eq!(written(&rules, "ugh, V0d@fone!"), [("V0d@fone".to_owned(), How::Disguised)]);
    assert_eq!(written(&rules, "eh Vоdаfоne."), [("Vоdаfоne".to_owned(), How::Written)]);
}

#[test]
fn it_says_at_which_words() {
    let rules = [rule("r", &["aérea norte", "norte"], &["VuelaNorte"], &[])];
    let text = "Con Ae\u{301}rea\u{a0} NORTE\u{200b}, ¡#vuelanorte!";
    let found: Vec<String> = written(&rules, text).into_iter().map(|(w, _)| w).collect();
    assert_eq!(found, ["Ae\u{301}rea\u{a0} NORTE", "NORTE", "#vuelanorte"]);
}

/// What the rules mean, said as simply as can be and slowly.
mod naive {
    use super::*;
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;

    pub(super) fn reading(text: &str) -> String {
        let dash = |c| matches!(c, '-' | '\u{2010}' | '\u{2011}');
        let folded: Vec<char> =
            text.chars().map(|c| if dash(c) { '-' } else { c }).collect::<String>().nfkd().flat_map(char::to_lowercase).collect();
        let shown: Vec<char> = folded.into_iter().filter(|c| !is_combining_mark(*c) && !matches!(c, '\u{ad}' | '\u{200b}')).collect();
        let word = |i: Option<usize>| i.and_then(|i| shown.get(i)).is_some_and(|c: &char| c.is_alphanumeric() || *c == '_');
        let alone = |i: usize| {
            shown[i] == '-' && !(i.checked_sub(1).and_then(|i| shown.get(i)).is_some_and(|c| c.is_alphanumeric()) && word(Some(i + 1)))
        };
        let blanked: String = shown.iter().enumerate().map(|(i, c)| if *c == '-' && !alone(i) { ' ' } else { *c }).collect();
        blanked.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// All places at which `word` stands on borders, with up to `mistakes` mistakes.
    pub(super) fn places(text: &str, word: &str, mistakes: usize) -> BTreeSet<String> {
        let chars: Vec<char> = text.chars().collect();
        let border = |i: usize| {
            let c = |i: usize| chars.get(i).is_some_and(|c| c.is_alphanumeric() || *c == '_');
            !(i > 0 && c(i - 1) && c(i))
        };
        let mut found = BTreeSet::new();
        for start in 0..chars.len() {
            for end in start + 1..=chars.len() {
                let part: String = chars[start..end].iter().collect();
                let ends = |s: &str| s.chars().next_back().is_some_and(char::is_alphanumeric);
                let near = part.chars().count().abs_diff(word.chars().count()) <= 1 && part.chars().next() == word.chars().next();
                let like = part == word || (mistakes > 0 && near && ends(&part) == ends(word) && edits(&part).contains(word));
                if like && border(start) && border(end) {
                    found.insert(part);
                }
            }
        }
        found
    }

    /// Everything that is one mistake away; letters are those that the tests use.
    fn edits(word: &str) -> BTreeSet<String> {
        let chars: Vec<char> = word.chars().collect();
        let mut all = BTreeSet::new();
        for i in 0..=chars.len() {
            let (head, tail) = chars.split_at(i);
            let mut add = |middle: &[char], tail: &[char]| all.insert(head.iter().chain(middle).chain(tail).collect::<String>());
            for c in "abcz -".chars() {
                add(&[c], tail);
                if let [_, rest @ ..] = tail {
                    add(&[c], rest);
                }
            }
            if let [_, rest @ ..] = tail {
                add(&[], rest);
            }
            if let [a, b, rest @ ..] = tail {
                add(&[*b, *a], rest);
            }
        }
        all
    }
}

#[test]
fn what_is_common_is_known_without_a_table() {
    for c in '\0'..=char::MAX {
        assert_eq!(reading::is_alphanumeric(c), c.is_alphanumeric(), "U+{:04X}", c as u32);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_read_as_it_is_meant(text in "[aAbZáÑ１ß \t\n\u{a0}\u{200b}\u{301}_.,#'‐ー航👍-]{0,24}") {
        let reading = Reading::traced(&text);
        prop_assert_eq!(&reading.text, &naive::reading(&text));
        prop_assert_eq!(&Reading::of(&text).text, &reading.text);
        // The way back leads to what it came from.
        for (start, c) in reading.text.char_indices() {
            let origin = reading.written(&text, start..start + c.len_utf8());
            let back = naive::reading(text.get(origin.clone()).unwrap());
            prop_assert!(c == ' ' || c == '-' || back.contains(c), "{c:?} of {:?}", text.get(origin));
        }
    }

    #[test]
    fn it_finds_what_a_slow_search_finds(
        words in prop::collection::vec("[abc]{1,8}|[abc]{1,4} [abc]{1,4}", 1..5),
        text in prop::collection::vec("[abcz]{1,9}|[ .,#-]", 0..16),
        split in any::<bool>(),
    ) {
        let text = text.join(if split { " " } else { "" });
        for misspellings in [false, true] {
            let of = |(n, word): (usize, &String)| ListenRule { name: n.to_string(), keywords: vec![word.clone()], misspellings, ..ListenRule::default() };
            let rules: Vec<ListenRule> = words.iter().enumerate().map(of).collect();
            let reading = naive::reading(&text);
            for (n, rule) in rules.iter().enumerate() {
                let long = rule.keywords[0].chars().filter(|c| *c != ' ').count() >= 6;
                let slow = naive::places(&reading, &rule.keywords[0], usize::from(misspellings && long));
                // Beside all others, and by itself.
                let (all, alone) = (Matcher::new(&rules), Matcher::new(std::slice::from_ref(rule)));
                let mut found = Vec::new();
                all.scan(all.tables.as_ref().unwrap(), &Reading::of(&text), How::Written, &mut found);
                let quick: BTreeSet<String> = found.iter().filter(|f| f.rule == n).map(|f| reading.get(f.part.clone()).unwrap().to_owned()).collect();
                prop_assert!(quick.is_subset(&slow), "{quick:?} {slow:?}");
                prop_assert_eq!(quick.is_empty(), slow.is_empty(), "{:?} in {:?}: {:?} {:?}", rule.keywords, text, quick, slow);
                prop_assert_eq!(alone.matches(text.as_str()).is_some(), !slow.is_empty());
            }
            let first = rules.iter().position(|r| {
                let long = r.keywords[0].chars().filter(|c| *c != ' ').count() >= 6;
                !naive::places(&reading, &r.keywords[0], usize::from(misspellings && long)).is_empty()
            });
            let matcher = Matcher::new(&rules);
            prop_assert_eq!(matcher.matches(text.as_str()), first.map(|n| rules[n].name.as_str()));
        }
    }

    /// Whatever is written, in whatever alphabet: it is read, and what is found stands where it is said to stand.
    #[test]
    fn nothing_that_is_written_breaks_it(text in any::<String>(), word in "\\PC{1,12}") {
        let held = format!("{text} {word} {text}");
        let keywords = own(&[&word]);
        let rule = ListenRule { name: "r".into(), keywords, domains: own(&["a.b"]), misspellings: true, ..ListenRule::default() };
        let matcher = Matcher::new(&[rule]);
        for text in [&text, &held] {
            for hit in matcher.catch(&Seen::from(text.as_str())).map(|c| c.by).unwrap_or_default() {
                prop_assert!(text.get(hit.at.unwrap()).is_some());
            }
        }
    }
}
