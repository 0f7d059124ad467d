//! How fast we may speak: as fast as the homeserver lets us, which only its refusals tell.
//!
//! Synapse counts a user's messages over all rooms; by default it takes one in five seconds, ten at
//! once (`rc_message`). Each refusal says how long to wait: that is the pace from then on, until
//! messages go through again and it is felt for, step by step, whether more is let through.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// No refusal slows us down more than this.
const SLOWEST: Duration = Duration::from_secs(60);
/// A pace quicker than this is none.
const QUICKEST: Duration = Duration::from_millis(20);
/// A pace that holds is told of again after so long.
const TELL_AGAIN: Duration = Duration::from_secs(600);
/// A message that went through quickens the pace by one part in so many.
const STEP: u32 = 20;

#[derive(Clone, Copy, Debug)]
struct State {
    /// From one message to the next.
    every: Duration,
    /// Not before.
    next: Instant,
    /// When somebody was told of it.
    told: Option<Instant>,
}

/// The account's pace.
#[derive(Debug)]
pub(super) struct Lanes(Mutex<State>);

impl Lanes {
    pub(super) fn new() -> Lanes {
        Lanes(Mutex::new(State { every: Duration::ZERO, next: Instant::now(), told: None }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the homeserver takes less than might be said: what can be left out is left out.
    pub(super) fn is_slow(&self) -> bool {
        !self.state().every.is_zero()
    }

    /// Waits for its turn, at most `patience`; else says in how many milliseconds it would come.
    pub(super) async fn pass(&self, patience: Duration) -> Result<(), i64> {
        let at = self.reserve(Instant::now(), patience)?;
        tokio::time::sleep_until(at).await;
        Ok(())
    }

    fn reserve(&self, now: Instant, patience: Duration) -> Result<Instant, i64> {
        let mut state = self.state();
        let at = state.next.max(now);
        if at.duration_since(now) > patience {
            return Err(i64::try_from(at.duration_since(now).as_millis()).unwrap_or(i64::MAX).max(1));
        }
        state.next = at + state.every;
        Ok(at)
    }

    /// The homeserver refused: it takes the next in `ms` milliseconds. Returns the pace from now on, in
    /// milliseconds, if it is slower than before or nobody was told for [`TELL_AGAIN`].
    pub(super) fn refused(&self, ms: i64) -> Option<i64> {
        self.refused_at(Instant::now(), ms)
    }

    fn refused_at(&self, now: Instant, ms: i64) -> Option<i64> {
        let wait = Duration::from_millis(ms.max(1).unsigned_abs()).min(SLOWEST);
        let mut state = self.state();
        state.next = state.next.max(now + wait);
        // Less than the full time is waited where some of it had passed already: the longest is the pace.
        let slower = wait > state.every;
        state.every = state.every.max(wait);
        let again = state.told.is_none_or(|at| now.duration_since(at) >= TELL_AGAIN);
        (slower || again).then(|| {
            state.told = Some(now);
            i64::try_from(state.every.as_millis()).unwrap_or(i64::MAX)
        })
    }

    /// One went through.
    pub(super) fn passed(&self) {
        let mut state = self.state();
        let quicker = state.every / STEP;
        state.every -= quicker;
        if state.every < QUICKEST {
            state.every = Duration::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_sets_the_pace_and_messages_feel_for_more() {
        let lanes = Lanes::new();
        let began = Instant::now() + Duration::from_millis(1);
        let after = |ms: u64| began + Duration::from_millis(ms);
        let patience = Duration::from_secs(6);
        for _ in 0..10 {
            assert_eq!(lanes.reserve(began, patience), Ok(began), "nothing is slowed down before a refusal");
        }
        assert_eq!(lanes.refused_at(began, 5_000), Some(5_000));
        assert_eq!(lanes.refused_at(began, 3_000), None, "some of the time had passed");
        let later = Lanes::new();
        assert_eq!((later.refused_at(began, 900), later.refused_at(began, 500)), (Some(900), None));
        assert_eq!(later.refused_at(began + TELL_AGAIN, 500), Some(900), "it still holds");
        assert_eq!(lanes.reserve(began, Duration::from_secs(1)), Err(5_000));
        assert_eq!(lanes.reserve(began, patience), Ok(after(5_000)));
        assert_eq!(lanes.reserve(after(5_000), patience), Ok(after(10_000)), "one in five seconds");
        for _ in 0..200 {
            lanes.passed();
        }
        for _ in 0..10 {
            assert_eq!(lanes.reserve(after(15_000), patience), Ok(after(15_000)), "the limit was lifted");
        }
    }
}
