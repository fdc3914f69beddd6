//! The errors and warnings of a run, in one list for every form of report: findings, held items, exceeded
//! limits, changes that an apply could not make, warnings.

use std::collections::BTreeMap;

use cenbwp_diff::neutral;
use cenbwp_spec::{Address, Explanation, Place, Severity};

use super::outcomes::{outcome_words, words};
use super::run::{Run, Spot};
use crate::catalogue;
use crate::execute::{ChangeResult, Outcome};

/// An error or a warning.
#[derive(Clone, Debug)]
pub(super) struct Issue<'a> {
    /// `Error` if the run cannot go on, or could not do everything, because of it.
    pub severity: Severity,
    /// The rule, whatever the package.
    pub rule: &'static Explanation,
    /// The package, if it is about one.
    pub address: Option<Address>,
    /// The fact that was found: one line, neutral.
    pub message: String,
    /// The next step for the user: one line, neutral.
    pub hint: Option<String>,
    /// The place in the spec.
    pub spot: Option<Spot<'a>>,
}

impl Issue<'_> {
    /// Returns the message, with the package's address in front.
    pub(super) fn text(&self) -> String {
        match &self.address {
            Some(address) => format!("{address}: {}", self.message),
            None => self.message.clone(),
        }
    }
}

/// Returns every error, then every warning; each group in the order of the files or the plan.
pub(super) fn issues<'a>(run: &Run<'a>) -> Vec<Issue<'a>> {
    let mut issues = findings(run);
    issues.extend(run.warnings.iter().map(|message| warning(message)));
    issues.extend(planned(run));
    if let Some(applied) = run.applied {
        issues.extend(applied.results.iter().filter(|it| !it.is_success()).map(|it| result(run, it)));
    }
    issues.sort_by_key(|issue| issue.severity);
    issues
}

fn findings<'a>(run: &Run<'a>) -> Vec<Issue<'a>> {
    let finding = |finding: &cenbwp_spec::Finding| {
        let expected = finding.expected.as_deref().map(|it| format!("; expected {it}")).unwrap_or_default();
        Issue {
            severity: finding.severity,
            rule: finding.code.explanation(),
            address: None,
            message: neutral(&format!("{}{expected}", finding.message)).into_owned(),
            hint: finding.hint.as_deref().map(|hint| neutral(hint).into_owned()),
            spot: run.spot(&finding.place),
        }
    };
    run.findings.iter().map(finding).collect()
}

fn warning<'a>(message: &str) -> Issue<'a> {
    Issue {
        severity: Severity::Warning,
        rule: &catalogue::OTHER_CREDENTIALS,
        address: None,
        message: neutral(message).into_owned(),
        hint: None,
        spot: None,
    }
}

fn planned<'a>(run: &Run<'a>) -> Vec<Issue<'a>> {
    let Some(plan) = run.plan() else { return Vec::new() };
    let held = plan.held.iter().map(|held| Issue {
        severity: if plan.skip_held { Severity::Warning } else { Severity::Error },
        rule: held.reason.rule(),
        address: Some(held.identity.address.clone()),
        message: held.reason.message(),
        hint: Some(held.reason.hint(&held.identity)),
        spot: spot(run, &held.identity.address),
    });
    let breaches = plan.breaches.iter().map(|breach| Issue {
        severity: Severity::Error,
        rule: &catalogue::LIMIT_EXCEEDED,
        address: None,
        message: breach.message(),
        hint: Some(breach.hint()),
        spot: None,
    });
    let warnings = plan.warnings.iter().map(|warning| Issue {
        severity: Severity::Warning,
        rule: warning.kind.rule(),
        address: Some(warning.identity.address.clone()),
        message: warning.message(),
        hint: None,
        spot: spot(run, &warning.identity.address),
    });
    held.chain(breaches).chain(warnings).collect()
}

fn result<'a>(run: &Run<'a>, result: &ChangeResult) -> Issue<'a> {
    let outcome = match result.outcome {
        _ if result.is_unknown() => Outcome::Unknown,
        Outcome::NotAttempted => Outcome::NotAttempted,
        _ => Outcome::Failed,
    };
    Issue {
        severity: Severity::Error,
        rule: outcome.rule(),
        address: Some(result.identity.address.clone()),
        message: one_line(result),
        hint: result.hint.as_deref().map(|hint| neutral(hint).into_owned()),
        spot: spot(run, &result.identity.address),
    }
}

/// Returns the outcome of a change, with the reasons, on one line.
pub(super) fn one_line(result: &ChangeResult) -> String {
    let mut said = format!("{} {}", result.action, outcome_words(result));
    said.extend(result.detail.iter().map(|detail| format!(": {}", neutral(detail))));
    for field in &result.fields {
        said.push_str(&format!("; {} {}", field.field, words(field.outcome.as_str())));
        said.extend(field.detail.iter().map(|detail| format!(": {}", neutral(detail))));
    }
    said
}

/// Returns the place where a package is declared.
pub(super) fn spot<'a>(run: &Run<'a>, address: &Address) -> Option<Spot<'a>> {
    place(run, address).and_then(|place| run.spot(place))
}

fn place<'a>(run: &Run<'a>, address: &Address) -> Option<&'a Place> {
    Some(&run.spec?.get(address)?.place)
}

/// Groups the issues by package.
pub(super) fn by_address<'i, 'a>(issues: &'i [Issue<'a>]) -> BTreeMap<&'i Address, Vec<&'i Issue<'a>>> {
    let mut map: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for issue in issues {
        if let Some(address) = &issue.address {
            map.entry(address).or_default().push(issue);
        }
    }
    map
}
