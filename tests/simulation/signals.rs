//! The signals of one run, and how the process reacts to them.
//!
//! The library's part is the request to stop, which is checked before each request. The rest belongs to the
//! command line and is modelled here: SIGHUP counts as SIGTERM, and a second signal ends the process at once
//! if it counts.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use cenbwp::stop::Stop;

use crate::history::Event;
use crate::planted::Bug;
use crate::schedule::{End, Kind, Moment, Run, Signal};
use crate::wire::{Net, sleep};

/// The signals of one run.
pub(crate) struct Signals {
    net: Arc<Net>,
    run: usize,
    first: Option<Signal>,
    second: Option<u64>,
    /// The request to stop that the tool reads.
    pub(crate) stop: Stop,
    /// The signals that the operating system has delivered.
    delivered: Stop,
    printed: AtomicU32,
    sent: AtomicU32,
    heard: AtomicU32,
}

impl Signals {
    pub(crate) fn of(net: &Arc<Net>, n: usize, run: &Run) -> Arc<Self> {
        let (first, second) = match run.end {
            End::Signals(first, second) => (Some(first), second),
            End::Own | End::Crash(_) => (None, None),
        };
        Arc::new(Self {
            net: Arc::clone(net),
            run: n,
            first,
            second,
            stop: Stop::default(),
            delivered: Stop::default(),
            printed: AtomicU32::new(0),
            sent: AtomicU32::new(0),
            heard: AtomicU32::new(0),
        })
    }

    pub(crate) fn planning(&self) {
        self.at(Moment::Planning);
    }

    pub(crate) fn printing(&self) {
        self.at(Moment::Printing(self.printed.fetch_add(1, Ordering::Relaxed)));
    }

    pub(crate) fn sending(&self) {
        self.at(Moment::Sending(self.sent.fetch_add(1, Ordering::Relaxed)));
    }

    pub(crate) fn hearing(&self) {
        self.at(Moment::Hearing(self.heard.fetch_add(1, Ordering::Relaxed)));
    }

    pub(crate) fn is_delivered(&self) -> bool {
        self.delivered.is_requested()
    }

    fn at(&self, moment: Moment) {
        if self.first.is_some_and(|signal| signal.when == moment) {
            self.deliver();
        }
    }

    fn deliver(&self) {
        if self.delivered.is_requested() {
            return;
        }
        self.net.note(Event::Signalled { run: self.run });
        self.delivered.request();
        if !matches!(self.net.bug, Some(Bug::StopIsATask | Bug::StopSparesRenewal)) {
            self.stop.request();
        }
    }

    /// Delivers the signals at their times, and returns when one of them ends the process at once. Polled
    /// only while the process waits.
    pub(crate) async fn end_at_once(&self) {
        let Some(signal) = self.first else { return std::future::pending().await };
        if let Moment::At(ms) = signal.when {
            sleep(ms).await;
            self.deliver();
        }
        self.delivered.requested().await;
        if self.net.bug == Some(Bug::StopSparesRenewal) {
            sleep(20_000).await;
        }
        self.stop.request();
        if signal.kind == Kind::HangUp && self.net.bug == Some(Bug::HangUpKills) {
            return;
        }
        let counts_after =
            if self.net.bug == Some(Bug::EverySignalCounts) { 0 } else { signal.counts_after() };
        match self.second {
            Some(after) => {
                sleep(after).await;
                self.net.note(Event::Signalled { run: self.run });
                if after < counts_after {
                    std::future::pending::<()>().await;
                }
            }
            None => std::future::pending().await,
        }
    }
}

/// Calls `look` whenever the future inside begins to wait or ends.
pub(crate) struct Watched<F, L> {
    pub(crate) way: Pin<Box<F>>,
    pub(crate) look: L,
}

impl<F: Future, L: FnMut() + Unpin> Future for Watched<F, L> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.way.as_mut().poll(cx);
        (self.look)();
        polled
    }
}

/// Drops the future inside at its n-th poll.
pub(crate) struct Crashing<F> {
    pub(crate) way: Option<Pin<Box<F>>>,
    pub(crate) left: u32,
}

impl<F: Future> Future for Crashing<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            self.way = None;
        }
        self.left = self.left.saturating_sub(1);
        match &mut self.way {
            Some(way) => way.as_mut().poll(cx).map(Some),
            None => Poll::Ready(None),
        }
    }
}
