//! How many requests at once, and how many in a second.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;

/// How many pages are asked for at once to begin with: what a service that nobody has complained about surely bears.
const FIRST_WINDOW: usize = 8;
/// The most pages that are asked for at once. Each needs a connection of its own over HTTP/1.1, and 20,000 packages
/// are read in 11 round trips; with 32 it would be 15. It is reached only by accounts of more than 3,200 packages.
const WIDEST_WINDOW: usize = 48;

/// What one client allows itself, whatever it asks for.
#[derive(Debug, Default)]
pub(super) struct Pace {
    window: Mutex<Window>,
    rate: OnceLock<Mutex<Rate>>,
}

impl Pace {
    /// Allows only so many requests in any second. A bound that is there already stays.
    pub(super) fn limit(&self, max_rps: NonZeroU32) {
        self.rate.get_or_init(|| Mutex::new(Rate::new(max_rps)));
    }

    /// How many pages may be asked for at once.
    pub(super) fn window(&self) -> usize {
        lock(&self.window).size
    }

    /// Notes that a read leaves. What it returns goes with the reply to [`Pace::answered`] or [`Pace::throttled`].
    pub(super) fn leaves(&self) -> Era {
        lock(&self.window).era
    }

    /// Notes that a read which left in this era was answered.
    pub(super) fn answered(&self, era: Era) {
        lock(&self.window).widen(era);
    }

    /// Notes that a read which left in this era was throttled.
    pub(super) fn throttled(&self, era: Era) {
        lock(&self.window).halve(era);
    }

    /// Waits until the next request may leave.
    pub(super) async fn pass(&self, clock: &Clock) {
        let wait = self.turn(clock.instant());
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }

    /// How long the next request has to wait for its turn, which is taken with this call.
    fn turn(&self, now: Instant) -> Duration {
        self.rate.get().map_or(Duration::ZERO, |rate| lock(rate).turn(now) - now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Neither of them can be left half changed by a panic elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time between two halvings: of requests that were throttled together only the first halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Era(u32);

/// How many pages at once: one more with every reply, so that it doubles in a round trip, until the first throttling
/// halves it; from then on one more with every windowful of replies, as TCP does.
#[derive(Debug)]
struct Window {
    size: usize,
    era: Era,
    /// Up to here it grows with every reply.
    steep: usize,
    /// Replies towards the next step above that.
    credit: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: FIRST_WINDOW, era: Era::default(), steep: WIDEST_WINDOW, credit: 0 }
    }
}

impl Window {
    fn widen(&mut self, era: Era) {
        if era != self.era || self.size == WIDEST_WINDOW {
            return;
        }
        self.credit += 1;
        if self.size < self.steep || self.credit >= self.size {
            self.size += 1;
            self.credit = 0;
        }
    }

    fn halve(&mut self, era: Era) {
        if era == self.era {
            self.size = (self.size / 2).max(1);
            self.era = Era(self.era.0.wrapping_add(1));
            self.steep = self.size;
            self.credit = 0;
        }
    }
}

/// The moments at which the last requests left, as many as may leave in a second.
#[derive(Debug)]
struct Rate {
    most: usize,
    recent: VecDeque<Instant>,
}

impl Rate {
    fn new(most: NonZeroU32) -> Self {
        Self { most: most.get().try_into().unwrap_or(usize::MAX), recent: VecDeque::new() }
    }

    /// A request may leave a second after the one that is so many before it.
    fn turn(&mut self, now: Instant) -> Instant {
        let earliest = (self.recent.len() >= self.most).then(|| self.recent.pop_front()).flatten();
        let turn = earliest.map_or(now, |earliest| now.max(earliest + Duration::from_secs(1)));
        self.recent.push_back(turn);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_doubles_in_a_round_trip_until_it_is_wide() {
        let pace = Pace::default();
        let mut seen = vec![pace.window()];
        for _ in 0..4 {
            let sent: Vec<Era> = (0..pace.window()).map(|_| pace.leaves()).collect();
            sent.into_iter().for_each(|era| pace.answered(era));
            seen.push(pace.window());
        }
        assert_eq!(seen, [8, 16, 32, 48, 48]);
    }

    #[test]
    fn throttled_requests_halve_it_once_and_then_it_grows_slowly() {
        let pace = Pace::default();
        let sent: Vec<Era> = (0..8).map(|_| pace.leaves()).collect();
        pace.answered(sent[0]);
        sent[1..].iter().for_each(|era| pace.throttled(*era));
        assert_eq!(pace.window(), 4);
        // Left before the halving: its reply says nothing about the new width.
        pace.answered(sent[0]);
        assert_eq!(pace.window(), 4);
        for _ in 0..4 {
            pace.answered(pace.leaves());
        }
        assert_eq!(pace.window(), 5);
        for _ in 0..10 {
            pace.throttled(pace.leaves());
        }
        assert_eq!(pace.window(), 1);
    }

    #[test]
    fn no_second_has_more_requests_than_allowed() {
        let start = Instant::now();
        let mut rate = Rate::new(NonZeroU32::new(3).unwrap());
        let mut turns = |at: u64, count: usize| -> Vec<_> {
            let now = start + Duration::from_millis(at);
            (0..count).map(|_| (rate.turn(now) - start).as_millis()).collect()
        };
        assert_eq!(turns(0, 7), [0, 0, 0, 1000, 1000, 1000, 2000]);
        assert_eq!(turns(2500, 4), [2500, 2500, 3000, 3500]);
        assert_eq!(Pace::default().turn(start), Duration::ZERO);
    }
}
