//! Repeats reads: the policy and the loop.

use std::time::Duration;

use super::{Answer, Error, Lost, Next, RefusalKind};
use crate::clock::Clock;
use crate::random::Random;

/// Repeats a request until there is an answer, or repeating cannot help. Only for requests that change
/// nothing.
pub(super) async fn until_answered<T, F: Future<Output = Answer<T>>>(
    clock: &Clock,
    random: &Random,
    policy: &RetryPolicy,
    ask: impl Fn() -> F,
) -> Result<T, Error> {
    let began = clock.instant();
    let mut n = 0;
    loop {
        let (error, may_help, asked) = match ask().await {
            Answer::Yes(reply) => return Ok(reply),
            Answer::No(refusal) => {
                let (may_help, asked) = (passes(refusal.kind), refusal.retry_after);
                (Error::Refused(refusal), may_help, asked)
            }
            Answer::Unknown(lost) => {
                let (may_help, asked) = (may_come(&lost), lost.retry_after);
                (Error::Lost(lost), may_help, asked)
            }
        };
        if !may_help || n == policy.max_retries {
            return Err(error);
        }
        let wait = policy.wait(n, asked, random);
        if began.elapsed().saturating_add(wait) > policy.patience {
            return Err(error);
        }
        tracing::debug!(%error, wait_ms = wait.as_millis(), "asking again");
        clock.sleep(wait).await;
        n += 1;
    }
}

/// Returns true if a later repetition of a refused read may succeed.
fn passes(kind: RefusalKind) -> bool {
    matches!(kind.next(), Next::Again | Next::LookThenAgain)
}

/// Returns true if a repetition may bring the reply to a read. It will not if something else than the service
/// answers, such as a portal that wants a login first.
fn may_come(lost: &Lost) -> bool {
    lost.code.is_some() || lost.status.is_none_or(|status| status >= 500 || matches!(status, 408 | 429))
}

/// The number of repetitions of a request, and the waits between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most repetitions after the first request. 0: none.
    pub max_retries: u32,
    /// The wait before the first repetition; it doubles from one to the next.
    pub first_wait: Duration,
    /// The longest wait that we choose ourselves.
    pub longest_wait: Duration,
    /// The longest wait that the service gets. If it asks for more, it gets this.
    pub longest_asked: Duration,
    /// The time from the first request in which a repetition may begin.
    pub patience: Duration,
}

impl Default for RetryPolicy {
    /// Five repetitions within about 15 seconds: longer than a burst of throttling, shorter than the patience
    /// of a person or a pipeline. A service that asks for more than a minute is down.
    fn default() -> Self {
        Self {
            max_retries: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(20),
            longest_asked: Duration::from_secs(60),
            patience: Duration::MAX,
        }
    }
}

/// The most repetitions of a read that a run can do without.
const FEW: u32 = 2;

/// The time in which such a read is repeated. It is shorter than the usual time-out, so a service that cannot be reached
/// delays a run by one time-out; a longer one would make every such run slower.
const BRIEF: Duration = Duration::from_secs(4);

impl RetryPolicy {
    /// Returns the policy for a read that a run can do without: what passes at once is repeated, and nothing is waited
    /// for twice.
    pub fn brief(self) -> Self {
        Self { max_retries: self.max_retries.min(FEW), patience: self.patience.min(BRIEF), ..self }
    }

    /// Returns the wait before repetition number `n`, from 0: exponential with jitter, and not less than the
    /// service asked for.
    pub fn wait(&self, n: u32, asked: Option<Duration>, random: &Random) -> Duration {
        let doubled = self.first_wait.saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX));
        let chosen = random.jitter(doubled.min(self.longest_wait));
        chosen.max(asked.unwrap_or_default().min(self.longest_asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_cap_and_obey_the_service_up_to_another() {
        let policy = RetryPolicy::default();
        let random = Random::seeded(1);
        for (n, most) in
            [(0, 500), (1, 1000), (5, 16_000), (6, 20_000), (31, 20_000), (32, 20_000), (u32::MAX, 20_000)]
        {
            let wait = policy.wait(n, None, &random).as_millis();
            assert!((most / 2..=most).contains(&wait), "{n}: {wait}");
        }
        assert_eq!(policy.wait(0, Some(Duration::from_secs(7)), &random).as_secs(), 7);
        assert_eq!(policy.wait(0, Some(Duration::from_secs(3600)), &random).as_secs(), 60);
    }

    /// Counts the requests of a read, each of which ends like this after so many milliseconds.
    async fn requests(policy: RetryPolicy, takes: u64, retry_after: Option<u64>) -> u32 {
        let (clock, random) = (Clock::starting_at(jiff::Timestamp::UNIX_EPOCH), Random::seeded(1));
        let requests = std::cell::Cell::new(0);
        let ask = || async {
            requests.set(requests.get() + 1);
            clock.sleep(Duration::from_millis(takes)).await;
            let retry_after = retry_after.map(Duration::from_millis);
            let (reason, status) = (String::new(), None);
            Answer::<()>::Unknown(Lost {
                action: "",
                reason,
                code: None,
                request_id: None,
                status,
                retry_after,
            })
        };
        until_answered(&clock, &random, &policy, ask).await.unwrap_err();
        requests.get()
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_a_run_can_do_without_is_not_waited_for_twice() {
        let usual = RetryPolicy::default();
        for (takes, retry_after, expected) in [
            (0, None, 3),
            (200, None, 3),
            // A time-out, also of a connection.
            (10_000, None, 1),
            (5_000, None, 1),
            (0, Some(1_000), 3),
            (0, Some(30_000), 1),
        ] {
            assert_eq!(
                requests(usual.brief(), takes, retry_after).await,
                expected,
                "{takes} {retry_after:?}"
            );
            assert_eq!(requests(usual, takes, retry_after).await, 6, "{takes} {retry_after:?}");
        }
        assert_eq!(requests(RetryPolicy { max_retries: 0, ..usual }.brief(), 0, None).await, 1);
    }
}
