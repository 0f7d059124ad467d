use super::checker::{self, Seen};
use super::*;
use crate::clock::Time;
use crate::command::Verb;
use crate::command::table::TABLE;
use crate::i18n::Words;
use crate::policy::Counting;
use crate::post::Untrusted;
use crate::view::{Action, FormLimit};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn with_ctx<T>(lang: Lang, f: impl FnOnce(&Ctx<'_>) -> T) -> T {
    let words = Words::new();
    let say = |say: &Say| words.tell(say, lang);
    f(&Ctx { lang, say: &say })
}

/// Whatever could be markup, a mention or a link somewhere, and text that turns or hides.
const HOSTILE: &[&str] = &[
    "<!channel>",
    "<!here>",
    "<!everyone>",
    "<!here|here>",
    "@channel",
    "@here",
    "@everyone",
    "<@U012AB3CD>",
    "<@W1|ana>",
    "<!subteam^S1>",
    "<!subteam^S1|@leads>",
    "<#C012AB3CD>",
    "<#C1|general>",
    "<mailto:a@b.example|press>",
    "<https://evil.example|https://bank.example>",
    "<https://evil.example>",
    "https://evil.example/",
    "<!date^1^{ago}^https://evil.example|soon>",
    "<!date^1^{date}|x>",
    "<tel:+1>",
    "<slack://user?id=U1>",
    "[bank](https://evil.example)",
    "![x](https://evil.example/x.png)",
    ":tada:",
    ":slack:",
    "*bold*",
    "_i_",
    "~s~",
    "`c`",
    "```\n",
    ">quote\n",
    "> ",
    "&lt;!channel&gt;",
    "&amp;lt;!here>",
    "&#60;!here&#62;",
    "\u{202e}",
    "\u{202d}",
    "\u{2066}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{0}",
    "\u{1b}[2J",
    "\u{7f}",
    "\r\n",
    "\n",
    "\t",
    " ",
    "\\",
    "\"",
    "'",
    "{\"type\":\"user\"}",
    "</p>",
    "<!channel\u{200b}>",
    "<\u{200b}!channel>",
    "<!<!channel>channel>",
    "<<@U1>>",
    "𝕊",
    "👩‍👩‍👧",
    "ñ",
    "é́́́́́",
    "السلام",
    "日本",
    "a",
    "Z",
    "42",
    "#42 · new",
    "Ana took the case.",
    "<script>",
    "javascript:alert(1)",
    "data:text/html,x",
    "…",
];

fn hostile() -> impl Strategy<Value = String> {
    let word = prop_oneof![4 => proptest::sample::select(HOSTILE).prop_map(str::to_owned), 1 => ".{0,12}", 1 => "\\PC{0,12}"];
    let some = vec(word, 0..12).prop_map(|w| w.concat());
    let long = (proptest::sample::select(HOSTILE), 1..100_000_usize).prop_map(|(w, n)| w.repeat(n / w.len().max(1) + 1));
    prop_oneof![40 => some, 1 => long]
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "https://[a-z]{1,8}\\.example/[a-z0-9/?=&|<>\"' #-]{0,20}",
        1 => hostile(),
        1 => hostile().prop_map(|h| format!("https://x.example/{h}")),
        1 => Just("https://bank.example@evil.example/".to_owned()),
        1 => Just("slack://open".to_owned()),
        1 => Just("javascript:alert(1)".to_owned()),
        1 => (2_000..60_000_usize).prop_map(|n| format!("https://long.example/{}", "x".repeat(n))),
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        2 => hostile().prop_map(Piece::Words),
        1 => hostile().prop_map(Piece::Strong),
        4 => hostile().prop_map(|t| Piece::Foreign(Untrusted::new(t))),
        2 => (hostile(), address()).prop_map(|(label, url)| Piece::Link { label, url }),
        1 => (hostile(), -1_000_000_000_000_i64..9_000_000_000_000).prop_map(|(words, at)| Piece::Until { words, at: Time(at) }),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    vec(piece(), 0..4)
}

fn some_lines() -> impl Strategy<Value = Vec<Line>> {
    prop_oneof![5 => vec(line(), 0..6), 1 => vec(line(), 0..60)]
}

fn some_actions() -> impl Strategy<Value = Vec<Action>> {
    let one = |(verb, label, typed)| Action { verb, label, typed, version: None, draft: None };
    // A view offers each verb once.
    let verbs = proptest::sample::subsequence(TABLE.iter().map(|r| r.verb).collect::<Vec<_>>(), 0..12).prop_shuffle();
    (verbs, vec(("[a-z]{1,5}".prop_union("\\PC{1,200}"), "[a-z]{1,9}"), 12)).prop_map(move |(verbs, words)| {
        verbs.into_iter().zip(words).map(|(v, (label, typed))| one((v, format!("x{label}"), typed))).collect()
    })
}

fn card_view() -> impl Strategy<Value = CardView> {
    (any::<u64>(), line(), line(), some_lines(), some_lines(), some_actions()).prop_map(|(case, title, who, body, facts, actions)| {
        CardView {
            case,
            code: "AB".into(),
            status: "new".into(),
            priority: "high".into(),
            owner: None,
            network: "square".into(),
            account: "acme".into(),
            post: "p".into(),
            customer: "c".into(),
            title,
            who,
            body,
            facts,
            actions,
        }
    })
}

fn entry_view() -> impl Strategy<Value = EntryView> {
    let events = proptest::sample::select(vec!["joined", "drafted", "queued", "published"]);
    (any::<u64>(), events, some_lines(), some_actions()).prop_map(|(case, event, lines, actions)| EntryView {
        case,
        event: event.into(),
        n: 3,
        post: None,
        author: None,
        lines,
        actions,
        calls: Vec::new(),
    })
}

fn text_view() -> impl Strategy<Value = TextView> {
    (proptest::sample::select(vec!["digest", "list", "notice-paused"]), some_lines(), any::<bool>()).prop_map(
        |(code, mut lines, titled)| {
            if titled {
                lines.insert(0, vec![Piece::Strong("Yesterday".into())]);
            }
            TextView { code: code.into(), lines }
        },
    )
}

fn form_view() -> impl Strategy<Value = FormView> {
    let limit = (0..10_000_usize, option::of(0..100_usize), 0..100_usize).prop_map(|(max, url, taken)| FormLimit {
        max,
        counting: Counting::Characters { url },
        taken,
    });
    let verb = proptest::sample::select(vec![Verb::Reply, Verb::Draft, Verb::Handoff, Verb::Note, Verb::Dm]);
    let words = "\\PC{1,60}".prop_map(|w| format!("x{w}"));
    (
        (verb, any::<u64>(), words.clone(), words.clone(), words.clone(), words),
        some_lines(),
        hostile(),
        option::of(limit),
        vec((hostile(), hostile()), 0..130),
    )
        .prop_map(|((verb, case, title, submit, cancel, label), lines, text, limit, canned)| FormView {
            verb,
            case,
            title,
            submit,
            cancel,
            label,
            public: case % 2 == 0,
            lines,
            text,
            limit,
            canned,
        })
}

/// Where the links of some lines lead, as a browser understands them.
fn ours<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Vec<String> {
    let address = |p: &Piece| match p {
        Piece::Link { url, .. } => url::Url::parse(url.trim()).ok().map(|u| u.to_string()),
        _ => None,
    };
    lines.into_iter().flatten().filter_map(address).collect()
}

fn no_strange_links(seen: &Seen, ours: &[String]) -> Result<(), TestCaseError> {
    for (text, url) in &seen.links {
        prop_assert!(ours.contains(url), "{text:?} leads to {url:?}, which nobody of us built");
        prop_assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
        prop_assert!(!url.contains("@evil.example"), "{url}");
    }
    Ok(())
}

/// Each line that is all foreign stands in a quote, or was cut.
fn foreign_stands_in_quotes(seen: &Seen, lines: &[Line], cut: bool) -> Result<(), TestCaseError> {
    for line in lines.iter().filter(|l| !l.is_empty() && l.iter().all(|p| matches!(p, Piece::Foreign(_)))) {
        let text: String = line
            .iter()
            .map(|p| if let Piece::Foreign(t) = p { hygiene::strip(t.expose()).replace('\n', " ") } else { String::new() })
            .collect();
        let text = text.trim();
        prop_assert!(cut || text.is_empty() || seen.quoted.iter().any(|q| q.contains(text)), "{text:?} stands in no quote");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_card_pings_links_astray_or_breaks_a_limit(card in card_view(), es in any::<bool>()) {
        let rendered = with_ctx(if es { Lang::Es } else { Lang::En }, |ctx| message(&View::Card(card.clone()), ctx));
        let seen = checker::message(&rendered.text, &rendered.blocks).map_err(TestCaseError::fail)?;
        let all: Vec<&Line> = [&card.title, &card.who].into_iter().chain(&card.body).chain(&card.facts).collect();
        no_strange_links(&seen, &ours(all))?;
        let cut = seen.text.contains("Slack");
        foreign_stands_in_quotes(&seen, &card.body, cut)?;
        // Every action can be pressed, and names its case.
        let pressed = seen.pressed.iter().map(|(id, values)| if id == MORE { values.len() } else { 1 }).sum::<usize>();
        prop_assert_eq!(pressed, card.actions.len());
        for (id, values) in &seen.pressed {
            let case = card.case.to_string();
            prop_assert!(values.iter().all(|v| *v == case || (id == MORE && v.ends_with(&format!(":{case}")))), "{}: {:?}", id, values);
        }
    }

    #[test]
    fn no_entry_or_text_pings_links_astray_or_breaks_a_limit(entry in entry_view(), text in text_view(), es in any::<bool>()) {
        let lang = if es { Lang::Es } else { Lang::En };
        for (view, lines) in [(View::Entry(entry.clone()), &entry.lines), (View::Text(text.clone()), &text.lines)] {
            let rendered = with_ctx(lang, |ctx| message(&view, ctx));
            let seen = checker::message(&rendered.text, &rendered.blocks).map_err(TestCaseError::fail)?;
            no_strange_links(&seen, &ours(lines))?;
            foreign_stands_in_quotes(&seen, lines, seen.text.contains("Slack"))?;
        }
    }

    #[test]
    fn no_form_pings_links_astray_or_breaks_a_limit(form in form_view(), typed in option::of(hostile()), replaced in 0..9_u32) {
        let typed = typed.as_deref().map(|text| Typed { text, replaced });
        let data = metadata(form.case, form.verb, "C012AB3CD", Some("1700000000.000100"), form.public);
        let view = with_ctx(Lang::En, |ctx| modal(&form, &data, typed, ctx));
        let seen = checker::modal(&view).map_err(TestCaseError::fail)?;
        no_strange_links(&seen, &ours(&form.lines))?;
        let rendered = with_ctx(Lang::En, |ctx| message(&View::Form(form.clone()), ctx));
        let seen = checker::message(&rendered.text, &rendered.blocks).map_err(TestCaseError::fail)?;
        no_strange_links(&seen, &ours(&form.lines))?;
    }

    #[test]
    fn no_home_pings_links_astray_or_breaks_a_limit(lists in vec(text_view(), 0..4)) {
        // Each line once as it is, and once as that of a case.
        let of_case = |line: &Line| std::iter::once(Piece::Strong("#42".into())).chain(line.clone()).collect::<Line>();
        let views = lists.iter().cloned().map(|mut list| {
            list.lines = list.lines.iter().flat_map(|l| [l.clone(), of_case(l)]).collect();
            (View::Text(list), OF_OWN.as_slice())
        });
        let views: Vec<_> = views.collect();
        let seen = checker::home(&with_ctx(Lang::Es, |ctx| home(&views, ctx))).map_err(TestCaseError::fail)?;
        no_strange_links(&seen, &ours(lists.iter().flat_map(|l| &l.lines)))?;
    }

    /// What fits is shown to the letter, markup and all.
    #[test]
    fn foreign_text_is_exactly_that_text(words in vec(proptest::sample::select(HOSTILE), 1..8)) {
        let text = hygiene::one_line(&words.concat(), 200);
        let view = EntryView { case: 1, event: "joined".into(), n: 1, post: None, author: None, lines: vec![vec![Piece::Foreign(Untrusted::new(text.clone()))]], actions: vec![], calls: Vec::new() };
        let rendered = with_ctx(Lang::En, |ctx| message(&View::Entry(view), ctx));
        let seen = checker::message(&rendered.text, &rendered.blocks).map_err(TestCaseError::fail)?;
        if !text.trim().is_empty() {
            prop_assert_eq!(&seen.quoted, &vec![text.clone()]);
        }
        // The fallback says the same once Slack has read it.
        let read = rendered.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        prop_assert!(read.contains(text.trim()), "{} / {}", read, text);
    }
}

/// The checker is no blind one.
#[test]
fn the_checker_sees_what_it_is_to_see() {
    let rich = |element: Value| json!([{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}]);
    let button = |more: Value| {
        let mut button =
            json!({"type": "button", "action_id": "a", "value": "1", "text": {"type": "plain_text", "text": "x", "emoji": false}});
        button.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([{"type": "actions", "elements": [button]}])
    };
    let fine = rich(json!({"type": "text", "text": "<!channel>"}));
    assert!(checker::message("x &lt;!channel&gt;", &fine).is_ok() && checker::message("x", &button(json!({}))).is_ok());
    for text in ["<!channel>", "a <@U1>", "&", "x &lt;b>", "\u{202e}x", "", &"x".repeat(4_001)] {
        assert!(checker::message(text, &fine).is_err(), "{text}");
    }
    for blocks in [
        rich(json!({"type": "user", "user_id": "U1"})),
        rich(json!({"type": "broadcast", "range": "channel", "text": "x"})),
        rich(json!({"type": "emoji", "name": "tada", "text": "x"})),
        rich(json!({"type": "date", "timestamp": 1, "format": "{date}", "fallback": "x"})),
        rich(json!({"type": "text", "text": ""})),
        rich(json!({"type": "text", "text": "x".repeat(13_000)})),
        json!([{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]),
        json!([{"type": "header", "text": {"type": "plain_text", "text": "x", "emoji": true}}]),
        json!([{"type": "header", "text": {"type": "plain_text", "text": "x".repeat(151), "emoji": false}}]),
        button(json!({"url": "https://evil.example"})),
        button(json!({"style": "loud"})),
        json!([]),
        Value::Array(vec![json!({"type": "divider"}); 51]),
    ] {
        assert!(checker::message("x", &blocks).is_err(), "{blocks}");
    }
}

/// What is cut says so, and where all of it stands.
#[test]
fn what_is_too_long_is_cut_with_a_word() {
    let link = Piece::Link { label: "original".into(), url: "https://plaza.example/1".into() };
    let long = |n: usize| vec![vec![Piece::Words("by ".into()), link.clone()], vec![Piece::Foreign(Untrusted::new("é".repeat(n)))]];
    let seen = |lines: Vec<Line>| {
        let view = EntryView { case: 1, event: "joined".into(), n: 1, post: None, author: None, lines, actions: vec![], calls: Vec::new() };
        let rendered = with_ctx(Lang::Es, |ctx| message(&View::Entry(view), ctx));
        checker::message(&rendered.text, &rendered.blocks).unwrap()
    };
    let whole = seen(long(5_000));
    assert!(!whole.text.contains("Cortado") && whole.links.len() == 1 && whole.quoted[0].chars().count() == 5_000);
    let cut = seen(long(50_000));
    assert!(cut.text.contains("… Cortado") && cut.links.len() == 2 && cut.quoted[0].ends_with('…'), "{}", cut.text.len());
    let nowhere = seen(vec![vec![Piece::Foreign(Untrusted::new("x".repeat(50_000)))]]);
    assert!(nowhere.text.contains("… Cortado aquí: Slack no admite mensajes más largos.\n") && nowhere.links.is_empty());
}
