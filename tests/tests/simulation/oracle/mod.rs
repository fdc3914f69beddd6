//! The judge: what an outsider can prove from the ledger, the requests, the packages and what each run said.
//!
//! Nothing here knows how the executor works, which tokens it sends, or why. A rule that has an exception names the
//! one who caused it: a person who changed the packages, or a service that forgets.
//!
//! `money` judges purchases, `changes` the requests that change what exists, `truth` what runs say, `stands` what a
//! second signal would say at any moment, and `end` what is reached; `table` is the decision table, written again.

mod changes;
mod end;
mod money;
mod stands;
mod table;
mod truth;

use std::collections::BTreeMap;

use cenbwp_tests::{IDENTITY_TAG, Order, OrderKind, Outcome, Package};

use crate::history::{Event, Fate, History, Record};
use crate::schedule::{Act, Schedule};

/// What a tool must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Law {
    /// Two orders for one identity.
    AtMostOne,
    /// An order that is not what the run's spec asks for, as a whole.
    AsAsked,
    /// An order although the package, or one that looks like it, was there; or a request repeated in doubt.
    NoPurchaseOnDoubt,
    /// A request after the account was refused.
    EndOfMoney,
    /// A change that the run's spec does not ask for in writing, or of a package that is not its own.
    InWriting,
    /// A change without a token that is sent again without a look.
    NoBlindRepeat,
    /// Two requests of one run at once, for one package or one CEN.
    OneAtATime,
    /// An exit code, or a result, that is not true.
    TellsTheTruth,
    /// A request after a stop, or an end by a signal that is not in order.
    Stops,
    /// A plan of another account or another time that is carried out.
    OfThisPlan,
    /// Done, says the run, and it is not; or refused, and nothing speaks against it.
    Converges,
    /// Unknown for ever.
    NothingAbandoned,
    /// A panic.
    NoPanic,
}

/// A law that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) law: Law,
    pub(crate) what: String,
}

/// Everything that a history proves against the tool.
pub(crate) fn judge(schedule: &Schedule, history: &History) -> Vec<Violation> {
    let mut case = Case::new(schedule, history);
    case.purchases();
    case.changes();
    case.stands();
    for (n, record) in history.runs.iter().enumerate() {
        case.truth(n, record);
        case.of_this_plan(n, record);
        case.done_as_declared(n, record);
    }
    case.reached();
    case.found
}

struct Case<'a> {
    schedule: &'a Schedule,
    history: &'a History,
    /// Which run sent a request that reached the service, by the request's number.
    senders: BTreeMap<u64, usize>,
    /// The nonce of a request that reached the service, by the request's number.
    nonces: BTreeMap<u64, &'a str>,
    /// Where the request with this nonce was sent.
    sent: BTreeMap<&'a str, usize>,
    /// The purchases and the runs that sent the requests that placed them.
    orders: Vec<(usize, &'a Order)>,
    /// What became of each package, in order.
    lives: BTreeMap<&'a str, Vec<Moment<'a>>>,
    /// Where each run's entries begin and end.
    spans: Vec<(usize, usize)>,
    found: Vec<Violation>,
}

/// A package from one entry of the history on.
#[derive(Clone, Copy)]
struct Moment<'a> {
    /// That entry.
    entry: usize,
    /// The run whose request made it so; `None` for a person, or time.
    by: Option<usize>,
    /// That request.
    request: Option<u64>,
    /// `None` if it is gone.
    package: Option<&'a Package>,
}

impl<'a> Case<'a> {
    fn new(schedule: &'a Schedule, history: &'a History) -> Self {
        let mut by_nonce: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sent: BTreeMap<&str, usize> = BTreeMap::new();
        let mut spans = vec![(0, 0); history.runs.len()];
        for (n, entry) in history.entries.iter().enumerate() {
            match &entry.event {
                Event::Sent { run, nonce, .. } => {
                    by_nonce.insert(nonce, *run);
                    sent.insert(nonce, n);
                }
                Event::Started { run } => spans[*run].0 = n,
                Event::Ended { run } => spans[*run].1 = n,
                _ => {}
            }
        }
        let sender = |nonce: &Option<String>| by_nonce.get(nonce.as_deref()?).copied();
        let senders: BTreeMap<u64, usize> =
            history.requests.iter().filter_map(|logged| Some((logged.seq, sender(&logged.nonce)?))).collect();
        let nonces = history.requests.iter();
        let nonces = nonces.filter_map(|logged| Some((logged.seq, logged.nonce.as_deref()?))).collect();
        let bought = history.ledger.iter().filter(|order| order.kind == OrderKind::New);
        let orders = bought.map(|order| (senders[&order.request], order)).collect();
        let mut lives: BTreeMap<&str, Vec<Moment<'_>>> = BTreeMap::new();
        for (entry, what) in history.entries.iter().enumerate() {
            if let Event::Became { id, now, request } = &what.event {
                let by = request.and_then(|request| senders.get(&request).copied());
                lives.entry(id).or_default().push(Moment {
                    entry,
                    by,
                    request: *request,
                    package: now.as_deref(),
                });
            }
        }
        Self { schedule, history, senders, nonces, sent, orders, lives, spans, found: Vec::new() }
    }

    fn find(&mut self, law: Law, what: String) {
        self.found.push(Violation { law, what });
    }

    /// The packages that were there after an entry.
    fn there(&self, entry: usize) -> impl Iterator<Item = &'a Package> {
        self.lives.values().filter_map(move |life| {
            life.iter().take_while(|moment| moment.entry <= entry).last().and_then(|moment| moment.package)
        })
    }

    /// What a package was between two entries, both included. `None` is a package that is not there.
    fn during(&self, id: &str, from: usize, to: usize) -> Vec<Option<&'a Package>> {
        let life = self.lives.get(id).map_or(&[][..], Vec::as_slice);
        let before = life.iter().take_while(|moment| moment.entry <= from).last();
        let within = life.iter().filter(|moment| moment.entry > from && moment.entry <= to);
        let first = before.and_then(|moment| moment.package);
        std::iter::once(first).chain(within.map(|moment| moment.package)).collect()
    }

    /// Tells whether the service refused a request in words that leave no doubt, whatever it did.
    fn is_denied(&self, seq: u64) -> bool {
        let logged = usize::try_from(seq - 1).ok().and_then(|at| self.history.requests.get(at));
        match logged.map(|logged| &logged.outcome) {
            Some(Outcome::Answered { status, code: Some(code) }) => {
                Fate::Answered { status: *status, code: code.clone() }.is_no()
            }
            _ => false,
        }
    }

    /// What requests of a run made of packages, also after its end: the package before and after.
    fn done_by(&self, run: usize) -> impl Iterator<Item = (Option<&'a Package>, Option<&'a Package>)> {
        self.steps()
            .filter(move |(_, after)| after.by == Some(run))
            .filter(|(_, after)| !after.request.is_some_and(|seq| self.is_denied(seq)))
            .map(|(before, after)| (before, after.package))
    }

    /// Every change of every package: what it was, and what it became.
    fn steps(&self) -> impl Iterator<Item = (Option<&'a Package>, Moment<'a>)> {
        self.lives.values().flat_map(|life| {
            (0..life.len()).map(|n| (n.checked_sub(1).and_then(|before| life[before].package), life[n]))
        })
    }

    /// The entry at which the package of an order appeared.
    fn order_entry(&self, order: &Order) -> usize {
        self.lives.get(order.package_id.as_str()).and_then(|life| life.first()).map_or(0, |first| first.entry)
    }

    /// How many deeds of a kind were done between two moments, both included.
    fn deeds(&self, from: u64, to: u64, kind: impl Fn(Act) -> bool) -> usize {
        let done = self.history.entries.iter().filter(|entry| (from..=to).contains(&entry.at));
        done.filter(|entry| matches!(&entry.event, Event::Did(deed) if kind(deed.what))).count()
    }

    /// Tells whether a package of an identity, or one found for its name, was changed while a run went on, by a
    /// person, by time, or by a run of another commit. A purchase is no change.
    fn meddled(&self, n: usize, record: &Record, concerns: impl Fn(&Package) -> bool) -> bool {
        let (from, to) = self.spans[n];
        self.steps().any(|(before, after)| {
            let other = after.by.is_none_or(|run| self.history.runs[run].run.wish != record.run.wish);
            let during = after.entry > from && after.entry <= to;
            other && during && before.is_some_and(|it| concerns(it) || after.package.is_some_and(&concerns))
        })
    }
}

/// The identity that a package carries.
fn owner(package: &Package) -> Option<&str> {
    package.tag(IDENTITY_TAG)
}
