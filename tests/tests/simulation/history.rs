//! What happened, as an outsider with a stopwatch sees it.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use cenbwp::execute::{ChangeResult, FieldResult};
use cenbwp_tests::{Logged, Order, Package, TokenRecord};

use crate::schedule::{Action, Deed, Run};

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
}

/// One line of the trace. Times are milliseconds from the start.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) at: u64,
    pub(crate) event: Event,
}

#[derive(Debug)]
pub(crate) enum Event {
    Started {
        run: usize,
    },
    Sent {
        run: usize,
        action: &'static str,
        nonce: String,
        params: Vec<(String, String)>,
    },
    Replied {
        run: usize,
        nonce: String,
        fate: Fate,
    },
    Did(Deed),
    /// A package is another one than before; by a request, or by time or a person.
    Became {
        id: String,
        now: Option<Box<Package>>,
        request: Option<u64>,
    },
    Ended {
        run: usize,
    },
}

/// What a client sees of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered { status: u16, code: String },
    Lost,
    NotSent,
}

impl Fate {
    pub(crate) fn is_yes(&self) -> bool {
        matches!(self, Self::Answered { status: 200, .. })
    }

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
    pub(crate) said: Said,
    /// What the plan has to do right after a quiet run; empty if nothing.
    pub(crate) left: String,
}

/// What a run said at its end.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Its exit code; `None` if it was killed.
    pub(crate) code: Option<u8>,
    /// The error message, if it ended early.
    pub(crate) error: String,
    /// Whose change and which it planned, if it got that far.
    pub(crate) planned: Vec<(String, &'static str)>,
    /// Every result that it told.
    pub(crate) results: Vec<ChangeResult>,
    /// What a second signal would have named at that moment: whose request, and which package it was about.
    pub(crate) in_flight: Vec<(String, Option<String>)>,
    /// Whether it ended before its summary.
    pub(crate) cut: bool,
}

impl History {
    /// How often a run asked for each operation.
    pub(crate) fn calls(&self, n: usize) -> BTreeMap<Action, u64> {
        let mut calls = BTreeMap::new();
        for entry in &self.entries {
            if let Event::Sent { run, action, .. } = &entry.event
                && let Some(action) = Action::named(action).filter(|_| *run == n)
            {
                *calls.entry(action).or_default() += 1;
            }
        }
        calls
    }

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
                let create = Action::Create.name();
                let shown = |name: &str| match name {
                    "PageNumber" => true,
                    "PageSize" | "IncludeReservationData" | "ResourceType" => false,
                    _ => *action != create || matches!(name, "ClientToken" | "Bandwidth" | "Tag.1.Value"),
                };
                params
                    .iter()
                    .filter(|(name, _)| shown(name))
                    .try_for_each(|(name, value)| write!(f, " {name}={value}"))
            }
            Event::Replied { run, nonce, fate } => write!(f, "run {run} hears of {}: {fate:?}", &nonce[..6]),
            Event::Did(deed) => write!(f, "somebody: {:?}", deed.what),
            Event::Became { id, now: None, .. } => write!(f, "{id} is gone"),
            Event::Became { id, now: Some(package), .. } => {
                let tags: Vec<String> =
                    package.tags.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect();
                let Package { name, description, bandwidth, cen_ids, resource_group_id, .. } = &**package;
                let tags = tags.join(" ");
                write!(
                    f,
                    "{id} is {bandwidth} Mbps {name:?} {description:?} {cen_ids:?} {resource_group_id} {tags}"
                )
            }
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
            for FieldResult { field, outcome, detail } in &result.fields {
                let detail = detail.as_deref().unwrap_or_default();
                writeln!(f, "{:18}{field} {} {detail}", "", outcome.word())?;
            }
        }
        Ok(())
    }
}
