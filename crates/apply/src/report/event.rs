//! The event stream: one object per line, the summary always last.

use cenbwp_diff::{Change, Cost, FieldValue, Held, Leftover, LiveRenewal, NewMbps, Plan, Price, Share};
use cenbwp_spec::{
    AccountId, Address, Area, CenId, Finding, Generation, Identity, Mbps, PackageId, Source, StackName,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::catalogue;
use crate::cloud::{Caller, ClientToken};
use crate::execute::ChangeResult;
use crate::planned::Planned;
use crate::planned::document::Summary;
use crate::planned::rows::Befores;
use crate::status::{Alert, Row, State};

/// One line of the stream.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// Always first. The version of the form changes only when readers break.
    Version {
        cenbwp: &'static str,
        format_version: &'static str,
    },
    /// Something is wrong with the spec.
    Finding(FindingLine<'a>),
    /// The account and the caller; before any event about a package.
    Credentials {
        account_id: &'a AccountId,
        credentials: &'a Caller,
    },
    /// One of several saved plans. The events up to the next of this kind, or the summary, are about it.
    Plan {
        file: &'a str,
        account_id: Option<&'a AccountId>,
        stacks: Vec<&'a StackName>,
        digest: &'a str,
        applyable: bool,
    },
    /// Something has to change. A purchase has no package before it.
    Change {
        address: &'a Address,
        action: &'static str,
        before: Value,
        after: Value,
        /// Of a purchase: whether exactly one of its areas is China.
        #[serde(skip_serializing_if = "Option::is_none")]
        cross_border: Option<bool>,
        #[serde(flatten)]
        allocated: AllocatedLine<'a>,
        /// The price of a purchase, where it was asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<&'a Price>,
    },
    /// A change is refused. The reason is a stable word; message and hint are for people.
    Held {
        address: &'a Address,
        reason: &'static str,
        message: String,
        hint: String,
        #[serde(flatten)]
        place: PlaceLine<'a>,
    },
    /// A warning, an exceeded limit, or the reason why the run ends early.
    Diagnostic(DiagnosticLine<'a>),
    /// A live package of a declared stack that the spec does not declare.
    Undeclared(LeftoverLine<'a>),
    /// A live package of an older generation than the declared one.
    Superseded(LeftoverLine<'a>),
    /// A package of a status, with its state.
    Package(PackageLine<'a>),
    /// A request is about to leave. The action is `purchase`, or the operation on the package with this id.
    ChangeStart {
        address: &'a Identity,
        action: &'static str,
        id: Option<&'a PackageId>,
        client_token: Option<&'a ClientToken>,
    },
    ChangeResult(&'a ChangeResult),
    /// The run is still waiting: the changes with an outcome, and the package that has waited longest.
    Progress {
        settled: usize,
        all: usize,
        address: &'a Identity,
        awaits: &'a str,
    },
    /// Always last.
    Summary(SummaryLine),
}

/// A condition for people and for programs, by its stable code.
#[derive(Debug, Serialize)]
pub(crate) struct DiagnosticLine<'a> {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// The name that `cenbwp explain` knows; for an early end, the exit code.
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<&'a Address>,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(flatten)]
    pub place: PlaceLine<'a>,
}

/// The place where a package is declared, if it is known.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PlaceLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

impl<'a> PlaceLine<'a> {
    fn new(planned: &'a Planned, address: &Address) -> Self {
        let place = planned.spec.get(address).map(|package| &package.place);
        let file = place.and_then(|place| planned.sources.get(place.source));
        Self { file: file.map(|file| &*file.name), line: file.and(place).map(|place| place.line) }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct LeftoverLine<'a> {
    address: &'a Address,
    generation: Generation,
    id: &'a PackageId,
    expires: Option<Timestamp>,
}

impl<'a> From<&'a Leftover> for LeftoverLine<'a> {
    fn from(Leftover { identity, id, expires }: &'a Leftover) -> Self {
        Self { address: &identity.address, generation: identity.generation, id, expires: *expires }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct FindingLine<'a> {
    code: &'static str,
    severity: &'static str,
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    expected: Option<&'a str>,
    hint: Option<&'a str>,
}

impl<'a> FindingLine<'a> {
    /// Returns the finding with the name of its file.
    pub(crate) fn new(finding: &'a Finding, sources: &'a [Source]) -> Self {
        Self {
            code: finding.code.as_str(),
            severity: finding.severity.as_str(),
            file: sources.get(finding.place.source).map_or("", |source| &source.name),
            line: finding.place.line,
            column: finding.place.column,
            message: &finding.message,
            expected: finding.expected.as_deref(),
            hint: finding.hint.as_deref(),
        }
    }
}

/// A package of a status as data.
#[derive(Debug, Serialize)]
pub(crate) struct PackageLine<'a> {
    identity: Option<&'a Identity>,
    id: Option<&'a PackageId>,
    state: &'static str,
    fields: Vec<&'static str>,
    /// The reason why a change is refused, or why the item could not be read.
    reason: Option<Value>,
    name: Option<&'a str>,
    areas: Option<[&'a str; 2]>,
    mbps: Option<u32>,
    #[serde(flatten)]
    allocated: AllocatedLine<'a>,
    cens: Vec<&'a CenId>,
    expires: Option<Timestamp>,
    /// The renewal in the fields of the spec, where it was read.
    #[serde(flatten)]
    renewal: Option<FieldValue<'a>>,
    warnings: Vec<Value>,
}

impl<'a> From<&'a Row<'a>> for PackageLine<'a> {
    fn from(row: &'a Row<'a>) -> Self {
        let Row { identity, id, live, state, alerts, wanted: _ } = row;
        let fields =
            if let State::Differs(fields) = state { fields.iter().copied().collect() } else { Vec::new() };
        let reason = match (state, identity) {
            (State::Held(reason), Some(identity)) => Some(json!({
                "reason": reason.rule().name, "message": reason.message(), "hint": reason.hint(identity),
            })),
            (State::Unreadable(message), _) => Some(json!({ "reason": "unreadable", "message": message })),
            _ => None,
        };
        let warning = |alert: &Alert| json!({ "warning": alert.word, "message": alert.text });
        Self {
            identity: identity.as_ref(),
            id: id.as_ref(),
            state: state.as_str(),
            fields,
            reason,
            name: live.map(|live| live.name.as_str()),
            areas: live.map(|live| live.areas.both().map(Area::as_str)),
            mbps: live.map(|live| live.bandwidth.0),
            allocated: live.and_then(|live| live.shares.as_deref()).unwrap_or_default().into(),
            cens: live.map(|live| live.cens.iter().collect()).unwrap_or_default(),
            expires: live.and_then(|live| live.expires),
            renewal: live.and_then(|live| read(&live.renewal)),
            warnings: alerts.iter().map(warning).collect(),
        }
    }
}

/// The bandwidth that regions use; nothing if they use none, or it is not known.
#[derive(Debug, Serialize)]
pub(crate) struct AllocatedLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    allocated_mbps: Option<Mbps>,
    /// Each pair of regions, the one that uses the most first.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    allocated: &'a [Share],
}

impl<'a> From<&'a [Share]> for AllocatedLine<'a> {
    fn from(allocated: &'a [Share]) -> Self {
        Self { allocated_mbps: Some(Share::sum(allocated)).filter(|mbps| mbps.0 > 0), allocated }
    }
}

fn read(renewal: &LiveRenewal) -> Option<FieldValue<'static>> {
    match renewal {
        LiveRenewal::Known(subscription) => Some(FieldValue::Renewal(subscription.renewal)),
        LiveRenewal::NotAsked | LiveRenewal::Unknown(_) => None,
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct SummaryLine {
    /// `validate`, `plan`, `apply` or `status`. For a command line that cannot be parsed, the command that it
    /// names, or `cenbwp`.
    pub command: String,
    /// The numbers of findings, planned changes or outcomes, by kind.
    pub counts: Value,
    /// The bandwidth that the plan adds or the run added.
    #[serde(flatten)]
    pub mbps: NewMbps,
    /// The price of the purchases, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Cost>,
    pub digest: Option<String>,
    pub applyable: Option<bool>,
    pub exit_code: u8,
    /// The next command for the user.
    pub next: Option<String>,
}

/// The first line of every stream.
pub(crate) const VERSION: Event<'static> =
    Event::Version { cenbwp: env!("CARGO_PKG_VERSION"), format_version: "1.0" };

/// Returns every change, held item, condition and leftover of a plan.
pub(crate) fn of_plan(planned: &Planned) -> impl Iterator<Item = Event<'_>> {
    let plan = &planned.plan;
    let befores = Befores::new(&planned.situation.observed);
    let changes = plan.changes.iter().map(move |change| {
        let address = &change.identity().address;
        let (before, after) = befores.and_after(change);
        let allocated = befores.shares(change).into();
        let (cross_border, price) = match change {
            Change::Purchase(it) => (Some(it.areas.is_cross_border()), it.price.as_ref()),
            Change::Update(_)
            | Change::Adopt(_)
            | Change::Move(_)
            | Change::Release(_)
            | Change::Retire(_) => (None, None),
        };
        Event::Change { address, action: change.as_str(), before, after, cross_border, allocated, price }
    });
    let held = plan.held.iter().map(|Held { identity, reason }| Event::Held {
        address: &identity.address,
        reason: reason.rule().name,
        message: reason.message(),
        hint: reason.hint(identity),
        place: PlaceLine::new(planned, &identity.address),
    });
    let breaches = plan.breaches.iter().map(|breach| DiagnosticLine {
        severity: "error",
        code: catalogue::LIMIT_EXCEEDED.name,
        address: None,
        message: breach.message(),
        hint: Some(breach.hint()),
        place: PlaceLine::default(),
    });
    let warnings = plan.warnings.iter().map(|warning| DiagnosticLine {
        severity: "warning",
        code: warning.kind.rule().name,
        address: Some(&warning.identity.address),
        message: warning.message(),
        hint: None,
        place: PlaceLine::new(planned, &warning.identity.address),
    });
    let diagnostics = breaches.chain(warnings).map(Event::Diagnostic);
    let undeclared = plan.undeclared.iter().map(|it| Event::Undeclared(it.into()));
    let superseded = plan.superseded.iter().map(|it| Event::Superseded(it.into()));
    changes.chain(held).chain(diagnostics).chain(undeclared).chain(superseded)
}

/// Returns the counts of a plan, the bandwidth that it adds, and the price of its purchases, for the summary.
pub(crate) fn plan_counts(plan: &Plan) -> (Value, NewMbps, Option<Cost>) {
    let mut summary = Summary::of(plan);
    let price = summary.price.take();
    (json!(summary), summary.mbps, price)
}
