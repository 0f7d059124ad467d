//! Which conversation a post belongs to. The API names none: the top of the reply chain stands for
//! it, as first known here.

use super::api::{Api, Call, Trouble};
use super::mapping::Mapper;
use super::wire;
use crate::network::context::Contexts;
use crate::post::{AuthorId, Parent, Post, PostId, Reach};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many posts are remembered. Forgetting one costs a call.
const MAX_KNOWN: usize = 20_000;
/// How often a conversation that cannot be read is asked for before its post goes on without it.
const MAX_TRIES: u32 = 3;

/// What is known of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id in the world.
    pub id: PostId,
    /// Its author.
    pub author: AuthorId,
    /// The top of its chain, itself where it begins one.
    pub root: PostId,
}

#[derive(Default)]
struct Memory {
    by_local: HashMap<String, Known>,
    by_id: HashMap<PostId, String>,
    order: VecDeque<String>,
    /// People by their id on our server.
    people: HashMap<String, AuthorId>,
    /// Posts whose conversation could not be read, and how often.
    failed: HashMap<String, u32>,
}

/// What is known of posts, by their id on our server.
#[derive(Default)]
pub struct Threads(Mutex<Memory>);

impl Threads {
    /// What is known of a post.
    #[must_use]
    pub fn known(&self, local_id: &str) -> Option<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_local.get(local_id).cloned()
    }

    /// A post's id on our server.
    #[must_use]
    pub fn local_id(&self, id: &PostId) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_id.get(id).cloned()
    }

    fn remember_person(&self, local_id: &str, id: &AuthorId) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.people.len() >= MAX_KNOWN {
            memory.people.clear();
        }
        memory.people.insert(local_id.to_owned(), id.clone());
    }

    /// Fills in who is named, as the world knows them: a status tells only their id on our server
    /// and their address. It matters where we write first: by it the case is found again.
    pub async fn name(&self, api: &Api, mapper: &Mapper<'_>, status: &wire::Status, post: &mut Post) -> Result<(), Trouble> {
        for (mention, author) in status.mentions.iter().zip(&mut post.mentions) {
            if mention.id == mapper.me.id || mention.id == status.account.id {
                continue;
            }
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).people.get(&mention.id).cloned();
            if let Some(known) = known {
                *author = known;
                continue;
            }
            match api.json::<wire::Account>(Call::get(&["api", "v1", "accounts", &mention.id])).await {
                Ok(account) => {
                    *author = mapper.author_id(&account);
                    self.remember_person(&mention.id, author);
                }
                Err(trouble) if self.worth_waiting(&trouble, &mention.id) => return Err(trouble),
                // Unknown to our server by now: the address must do.
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn remember(&self, local_id: &str, known: Known) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The first root stays: a top that is deleted later must not split the conversation.
        if memory.by_local.contains_key(local_id) {
            return;
        }
        if memory.order.len() >= MAX_KNOWN
            && let Some(oldest) = memory.order.pop_front()
            && let Some(gone) = memory.by_local.remove(&oldest)
        {
            memory.by_id.remove(&gone.id);
        }
        memory.by_id.insert(known.id.clone(), local_id.to_owned());
        memory.by_local.insert(local_id.to_owned(), known);
        memory.order.push_back(local_id.to_owned());
    }

    /// Fills in the post's parent and root, asking the server where it must.
    ///
    /// Fails only where asking again later will do better; what is not to be found out leaves the
    /// post as the beginning of what is known.
    ///
    /// What it reads of posts on the way is kept in `contexts`.
    pub async fn place(&self, api: &Api, mapper: &Mapper<'_>, contexts: &Contexts, post: &mut Post) -> Result<(), Trouble> {
        if let Some(parent) = post.parent.clone() {
            let mut above = self.known(&parent.local_id);
            if above.is_none() {
                self.ask(api, mapper, contexts, &post.local_id, &parent).await?;
                above = self.known(&parent.local_id);
            }
            if let Some(above) = above {
                post.root = Some(above.root);
                post.parent = Some(Parent { id: Some(above.id), author: Some(above.author), ..parent });
            }
        }
        self.remember_person(&post.author.local_id, &post.author.id);
        contexts.remember(&post.local_id, Some(post), mapper.now);
        let root = post.root.clone().unwrap_or_else(|| post.id.clone());
        self.remember(&post.local_id, Known { id: post.id.clone(), author: post.author.id.clone(), root });
        Ok(())
    }

    async fn ask(&self, api: &Api, mapper: &Mapper<'_>, contexts: &Contexts, local_id: &str, parent: &Parent) -> Result<(), Trouble> {
        let context = match api.json::<wire::Context>(Call::get(&["api", "v1", "statuses", local_id, "context"])).await {
            Ok(context) => context,
            Err(trouble) if self.worth_waiting(&trouble, local_id) => return Err(trouble),
            Err(_) => return self.ask_parent(api, mapper, contexts, local_id, parent).await,
        };
        let chain = &context.ancestors;
        let Some(top) = chain.first() else { return self.ask_parent(api, mapper, contexts, local_id, parent).await };
        let top_id = self.known(&top.id).map_or_else(|| mapper.post_id(top), |k| k.root);
        if let Some(answered) = chain.iter().rfind(|status| status.id == parent.local_id) {
            contexts.remember(&answered.id, Some(&mapper.post(answered, Reach::Followed)), mapper.now);
        }
        for status in chain {
            let known = Known { id: mapper.post_id(status), author: mapper.author_id(&status.account), root: top_id.clone() };
            self.remember(&status.id, known);
        }
        Ok(())
    }

    /// Without its context: at least the post answered.
    async fn ask_parent(
        &self,
        api: &Api,
        mapper: &Mapper<'_>,
        contexts: &Contexts,
        local_id: &str,
        parent: &Parent,
    ) -> Result<(), Trouble> {
        match api.json::<wire::Status>(Call::get(&["api", "v1", "statuses", &parent.local_id])).await {
            Ok(status) => {
                let id = mapper.post_id(&status);
                let known = Known { root: id.clone(), id, author: mapper.author_id(&status.account) };
                contexts.remember(&status.id, Some(&mapper.post(&status, Reach::Followed)), mapper.now);
                self.remember(&status.id, known);
                Ok(())
            }
            Err(trouble) if self.worth_waiting(&trouble, local_id) => Err(trouble),
            Err(_) => Ok(()),
        }
    }

    /// Whether asking again later will do better. A guess at the conversation splits it in two, so
    /// the stream waits; but not for ever.
    fn worth_waiting(&self, trouble: &Trouble, local_id: &str) -> bool {
        match trouble {
            Trouble::NotSent(_) | Trouble::Spent(_) | Trouble::Status { code: 401 | 408 | 429, .. } => return true,
            Trouble::Status { code: 500.., .. } | Trouble::Lost(_) | Trouble::Malformed(_) | Trouble::TooLong { .. } => {}
            Trouble::Status { .. } => return false,
        }
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.failed.len() >= MAX_KNOWN {
            memory.failed.clear();
        }
        let tries = memory.failed.entry(local_id.to_owned()).or_default();
        *tries += 1;
        *tries < MAX_TRIES
    }
}
