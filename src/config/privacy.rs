//! `[privacy]`: who sees private things.

use super::problem::{At, Problems};
use crate::policy::{PrivacyPolicy, RoomId};
use crate::say::Say;
use serde::Deserialize;

/// `[privacy]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyConfig {
    /// Rooms in which the text of a DM may stand. Elsewhere it is masked.
    pub private_rooms: Vec<String>,
    /// The room in which DMs are shown; one of `private_rooms`.
    pub dm_room: Option<String>,
    /// Whether the pictures of customers' public posts are fetched, and shown where the chat can (Matrix).
    pub pictures: bool,
}

impl Default for PrivacyConfig {
    fn default() -> PrivacyConfig {
        PrivacyConfig { private_rooms: Vec::new(), dm_room: None, pictures: true }
    }
}

impl PrivacyConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let at = At::key("privacy");
        problems.words(&at.then("private_rooms"), &self.private_rooms);
        if let Some(room) = &self.dm_room
            && !self.private_rooms.contains(room)
        {
            problems.add(&at.then("dm_room"), Say::new("cli-config-dm-room").text("value", room));
        }
    }

    pub(super) fn policy(&self) -> PrivacyPolicy {
        PrivacyPolicy {
            private_rooms: self.private_rooms.iter().map(|r| RoomId::from(r.as_str())).collect(),
            dm_room: self.dm_room.as_deref().map(RoomId::from),
            links_only: !self.pictures,
        }
    }
}
