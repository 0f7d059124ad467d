//! Erasing a case on an operator's word.
//!
//! What other cases took over from it by a merge goes with it, and what was merged into it as well:
//! they are one customer's. In this order, so that what is cut short is finished at the next start, or waking:
//! 1. one commit: the cases it lives on in lose what came from it, its posts' ids are gone for good,
//!    its rooms are to be told, the desk notes when;
//! 2. those cases get new keys, so that no earlier version of them can be read;
//! 3. the keys of the case, and of those merged into it, are destroyed.

use super::context::Tx;
use super::run::Engine;
use crate::case::refusal::Refusal;
use crate::case::step::CaseInput;
use crate::case::{Case, CaseId, PlaceKind, SendState};
use crate::clock::Time;
use crate::command::Answer;
use crate::desk::Desk;
use crate::outbox::{Effect, EntryState, Lane, Urgency};
use crate::planted::{self, Bug};
use crate::post::PostRef;
use crate::say::{Arg, Say};
use crate::store::{Claim, Counters, StoreError};

/// Why there is no case of this number: numbers have no gaps, so one that was given out was erased.
#[must_use]
pub fn absent(desk: &Desk, counters: Counters, id: CaseId) -> Refusal {
    if id.0 == 0 || id.0 >= counters.next_case {
        return Refusal::UnknownCase(id);
    }
    Refusal::Erased(id, desk.erased_at(id))
}

impl Engine {
    /// Erases a case for good, or says why not.
    ///
    /// # Errors
    /// Whatever the store says; once it was decided, what is not done yet is done before anything else.
    pub fn erase(&mut self, now: Time, id: CaseId) -> Result<Answer, StoreError> {
        let refused = |say: Say| Answer { ok: false, say, case: None, send: None, of: None };
        let Some(case) = self.store.case(id)? else {
            return Ok(refused(absent(&self.desk, self.counters, id).say()));
        };
        let (family, heirs) = (self.family(case)?, self.heirs(id)?);
        // Whoever asked for the answer would never learn what became of it.
        let awaited = family.iter().any(|c| c.live_send().is_some())
            || heirs
                .iter()
                .any(|h| h.live_send().is_some_and(|s| family.iter().any(|c| s.target.as_ref().is_some_and(|t| c.post(t).is_some()))));
        if awaited {
            return Ok(refused(Say::new("cli-erase-on-its-way").case(id)));
        }
        // Its receipt would name a message that nobody could change any more.
        let flying = |c: &Case| self.lanes.of_case(c.id).any(|e| matches!(e.state, EntryState::InFlight | EntryState::Unknown));
        if family.iter().chain(&heirs).any(flying) {
            return Ok(refused(Say::new("cli-erase-busy").case(id)));
        }
        self.transact(now, |tx| {
            for heir in &heirs {
                for erased in &family {
                    if let Some(heir) = tx.case(heir.id)? {
                        tx.step(heir, CaseInput::Erased(erased), None)?.ok();
                    }
                }
            }
            family.iter().for_each(|case| tell(tx, case));
            Ok(())
        })?;
        self.erasing = true;
        self.finish_erasures()?;
        let others: Vec<String> = family.iter().skip(1).map(|c| c.id.to_string()).collect();
        let say = match (others.is_empty(), heirs.last()) {
            (false, _) => Say::new("cli-erased-with").case(id).text("others", others.join(", ")),
            (true, Some(heir)) => Say::new("cli-erased-from").case(id).text("other", heir.id.to_string()),
            (true, None) => Say::new("cli-erased").case(id),
        };
        Ok(Answer { ok: true, say, case: None, send: None, of: None })
    }

    /// Does what is still to be done of erasures that were decided: what the desk notes as erased does
    /// not stand. A case half erased that lived on would be shown again.
    ///
    /// # Errors
    /// Whatever the store says; to be called again.
    pub(super) fn finish_erasures(&mut self) -> Result<(), StoreError> {
        if !self.erasing {
            return Ok(());
        }
        let mut standing = Vec::new();
        for (id, _) in &self.desk.erased {
            standing.extend(self.store.case(*id)?.map(|c| c.id));
        }
        for id in &standing {
            for heir in self.heirs(*id)? {
                self.recent.clear();
                self.store.rekey(heir.id)?;
            }
        }
        // In the order of the decision reversed, so that whatever leads to the others goes last.
        for id in standing.iter().rev() {
            self.recent.clear();
            self.store.erase(*id)?;
        }
        self.erasing = false;
        Ok(())
    }

    /// The case, and those merged into it, near and far.
    fn family(&self, case: Case) -> Result<Vec<Case>, StoreError> {
        let mut family = vec![case];
        let mut at = 0;
        while let Some((into, links)) = family.get(at).map(|c| (c.id, c.links.clone())) {
            for link in links {
                if family.iter().all(|c| c.id != link)
                    && let Some(former) = self.store.case(link)?.filter(|f| f.merged_into == Some(into))
                {
                    family.push(former);
                }
            }
            at += 1;
        }
        Ok(family)
    }

    /// The cases it lives on in, nearest first.
    fn heirs(&self, id: CaseId) -> Result<Vec<Case>, StoreError> {
        let mut heirs: Vec<Case> = Vec::new();
        let mut next = self.store.case(id)?.and_then(|c| c.merged_into);
        while let Some(into) = next.filter(|into| heirs.iter().all(|h| h.id != *into)) {
            let Some(heir) = self.store.case(into)? else { break };
            next = heir.merged_into;
            heirs.push(heir);
        }
        Ok(heirs)
    }
}

/// Takes a case out of the outbox, tells its rooms, and lets none of its posts come back.
fn tell(tx: &mut Tx<'_>, case: &Case) {
    tx.entries_of(case.id).into_iter().for_each(|e| tx.finish(e.id));
    for post in case.posts.iter().filter(|_| !planted::is(Bug::ErasedComesBack)) {
        tx.claim_post(&post.post, &Claim::Gone);
        for name in &post.also {
            tx.set_claim(name.clone(), Claim::Gone);
        }
    }
    for send in &case.sends {
        if let SendState::Published { id, local_id, .. } = &send.state {
            tx.set_claim(PostRef::World(id.clone()), Claim::Noted);
            tx.set_claim(PostRef::Local { account: send.account.clone(), local_id: local_id.clone() }, Claim::Noted);
        }
    }
    let (id, at) = (case.id, tx.now);
    tx.desk(|d| d.desk.note_erased(id, at));
    let mut told = false;
    for (index, place) in case.places.iter().enumerate() {
        let Some(thread) = &place.thread else { continue };
        let lane = Lane::Chat(place.room.clone());
        let erased = |edit: Option<String>| Effect::Erased { case: id, at, thread: thread.clone(), edit };
        if place.kind != PlaceKind::Former {
            tx.tell(lane.clone(), Urgency::Urgent, erased(None));
            told = true;
        }
        let posts = case.shown.iter().filter(|s| s.place == index).map(|s| s.message.clone());
        for message in std::iter::once(thread.clone()).chain(posts) {
            tx.tell(lane.clone(), Urgency::Update, erased(Some(message)));
        }
    }
    if !told {
        tx.notice(Say::new("notice-erased").case(id).with("at", Arg::Moment(at)));
    }
}
