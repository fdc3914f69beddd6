//! The request to stop: a flag that is read before each request, however busy the process is.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

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

    /// Waits until the stop is requested. Each poll reads the flag, so a busy task that polls now and then does
    /// not depend on a thread to wake it.
    pub async fn requested(&self) {
        let heard = self.heard.notified();
        tokio::pin!(heard);
        // Enabled before the flag is read, so that a request between the two is not missed.
        heard.as_mut().enable();
        poll_fn(|context| match self.is_requested() {
            true => Poll::Ready(()),
            false => heard.as_mut().poll(context),
        })
        .await;
    }

    /// Returns the flag itself, for a signal handler, which may do no more than set it. An ordinary thread
    /// then has to call [`Stop::request`] to wake the tasks that wait.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.requested)
    }
}

/// Gives the caller its turn, so that a run which has computed for long sees a stop before another request
/// leaves. Requests that are made at once leave in their order, which `tokio::task::yield_now` would reverse.
pub(crate) async fn next_turn() {
    let mut is_next = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_next, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
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

    #[tokio::test]
    async fn a_task_that_takes_turns_sees_the_flag_before_a_thread_wakes_it() {
        let stop = Stop::default();
        let busy = async {
            stop.flag().store(true, Ordering::SeqCst);
            next_turn().await;
        };
        tokio::select! {
            biased;
            () = stop.requested() => {}
            () = busy => panic!("it went on after the signal"),
        }
    }
}
