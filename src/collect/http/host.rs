//! One host: how many questions at once, how fast, and whether it asked to wait.
//!
//! Every wait ends with the deadline. What a server asks for is read by `limits`.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant as Tick, sleep_until};

use crate::collect::miss::Miss;
use crate::model::UnseenReason;
use crate::model::time::{Instant, human};

/// What is known of one host while it is asked.
#[derive(Debug)]
pub(super) struct Host {
    name: String,
    slots: Semaphore,
    pace: DefaultDirectRateLimiter,
    /// Until when it asked not to be asked: by this machine's steady clock, and in words.
    hold: Mutex<Option<(Tick, Instant)>>,
}

impl Host {
    /// Returns a host that takes `slots` questions at once and `per_second` in a second.
    pub(super) fn new(name: &str, slots: usize, per_second: NonZeroU32) -> Self {
        Self {
            name: name.to_owned(),
            slots: Semaphore::new(slots.max(1)),
            pace: RateLimiter::direct(Quota::per_second(per_second)),
            hold: Mutex::new(None),
        }
    }

    /// Notes that the host asked to wait until `until`.
    pub(super) fn hold(&self, until: Instant, now: Instant) {
        let wait = (until - now).to_std().unwrap_or(Duration::ZERO);
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        let tick = Tick::now().checked_add(wait);
        if let Some(tick) = tick.filter(|tick| hold.is_none_or(|(known, _)| known < *tick)) {
            *hold = Some((tick, until));
        }
    }

    fn held(&self) -> Option<(Tick, Instant)> {
        let hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        hold.filter(|(tick, _)| *tick > Tick::now())
    }

    /// Waits until the host may be asked, and returns the place in its queue.
    ///
    /// # Errors
    ///
    /// `rate-limited` where the host asked to wait for longer than the deadline allows, `unreachable`
    /// where the deadline comes first.
    pub(super) async fn turn(&self, deadline: Option<Tick>) -> Result<SemaphorePermit<'_>, Miss> {
        let late = || Miss::new(UnseenReason::Unreachable, format!("{}: the deadline came before its turn", self.name));
        loop {
            if let Some((tick, until)) = self.held() {
                if deadline.is_some_and(|deadline| deadline <= tick) {
                    let what =
                        format!("{} asks to wait until {}, which is after the deadline", self.name, human(until));
                    return Err(Miss::new(UnseenReason::RateLimited, what));
                }
                sleep_until(tick).await;
            }
            let turn = async {
                let slot = self.slots.acquire().await;
                self.pace.until_ready().await;
                slot
            };
            let slot = match deadline {
                Some(deadline) => tokio::time::timeout_at(deadline, turn).await.map_err(|_| late())?,
                None => turn.await,
            }
            .map_err(|_| late())?;
            // It may have asked to wait while this question stood in the queue.
            if self.held().is_none() {
                return Ok(slot);
            }
        }
    }
}
