//! A history: the events that an outsider with a stopwatch sees.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use cenbwp::execute::{ChangeResult, FieldResult};
use cenbwp_tests::{Logged, Order, Package, TokenRecord};

use crate::bills::{Bill, NEITHER};
use crate::schedule::{Action, Deed, Run, What};

/// Everything that the oracle knows.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The events, in order.
    pub(crate) entries: Vec<Entry>,
    /// The runs: those of the schedule by their numbers there, then the quiet reruns at the end.
    pub(crate) runs: Vec<Record>,
    /// The emulator's ledger at the end.
    pub(crate) ledger: Vec<Order>,
    /// Every request that reached the emulator.
    pub(crate) requests: Vec<Logged>,
    /// The state of each token that the service remembers.
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
        /// The package and the order that the reply to a successful purchase names.
        bought: Option<(String, String)>,
    },
    /// A page of the listing arrived.
    Showed {
        run: usize,
        page: Page,
    },
    /// A request for rows of the billing service ended, with a reply or without.
    Billed {
        run: usize,
        nonce: String,
        /// The packages that it asked for.
        asked: Vec<String>,
        /// The rows of the reply that are clear, if there was one.
        bills: BTreeMap<String, Bill>,
    },
    /// A signal, the first or the second, whether the run heeds it or not.
    Signalled {
        run: usize,
    },
    /// The progress that a second signal has to read is locked while the run prints.
    Locked {
        run: usize,
    },
    /// The run reports that a request for this identity is about to leave.
    Intends {
        run: usize,
        identity: String,
    },
    /// The report that a second signal would give from now on, and the exit code that it would end with.
    Stands {
        run: usize,
        results: Vec<ChangeResult>,
        code: u8,
    },
    Did(Deed),
    /// A package changed: by a request, by time or by a person.
    Became {
        id: String,
        now: Option<Box<Package>>,
        request: Option<u64>,
    },
    Ended {
        run: usize,
    },
}

/// A page of a listing, as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The packages and their identities.
    pub(crate) packages: Vec<(String, Option<String>)>,
    /// True if this one page is the whole listing, and all of it can be read.
    pub(crate) is_whole: bool,
    /// True if an item cannot be read: it may be any package.
    pub(crate) has_unreadable: bool,
}

/// The fate of a request, as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered { status: u16, code: String },
    Lost,
    NotSent,
}

impl Fate {
    pub(crate) fn is_yes(&self) -> bool {
        matches!(self, Self::Answered { status: 200, code } if code.is_empty())
    }

    /// Reports whether the client cannot know what the service did.
    pub(crate) fn is_doubt(&self) -> bool {
        match self {
            Self::Lost => true,
            Self::NotSent => false,
            Self::Answered { status, code } => {
                let unclear = What::leaves_doubt(*status, code) || code == NEITHER;
                !self.is_yes() && !is_listed(code) && unclear
            }
        }
    }

    /// Reports whether the reply proves that the request did nothing, nor an earlier one with its token.
    pub(crate) fn is_no(&self) -> bool {
        match self {
            Self::NotSent => true,
            Self::Answered { code, .. } => {
                !self.is_yes() && !self.is_doubt() && !code.starts_with("Idempotent")
            }
            Self::Lost => false,
        }
    }

    /// Reports whether the service refuses because the value is so already.
    pub(crate) fn is_so_already(&self) -> bool {
        const CODES: [&str; 2] = ["Operation.Failed", "OperationFailed.UpDownRadeConfigNoChange"];
        matches!(self, Self::Answered { code, .. } if CODES.contains(&code.as_str()))
    }

    /// Reports whether the same request may succeed a moment later.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::NotSent => true,
            Self::Answered { code, .. } => code.starts_with("Throttling"),
            Self::Lost => false,
        }
    }
}

/// Reports whether a code proves by itself, at any status, that nothing was done.
fn is_listed(code: &str) -> bool {
    const LISTED: [&str; 6] =
        ["PayFor", "Throttling", "Idempotent", "Forbidden.RAM", "Operation.Blocking", "InvalidSecurityToken"];
    LISTED.iter().any(|family| code.starts_with(family))
}

/// One run from its start to its end.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) run: Run,
    /// True for the reruns at the end, after everything that goes wrong.
    pub(crate) quiet: bool,
    pub(crate) started: u64,
    pub(crate) ended: u64,
    pub(crate) said: Said,
    /// The plan right after a quiet run, if anything is left to do; else empty.
    pub(crate) left: String,
}

/// The report of a run at its end.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Its exit code; `None` if it was killed.
    pub(crate) code: Option<u8>,
    /// The error message, if it ended early.
    pub(crate) error: String,
    /// The planned changes, by identity and action, if the run got that far.
    pub(crate) planned: Vec<(String, &'static str)>,
    /// Every result that it reported.
    pub(crate) results: Vec<ChangeResult>,
    /// True if it ended before every planned change had a result: it was killed, or got a second signal.
    pub(crate) cut: bool,
    /// True if it ended with a summary.
    pub(crate) summary: bool,
}

impl History {
    /// The number of requests of a run for each operation.
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
            Event::Replied { run, nonce, fate, bought } => {
                write!(f, "run {run} hears of {}: {fate:?}", &nonce[..6])?;
                bought.iter().try_for_each(|(id, order)| write!(f, " {id} by order {order}"))
            }
            Event::Showed { run, page } => write!(f, "run {run} sees {page:?}"),
            Event::Billed { run, asked, bills, .. } => {
                write!(f, "run {run} asked for bills of {asked:?}: {bills:?}")
            }
            Event::Signalled { run } => write!(f, "run {run} gets a signal"),
            Event::Locked { run } => write!(f, "run {run} prints and holds a lock"),
            Event::Intends { run, identity } => write!(f, "run {run} says that it sends for {identity}"),
            Event::Stands { run, results, code } => {
                write!(f, "run {run} would end with {code}:")?;
                results.iter().try_for_each(|result| write!(f, " {}", brief(result)))
            }
            Event::Did(deed) => write!(f, "somebody: {:?}", deed.what),
            Event::Became { id, now: None, .. } => write!(f, "{id} is gone"),
            Event::Became { id, now: Some(package), .. } => {
                let tags: Vec<String> =
                    package.tags.iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect();
                let Package { name, description, bandwidth, cen_ids, resource_group_id, .. } = &**package;
                let given = package.given();
                let renews = package.renewal.months.unwrap_or(0);
                let tags = tags.join(" ");
                write!(
                    f,
                    "{id} is {bandwidth} Mbps ({given} used) {name:?} {description:?} {cen_ids:?} {resource_group_id} renews {renews} {tags}"
                )
            }
            Event::Ended { run } => write!(f, "run {run} ends"),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("killed".to_owned(), |code| format!("exit {code}"));
        writeln!(f, "{:14}{code} {}", "", self.error)?;
        for result in &self.results {
            let id = result.id.as_ref().map_or("-", |id| id.as_str());
            let detail = result.detail.as_deref().unwrap_or_default();
            writeln!(f, "{:14}{} {} {id} {detail}", "", result.identity, result.outcome.as_str())?;
            for FieldResult { field, outcome, detail } in &result.fields {
                let detail = detail.as_deref().unwrap_or_default();
                writeln!(f, "{:18}{field} {} {detail}", "", outcome.as_str())?;
            }
        }
        Ok(())
    }
}

/// Renders a result in a few words.
pub(crate) fn brief(result: &ChangeResult) -> String {
    let id = result.id.as_ref().map_or("-", |id| id.as_str());
    let order = result.order_id.as_deref().unwrap_or("-");
    let mbps = result.mbps.map_or("-".to_owned(), |mbps| mbps.0.to_string());
    let fields: Vec<String> =
        result.fields.iter().map(|field| format!("{} {}", field.field, field.outcome.as_str())).collect();
    let (identity, action, outcome) = (&result.identity, result.action, result.outcome.as_str());
    format!("[{identity} {action} {outcome} {id} order {order} {mbps} Mbps {}]", fields.join(", "))
}

/// Returns the identity in the tags of a purchase; empty if there is none.
pub(crate) fn tag_in(params: &[(String, String)]) -> String {
    let key = params.iter().find(|(name, value)| name.ends_with(".Key") && value == "cenbwp");
    let value = key.and_then(|(name, _)| {
        let value = name.replace(".Key", ".Value");
        params.iter().find(|(other, _)| *other == value)
    });
    value.map(|(_, value)| value.clone()).unwrap_or_default()
}
