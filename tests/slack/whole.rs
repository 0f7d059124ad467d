//! The whole story of the demo, in the emulated workspace: every scenario of the spine, by all doors.

use super::town::pace;
use crate::emulator::slack::{APP_TOKEN, BOT_TOKEN, Slack, TEAM_CHANNEL, User, View};
use async_trait::async_trait;
use sereno::chat::slack::{Settings, Slack as Adapter, Way};
use sereno::demo::{self, Elsewhere, Hands};
use sereno::i18n::Words;
use sereno::policy::{AgentId, Lang, RoomId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How much faster the town lives than the test takes.
const SPEED: u32 = 100;

/// How often each door was used.
type Doors = Arc<Mutex<BTreeMap<&'static str, u32>>>;

/// Somebody at work in Slack: says each thing through another door than the one before.
struct InSlack {
    slack: Arc<Slack>,
    ana: Arc<User>,
    /// The form that is being filled in.
    filling: Option<tokio::task::JoinHandle<()>>,
    /// Things said so far.
    said: usize,
    doors: Doors,
}

impl InSlack {
    /// The card of a case, and what can be pressed on it.
    async fn card(&self, case: &str) -> (String, Vec<(String, String)>) {
        let of = |actions: &[(String, String)]| actions.iter().any(|(_, value)| value == case);
        self.slack
            .until(&format!("a card of #{case}"), |b| {
                b.top(TEAM_CHANNEL).into_iter().map(|m| (m.ts.clone(), m.actions())).find(|(_, actions)| of(actions))
            })
            .await
    }

    fn through(&self, door: &'static str) {
        *self.doors.lock().unwrap().entry(door).or_default() += 1;
    }

    fn slash(&self, verb: &str, rest: &str) {
        self.through("slash");
        self.ana.slash(format!("/case {verb} {rest}").trim());
    }

    fn in_thread(&self, card: &str, verb: &str, text: &str) {
        let line = if self.said.is_multiple_of(2) { format!("!{verb} {text}") } else { format!("@sereno {verb} {text}") };
        self.through("thread");
        self.ana.says(TEAM_CHANNEL, Some(card), line.trim());
    }

    /// Opens the form of a verb by the card's button, and fills it in once it is there: it may be refused instead.
    fn form(&mut self, card: &str, action: &str, text: &str) {
        self.through("form");
        let before = self.ana.modal().map(|v| v.id);
        self.ana.presses(card, action);
        let (slack, ana, text) = (Arc::clone(&self.slack), Arc::clone(&self.ana), text.to_owned());
        self.filling = Some(tokio::spawn(async move {
            let field = |v: &View| {
                let blocks = v.body["blocks"].as_array().cloned().unwrap_or_default();
                blocks.iter().find_map(|b| b["block_id"].as_str().filter(|id| id.starts_with("text")).map(str::to_owned))
            };
            // It may open empty, before the bot knows what belongs in it.
            let ready = || ana.modal().filter(|v| Some(&v.id) != before.as_ref()).and_then(|v| Some((field(&v)?, v.id)));
            let (block, view) = slack.until("a form with a field", |_| ready()).await;
            ana.submits(&view, &[(&block, &text)]);
        }));
    }
}

#[async_trait]
impl Hands for InSlack {
    async fn say(&mut self, line: &str) -> anyhow::Result<()> {
        self.said += 1;
        // What was opened before has been answered, or refused.
        self.filling.take().inspect(tokio::task::JoinHandle::abort);
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (case, text) = rest.split_once(' ').unwrap_or((rest, ""));
        if case.parse::<u64>().is_err() || matches!(verb, "history" | "restore") {
            self.slash(verb, rest);
            return Ok(());
        }
        let (card, actions) = self.card(case).await;
        let button = actions.iter().map(|(action, _)| action.clone()).find(|a| *a == format!("sereno:{verb}"));
        match (self.said % 4, button) {
            (0, Some(button)) if text.is_empty() && verb != "reply" => {
                self.through("button");
                self.ana.presses(&card, &button);
            }
            (0 | 1, Some(button)) if !text.is_empty() => self.form(&card, &button, text),
            (1, _) if verb == "claim" => {
                self.through("reaction");
                self.ana.reacts(&card, "eyes");
            }
            (2, _) => self.in_thread(&card, verb, text),
            _ => self.slash(verb, rest),
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_story_goes_well_in_slack() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let slack = Arc::new(Slack::start().await);
    slack.unlimited();
    slack.install(super::town::MANIFEST);
    let ana = Arc::new(slack.user("ana"));
    let room = slack.channel(TEAM_CHANNEL);
    let settings = Settings {
        way: Way::Socket(APP_TOKEN.to_owned().into()),
        api_url: slack.api(),
        posts_per_second: 1_000.0,
        workspace_posts_per_minute: 60_000,
        call: Duration::from_secs(5),
        pace: pace(),
        ..Settings::new(BOT_TOKEN.to_owned().into(), &room)
    };
    let doors = Doors::default();
    let elsewhere = Elsewhere {
        chat: Arc::new(Adapter::new(settings).unwrap()),
        agent: AgentId::from(ana.id.as_str()),
        room: RoomId(room.clone()),
        private: None,
        hands: Box::new(InSlack { slack: Arc::clone(&slack), ana, filling: None, said: 0, doors: Arc::clone(&doors) }),
    };
    let (verdict, problems) = demo::play(elsewhere, Lang::En, SPEED, Arc::new(Words::new())).await.unwrap();
    assert_eq!(problems, [""; 0], "\n{}\n{}", verdict.last_line(), slack.sight());
    assert!(verdict.cases > 15 && verdict.replies > 10 && verdict.handoffs > 2, "{}", verdict.last_line());
    let doors = doors.lock().unwrap().clone();
    for door in ["slash", "thread", "button", "form", "reaction"] {
        assert!(doors.contains_key(door), "{door}: {doors:?}");
    }
    // What the adapter said of its posts is one thing; here is what stands in the workspace.
    let books = slack.books();
    assert_eq!(books.doubled(), [""; 0], "\n{}", slack.sight());
    assert!(books.log.pings.is_empty(), "{:?}", books.log.pings);
    assert!(books.log.odd_metadata.is_empty(), "{:?}", books.log.odd_metadata);
    assert_eq!(books.log.strange_acks, 0);
    assert!(books.log.bad_acks.is_empty(), "{:?}", books.log.bad_acks);
    println!("{}; by {doors:?}", verdict.last_line());
}
