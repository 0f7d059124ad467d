//! Pictures on their way to a room: encrypted where the room is, shown once, however often they are sent.

use super::Shared;
use super::deliver::{self, Undone};
use super::session::{Fail, Session, fail};
use crate::chat::Message;
use crate::clock::Time;
use crate::policy::RoomId;
use serde_json::{Value, json};
use std::io::Cursor;

/// A picture's file.
pub(super) struct File<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its media type.
    pub kind: &'a str,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Width and height, where they are known.
    pub size: Option<(usize, usize)>,
}

/// Sends the picture that goes with a message, which stands already. What is in the way of that now, and
/// will not be for ever.
pub(super) async fn follow(shared: &Shared, session: &Session, message: &Message) -> Option<Fail> {
    let picture = message.picture.as_ref().filter(|_| message.edit.is_none())?;
    let file = File { name: "digest.png", kind: "image/png", bytes: picture.png(), size: Some(picture.size()) };
    match upload(shared, session, &message.room, &format!("{}-picture", message.op), message.since, file).await {
        Ok(_) => None,
        Err(Undone::Fail(fail @ (Fail::Limited(_) | Fail::Auth(_)))) => Some(fail),
        // Also what is broken now: a room does not wait for a picture.
        Err(Undone::Fail(fail @ (Fail::Broken(_) | Fail::Code(_) | Fail::NotIn))) => {
            tracing::warn!(
                room = message.room.as_str(),
                why = fail.why(),
                "the homeserver takes no picture: a message goes without its own"
            );
            None
        }
        Err(Undone::Look(_)) => {
            tracing::warn!(room = message.room.as_str(), "whether a picture stands cannot be told: it is not sent again");
            None
        }
    }
}

/// Uploads a file and shows it in a room, under the operation `op` of `since`. Returns the event's id.
pub(super) async fn upload(
    shared: &Shared,
    session: &Session,
    room: &RoomId,
    op: &str,
    since: Time,
    file: File<'_>,
) -> Result<String, Undone> {
    let joined = session.room(room.as_str())?;
    let mut info = json!({ "mimetype": file.kind, "size": file.bytes.len() });
    if let Some((w, h)) = file.size {
        (info["w"], info["h"]) = (json!(w), json!(h));
    }
    let mut content = json!({ "msgtype": "m.image", "body": file.name, "filename": file.name, "info": info, "m.mentions": {} });
    let state = joined.latest_encryption_state().await.map_err(|e| fail(&e))?;
    if state.is_encrypted() {
        let sealed = session.client.upload_encrypted_file(&mut Cursor::new(file.bytes)).await.map_err(|e| fail(&e))?;
        content["file"] = serde_json::to_value(sealed).unwrap_or(Value::Null);
    } else {
        let kind = file.kind.parse().map_err(|_| Fail::Code("M_INVALID_PARAM".into()))?;
        let stored = session.client.media().upload(&kind, file.bytes, None).await.map_err(|e| fail(&e))?;
        content["url"] = json!(stored.content_uri);
    }
    deliver::send(shared, session, room, op, since, true, content).await
}
