//! How fast we may speak to Slack: a bucket a channel, one for the workspace, one a method.
//!
//! The outbox orders what goes into a room and keeps its pace; here stand Slack's own limits, which
//! several rooms share. What people wait for (answers only they see, forms) has buckets of its own
//! and so never stands behind mirrored posts. Of the budget that all rooms share, part is kept for what
//! staff wait for and for what is urgent, so that a storm in one room holds up nobody's act in another.

use crate::outbox::Urgency;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Buckets remembered at most; those that are full again are forgotten first.
const BUCKETS_MAX: usize = 4_096;
/// How many posts a channel takes at once before its pace holds: fewer than Slack lets through, for they may arrive closer together than they left.
const CHANNEL_BURST: u32 = 2;
/// So much of a minute's calls may come at once.
const BURST_PART: u32 = 6;

/// So much of a burst is for staff alone, and for urgent posts and staff: a half and a quarter. As the
/// workspace's is ten seconds' worth, a method's more, and nobody waits here for more than five
/// ([`super::adapter`]), what waits can never use up the half.
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

    /// When there is one to take besides the last `kept`.
    fn ready(&self, now: Instant, kept: u32) -> Instant {
        let slack = self.each * self.burst.saturating_sub(kept).max(1).saturating_sub(1);
        self.full_at.checked_sub(slack).unwrap_or(now).max(self.blocked).max(now)
    }

    fn take(&mut self, at: Instant) {
        self.full_at = self.full_at.max(at) + self.each;
    }
}

/// All buckets.
pub(super) struct Lanes {
    posts_per_second: f64,
    workspace_per_minute: u32,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Lanes {
    /// `posts_per_second` to one channel; `workspace_per_minute` to all together.
    pub(super) fn new(posts_per_second: f64, workspace_per_minute: u32) -> Lanes {
        Lanes { posts_per_second, workspace_per_minute, buckets: Mutex::default() }
    }

    /// Waits for its turn, at most `patience`; else says in how many milliseconds it would come.
    pub(super) async fn pass(&self, method: &str, channel: Option<&str>, urgency: Urgency, patience: Duration) -> Result<(), i64> {
        let now = Instant::now();
        let at = self.reserve(method, channel, urgency, now, patience)?;
        if at > now {
            tokio::time::sleep_until(at).await;
        }
        Ok(())
    }

    fn reserve(&self, method: &str, channel: Option<&str>, urgency: Urgency, now: Instant, patience: Duration) -> Result<Instant, i64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = Vec::with_capacity(2);
        // How many are kept for what is more urgent.
        let kept = |burst: u32| match urgency {
            Urgency::Staff => 0,
            Urgency::Urgent => burst / KEPT_FOR_URGENT,
            // One more: whoever takes the last place of theirs takes it at the very end of its wait.
            Urgency::Normal | Urgency::Update => burst / KEPT_FOR_STAFF + 1,
        };
        if method == "chat.postMessage" {
            names.extend(channel.map(|c| (format!("#{c}"), self.posts_per_second * 60.0, CHANNEL_BURST, 0)));
            let burst = self.workspace_per_minute / BURST_PART;
            names.push(("workspace".to_owned(), f64::from(self.workspace_per_minute), burst, kept(burst)));
        } else if let Some(rate) = per_minute(method) {
            let burst = (rate / 2).max(1);
            names.push((method.to_owned(), f64::from(rate), burst, kept(burst)));
        }
        for (name, rate, burst, _) in &names {
            buckets.entry(name.clone()).or_insert_with(|| Bucket::new(*rate, *burst, now));
        }
        let ready = names.iter().filter_map(|(name, .., kept)| Some(buckets.get(name)?.ready(now, *kept))).max().unwrap_or(now);
        let wait = ready.duration_since(now);
        if wait > patience {
            return Err(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1));
        }
        for (name, ..) in &names {
            if let Some(bucket) = buckets.get_mut(name) {
                bucket.take(ready);
            }
        }
        if buckets.len() > BUCKETS_MAX {
            buckets.retain(|_, b| b.full_at > now || b.blocked > now);
        }
        Ok(ready)
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
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(name).or_insert_with(|| Bucket::new(rate, burst, now));
        bucket.blocked = bucket.blocked.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;
    const STAFF: Urgency = Urgency::Staff;

    #[test]
    fn a_channel_takes_a_small_burst_and_then_its_pace_another_channel_is_free() {
        let (lanes, now) = (Lanes::new(1.0, 6_000), Instant::now());
        for _ in 0..CHANNEL_BURST {
            assert_eq!(lanes.reserve("chat.postMessage", Some("C1"), STAFF, now, NONE), Ok(now));
        }
        assert_eq!(lanes.reserve("chat.postMessage", Some("C1"), STAFF, now, NONE), Err(1_000));
        assert_eq!(lanes.reserve("chat.postMessage", Some("C2"), STAFF, now, NONE), Ok(now));
        // Whoever waits has a place of their own.
        let patient = Duration::from_secs(5);
        assert_eq!(lanes.reserve("chat.postMessage", Some("C1"), STAFF, now, patient), Ok(now + Duration::from_secs(1)));
        assert_eq!(lanes.reserve("chat.postMessage", Some("C1"), STAFF, now, patient), Ok(now + Duration::from_secs(2)));
        // What people wait for does not stand behind posts.
        assert_eq!(lanes.reserve("chat.postEphemeral", Some("C1"), STAFF, now, NONE), Ok(now));
    }

    #[test]
    fn the_workspace_has_a_budget_of_its_own() {
        let (lanes, now) = (Lanes::new(100.0, 12), Instant::now());
        let sent = (0..20).filter(|n| lanes.reserve("chat.postMessage", Some(&format!("C{n}")), STAFF, now, NONE).is_ok()).count();
        assert_eq!(sent, 2, "a sixth of a minute's posts at once, of staff");
        let later = now + Duration::from_secs(5);
        assert_eq!(lanes.reserve("chat.postMessage", Some("C1"), STAFF, later, NONE), Ok(later));
    }

    #[test]
    fn silence_that_slack_asks_for_is_kept_where_it_asked() {
        let lanes = Lanes::new(1.0, 300);
        lanes.pause("chat.postMessage", Some("C1"), 30_000);
        let now = Instant::now();
        assert!(lanes.reserve("chat.postMessage", Some("C1"), STAFF, now, NONE).is_err_and(|ms| ms > 29_000));
        assert_eq!(lanes.reserve("chat.postMessage", Some("C2"), STAFF, now, NONE), Ok(now));
        lanes.pause("chat.update", Some("C1"), 5_000);
        assert!(lanes.reserve("chat.update", Some("C2"), STAFF, Instant::now(), NONE).is_err_and(|ms| ms > 4_000));
    }

    #[test]
    fn mirrored_posts_of_all_rooms_together_never_use_up_what_staff_need() {
        let (lanes, now) = (Lanes::new(1.0, 300), Instant::now());
        let patience = Duration::from_secs(5);
        let post = |n: u32, urgency| lanes.reserve("chat.postMessage", Some(&format!("C{n}")), urgency, now, patience);
        let mirrored = (0..1_000).filter(|n| post(*n, Urgency::Normal).is_ok()).count();
        assert!(mirrored >= 25, "{mirrored}");
        assert!(post(2_000, Urgency::Normal).is_err());
        assert_eq!(post(2_001, Urgency::Staff), Ok(now), "whoever acts waits for nobody's post");
        assert!(post(2_002, Urgency::Urgent).is_ok_and(|at| at <= now + Duration::from_secs(3)));
    }
}
