//! What happened, as an outsider with a stopwatch sees it.

use std::fmt;
use std::fmt::Write as _;

use cenbwp::execute::ChangeResult;
use cenbwp_tests::{IDENTITY_TAG, Logged, Order, Package, TokenRecord, World};

use crate::schedule::{Deed, Run};

/// Everything the oracle is told.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// What happened, in order.
    pub(crate) entries: Vec<Entry>,
    /// The runs: those of the schedule by their numbers there, then the quiet ones at the end.
    pub(crate) runs: Vec<Record>,
    /// The emulator's ledger at the end.
    pub(crate) ledger: Vec<Order>,
    /// Every request that reached the emulator.
    pub(crate) requests: Vec<Logged>,
    /// What the service remembers of each token.
    pub(crate) tokens: Vec<TokenRecord>,
    /// Whether the plan after the last run is empty; `None` if there is more than one commit.
    pub(crate) plan_is_empty: Option<bool>,
}

/// One line of the trace. Times are milliseconds from the start.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) at: u64,
    pub(crate) event: Event,
}

#[derive(Debug)]
pub(crate) enum Event {
    Started { run: usize },
    Sent { run: usize, action: &'static str, nonce: String, params: Vec<(String, String)> },
    Replied { run: usize, nonce: String, fate: Fate },
    Did(Deed),
    Ended { run: usize },
}

/// What a client sees of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered { status: u16, code: String },
    Lost,
    NotSent,
}

impl Fate {
    /// Whether the client cannot know what the service did.
    pub(crate) fn is_doubt(&self) -> bool {
        match self {
            Self::Lost => true,
            Self::Answered { status: 500.., code } => !code.starts_with("PayFor"),
            Self::Answered { .. } | Self::NotSent => false,
        }
    }
}

/// One run from its start to its end.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) run: Run,
    /// Whether it is one of the reruns at the end, after everything that goes wrong.
    pub(crate) quiet: bool,
    pub(crate) started: u64,
    pub(crate) ended: u64,
    /// The packages made by hand, as they were at its start.
    pub(crate) by_hand: Vec<Snap>,
    /// The packages of ours at its end.
    pub(crate) at_end: Vec<Snap>,
    pub(crate) said: Said,
}

/// What a run said at its end.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Its exit code; `None` if it was killed.
    pub(crate) code: Option<u8>,
    /// The error message, if it ended early.
    pub(crate) error: String,
    /// The identities that it planned to buy, if it got that far.
    pub(crate) planned: Vec<String>,
    /// Every result that it told.
    pub(crate) results: Vec<ChangeResult>,
    /// What a second signal would have named at that moment.
    pub(crate) in_flight: Vec<String>,
    /// Whether it ended before its summary.
    pub(crate) cut: bool,
}

/// A package at one moment.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "the id is there to be printed")]
pub(crate) struct Snap {
    pub(crate) id: String,
    pub(crate) identity: Option<String>,
    pub(crate) name: String,
    pub(crate) areas: [String; 2],
    pub(crate) mbps: i64,
}

impl Snap {
    /// The packages that pass, at this moment.
    pub(crate) fn of(world: &World, wanted: impl Fn(&Package) -> bool) -> Vec<Self> {
        let snap = |package: &Package| Self {
            id: package.id.clone(),
            identity: package.tag(IDENTITY_TAG).map(str::to_owned),
            name: package.name.clone(),
            areas: [package.area_a.clone(), package.area_b.clone()],
            mbps: package.bandwidth,
        };
        world.packages.iter().filter(|package| wanted(package)).map(snap).collect()
    }
}

impl History {
    /// The trace: one line per event.
    pub(crate) fn trace(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            writeln!(text, "{entry}").expect("writing to a string does not fail");
            if let Event::Ended { run } = entry.event
                && let Some(record) = self.runs.get(run)
            {
                write!(text, "{}", record.said).expect("writing to a string does not fail");
            }
        }
        for order in &self.ledger {
            let Order { package_id, identity, mbps, request, .. } = order;
            writeln!(text, "  ledger: {package_id} {identity:?} {mbps} Mbps by request {request}")
                .expect("writing to a string does not fail");
        }
        text
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9} ms  ", self.at)?;
        match &self.event {
            Event::Started { run } => write!(f, "run {run} starts"),
            Event::Sent { run, action, nonce, params } => {
                write!(f, "run {run} sends {action} {}", &nonce[..6])?;
                let shown = |name: &str| {
                    name == "ClientToken"
                        || name == "Bandwidth"
                        || name == "PageNumber"
                        || name.ends_with(".Value")
                };
                params
                    .iter()
                    .filter(|(name, _)| shown(name))
                    .try_for_each(|(name, value)| write!(f, " {name}={value}"))
            }
            Event::Replied { run, nonce, fate } => write!(f, "run {run} hears of {}: {fate:?}", &nonce[..6]),
            Event::Did(deed) => write!(f, "somebody: {:?}", deed.what),
            Event::Ended { run } => write!(f, "run {run} ends"),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("killed".to_owned(), |code| format!("exit {code}"));
        writeln!(f, "{:14}{code} {} in flight {:?}", "", self.error, self.in_flight)?;
        for result in &self.results {
            let id = result.id.as_ref().map_or("-", |id| id.as_str());
            let detail = result.detail.as_deref().unwrap_or_default();
            writeln!(f, "{:14}{} {} {id} {detail}", "", result.identity, result.outcome.word())?;
        }
        Ok(())
    }
}
