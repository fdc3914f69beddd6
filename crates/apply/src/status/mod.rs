//! The status: one row per package, with its owner, its state and its alerts.
//!
//! The planner decides; this module only looks up the state of every package in the plan. `table` lays out
//! the rows for a terminal, `page` for every other reader.

mod page;
mod table;

pub(crate) use page::Obstacle;
pub(crate) use table::{Layout, charge, renewal_months, renews, tags, until, words};

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{
    BusinessStatus, Change, FieldChange, HELD_CHANGE, HeldReason, Live, Owner, SUPERSEDED, UNDECLARED,
    WarningKind, neutral, when,
};
use cenbwp_spec::{Address, Explanation, Identity, Manage, PackageId};
use jiff::Timestamp;

use crate::catalogue;
use crate::planned::Planned;

/// The account's packages, each with its state.
#[derive(Debug)]
pub(crate) struct Status<'a> {
    /// The rows: the next to end first, those without an end last, then by identity and id.
    pub rows: Vec<Row<'a>>,
    /// The states of packages of others that have no row.
    unlisted: Vec<State<'a>>,
    pub now: Timestamp,
}

/// One package, live or declared.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    /// The identity that the package has or would get.
    pub identity: Option<Identity>,
    /// The package's id; `None` if there is no package, or its id could not be read.
    pub id: Option<PackageId>,
    /// The package as listed.
    pub live: Option<&'a Live>,
    pub state: State<'a>,
    /// The alerts about it, in a fixed order.
    pub alerts: Vec<Alert>,
    /// True to warn before it expires: not for packages that are meant to end, or that belong to others.
    pub wanted: bool,
}

impl Row<'_> {
    /// Returns true if it ends soon, or has ended.
    pub(crate) fn ends(&self) -> bool {
        self.alerts.iter().any(Alert::ends)
    }

    /// Returns the alerts that do not depend on the time of the run.
    pub(crate) fn lasting_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|alert| !alert.ends())
    }

    fn is_about(&self, targets: &BTreeSet<Address>) -> bool {
        let Some(Identity { address, .. }) = &self.identity else { return false };
        let of_stack = || targets.iter().any(|target| target.stack == address.stack);
        targets.contains(address) || self.state == State::Undeclared && of_stack()
    }
}

/// The state of a package. [`State::as_str`] returns its stable word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State<'a> {
    /// Declared and live; all fields are equal.
    AsDeclared,
    /// Declared and live; these fields differ, each named once.
    Differs(BTreeSet<&'static str>),
    /// Declared and not live.
    Missing,
    /// Declared with `adopt`, and not yet adopted.
    ToAdopt,
    /// Declared with `movedFrom`, and not yet moved.
    ToMove,
    /// Declared with `manage: release`, and not yet released.
    ToRelease,
    /// Declared with `manage: retire`, and not yet retired.
    ToRetire,
    /// Retired as far as the service allows: detached, and left to expire.
    Retiring,
    /// Declared; its change is held.
    Held(&'a HeldReason),
    /// Released or retired; nothing is left to do.
    Finished,
    /// Has a declared stack's tag and is not declared.
    Undeclared,
    /// An older generation of a declared package.
    Superseded,
    /// Has an owner's tag; no spec was given.
    Owned,
    /// Owned by a stack that the spec does not declare.
    OtherStack,
    /// Without an owner.
    Unmanaged,
    /// The item or its owner could not be read, for this reason.
    Unreadable(String),
}

impl State<'_> {
    /// The explanations of all states, in the order of the summary.
    const ORDER: [&'static Explanation; 16] = [
        &catalogue::AS_DECLARED,
        &catalogue::DIFFERS,
        &catalogue::MISSING,
        &catalogue::TO_ADOPT,
        &catalogue::TO_MOVE,
        &catalogue::TO_RELEASE,
        &catalogue::TO_RETIRE,
        &catalogue::LEFT_TO_EXPIRE,
        &HELD_CHANGE,
        &catalogue::FINISHED,
        &UNDECLARED,
        &SUPERSEDED,
        &catalogue::OWNED,
        &catalogue::OTHER_STACK,
        &catalogue::UNMANAGED,
        &catalogue::UNREADABLE,
    ];

    /// Its explanation.
    pub(crate) fn rule(&self) -> &'static Explanation {
        match self {
            Self::AsDeclared => &catalogue::AS_DECLARED,
            Self::Differs(_) => &catalogue::DIFFERS,
            Self::Missing => &catalogue::MISSING,
            Self::ToAdopt => &catalogue::TO_ADOPT,
            Self::ToMove => &catalogue::TO_MOVE,
            Self::ToRelease => &catalogue::TO_RELEASE,
            Self::ToRetire => &catalogue::TO_RETIRE,
            Self::Retiring => &catalogue::LEFT_TO_EXPIRE,
            Self::Held(_) => &HELD_CHANGE,
            Self::Finished => &catalogue::FINISHED,
            Self::Undeclared => &UNDECLARED,
            Self::Superseded => &SUPERSEDED,
            Self::Owned => &catalogue::OWNED,
            Self::OtherStack => &catalogue::OTHER_STACK,
            Self::Unmanaged => &catalogue::UNMANAGED,
            Self::Unreadable(_) => &catalogue::UNREADABLE,
        }
    }

    /// Returns the stable word for the state.
    pub(crate) fn as_str(&self) -> &'static str {
        self.rule().name
    }
}

/// A fact about a live package that needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    /// `expiring`, `expired`, `locked` or `reserved`.
    pub word: &'static str,
    /// The text for people, on one line and neutral.
    pub text: String,
}

impl Alert {
    /// Returns true if it says that the package ends soon, or has ended.
    fn ends(&self) -> bool {
        self.word.starts_with("expir")
    }
}

impl<'a> Status<'a> {
    /// Returns the state of every package. A spec without stacks means that no spec was given: then only the
    /// tags name the owners. With `all`, packages of others are listed, too; with a selection, only packages of
    /// the selected keys and what the selected stacks no longer declare.
    pub(crate) fn of(planned: &'a Planned, all: bool) -> Self {
        let mut rows = Rows::new(planned);
        rows.planned();
        rows.strays();
        let mut rows = rows.rows;
        let targets = planned.options.targets.as_ref();
        if let Some(targets) = targets {
            rows.retain(|row| row.is_about(targets));
        }
        let all = all || targets.is_some();
        let is_listed = |row: &Row<'_>| all || !matches!(row.state, State::OtherStack | State::Unmanaged);
        let (mut rows, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_listed);
        rows.sort_by_cached_key(|row| {
            let end = row.live.and_then(|live| live.expires);
            let (identity, id) = (row.identity.clone(), row.id.clone());
            (end.is_none(), end, identity.is_none(), identity, id.is_none(), id)
        });
        let unlisted = others.into_iter().map(|row| row.state).collect();
        Self { rows, unlisted, now: planned.options.now }
    }

    /// Returns the number of wanted packages that expire soon, or have expired.
    pub(crate) fn expiring(&self) -> usize {
        self.rows.iter().filter(|row| row.wanted && row.ends()).count()
    }

    /// Returns the number of packages in each state, those without a row included. States without packages
    /// are left out.
    pub(crate) fn counts(&self) -> Vec<(&'static str, usize)> {
        let states = || self.rows.iter().map(|row| &row.state).chain(&self.unlisted);
        let count = |word: &'static str| (word, states().filter(|state| state.as_str() == word).count());
        State::ORDER.into_iter().map(|rule| count(rule.name)).filter(|(_, count)| *count > 0).collect()
    }
}

/// Rows under construction.
struct Rows<'a> {
    planned: &'a Planned,
    by_id: BTreeMap<&'a PackageId, &'a Live>,
    carriers: BTreeMap<Identity, Vec<&'a Live>>,
    shown: BTreeSet<&'a PackageId>,
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
        Self { planned, by_id, carriers, shown: BTreeSet::new(), rows: Vec::new() }
    }

    /// Adds the declared packages, and those with a declared stack's tag.
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
                Change::Move(it) => (Some(&it.id), State::ToMove),
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
        let retiring = plan.warnings.iter().filter(|it| matches!(it.kind, WarningKind::Retiring { .. }));
        let retiring: BTreeSet<&Identity> = retiring.map(|warning| &warning.identity).collect();
        for (address, id) in &plan.in_sync {
            let identity = self.planned.spec.get(address).map(cenbwp_spec::Package::identity);
            let is_retiring = identity.as_ref().is_some_and(|identity| retiring.contains(identity));
            self.add(identity, Some(id), if is_retiring { State::Retiring } else { State::AsDeclared });
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

    /// Returns the listed package without an owner that the spec adopts for this identity.
    fn to_adopt(&self, identity: &Identity) -> Option<&'a PackageId> {
        let id = self.planned.spec.get(&identity.address)?.adopt.as_ref()?;
        let live = self.by_id.get(id).filter(|live| live.owner() == Owner::Nobody)?;
        Some(&live.id)
    }

    /// Adds everything else in the listing.
    fn strays(&mut self) {
        let planned = self.planned;
        for item in &planned.situation.observed.unreadable {
            self.add(None, item.id.as_ref(), State::Unreadable(neutral(&item.reason).into_owned()));
        }
        let specless = planned.spec.stacks.is_empty();
        for live in &planned.situation.observed.packages {
            if self.shown.contains(&live.id) {
                continue;
            }
            let (identity, state) = match live.owner() {
                Owner::Nobody => (None, State::Unmanaged),
                Owner::Identity(identity) if specless => (Some(identity), State::Owned),
                Owner::Identity(identity) => (Some(identity), State::OtherStack),
                Owner::Malformed(tag) => {
                    let reason = format!("its tag {} is {tag:?}, which is not STACK/PACKAGE", Identity::TAG);
                    (None, State::Unreadable(neutral(&reason).into_owned()))
                }
            };
            self.add(identity, Some(&live.id), state);
        }
    }

    fn add(&mut self, identity: Option<Identity>, id: Option<&'a PackageId>, state: State<'a>) {
        self.shown.extend(id);
        let live = id.and_then(|id| self.by_id.get(id).copied());
        let retiring = identity.as_ref().is_some_and(|identity| {
            self.planned.spec.get(&identity.address).is_some_and(|package| package.manage == Manage::Retire)
        });
        let wanted = match state {
            State::AsDeclared | State::Differs(_) | State::Held(_) => !retiring,
            State::ToAdopt | State::ToMove | State::Undeclared | State::Owned => true,
            State::ToRelease | State::ToRetire | State::Retiring | State::Finished | State::Superseded => {
                false
            }
            State::Missing | State::OtherStack | State::Unmanaged | State::Unreadable(_) => false,
        };
        let alerts = live.map(|live| alerts(live, self.planned)).unwrap_or_default();
        self.rows.push(Row { identity, id: id.cloned(), live, state, alerts, wanted });
    }
}

/// Returns the alerts about a live package, of any owner.
fn alerts(live: &Live, planned: &Planned) -> Vec<Alert> {
    let options = &planned.options;
    let soon = options.now.saturating_add(options.expiring_within).unwrap_or(Timestamp::MAX);
    let mut alerts = Vec::new();
    let mut alert = |word, text: String| alerts.push(Alert { word, text });
    match live.expires {
        Some(end) if end <= options.now => alert("expired", format!("expired {}", when(end))),
        Some(end) if end <= soon => alert("expiring", format!("expires {}", when(end))),
        _ => {}
    }
    if let BusinessStatus::Locked(word) = &live.business {
        alert("locked", format!("locked: {}", neutral(word)));
    }
    if let Some(reservation) = &live.reservation
        && let Some(bandwidth) = reservation.bandwidth.filter(|bandwidth| *bandwidth != live.bandwidth)
    {
        let at = reservation.at.map_or_else(|| "later".to_owned(), |at| format!("from {}", when(at)));
        alert("reserved", format!("{bandwidth} {at}"));
    }
    alerts
}
