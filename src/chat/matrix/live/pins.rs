//! Pins of cards. They go beside the messages, and nothing waits for them: what the homeserver does not take at once is
//! tried again, and of two wishes for one card the later holds. Which pins are the bot's own is kept: those of people stay.

use super::adapter::Shared;
use super::deliver::PATIENCE;
use super::session::{Fail, Session, fail};
use crate::chat::Memory;
use crate::policy::RoomId;
use matrix_sdk::Room;
use matrix_sdk::ruma::events::StateEventType;
use matrix_sdk::ruma::events::room::pinned_events::RoomPinnedEventsEventContent;
use matrix_sdk::ruma::{EventId, OwnedEventId};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where it is kept what the bot has pinned.
const STREAM: &str = "matrix:pins";
/// Own pins of one room that are remembered at most.
const OWN_MAX: usize = 500;
/// So often a wish is tried, with growing pauses: some ten minutes. Then the card's next change tries again.
const TRIES: u32 = 25;

/// Which cards are to be pinned: `true`, and which are not.
type Wishes = BTreeMap<OwnedEventId, bool>;

/// What the bot has pinned, by room, the oldest first.
type Own = BTreeMap<RoomId, Vec<OwnedEventId>>;

/// What is wished for, and what was done.
#[derive(Default)]
pub(super) struct Pins(Mutex<State>);

#[derive(Default)]
struct State {
    /// By room; one that is listed is being worked on.
    open: HashMap<RoomId, Wishes>,
    own: Own,
}

impl Pins {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up what was pinned before.
    pub(super) async fn load(&self, memory: &dyn Memory) -> anyhow::Result<()> {
        let kept = memory.cursor(STREAM).await?;
        self.state().own = kept.and_then(|k| serde_json::from_str(&k).ok()).unwrap_or_default();
        Ok(())
    }

    /// Takes wishes; whether nobody works on the room's yet.
    fn take(&self, room: &RoomId, wishes: Vec<(OwnedEventId, bool)>) -> bool {
        let mut state = self.state();
        let State { open, own } = &mut *state;
        if let Some(open) = open.get_mut(room) {
            open.extend(wishes);
            return false;
        }
        let is_own = |id: &OwnedEventId| own.get(room).is_some_and(|own| own.contains(id));
        let news: Wishes = wishes.into_iter().filter(|(id, wanted)| is_own(id) != *wanted).collect();
        let any = !news.is_empty();
        if any {
            open.insert(room.clone(), news);
        }
        any
    }

    fn own(&self, room: &RoomId) -> Vec<OwnedEventId> {
        self.state().own.get(room).cloned().unwrap_or_default()
    }

    /// Keeps in mind, durably, what of a room's pins is the bot's own.
    async fn keep(&self, memory: &dyn Memory, room: &RoomId, mut own: Vec<OwnedEventId>) -> anyhow::Result<()> {
        let many = own.len().saturating_sub(OWN_MAX);
        own.drain(..many);
        let kept = {
            let mut state = self.state();
            match own.is_empty() {
                true => drop(state.own.remove(room)),
                false => drop(state.own.insert(room.clone(), own)),
            }
            serde_json::to_string(&state.own)?
        };
        memory.keep(STREAM, kept).await
    }

    fn open(&self, room: &RoomId) -> Wishes {
        self.state().open.get(room).cloned().unwrap_or_default()
    }

    /// These are met; whether there are others by now. Where there are none, the room is nobody's work any more.
    fn met(&self, room: &RoomId, met: &Wishes) -> bool {
        let mut state = self.state();
        let Some(open) = state.open.get_mut(room) else { return false };
        open.retain(|id, wanted| met.get(id) != Some(wanted));
        let more = !open.is_empty();
        if !more {
            state.open.remove(room);
        }
        more
    }

    fn give_up(&self, room: &RoomId) {
        self.state().open.remove(room);
    }
}

/// The pinned events once these wishes are met, and which of them are the bot's own by then. What somebody else pinned
/// stays as it is.
fn with(standing: &[OwnedEventId], own: &[OwnedEventId], wishes: &Wishes) -> (Vec<OwnedEventId>, Vec<OwnedEventId>) {
    let (mut pinned, mut own) = (standing.to_vec(), own.to_vec());
    for (id, wanted) in wishes {
        match (wanted, own.contains(id)) {
            (true, false) if !pinned.contains(id) => {
                pinned.push(id.clone());
                own.push(id.clone());
            }
            (false, true) => {
                pinned.retain(|p| p != id);
                own.retain(|p| p != id);
            }
            _ => {}
        }
    }
    (pinned, own)
}

/// Pins cards, or takes their pins away. Where the bot has not the power to, nothing is lost but the pin.
pub(super) fn wish(shared: &Arc<Shared>, session: &Arc<Session>, lane: &RoomId, wishes: &[(&str, bool)]) {
    let Ok(room) = session.room(lane.as_str()) else { return };
    let wishes = wishes.iter().filter_map(|(id, wanted)| Some((EventId::parse(*id).ok()?, *wanted))).collect();
    if !shared.pins.take(lane, wishes) {
        return;
    }
    // The chat itself is not held: it may end meanwhile.
    let (weak, session, lane) = (Arc::downgrade(shared), Arc::downgrade(session), lane.clone());
    tokio::spawn(async move {
        let mut pause = Duration::ZERO;
        for _ in 0..TRIES {
            tokio::time::sleep(pause).await;
            let (Some(shared), Some(session)) = (weak.upgrade(), session.upgrade()) else { return };
            let wishes = shared.pins.open(&lane);
            let back_off = shared.settings.pace.back_off;
            match meet(&shared, &session, &room, &lane, &wishes).await {
                Ok(()) if !shared.pins.met(&lane, &wishes) => return,
                Ok(()) => pause = Duration::ZERO,
                Err(Fail::Limited(ms)) => pause = Duration::from_millis(ms.unsigned_abs()),
                Err(Fail::Broken(_)) => pause = (pause * 2).clamp(back_off.0, back_off.1),
                Err(fail @ (Fail::Auth(_) | Fail::Code(_) | Fail::NotIn)) => {
                    tracing::warn!(why = fail.why(), room = lane.as_str(), "a card was not pinned");
                    break;
                }
            }
        }
        // The card's next change tries again.
        if let Some(shared) = weak.upgrade() {
            shared.pins.give_up(&lane);
        }
    });
}

async fn meet(shared: &Shared, session: &Session, room: &Room, lane: &RoomId, wishes: &Wishes) -> Result<(), Fail> {
    let powers = room.power_levels_or_default().await;
    if !powers.user_can_send_state(room.own_user_id(), StateEventType::RoomPinnedEvents) {
        if !shared.said_of_pins.swap(true, Ordering::AcqRel) {
            tracing::warn!(
                room = lane.as_str(),
                "urgent cards are not pinned: that takes the power level for m.room.pinned_events, 50 by default"
            );
        }
        return Ok(());
    }
    let turn = shared.turn(lane);
    let _turn = turn.lock().await;
    shared.lanes.pass(PATIENCE).await.map_err(Fail::Limited)?;
    let Some(memory) = shared.memory() else { return Ok(()) };
    // The list is one event: what others pinned meanwhile must not be undone.
    let standing = room.load_pinned_events().await.map_err(|e| fail(&e))?.unwrap_or_default();
    let own = shared.pins.own(lane);
    let (pinned, own_then) = with(&standing, &own, wishes);
    // Before it stands it is known whose it is, and for as long as it stands.
    let both: Vec<OwnedEventId> = own.iter().chain(own_then.iter().filter(|id| !own.contains(id))).cloned().collect();
    let unkept = |_: anyhow::Error| Fail::broken("why-matrix-not-kept");
    if both != own {
        shared.pins.keep(&*memory, lane, both.clone()).await.map_err(unkept)?;
    }
    if pinned != standing {
        send(shared, session, room, pinned).await?;
    }
    if both != own_then {
        shared.pins.keep(&*memory, lane, own_then).await.map_err(unkept)?;
    }
    Ok(())
}

async fn send(shared: &Shared, session: &Session, room: &Room, pinned: Vec<OwnedEventId>) -> Result<(), Fail> {
    let sent = room.send_state_event(RoomPinnedEventsEventContent::new(pinned)).await;
    sent.map(drop).map_err(|error| {
        let fail = fail(&error);
        if let Fail::Limited(ms) = fail {
            shared.limited(session, ms);
        }
        fail
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> OwnedEventId {
        EventId::parse(format!("${name}:h")).unwrap()
    }

    #[test]
    fn the_later_of_two_wishes_holds() {
        let (pins, room) = (Pins::default(), RoomId::from("!r:h"));
        assert!(!pins.take(&room, vec![(id("a"), false)]), "it is not pinned anyway");
        assert!(pins.take(&room, vec![(id("a"), true)]));
        let first = pins.open(&room);
        assert!(!pins.take(&room, vec![(id("a"), false)]), "somebody works on it");
        assert!(pins.met(&room, &first), "it is wished otherwise by now");
        let second = pins.open(&room);
        assert_eq!(with(&[id("a"), id("b")], &[id("a")], &second), (vec![id("b")], vec![]));
        assert!(!pins.met(&room, &second));
        assert!(pins.take(&room, vec![(id("b"), true)]));
        pins.give_up(&room);
        assert!(pins.open(&room).is_empty());
    }

    #[test]
    fn what_people_pinned_stays_and_is_not_pinned_twice() {
        let wishes = |wanted| Wishes::from([(id("a"), wanted)]);
        assert_eq!(with(&[id("a")], &[], &wishes(true)), (vec![id("a")], vec![]), "it stands already, and is theirs");
        assert_eq!(with(&[id("a")], &[], &wishes(false)), (vec![id("a")], vec![]));
        assert_eq!(with(&[], &[], &wishes(true)), (vec![id("a")], vec![id("a")]));
        assert_eq!(with(&[], &[id("a")], &wishes(false)), (vec![], vec![]), "somebody took the bot's away");
    }
}
