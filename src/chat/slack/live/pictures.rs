//! Pictures on their way to a channel, in Slack's three steps: an address, the bytes, then the file is shown.
//!
//! Nobody sees anything of a file before the last step, so that the first two may be repeated. Of the last it may be in
//! doubt whether it was done. What a file stands in carries no metadata: the file's name carries the operation, and the
//! channel is read before a picture is shown again.

use super::Shared;
use super::deliver::{self, Found};
use super::session::Fail;
use crate::chat::Message;
use crate::clock::HOUR_MS;
use crate::view::picture::Picture;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So long after its message was decided a picture is still tried for, in milliseconds.
const GIVE_UP_MS: i64 = HOUR_MS;
/// Pictures in doubt remembered at most.
const DOUBTS_MAX: usize = 256;
/// Characters of the words for those who cannot see it. Source: docs.slack.dev/reference/methods/files.getUploadURLExternal.
const MOST_WORDS: usize = 1_000;

/// Pictures of which it is not known whether Slack shows them, and since when: it does so some time after it took them.
#[derive(Default)]
pub(super) struct Doubts(Mutex<BTreeMap<String, Instant>>);

impl Doubts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, name: &str) {
        let mut all = self.lock();
        if all.len() >= DOUBTS_MAX {
            all.clear();
        }
        all.insert(name.to_owned(), Instant::now());
    }

    fn is_fresh(&self, name: &str, within: Duration) -> bool {
        self.lock().get(name).is_some_and(|since| since.elapsed() < within)
    }
}

/// Sends the picture that goes with a message, which stands already. `again`: it was tried before. What is in the way of
/// it for now; what will be for ever is said, and the message goes without.
pub(super) async fn follow(shared: &Shared, message: &Message, again: bool) -> Option<Fail> {
    let picture = message.picture.as_ref().filter(|_| message.edit.is_none())?;
    let fail = show(shared, message, picture, again).await.err()?;
    let passes = matches!(fail, Fail::Limited(_) | Fail::NotSent(_) | Fail::Doubt(_)) || fail.is_shut_out();
    if passes && shared.settings.clock.now().since(message.since) < GIVE_UP_MS {
        return Some(fail);
    }
    tracing::warn!(room = message.room.as_str(), why = fail.why(), "Slack takes no picture: a message goes without its own");
    None
}

async fn show(shared: &Shared, message: &Message, picture: &Picture, again: bool) -> Result<(), Fail> {
    let name = name(&message.op);
    let (room, thread) = (&message.room, message.thread.as_deref());
    if again {
        match deliver::find(shared, &name, room, thread, &deliver::oldest(message), |m| holds(m, &name)).await? {
            Found::Nowhere if shared.doubts.is_fresh(&name, shared.settings.pace.shows) => {
                return Err(Fail::Doubt("Slack may show it yet".into()));
            }
            Found::Nowhere => {}
            Found::At(_) => return Ok(()),
            Found::TooFar => return Err(Fail::NotSent("whether it stands is still being read".into())),
        }
    }
    let (bytes, words) = (picture.png(), words(picture));
    let length = bytes.len().to_string();
    let place = shared.get("files.getUploadURLExternal", &[("filename", &name), ("length", &length), ("alt_txt", &words)]).await?;
    let text = |field: &str| place.get(field).and_then(Value::as_str);
    let (Some(url), Some(id)) = (text("upload_url"), text("file_id")) else {
        return Err(Fail::Doubt("files.getUploadURLExternal: an answer that we cannot read".into()));
    };
    shared.session.upload(url, bytes).await?;
    let mut body = json!({ "files": [{ "id": id, "title": picture.title }], "channel_id": room.as_str() });
    if let Some(thread) = thread {
        body["thread_ts"] = json!(thread);
    }
    let done = shared.post_as("files.completeUploadExternal", Some(room.as_str()), message.urgency, &body).await;
    if matches!(done, Err(Fail::Doubt(_))) {
        shared.doubts.note(&name);
    }
    done.map(drop)
}

/// The file's name: the same for every attempt, and no other operation's.
fn name(op: &str) -> String {
    format!("digest-{}.png", HEXLOWER.encode(&Sha256::digest(op.as_bytes())[..8]))
}

fn holds(message: &Value, name: &str) -> bool {
    let files = message.get("files").and_then(Value::as_array);
    files.into_iter().flatten().any(|f| f.get("name").and_then(Value::as_str) == Some(name))
}

/// The same for those who cannot see it.
fn words(picture: &Picture) -> String {
    let bars: Vec<String> = picture.bars.iter().map(|(name, n)| format!("{name}: {n}")).collect();
    format!("{} · {}", picture.title, bars.join(" · ")).chars().take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_operation() {
        assert_eq!(name("s-7"), name("s-7"));
        assert_ne!(name("s-7"), name("s-8"));
        assert!(holds(&json!({"files": [{"name": "other.png"}, {"name": name("s-7")}]}), &name("s-7")));
        assert!(!holds(&json!({"files": [{"name": name("s-8")}]}), &name("s-7")) && !holds(&json!({}), &name("s-7")));
    }

    #[test]
    fn whoever_cannot_see_it_reads_the_same() {
        let picture = Picture { title: "Digest".into(), bars: vec![("new".into(), 3), ("answered".into(), 2)] };
        assert_eq!(words(&picture), "Digest · new: 3 · answered: 2");
        assert_eq!(words(&Picture { title: "x".repeat(2_000), bars: Vec::new() }).chars().count(), MOST_WORDS);
    }
}
