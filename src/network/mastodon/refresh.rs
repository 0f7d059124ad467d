//! Looking posts up again.

use super::api::{Call, Trouble};
use super::mapping::{Mapper, engagement};
use super::{MastodonAccount, wire};
use crate::network::NetError;
use crate::post::{NetEvent, PostRef, Reach};
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use tracing::debug;

/// How many statuses Mastodon gives for one `GET /api/v1/statuses?id[]=` (4.3 and later).
const AT_ONCE: usize = 20;

impl MastodonAccount {
    /// See [`crate::network::NetworkAccount::refresh`].
    pub(super) async fn look_again(&self, posts: &[PostRef]) -> Result<Vec<NetEvent>, NetError> {
        let ready = self.ready().await?;
        let mapper = Mapper { account: &self.account, me: &ready.me, now: self.clock.now() };
        let mut wanted = Vec::new();
        for post in posts {
            if let Some(local_id) = self.local_id(post).await? {
                wanted.push((post, local_id));
            }
        }
        let mut events = Vec::new();
        for chunk in wanted.chunks(AT_ONCE) {
            let mut found = self.several(chunk).await?;
            for (post, local_id) in chunk {
                let status = match found.remove(local_id) {
                    Some(status) => status,
                    // A list leaves out what it likes; only its own address proves that a post is gone.
                    None => match self.api.json(Call::get(&["api", "v1", "statuses", local_id])).await {
                        Ok(status) => status,
                        Err(trouble) if trouble.is_gone() => {
                            self.contexts.forget(local_id);
                            events.push(NetEvent::Deleted { post: (*post).clone(), at: mapper.now });
                            continue;
                        }
                        Err(trouble) => return Err(trouble.into()),
                    },
                };
                if status.edited_at.is_some() {
                    events.push(NetEvent::Edited(self.placed(&mapper, &status, Reach::Followed).await?));
                }
                events.push(NetEvent::Engagement { post: (*post).clone(), engagement: engagement(&status) });
            }
        }
        self.complete(&mapper, &mut events).await;
        Ok(events)
    }

    async fn several(&self, chunk: &[(&PostRef, String)]) -> Result<HashMap<String, wire::Status>, Trouble> {
        if self.one_by_one.load(Relaxed) {
            return Ok(HashMap::new());
        }
        let call = chunk.iter().fold(Call::get(&["api", "v1", "statuses"]), |call, (_, id)| call.query("id[]", id.as_str()));
        match self.api.json::<Vec<wire::Status>>(call).await {
            Ok(list) => Ok(list.into_iter().map(|s| (s.id.clone(), s)).collect()),
            Err(Trouble::Status { code: 400 | 404 | 405 | 422 | 501, .. }) => {
                self.one_by_one.store(true, Relaxed);
                Ok(HashMap::new())
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// The id on our server; a post known by its uri alone is searched for.
    async fn local_id(&self, post: &PostRef) -> Result<Option<String>, Trouble> {
        let id = match post {
            PostRef::Local { account, local_id } => return Ok((*account == self.account).then(|| local_id.clone())),
            PostRef::World(id) => id,
        };
        if let Some(local_id) = self.threads.local_id(id) {
            return Ok(Some(local_id));
        }
        if !id.as_str().starts_with("https://") && !id.as_str().starts_with("http://") {
            return Ok(None);
        }
        let call = Call::get(&["api", "v2", "search"])
            .query("type", "statuses")
            .query("resolve", "true")
            .query("limit", "2")
            .query("q", id.as_str());
        let found: wire::Search = match self.api.json(call).await {
            Err(Trouble::Status { code: 400..=428 | 430..=499, .. }) => return Ok(None),
            other => other?,
        };
        let found = found.statuses.into_iter().filter_map(|v| serde_json::from_value::<wire::Status>(v).ok());
        let local_id = found.into_iter().find(|s| s.uri.as_deref() == Some(id.as_str())).map(|s| s.id);
        if local_id.is_none() {
            debug!(account = %self.account, "a post is not to be found by its uri: not refreshed");
        }
        Ok(local_id)
    }
}
