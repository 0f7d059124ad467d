//! What networks send by webhook: judged by the account, committed, and only then answered.

use super::Shell;
use super::inbox::{Door, Stopped};
use crate::engine::{Batch, Input};
use crate::network::{Hook, Knock};
use crate::post::Account;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// So many requests that were committed are known again when they come again. What comes later still is known by its events.
const KNOWN: usize = 4_096;

/// What becomes of a request to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hooked {
    /// No such account, or none with a webhook.
    Nowhere,
    /// The network did not send it.
    Refused,
    /// It cannot be taken at the moment: the network is to send it again.
    Later,
    /// The network's question is answered.
    Challenge(String),
    /// It is committed.
    Taken,
    /// It was committed before.
    Again,
    /// It could not be read, and is kept for people to look at: that is committed.
    Kept,
}

impl Hooked {
    /// Its name in metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Hooked::Nowhere => "nowhere",
            Hooked::Refused => "refused",
            Hooked::Later => "later",
            Hooked::Challenge(_) => "challenge",
            Hooked::Taken => "taken",
            Hooked::Again => "again",
            Hooked::Kept => "kept",
        }
    }
}

type Print = [u8; 32];

/// The requests that were committed lately, by their bytes.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<(BTreeSet<Print>, VecDeque<Print>)>);

impl Known {
    fn holds(&self, print: &Print) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.contains(print)
    }

    fn add(&self, print: Print) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (set, order) = &mut *known;
        if !set.insert(print) {
            return;
        }
        order.push_back(print);
        if order.len() > KNOWN
            && let Some(oldest) = order.pop_front()
        {
            set.remove(&oldest);
        }
    }
}

impl Shell {
    /// Takes a request in. May be dropped at any moment: what was handed in is committed all the same, and is known when it
    /// comes again by its events.
    pub(super) async fn hook(&self, name: &str, knock: &Knock<'_>) -> Hooked {
        let Some(account) = self.account(&Account(name.to_owned())) else { return Hooked::Nowhere };
        let name = account.account().clone();
        let (inputs, read, taken) = match account.webhook(knock) {
            Hook::NotServed => return Hooked::Nowhere,
            Hook::Refused => return Hooked::Refused,
            Hook::NotYet => return Hooked::Later,
            Hook::Challenge(answer) => return Hooked::Challenge(answer),
            Hook::Events { events, read } => {
                let inputs = events.into_iter().map(|event| Input::Net(name.clone(), event)).collect();
                (inputs, read, Hooked::Taken)
            }
            Hook::Odd { why } => {
                let id = format!("hook:{name}:{}", HEXLOWER.encode(&Sha256::digest(knock.body)[..16]));
                let raw = String::from_utf8_lossy(knock.body).into_owned();
                tracing::warn!(account = %name, why, bytes = raw.len(), "a webhook could not be read; it is kept: sereno parked list");
                (vec![Input::Park { id, why, raw }], true, Hooked::Kept)
            }
        };
        let print = print(&name, knock.body);
        if self.hooks.holds(&print) {
            return Hooked::Again;
        }
        if !inputs.is_empty()
            && let Err(Stopped) = self.inbox.submit(Door::Live, Batch { inputs, cursor: None }).await
        {
            return Hooked::Later;
        }
        self.hooks.add(print);
        if read {
            self.states.nudge(&name);
        }
        taken
    }
}

fn print(account: &Account, body: &[u8]) -> Print {
    let mut digest = Sha256::new();
    digest.update(account.0.as_bytes());
    digest.update([0]);
    digest.update(body);
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_known_as_are_kept_and_the_oldest_goes() {
        let (known, acme) = (Known::default(), Account::from("acme"));
        let prints: Vec<Print> = (0..=KNOWN).map(|n| print(&acme, n.to_string().as_bytes())).collect();
        for p in &prints {
            known.add(*p);
            known.add(*p);
        }
        assert!(!known.holds(&prints[0]) && known.holds(&prints[1]) && known.holds(&prints[KNOWN]));
        assert!(!known.holds(&print(&Account::from("other"), b"1")), "another account's is another's");
    }
}
