//! Staff as a program: a plan a case, one command of it at a time, each sent again until answered.

use super::books::{Books, News};
use crate::simulation::rng::Rng;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// After how long an unanswered command is sent again.
const PATIENCE: Duration = Duration::from_secs(3);
/// Answers that may wait to be published at once: servers take only some sixty a minute.
const BACKLOG: usize = 20;
/// Commands that may wait for their answers at once.
const AT_ONCE: usize = 24;

/// Something to be published, to be found again by its token.
#[derive(Clone, Debug)]
pub struct Promise {
    /// Stands in the text, and in no other.
    pub token: String,
    /// The command that asked for it.
    pub command: String,
    /// Of which case.
    pub case: u64,
    /// Whether only the customer is to read it.
    pub private: bool,
}

#[derive(Debug)]
struct Waiting {
    case: u64,
    line: Value,
    sent: Option<Instant>,
}

/// The team.
#[derive(Debug, Default)]
pub struct Staff {
    next: u64,
    /// What is still to be asked, by case, in order.
    plans: BTreeMap<u64, VecDeque<Value>>,
    /// Who works a case.
    who: BTreeMap<u64, &'static str>,
    /// Cases in which a second answer follows the first.
    talkative: BTreeSet<u64>,
    /// Asked, not answered, by command id.
    waiting: BTreeMap<String, Waiting>,
    /// Answered lines, some of which are sent once more.
    done: Vec<Value>,
    /// They answer nobody.
    pub quiet: bool,
    /// Asked to be published, and not known to be.
    backlog: usize,
    /// What was asked to be published.
    pub promises: Vec<Promise>,
    /// Notices that ask a person to decide.
    pub doubts: Vec<String>,
}

impl Staff {
    fn id(&mut self) -> String {
        self.next += 1;
        format!("c{}", self.next)
    }

    fn plan(&mut self, case: u64, verb: &str, text: Option<&str>) -> String {
        let id = self.id();
        let who = self.who.get(&case).copied().unwrap_or("ana");
        let mut line = json!({ "id": id, "by": who, "verb": verb, "case": case });
        if let Some(text) = text {
            line["text"] = json!(text);
        }
        self.plans.entry(case).or_default().push_back(line);
        id
    }

    fn plan_send(&mut self, case: u64, verb: &str, words: &str) {
        if self.quiet || self.backlog >= BACKLOG {
            return;
        }
        self.backlog += 1;
        let token = format!("promise{}x", self.next + 1);
        let command = self.plan(case, verb, Some(&format!("{words} {token}")));
        self.promises.push(Promise { token, command, case, private: verb == "handoff" });
    }

    /// Hears what a line brought.
    pub fn on(&mut self, news: News, rng: &mut Rng) {
        match news {
            News::Case(case) => self.on_case(case, rng),
            News::Entry { case, event } if event == "published" => {
                self.backlog = self.backlog.saturating_sub(1);
                if self.talkative.remove(&case) {
                    self.plan_send(case, "reply", "One more thing");
                }
            }
            // An answer that was held because the customer wrote meanwhile: after a look, it goes.
            News::Entry { case, event } if event == "held" => {
                self.plan(case, "reply", None);
            }
            News::Answer { id, ok } => {
                if !ok && self.promises.iter().any(|p| p.command == id) {
                    self.backlog = self.backlog.saturating_sub(1);
                }
                if let Some(waiting) = self.waiting.remove(&id) {
                    self.done.push(waiting.line);
                }
            }
            News::Notice { code, text } if code.contains("doubt") || code.contains("dead") => self.doubts.push(text),
            News::Entry { .. } | News::Notice { .. } | News::Nothing => {}
        }
    }

    fn on_case(&mut self, case: u64, rng: &mut Rng) {
        let who = ["ana", "luis", "eva"];
        self.who.insert(case, who[rng.below(who.len())]);
        match rng.below(10) {
            0..=3 => self.plan_send(case, "reply", "We are looking into it"),
            4..=5 => {
                self.plan(case, "claim", None);
                // A colleague comes too late, and is told so.
                let owner = self.who.insert(case, "luis");
                self.plan(case, "claim", None);
                self.who.insert(case, owner.unwrap_or("ana"));
                self.plan_send(case, "reply", "Estamos en ello");
            }
            6 => {
                self.plan(case, "claim", None);
                self.plan(case, "note", Some("called the depot"));
                self.plan_send(case, "reply", "Sorry about that");
                self.talkative.insert(case);
            }
            7 => self.plan_send(case, "handoff", "Let us go on in private"),
            8 => {
                self.plan(case, "claim", None);
                self.plan(case, "resolve", None);
            }
            _ => {}
        }
    }

    /// Asks something that changes nothing; gives the command's id.
    pub fn ask_for_help(&mut self) -> String {
        let id = self.id();
        let line = json!({ "id": id, "by": "ana", "verb": "help" });
        self.waiting.insert(id.clone(), Waiting { case: 0, line, sent: None });
        id
    }

    /// A new bot listens: whatever was not answered is asked again, at once.
    pub fn restart(&mut self) {
        self.waiting.values_mut().for_each(|w| w.sent = None);
    }

    /// Sends what is due.
    pub fn work(&mut self, tell: &mut dyn FnMut(&Value), books: &Books, rng: &mut Rng) {
        let free: Vec<u64> = self.plans.keys().copied().filter(|case| !self.waiting.values().any(|w| w.case == *case)).collect();
        for case in free.into_iter().take(AT_ONCE.saturating_sub(self.waiting.len())) {
            let Some(plan) = self.plans.get_mut(&case) else { continue };
            if let Some(line) = plan.pop_front() {
                let id = line["id"].as_str().unwrap_or_default().to_owned();
                self.waiting.insert(id, Waiting { case, line, sent: None });
            }
            if plan.is_empty() {
                self.plans.remove(&case);
            }
        }
        let now = Instant::now();
        for waiting in self.waiting.values_mut() {
            if waiting.sent.is_none_or(|sent| now.duration_since(sent) > PATIENCE) {
                waiting.sent = Some(now);
                tell(&waiting.line);
            }
        }
        // Now and then somebody's program sends again what was answered long ago.
        if !self.done.is_empty() && rng.chance(5) {
            let line = rng.pick(&self.done).clone();
            assert!(books.answers.contains_key(line["id"].as_str().unwrap_or_default()));
            tell(&line);
        }
    }

    /// Whether everything asked was answered, and nothing is left to be asked.
    pub fn idle(&self) -> bool {
        self.waiting.is_empty() && self.plans.is_empty()
    }

    /// Commands asked and not answered.
    pub fn unanswered(&self) -> usize {
        self.waiting.len()
    }

    /// Commands asked in all.
    pub fn asked(&self) -> u64 {
        self.next
    }
}
