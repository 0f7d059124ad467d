//! Model staff: agents with roles who say sensible and senseless things, race for the same case,
//! say things twice, and say them again until they are answered. Their books hold what was
//! answered, and what follows from it: who owns what, what was agreed to be sent, what was paused.

use super::coverage::{Coverage, Hit};
use super::network::COMPOSE;
use super::rng::Rng;
use super::words::LINK;
use super::world::Violation;
use sereno::case::{CaseId, Priority};
use sereno::clock::{DAY_MS, HOUR_MS, MINUTE_MS, Time};
use sereno::command::{Answer, Args, Command, Door, Filter, Period, Verb};
use sereno::policy::{AgentId, Lang, Policy, Role, RoomId};
use sereno::post::{Account, PostId};
use sereno::say::Arg;
use std::collections::{BTreeMap, BTreeSet};

/// A command as its sender remembers it.
#[derive(Debug)]
pub struct Asked {
    pub command: Command,
    pub answer: Option<Answer>,
    /// A query's answer came.
    pub replied: bool,
    /// It was under way in a commit that ended in a crash: it may have been carried out or not.
    pub doubtful: bool,
    /// How many copies are under way.
    pub copies: u32,
}

impl Asked {
    pub fn is_answered(&self) -> bool {
        self.answer.is_some() || self.replied
    }
}

/// What was agreed to be sent.
#[derive(Clone, Debug, Default)]
pub struct Intent {
    /// The texts that it may have; empty: a template.
    pub texts: BTreeSet<String>,
    /// When its window last began, in the bot's time, and that moment's number.
    pub armed_at: Option<Time>,
    pub armed_seq: u64,
    /// How long it was, in milliseconds.
    pub window: i64,
    /// Its text is a template's.
    pub template: bool,
    /// From which account, as the answer said.
    pub account: Option<String>,
    /// It waits for approval.
    pub awaits: bool,
    /// It was taken back.
    pub undone: bool,
    /// Not everything about it is known: a crash lay within.
    pub doubtful: bool,
}

/// Who owns a case, as the answers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Known(Option<AgentId>),
    Unclear,
}

/// The staff.
#[derive(Debug)]
pub struct Staff {
    pub people: Vec<AgentId>,
    pub asked: Vec<Asked>,
    by_id: BTreeMap<String, usize>,
    pub owners: BTreeMap<CaseId, Owner>,
    pub intents: BTreeMap<(CaseId, u32), Intent>,
    /// Texts that were meant for one customer alone.
    pub confidential: BTreeSet<String>,
    /// Answers that people wrote on the network and told of: the network's name for them, and when they had told.
    pub by_hand: BTreeMap<PostId, (CaseId, u64)>,
    /// Texts drafted for a case.
    drafts: BTreeMap<CaseId, BTreeSet<String>>,
    /// Whether sending is paused, where the answers tell.
    pub paused: Option<bool>,
    /// Cases that an operator erased.
    pub erased: BTreeSet<CaseId>,
    /// Cases as the chat shows them: customer, room and thread.
    pub known: BTreeMap<CaseId, (String, RoomId, String)>,
    /// Goes up with everything that is acked.
    pub seq: u64,
}

/// The least role for a verb, as the handbook (not the code under test) says.
fn least(verb: Verb) -> Role {
    match verb {
        Verb::History | Verb::List | Verb::Digest | Verb::Help => Role::Viewer,
        Verb::Approve | Verb::Reject | Verb::Retract | Verb::Correct | Verb::Pause | Verb::Resume => Role::Lead,
        Verb::Reload => Role::Operator,
        _ => Role::Agent,
    }
}

/// Whether a verb can change who owns a case.
fn moves_owner(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::Claim | Verb::Release | Verb::Assign | Verb::Reply | Verb::Posted | Verb::Handoff | Verb::Dm | Verb::Undo | Verb::Merge
    )
}

/// Whether a verb only reads.
pub fn is_query(verb: Verb) -> bool {
    least(verb) == Role::Viewer
}

impl Staff {
    pub fn new() -> Staff {
        let people = ["vic", "ana", "beto", "carla", "lola", "leo", "oti", "stranger"].map(AgentId::from).to_vec();
        Staff {
            people,
            asked: Vec::new(),
            by_id: BTreeMap::new(),
            owners: BTreeMap::new(),
            intents: BTreeMap::new(),
            confidential: BTreeSet::new(),
            by_hand: BTreeMap::new(),
            drafts: BTreeMap::new(),
            paused: Some(false),
            erased: BTreeSet::new(),
            known: BTreeMap::new(),
            seq: 0,
        }
    }

    /// Their roles at the start. `stranger` stands in no list.
    pub fn roles() -> [(&'static str, Role); 7] {
        [
            ("vic", Role::Viewer),
            ("ana", Role::Agent),
            ("beto", Role::Agent),
            ("carla", Role::Agent),
            ("lola", Role::Lead),
            ("leo", Role::Lead),
            ("oti", Role::Operator),
        ]
    }

    /// Somebody wants something; `None` while there is nothing to talk about.
    pub fn think(&mut self, rng: &mut Rng) -> Verb {
        const VERBS: [(Verb, u32); 30] = [
            (Verb::Claim, 12),
            (Verb::Release, 3),
            (Verb::Assign, 3),
            (Verb::Note, 2),
            (Verb::Tag, 1),
            (Verb::Priority, 1),
            (Verb::Snooze, 2),
            (Verb::Escalate, 1),
            (Verb::Draft, 6),
            (Verb::Reply, 45),
            (Verb::Approve, 16),
            (Verb::Reject, 1),
            (Verb::Discard, 1),
            (Verb::Retract, 3),
            (Verb::Correct, 3),
            (Verb::Handoff, 9),
            (Verb::Dm, 8),
            (Verb::Resolve, 2),
            (Verb::Reopen, 3),
            (Verb::Merge, 10),
            (Verb::Link, 1),
            (Verb::Spam, 1),
            (Verb::Restore, 3),
            (Verb::History, 1),
            (Verb::List, 1),
            (Verb::Digest, 1),
            (Verb::Pause, 2),
            (Verb::Resume, 4),
            (Verb::Undo, 6),
            (Verb::Help, 1),
        ];
        let weights = VERBS.map(|(_, w)| w);
        VERBS[rng.weighted(&weights)].0
    }

    /// What somebody talks about: mostly what is new, now and then something that does not exist.
    pub fn pick_case(&self, verb: Verb, rng: &mut Rng) -> Option<CaseId> {
        let of = |fits: &dyn Fn(&Intent) -> bool| self.intents.iter().filter(|(_, i)| fits(i)).map(|(k, _)| k.0).collect::<Vec<_>>();
        let fitting = match verb {
            Verb::Approve | Verb::Reject => of(&|i| i.awaits),
            Verb::Undo | Verb::Retract | Verb::Correct | Verb::Dm => of(&|i| i.armed_at.is_some()),
            Verb::Merge => {
                let alone = |c: &CaseId| self.known.iter().filter(|(_, k)| k.0 == self.known[c].0).count() < 2;
                self.known.keys().copied().filter(|c| !alone(c)).collect()
            }
            _ => Vec::new(),
        };
        if !fitting.is_empty() && rng.chance(800) {
            // What was asked for long ago was mostly decided on.
            return Some(fitting[fitting.len().saturating_sub(3) + rng.below(fitting.len().min(3))]);
        }
        let known: Vec<CaseId> = self.known.keys().copied().collect();
        let recent = known.len().saturating_sub(5);
        match rng.below(20) {
            0 => Some(CaseId(rng.below(40) as u64)),
            1..=13 if !known.is_empty() => Some(known[recent + rng.below(known.len() - recent)]),
            _ if !known.is_empty() => Some(*rng.pick(&known)),
            _ => None,
        }
    }

    /// Says it.
    pub fn say(&mut self, verb: Verb, by: Option<AgentId>, about: Option<CaseId>, rng: &mut Rng) -> usize {
        let n = self.asked.len();
        let by = by.unwrap_or_else(|| self.people[rng.weighted(&[1, 8, 8, 6, 8, 6, 2, 1])].clone());
        let known: Vec<CaseId> = self.known.keys().copied().collect();
        let mut case = (!matches!(verb, Verb::List | Verb::Digest | Verb::Pause | Verb::Resume | Verb::Help)).then_some(about).flatten();
        let link = if rng.chance(200) { format!(" {LINK}") } else { String::new() };
        let text = format!("words{n} for you{link}");
        let args = match verb {
            // What the form, which says so, would take.
            Verb::Handoff if rng.chance(200) => Args::InPublic(text),
            // The same few words, to more than one.
            Verb::Reply if rng.chance(250) => Args::Text("We are on it, thank you".into()),
            Verb::Note | Verb::Draft | Verb::Dm | Verb::Correct => Args::Text(text),
            Verb::Reply | Verb::Handoff if rng.chance(700) => Args::Text(text),
            Verb::Spam | Verb::Reject | Verb::Escalate if rng.chance(300) => Args::Text(text),
            Verb::Assign => Args::Person(rng.pick(&self.people).0.clone()),
            Verb::Merge | Verb::Link => {
                let customer = |c: &CaseId| self.known.get(c).map(|k| k.0.clone());
                let of_same: Vec<CaseId> =
                    known.iter().copied().filter(|c| Some(*c) != case && case.and_then(|c| customer(&c)) == customer(c)).collect();
                Args::Case(if of_same.is_empty() { CaseId(rng.below(30) as u64) } else { *rng.pick(&of_same) })
            }
            Verb::Tag => Args::Tag("late".into(), rng.chance(300)),
            Verb::Priority => Args::Priority(*rng.pick(&Priority::ALL)),
            Verb::Snooze => Args::For(*rng.pick(&[MINUTE_MS, 20 * MINUTE_MS, 3 * HOUR_MS, DAY_MS])),
            Verb::Digest => Args::Period(*rng.pick(&[Period::Today, Period::Yesterday, Period::Week])),
            Verb::List => Args::Filter(*rng.pick(&[Filter::Open, Filter::Mine, Filter::Unclaimed, Filter::Spam]), 1),
            _ => Args::None,
        };
        let mut room = RoomId::from("support");
        let mut thread = None;
        if let Some((_, r, t)) = case.and_then(|c| self.known.get(&c)).filter(|_| rng.chance(400)) {
            (room, thread, case) = (r.clone(), Some(t.clone()), None);
        }
        let command = Command { id: format!("c{n}"), by, door: Door::Slash, room, thread, lang: Lang::En, verb, case, args };
        self.by_id.insert(command.id.clone(), n);
        self.asked.push(Asked { command, answer: None, replied: false, doubtful: false, copies: 0 });
        n
    }

    /// Somebody tells of an answer that they wrote on the network, by its address.
    pub fn tell_of(&mut self, by: AgentId, case: CaseId, url: String, rng: &mut Rng) -> usize {
        let n = self.say(Verb::Posted, Some(by), Some(case), rng);
        self.asked[n].command.args = Args::Text(url);
        n
    }

    /// Which case a command is about, as its sender sees it.
    fn about(&self, command: &Command) -> Option<CaseId> {
        command
            .case
            .or_else(|| self.known.iter().find(|(_, (_, r, t))| r == &command.room && Some(t) == command.thread.as_ref()).map(|(c, _)| *c))
    }

    /// A commit that this command was in ended in a crash.
    pub fn in_doubt(&mut self, id: &str) {
        let n = self.by_id[id];
        if self.asked[n].is_answered() {
            return;
        }
        self.asked[n].doubtful = true;
        let command = self.asked[n].command.clone();
        if matches!(command.verb, Verb::Pause | Verb::Resume) {
            self.paused = None;
        }
        if let Some(case) = self.about(&command) {
            if moves_owner(command.verb) {
                self.owners.insert(case, Owner::Unclear);
            }
            for (_, intent) in self.intents.iter_mut().filter(|((c, _), _)| *c == case) {
                intent.doubtful = true;
            }
            if let Args::Text(text) = &command.args {
                self.drafts.entry(case).or_default().insert(text.clone());
            }
        }
    }

    /// A copy of a command went under on its way, or arrived.
    pub fn copy_gone(&mut self, id: &str) {
        let asked = &mut self.asked[self.by_id[id]];
        asked.copies = asked.copies.saturating_sub(1);
    }

    /// A query was answered.
    pub fn replied(&mut self, id: &str) {
        let n = self.by_id[id];
        self.asked[n].replied = true;
    }

    /// A command was answered in a commit of moment `at` (the bot's time).
    pub fn answered(&mut self, id: &str, answer: &Answer, at: Time, policy: &Policy, cov: &mut Coverage) -> Result<(), Violation> {
        self.seq += 1;
        let n = self.by_id[id];
        let command = self.asked[n].command.clone();
        if let Some(first) = &self.asked[n].answer {
            // The memory of its commands goes with a case.
            if first != answer && !first.case.is_some_and(|c| self.erased.contains(&c)) {
                return Err(Violation::new(
                    8,
                    format!("command {id} ({:?}) was answered twice, differently: {first:?}, then {answer:?}", command.verb),
                ));
            }
            return Ok(());
        }
        self.asked[n].answer = Some(answer.clone());
        let doubtful = self.asked[n].doubtful;
        if answer.ok && !doubtful && policy.role(&command.by) < Some(least(command.verb)) {
            return Err(Violation::new(5, format!("{} may not {:?}, yet command {id} was done", command.by, command.verb)));
        }
        if matches!(command.verb, Verb::Pause | Verb::Resume) && answer.ok && !doubtful {
            let unclear = self.asked.iter().any(|a| matches!(a.command.verb, Verb::Pause | Verb::Resume) && a.doubtful && !a.is_answered());
            self.paused = (!unclear).then_some(command.verb == Verb::Pause);
        }
        let Some(case) = answer.case.or_else(|| self.about(&command)) else { return Ok(()) };
        if command.verb == Verb::Posted
            && let Args::Text(url) = &command.args
        {
            let post = PostId(format!("agora:{}", url.rsplit('/').next().unwrap_or_default()));
            if answer.ok && !doubtful {
                cov.hit(Hit::AnsweredByHand);
                self.by_hand.insert(post, (case, self.seq));
            } else if answer.say.code == "refused-already-so" {
                cov.hit(Hit::HandEchoFirst);
            }
        }
        if answer.ok && command.verb == Verb::Merge {
            cov.hit(Hit::Merged);
        }
        // The answer names the account as people know it.
        let account = match text_of(answer, "account") {
            None => None,
            Some(handle) => match policy.accounts.iter().find(|(_, a)| a.handle == handle) {
                Some((name, _)) => Some(name.as_str().to_owned()),
                None => return Err(Violation::new(4, format!("the answer to {id} names {handle}, which is no account of ours"))),
            },
        };
        self.agree(case, &command, answer, account, at, policy.reply.undo_ms, doubtful, cov);
        self.own(case, &command, answer, doubtful, policy)
    }

    /// An account was read up to the present: windows that ended while nobody watched begin again.
    pub fn read_up(&mut self, account: &Account, at: Time, opened_seq: u64, window: i64) {
        for intent in self.intents.values_mut().filter(|i| i.account.as_deref() == Some(account.as_str()) && i.armed_seq < opened_seq) {
            if intent.armed_at.is_some_and(|armed| armed.plus(intent.window) <= at) {
                intent.armed_at = Some(at);
                intent.window = window;
            }
        }
    }

    /// It may be that they did.
    pub fn windows_in_doubt(&mut self, account: &Account) {
        self.intents.values_mut().filter(|i| i.account.as_deref() == Some(account.as_str())).for_each(|i| i.doubtful = true);
    }

    /// What an answer agrees to be sent.
    #[expect(clippy::too_many_arguments, reason = "the parts of one answer")]
    fn agree(
        &mut self,
        case: CaseId,
        command: &Command,
        answer: &Answer,
        account: Option<String>,
        at: Time,
        window: i64,
        doubtful: bool,
        cov: &mut Coverage,
    ) {
        let given = match &command.args {
            Args::Text(t) | Args::InPublic(t) => Some(t.trim().to_owned()),
            _ => None,
        };
        if let (Verb::Handoff | Verb::Dm, Args::Text(text)) = (command.verb, &command.args) {
            self.confidential.insert(text.trim().to_owned());
        }
        if let (Verb::Draft, Some(text)) = (command.verb, &given) {
            // Also where it was refused and only later counts: a superset, by what was said before.
            self.drafts.entry(case).or_default().insert(text.clone());
        }
        if !answer.ok {
            return;
        }
        if command.verb == Verb::Undo
            && answer.say.code.starts_with("done-undo-")
            && let Some((_, intent)) = self.intents.range_mut((case, 0)..=(case, u32::MAX)).next_back()
        {
            intent.undone |= !doubtful && !intent.doubtful;
            cov.hit(Hit::UndoneSend);
        }
        let sends = matches!(command.verb, Verb::Reply | Verb::Handoff | Verb::Dm | Verb::Correct | Verb::Retract | Verb::Approve);
        let Some(n) = answer.send.filter(|_| sends) else { return };
        let drafts = self.drafts.get(&case).cloned().unwrap_or_default();
        // A public answer that was taken back is the draft again.
        let before = || self.intents.range((case, 0)..(case, n)).map(|(_, i)| i);
        let earlier: BTreeSet<String> = before().flat_map(|i| i.texts.clone()).collect();
        let template = before().any(|i| i.template);
        let seq = self.seq;
        let intent = self.intents.entry((case, n)).or_default();
        intent.doubtful |= doubtful;
        if intent.texts.is_empty() && !intent.template {
            match (command.verb, given) {
                (Verb::Approve, _) => {}
                // Where the customer is to write first, the address may stand behind it.
                (Verb::Handoff, Some(text)) => intent.texts.extend([format!("{text} {COMPOSE}"), text]),
                (_, Some(text)) => drop(intent.texts.insert(text)),
                (Verb::Handoff, None) => intent.template = true,
                (Verb::Reply, None) if template => intent.template = true,
                (Verb::Reply, None) => intent.texts.extend(drafts.into_iter().chain(earlier)),
                _ => {}
            }
        }
        intent.account = account;
        intent.awaits = answer.say.code == "done-send-approval";
        if !intent.awaits {
            intent.armed_at = Some(at);
            intent.armed_seq = seq;
            intent.window = window;
        }
    }

    /// What an answer says of who owns the case.
    fn own(&mut self, case: CaseId, command: &Command, answer: &Answer, doubtful: bool, policy: &Policy) -> Result<(), Violation> {
        if !moves_owner(command.verb) {
            return Ok(());
        }
        if doubtful {
            self.owners.insert(case, Owner::Unclear);
            return Ok(());
        }
        let by = &command.by;
        let before = self.owners.get(&case).cloned().unwrap_or(Owner::Known(None));
        let wrong =
            |what: &str| Err(Violation::new(9, format!("{case}: {by} {what}, while the answers say {before:?} (command {})", command.id)));
        if !answer.ok {
            if answer.say.code == "refused-owned-by"
                && matches!(command.verb, Verb::Claim | Verb::Reply | Verb::Posted | Verb::Handoff | Verb::Dm)
            {
                let told = text_of(answer, "agent");
                match &before {
                    Owner::Known(None) => return wrong("was refused as if somebody owned it"),
                    Owner::Known(Some(owner))
                        if Some(owner.as_str()) != told.as_deref() && Some(policy.name_of(owner)) != told.as_deref() =>
                    {
                        return wrong(&format!("was told that {told:?} owns it"));
                    }
                    _ => {}
                }
            }
            return Ok(());
        }
        let after = match command.verb {
            Verb::Claim | Verb::Reply | Verb::Posted | Verb::Handoff | Verb::Dm => {
                let taken = matches!(&before, Owner::Known(Some(o)) if o != by);
                if taken {
                    return wrong(&format!("was let do {:?}", command.verb));
                }
                Owner::Known(Some(by.clone()))
            }
            Verb::Release => {
                match &before {
                    Owner::Known(None) => return wrong("released it"),
                    Owner::Known(Some(o)) if o != by && policy.role(by) < Some(Role::Lead) => return wrong("released it"),
                    _ => {}
                }
                Owner::Known(None)
            }
            Verb::Assign => match &command.args {
                Args::Person(p) => Owner::Known(Some(AgentId(p.clone()))),
                _ => Owner::Unclear,
            },
            Verb::Undo if answer.say.code.starts_with("done-undo-") => before,
            _ => Owner::Unclear,
        };
        self.owners.insert(case, after);
        Ok(())
    }
}

fn text_of(answer: &Answer, name: &str) -> Option<String> {
    answer.say.args.iter().find_map(|(k, v)| match v {
        Arg::Text(t) if k == name => Some(t.clone()),
        _ => None,
    })
}
