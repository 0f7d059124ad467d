//! The team's channel in Slack, on the emulator: staff act there by slash commands, buttons and lines in
//! threads, and what the workspace's own books show comes back as the lines that the console would write.
//!
//! | staff want | by |
//! |---|---|
//! | `reply` with a text | `/reply`, or `!draft` in the thread and then its *Send* button |
//! | `reply` of what was held | the *Send* button of the entry that says so |
//! | `claim`, `resolve` | the slash command, the card's button, or `!claim` in the thread |
//! | anything else | the slash command, or `!note` in the thread |
//!
//! What was not acked is brought again, the very same envelope, as Slack does.

use super::Chat;
use super::network::bag_in;
use crate::emulator::slack::{Chances, Slack, TEAM_CHANNEL, User};
use serde_json::{Value, json};
use sereno::store::Store;
use sereno::store::sled::SledStore;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One thing that the app was told, and the id that it goes by in the bot's books.
#[derive(Clone, Debug)]
struct Told {
    delivery: u64,
    id: String,
}

/// A command of staff, and how far it is.
#[derive(Debug)]
struct Act {
    line: Value,
    /// What was done for it so far; the last is what counts.
    told: Vec<Told>,
    /// Whether a button is still to be pressed: the one of the draft that holds this token.
    presses: Option<String>,
    answered: bool,
}

/// The channel.
pub struct Channel {
    slack: Slack,
    acts: BTreeMap<String, Act>,
    /// Messages that were reported, by ts.
    seen: BTreeSet<String>,
    lines: VecDeque<Value>,
    /// Cards by case.
    cards: BTreeMap<u64, String>,
    /// How many acts went through each door.
    doors: BTreeMap<&'static str, u64>,
}

/// A message of the bot's, as it stands.
struct Shown {
    ts: String,
    thread: Option<String>,
    op: String,
    words: String,
    actions: Vec<(String, String)>,
}

impl Channel {
    pub fn new() -> Channel {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let slack = runtime.block_on(Slack::start());
        slack.unlimited();
        slack.install(include_str!("../../slack-manifest.yaml"));
        slack.patience(3_000, [0, 1_000, 3_000]);
        let (acts, seen, lines, cards, doors) = Default::default();
        Channel { slack, acts, seen, lines, cards, doors }
    }

    fn who(&self, line: &Value) -> User {
        self.slack.user(line["by"].as_str().unwrap_or("ana"))
    }

    fn begin(&mut self, act: &mut Act) {
        let line = act.line.clone();
        let (verb, text) = (line["verb"].as_str().unwrap_or_default(), line["text"].as_str());
        let case = line["case"].as_u64();
        let card = case.and_then(|c| self.cards.get(&c).cloned());
        // Which way: the same for the same command.
        let way = line["id"].as_str().unwrap_or_default().bytes().map(usize::from).sum::<usize>() % 3;
        let told = match (verb, text, card, way) {
            ("reply", Some(text), Some(card), 0 | 1) => {
                act.presses = text.split_whitespace().last().map(str::to_owned);
                self.says(&line, &card, &format!("!draft {text}"))
            }
            ("reply", None, Some(card), _) => self.presses(&line, &card, "is held, because", "sereno:reply"),
            ("claim" | "resolve", None, Some(card), 0) => self.presses_on_card(&line, &card, &format!("sereno:{verb}")),
            ("claim" | "resolve" | "note", _, Some(card), 1) => {
                let words = text.map(|t| format!(" {t}")).unwrap_or_default();
                self.says(&line, &card, &format!("!{verb}{words}"))
            }
            _ => None,
        };
        let told = told.or_else(|| {
            act.presses = None;
            Some(self.slash(&line))
        });
        act.told.extend(told);
    }

    fn slash(&mut self, line: &Value) -> Told {
        *self.doors.entry("slash").or_default() += 1;
        let verb = line["verb"].as_str().unwrap_or_default();
        let words = [line["case"].as_u64().map(|c| c.to_string()), line["text"].as_str().map(str::to_owned)];
        let words: Vec<String> = words.into_iter().flatten().collect();
        let act = self.who(line).slash(&format!("/case {verb} {}", words.join(" ")));
        self.interaction(act.told[0])
    }

    fn interaction(&self, delivery: u64) -> Told {
        let trigger = self.slack.read(|s| s.deliveries.get(delivery).payload["trigger_id"].as_str().unwrap_or_default().to_owned());
        Told { delivery, id: format!("slack:{trigger}") }
    }

    fn says(&mut self, line: &Value, card: &str, text: &str) -> Option<Told> {
        *self.doors.entry("thread").or_default() += 1;
        let act = self.who(line).says(TEAM_CHANNEL, Some(card), text);
        Some(Told { delivery: *act.told.first()?, id: format!("slack:{}:{}", self.slack.channel(TEAM_CHANNEL), act.ts) })
    }

    /// Presses a button of the newest entry below `card` that shows `words`, if there is one.
    fn presses(&mut self, line: &Value, card: &str, words: &str, action: &str) -> Option<Told> {
        let fits = |m: &Shown| m.words.contains(words) && m.actions.iter().any(|(id, _)| id == action);
        let ts = self.ours(|_, thread| thread == Some(card)).into_iter().rev().find(fits)?.ts;
        *self.doors.entry("button").or_default() += 1;
        let act = self.who(line).presses(&ts, action);
        Some(self.interaction(*act.told.first()?))
    }

    fn presses_on_card(&mut self, line: &Value, card: &str, action: &str) -> Option<Told> {
        let has = self.ours(|ts, _| ts == card).iter().any(|m| m.actions.iter().any(|(id, _)| id == action));
        if !has {
            return None;
        }
        *self.doors.entry("button").or_default() += 1;
        let act = self.who(line).presses(card, action);
        Some(self.interaction(*act.told.first()?))
    }

    /// The bot's messages in the channel that `fits` takes by their ts and thread, oldest first.
    fn ours(&self, fits: impl Fn(&str, Option<&str>) -> bool) -> Vec<Shown> {
        self.slack.read(|s| {
            let all = s.channel_named(TEAM_CHANNEL).unwrap().messages.values().filter(|m| m.ours);
            let fitting = all.filter(|m| fits(&m.ts, m.thread.as_deref().filter(|t| *t != m.ts)));
            let shown = fitting.map(|m| Shown {
                ts: m.ts.clone(),
                thread: m.thread.clone().filter(|t| *t != m.ts),
                op: m.op().unwrap_or_default().to_owned(),
                words: m.words(),
                actions: m.actions(),
            });
            shown.collect()
        })
    }

    fn look(&mut self, post: &dyn Fn(&str) -> Option<String>) {
        let fresh = self.ours(|ts, _| !self.seen.contains(ts));
        for message in fresh {
            self.seen.insert(message.ts.clone());
            let line = self.line(&message, post(&message.words));
            self.lines.extend(line);
        }
        let ids: Vec<String> = self.acts.iter().filter(|(_, a)| !a.answered).map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.go_on(&id);
        }
    }

    fn line(&mut self, m: &Shown, post: Option<String>) -> Option<Value> {
        let Some(thread) = &m.thread else {
            let Some(case) = case_of(&m.words) else {
                let code =
                    if m.words.contains("cannot be found out") || m.words.contains("could not be delivered") { "doubt" } else { "said" };
                return Some(json!({ "type": "notice", "code": code, "text": m.words, "op": named(m) }));
            };
            self.cards.entry(case).or_insert_with(|| m.ts.clone());
            return Some(json!({ "type": "card", "edit": false, "case": case, "post": post, "op": named(m) }));
        };
        let case = self.cards.iter().find(|(_, ts)| *ts == thread).map(|(case, _)| *case);
        let event = match post {
            Some(_) => "joined",
            None if m.words.contains("is published") || m.words.contains("is delivered") => "published",
            None if m.words.contains("is held, because") => "held",
            None => "said",
        };
        Some(json!({ "type": "entry", "edit": false, "case": case, "n": m.ts, "event": event, "post": post, "op": named(m) }))
    }

    /// Presses what is to be pressed next, or tells that it is answered.
    fn go_on(&mut self, id: &str) {
        let Some(act) = self.acts.get(id) else { return };
        let Some(last) = act.told.last().cloned() else { return };
        if !self.slack.read(|s| !s.deliveries.get(last.delivery).acks.is_empty()) {
            return;
        }
        let line = act.line.clone();
        if let Some(token) = act.presses.clone() {
            let card = line["case"].as_u64().and_then(|c| self.cards.get(&c).cloned()).unwrap_or_default();
            // The entry of the draft comes after the ack.
            let Some(told) = self.presses(&line, &card, &token, "sereno:reply") else { return };
            if let Some(act) = self.acts.get_mut(id) {
                act.presses = None;
                act.told.push(told);
            }
            return;
        }
        if let Some(act) = self.acts.get_mut(id) {
            act.answered = true;
        }
        self.lines.push_back(json!({ "type": "answer", "id": id, "ok": true, "case": line["case"], "op": format!("ack-{id}") }));
    }
}

impl Chat for Channel {
    /// From now on Slack is a bad one.
    fn storm(&self, seed: u64) {
        let chances = Chances {
            too_many: 5,
            error_before: 15,
            error_after: 15,
            drop_before: 15,
            drop_after: 15,
            hang: 2,
            malformed: 5,
            half_answer: 5,
            twice: 30,
            late: 30,
            behind: 20,
            cut: 10,
            lost: 5,
        };
        self.slack.chance(seed, chances);
    }

    fn calm(&self) {
        self.slack.heal();
    }

    fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.slack.faults_done()
    }

    /// The part of `bot.toml` that is about the chat and the team.
    fn config(&self) -> String {
        let (room, api) = (self.slack.channel(TEAM_CHANNEL), self.slack.api());
        let person = |name: &str, role: &str| format!("[people.{}]\nname = \"{name}\"\nrole = \"{role}\"\n", self.slack.user(name).id);
        format!(
            "[chat.slack]\nbot_token = \"env:CRASH_SLACK_BOT\"\napp_token = \"env:CRASH_SLACK_APP\"\nchannel = \"{room}\"\napi_url = \"{api}\"\n\
             posts_per_second = 20\nworkspace_posts_per_minute = 60000\n{}{}{}\
             [privacy]\nprivate_rooms = [\"{room}\"]\ndm_room = \"{room}\"\n",
            person("ana", "lead"),
            person("luis", "agent"),
            person("eva", "agent"),
        )
    }

    /// Does what a line asks for, or what of it is not done yet once more.
    fn tell(&mut self, line: &Value) {
        let id = line["id"].as_str().unwrap_or_default().to_owned();
        if self.slack.sockets() == 0 {
            return;
        }
        if let Some(act) = self.acts.get(&id) {
            if let Some(told) = act.told.last() {
                self.slack.again(told.delivery);
            }
            return;
        }
        let mut act = Act { line: line.clone(), told: Vec::new(), presses: None, answered: false };
        self.begin(&mut act);
        if !act.told.is_empty() {
            self.acts.insert(id, act);
        }
    }

    /// The next thing that the workspace shows, as the console would tell it. `post` finds the mention that a text is.
    fn hear(&mut self, post: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
        if self.lines.is_empty() {
            self.look(post);
        }
        self.lines.pop_front()
    }

    /// What is wrong in the end: a message that stands twice, whether by its operation or by what it shows; something acked
    /// that the bot's books do not know; a ping.
    fn wrong(&self, store: &SledStore, mentions: usize) -> Vec<String> {
        let books = self.slack.books();
        let mut wrong: Vec<String> = books.doubled().into_iter().map(|op| format!("posted twice: {op}")).collect();
        let ours = self.ours(|_, _| true);
        let mut ops = BTreeSet::new();
        wrong.extend(ours.iter().filter(|m| !m.op.is_empty() && !ops.insert(m.op.clone())).map(|m| format!("two messages of {}", m.op)));
        for n in 0..mentions {
            let times = ours.iter().filter(|m| bag_in(&m.words) == Some(n)).count();
            if times != 1 {
                wrong.push(format!("bag {n} stands {times} times in the channel"));
            }
        }
        for told in self.acts.values().flat_map(|a| &a.told) {
            let acked = books.deliveries.iter().any(|d| d.n == told.delivery && !d.acks.is_empty());
            // Help commits nothing.
            let help = books.deliveries.iter().any(|d| d.n == told.delivery && d.payload["text"] == "help");
            if acked && !help && store.seen(&told.id).unwrap().is_none() {
                wrong.push(format!("acked, and not durable: {told:?}"));
            }
        }
        wrong.extend(books.log.pings.iter().map(|p| format!("a ping: {p:?}")));
        wrong
    }
}

fn named(m: &Shown) -> String {
    if m.op.is_empty() { format!("alarm-{}", m.ts) } else { m.op.clone() }
}

/// `#42 · new · …`
fn case_of(words: &str) -> Option<u64> {
    let (number, rest) = words.strip_prefix('#')?.split_once(' ')?;
    number.parse().ok().filter(|_| rest.starts_with('·'))
}
