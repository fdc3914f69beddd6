//! The event stream: one object per line, the summary always last.

use cenbwp_diff::{Held, NewMbps, Observed, Plan};
use cenbwp_spec::{AccountId, Area, CenId, Finding, Identity, PackageId, Source};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cloud::{Caller, ClientToken};
use crate::execute::{ChangeResult, FieldResult};
use crate::planned::document::Summary;
use crate::planned::rows::Befores;
use crate::status::{Alert, Row, State};

/// One line of the stream.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Always first.
    Version {
        /// The tool's version.
        cenbwp: &'static str,
        /// The version of this stream's form. It changes only when readers break.
        format_version: &'static str,
    },
    /// Something is wrong with the spec.
    Finding(FindingLine<'a>),
    /// The account and the credentials; before any event about a package.
    Credentials {
        /// The account.
        account_id: &'a AccountId,
        /// Who asks.
        credentials: &'a Caller,
    },
    /// Something has to change.
    Change {
        /// The package.
        address: String,
        /// The kind of change.
        action: &'static str,
        /// The package as it is; null for a purchase.
        before: Value,
        /// The package as it will be.
        after: Value,
    },
    /// A change is refused.
    Held {
        /// The package.
        address: String,
        /// The stable word for the reason.
        reason: &'static str,
        /// The reason, for people.
        message: String,
        /// The next step for the user.
        hint: String,
    },
    /// A warning about the run, or the reason why it ends early.
    Diagnostic {
        /// `error` or `warning`.
        severity: &'static str,
        /// The warning or the reason.
        message: String,
        /// The next step for the user.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// A package of a status, with its state.
    Package(PackageLine<'a>),
    /// A request is about to leave.
    ChangeStart {
        /// The package.
        address: String,
        /// `purchase`, or the operation on a package that exists.
        action: &'static str,
        /// The id of that package.
        id: Option<&'a str>,
        /// The token of a purchase.
        client_token: Option<&'a ClientToken>,
    },
    /// The result of a change.
    ChangeResult(ResultLine<'a>),
    /// The run is still waiting.
    Progress {
        /// Changes with an outcome.
        settled: usize,
        /// All changes.
        all: usize,
        /// The package that has waited longest.
        address: String,
        /// The awaited state or reply.
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
    /// Returns the finding with the name of its file.
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

/// The end of a run.
#[derive(Debug, Serialize)]
pub struct SummaryLine {
    /// `validate`, `plan`, `apply` or `status`. For a command line that cannot be parsed, the command that it
    /// names, or `cenbwp`.
    pub command: String,
    /// The numbers of findings, planned changes or outcomes, by kind.
    pub counts: Value,
    /// The bandwidth that the plan adds or the run added: `new_mbps`, `purchase_mbps` and `upgrade_mbps`.
    #[serde(flatten)]
    pub mbps: NewMbps,
    /// The plan's digest, once there is a plan.
    pub digest: Option<String>,
    /// True if the plan may be carried out.
    pub applyable: Option<bool>,
    /// The exit code of the process.
    pub exit_code: u8,
    /// The next command for the user.
    pub next: Option<String>,
}

/// The first line of every stream.
pub const VERSION: Event<'static> =
    Event::Version { cenbwp: env!("CARGO_PKG_VERSION"), format_version: "1.0" };

/// Returns the events for a plan.
pub fn of_plan<'a>(plan: &'a Plan, observed: &'a Observed) -> impl Iterator<Item = Event<'a>> {
    let befores = Befores::new(observed);
    let changes = plan.changes.iter().map(move |change| {
        let address = change.identity().address.to_string();
        let (before, after) = befores.and_after(change);
        Event::Change { address, action: change.as_str(), before, after }
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

/// Returns the counts and the bandwidth of a plan, for the summary.
pub fn plan_counts(plan: &Plan) -> (Value, NewMbps) {
    let summary = Summary::of(plan);
    (json!(summary), summary.mbps)
}
