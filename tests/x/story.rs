//! The bot on X as its users see it: the binary itself, from the mention to the answer.

use super::login::{configure, emulator, log_in};
use crate::emulator::x::{APP_TOKEN, CONSUMER};
use crate::run::{BOUND, Bot, said};
use serde_json::Value;
use std::time::Instant;

fn published(v: &Value) -> bool {
    v["type"] == "entry" && v["event"] == "published"
}

#[test]
fn a_mention_becomes_a_card_and_is_answered_once_also_after_the_token_was_withdrawn() {
    let (x, dir) = (emulator(), tempfile::tempdir().unwrap());
    // Heard by both streams, each of which says all twice, and read every second besides.
    x.stutter();
    std::fs::write(dir.path().join("consumer"), format!("{}\n", CONSUMER.1)).unwrap();
    let streams = format!("consumer_key = \"{}\"\nconsumer_secret = \"file:consumer\"\n", CONSUMER.0);
    configure(dir.path(), &x, &format!("{streams}[reply]\nundo_seconds = 0\n[[listen]]\nname = \"marca\"\nkeywords = [\"mi pedido\"]\n"));
    assert!(log_in(dir.path(), &x, &[]).0);
    let mut bot = Bot::start(dir.path());
    let began = Instant::now();
    while x.streams() < 2 {
        assert!(began.elapsed() < BOUND, "in vain: both streams are open");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mut seen = Vec::new();
    let mut answered = |bot: &mut Bot, who: &str| {
        let post = x.customer(who).post(&format!("@tienda_sol mi pedido no llega, soy {who}"));
        let id = format!("x:{post}");
        let card = bot.event("the card", &mut seen, |v| v["type"] == "card" && v["post"] == id.as_str());
        assert_eq!(bot.say(&format!("a-{who}"), &format!("claim {}", card["case"]), &mut seen)["ok"], true);
        let answer = format!("reply {} Lo miramos ahora mismo, {who}.", card["case"]);
        let before = seen.len();
        assert_eq!(bot.say(&format!("b-{who}"), &answer, &mut seen)["ok"], true);
        // With no time to take it back in, it may be out before the command is answered.
        if !seen[before..].iter().any(published) {
            bot.event("it is published", &mut seen, published);
        }
        assert_eq!(x.books().answers_to(&post).len(), 1);
        let cards = seen.iter().filter(|v| v["type"] == "card" && v["edit"] == false && v["post"] == id.as_str());
        assert_eq!(cards.count(), 1, "{seen:?}");
    };
    answered(&mut bot, "ana");
    x.revoke_all();
    let log = || std::fs::read_to_string(dir.path().join("log")).unwrap();
    let began = Instant::now();
    while !log().contains("somebody must sign in") {
        assert!(began.elapsed() < BOUND, "in vain: the bot finds its token withdrawn");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (ok, told) = said(dir.path(), &["check"]);
    assert!(!ok && told.contains("WRONG account.tienda") && told.contains("`sereno login x`"), "{told}");
    assert!(log_in(dir.path(), &x, &[]).0);
    answered(&mut bot, "bea");
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
    let log = log();
    assert!(!log.contains("mi pedido"), "what customers write is not logged");
    let kept = std::fs::read_to_string(dir.path().join("sereno-data.x-tienda.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert!(![APP_TOKEN, CONSUMER.1].iter().any(|secret| log.contains(secret)), "secrets are not logged");
    assert!(["access", "refresh"].iter().all(|secret| !log.contains(kept[secret].as_str().unwrap())));
    assert_eq!(x.books().spent_twice, 0);
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}
