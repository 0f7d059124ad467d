//! What X costs: counted, told, kept over a restart, and thinned out where the budget is spent.

use super::account::signed_in_with;
use super::login::{configure, emulator, log_in};
use crate::emulator::x::Emulator;
use crate::run::{Bot, said};
use serde_json::Value;
use sereno::cost::{Costs, Money};
use sereno::network::NetworkAccount;
use std::collections::BTreeMap;

fn published(v: &Value) -> bool {
    v["type"] == "entry" && v["event"] == "published"
}

/// How often each act was charged for.
fn acts(account: &dyn NetworkAccount) -> BTreeMap<String, u64> {
    account.costs().map(|costs| costs.acts).unwrap_or_default()
}

fn counted(acts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    acts.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

#[tokio::test]
async fn all_that_is_read_is_charged_and_twice_on_a_day_once() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let account = signed_in_with(&x, &dir, |_| {}).await;
    let (ana, bea) = (x.customer("ana"), x.customer("bea"));
    ana.post("@cualquiera nada");
    ana.post("@tienda_sol mi pedido");
    bea.post("la tienda sol cierra");
    bea.dm("hola");
    bea.dm("¿hay alguien?");
    let expected = counted(&[("dm_read", 2), ("mention_read", 1), ("post_read", 1), ("user_read", 1)]);
    for _ in 0..2 {
        account.prepare().await.unwrap();
        for stream in account.streams() {
            if stream != "dms" {
                account.poll(&stream, None).await.unwrap();
            }
        }
    }
    account.poll("dms", None).await.unwrap();
    assert_eq!(acts(&account), expected);
    assert_eq!(account.costs().unwrap().spent, Money(2 * 10_000 + 1_000 + 5_000 + 10_000));
}

#[tokio::test]
async fn a_spent_budget_leaves_mentions_and_stops_search() {
    let (x, dir) = (Emulator::start().await, tempfile::tempdir().unwrap());
    let account = signed_in_with(&x, &dir, |settings| settings.budget = Some(Money(1_000_000))).await;
    account.prepare().await.unwrap();
    let costs = account.costs().unwrap();
    account.restore_costs(&Costs { spent: Money(1_000_000), told: 100, ..costs });
    x.customer("ana").post("@tienda_sol mi pedido");
    x.customer("bea").post("la tienda sol cierra");
    let streams = account.streams();
    let search = streams.iter().find(|s| s.starts_with("search:")).unwrap();
    let page = account.poll(search, None).await.unwrap();
    assert!(page.events.is_empty() && page.cursor.is_none(), "nothing is asked, and its place stays");
    assert_eq!(account.poll("mentions", None).await.unwrap().events.len(), 1, "the first reading since the start");
    let page = account.poll("mentions", None).await.unwrap();
    assert!(page.events.is_empty() && page.cursor.is_none(), "not so soon again");
    assert!(account.refresh(&[]).await.unwrap().is_empty());
}

#[test]
fn a_budget_is_told_of_once_and_its_sum_outlives_the_process() {
    let (x, dir) = (emulator(), tempfile::tempdir().unwrap());
    let prices =
        "budget = 1\n[account.prices]\nreply = 0.4\npost_with_link = 0.7\nuser_read = 0\npost_read = 0\nmention_read = 0\ndm_read = 0\n";
    let rest = "[reply]\nundo_seconds = 0\n[[listen]]\nname = \"marca\"\nkeywords = [\"mi pedido\"]\n";
    configure(dir.path(), &x, &format!("{prices}{rest}"));
    assert!(log_in(dir.path(), &x, &[]).0);
    let mut bot = Bot::start(dir.path());
    let mut seen = Vec::new();
    let card = |bot: &mut Bot, post: &str, seen: &mut Vec<Value>| {
        let id = format!("x:{post}");
        bot.event("the card", seen, |v| v["type"] == "card" && v["post"] == id.as_str())["case"].clone()
    };
    let answer = |bot: &mut Bot, who: &str, seen: &mut Vec<Value>| {
        let post = x.customer(who).post(&format!("@tienda_sol hola, soy {who}"));
        let case = card(bot, &post, seen);
        assert_eq!(bot.say(&format!("a-{who}"), &format!("claim {case}"), seen)["ok"], true);
        let before = seen.iter().filter(|v| published(v)).count();
        assert_eq!(bot.say(&format!("b-{who}"), &format!("reply {case} Lo miramos ahora mismo, {who}."), seen)["ok"], true);
        // The network may be faster than the answer to staff.
        if seen.iter().filter(|v| published(v)).count() == before {
            bot.event("it is published", seen, published);
        }
        assert_eq!(x.books().answers_to(&post).len(), 1);
    };
    let found = x.customer("gil").post("nadie sabe de mi pedido");
    card(&mut bot, &found, &mut seen);
    answer(&mut bot, "ana", &mut seen);
    answer(&mut bot, "bea", &mut seen);
    let told = |code: &'static str| move |v: &Value| v["code"] == code;
    let nearly = bot.event("most of it is spent", &mut seen, told("notice-costs-nearly"));
    assert!(nearly["text"].as_str().unwrap().contains("0.80"), "{nearly}");
    answer(&mut bot, "eva", &mut seen);
    let spent = bot.event("all of it is spent", &mut seen, told("notice-costs-spent"));
    assert!(spent["text"].as_str().unwrap().contains("1.20"), "{spent}");
    // Mentions go on, answers too; what only search would find does not come.
    let unheard = format!("x:{}", x.customer("gil").post("y sigo sin saber de mi pedido"));
    answer(&mut bot, "ida", &mut seen);
    answer(&mut bot, "leo", &mut seen);
    assert!(seen.iter().all(|v| v["post"] != unheard.as_str()), "it was searched for");
    let priced = |v: &&Value| v["text"].as_str().is_some_and(|t| t.contains("0.40 US dollars"));
    assert!(seen.iter().filter(priced).count() >= 5, "each answer said what it costs: {seen:?}");
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
    let digest = |dir: &std::path::Path| said(dir, &["digest"]).1;
    assert!(digest(dir.path()).contains("2.00 of 1.00 US dollars"), "up to the end: {}", digest(dir.path()));
    let mut bot = Bot::start(dir.path());
    answer(&mut bot, "noa", &mut seen);
    bot.signal("-TERM");
    assert_eq!(bot.ended().code(), Some(0));
    let after = digest(dir.path());
    assert!(after.contains("2.40 of 1.00 US dollars") && after.contains("answers 6"), "{after}");
    for code in ["notice-costs-nearly", "notice-costs-spent"] {
        assert_eq!(seen.iter().filter(|v| v["code"] == code).count(), 1, "{code} is told once");
    }
    assert!(seen.iter().all(|v| v["post"] != unheard.as_str()));
    assert!(x.books().faults.is_empty(), "{:#?}", x.books().faults);
}
