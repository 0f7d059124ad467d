//! From what a network tells to the case it belongs to.

use super::context::Tx;
use crate::case::step::{CaseInput, echoed, joins};
use crate::case::{Case, CaseId, CaseKey, DeskId, SendState, Status};
use crate::digest::{Fact, FactKind};
use crate::intake::is_own_complaint;
use crate::planted::{self, Bug};
use crate::post::{Account, AuthorId, NetEvent, Post, PostId, PostRef, Reach};
use crate::store::{Claim, StoreError};

/// How many of a customer's cases are looked at.
const LOOK_BACK: usize = 10;

impl Tx<'_> {
    /// Takes in what a network told through `account`.
    pub(super) fn net(&mut self, account: &Account, event: &NetEvent) -> Result<(), StoreError> {
        self.first_seen(account);
        match event {
            NetEvent::New(post) => self.on_new(post),
            NetEvent::Edited(post) => match self.claim(&PostRef::World(post.id.clone()))? {
                Some(Claim::Case(id)) => {
                    self.also_claimed(id, post)?;
                    if self.is_kept_elsewhere(id, post)? { Ok(()) } else { self.on_case(id, &CaseInput::Edited(post)) }
                }
                Some(Claim::Gone | Claim::Noted) => Ok(()),
                None => self.on_new(post),
            },
            NetEvent::Deleted { post, at } => self.on_deleted(post, *at),
            NetEvent::Reposted { id, post } => {
                let repost = PostRef::World(id.clone());
                if self.claim(&repost)?.is_some() {
                    return Ok(());
                }
                self.set_claim(repost, Claim::Noted);
                match self.claim(post)? {
                    Some(Claim::Case(case)) => {
                        self.count_repost(id, case)?;
                        self.on_case(case, &CaseInput::Reposted)
                    }
                    _ => Ok(()),
                }
            }
            NetEvent::Engagement { post, engagement } => match self.claim(post)? {
                Some(Claim::Case(id)) => match self.living(id)? {
                    Some(case) => match name_in(&case, post) {
                        Some(name) => self.on_case(id, &CaseInput::Engagement(&name, *engagement)),
                        None => Ok(()),
                    },
                    None => Ok(()),
                },
                _ => Ok(()),
            },
        }
    }

    /// A repost counts, and is no case. Its fact is numbered by its id: several come at one moment.
    fn count_repost(&mut self, repost: &PostId, case: CaseId) -> Result<(), StoreError> {
        if let Some(case) = self.living(case)? {
            let n = crc32fast::hash(repost.as_str().as_bytes());
            self.fact(Fact { at: self.now, case: case.id, n, network: case.key.network, by: None, kind: FactKind::Reposted });
        }
        Ok(())
    }

    /// From here on, older posts of this account are history.
    pub(super) fn first_seen(&mut self, account: &Account) {
        // Where the clock was ahead at that time: what is written from now on is no history either.
        if self.desk.first_seen.get(account).is_none_or(|seen| *seen > self.now) {
            self.desk.first_seen.insert(account.clone(), self.now);
        }
    }

    fn on_case(&mut self, id: CaseId, input: &CaseInput<'_>) -> Result<(), StoreError> {
        let Some(case) = self.living(id)? else { return Ok(()) };
        let formers = self.formers(&case, input)?;
        // What networks tell is never refused.
        self.step(case, input.clone(), None)?.ok();
        for former in formers {
            let changed = match input {
                CaseInput::Post(post) => CaseInput::Edited(post),
                other => other.clone(),
            };
            self.step(former, changed, None)?.ok();
        }
        Ok(())
    }

    /// Cases merged into this one whose threads show the post that was edited or deleted.
    fn formers(&self, case: &Case, input: &CaseInput<'_>) -> Result<Vec<Case>, StoreError> {
        let post = match input {
            CaseInput::Post(post) | CaseInput::Edited(post) => &post.id,
            CaseInput::Deleted(id, _) => *id,
            _ => return Ok(Vec::new()),
        };
        let mut out = Vec::new();
        let mut linked: Vec<(CaseId, CaseId)> = case.links.iter().map(|id| (case.id, *id)).collect();
        while let Some((into, id)) = linked.pop() {
            let merged = |f: &Case| f.merged_into == Some(into) && !planted::is(Bug::MergedThreadForgotten);
            let Some(former) = self.case(id)?.filter(merged) else { continue };
            linked.extend(former.links.iter().map(|id| (former.id, *id)));
            if former.post(post).is_some() {
                out.push(former);
            }
        }
        Ok(out)
    }

    fn on_deleted(&mut self, post: &PostRef, at: crate::clock::Time) -> Result<(), StoreError> {
        match self.claim(post)? {
            Some(Claim::Case(id)) => {
                let Some(case) = self.living(id)? else { return Ok(()) };
                match name_in(&case, post) {
                    Some(name) => self.on_case(id, &CaseInput::Deleted(&name, at)),
                    None => Ok(()),
                }
            }
            Some(Claim::Gone) => Ok(()),
            None if planted::is(Bug::EarlyDeletionForgotten) => Ok(()),
            // Perhaps the deletion comes first: whatever comes under this name later is gone already.
            Some(Claim::Noted) | None => {
                self.set_claim(post.clone(), Claim::Gone);
                Ok(())
            }
        }
    }

    fn on_new(&mut self, post: &Post) -> Result<(), StoreError> {
        let world = self.claim(&PostRef::World(post.id.clone()))?;
        let local = PostRef::Local { account: post.account.clone(), local_id: post.local_id.clone() };
        let claim = match (&world, post.local_id.is_empty()) {
            (None | Some(Claim::Noted), false) => self.claim(&local)?.or(world),
            _ => world,
        };
        match claim {
            Some(Claim::Case(id)) => {
                self.also_claimed(id, post)?;
                if self.is_kept_elsewhere(id, post)? { Ok(()) } else { self.on_case(id, &CaseInput::Post(post)) }
            }
            Some(Claim::Gone) => self.on_gone(post),
            Some(Claim::Noted) => Ok(()),
            None if self.policy.is_ours(&post.author.id) => self.on_ours(post),
            None => self.on_foreign(post),
        }
    }

    /// Notes by what other name a claimed post goes: that of another account's server, or of a new version, where each
    /// has one of its own. What is said of it later may use any of them.
    fn also_claimed(&mut self, id: CaseId, post: &Post) -> Result<(), StoreError> {
        let local = PostRef::Local { account: post.account.clone(), local_id: post.local_id.clone() };
        if !post.local_id.is_empty() && self.claim(&local)?.is_none() && !planted::is(Bug::VersionNameForgotten) {
            self.set_claim(local, Claim::Case(id));
        }
        Ok(())
    }

    /// Whether a claimed post is none that its case keeps: published by us, or folded.
    fn is_kept_elsewhere(&self, id: CaseId, post: &Post) -> Result<bool, StoreError> {
        Ok(self.is_published(id, post)? || self.is_folded(id, post)?)
    }

    /// Whether a claimed post is one that we published: it belongs to its case already, even where
    /// that was merged since or the post taken back.
    fn is_published(&self, id: CaseId, post: &Post) -> Result<bool, StoreError> {
        Ok(!planted::is(Bug::EchoTakenForOutside)
            && self.policy.is_ours(&post.author.id)
            && self.living(id)?.is_none_or(|c| c.post(&post.id).is_none()))
    }

    /// Whether a claimed post is one that its case no longer keeps.
    fn is_folded(&self, id: CaseId, post: &Post) -> Result<bool, StoreError> {
        Ok(self.living(id)?.is_some_and(|c| c.folded_posts() > 0 && c.post(&post.id).is_none()))
    }

    /// The deletion came before the post: it is counted, and shown to nobody.
    fn on_gone(&mut self, post: &Post) -> Result<(), StoreError> {
        self.claim_post(post, &Claim::Noted);
        let n = crc32fast::hash(post.id.as_str().as_bytes());
        self.fact(Fact { at: self.now, case: CaseId(0), n, network: post.network.clone(), by: None, kind: FactKind::GoneBeforeShown });
        Ok(())
    }

    /// A post of the brand: the echo of a send, an answer given elsewhere, or no business of ours.
    fn on_ours(&mut self, post: &Post) -> Result<(), StoreError> {
        let case = match self.parent_case(post)? {
            Some(id) => Some(id),
            None => self.written_to(post)?,
        };
        match case {
            Some(id) => {
                self.claim_post(post, &Claim::Case(id));
                self.on_case(id, &CaseInput::Post(post))
            }
            None => {
                self.claim_post(post, &Claim::Noted);
                Ok(())
            }
        }
    }

    fn parent_case(&self, post: &Post) -> Result<Option<CaseId>, StoreError> {
        let Some(parent) = &post.parent else { return Ok(None) };
        for name in parent.names(&post.account) {
            if let Some(Claim::Case(id)) = self.claim(&name)? {
                return Ok(self.living(id)?.map(|c| c.id));
            }
        }
        Ok(None)
    }

    /// For a private message of ours that answers nothing: the open case of one whom it names.
    fn written_to(&self, post: &Post) -> Result<Option<CaseId>, StoreError> {
        if !post.is_dm() {
            return Ok(None);
        }
        let mut open = None;
        for person in &post.mentions {
            for id in self.cases_of(person, LOOK_BACK)? {
                let Some(case) = self.case(id)? else { continue };
                let sending = case
                    .live_send()
                    .is_some_and(|s| s.kind.is_private() && matches!(s.state, SendState::InFlight { .. } | SendState::Unknown { .. }));
                if sending || echoed(&case, post, self.policy).is_some() {
                    return Ok(Some(id));
                }
                if (case.handoff_open || case.is_invited()) && open.is_none() {
                    open = Some(id);
                }
            }
        }
        Ok(open)
    }

    fn on_foreign(&mut self, post: &Post) -> Result<(), StoreError> {
        let since = self.desk.first_seen.get(&post.account).copied().unwrap_or(self.now);
        if post.created_at < since.plus(-self.policy.import_ms) && !planted::is(Bug::OldPostsImported) {
            // History for this account alone: another of ours may have been spoken to in our time.
            let name = match post.local_id.is_empty() || planted::is(Bug::HistoryOfAnother) {
                true => PostRef::World(post.id.clone()),
                false => PostRef::Local { account: post.account.clone(), local_id: post.local_id.clone() },
            };
            self.set_claim(name, Claim::Noted);
            return Ok(());
        }
        let mut handoffs = match self.own_case(post)? {
            Some(id) => vec![id],
            None if post.is_dm() => self.handoffs(&post.author.id)?,
            None => Vec::new(),
        };
        let own = if handoffs.is_empty() { None } else { self.living(handoffs.remove(0))? };
        match own {
            Some(case) if joins(&case, self.policy.reopen_ms, self.now) => {
                self.claim_post(post, &Claim::Case(case.id));
                self.on_case(case.id, &CaseInput::Post(post))?;
                if !handoffs.is_empty() {
                    self.on_case(case.id, &CaseInput::OtherHandoffs(&handoffs))?;
                }
                return Ok(());
            }
            Some(late) => {
                self.open(post, Some(late.id))?;
                return Ok(());
            }
            None => {}
        }
        let neighbour = match post.is_dm() {
            true => None,
            false => self.neighbour(post)?,
        };
        match neighbour {
            Some(id) if !is_own_complaint(post) => {
                self.claim_post(post, &Claim::Case(id));
                self.on_case(id, &CaseInput::Post(post))
            }
            // Nobody's conversation that we know yet. Not noted as seen: its beginning may be on its way,
            // or another account be spoken to; then it comes again, and finds its place.
            None if post.reach == Reach::Followed => Ok(()),
            linked => self.open(post, linked).map(|_| ()),
        }
    }

    /// The author's own case that a post belongs to: the one whose post it answers, or the newest of
    /// this conversation. Where none takes it any more, the last of them, which the new one will
    /// hang on.
    fn own_case(&self, post: &Post) -> Result<Option<CaseId>, StoreError> {
        let key = CaseKey { desk: DeskId(0), network: post.network.clone(), root: post.root().clone(), customer: post.author.id.clone() };
        let mut late = None;
        for id in [self.parent_case(post)?, self.by_key(&key)?].into_iter().flatten() {
            let Some(case) = self.living(id)?.filter(|c| c.key.customer == post.author.id) else { continue };
            if joins(&case, self.policy.reopen_ms, self.now) {
                return Ok(Some(case.id));
            }
            late = Some(case.id);
        }
        Ok(late)
    }

    /// The private conversations of a customer that are open, else those that ended a while ago; the one where something
    /// happened last in front: a private message that answers nothing goes there, and staff are told of the others.
    fn handoffs(&self, customer: &AuthorId) -> Result<Vec<CaseId>, StoreError> {
        let (mut open, mut ended) = (Vec::new(), Vec::new());
        for id in self.cases_of(customer, LOOK_BACK)? {
            let Some(case) = self.case(id)?.filter(|c| c.merged_into.is_none()) else { continue };
            if case.handoff_open || case.is_invited() {
                open.push((case.touched_at, id));
            } else if case.has_private() && case.status != Status::Quarantined && joins(&case, self.policy.reopen_ms, self.now) {
                ended.push((case.touched_at, id));
            }
        }
        let mut found = if open.is_empty() { ended } else { open };
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// Somebody else's case in whose conversation the post stands.
    fn neighbour(&self, post: &Post) -> Result<Option<CaseId>, StoreError> {
        if let Some(id) = self.parent_case(post)? {
            return Ok(Some(id));
        }
        let first = self.conversation(&post.network, post.root())?.into_iter().next();
        first.map(|id| self.living(id)).transpose().map(|c| c.flatten().map(|c| c.id))
    }
}

/// The world name of a post of the case, from whatever name a network used.
fn name_in(case: &Case, post: &PostRef) -> Option<crate::post::PostId> {
    let known = case.posts.iter().find(|p| p.is_called(post)).map(|p| p.post.id.clone());
    known.or_else(|| {
        case.sends.iter().find_map(|s| match (&s.state, post) {
            (SendState::Published { id, .. }, PostRef::World(name)) if id == name => Some(id.clone()),
            (SendState::Published { id, local_id: l, .. }, PostRef::Local { account, local_id })
                if l == local_id && &s.account == account =>
            {
                Some(id.clone())
            }
            _ => None,
        })
    })
}
