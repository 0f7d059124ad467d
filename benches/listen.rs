//! Listening: from a line of Jetstream to "none of our business", with fifty rules, beside parsing that line alone with the
//! fastest parser there is, of serde's own and sonic-rs.

use serde::Deserialize;
use serde_json::json;
use sereno::intake::listen::{Matcher, Seen};
use sereno::policy::ListenRule;
use std::borrow::Cow;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 7;
const LINES: usize = 20_000;
/// Bluesky's peak, in posts a second.
const PEAK: f64 = 2_000.0;

/// What people write, in the languages in which they write most there.
const TEXTS: &[&str] = &[
    "Good morning everyone! Another rainy day here, so it's coffee and a good book for me ☕📚 What are you all reading at the moment?",
    "おはようございます。今日は朝から雨ですね。電車が遅れていて、会社に着くのが少し遅くなりそうです。皆さんも気をつけてください。",
    "Hoy he ido al mercado y las naranjas estaban carísimas, ¿qué está pasando con los precios? Así no hay quien coma fruta 😩",
    "Bom dia! Alguém mais viu o jogo de ontem? Que virada incrível no segundo tempo, não acreditei quando saiu o terceiro gol.",
    "new drawing!! took me about 12 hours but i'm really happy with how the lighting turned out #art #digitalart #oc https://example.com/gallery/2024/11",
    "lol",
    "Der Zug hat schon wieder 40 Minuten Verspätung, aber wenigstens funktioniert das WLAN. Man muss auch die kleinen Dinge schätzen.",
    "Just published a post about how we cut our CI time from 45 to 12 minutes: https://blog.example.org/posts/ci-time-2024?utm_source=bsky — thoughts welcome, @friend.example.com!",
    "오늘 점심은 김치찌개. 역시 비 오는 날엔 찌개가 최고다.",
    "I can't believe how good the new season is. No spoilers, but episode 4... wow. The writing, the acting, everything. 10/10, would cry again.",
];

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    did: Cow<'a, str>,
    time_us: i64,
    #[serde(borrow)]
    commit: Commit<'a>,
}

#[derive(Deserialize)]
struct Commit<'a> {
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    collection: Cow<'a, str>,
    #[serde(borrow)]
    record: Post<'a>,
}

#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

fn rules() -> Vec<ListenRule> {
    let own = |words: &[String]| words.to_vec();
    let rule = |n: usize| ListenRule {
        name: format!("brand{n}"),
        keywords: own(&[format!("Marca Número {n}"), format!("brandname{n}"), format!("acmé telecom {n}")]),
        hashtags: own(&[format!("Marca{n}Falla")]),
        domains: own(&[format!("brand-{n}.example")]),
        exclude: own(&["sorteo".into()]),
        misspellings: n.is_multiple_of(2),
        ..ListenRule::default()
    };
    (0..50).map(rule).collect()
}

/// Nanoseconds a line, the median of the rounds.
fn measure(lines: &[String], mut act: impl FnMut(&str)) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            lines.iter().for_each(|line| act(line));
            start.elapsed().as_secs_f64() * 1e9 / lines.len() as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

/// Runs it.
pub(crate) fn run() {
    let line = |n: usize| {
        let text = format!("{} {n}", TEXTS[n % TEXTS.len()]);
        let record = json!({ "$type": "app.bsky.feed.post", "createdAt": "2026-11-23T10:00:00.000Z", "langs": ["en"], "text": text,
            "reply": { "parent": { "cid": "bafyreiabc", "uri": "at://did:plc:xyz/app.bsky.feed.post/3l" }, "root": { "cid": "bafyreiabc", "uri": "at://did:plc:xyz/app.bsky.feed.post/3l" } } });
        json!({ "did": format!("did:plc:{n:024}"), "time_us": 1_725_911_162_329_308_i64 + n as i64, "kind": "commit",
            "commit": { "rev": "3l3qo2vutsw2b", "operation": "create", "collection": "app.bsky.feed.post", "rkey": "3l3qo2vuowo2b", "record": record, "cid": "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi" } })
        .to_string()
    };
    let lines: Vec<String> = (0..LINES).map(line).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    let matcher = Matcher::new(&rules());
    let read =
        |line: Line<'_>| drop(black_box((line.did, line.time_us, line.commit.operation, line.commit.collection, line.commit.record.text)));
    let serde = measure(&lines, |line| read(serde_json::from_str(line).expect("a line")));
    let sonic = measure(&lines, |line| read(sonic_rs::from_str(line).expect("a line")));
    let heard = measure(&lines, |line| {
        let line: Line<'_> = serde_json::from_str(line).expect("a line");
        assert!(matcher.catch(&Seen::from(&*line.commit.record.text)).is_none());
    });
    let (parse, rate) = (serde.min(sonic), 1e9 / heard);
    println!(
        "listen: {} bytes a line: read by serde_json in {serde:.0} ns, by sonic-rs in {sonic:.0} ns; read and matched by 50 rules in {heard:.0} ns, {rate:.0} a second",
        bytes / LINES
    );
    for (what, figure, least) in [("≥ 0.5 of parsing alone", parse / heard, 0.5), ("> 100 × Bluesky's peak", rate / PEAK, 100.0)] {
        println!("listen: goal {what}: {figure:.2}, {}", if figure >= least { "met" } else { "MISSED" });
    }
}
