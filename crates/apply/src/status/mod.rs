//! What is live, who owns it, and what is due: one row per package.
//!
//! The planner decides; this only tells, for every package, where it stands in the plan. `table` lays the
//! rows out.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{Business, Change, FieldChange, HeldReason, Live, Owner, WarningKind, neutral};
use cenbwp_spec::{Identity, Manage, PackageId};
use jiff::Timestamp;

use crate::planned::Planned;

/// The account's packages, each with its state.
#[derive(Debug)]
pub struct Status<'a> {
    /// The rows: those with an identity first, by identity, then by id.
    pub rows: Vec<Row<'a>>,
    /// How many packages of others are not among the rows.
    pub unlisted: usize,
    /// When it was looked.
    pub now: Timestamp,
}

/// One package, live or declared.
#[derive(Debug)]
pub struct Row<'a> {
    /// Whose it is, or would be.
    pub identity: Option<Identity>,
    /// Which package; `None` if there is none, or its id could not be read.
    pub id: Option<PackageId>,
    /// The package as listed.
    pub live: Option<&'a Live>,
    /// Where it stands.
    pub state: State<'a>,
    /// What should be known of it, in a fixed order.
    pub alerts: Vec<Alert>,
    /// Whether its end matters to somebody: not that of packages that are meant to end, or of others.
    pub wanted: bool,
}

/// Where a package stands. The words are [`State::word`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// Declared, there, and equal.
    AsDeclared,
    /// Declared and there; these fields differ, each once.
    Differs(BTreeSet<&'static str>),
    /// Declared and not there.
    Missing,
    /// Declared to be taken over.
    ToAdopt,
    /// Declared to be let go.
    ToRelease,
    /// Declared to be ended.
    ToRetire,
    /// Declared, and a change of it is refused.
    Held(&'a HeldReason),
    /// Let go or ended, and nothing is left to do.
    Finished,
    /// Carries a declared stack's tag and is not declared.
    Undeclared,
    /// An older generation of a declared package.
    Superseded,
    /// Carries an owner's tag; no spec was given.
    Owned,
    /// Of nobody here.
    Unmanaged,
    /// Could not be read, or not whose it is; and why.
    Unreadable(String),
}

impl State<'_> {
    /// Every word, in the order of the summary.
    pub const WORDS: [&'static str; 13] = [
        "as_declared",
        "differs",
        "missing",
        "to_adopt",
        "to_release",
        "to_retire",
        "held",
        "finished",
        "undeclared",
        "superseded",
        "owned",
        "unmanaged",
        "unreadable",
    ];

    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        let at = match self {
            Self::AsDeclared => 0,
            Self::Differs(_) => 1,
            Self::Missing => 2,
            Self::ToAdopt => 3,
            Self::ToRelease => 4,
            Self::ToRetire => 5,
            Self::Held(_) => 6,
            Self::Finished => 7,
            Self::Undeclared => 8,
            Self::Superseded => 9,
            Self::Owned => 10,
            Self::Unmanaged => 11,
            Self::Unreadable(_) => 12,
        };
        Self::WORDS[at]
    }
}

/// Something that should be known of a live package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// `expiring`, `expired`, `locked` or `reserved`.
    pub word: &'static str,
    /// The same for people, on one line and neutral.
    pub text: String,
}

impl<'a> Status<'a> {
    /// Tells of every package where it stands. A spec without stacks means that no spec was given: then
    /// only tags tell who owns what. `all` lists the packages of others too.
    pub fn of(planned: &'a Planned, all: bool) -> Self {
        let mut rows = Rows::new(planned);
        rows.planned();
        rows.strays();
        let mut status = Self { rows: rows.rows, unlisted: 0, now: planned.options.now };
        if !all {
            let before = status.rows.len();
            status.rows.retain(|row| row.state != State::Unmanaged);
            status.unlisted = before - status.rows.len();
        }
        let key =
            |row: &Row<'_>| (row.identity.is_none(), row.identity.clone(), row.id.is_none(), row.id.clone());
        status.rows.sort_by_cached_key(key);
        status
    }

    /// Tells whether a package that somebody counts on ends soon, or has ended.
    pub fn is_expiring(&self) -> bool {
        let ends = |row: &Row<'_>| row.alerts.iter().any(|alert| alert.word.starts_with("expir"));
        self.rows.iter().any(|row| row.wanted && ends(row))
    }

    /// How many packages are in each state, those that are not listed included; states without any are
    /// left out.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let count = |word: &'static str| {
            let listed = self.rows.iter().filter(|row| row.state.word() == word).count();
            (word, if word == State::Unmanaged.word() { listed + self.unlisted } else { listed })
        };
        State::WORDS.into_iter().map(count).filter(|(_, count)| *count > 0).collect()
    }
}

/// Rows under construction.
struct Rows<'a> {
    planned: &'a Planned,
    by_id: BTreeMap<&'a PackageId, &'a Live>,
    carriers: BTreeMap<Identity, Vec<&'a Live>>,
    told: BTreeSet<&'a PackageId>,
    rows: Vec<Row<'a>>,
}

impl<'a> Rows<'a> {
    fn new(planned: &'a Planned) -> Self {
        let packages = &planned.situation.observed.packages;
        let mut carriers: BTreeMap<Identity, Vec<&Live>> = BTreeMap::new();
        for live in packages {
            if let Owner::Identity(identity) = live.owner() {
                carriers.entry(identity).or_default().push(live);
            }
        }
        let by_id = packages.iter().map(|live| (&live.id, live)).collect();
        Self { planned, by_id, carriers, told: BTreeSet::new(), rows: Vec::new() }
    }

    /// What is declared, and what carries a declared stack's tag.
    fn planned(&mut self) {
        let plan = &self.planned.plan;
        for change in &plan.changes {
            let (id, state) = match change {
                Change::Purchase(_) => (None, State::Missing),
                Change::Update(it) => {
                    let fields = it.fields.iter().map(|change: &FieldChange| change.field().as_str());
                    (Some(&it.id), State::Differs(fields.collect()))
                }
                Change::Adopt(it) => (Some(&it.id), State::ToAdopt),
                Change::Release(it) => (Some(&it.id), State::ToRelease),
                Change::Retire(it) => (Some(&it.id), State::ToRetire),
            };
            self.add(Some(change.identity().clone()), id, state);
        }
        for held in &plan.held {
            let carriers: Vec<&PackageId> =
                self.carriers.get(&held.identity).into_iter().flatten().map(|live| &live.id).collect();
            for id in &carriers {
                self.add(Some(held.identity.clone()), Some(id), State::Held(&held.reason));
            }
            if carriers.is_empty() {
                let id = self.to_adopt(&held.identity);
                self.add(Some(held.identity.clone()), id, State::Held(&held.reason));
            }
        }
        for (address, id) in &plan.in_sync {
            let identity = self.planned.spec.get(address).map(cenbwp_spec::Package::identity);
            self.add(identity, Some(id), State::AsDeclared);
        }
        for it in &plan.undeclared {
            self.add(Some(it.identity.clone()), Some(&it.id), State::Undeclared);
        }
        for it in &plan.superseded {
            self.add(Some(it.identity.clone()), Some(&it.id), State::Superseded);
        }
        let carried: BTreeSet<Identity> = self.rows.iter().filter_map(|row| row.identity.clone()).collect();
        for warning in plan.warnings.iter().filter(|warning| !carried.contains(&warning.identity)) {
            let state = match warning.kind {
                WarningKind::NothingToObserve => State::Missing,
                WarningKind::EntryCanGo => State::Finished,
                _ => continue,
            };
            self.add(Some(warning.identity.clone()), None, state);
        }
    }

    /// The listed package without an owner that a spec wants to take over for this identity.
    fn to_adopt(&self, identity: &Identity) -> Option<&'a PackageId> {
        let id = self.planned.spec.get(&identity.address)?.adopt.as_ref()?;
        let live = self.by_id.get(id).filter(|live| live.owner() == Owner::Nobody)?;
        Some(&live.id)
    }

    /// Everything else that was listed.
    fn strays(&mut self) {
        let planned = self.planned;
        for item in &planned.situation.observed.unreadable {
            self.add(None, item.id.as_ref(), State::Unreadable(neutral(&item.reason).into_owned()));
        }
        let specless = planned.spec.stacks.is_empty();
        for live in &planned.situation.observed.packages {
            if self.told.contains(&live.id) {
                continue;
            }
            let (identity, state) = match live.owner() {
                Owner::Nobody => (None, State::Unmanaged),
                Owner::Identity(identity) if specless => (Some(identity), State::Owned),
                Owner::Identity(identity) => (Some(identity), State::Unmanaged),
                Owner::Malformed(tag) => {
                    let reason = format!("its tag {} is {tag:?}, which names nobody", Identity::TAG);
                    (None, State::Unreadable(neutral(&reason).into_owned()))
                }
            };
            self.add(identity, Some(&live.id), state);
        }
    }

    fn add(&mut self, identity: Option<Identity>, id: Option<&'a PackageId>, state: State<'a>) {
        self.told.extend(id);
        let live = id.and_then(|id| self.by_id.get(id).copied());
        let retiring = identity.as_ref().is_some_and(|identity| {
            self.planned.spec.get(&identity.address).is_some_and(|package| package.manage == Manage::Retire)
        });
        let wanted = match state {
            State::AsDeclared | State::Differs(_) | State::Held(_) => !retiring,
            State::ToAdopt | State::Undeclared | State::Owned => true,
            State::ToRelease | State::ToRetire | State::Finished | State::Superseded => false,
            State::Missing | State::Unmanaged | State::Unreadable(_) => false,
        };
        let alerts = live.map(|live| alerts(live, self.planned)).unwrap_or_default();
        self.rows.push(Row { identity, id: id.cloned(), live, state, alerts, wanted });
    }
}

/// What should be known of a live package, whoever owns it.
fn alerts(live: &Live, planned: &Planned) -> Vec<Alert> {
    let options = &planned.options;
    let soon = options.now.saturating_add(options.expiring_within).unwrap_or(Timestamp::MAX);
    let mut alerts = Vec::new();
    let mut alert = |word, text: String| alerts.push(Alert { word, text });
    match live.expires {
        Some(end) if end <= options.now => alert("expired", format!("expired {}", minutes(end))),
        Some(end) if end <= soon => alert("expiring", format!("expires {}", minutes(end))),
        _ => {}
    }
    if let Business::Locked(word) = &live.business {
        alert("locked", format!("locked: {}", neutral(word)));
    }
    if let Some(reservation) = &live.reservation
        && let Some(bandwidth) = reservation.bandwidth.filter(|bandwidth| *bandwidth != live.bandwidth)
    {
        let at = reservation.at.map_or_else(|| "later".to_owned(), |at| format!("from {}", minutes(at)));
        alert("reserved", format!("{bandwidth} {at}"));
    }
    alerts
}

/// A time in the service's own form.
fn minutes(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%MZ").to_string()
}
