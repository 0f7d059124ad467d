//! What was erased is taken away from the homeserver too: a change leaves what a message said before in the room's
//! history, for whoever asks. So the message and all of its changes are redacted.

use super::Shared;
use super::deliver::{self, PATIENCE};
use super::session::{Fail, Session, fail, http_fail};
use crate::chat::Message;
use crate::view::View;
use matrix_sdk::Room;
use matrix_sdk::room::{IncludeRelations, RelationsOptions};
use matrix_sdk::ruma::events::relation::RelationType;
use matrix_sdk::ruma::{EventId, OwnedEventId, uint};
use std::collections::BTreeSet;

/// Pages of a hundred changes of one message, at most.
const PAGES_MAX: usize = 100;

/// The message that nothing of is to be left, if that is what is wanted.
pub(super) fn wanted(message: &Message) -> Option<&str> {
    let erased = matches!(&message.view, View::Text(text) if text.code == "notice-erased");
    message.edit.as_deref().filter(|_| erased)
}

/// Takes a message of ours away, with all of its changes: those first, so that none is left should it break off.
pub(super) async fn take_away(shared: &Shared, session: &Session, message: &Message, target: &str) -> Result<(), Fail> {
    let room = session.room(message.room.as_str())?;
    let target = EventId::parse(target).map_err(|_| Fail::Code("M_INVALID_PARAM".into()))?;
    let mut all = changes(session, &room, &target).await?;
    all.push(target);
    for event in all {
        let turn = shared.turn(&message.room);
        let _turn = turn.lock().await;
        shared.lanes.pass(PATIENCE).await.map_err(Fail::Limited)?;
        let txn = deliver::transaction(&format!("{}-{event}", message.op));
        match room.redact(&event, None, Some(txn)).await {
            Ok(_) => shared.lanes.passed(),
            Err(error) => {
                let fail = http_fail(&error);
                if let Fail::Limited(ms) = fail {
                    shared.limited(session, ms);
                }
                // Somebody took it away before.
                if !fail.is_absent() {
                    return Err(fail);
                }
            }
        }
    }
    Ok(())
}

/// Our own changes of a message.
async fn changes(session: &Session, room: &Room, target: &EventId) -> Result<Vec<OwnedEventId>, Fail> {
    let (mut found, mut from) = (BTreeSet::new(), None);
    for _ in 0..PAGES_MAX {
        let options = RelationsOptions {
            from,
            limit: Some(uint!(100)),
            include_relations: IncludeRelations::RelationsOfType(RelationType::Replacement),
            ..RelationsOptions::default()
        };
        let page = room.relations(target.to_owned(), options).await.map_err(|e| fail(&e))?;
        let ours = page.chunk.iter().filter(|e| e.sender().is_some_and(|s| s.as_str() == session.me));
        found.extend(ours.filter_map(|e| e.event_id()));
        from = page.next_batch_token;
        if from.is_none() {
            break;
        }
    }
    Ok(found.into_iter().collect())
}
