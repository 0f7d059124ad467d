//! The team's room in Matrix, encrypted or plain, on a real Synapse: staff act there at clients of others (matrix-nio), by lines
//! in the room, in threads and by mentioning the bot, and what those clients show comes back as the lines that the
//! console would write.
//!
//! | staff want | by |
//! |---|---|
//! | `reply` with a text, `note` | `!reply …` in the case's thread, or in the room, or said to the bot by its name |
//! | anything else | `!verb 42` in the room, or said to the bot by its name |
//!
//! Nothing is said twice: what the homeserver took is to be done however often the bot dies.
//!
//! Runs where `tests/real/matrix.sh` started a homeserver.

use super::Chat;
use super::network::bag_in;
use crate::matrix::staff::{Account, Staff, server};
use serde_json::{Value, json};
use sereno::store::Store;
use sereno::store::sled::SledStore;
use std::collections::{BTreeMap, VecDeque};

/// A command of staff.
#[derive(Debug)]
struct Act {
    line: Value,
    /// The number of the order at its client; the answer to that names the event.
    order: u64,
    /// What an entry of its thread shows once it is done, where nothing else answers it.
    shows: Option<String>,
    answered: bool,
}

/// The room.
pub struct Room {
    folder: tempfile::TempDir,
    bot: Account,
    room: String,
    encrypted: bool,
    /// By their short names.
    staff: BTreeMap<&'static str, Staff>,
    acts: BTreeMap<String, Act>,
    /// How many of the events were reported.
    read: usize,
    lines: VecDeque<Value>,
    /// Cards by case.
    cards: BTreeMap<u64, String>,
    /// The words of thread entries, by card.
    entries: BTreeMap<String, Vec<String>>,
    /// The words of answers to commands, by the events that they answer.
    answers: BTreeMap<String, String>,
    /// How many acts went through each door.
    doors: BTreeMap<&'static str, u64>,
}

impl Room {
    /// The room; `None`, said aloud: no homeserver was started.
    pub fn new(encrypted: bool) -> Option<Room> {
        let hs = server("SERENO_SYNAPSE")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Some(runtime.block_on(async {
            let bot = Account::new(&hs, "sereno").await;
            let mut staff = BTreeMap::new();
            for name in ["ana", "luis", "eva"] {
                staff.insert(name, Staff::new(&Account::new(&hs, name).await).await);
            }
            let guests: Vec<&String> = ["luis", "eva"].iter().map(|n| &staff[n].id).chain([&bot.id]).collect();
            let power = json!({ "users": { bot.id.as_str(): 50 } });
            let made = staff["ana"].does(json!({ "do": "create", "encrypted": encrypted, "invite": guests, "power": power })).await;
            let room = made["room_id"].as_str().unwrap().to_owned();
            for name in ["luis", "eva"] {
                staff[name].does(json!({ "do": "join", "room": room })).await;
            }
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("password"), &bot.password).unwrap();
            let (acts, read, lines, cards, entries, answers, doors) = Default::default();
            Room { folder, bot, room, encrypted, staff, acts, read, lines, cards, entries, answers, doors }
        }))
    }

    /// Everything that Ana's client shows of the bot, in its order.
    fn look(&mut self, post: &dyn Fn(&str) -> Option<String>) {
        let fresh = self.staff["ana"].since(self.read);
        self.read += fresh.len();
        for event in fresh {
            let line = self.line(&event, post);
            self.lines.extend(line);
        }
        for act in self.acts.values_mut().filter(|a| !a.answered) {
            let line = act.line.clone();
            let card = line["case"].as_u64().and_then(|c| self.cards.get(&c));
            let stands = |words: &String| card.and_then(|c| self.entries.get(c)).is_some_and(|all| all.iter().any(|w| w.contains(words)));
            let answered = || said(&self.staff, act).is_some_and(|event| self.answers.contains_key(&event));
            if act.shows.as_ref().is_some_and(stands) || answered() {
                act.answered = true;
                let id = &line["id"];
                let told = json!({ "type": "answer", "id": id, "ok": true, "case": line["case"], "op": format!("done-{id}") });
                self.lines.push_back(told);
            }
        }
    }

    fn line(&mut self, event: &Value, post: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
        let content = &event["content"];
        if event["sender"] != self.bot.id.as_str() || event["type"] != "m.room.message" {
            return None;
        }
        let relation = content["m.relates_to"]["rel_type"].as_str();
        let (id, words) = (event["event_id"].as_str().unwrap_or_default(), content["body"].as_str().unwrap_or_default());
        let op = content["dev.sereno.op"].as_str().unwrap_or(id);
        if relation == Some("m.replace") {
            return None;
        }
        if let Some((_, answered)) = op.split_once("-answer-matrix:") {
            // Behind a colon comes the case, where the bot had to look for it.
            let event = answered.split(':').next().unwrap_or_default();
            self.answers.insert(event.to_owned(), words.to_owned());
            return None;
        }
        if relation != Some("m.thread") {
            let Some(case) = case_of(words) else {
                let doubt = words.contains("cannot be found out") || words.contains("could not be delivered");
                return Some(json!({ "type": "notice", "code": if doubt { "doubt" } else { "said" }, "text": words, "op": op }));
            };
            self.cards.entry(case).or_insert_with(|| id.to_owned());
            return Some(json!({ "type": "card", "edit": false, "case": case, "post": post(words), "op": op }));
        }
        let thread = content["m.relates_to"]["event_id"].as_str().unwrap_or_default();
        self.entries.entry(thread.to_owned()).or_default().push(words.to_owned());
        let case = self.cards.iter().find(|(_, card)| *card == thread).map(|(case, _)| *case);
        let post = post(words);
        let event = match post {
            Some(_) => "joined",
            None if words.contains("is published") || words.contains("is delivered") => "published",
            None if words.contains("is held, because") => "held",
            None => "said",
        };
        Some(json!({ "type": "entry", "edit": false, "case": case, "n": id, "event": event, "post": post, "op": op }))
    }

    /// The bot's messages that are no changes.
    fn ours(&self) -> Vec<Value> {
        let ours = |e: &Value| {
            e["sender"] == self.bot.id.as_str() && e["type"] == "m.room.message" && e["content"]["m.relates_to"]["rel_type"] != "m.replace"
        };
        self.staff["ana"].since(0).into_iter().filter(|e| ours(e)).collect()
    }
}

/// The event that a command became.
fn said(staff: &BTreeMap<&'static str, Staff>, act: &Act) -> Option<String> {
    let done = staff[act.line["by"].as_str()?].outcome(act.order)?;
    Some(done["event_id"].as_str().unwrap_or_else(|| panic!("{:?}: {done}", act.line)).to_owned())
}

impl Chat for Room {
    fn config(&self) -> String {
        let person = |name: &str, role: &str| format!("[people.\"{}\"]\nname = \"{name}\"\nrole = \"{role}\"\n", self.staff[name].id);
        // Private messages stand in no room that the homeserver can read.
        let privacy = match self.encrypted {
            true => format!("[privacy]\nprivate_rooms = [\"{room}\"]\ndm_room = \"{room}\"\n", room = self.room),
            false => String::new(),
        };
        format!(
            "[chat.matrix]\nhomeserver = \"{}\"\nuser = \"{}\"\npassword = \"file:{}\"\nroom = \"{room}\"\nposts_per_minute = 60000\n{}{}{}\
             {privacy}",
            self.bot.hs,
            self.bot.id,
            self.folder.path().join("password").display(),
            person("ana", "lead"),
            person("luis", "agent"),
            person("eva", "agent"),
            room = self.room,
        )
    }

    /// Says it, once: whether the bot lives at this moment is nothing to its people.
    fn tell(&mut self, line: &Value) {
        let id = line["id"].as_str().unwrap_or_default().to_owned();
        if self.acts.contains_key(&id) {
            return;
        }
        let (verb, text) = (line["verb"].as_str().unwrap_or_default(), line["text"].as_str());
        let case = line["case"].as_u64();
        let card = case.and_then(|c| self.cards.get(&c));
        // Which way: the same for the same command.
        let way = id.bytes().map(usize::from).sum::<usize>() % 3;
        let mut content = json!({ "msgtype": "m.text", "m.mentions": {} });
        let mut shows = None;
        let door = match (verb, text, card, way) {
            ("reply" | "note", Some(text), Some(card), 0 | 1) => {
                content["body"] = json!(format!("!{verb} {text}"));
                content["m.relates_to"] =
                    json!({ "rel_type": "m.thread", "event_id": card, "is_falling_back": true, "m.in_reply_to": { "event_id": card } });
                shows = Some(text.split_whitespace().last().unwrap_or_default().to_owned());
                "thread"
            }
            _ => {
                let words: Vec<String> = [case.map(|c| c.to_string()), text.map(str::to_owned)].into_iter().flatten().collect();
                let said = format!("{verb} {}", words.join(" "));
                if way == 2 {
                    content["body"] = json!(format!("{}: {said}", self.bot.id));
                    content["m.mentions"] = json!({ "user_ids": [self.bot.id] });
                    "mention"
                } else {
                    content["body"] = json!(format!("!{said}").trim());
                    "room"
                }
            }
        };
        *self.doors.entry(door).or_default() += 1;
        let by = &self.staff[line["by"].as_str().unwrap_or("ana")];
        let order = by.orders(json!({ "do": "say", "room": self.room, "type": "m.room.message", "content": content }));
        self.acts.insert(id, Act { line: line.clone(), order, shows, answered: false });
    }

    fn hear(&mut self, post: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
        if self.lines.is_empty() {
            self.look(post);
        }
        self.lines.pop_front()
    }

    /// Synapse is as it is.
    fn storm(&self, _: u64) {}

    fn calm(&self) {}

    fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.doors.clone()
    }

    /// What is wrong in the end: a message that stands twice, whether by its operation or by what it shows, that others cannot read or
    /// that names nobody and calls all the same; something said that the bot's books do not know.
    fn wrong(&self, store: &SledStore, mentions: usize) -> Vec<String> {
        let ours = self.ours();
        let words = |e: &Value| e["content"]["body"].as_str().unwrap_or_default().to_owned();
        let mut wrong = self.staff["ana"].wrong(&self.bot.id);
        for n in 0..mentions {
            let times = ours.iter().filter(|m| bag_in(&words(m)) == Some(n)).count();
            if times != 1 {
                wrong.push(format!("bag {n} stands {times} times in the room"));
            }
        }
        for act in self.acts.values().filter(|a| a.line["verb"] != "help") {
            match said(&self.staff, act) {
                Some(event) if store.seen(&format!("matrix:{event}")).unwrap().is_none() => {
                    wrong.push(format!("said, and not done: {act:?}"))
                }
                // Each names its case, or stands in the thread of its card.
                Some(event) if self.answers.get(&event).is_some_and(|words| words.contains("Which case?")) => {
                    wrong.push(format!("asked which case: {act:?}"))
                }
                Some(_) => {}
                None => wrong.push(format!("never said: {act:?}")),
            }
        }
        wrong
    }
}

/// `#42 · new · …`
fn case_of(words: &str) -> Option<u64> {
    let (number, rest) = words.strip_prefix('#')?.split_once(' ')?;
    number.parse().ok().filter(|_| rest.starts_with('·'))
}
