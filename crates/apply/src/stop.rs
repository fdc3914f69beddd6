//! The request to stop: a flag that is read before each request, however busy the process is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A request to stop. Clones share it, and it cannot be taken back.
///
/// It is a flag and not a message, because a task reads messages only while it waits: a run that plans, or
/// prints to a full pipe, would send its ready requests before it read the message.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    heard: Arc<Notify>,
}

impl Stop {
    /// Requests the stop, and wakes the tasks that wait for it.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
        self.heard.notify_waiters();
    }

    /// Returns true once the stop is requested.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Waits until the stop is requested.
    pub async fn requested(&self) {
        let heard = self.heard.notified();
        tokio::pin!(heard);
        // Enabled before the flag is read, so that a request between the two is not missed.
        heard.as_mut().enable();
        if !self.is_requested() {
            heard.await;
        }
    }

    /// Returns the flag itself, for a signal handler, which may do no more than set it. An ordinary thread
    /// then has to call [`Stop::request`] to wake the tasks that wait.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.requested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stop_is_seen_at_once_and_wakes_those_that_wait() {
        let stop = Stop::default();
        assert!(!stop.is_requested());
        let (waited, ()) = tokio::join!(stop.requested(), async { stop.clone().request() });
        assert_eq!((waited, stop.is_requested()), ((), true));
        stop.requested().await;
    }

    #[tokio::test]
    async fn a_handler_sets_the_flag_and_the_next_reader_sees_it() {
        let stop = Stop::default();
        stop.flag().store(true, Ordering::SeqCst);
        assert!(stop.is_requested());
        stop.requested().await;
    }
}
