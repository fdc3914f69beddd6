//! Randomness for nonces and jitter, never for secrets.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A source of random numbers, seeded from the system or, in tests, by number.
#[derive(Debug)]
pub struct Random(Mutex<fastrand::Rng>);

impl Random {
    /// Returns a source that the system seeds.
    pub fn system() -> Self {
        // The hasher's keys are random: the system gives them to keep strangers from choosing colliding keys.
        Self::seeded(RandomState::new().hash_one(0))
    }

    /// Returns a source that gives the same results for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// Returns a value to use once: 32 hexadecimal digits.
    pub fn nonce(&self) -> String {
        format!("{:032x}", self.rng().u128(..))
    }

    /// Returns a wait between half of `most` and `most`: clients that failed together do not come back
    /// together, and none comes back at once.
    pub fn jitter(&self, most: Duration) -> Duration {
        most.mul_f64(0.5 + 0.5 * self.rng().f64())
    }

    fn rng(&self) -> std::sync::MutexGuard<'_, fastrand::Rng> {
        // A panic elsewhere cannot leave a generator half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_32_hex_digits_and_never_twice_the_same() {
        let random = Random::seeded(7);
        let nonces: std::collections::BTreeSet<_> = (0..1000).map(|_| random.nonce()).collect();
        assert_eq!(nonces.len(), 1000);
        assert!(nonces.iter().all(|n| n.len() == 32 && n.bytes().all(|b| b.is_ascii_hexdigit())));
        assert_ne!(Random::system().nonce(), Random::system().nonce());
    }

    #[test]
    fn jitter_stays_between_half_and_all() {
        let random = Random::seeded(7);
        let most = Duration::from_secs(8);
        for _ in 0..1000 {
            let wait = random.jitter(most);
            assert!(wait >= most / 2 && wait <= most, "{wait:?}");
        }
    }
}
