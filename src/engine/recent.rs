//! Cases as last committed, kept for a while: a case is read again for its card and for that card's
//! receipt, and to read one from the store is to unseal and to parse it.

use crate::case::{Case, CaseId};
use crate::store::{Store, StoreError};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

/// Cases kept, at most.
const MOST: usize = 128;
/// A case of more posts, or messages that show them, is not kept: few are, and these take the memory of many.
const MOST_POSTS: usize = 32;

/// The cases that were committed last. What writes cases past the engine's commits must clear it.
#[derive(Debug, Default)]
pub(super) struct Recent {
    kept: RefCell<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    cases: BTreeMap<CaseId, Case>,
    /// Oldest first.
    order: VecDeque<CaseId>,
}

impl Recent {
    /// The case as committed.
    pub fn case(&self, store: &dyn Store, id: CaseId) -> Result<Option<Case>, StoreError> {
        if let Some(case) = self.kept.borrow().cases.get(&id) {
            return Ok(Some(case.clone()));
        }
        store.case(id)
    }

    /// Keeps cases that are about to be committed; not to be asked before that has gone well.
    pub fn keep(&self, cases: Vec<Case>) {
        let mut kept = self.kept.borrow_mut();
        for case in cases {
            let id = case.id;
            if case.posts.len().max(case.shown.len()) > MOST_POSTS {
                kept.drop_case(id);
                continue;
            }
            if kept.cases.insert(id, case).is_none() {
                kept.order.push_back(id);
            }
            if kept.cases.len() > MOST
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.cases.remove(&oldest);
            }
        }
    }

    /// Forgets all: something else may have been written.
    pub fn clear(&self) {
        *self.kept.borrow_mut() = Kept::default();
    }
}

impl Kept {
    fn drop_case(&mut self, id: CaseId) {
        if self.cases.remove(&id).is_some() {
            self.order.retain(|known| *known != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::step::{self, Opening};
    use crate::case::work::Ctx;
    use crate::clock::Time;
    use crate::desk::Desk;
    use crate::policy::Policy;
    use crate::post::Post;
    use crate::store::model::ModelStore;

    fn case(id: u64) -> Case {
        let (policy, desk) = (Policy::default(), Desk::default());
        let opening = Opening { id: CaseId(id), code: String::new(), earlier: 0, linked: None };
        step::open(&Post::default(), opening, Ctx { now: Time(0), policy: &policy, desk: &desk, other: None }).case
    }

    #[test]
    fn the_latest_are_kept_as_they_were_committed_last() {
        let (recent, store) = (Recent::default(), ModelStore::new("r"));
        recent.keep((1..=200).map(case).collect());
        assert_eq!(recent.case(&store, CaseId(1)), Ok(None), "no longer kept, and the store has none");
        recent.keep(vec![Case { version: 7, ..case(200) }]);
        assert_eq!(recent.case(&store, CaseId(200)).unwrap().map(|c| c.version), Some(7));
        assert_eq!(recent.kept.borrow().cases.len(), MOST);
        // What has grown too large is read from the store again, never as it was before.
        let post = case(200).posts.remove(0);
        recent.keep(vec![Case { posts: vec![post; 100], ..case(200) }]);
        assert_eq!(recent.case(&store, CaseId(200)), Ok(None));
        recent.clear();
        assert_eq!(recent.case(&store, CaseId(199)), Ok(None));
    }
}
