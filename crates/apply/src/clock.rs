//! The one place that tells the time and waits.

use std::time::Duration;

use jiff::Timestamp;

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that starts at a chosen time and moves with tokio's, which tests pause.
    Virtual {
        /// The time at the moment `since`.
        start: Timestamp,
        /// The moment at which it was `start`.
        since: tokio::time::Instant,
    },
}

impl Clock {
    /// Returns a virtual clock that shows `start` now.
    pub fn starting_at(start: Timestamp) -> Self {
        Self::Virtual { start, since: tokio::time::Instant::now() }
    }

    /// The time.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is sent to")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Virtual { start, since } => start.saturating_add(since.elapsed()).unwrap_or(Timestamp::MAX),
        }
    }

    /// A moment of a clock that never jumps, for measuring how much time has passed.
    pub fn instant(&self) -> tokio::time::Instant {
        tokio::time::Instant::now()
    }

    /// Waits. With a paused tokio clock the wait takes no real time.
    #[expect(clippy::disallowed_methods, reason = "this is the wait that everybody else is sent to")]
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_virtual_clock_moves_by_exactly_what_is_slept() {
        let start: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        assert_eq!(clock.now(), start);
        clock.sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().to_string(), "2026-01-02T03:05:35Z");
    }
}
