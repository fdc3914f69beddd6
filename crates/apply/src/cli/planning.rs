//! From a spec to a plan, for every command that plans.

use std::time::Duration;

use cenbwp_spec::{REMOVED_AREA, Severity};

use super::connection::CloudArgs;
use super::inputs::{Inputs, SpecArgs};
use super::interrupt;
use super::report_args::Stdout;
use super::scope::ScopeArgs;
use super::session::Session;
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::exit::{Exit, Failure};
use crate::planned::Planned;
use crate::report::event::{self, Event};
use crate::report::run::plural;
use crate::situation::{Asks, Situation, selected};

/// Reads the spec, prints its findings, and fails with exit 3 if it has errors.
pub(super) fn read_valid_spec(args: &SpecArgs, session: &Session<'_>) -> Result<Inputs, Failure> {
    let Session { output, reports, .. } = session;
    let inputs = Inputs::read(args, reports)?;
    // A removed area matters only if a live package has it, so the plan itself warns of it.
    let mut findings = inputs.findings.clone();
    findings.retain(|finding| finding.code != REMOVED_AREA);
    let text = inputs.text(&findings, output.story_color, output.width);
    reports.read(&inputs.shown, inputs.spec.as_ref(), findings);
    if reports.stdout != Stdout::Events {
        output.draw(&text);
    }
    match &inputs.spec {
        Some(_) => Ok(inputs),
        None => {
            let errors = plural(inputs.count(Severity::Error), "error");
            Err(Failure::new(Exit::Invalid, format_args!("the spec has {errors}; nothing was sent")))
        }
    }
}

/// The parts of a plan that block nothing by themselves.
pub(super) struct Warned {
    /// The time before the end of a package.
    pub expiring_within: Duration,
    /// The questions besides the listing.
    pub asks: Asks,
}

/// Lists the account, or reads a recording of it, plans, and prints the account.
pub(super) async fn plan(
    inputs: Inputs,
    scope: &ScopeArgs,
    warned: Warned,
    cloud: &CloudArgs,
    session: &Session<'_>,
) -> Result<Planned, Failure> {
    let stop = session.listen();
    let cloud = scope
        .live_from
        .is_none()
        .then(|| cloud.connect(scope.selection.account.as_ref(), session))
        .transpose()?;
    let planning = prepare(inputs, scope, warned, cloud.as_ref());
    let planned = interrupt::or_end(&stop, planning).await?;
    print_account(&planned.situation, session);
    Ok(planned)
}

/// Lists the account, or reads a recording of it, and plans.
pub(super) async fn prepare(
    mut inputs: Inputs,
    scope: &ScopeArgs,
    warned: Warned,
    cloud: Option<&Cloud>,
) -> Result<Planned, Failure> {
    let spec = inputs.spec.take().expect("a spec without findings of severity error is there");
    let now = cloud.map_or(Clock::System.now(), |cloud| cloud.clock().now());
    let Warned { expiring_within, asks } = warned;
    let options = scope.options(&spec, now, expiring_within)?;
    let mut situation = match (cloud, &scope.live_from) {
        (Some(cloud), _) => Situation::ask(cloud, &spec, options.targets.as_ref()).await?,
        (None, Some(path)) => Situation::replay(path)?,
        (None, None) => unreachable!("a run without a recording has a client"),
    };
    let plan = situation.plan(cloud, &spec, &options, asks).await?;
    Ok(Planned::new(inputs.sources, spec, options, situation, plan).read_from(inputs.paths))
}

/// Prints the account and the credentials before the plan: the reader may have more than one account.
pub(super) fn print_account(situation: &Situation, session: &Session<'_>) {
    let Situation { account: Some(account), caller: Some(caller), .. } = situation else { return };
    let line = format!("account {account}, {}", cenbwp_diff::neutral(&caller.to_string()));
    session.output.story(session.output.fitting(&line).trim_end());
    session.reports.event(&Event::Credentials { account_id: account, credentials: caller });
}

/// Prints one of several plans if stdout is for events.
pub(super) fn print_events(file: &str, planned: &Planned, session: &Session<'_>) {
    if session.reports.stdout == Stdout::Events {
        let stacks = selected(&planned.spec, planned.options.targets.as_ref());
        session.reports.event(&Event::Plan {
            file,
            account_id: planned.situation.account.as_ref(),
            stacks: stacks.map(|(name, _)| name).collect(),
            digest: planned.digest(),
            applyable: planned.is_applyable(),
        });
        event::of_plan(planned).for_each(|event| session.reports.event(&event));
    }
}

pub(super) fn print_plan(planned: &Planned, session: &Session<'_>) {
    let Session { output, reports, .. } = session;
    if reports.stdout == Stdout::Events {
        event::of_plan(planned).for_each(|event| reports.event(&event));
    }
    reports.human(|| planned.text(&output.style()));
}
