//! What posts answer: mostly read along with their conversation, else asked for, within a moment. What they quote comes with
//! them.

use super::api::{Call, Share};
use super::mapping::Mapper;
use super::{MastodonAccount, wire};
use crate::network::context::posts;
use crate::post::{NetEvent, Reach, Relation};
use std::time::Duration;
use tokio::time::timeout;
use tracing::debug;

/// So many posts are asked for in a minute at most; Mastodon lets 60 a minute be read in all.
pub(super) const CALLS_A_MINUTE: u32 = 20;

impl MastodonAccount {
    /// Puts above posts what they answer. Our own speak for themselves.
    pub(super) async fn complete(&self, mapper: &Mapper<'_>, events: &mut [NetEvent]) {
        for post in posts(events).filter(|post| post.author.id != mapper.me.author) {
            let Some(local_id) = post.parent.as_ref().map(|parent| parent.local_id.clone()) else { continue };
            let now = self.clock.now();
            if self.contexts.known(&local_id, now).is_none()
                && let Some(within) = self.contexts.patience(now)
            {
                self.ask_for(mapper, &local_id, within).await;
                self.contexts.waited(self.clock.now().since(now));
            }
            let told = self.contexts.known(&local_id, self.clock.now()).flatten();
            let answered = told.and_then(|told| told.above(post, Relation::Answers));
            post.context.splice(0..0, answered);
        }
    }

    async fn ask_for(&self, mapper: &Mapper<'_>, local_id: &str, within: Duration) {
        let call = Call::get(&["api", "v1", "statuses", local_id]).share(Share::Aside);
        let why = match timeout(within, self.api.json::<wire::Status>(call)).await {
            Ok(Ok(status)) => return self.contexts.remember(local_id, Some(&mapper.post(&status, Reach::Followed)), self.clock.now()),
            Ok(Err(trouble)) if trouble.is_gone() => return self.contexts.remember(local_id, None, self.clock.now()),
            Ok(Err(trouble)) => trouble.words(),
            Err(_) => "no answer in time".to_owned(),
        };
        debug!(account = %self.account, why, "what a post answers is not to be had now: it comes without");
    }
}
