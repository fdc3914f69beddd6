//! The event stream: one object per line, the summary always last.

use cenbwp_diff::{Held, NewMbps, Observed, Plan};
use cenbwp_spec::{AccountId, Area, CenId, Finding, Identity, PackageId, Source};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::document::Summary;
use super::rows::Befores;
use crate::cloud::{Caller, ClientToken};
use crate::execute::{ChangeResult, FieldResult};
use crate::status::{Alert, Row, State};

/// One line of the stream.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Always first.
    Version {
        /// The tool's version.
        cenbwp: &'static str,
        /// The version of this stream: a new one is a break.
        format_version: &'static str,
    },
    /// Something is wrong with the spec.
    Finding(FindingLine<'a>),
    /// Whose packages these are and who asks, before anything is said of them.
    Credentials {
        /// The account.
        account_id: &'a AccountId,
        /// Who asks.
        credentials: &'a Caller,
    },
    /// Something has to change.
    Change {
        /// Which package.
        address: String,
        /// What kind of change.
        action: &'static str,
        /// As it is; null for a purchase.
        before: Value,
        /// As it will be.
        after: Value,
    },
    /// A change is refused.
    Held {
        /// Which package.
        address: String,
        /// The stable word.
        reason: &'static str,
        /// Why.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Something worth knowing, or the reason why a run ends early.
    Diagnostic {
        /// `error` or `warning`.
        severity: &'static str,
        /// What it is.
        message: String,
        /// What to do.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// A package as it stands.
    Package(PackageLine<'a>),
    /// A request is about to leave.
    ChangeStart {
        /// Which package.
        address: String,
        /// `purchase`, or the operation on a package that exists.
        action: &'static str,
        /// That package.
        id: Option<&'a str>,
        /// The token of a purchase.
        client_token: Option<&'a ClientToken>,
    },
    /// What became of a change.
    ChangeResult(ResultLine<'a>),
    /// Still waiting.
    Progress {
        /// Changes with an outcome.
        settled: usize,
        /// All changes.
        all: usize,
        /// The package that has waited longest.
        address: String,
        /// What it waits for.
        awaits: &'a str,
    },
    /// Always last.
    Summary(SummaryLine),
}

/// A finding as data.
#[derive(Debug, Serialize)]
pub struct FindingLine<'a> {
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
    /// The finding, with the name of its file.
    pub fn new(finding: &'a Finding, sources: &'a [Source]) -> Self {
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

/// A result as data.
#[derive(Debug, Serialize)]
pub struct ResultLine<'a> {
    address: String,
    action: &'static str,
    outcome: &'static str,
    id: Option<&'a str>,
    mbps: Option<u32>,
    order_id: Option<&'a str>,
    client_token: Option<&'a ClientToken>,
    request_id: Option<&'a str>,
    error: Option<&'a str>,
    hint: Option<&'a str>,
    fields: Vec<FieldLine<'a>>,
}

/// A field's result as data.
#[derive(Debug, Serialize)]
struct FieldLine<'a> {
    field: &'static str,
    outcome: &'static str,
    error: Option<&'a str>,
}

impl<'a> From<&'a FieldResult> for FieldLine<'a> {
    fn from(FieldResult { field, outcome, detail }: &'a FieldResult) -> Self {
        Self { field, outcome: outcome.as_str(), error: detail.as_deref() }
    }
}

impl<'a> From<&'a ChangeResult> for ResultLine<'a> {
    fn from(result: &'a ChangeResult) -> Self {
        Self {
            address: result.identity.to_string(),
            action: result.action,
            outcome: result.outcome.as_str(),
            id: result.id.as_ref().map(cenbwp_spec::PackageId::as_str),
            mbps: result.mbps.map(|mbps| mbps.0),
            order_id: result.order_id.as_deref(),
            client_token: result.client_token.as_ref(),
            request_id: result.request_id.as_deref(),
            error: result.detail.as_deref(),
            hint: result.hint.as_deref(),
            fields: result.fields.iter().map(FieldLine::from).collect(),
        }
    }
}

/// A package of a status as data.
#[derive(Debug, Serialize)]
pub struct PackageLine<'a> {
    identity: Option<&'a Identity>,
    id: Option<&'a PackageId>,
    state: &'static str,
    /// The fields that differ.
    fields: Vec<&'static str>,
    /// Why a change is refused, or the item could not be read.
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
            state: state.word(),
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

/// How a run ended.
#[derive(Debug, Serialize)]
pub struct SummaryLine {
    /// `validate`, `plan`, `apply` or `status`; of a command line that is not understood the command that it names,
    /// or `cenbwp`.
    pub command: &'static str,
    /// How many of what: findings, planned changes or outcomes.
    pub counts: Value,
    /// The bandwidth that is planned to be added, or was: `new_mbps`, `purchase_mbps` and `upgrade_mbps`.
    #[serde(flatten)]
    pub mbps: NewMbps,
    /// The plan's digest, once there is a plan.
    pub digest: Option<String>,
    /// Whether the plan may be carried out.
    pub applyable: Option<bool>,
    /// The code the process ends with.
    pub exit_code: u8,
    /// What to type next.
    pub next: Option<String>,
}

/// The first line of every stream.
pub const VERSION: Event<'static> =
    Event::Version { cenbwp: env!("CARGO_PKG_VERSION"), format_version: "1.0" };

/// The lines that a plan gives.
pub fn of_plan<'a>(plan: &'a Plan, observed: &'a Observed) -> impl Iterator<Item = Event<'a>> {
    let befores = Befores::new(observed);
    let changes = plan.changes.iter().map(move |change| {
        let address = change.identity().address.to_string();
        let (before, after) = befores.and_after(change);
        Event::Change { address, action: change.word(), before, after }
    });
    let held = plan.held.iter().map(|Held { identity, reason }| Event::Held {
        address: identity.address.to_string(),
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

/// The summary's counts of a plan.
pub fn plan_counts(plan: &Plan) -> (Value, NewMbps) {
    let summary = Summary::of(plan);
    (json!(summary), summary.mbps)
}
