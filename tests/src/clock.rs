//! The emulator's time. The only place of this crate that reads a clock or sleeps.

use std::time::Duration;

use jiff::Timestamp;

/// The source of the emulator's time.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// `start` plus the time that has passed on tokio's clock since; under `#[tokio::test(start_paused =
    /// true)]` hours pass in no time.
    Tokio {
        /// The emulator's time at `origin`.
        start: Timestamp,
        /// The instant of tokio's clock that `start` belongs to.
        origin: tokio::time::Instant,
    },
}

impl Clock {
    /// Follows tokio's clock from now on, beginning at `start`. Call it inside the runtime whose time is paused.
    pub fn tokio(start: Timestamp) -> Self {
        Self::Tokio { start, origin: tokio::time::Instant::now() }
    }

    /// The time on this clock.
    #[expect(clippy::disallowed_methods, reason = "the emulator's one look at the machine's clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Tokio { start, origin } => start
                .checked_add(origin.elapsed())
                .expect("a test does not run until the end of the calendar"),
        }
    }

    /// Waits on tokio's clock, which is paused in tests that pause it.
    #[expect(clippy::disallowed_methods, reason = "the emulator's one sleep")]
    pub(crate) async fn sleep(&self, duration: Duration) {
        if !duration.is_zero() {
            tokio::time::sleep(duration).await;
        }
    }
}
