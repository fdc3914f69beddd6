//! The event stream: one object per line, the summary always last.

use cenbwp_diff::{Held, NewMbps, Observed, Plan};
use cenbwp_spec::{AccountId, Address, Area, CenId, Finding, Identity, PackageId, Source};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cloud::{Caller, ClientToken};
use crate::execute::ChangeResult;
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
    /// Something has to change. A purchase has no package before it.
    Change {
        address: &'a Address,
        action: &'static str,
        before: Value,
        after: Value,
    },
    /// A change is refused. The reason is a stable word; message and hint are for people.
    Held {
        address: &'a Address,
        reason: &'static str,
        message: String,
        hint: String,
    },
    /// A warning about the run, or the reason why it ends early. The severity is `error` or `warning`.
    Diagnostic {
        severity: &'static str,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
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
    cens: Vec<&'a CenId>,
    expires: Option<Timestamp>,
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
            cens: live.map(|live| live.cens.iter().collect()).unwrap_or_default(),
            expires: live.and_then(|live| live.expires),
            warnings: alerts.iter().map(warning).collect(),
        }
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
    pub digest: Option<String>,
    pub applyable: Option<bool>,
    pub exit_code: u8,
    /// The next command for the user.
    pub next: Option<String>,
}

/// The first line of every stream.
pub(crate) const VERSION: Event<'static> =
    Event::Version { cenbwp: env!("CARGO_PKG_VERSION"), format_version: "1.0" };

pub(crate) fn of_plan<'a>(plan: &'a Plan, observed: &'a Observed) -> impl Iterator<Item = Event<'a>> {
    let befores = Befores::new(observed);
    let changes = plan.changes.iter().map(move |change| {
        let address = &change.identity().address;
        let (before, after) = befores.and_after(change);
        Event::Change { address, action: change.as_str(), before, after }
    });
    let held = plan.held.iter().map(|Held { identity, reason }| Event::Held {
        address: &identity.address,
        reason: reason.rule().name,
        message: reason.message(),
        hint: reason.hint(identity),
    });
    let breaches = plan.breaches.iter().map(|breach| Event::Diagnostic {
        severity: "error",
        message: breach.message(),
        hint: Some(breach.hint()),
    });
    let warnings = plan.warnings.iter().map(|warning| Event::Diagnostic {
        severity: "warning",
        message: warning.message(),
        hint: None,
    });
    changes.chain(held).chain(breaches).chain(warnings)
}

/// Returns the counts and the bandwidth of a plan, for the summary.
pub(crate) fn plan_counts(plan: &Plan) -> (Value, NewMbps) {
    let summary = Summary::of(plan);
    (json!(summary), summary.mbps)
}
