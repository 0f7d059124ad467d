//! What Slack is sent, as snapshots: a card, the entries of its thread, a form, the app's home, a report, in both languages.

use crate::world::*;
use insta::assert_snapshot;
use serde_json::Value;
use sereno::chat::slack::render::{self, Ctx, Typed};
use sereno::clock::{DAY_MS, SECOND_MS, Time};
use sereno::command::{Args, Command, Door, Verb};
use sereno::engine::Body;
use sereno::i18n::{ShowCtx, Words};
use sereno::policy::{Lang, Policy};
use sereno::post::*;
use sereno::say::Say;
use sereno::view::{View, build};

fn staff() -> Policy {
    let mut p = policy();
    p.time_zone = "Europe/Madrid".into();
    p.people.get_mut(&"ana".into()).unwrap().name = "Ana".into();
    p
}

/// Markup in the name, a mention and a false link in the text, a picture.
fn hostile() -> Post {
    let mut p =
        post("p1", "carla", "Three hours <!channel> waiting & nobody answers *at all* :rage:\n<https://evil.example|https://bank.example>");
    p.author.name = Untrusted::new("Carla <@U012AB3CD>");
    p.author.handle = Untrusted::new("@carla@plaza.example");
    p.author.url = Some("https://plaza.example/@carla".into());
    p.author.followers = Some(64_000);
    p.author.since = Some(START.plus(-5 * DAY_MS));
    p.lang = Some("en".into());
    p.url = Some("https://plaza.example/@carla/1".into());
    p.media = vec![Media {
        kind: "image".into(),
        url: "https://cdn.plaza.example/q.jpg".into(),
        description: Some(Untrusted::new("a long queue")),
    }];
    p
}

fn shown<T>(policy: &Policy, lang: Lang, now: Time, f: impl FnOnce(&Words, &Ctx<'_>) -> T) -> T {
    let words = Words::new();
    let say = |say: &Say| words.say(say, lang, &ShowCtx { policy, now });
    f(&words, &Ctx { lang, say: &say })
}

fn json(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// A message as it is sent, a line above it for its `text`.
fn message(view: &View, ctx: &Ctx<'_>) -> String {
    let rendered = render::message(view, ctx);
    format!("{}\n{}\n\n", rendered.text, json(&rendered.blocks))
}

#[test]
fn a_card_and_its_thread() {
    let policy = staff();
    let mut w = World::new(policy.clone());
    w.posts(&hostile());
    w.say("ana", "draft 1 We are sorry, Carla. We are looking into it right now.");
    w.say("ana", "reply 1");
    w.wait(11 * SECOND_MS);
    for lang in [Lang::En, Lang::Es] {
        let mut said = String::new();
        for (_, d) in &w.chat {
            if matches!(&d.body, Body::Card { edit: Some(_), .. }) {
                continue;
            }
            let now = d.entry.sent_at.unwrap();
            said.push_str(&shown(&policy, lang, now, |words, ctx| message(&build::delivery(&d.body, &policy, words, lang, now), ctx)));
        }
        assert_snapshot!(format!("thread_{}", lang.code()), said);
    }
}

#[test]
fn a_form_the_home_and_a_report() {
    let policy = staff();
    let mut w = World::new(policy.clone());
    w.posts(&hostile());
    w.say("ana", "draft 1 We are sorry, Carla.");
    let command = Command {
        id: "f".into(),
        by: "ana".into(),
        door: Door::Modal,
        room: policy.fallback_room.clone(),
        thread: None,
        lang: Lang::En,
        verb: Verb::Reply,
        case: Some(sereno::case::CaseId(1)),
        args: Args::None,
    };
    let form = w.engine.form(w.now, &command).unwrap().unwrap();
    let lists: Vec<_> = ["list mine", "list unclaimed", "digest"].map(|l| w.query("ana", l)).into();
    for lang in [Lang::En, Lang::Es] {
        let said = shown(&policy, lang, w.now, |words, ctx| {
            let View::Form(mut form) = build::form(&form, false, &policy, words, lang, w.now) else { panic!("a form") };
            form.canned = vec![("Sorry".into(), "We are sorry.".into())];
            let data = render::metadata(1, Verb::Reply, "C012AB3CD", Some("1700000000.000100"), true);
            let opened = render::modal(&form, &data, None, ctx);
            let typed = render::modal(&form, &data, Some(Typed { text: "We are sorry.", replaced: 1 }), ctx);
            let mut views: Vec<View> = lists.iter().map(|l| build::reply(l, &policy, words, lang, w.now)).collect();
            let digest = views.pop().unwrap();
            let changed = typed["blocks"].as_array().unwrap().iter().rev().take(2).map(json).collect::<Vec<_>>().join("\n");
            format!(
                "{}\n\n{changed}\n\n{}\n\n{}",
                json(&opened),
                json(&render::home(&[(views[0].clone(), &render::OF_OWN), (views[1].clone(), &render::OF_QUEUE)], ctx)),
                message(&digest, ctx)
            )
        });
        assert_snapshot!(format!("form_home_digest_{}", lang.code()), said);
    }
}
