//! Limits how many pages are read at once, and how many requests leave in a second.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;

/// The number of pages that are requested at once before the service has answered: few enough that it can
/// take them.
const FIRST_WINDOW: usize = 8;
/// The most pages that are requested at once. Each needs a connection of its own over HTTP/1.1. 20,000
/// packages are read in 11 round trips; with 32 it would be 15. Only accounts with more than 3,200 packages
/// reach it.
const WIDEST_WINDOW: usize = 48;

/// The limits of one client, for all its requests.
#[derive(Debug, Default)]
pub(super) struct Pace {
    window: Mutex<Window>,
    rate: OnceLock<Mutex<Rate>>,
}

impl Pace {
    /// Allows at most `max_rps` requests in any second. A limit that is set already stays.
    pub(super) fn limit(&self, max_rps: NonZeroU32) {
        self.rate.get_or_init(|| Mutex::new(Rate::new(max_rps)));
    }

    /// Returns how many pages may be requested at once.
    pub(super) fn window(&self) -> usize {
        lock(&self.window).size
    }

    /// Returns the epoch in which a read leaves, to be passed with its reply to [`Pace::answered`] or
    /// [`Pace::throttled`].
    pub(super) fn epoch(&self) -> Epoch {
        lock(&self.window).epoch
    }

    /// Notes that a read which left in this epoch was answered.
    pub(super) fn answered(&self, epoch: Epoch) {
        lock(&self.window).widen(epoch);
    }

    /// Notes that a read which left in this epoch was throttled.
    pub(super) fn throttled(&self, epoch: Epoch) {
        lock(&self.window).halve(epoch);
    }

    /// Waits until the next request may leave.
    pub(super) async fn acquire(&self, clock: &Clock) {
        let wait = self.turn(clock.instant());
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }

    /// Takes the next turn, and returns how long to wait for it.
    fn turn(&self, now: Instant) -> Duration {
        self.rate.get().map_or(Duration::ZERO, |rate| lock(rate).turn(now) - now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere cannot leave either of them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time between two halvings. Of requests that were throttled together only the first halves the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Epoch(u32);

/// The number of pages that may be read at once. It grows by one with every reply, and so doubles in a round
/// trip, until the first throttling halves it; from then on it grows by one with every windowful of replies,
/// as TCP does.
#[derive(Debug)]
struct Window {
    size: usize,
    epoch: Epoch,
    /// The size up to which it grows with every reply.
    slow_start_limit: usize,
    /// The replies since it last grew, above that size.
    credit: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: FIRST_WINDOW, epoch: Epoch::default(), slow_start_limit: WIDEST_WINDOW, credit: 0 }
    }
}

impl Window {
    fn widen(&mut self, epoch: Epoch) {
        if epoch != self.epoch || self.size == WIDEST_WINDOW {
            return;
        }
        self.credit += 1;
        if self.size < self.slow_start_limit || self.credit >= self.size {
            self.size += 1;
            self.credit = 0;
        }
    }

    fn halve(&mut self, epoch: Epoch) {
        if epoch == self.epoch {
            self.size = (self.size / 2).max(1);
            self.epoch = Epoch(self.epoch.0.wrapping_add(1));
            self.slow_start_limit = self.size;
            self.credit = 0;
        }
    }
}

/// The moments at which the last requests left: as many as may leave in a second.
#[derive(Debug)]
struct Rate {
    most: usize,
    recent: VecDeque<Instant>,
}

impl Rate {
    fn new(most: NonZeroU32) -> Self {
        Self { most: most.get().try_into().unwrap_or(usize::MAX), recent: VecDeque::new() }
    }

    /// Returns the moment at which the next request may leave: a second after the request that is `most`
    /// before it.
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
            let sent: Vec<Epoch> = (0..pace.window()).map(|_| pace.epoch()).collect();
            sent.into_iter().for_each(|epoch| pace.answered(epoch));
            seen.push(pace.window());
        }
        assert_eq!(seen, [8, 16, 32, 48, 48]);
    }

    #[test]
    fn throttled_requests_halve_it_once_and_then_it_grows_slowly() {
        let pace = Pace::default();
        let sent: Vec<Epoch> = (0..8).map(|_| pace.epoch()).collect();
        pace.answered(sent[0]);
        sent[1..].iter().for_each(|epoch| pace.throttled(*epoch));
        assert_eq!(pace.window(), 4);
        // It left before the halving: its reply says nothing about the new size.
        pace.answered(sent[0]);
        assert_eq!(pace.window(), 4);
        for _ in 0..4 {
            pace.answered(pace.epoch());
        }
        assert_eq!(pace.window(), 5);
        for _ in 0..10 {
            pace.throttled(pace.epoch());
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
