//! Invitations: accepted from people whom `[people]` names, and from nobody else.

use super::hearing::Hearing;
use super::session::fail;
use crate::policy::AgentId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether somebody invited the bot: what failed is tried again.
const EVERY: Duration = Duration::from_secs(5);

/// Looks for invitations for as long as it is awaited.
pub(super) async fn keep(hearing: &Arc<Hearing>) {
    let mut refused = BTreeSet::new();
    loop {
        for room in hearing.session.client.invited_rooms() {
            let inviter = match room.invite_details().await {
                Ok(invite) => invite.inviter_id.to_string(),
                Err(_) => continue,
            };
            if hearing.memory.person(&AgentId::from(inviter.as_str())).is_none() {
                if refused.insert(room.room_id().to_owned()) {
                    tracing::warn!(room = %room.room_id(), by = inviter, "an invitation by somebody whom [people] does not name: it is left alone");
                }
                continue;
            }
            match room.join().await {
                Ok(()) => tracing::info!(room = %room.room_id(), by = inviter, "came into a room on invitation"),
                Err(error) => {
                    tracing::warn!(room = %room.room_id(), why = fail(&error).why(), "an invitation could not be accepted; it is tried again")
                }
            }
        }
        tokio::select! {
            () = hearing.invited.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
