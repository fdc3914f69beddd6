//! `cenbwp doctor`: looks at everything that a plan needs, and says what does not work. Read-only.

use anstyle::Style as Colour;
use cenbwp_diff::{Page, Style};
use serde::Serialize;

use super::connection::CloudArgs;
use super::help::Help;
use super::process::{Process, on_runtime};
use super::version;
use crate::cloud::RetryPolicy;
use crate::doctor::{Check, Patient, State};
use crate::exit::{Exit, Failure};

/// Check credentials, endpoints, clock and permissions, and say what does not work
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print one JSON document, on one line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cloud: CloudArgs,
}

pub(super) const HELP: Help = Help {
    description: "Looks at what a plan and a status need: the proxy, the certificates, both endpoints, the clock, the credentials and \
        where they come from, the account, the permission to list packages, the billing service, which only specs with `autoRenew` need, and the estimate of prices, which only `--price` and `maxSpend` need. It reads only, makes every check also after one that \
        failed, and says what would mend it. Its output holds no secret and no whole account number, so it can be pasted into an \
        issue. Whether a purchase is allowed, only a purchase shows.",
    examples: &[
        ("See why nothing works", "cenbwp doctor"),
        ("The same for a script", "cenbwp doctor --json"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid, Exit::Interrupted],
    see_also: &["plan", "status"],
};

/// The version of the JSON document.
const FORMAT_VERSION: &str = "1.0";

#[derive(Debug, Serialize)]
struct Document<'a> {
    format_version: &'static str,
    tool: version::Build,
    checks: &'a [Check],
    exit_code: u8,
}

/// Makes every check: exit 0, or 1 if one failed.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let Process { environment, output, .. } = *process;
    let CloudArgs { endpoint, price_endpoint, timeout, max_retries, max_rps, .. } = &args.cloud;
    let patient = Patient {
        search: args.cloud.search(environment),
        role: args.cloud.role(None)?,
        cbn: endpoint.clone(),
        billing: args.cloud.billing(),
        price: price_endpoint.clone(),
        timeout: *timeout,
        retry: RetryPolicy { max_retries: *max_retries, ..RetryPolicy::default() },
        max_rps: *max_rps,
        keep_out: &|secrets| output.keep_out(secrets),
    };
    let checks = on_runtime(async { Ok(patient.examine().await) })?;
    let checks: Vec<_> = checks.into_iter().map(|check| check.without(&output.input_secrets)).collect();
    let exit = if checks.iter().any(|check| check.state == State::Failed) { Exit::Error } else { Exit::Done };
    if args.json {
        let (format_version, exit_code) = (FORMAT_VERSION, exit.code());
        output.event(&Document { format_version, tool: version::BUILD, checks: &checks, exit_code });
    } else {
        output.tell(&text(&checks, &output.style()));
    }
    Ok(exit)
}

/// The widths of the columns of states and names.
const STATE: usize = 11;
const NAME: usize = 17;
/// On a page with fewer columns, messages go on below the states instead of beside the names.
const NARROW: usize = 80;

fn text(checks: &[Check], style: &Style) -> String {
    let palette = &style.palette;
    let rest = if style.width < NARROW { 4 } else { STATE + NAME + 4 };
    let mut page = Page::new(style);
    page.line(0, &format!("cenbwp {}", version::LINE));
    for check in checks {
        let colour = match check.state {
            State::Ok => palette.done,
            State::Warning | State::NotChecked => palette.doubt,
            State::Failed => palette.failed,
        };
        let (state, name) = (check.state.to_string(), check.check.replace('_', " "));
        let cells = [(colour, state.as_str(), STATE), (Colour::new(), name.as_str(), NAME)];
        page.row(0, &cells, &check.message, rest);
        if let Some(hint) = &check.hint {
            page.line(rest, &format!("hint: {hint}"));
        }
    }
    page.gap();
    let count = |state: State| checks.iter().filter(|check| check.state == state).count();
    page.line(0, &verdict(count(State::Failed), count(State::NotChecked)));
    page.into_text()
}

fn verdict(failed: usize, not_checked: usize) -> String {
    match (failed, not_checked) {
        (0, _) => "A plan and a status have what they need.".to_owned(),
        (failed, 0) => format!("{failed} failed."),
        (failed, not_checked) => format!("{failed} failed, and {not_checked} could not be checked."),
    }
}
