//! Performs what the engine gives out, one task each, and brings back how it ended.
//!
//! The lanes bound how many run at once. Every call to an adapter has a bound in time; one that
//! hangs or breaks may have happened all the same, and comes back as *unknown*.

use super::Shell;
use super::inbox::Door;
use super::show;
use crate::case::{Attached, Outgoing};
use crate::chat::{Message, NoFile};
use crate::engine::{Body, Delivery, Input};
use crate::media::{Image, MOST_BYTES};
use crate::network::NetworkAccount;
use crate::outbox::{Lane, Look, Outcome, Receipt};
use crate::say::{Say, Why};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// A call to the chat is given up after so long.
const CHAT_BOUND: Duration = Duration::from_secs(30);
/// The files of one send are given up after so long.
const FILES_BOUND: Duration = Duration::from_secs(60);
/// A call to a network is given up after so long: longer than the adapter's own bounds.
const NETWORK_BOUND: Duration = Duration::from_secs(90);
/// What cannot be sent for want of an account is tried again after so long.
const NO_ACCOUNT_MS: i64 = 60_000;

/// How a performed delivery ended.
enum End {
    Sent(Outcome),
    Looked(Look),
}

/// Performs deliveries until the engine is gone; takes off `flying` what has ended and been taken in.
pub(super) async fn run(shell: Arc<Shell>, mut deliveries: mpsc::UnboundedReceiver<Delivery>, flying: Arc<watch::Sender<usize>>) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            delivery = deliveries.recv() => {
                let Some(delivery) = delivery else { break };
                tasks.spawn(one(Arc::clone(&shell), delivery));
            }
            Some(_) = tasks.join_next() => flying.send_modify(|n| *n = n.saturating_sub(1)),
        }
    }
    // The engine no longer listens: whatever still runs is looked up at the next start.
    tasks.shutdown().await;
}

async fn one(shell: Arc<Shell>, delivery: Delivery) {
    let (entry, attempt, look) = (delivery.entry.id, delivery.entry.attempts, delivery.look);
    let lane = delivery.entry.lane.clone();
    let performing = tokio::spawn(perform(Arc::clone(&shell), delivery));
    let abort = Abort(performing.abort_handle());
    let end = performing.await.unwrap_or_else(|e| {
        tracing::error!(%entry, error = %e, "an adapter broke off");
        broken(look, "the adapter broke off")
    });
    drop(abort);
    shell.metrics.delivered(&lane, label(&end));
    if let (Lane::Network(account), End::Sent(Outcome::AuthLost { .. })) = (&lane, &end) {
        shell.suspect(account);
    }
    let input = match end {
        End::Sent(outcome) => Input::Receipt { entry, attempt, outcome },
        End::Looked(look) => Input::Looked { entry, attempt, look },
    };
    // A receipt that the bot did not live to take in is looked up at the next start.
    shell.inbox.one(Door::Staff, input).await.ok();
}

/// Ends the inner task with the outer one.
struct Abort(tokio::task::AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn broken(look: bool, why: &str) -> End {
    let why = why.to_owned();
    if look { End::Looked(Look::Retry { why, after_ms: None }) } else { End::Sent(Outcome::Unknown { why }) }
}

fn label(end: &End) -> &'static str {
    match end {
        End::Sent(Outcome::Done(_) | Outcome::Instead(_)) => "done",
        End::Sent(Outcome::Retry { .. }) => "retry",
        End::Sent(Outcome::Unknown { .. }) => "unknown",
        End::Sent(Outcome::Refused { .. } | Outcome::RoomGone { .. }) => "refused",
        End::Sent(Outcome::TargetGone | Outcome::TargetEdited) => "target_changed",
        End::Sent(Outcome::AuthLost { .. }) => "auth_lost",
        End::Looked(Look::Found(_)) => "look_found",
        End::Looked(Look::Absent) => "look_absent",
        End::Looked(Look::CannotTell) => "look_cannot_tell",
        End::Looked(Look::Retry { .. }) => "look_retry",
    }
}

async fn perform(shell: Arc<Shell>, delivery: Delivery) -> End {
    match (&delivery.body, &delivery.entry.lane) {
        (Body::Send { .. }, Lane::Network(name)) => match shell.account(name) {
            Some(account) => send(&shell, &*account, &delivery).await,
            None => absent(&delivery),
        },
        (Body::Send { .. }, Lane::Chat(_)) => End::Sent(Outcome::Refused { why: Why::ours("why-wrong-lane") }),
        (_, Lane::Network(_)) => End::Sent(Outcome::Refused { why: Why::ours("why-wrong-lane") }),
        (_, Lane::Chat(room)) => {
            let message = show::message(&shell, &delivery, room);
            chat(&shell, &message, &delivery).await
        }
    }
}

/// The account is not in `bot.toml`, or switched off: the lane waits until it is back.
fn absent(delivery: &Delivery) -> End {
    let after_ms = Some(NO_ACCOUNT_MS);
    if delivery.look {
        End::Looked(Look::Retry { why: "the account is not configured".into(), after_ms })
    } else {
        End::Sent(Outcome::Retry { after_ms, why: Why::ours("why-account-gone"), lane: true })
    }
}

async fn chat(shell: &Shell, message: &Message, delivery: &Delivery) -> End {
    let look = delivery.look;
    let late = |_| broken(look, "the chat did not answer in time");
    if look {
        tokio::time::timeout(CHAT_BOUND, shell.chat.look(message)).await.map_or_else(late, End::Looked)
    } else {
        let Some(attempt) = shell.drawn.begin(message) else {
            let native_id = message.edit.clone().unwrap_or_default();
            return End::Sent(Outcome::Done(Receipt { native_id, ..Receipt::default() }));
        };
        let end = tokio::time::timeout(CHAT_BOUND, shell.chat.post(message)).await.map_or_else(late, End::Sent);
        // Of an attempt before this one, in this life of the process or another, the chat may have kept the words.
        if let End::Sent(Outcome::Done(receipt)) = &end
            && delivery.entry.attempts <= 1
        {
            shell.drawn.done(message, &attempt, &receipt.native_id);
        }
        end
    }
}

async fn send(shell: &Shell, account: &dyn NetworkAccount, delivery: &Delivery) -> End {
    let Body::Send { send, earlier, known, .. } = &delivery.body else {
        return End::Sent(Outcome::Refused { why: Why::ours("why-wrong-lane") });
    };
    let late = |_| broken(delivery.look, "the network did not answer in time");
    if delivery.look {
        // Its entry may be younger: a held answer that goes on has a new one.
        let since = send.tried_at.unwrap_or(delivery.entry.created);
        let look = account.look(&delivery.op, send, earlier.as_ref(), since, known);
        tokio::time::timeout(NETWORK_BOUND, look).await.map_or_else(late, End::Looked)
    } else {
        // Nothing has left yet, however this ends.
        let not_now = |_| Err(Outcome::Retry { after_ms: None, why: "the chat did not give the files in time".into(), lane: false });
        let pictures = match tokio::time::timeout(FILES_BOUND, pictures(shell, send)).await.unwrap_or_else(not_now) {
            Ok(pictures) => pictures,
            Err(outcome) => return End::Sent(outcome),
        };
        if delivery.is_overdue(shell.clock.now()) {
            let why = "it was to leave long ago: the machine slept".into();
            return End::Sent(Outcome::Retry { after_ms: None, why, lane: false });
        }
        let send = account.send_with(&delivery.op, send, earlier.as_ref(), &pictures);
        tokio::time::timeout(NETWORK_BOUND, send).await.map_or_else(late, End::Sent)
    }
}

/// The pictures of a send, out of the chat, without what they tell of places. All of them, or why none.
async fn pictures(shell: &Shell, send: &Outgoing) -> Result<Vec<Image>, Outcome> {
    let policy = shell.policy();
    let takes = policy.accounts.get(&send.account).map(|a| a.capabilities.takes(send.kind.is_private()).clone()).unwrap_or_default();
    let refused = |code: &str, n: usize| Outcome::Refused { why: Say::new(code).number("file", n).into() };
    let mut pictures = Vec::new();
    for (n, Attached { file, alt, .. }) in (1..).zip(&send.files) {
        let most = takes.max_bytes.min(MOST_BYTES);
        let bytes = shell.chat.file(file, most).await.map_err(|why| match why {
            NoFile::Gone => refused("why-picture-gone", n),
            NoFile::TooLarge => refused("why-picture-too-large", n),
            NoFile::NotAllowed(why) => Outcome::Refused { why: Say::new("why-picture-not-readable").text("detail", why).into() },
            NoFile::NotNow(why, after_ms) => Outcome::Retry { after_ms, why: why.into(), lane: false },
        })?;
        let image = Image::of(&bytes, alt.expose()).filter(|image| takes.kinds.contains(&image.kind));
        pictures.push(image.ok_or_else(|| refused("why-picture-odd", n))?);
    }
    Ok(pictures)
}
