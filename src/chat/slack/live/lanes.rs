//! How fast we may speak to Slack: a bucket a channel, one for the workspace, one a method.
//!
//! The outbox orders what goes into a room and keeps its pace; here stand Slack's own limits, which
//! several rooms share. What people wait for (answers only they see, forms) has buckets of its own
//! and so never stands behind mirrored posts. Of the budget that all rooms share, part is kept for what
//! staff wait for and for what is urgent, so that a storm in one room holds up nobody's act in another.
//! Nothing is promised to whoever waits: of those who could go the most urgent goes, however late it came.

use crate::outbox::Urgency;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Buckets remembered at most; those that are full again are forgotten first.
const BUCKETS_MAX: usize = 4_096;
/// How many posts a channel takes at once before its pace holds: fewer than Slack lets through, for they may arrive closer together than they left.
const CHANNEL_BURST: u32 = 2;
/// So much of a minute's calls may come at once.
const BURST_PART: u32 = 6;

/// So much of a burst is for staff alone, and for urgent posts and staff: a half and a quarter.
const KEPT_FOR_STAFF: u32 = 2;
const KEPT_FOR_URGENT: u32 = 4;

/// Calls a minute by tier. Source: docs.slack.dev/apis/web-api/rate-limits.
const TIER_2: u32 = 20;
const TIER_3: u32 = 50;
const TIER_4: u32 = 100;

/// The tier of each method that we use, as `rate_limit_tiers.json` has it; Slack allows bursts.
fn per_minute(method: &str) -> Option<u32> {
    Some(match method {
        // Limited by channel and workspace instead.
        "chat.postMessage" => return None,
        "chat.update" | "conversations.history" | "conversations.replies" | "conversations.info" => TIER_3,
        "chat.postEphemeral" | "users.info" | "views.open" | "views.update" | "views.publish" => TIER_4,
        "files.getUploadURLExternal" | "files.completeUploadExternal" => TIER_4,
        _ => TIER_2,
    })
}

/// A bucket: how long a call takes of it, how many it holds, and when it will be full again.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    each: Duration,
    burst: u32,
    full_at: Instant,
    blocked: Instant,
}

impl Bucket {
    fn new(per_minute: f64, burst: u32, now: Instant) -> Bucket {
        Bucket { each: Duration::from_secs_f64(60.0 / per_minute.max(0.01)), burst: burst.max(1), full_at: now, blocked: now }
    }

    /// When there is one to take besides the last `kept`, behind `ahead` others.
    fn ready(&self, now: Instant, kept: u32, ahead: u32) -> Instant {
        let spare = (self.burst - 1).saturating_sub(kept);
        let before = self.each * spare.saturating_sub(ahead);
        let after = self.each * ahead.saturating_sub(spare);
        (self.full_at.checked_sub(before).unwrap_or(now) + after).max(self.blocked).max(now)
    }

    fn take(&mut self, at: Instant) {
        self.full_at = self.full_at.max(at) + self.each;
    }
}

/// A bucket that a call takes of: its name, calls a minute, how many it holds, and how many of these are
/// kept for what is more urgent.
type Needed = (String, f64, u32, u32);

/// Whose turn it is among those who wait: the most urgent, and of these whoever came first.
type Place = (Urgency, u64);

/// All buckets, and who waits for which.
#[derive(Default)]
struct State {
    buckets: HashMap<String, Bucket>,
    waiting: BTreeMap<Place, Vec<Needed>>,
    came: u64,
}

impl State {
    /// Takes, if it can be now, and waits no longer; else when that may be, if nobody more urgent comes.
    fn take(&mut self, place: Place, now: Instant) -> Result<(), Instant> {
        let Some(needed) = self.waiting.get(&place) else { return Ok(()) };
        let mut ready = now;
        for (name, rate, burst, kept) in needed {
            let ahead = self.waiting.range(..place).filter(|(_, other)| other.iter().any(|n| &n.0 == name)).count();
            let bucket = self.buckets.entry(name.clone()).or_insert_with(|| Bucket::new(*rate, *burst, now));
            ready = ready.max(bucket.ready(now, *kept, u32::try_from(ahead).unwrap_or(u32::MAX)));
        }
        if ready > now {
            return Err(ready);
        }
        for (name, ..) in self.waiting.remove(&place).iter().flatten() {
            if let Some(bucket) = self.buckets.get_mut(name) {
                bucket.take(now);
            }
        }
        if self.buckets.len() > BUCKETS_MAX {
            self.buckets.retain(|_, b| b.full_at > now || b.blocked > now);
        }
        Ok(())
    }
}

/// All buckets.
pub(super) struct Lanes {
    posts_per_second: f64,
    workspace_per_minute: u32,
    state: Mutex<State>,
    /// Somebody no longer waits: others may go sooner.
    left: Notify,
}

/// A place among those who wait, given up when dropped.
struct Waits<'a> {
    lanes: &'a Lanes,
    place: Place,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.lanes.state().waiting.remove(&self.place);
        self.lanes.left.notify_waiters();
    }
}

impl Lanes {
    /// `posts_per_second` to one channel; `workspace_per_minute` to all together.
    pub(super) fn new(posts_per_second: f64, workspace_per_minute: u32) -> Lanes {
        Lanes { posts_per_second, workspace_per_minute, state: Mutex::default(), left: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for its turn, about `patience` at most, and twice that where it is overtaken meanwhile; else says
    /// in how many milliseconds it would come.
    pub(super) async fn pass(&self, method: &str, channel: Option<&str>, urgency: Urgency, patience: Duration) -> Result<(), i64> {
        let waits = self.join(method, channel, urgency);
        let mut until = Instant::now() + patience;
        let last = until + patience;
        loop {
            let left = self.left.notified();
            let now = Instant::now();
            let Err(at) = self.state().take(waits.place, now) else { return Ok(()) };
            if at > until {
                let wait = at.duration_since(now);
                return Err(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1));
            }
            until = last;
            tokio::select! {
                () = tokio::time::sleep_until(at) => {}
                () = left => {}
            }
        }
    }

    fn join(&self, method: &str, channel: Option<&str>, urgency: Urgency) -> Waits<'_> {
        let needed = self.needed(method, channel, urgency);
        let mut state = self.state();
        state.came += 1;
        let place = (urgency, state.came);
        state.waiting.insert(place, needed);
        Waits { lanes: self, place }
    }

    fn needed(&self, method: &str, channel: Option<&str>, urgency: Urgency) -> Vec<Needed> {
        // How many are kept for what is more urgent.
        let kept = |burst: u32| match urgency {
            Urgency::Staff => 0,
            Urgency::Urgent => burst / KEPT_FOR_URGENT,
            Urgency::Normal | Urgency::Update => burst / KEPT_FOR_STAFF,
        };
        let mut needed = Vec::with_capacity(2);
        if method == "chat.postMessage" {
            needed.extend(channel.map(|c| (format!("#{c}"), self.posts_per_second * 60.0, CHANNEL_BURST, 0)));
            let burst = self.workspace_per_minute / BURST_PART;
            needed.push(("workspace".to_owned(), f64::from(self.workspace_per_minute), burst, kept(burst)));
        } else if let Some(rate) = per_minute(method) {
            let burst = (rate / 2).max(1);
            needed.push((method.to_owned(), f64::from(rate), burst, kept(burst)));
        }
        needed
    }

    /// Slack asked for silence: on this channel for posts, on the method otherwise.
    pub(super) fn pause(&self, method: &str, channel: Option<&str>, ms: i64) {
        let now = Instant::now();
        let until = now + Duration::from_millis(ms.unsigned_abs());
        let (name, rate, burst) = match channel.filter(|_| method == "chat.postMessage") {
            Some(channel) => (format!("#{channel}"), self.posts_per_second * 60.0, CHANNEL_BURST),
            None => {
                let rate = per_minute(method).unwrap_or(self.workspace_per_minute);
                (if method == "chat.postMessage" { "workspace".to_owned() } else { method.to_owned() }, f64::from(rate), (rate / 2).max(1))
            }
        };
        let mut state = self.state();
        let bucket = state.buckets.entry(name).or_insert_with(|| Bucket::new(rate, burst, now));
        bucket.blocked = bucket.blocked.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAFF: Urgency = Urgency::Staff;
    const POST: &str = "chat.postMessage";

    /// Goes at `now`, or in how many milliseconds.
    fn goes(lanes: &Lanes, method: &str, channel: &str, urgency: Urgency, now: Instant) -> Result<(), u128> {
        turn(lanes, &lanes.join(method, Some(channel), urgency), now)
    }

    fn turn(lanes: &Lanes, waits: &Waits<'_>, now: Instant) -> Result<(), u128> {
        lanes.state().take(waits.place, now).map_err(|at| at.duration_since(now).as_millis())
    }

    #[test]
    fn a_channel_takes_a_small_burst_and_then_its_pace_another_channel_is_free() {
        let (lanes, now) = (Lanes::new(1.0, 6_000), Instant::now());
        for _ in 0..CHANNEL_BURST {
            assert_eq!(goes(&lanes, POST, "C1", STAFF, now), Ok(()));
        }
        assert_eq!(goes(&lanes, POST, "C1", STAFF, now), Err(1_000));
        assert_eq!(goes(&lanes, POST, "C2", STAFF, now), Ok(()));
        // Of equals whoever came first goes first.
        let (first, second) = (lanes.join(POST, Some("C1"), STAFF), lanes.join(POST, Some("C1"), STAFF));
        assert_eq!((turn(&lanes, &first, now), turn(&lanes, &second, now)), (Err(1_000), Err(2_000)));
        let later = now + Duration::from_secs(1);
        assert_eq!((turn(&lanes, &second, later), turn(&lanes, &first, later)), (Err(1_000), Ok(())));
        // What people wait for does not stand behind posts.
        assert_eq!(goes(&lanes, "chat.postEphemeral", "C1", STAFF, now), Ok(()));
    }

    #[test]
    fn the_workspace_has_a_budget_of_its_own() {
        let (lanes, now) = (Lanes::new(100.0, 12), Instant::now());
        let sent = (0..20).filter(|n| goes(&lanes, POST, &format!("C{n}"), STAFF, now).is_ok()).count();
        assert_eq!(sent, 2, "a sixth of a minute's posts at once, of staff");
        assert_eq!(goes(&lanes, POST, "C1", STAFF, now + Duration::from_secs(5)), Ok(()));
    }

    #[test]
    fn silence_that_slack_asks_for_is_kept_where_it_asked() {
        let lanes = Lanes::new(1.0, 300);
        lanes.pause(POST, Some("C1"), 30_000);
        let now = Instant::now();
        assert!(goes(&lanes, POST, "C1", STAFF, now).is_err_and(|ms| ms > 29_000));
        assert_eq!(goes(&lanes, POST, "C2", STAFF, now), Ok(()));
        lanes.pause("chat.update", Some("C1"), 5_000);
        assert!(goes(&lanes, "chat.update", "C2", STAFF, Instant::now()).is_err_and(|ms| ms > 4_000));
    }

    #[test]
    fn mirrored_posts_of_all_rooms_together_never_use_up_what_staff_need() {
        let (lanes, now) = (Lanes::new(1.0, 300), Instant::now());
        let waiting: Vec<_> = (0..1_000).map(|n| lanes.join(POST, Some(&format!("C{n}")), Urgency::Normal)).collect();
        let went = |now| waiting.iter().filter(|w| turn(&lanes, w, now).is_ok()).count();
        assert_eq!(went(now), 25, "half of ten seconds' worth");
        // Whoever acts waits for nobody's post, not even in a room where some wait already.
        assert_eq!(goes(&lanes, POST, "C999", STAFF, now), Ok(()));
        assert_eq!(goes(&lanes, POST, "C998", Urgency::Urgent, now), Ok(()));
    }

    #[tokio::test]
    async fn whoever_comes_later_and_is_more_urgent_goes_first() {
        let lanes = Lanes::new(10.0, 300);
        let patience = Duration::from_secs(5);
        for _ in 0..CHANNEL_BURST {
            lanes.pass(POST, Some("C1"), Urgency::Normal, patience).await.unwrap();
        }
        let went = Mutex::new(Vec::new());
        // In this order they come to wait.
        let pass = async |urgency| {
            lanes.pass(POST, Some("C1"), urgency, patience).await.unwrap();
            went.lock().unwrap().push(urgency);
        };
        tokio::join!(pass(Urgency::Normal), pass(Urgency::Urgent), pass(STAFF));
        assert_eq!(went.into_inner().unwrap(), [STAFF, Urgency::Urgent, Urgency::Normal]);
        let wait = lanes.pass(POST, Some("C1"), STAFF, Duration::ZERO).await;
        assert!(wait.is_err_and(|ms| ms <= 100), "nobody is kept who has no patience");
        assert!(lanes.state().waiting.is_empty());
    }
}
