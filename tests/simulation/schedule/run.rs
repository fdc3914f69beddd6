//! One run of a schedule: how it gets its plan, and how it ends.

use super::{Name, Wish};

/// One process: it plans, is approved, and executes.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) at: u64,
    pub(crate) wish: Wish,
    /// The part of the commit that it is about.
    pub(crate) part: Part,
    pub(crate) mode: Mode,
    pub(crate) end: End,
    pub(crate) parallelism: usize,
    pub(crate) retries: u32,
    /// The seconds that it waits for its changes; `None` is `--no-wait`.
    pub(crate) wait: Option<u64>,
    /// The seconds by which its machine's clock is ahead of the service's.
    pub(crate) ahead: i64,
    /// The account that its spec pins, if it pins one.
    pub(crate) pin: Option<Pin>,
    /// The milliseconds after which its credentials expire, if they do.
    pub(crate) ends_credentials: Option<u64>,
}

impl Run {
    /// The entries that the run is about.
    pub(crate) fn selected(&self) -> Wish {
        let selected = self.wish.iter().filter(|(name, _)| self.part.selects(**name));
        selected.map(|(name, want)| (*name, *want)).collect()
    }
}

/// A selection of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// `--target net/NAME`.
    Target(Name),
    /// `--exclude net/NAME`.
    Exclude(Name),
}

impl Part {
    pub(crate) fn selects(self, name: Name) -> bool {
        match self {
            Self::All => true,
            Self::Target(only) => name == only,
            Self::Exclude(other) => name != other,
        }
    }
}

/// The account that a spec pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pin {
    /// The account of the run's credentials.
    Own,
    /// Another account. A saved plan of such a spec is forged: no honest run makes it.
    Other,
}

/// The way in which a run gets its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It plans by itself and is approved in advance. The machine stalls for so many milliseconds before it
    /// goes on.
    Direct { stall: u64 },
    /// It saves its plan; so many milliseconds later the file is read and applied. The clock of the machine
    /// that plans is so many seconds ahead of the one that applies.
    Saved { stall: u64, ahead: i64 },
}

impl Mode {
    /// The age in seconds from which a saved plan is refused: the default of `--plan-ttl`.
    pub(crate) const OLDEST: i64 = 24 * 3600;
    /// The seconds that a saved plan may be younger than now.
    pub(crate) const FARTHEST: i64 = 15 * 60;

    /// The age in seconds of the saved plan when it is read, by the clock of the machine that applies it; at
    /// most a few seconds more.
    pub(crate) fn age(self) -> Option<i64> {
        match self {
            Self::Direct { .. } => None,
            Self::Saved { stall, ahead } => Some(i64::try_from(stall / 1000).unwrap_or(i64::MAX) - ahead),
        }
    }
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Own,
    /// Killed at its n-th wait.
    Crash(u32),
    /// By a signal, and maybe by another one of its kind so many milliseconds later.
    Signals(Signal, Option<u64>),
}

/// A request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal {
    pub(crate) kind: Kind,
    pub(crate) when: Moment,
}

impl Signal {
    /// The milliseconds after the first signal from which a second one counts.
    pub(crate) fn counts_after(self) -> u64 {
        match self.kind {
            Kind::Keys => 0,
            Kind::Interrupt | Kind::Terminate | Kind::HangUp => 1000,
        }
    }
}

/// The kind of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// SIGINT from a program.
    Interrupt,
    /// SIGINT from the keyboard of a terminal.
    Keys,
    Terminate,
    HangUp,
}

/// The moment of a signal. All but the first lie within one turn of the process, in which it waits for
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many milliseconds after the start.
    At(u64),
    /// While it plans.
    Planning,
    /// While it prints for the n-th time in the execution.
    Printing(u32),
    /// As its n-th request leaves.
    Sending(u32),
    /// As its n-th reply arrives.
    Hearing(u32),
}
