//! The rules in force: what the file says, with what the running bot learns laid over it. Accounts
//! learn about themselves when they sign in, the chat knows who is on the team and which of its
//! rooms outsiders can read; none of it is lost when the file is read again.

use super::Shell;
use super::inbox::{Door, Stopped};
use crate::engine::{Batch, CHAT, Input};
use crate::policy::{AccountPolicy, AgentId, Person, Policy, RoomId};
use crate::post::Account;
use crate::say::Say;
use crate::store::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

/// The stream of the chat's cursors under which it stands which rooms are not fit for private things.
/// Durable, so that a new start shows nothing there before the chat has looked again.
const UNFIT: &str = "unfit-rooms";

/// The stream under which it stands what the accounts learnt about themselves when they last signed in.
/// Durable, so that a new start names them, and counts for them, as before it has reached their servers.
const LEARNT: &str = "accounts";

/// The rules, and what is laid over them.
pub(super) struct Rules {
    /// As the file has them.
    file: Policy,
    /// Accounts that are served.
    served: BTreeSet<Account>,
    /// What accounts learnt about themselves.
    learnt: BTreeMap<Account, AccountPolicy>,
    /// The same as the store has it.
    noted: BTreeMap<Account, AccountPolicy>,
    /// Who is on the team by the chat's own groups.
    team: BTreeMap<AgentId, Person>,
    /// Rooms in which no private message may stand, and why.
    unfit: BTreeMap<RoomId, Say>,
    /// Of these, those of which the team was told, as the store has them.
    told: BTreeMap<RoomId, Say>,
}

impl Rules {
    pub(super) fn new(file: Policy, served: BTreeSet<Account>, store: &dyn Store) -> Result<Rules, StoreError> {
        let stored = store.cursor(&Account::from(CHAT), UNFIT)?;
        let told: BTreeMap<RoomId, Say> = stored.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let stored = store.cursor(&Account::from(CHAT), LEARNT)?;
        let noted: BTreeMap<Account, AccountPolicy> = stored.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        Ok(Rules { file, served, learnt: noted.clone(), noted, team: BTreeMap::new(), unfit: told.clone(), told })
    }

    /// The file's rules with everything laid over them.
    pub(super) fn in_force(&self) -> Policy {
        let mut policy = self.file.clone();
        for (account, learnt) in &self.learnt {
            if policy.accounts.contains_key(account) || self.served.contains(account) {
                policy.accounts.insert(account.clone(), learnt.clone());
            }
        }
        for (agent, person) in &self.team {
            policy.people.entry(agent.clone()).or_insert_with(|| person.clone());
        }
        policy.privacy.private_rooms.retain(|room| !self.unfit.contains_key(room));
        policy.privacy.dm_room = policy.privacy.dm_room.filter(|room| !self.unfit.contains_key(room));
        policy
    }

    /// The rooms that the file calls private and that are not fit to be.
    fn masked(&self) -> BTreeMap<RoomId, Say> {
        let privacy = &self.file.privacy;
        let meant = |room: &RoomId| privacy.private_rooms.contains(room) || privacy.dm_room.as_ref() == Some(room);
        self.unfit.iter().filter(|(room, _)| meant(room)).map(|(room, why)| (room.clone(), why.clone())).collect()
    }
}

impl Shell {
    /// An account signed in and learnt about itself.
    pub(super) async fn learn(&self, account: &Account, learnt: AccountPolicy) -> Result<(), Stopped> {
        self.change(|rules| drop(rules.learnt.insert(account.clone(), learnt))).await?;
        let mut rules = self.rules.lock().await;
        if rules.learnt != rules.noted {
            let json = serde_json::to_string(&rules.learnt).unwrap_or_default();
            let renamed = rules.noted.get(account).zip(rules.learnt.get(account)).filter(|(was, is)| was.author != is.author);
            let renamed =
                renamed.map(|(was, is)| Input::Renamed { account: account.clone(), was: was.handle.clone(), is: is.handle.clone() });
            // Nothing of the account is sent before this stands: it has not been read up to the present yet.
            self.note(LEARNT, json, renamed.into_iter().collect()).await?;
            rules.noted = rules.learnt.clone();
        }
        Ok(())
    }

    /// New rules of the file.
    pub(super) async fn set_policy(&self, policy: Policy) -> Result<(), Stopped> {
        let listen = policy.listen.clone();
        self.change(|rules| rules.file = policy).await?;
        for (name, account) in &self.accounts {
            account.set_rules(&listen);
            self.states.nudge(name);
        }
        Ok(())
    }

    /// The rooms that the file names.
    pub(super) async fn rooms(&self) -> BTreeSet<RoomId> {
        self.rules.lock().await.file.rooms().into_iter().cloned().collect()
    }

    /// Who is on the team by the chat's own groups.
    pub(super) async fn set_team(&self, people: BTreeMap<AgentId, Person>) -> Result<(), Stopped> {
        self.change(|rules| rules.team = people).await
    }

    /// Whether a room is fit for private things: `None`, or why not.
    pub(super) async fn set_unfit(&self, room: &RoomId, why: Option<Say>) -> Result<(), Stopped> {
        let change = |rules: &mut Rules| match why {
            Some(why) => drop(rules.unfit.insert(room.clone(), why)),
            None => drop(rules.unfit.remove(room)),
        };
        self.change(change).await
    }

    /// Changes something of the rules, for the views first and then for the engine, and tells the team
    /// of rooms that are or are no longer fit, once for each change.
    async fn change(&self, change: impl FnOnce(&mut Rules)) -> Result<(), Stopped> {
        let mut rules = self.rules.lock().await;
        change(&mut rules);
        let policy = rules.in_force();
        let same = *self.policy() == policy;
        if !same {
            *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy.clone());
            self.inbox.ask(move |engine, _| engine.set_policy(policy)).await?;
        }
        let masked = rules.masked();
        if masked != rules.told {
            self.tell(&rules, &masked).await?;
            rules.told = masked;
        }
        Ok(())
    }

    /// Tells of rooms whose fitness has changed, and notes in the same commit that it was told.
    async fn tell(&self, rules: &Rules, masked: &BTreeMap<RoomId, Say>) -> Result<(), Stopped> {
        let policy = self.policy();
        let lang = policy.room_lang(&policy.fallback_room);
        let unfit = masked.iter().filter(|(room, why)| rules.told.get(*room) != Some(why));
        let unfit = unfit.map(|(room, why)| Say::new("notice-room-unfit").text("room", room.as_str()).text("why", self.say(why, lang)));
        // A room that the file no longer calls private is nobody's concern.
        let meant = |room: &RoomId| policy.shows_private(room);
        let fit = rules.told.keys().filter(|room| !masked.contains_key(*room) && meant(room));
        let fit = fit.map(|room| Say::new("notice-room-fit").text("room", room.as_str()));
        let inputs = unfit.chain(fit).map(Input::Notice).collect();
        let json = serde_json::to_string(masked).unwrap_or_default();
        self.note(UNFIT, json, inputs).await
    }

    /// Keeps something for the next start, in one commit with `inputs`.
    async fn note(&self, stream: &str, json: String, inputs: Vec<Input>) -> Result<(), Stopped> {
        self.inbox.submit(Door::Staff, Batch { inputs, cursor: Some((Account::from(CHAT), stream.to_owned(), json)) }).await.map(drop)
    }
}
