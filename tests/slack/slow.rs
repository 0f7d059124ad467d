//! The bot is slow, Slack is not: acks within three seconds for questions, never before the commit for
//! commands, forms within the life of their trigger.

use super::town::Town;
use crate::emulator::slack::{BOT_USER, TEAM_CHANNEL, words};
use sereno::chat::{Chat as _, Message};
use sereno::outbox::{Outcome, Urgency};
use sereno::policy::Lang;
use sereno::view::{Piece, TextView, View};
use std::time::Duration;

/// Keeps the engine busy for so long.
fn busy(town: &Town, ms: u64) -> tokio::task::JoinHandle<()> {
    let bot = town.bot();
    tokio::spawn(async move {
        bot.ask(move |_, _| std::thread::sleep(Duration::from_millis(ms))).await.unwrap();
    })
}

#[tokio::test]
async fn a_question_is_acked_before_it_is_answered() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    town.card("Where is my parcel?").await;
    town.settled().await;
    let ana = town.slack.user("ana");
    let slow = busy(&town, 3_500);
    let act = ana.slash("/case list");
    let ack = town.slack.acked(&act).await.unwrap();
    assert!(!ack.late && ack.latency_ms < 3_000 && ack.payload.is_null(), "{ack:?}");
    town.told(&ana.id, "#1").await;
    slow.await.unwrap();
    town.sound().await;
}

/// So many rooms that their turns come later than anybody's patience lasts: none of them falls silent for it.
#[tokio::test]
async fn rooms_that_wait_for_the_budget_of_all_are_not_silenced() {
    let mut town = Town::asleep().await;
    town.settings.workspace_posts_per_minute = 60;
    let adapter = sereno::chat::slack::Slack::new(town.settings.clone()).unwrap();
    let message = |n: usize| {
        let name = format!("room-{n}");
        let room = sereno::policy::RoomId(town.slack.private_channel(&name));
        town.slack.invite(&name, BOT_USER);
        Message {
            op: format!("s-{n}"),
            room,
            thread: None,
            edit: None,
            private: false,
            privacy: sereno::view::Privacy::Never,
            urgency: Urgency::Staff,
            since: sereno::clock::Time(0),
            lang: Lang::En,
            view: View::Text(TextView { code: "answer".into(), lines: vec![vec![Piece::Words("done".into())]] }),
            picture: None,
            pictures: sereno::view::Pictures::None,
        }
    };
    let all: Vec<Message> = (0..40).map(message).collect();
    let outcomes = futures_util::future::join_all(all.iter().map(|m| adapter.post(m))).await;
    let done = outcomes.iter().filter(|o| matches!(o, Outcome::Done(_))).count();
    let later = outcomes.iter().filter(|o| matches!(o, Outcome::Retry { after_ms: Some(_), lane: false, .. })).count();
    assert!(done >= 10 && later > 0 && done + later == outcomes.len(), "{outcomes:?}");
}

#[tokio::test]
async fn a_command_is_never_acked_before_its_commit() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.settled().await;
    let ana = town.slack.user("ana");
    let slow = busy(&town, 3_500);
    let act = ana.slash("/claim 1");
    slow.await.unwrap();
    let n = *act.told.first().expect("the app was told");
    let late = town.slack.until("its ack", |b| b.deliveries[n as usize - 1].acks.first().map(|a| a.late)).await;
    assert!(late, "it was acked while the bot was busy, before it could be written down");
    // Slack has told them that it failed; the bot tells them that it did not.
    town.told(&ana.id, "#1").await;
    town.entry(&card.ts, "ana took the case").await;
    town.sound().await;
}

#[tokio::test]
async fn a_form_that_is_not_ready_opens_empty_and_fills_itself() {
    let town = Town::new().await;
    town.complain("marta", "Where is my parcel?");
    let card = town.card("Where is my parcel?").await;
    town.settled().await;
    let ana = town.slack.user("ana");
    // Slack's word on her is at hand: only the bot is slow.
    let act = ana.slash("/case list");
    town.slack.acked(&act).await.unwrap();
    let slow = busy(&town, 3_500);
    ana.presses(&card.ts, "sereno:draft");
    let view = town.slack.until("an empty form", |b| b.modals(&ana.id).first().map(|v| v.id.clone())).await;
    assert!(!slow.is_finished(), "it opened while the bot was busy");
    town.slack.until("the form", |b| words(&b.views[&view].body).contains("Draft").then_some(())).await;
    ana.submits(&view, &[("text", "We are looking into it")]);
    town.entry(&card.ts, "We are looking into it").await;
    slow.await.unwrap();
    town.sound().await;
}

#[tokio::test]
async fn bot_toml_makes_the_chat_and_its_check_finds_it_well() {
    let town = Town::asleep().await;
    let dir = tempfile::tempdir().unwrap();
    for (name, secret) in [("bot", crate::emulator::slack::BOT_TOKEN), ("app", crate::emulator::slack::APP_TOKEN)] {
        std::fs::write(dir.path().join(name), secret).unwrap();
    }
    let room = town.slack.channel(TEAM_CHANNEL);
    let text = format!(
        "[bot]\nbrand = \"Acme\"\n[[account]]\nname = \"acme\"\nnetwork = \"mastodon\"\nbase_url = \"https://mastodon.example\"\ntoken = \"file:bot\"\n[store]\npath = \"store\"\n[chat.slack]\nbot_token = \"file:bot\"\napp_token = \"file:app\"\nchannel = \"{room}\"\napi_url = \"{}\"\n[privacy]\nprivate_rooms = [\"{room}\"]\n",
        town.slack.api()
    );
    let file = dir.path().join("bot.toml");
    std::fs::write(&file, text).unwrap();
    let config = sereno::config::Config::load(&file).map_err(|p| format!("{:?}", p.all())).unwrap();
    let words = std::sync::Arc::new(sereno::i18n::Words::new());
    let chat = sereno::app::wire::chat(&config, &words, sereno::clock::Clock::system()).unwrap();
    let found = chat.check().await;
    assert!(!found.is_empty() && found.iter().all(|f| f.ok), "{found:?}");
    assert_eq!(chat.posts_per_minute(), 60);
    town.slack.kill_token(crate::emulator::slack::BOT_TOKEN, Some("token_revoked"));
    assert!(chat.check().await.iter().any(|f| !f.ok));
}
