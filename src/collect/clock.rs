//! The clock, as an argument: collecting has to know when it looked.
//!
//! Reading the machine's clock is left to the command line, which makes one of these.

use std::fmt;
use std::sync::Arc;

use crate::model::time::Instant;

/// A source of the present time, UTC.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Instant + Send + Sync>);

impl Clock {
    /// Returns a clock that asks `now`.
    pub fn new(now: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the present time, UTC.
    pub fn now(&self) -> Instant {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
