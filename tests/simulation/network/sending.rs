//! What becomes of a send: accepted, refused, lost, accepted and nobody told, finished late, looked for.

use super::{Accepted, Kind, Net, Who};
use crate::simulation::coverage::{Coverage, Hit};
use crate::simulation::rng::Rng;
use sereno::case::{CaseId, Outgoing, SendKind, SendState};
use sereno::clock::{HOUR_MS, MINUTE_MS, SECOND_MS, Time};
use sereno::outbox::{Look, Outcome, Receipt};
use sereno::policy::DmRoute;
use sereno::post::PostRef;

/// After so long a look tells what became of a send, in milliseconds of the world's time.
const SETTLE_MS: i64 = 30 * SECOND_MS;
/// So long after that at most does the network finish what it was slow with, in milliseconds.
const LATE_MS: i64 = 5 * MINUTE_MS;
/// How long an idempotency key is kept (Mastodon: one hour).
const KEY_MS: i64 = HOUR_MS;

/// A send that the network has begun and finishes only after its client has given up waiting, and looked.
#[derive(Debug)]
pub struct Late {
    op: String,
    key: (CaseId, u32),
    account: usize,
    send: Outgoing,
    earlier: Option<SendState>,
    lands: Time,
}

impl Net {
    /// Carries out a send, or not.
    #[expect(clippy::too_many_arguments, reason = "the parts of one send")]
    pub fn send(
        &mut self,
        op: &str,
        key: (CaseId, u32),
        send: &Outgoing,
        earlier: Option<&SendState>,
        now: Time,
        rng: &mut Rng,
        cov: &mut Coverage,
    ) -> Outcome {
        let account = self.accounts.iter().position(|a| a.name == send.account).expect("a send goes from one of this network's accounts");
        self.tried.insert(op.to_owned(), now);
        self.first_tried.entry(op.to_owned()).or_insert(now);
        if self.accounts[account].revoked_until > now {
            cov.hit(Hit::NetAuthLost);
            return Outcome::AuthLost { why: "the token was revoked".into() };
        }
        if self.down_until > now || rng.chance(self.faults.error) {
            cov.hit(Hit::NetServerError);
            return Outcome::Retry { after_ms: None, why: "503".into(), lane: rng.chance(300) };
        }
        if rng.chance(self.faults.throttle) {
            cov.hit(Hit::NetThrottled);
            return Outcome::Retry { after_ms: Some(rng.between(1, 90) * SECOND_MS), why: "429".into(), lane: true };
        }
        let timeout = rng.chance(self.faults.timeout);
        if timeout && rng.chance(500) {
            // Where nothing tells one text from another of the same words, nobody could keep such a send from standing twice:
            // no client is to be blamed for that.
            let told_apart = self.kind.knows_keys() || (self.kind == Kind::Agora && send.kind == SendKind::Reply);
            if told_apart && rng.chance(750) {
                // Often just after the look, before the send goes again.
                let after = if rng.chance(600) { LATE_MS / 6 } else { LATE_MS };
                let lands = now.plus(SETTLE_MS + rng.between(1, after));
                self.late.push(Late { op: op.to_owned(), key, account, send: send.clone(), earlier: earlier.cloned(), lands });
            } else {
                cov.hit(Hit::NetTimeoutNot);
            }
            return Outcome::Unknown { why: "timed out".into() };
        }
        if rng.chance(self.faults.refuse) {
            cov.hit(Hit::NetRefused);
            return Outcome::Refused { why: "422: refused".into() };
        }
        let outcome = self.accept(op, key, account, send, earlier, now, rng, cov);
        if self.kind.knows_keys() && rng.chance(self.faults.timeout) {
            // The connection broke and the client under the adapter repeats the call, key and all.
            self.accept(op, key, account, send, earlier, now, rng, cov);
        }
        if timeout && matches!(outcome, Outcome::Done(_)) {
            cov.hit(Hit::NetTimeoutAccepted);
            return Outcome::Unknown { why: "timed out".into() };
        }
        outcome
    }

    /// Whether it has begun this send, and will finish it.
    pub fn is_late(&self, op: &str) -> bool {
        self.late.iter().any(|l| l.op == op)
    }

    /// Finishes what was begun long ago.
    pub fn land(&mut self, now: Time, rng: &mut Rng, cov: &mut Coverage) {
        self.late.sort_by_key(|l| l.lands);
        while self.late.first().is_some_and(|l| l.lands <= now) {
            let Late { op, key, account, send, earlier, lands } = self.late.remove(0);
            let before = self.accepted.len();
            self.accept(&op, key, account, &send, earlier.as_ref(), lands, rng, cov);
            if self.accepted.len() > before {
                cov.hit(Hit::NetLandedLate);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one send")]
    fn accept(
        &mut self,
        op: &str,
        key: (CaseId, u32),
        account: usize,
        send: &Outgoing,
        earlier: Option<&SendState>,
        now: Time,
        rng: &mut Rng,
        cov: &mut Coverage,
    ) -> Outcome {
        if self.kind.knows_keys()
            && let Some((index, _)) = self.keys.get(op).filter(|(_, at)| now.since(*at) < KEY_MS)
        {
            cov.hit(Hit::NetKeyAgain);
            return Outcome::Done(self.receipt(account, *index));
        }
        let mut target = None;
        if let (Some(id), false) = (&send.target, matches!(send.kind, SendKind::Retract { .. } | SendKind::Correct { .. })) {
            let Some((index, item)) = self.find(id) else { return Outcome::Refused { why: "404: no such post".into() } };
            let changed = item.version(item.newest()) != send.target_version;
            // Nobody looks an agora's private messages up: they are not changed, and nothing of ours hangs on them.
            if self.kind != Kind::Agora || !item.direct {
                if item.deleted.is_some() {
                    cov.hit(Hit::NetTargetGone);
                    return Outcome::TargetGone;
                }
                if changed {
                    cov.hit(Hit::NetTargetEdited);
                    return Outcome::TargetEdited;
                }
            }
            let name = PostRef::Local { account: send.account.clone(), local_id: send.target_local.clone() };
            let known = self.local(account, index, item.newest());
            // An agora's post goes by the id of any of its versions.
            let named =
                if self.kind == Kind::Agora { self.kind.meant(&name).is_some_and(|(i, _)| i == index) } else { send.target_local == known };
            if !named {
                self.misaddressed.get_or_insert(format!(
                    "{op} answers {id}, which {} knows as {known}, under the name {}",
                    send.account, send.target_local
                ));
            }
            target = Some(index);
        }
        if self.kind == Kind::Agora
            && let Some(outcome) = self.agora_refuses(op, account, send, target, now, cov)
        {
            return outcome;
        }
        let text = format!("{} {}", send.to.handle.expose(), self.shown(send.text.expose()));
        let index = match (&send.kind, earlier) {
            (SendKind::Retract { .. }, Some(SendState::Published { id, .. })) => {
                let Some((index, item)) = self.find(id) else { return Outcome::Refused { why: "404: nothing to take back".into() } };
                if self.kind == Kind::Agora && item.direct {
                    return Outcome::Refused { why: "it would go from our own view alone".into() };
                }
                self.delete(index, now);
                index
            }
            (SendKind::Correct { .. }, Some(SendState::Published { id, .. })) => {
                let Some((index, item)) = self.find(id) else { return Outcome::Refused { why: "404: nothing to change".into() } };
                if item.deleted.is_some() {
                    return Outcome::Refused { why: "404: nothing to change".into() };
                }
                self.rewrite(index, text, now);
                index
            }
            (SendKind::Retract { .. } | SendKind::Correct { .. }, _) => return Outcome::Refused { why: "404: nothing published".into() },
            _ => {
                let index = self.posts.len();
                // Whom a private message goes to is known by any post of theirs.
                let theirs = || self.posts.iter().rposition(|i| i.who == self.who(&send.to.id));
                let about = target.or_else(|| theirs().filter(|_| self.kind == Kind::Agora && send.kind.is_private()));
                let made = self.post(Who::Us(account), &text, about, &[account], send.kind.is_private(), false, now);
                self.posts[index].through_us = true;
                made
            }
        };
        if self.kind.knows_keys() {
            self.keys.insert(op.to_owned(), (index, now));
        }
        let visible_at = now.plus(rng.between(0, SETTLE_MS - SECOND_MS));
        self.accepted.push(Accepted {
            op: op.to_owned(),
            case: key.0,
            send: key.1,
            kind: send.kind.clone(),
            account: send.account.clone(),
            target: send.target.clone(),
            to: send.to.id.clone(),
            text: send.text.expose().to_owned(),
            post: index,
            visible_at,
        });
        Outcome::Done(self.receipt(account, index))
    }

    fn receipt(&self, account: usize, index: usize) -> Receipt {
        let id = self.posts[index].id.clone();
        let version = if self.kind == Kind::Agora { 0 } else { self.posts[index].newest() };
        let url = self.kind.url(&self.posts[index], index, version);
        Receipt { native_id: self.local(account, index, version), url: Some(url), post: Some(id) }
    }

    fn who(&self, id: &sereno::post::AuthorId) -> Who {
        Who::Person(self.people.iter().position(|p| &p.id == id).expect("a send goes to somebody here"))
    }

    /// A text as the network gives it back: an agora writes links out.
    fn shown(&self, text: &str) -> String {
        let word = |word: &str| match self.kind == Kind::Agora && word == super::super::words::LINK {
            true => format!("https://{word}/"),
            false => word.to_owned(),
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    /// What an agora, or the adapter that knows its rules, has against a send.
    fn agora_refuses(
        &self,
        op: &str,
        account: usize,
        send: &Outgoing,
        target: Option<usize>,
        now: Time,
        cov: &mut Coverage,
    ) -> Option<Outcome> {
        let refused = |why: &str| Some(Outcome::Refused { why: why.into() });
        match &send.kind {
            SendKind::Reply => {
                if target.is_some_and(|t| !self.posts[t].may_be_answered(account, self.posts[t].newest())) {
                    cov.hit(Hit::NetRefused);
                    return refused("403: you have not been mentioned");
                }
                let same = |a: &&Accepted| {
                    let public = a.account == send.account && !a.kind.is_private() && a.kind.speaks();
                    // What is gone since does not make a request new that was under way before.
                    public && a.text == send.text.expose() && (a.op == op || self.posts[a.post].deleted.is_none())
                };
                let stands = self.accepted.iter().find(same)?;
                cov.hit(Hit::NetSameText);
                // An attempt of ours that landed though nobody was told? It may not be shown yet.
                let ours = stands.op == op;
                let doubt = send.absent_at.is_some() && now.since(self.first_tried[op]) < 20 * LATE_MS;
                if (ours && stands.visible_at <= now) || doubt {
                    return Some(Outcome::Unknown { why: "this text stands already".into() });
                }
                refused("403: duplicate content")
            }
            SendKind::Handoff | SendKind::Dm => {
                let Who::Person(person) = self.who(&send.to.id) else { return None };
                let theirs = |i: &super::Item| i.direct && i.who == Who::Person(person) && i.reaches.contains(&account);
                let wrote = self.posts.iter().rposition(theirs);
                let since = |post: usize| wrote.is_none_or(|w| post > w);
                let to_them = |i: &(usize, &super::Item)| i.1.who == Who::Us(account) && i.1.to == Some(person) && since(i.0);
                let open = match &self.people[person].route {
                    Some(DmRoute::Direct) => true,
                    Some(DmRoute::OneShot { until }) => *until >= now && !self.posts.iter().enumerate().any(|i| to_them(&i)),
                    Some(DmRoute::Window { until }) => *until >= now,
                    _ => wrote.is_some(),
                };
                if open {
                    return None;
                }
                cov.hit(Hit::NetNoRoute);
                refused("403: you do not have permission to DM this person")
            }
            SendKind::Correct { .. } => refused("nothing can be changed here"),
            SendKind::Retract { .. } => None,
        }
    }

    /// Whether a send stands.
    pub fn look(&mut self, op: &str, send: &Outgoing, known: &[String], now: Time, rng: &mut Rng, cov: &mut Coverage) -> Look {
        let account = self.accounts.iter().position(|a| a.name == send.account).expect("one of this network's accounts");
        if self.down_until > now || self.accounts[account].revoked_until > now || rng.chance(self.faults.poll) {
            return Look::Retry { why: "503".into(), after_ms: None };
        }
        if rng.chance(self.faults.cannot_tell) {
            cov.hit(Hit::LookCannotTell);
            return Look::CannotTell;
        }
        let stands = |a: &&Accepted| match (self.kind, send.kind.speaks()) {
            // By what it says and answers, as nothing else tells.
            (Kind::Agora, true) => {
                let target = send.target.as_ref().filter(|_| !send.kind.is_private());
                let same = a.account == send.account && a.text == send.text.expose() && a.kind.is_private() == send.kind.is_private();
                let item = &self.posts[a.post];
                let known = known.contains(&self.local(account, a.post, 0));
                same && a.to == send.to.id && target.is_none_or(|t| a.target.as_ref() == Some(t)) && item.deleted.is_none() && !known
            }
            _ => a.op == op,
        };
        if let Some(a) = self.accepted.iter().find(|a| a.visible_at <= now && stands(a)) {
            cov.hit(Hit::LookFound);
            return Look::Found(self.receipt(account, a.post));
        }
        if let Some(left) = self.tried.get(op).map(|t| SETTLE_MS - now.since(*t)).filter(|left| *left > 0) {
            cov.hit(Hit::LookTooSoon);
            return Look::Retry { why: "too soon to tell".into(), after_ms: Some(left) };
        }
        cov.hit(Hit::LookAbsent);
        Look::Absent
    }
}
