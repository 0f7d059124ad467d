use super::*;
use crate::clock::Time;
use crate::post::Untrusted;
use crate::view::TextView;
use proptest::prelude::*;

fn ctx() -> Ctx<'static> {
    Ctx { lang: Lang::En, prefix: "!", say: &|say| say.code.clone() }
}

fn foreign(text: &str) -> Piece {
    Piece::Foreign(Untrusted::new(text))
}

fn text(code: &str, lines: Vec<Line>) -> Rendered {
    message(&View::Text(TextView { code: code.into(), lines }), &ctx())
}

fn entry(event: &str, lines: Vec<Line>, calls: &[&str]) -> Rendered {
    let calls = calls.iter().map(|c| (*c).to_owned()).collect();
    message(
        &View::Entry(EntryView { case: 42, event: event.into(), n: 1, post: None, author: None, lines, actions: vec![], calls }),
        &ctx(),
    )
}

fn a_card(body: Vec<Line>) -> CardView {
    let words = |w: &str| vec![Piece::Words(w.into())];
    let action = |verb, typed: &str, version| Action { verb, label: typed.into(), typed: typed.into(), version, draft: None };
    CardView {
        case: 42,
        code: "K7-3".into(),
        status: "new".into(),
        priority: "urgent".into(),
        owner: None,
        network: "mastodon".into(),
        account: "acme".into(),
        post: "p".into(),
        customer: "c".into(),
        title: vec![Piece::Strong("#42".into()), Piece::Words(" · new".into())],
        who: vec![foreign("@marta")],
        body,
        facts: vec![words("priority: urgent"), vec![Piece::Link { label: "the post".into(), url: "https://m.example/1?a=1&b=2".into() }]],
        actions: vec![action(Verb::Claim, "claim", None), action(Verb::Approve, "approve", Some(7))],
    }
}

#[test]
fn what_can_be_typed_begins_as_it_is_typed_here() {
    let line =
        vec![Piece::Words("`restore 42` or `sereno outbox list`; `30m` <b>".into()), Piece::Strong("`undo`".into()), foreign("`claim`")];
    let shown = text("answer", vec![line]);
    assert_eq!(shown.body, "`!restore 42` or `sereno outbox list`; `30m` <b>`!undo``claim`");
    assert_eq!(
        shown.html,
        "<code>!restore 42</code> or <code>sereno outbox list</code>; <code>30m</code> &lt;b&gt;<strong><code>!undo</code></strong>`claim`"
    );
    let odd = text("answer", vec![vec![Piece::Words("`claim` of Tom`s".into())]]);
    assert_eq!((odd.body.as_str(), odd.html.as_str()), ("`claim` of Tom`s", "`claim` of Tom`s"));
}

#[test]
fn a_card_in_both_halves() {
    let card = message(&View::Card(a_card(vec![vec![foreign("the train <b>burns</b> @room")], vec![foreign("again")]])), &ctx());
    assert_eq!(
        card.html,
        "<strong>#42</strong> · new<br>@marta<br><blockquote>the train &lt;b&gt;burns&lt;/b&gt; @room<br>again</blockquote>priority: urgent<br>\
         <a href=\"https://m.example/1?a=1&amp;b=2\">the post</a><br>→ !claim 42 · !approve 42 7"
    );
    assert_eq!(
        card.body,
        "#42 · new\n@marta\n▏ the train <b>burns</b> @room\n▏ again\npriority: urgent\nthe post: https://m.example/1?a=1&b=2\n→ !claim 42 · !approve 42 7"
    );
    let content = card.content();
    assert_eq!((&content["msgtype"], &content["m.mentions"]), (&json!("m.text"), &json!({})));
}

#[test]
fn only_those_who_must_act_are_called_and_only_once() {
    let said = entry("assigned", vec![vec![Piece::Words("given to Ana".into())]], &["@ana:h", "U012", "console"]);
    let content = said.content();
    assert_eq!(content["m.mentions"], json!({"user_ids": ["@ana:h"]}));
    assert_eq!(content["msgtype"], "m.text", "nobody is told of a notice");
    let change = said.replacing("$e");
    assert_eq!((&change["m.mentions"], &change["m.new_content"]["m.mentions"]), (&json!({}), &json!({})));
    let quiet = entry("claimed", vec![vec![Piece::Words("Ana took it".into())]], &[]).content();
    assert_eq!((&quiet["msgtype"], &quiet["m.mentions"]), (&json!("m.notice"), &json!({})));
    assert_eq!(entry("joined", vec![vec![foreign("hey")]], &[]).content()["msgtype"], "m.text");
}

#[test]
fn links_are_ours_or_none() {
    let line = |url: &str| text("x", vec![vec![Piece::Link { label: "see".into(), url: url.into() }]]);
    for bad in ["javascript:alert(1)", "https://a@b.example/", "data:text/html,x", "https://"] {
        let shown = line(bad);
        assert_eq!((shown.html.as_str(), shown.body.as_str()), ("see", "see"), "{bad}");
    }
    assert_eq!(line("https://b.example/\"x").html, "<a href=\"https://b.example/%22x\">see</a>");
    let host = text("x", vec![vec![Piece::Link { label: "b.example".into(), url: "https://b.example/1".into() }]]);
    assert_eq!(host.body, "https://b.example/1");
}

#[test]
fn nothing_is_never_sent_and_what_is_cut_says_so() {
    assert_eq!(text("x", vec![]).body, "–");
    let long = text("x", vec![vec![foreign(&"y".repeat(100_000))], vec![Piece::Words("after".into())]]);
    assert!(long.html.contains("matrix-cut") && !long.html.contains("after") && long.body.ends_with("matrix-cut"));
    let moment = text("x", vec![vec![Piece::Until { words: "10 s".into(), at: Time(1_763_000_000_500) }]]);
    assert_eq!(moment.body, "10 s (02:13:20 UTC)");
}

/// What HTML is left once the tags that we write are taken out.
fn beside_our_tags(html: &str) -> String {
    let mut rest = html.to_owned();
    for tag in ["<br>", "<strong>", "</strong>", "<blockquote>", "</blockquote>", "</a>", "<code>", "</code>"] {
        rest = rest.replace(tag, "");
    }
    while let Some(at) = rest.find("<a href=\"http") {
        let end = rest.get(at..).and_then(|r| r.find("\">")).map(|e| at + e + 2).expect("an attribute ends");
        rest.replace_range(at..end, "");
    }
    rest
}

fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,60}",
        "[<>&\"'`@a-z:/#!. \n\u{202e}\u{200b}]{0,60}",
        Just("</blockquote><strong>#43</strong> @room <a href=\"https://evil.example\">x</a> <mx-reply>".to_owned()),
        Just("@ana:example.org https://matrix.to/#/@ana:example.org".to_owned()),
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        odd().prop_map(Piece::Words),
        odd().prop_map(Piece::Strong),
        odd().prop_map(|t| Piece::Foreign(Untrusted::new(t))),
        (odd(), odd()).prop_map(|(label, url)| Piece::Link { label, url: format!("https://{url}") }),
        (odd(), any::<i64>()).prop_map(|(words, at)| Piece::Until { words, at: Time(at) }),
    ]
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    proptest::collection::vec(proptest::collection::vec(piece(), 0..5), 0..12)
}

proptest! {
    #[test]
    fn whatever_was_written_is_no_markup_and_calls_nobody(lines in lines()) {
        for shown in [text("answer", lines.clone()), entry("joined", lines.clone(), &[]), message(&View::Card(a_card(lines.clone())), &ctx())] {
            let rest = beside_our_tags(&shown.html);
            prop_assert!(!rest.contains(['<', '>', '"']), "{}", rest);
            let content = shown.content();
            prop_assert_eq!(&content["m.mentions"], &json!({}));
            prop_assert!(!shown.body.trim().is_empty() && !shown.html.trim().is_empty());
        }
    }

    #[test]
    fn foreign_lines_are_marked(written in "[a-z<>#!\n ]{1,80}") {
        let shown = entry("joined", vec![vec![Piece::Words("they wrote:".into())], vec![foreign(&written)]], &[]);
        prop_assert!(shown.html.contains("<blockquote>"));
        prop_assert!(shown.body.lines().skip(1).all(|l| l.starts_with('▏')), "{}", shown.body);
    }

    #[test]
    fn a_message_and_its_change_fit_into_an_event(seed in odd(), times in 1_usize..3_000, count in 1_usize..30) {
        let lines: Vec<Line> = (0..count).map(|_| vec![foreign(&seed.repeat(times))]).collect();
        let shown = text("x", lines);
        let new = shown.content().to_string().len();
        let change = shown.replacing("$event").to_string().len();
        // Encrypted, base64 adds a third, and the envelope some hundreds of bytes.
        prop_assert!(new * 4 / 3 < 60_000 && change * 4 / 3 < 60_000, "{} {}", new, change);
    }
}
