//! The clock: the one place that reads the time and waits.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

/// The distance that the clock must keep from the end of the calendar, so that no time that a run computes
/// lies beyond.
const ROOM: SignedDuration = SignedDuration::from_hours(24 * 366);

/// The source of the time.
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

    /// Checks that the calendar holds the time, now and for the length of a run: a time outside it would
    /// panic later.
    ///
    /// # Errors
    /// When the clock is past the year 9998, or before the year -9998.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is sent to")]
    pub fn check(&self) -> anyhow::Result<()> {
        match self {
            Self::System => check(SystemTime::now()),
            Self::Virtual { .. } => Ok(()),
        }
    }

    /// Returns the time.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is sent to")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Virtual { start, since } => start.saturating_add(since.elapsed()).unwrap_or(Timestamp::MAX),
        }
    }

    /// Returns a moment of a clock that never jumps, for measuring how much time has passed.
    pub fn instant(&self) -> tokio::time::Instant {
        tokio::time::Instant::now()
    }

    /// Waits. With a paused tokio clock the wait takes no real time.
    #[expect(clippy::disallowed_methods, reason = "this is the wait that everybody else is sent to")]
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

fn check(now: SystemTime) -> anyhow::Result<()> {
    let end = Timestamp::try_from(now).and_then(|now| now.checked_add(ROOM));
    end.map(drop).map_err(|_| anyhow::anyhow!("the clock of this machine is outside the calendar; set it"))
}

/// Formats a time for people: `2026-11-27 18:28 UTC`.
pub fn for_people(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Formats a length of time for people, rounded: `45 seconds`, `20 minutes`, `26 hours`, `3 days`.
pub fn rough(time: SignedDuration) -> String {
    const UNITS: [(&str, i64, i64); 4] = [
        ("second", 1, 120),
        ("minute", 60, 120 * 60),
        ("hour", 3600, 72 * 3600),
        ("day", 24 * 3600, i64::MAX),
    ];
    let seconds = time.as_secs();
    let (unit, length, _) = UNITS.into_iter().find(|(.., below)| seconds < *below).unwrap_or(UNITS[3]);
    let count = seconds.saturating_add(length / 2) / length;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_outside_the_calendar_is_an_error_and_no_panic() {
        let after = |seconds| check(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(after(0).is_ok() && after(4_102_444_800).is_ok());
        // 9999-12-30, and much later.
        for seconds in [253_402_128_000, 1 << 40] {
            let error = after(seconds).unwrap_err().to_string();
            assert_eq!(error, "the clock of this machine is outside the calendar; set it");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_virtual_clock_moves_by_exactly_what_is_slept() {
        let start: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        assert_eq!(clock.now(), start);
        clock.sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().to_string(), "2026-01-02T03:05:35Z");
    }

    #[test]
    fn people_read_times_in_minutes_and_lengths_in_one_unit() {
        assert_eq!(for_people("2026-11-27T18:28:18.755848095Z".parse().unwrap()), "2026-11-27 18:28 UTC");
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (20 * 60 - 1, "20 minutes"),
            (119 * 60 + 30, "120 minutes"),
            (26 * 3600 + 600, "26 hours"),
            (3 * 86_400, "3 days"),
            (i64::MAX, "106751991167300 days"),
        ] {
            assert_eq!(rough(SignedDuration::from_secs(seconds)), text);
        }
    }
}
