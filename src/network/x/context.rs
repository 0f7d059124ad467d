//! What posts answer and quote: mostly X tells of it along with them, else it is looked up once, many in one call, within a
//! moment. Where that fails the post comes without; reading brings it again a little later, and what it is about with it.

use super::account::XAccount;
use super::mapping::{self, Mapper};
use super::read::Noted;
use crate::network::Hook;
use crate::network::context::{Told, is_wanted, posts};
use crate::post::{Context, NetEvent, Post, PostRef, Reach};
use std::collections::BTreeSet;
use std::time::Duration;
use tracing::debug;

/// So many lookups a minute at most: their window is also that of the looks that sends wait for.
pub(super) const CALLS_A_MINUTE: u32 = 5;
/// So many posts are looked up at once at most: each is paid for.
const AT_ONCE: usize = 20;

impl XAccount {
    /// Completes what posts are about.
    pub(super) async fn complete(&self, me: &str, events: &mut [NetEvent]) {
        let now = self.clock.now();
        for event in &*events {
            if let NetEvent::Deleted { post: PostRef::Local { local_id, .. }, .. } = event {
                self.contexts.forget(local_id);
            }
        }
        let all: BTreeSet<String> = posts(events).flat_map(|post| &post.context).filter(|c| is_wanted(c)).map(bare).collect();
        let ids: Vec<String> = all.into_iter().filter(|id| self.contexts.known(id, now).is_none()).take(AT_ONCE).collect();
        if !ids.is_empty()
            && !self.api.is_lean("lookup")
            && let Some(within) = self.contexts.patience(now)
        {
            self.look_up(me, &ids, within).await;
            self.contexts.waited(self.clock.now().since(now));
        }
        let now = self.clock.now();
        for post in posts(events) {
            let told = |id: &str| self.contexts.known(id, now).flatten();
            post.context = std::mem::take(&mut post.context).into_iter().filter_map(|about| whole(post, about, told)).collect();
        }
    }

    async fn look_up(&self, me: &str, ids: &[String], within: Duration) {
        let page = match self.reader(me).lookup_within(&ids.join(","), within).await {
            Ok(page) => page,
            Err(trouble) => {
                debug!(account = %self.account, why = trouble.words(), "what posts answer is not to be had now: they come without");
                return;
            }
        };
        let now = self.clock.now();
        let mapper = Mapper { account: &self.account, me, now };
        for id in ids {
            // What is deleted or protected is not given.
            let read = page.data.read.iter().find(|post| post.id == *id).map(|post| mapper.alone(post, &page.includes, Reach::Followed));
            self.contexts.remember(id, read.as_ref(), now);
        }
        let posts = page.data.read.iter().map(|post| post.id.clone()).collect();
        self.note(&Noted { posts, ..Noted::default() });
    }
}

/// What of a webhook's events is known without asking: its sender waits for the answer.
pub(super) fn as_told(mut hook: Hook) -> Hook {
    if let Hook::Events { events, .. } = &mut hook {
        posts(events).for_each(|post| post.context.retain(|about| !is_wanted(about)));
    }
    hook
}

fn whole(post: &Post, about: Context, told: impl Fn(&str) -> Option<Told>) -> Option<Context> {
    if is_wanted(&about) { told(&bare(&about))?.above(post, about.how) } else { Some(about) }
}

/// X's own id of it.
fn bare(about: &Context) -> String {
    about.id.as_str().trim_start_matches(mapping::NETWORK).trim_start_matches(':').to_owned()
}
