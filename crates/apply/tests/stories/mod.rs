//! Runs as they end, one of each kind: what every form of report is tested with.

mod status;
mod world;

use std::fmt::Write;
use std::path::Path;

use cenbwp::cloud::{Attempt, Caller, ClientToken};
use cenbwp::execute::{ChangeResult, FieldOutcome, FieldResult, Outcome};
use cenbwp::exit::{Exit, Failure};
use cenbwp::planned::Planned;
use cenbwp::report::outcomes::{Applied, End};
use cenbwp::report::{Commands, Folders, Origin, Part, Run, several as all_plans};
use cenbwp::situation::Situation;
use cenbwp_diff::{Live, Observed, Options, Unreadable};
use cenbwp_spec::{AccountId, Finding, Mbps, Source};
use jiff::SignedDuration;

pub(crate) use status::{no_status, status, status_of};
use world::{HELD, PURCHASES, SAME, UPDATES, between, changing, in_the_way, live};

/// A run at its end, with everything that reports are made from.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    command: &'static str,
    exit: Exit,
    sources: Vec<Source>,
    findings: Vec<Finding>,
    planned: Option<Planned>,
    pub(crate) applied: Option<Applied>,
    failure: Option<Failure>,
    parts: Vec<Part>,
}

impl Story {
    /// Moves the time of the run, after the plan was made.
    pub(crate) fn at(mut self, now: &str) -> Self {
        self.planned.as_mut().unwrap().options.now = now.parse().unwrap();
        self
    }

    pub(crate) fn check(&self, test: impl Fn(&Run<'_>)) {
        test(&Run {
            command: self.command,
            commands: &Commands::default(),
            exit: self.exit,
            sources: &self.sources,
            findings: &self.findings,
            spec: self.planned.as_ref().map(|planned| &*planned.spec),
            planned: self.planned.as_ref(),
            applied: self.applied.as_ref(),
            failure: self.failure.as_ref(),
            warnings: &[],
            all: true,
            parts: &self.parts,
            folders: Folders {
                current: Some(Path::new("/home/ci/checkout/infra")),
                checkout: Some(Path::new("/home/ci/checkout")),
            },
            origin: Origin {
                commit: Some("1f0c2b1f7a9d3c0e5b8a64d2e0f19c37a5b6d8e4"),
                job: Some("https://github.com/acme/network/actions/runs/42"),
            },
            width: 100,
        });
    }
}

/// Every story.
pub(crate) fn all() -> Vec<Story> {
    vec![
        planned("empty", SAME, vec![live("cenbwp-same", "net/same")]),
        planned("purchases", PURCHASES, Vec::new()),
        planned("updates", UPDATES, changing()),
        planned("held", HELD, in_the_way()),
        refused(),
        partial(),
        unknown(),
        several("several", [6, 6, 2]),
        several("many", [300, 200, 30]),
        hostile(),
        invalid(),
        offline(),
        killed(),
        plans(),
    ]
}

fn plan_of(
    name: &str,
    spec: &str,
    packages: Vec<Live>,
    unreadable: Vec<Unreadable>,
) -> (Vec<Source>, Planned) {
    let sources = vec![Source { name: name.to_owned(), bytes: spec.as_bytes().to_vec() }];
    let parsed = cenbwp_spec::parse(&sources);
    let spec = parsed.spec.unwrap_or_else(|| panic!("{:#?}", parsed.findings));
    let options = Options {
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        targets: None,
        skip_held: false,
        expiring_within: SignedDuration::from_hours(14 * 24),
        max_purchases: None,
        max_new_mbps: None,
    };
    let observed = Observed { packages, unreadable, complete: true, pairs: None, prices: None };
    let plan = cenbwp_diff::plan(&spec, &observed, &options);
    let situation = Situation {
        account: Some(account()),
        endpoint: Some("https://cbn.aliyuncs.com".to_owned()),
        caller: Some(Caller { access_key: "LTAI…eyId".to_owned(), source: "environment".to_owned() }),
        observed,
    };
    let planned = Planned::new(sources.clone().into(), spec.into(), options, situation, plan);
    (sources, planned)
}

fn account() -> AccountId {
    "1234567890123456".parse().unwrap()
}

fn planned(name: &'static str, spec: &str, packages: Vec<Live>) -> Story {
    let (sources, planned) = plan_of("net.yaml", spec, packages, Vec::new());
    Story {
        name,
        command: "plan",
        exit: Exit::Done,
        sources,
        findings: Vec::new(),
        planned: Some(planned),
        applied: None,
        failure: None,
        parts: Vec::new(),
    }
}

fn failed(story: Story, command: &'static str, failure: Failure) -> Story {
    Story { command, exit: failure.exit, failure: Some(failure), ..story }
}

fn refused() -> Story {
    let failure = Failure::new(Exit::Refused, "3 changes are held, so nothing is bought or changed")
        .hint("follow the hints of the plan, or go on without what is held: `--skip-held`");
    failed(planned("refused", HELD, in_the_way()), "apply", failure)
}

/// The result of the n-th change.
fn result(planned: &Planned, n: usize, outcome: Outcome) -> ChangeResult {
    let change = &planned.plan.changes[n];
    let purchase = planned.plan.purchases().find(|purchase| purchase.identity == *change.identity());
    let token = ClientToken::new(&account(), change.identity(), Attempt::FIRST);
    ChangeResult {
        identity: change.identity().clone(),
        action: "purchase",
        outcome,
        id: outcome.is_success().then(|| format!("cenbwp-new{n}").parse().unwrap()),
        mbps: purchase.map(|purchase| purchase.bandwidth),
        order_id: outcome.is_success().then(|| format!("20156420000000{n}")),
        client_token: purchase.map(|_| token),
        request_id: Some(format!("7D29825C-7552-1255-6887-00000000000{n}")),
        detail: None,
        hint: None,
        may_have_changed: !matches!(
            outcome,
            Outcome::Failed | Outcome::NotAttempted | Outcome::AlreadyPresent
        ),
        fields: Vec::new(),
    }
}

fn applied(name: &'static str, results: impl Fn(&Planned) -> Vec<ChangeResult>) -> Story {
    let story = planned(name, PURCHASES, Vec::new());
    let planned = story.planned.as_ref().unwrap();
    let results = results(planned);
    let digest = planned.digest().to_owned();
    let (end, commands) = (End::Done, Commands::default());
    let applied = Applied { digest, results, left: None, left_out: 0, price: None, end, commands };
    Story { command: "apply", exit: applied.exit(), applied: Some(applied), ..story }
}

fn partial() -> Story {
    applied("partial", |planned| {
        let field = |field, outcome, detail: Option<&str>| FieldResult {
            field,
            outcome,
            detail: detail.map(str::to_owned),
        };
        vec![
            result(planned, 0, Outcome::Created),
            ChangeResult {
                fields: vec![field("cenId", FieldOutcome::Failed, Some("the CEN does not exist"))],
                ..result(planned, 1, Outcome::Created)
            },
            ChangeResult {
                hint: Some(
                    "pay order 201564200000002, or cancel it; the package exists once it is paid".to_owned(),
                ),
                ..result(planned, 2, Outcome::UnpaidOrder)
            },
            ChangeResult {
                detail: Some("refused: InsufficientBalance (HTTP 403): pay first".to_owned()),
                hint: Some("add money to the account, then apply again".to_owned()),
                ..result(planned, 3, Outcome::Failed)
            },
        ]
    })
}

fn unknown() -> Story {
    applied("unknown", |planned| {
        let unknown = ChangeResult {
            detail: Some("the connection ended before the reply".to_owned()),
            hint: Some("run the same command again: it uses the same token".to_owned()),
            ..result(planned, 1, Outcome::Unknown)
        };
        let rest = |n| ChangeResult {
            detail: Some("an earlier request has no known outcome".to_owned()),
            ..result(planned, n, Outcome::NotAttempted)
        };
        vec![result(planned, 0, Outcome::Created), unknown, rest(2), rest(3)]
    })
}

/// So many changes, purchases and held items of one kind each.
fn several(name: &'static str, [grown, bought, held]: [u32; 3]) -> Story {
    let mut spec =
        "version: 1\nstack: net\nlimits: { maxPurchases: 500 }\ndefaults: { autoPay: true }\npackages:\n"
            .to_owned();
    let mut packages = Vec::new();
    let areas = ["China", "Asia-Pacific", "Europe", "North-America", "South-America", "Middle-East"];
    let ends = |n: u32| [n % 6, n / 6 % 6].map(|at| areas[at as usize]);
    for n in 0..grown {
        let [a, b] = ends(n);
        writeln!(spec, "  grows-{n:03}: {{ areas: [{a}, {b}], bandwidth: {} }}", 101 + n).unwrap();
        packages.push(between(a, b, live(&format!("cenbwp-g{n}"), &format!("net/grows-{n:03}"))));
    }
    for n in 0..bought {
        let [a, b] = ends(n);
        writeln!(spec, "  new-{n:03}: {{ areas: [{a}, {b}], bandwidth: {} }}", 1000 + n).unwrap();
    }
    for n in 0..held {
        writeln!(spec, "  twin-{n:02}: {{ areas: [Australia, Australia], bandwidth: {} }}", 2000 + n)
            .unwrap();
        let twin = between("australia", "australia", live(&format!("cenbwp-twin{n}"), ""));
        packages.push(Live { bandwidth: Mbps(2000 + n), ..twin });
    }
    planned(name, &spec, packages)
}

/// Untrusted text: the way out of a text in each form, one after the other.
pub(crate) const HOSTILE: &str = "a\u{1b}[31m<script>alert(1)</script><b onload='x'> `|@you #1 [a](http://x.test) ]]> --> \
    ``` </details></pre> &amp; %0A ##[add-mask]y \n::error file=a,line=1::b\r::add-mask::c \u{202e}d\u{0}\u{7f} www.x.test";

fn hostile() -> Story {
    const SPEC: &str = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  a: { areas: [China, Europe], bandwidth: 100, name: '<b>|`@you` ]]> -->', description: '::error::x </pre> [a](//b)' }
  b: { areas: [China, Europe], bandwidth: 100, tags: { '<i>|`k`': '</summary>%0A' }, ignore: [name] , name: x }
  c: { areas: [Zz-1, Zz-2], bandwidth: 100, adopt: cenbwp-c }
  d: { areas: [China, China], bandwidth: 100 }
";
    let ours = |id: &str, owner: &str| Live {
        name: HOSTILE.to_owned(),
        description: HOSTILE.to_owned(),
        ..live(id, owner)
    };
    let mut stranger = between(HOSTILE, "china", ours("cenbwp-c", ""));
    stranger.tags.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    let packages =
        vec![ours("cenbwp-b", "net/b"), stranger, between(HOSTILE, HOSTILE, ours("cenbwp-x", "net/x"))];
    let unreadable = vec![Unreadable { id: None, reason: HOSTILE.to_owned() }];
    let (sources, planned) = plan_of("net|`<b>::,.yaml", SPEC, packages, unreadable);
    let outcome = ChangeResult {
        detail: Some(HOSTILE.to_owned()),
        hint: Some(HOSTILE.to_owned()),
        order_id: Some(HOSTILE.to_owned()),
        ..result(&planned, 0, Outcome::Failed)
    };
    let digest = planned.digest().to_owned();
    let (results, end, commands) = (vec![outcome], End::Done, Commands::default());
    let applied = Applied { digest, results, left: None, left_out: 0, price: None, end, commands };
    Story {
        name: "hostile",
        command: "apply",
        exit: applied.exit(),
        sources,
        findings: Vec::new(),
        planned: Some(planned),
        applied: Some(applied),
        failure: None,
        parts: Vec::new(),
    }
}

fn nothing(name: &'static str, command: &'static str, failure: Failure) -> Story {
    Story {
        name,
        command,
        exit: failure.exit,
        sources: Vec::new(),
        findings: Vec::new(),
        planned: None,
        applied: None,
        failure: Some(failure),
        parts: Vec::new(),
    }
}

fn invalid() -> Story {
    let text = "version: 1\nstack: net\npackages:\n  Übung:\n    areas: [China, Eruope]\n    bandwith: 100\n  b: { areas: [China, Europe], bandwidth: \"<b>\", autoPay: yes }\n";
    let sources = vec![Source { name: "specs/net.yaml".to_owned(), bytes: text.as_bytes().to_vec() }];
    let findings = cenbwp_spec::parse(&sources).findings;
    let message = format!("the spec has {} errors; nothing was sent", findings.len());
    Story { sources, findings, ..nothing("invalid", "plan", Failure::new(Exit::Invalid, message)) }
}

fn offline() -> Story {
    let failure = Failure::new(Exit::Error, "the service cannot be reached: cbn.aliyuncs.com: no such host")
        .hint("check the network and `--endpoint`");
    nothing("offline", "plan", failure)
}

/// The report of a run that never came to its end.
fn killed() -> Story {
    let failure = Failure::new(Exit::Unknown, "it has begun; its end replaces this, unless it was killed")
        .hint("run the same command again; no purchase is made twice");
    nothing("killed", "apply", failure)
}

/// Several plans, of two accounts and a recording, one of a stack that another is about, too, and a file that
/// cannot be read.
fn plans() -> Story {
    let part = |file: &str, account: Option<&str>, spec: &str, packages: Vec<Live>| {
        let (_, mut planned) = plan_of("net.yaml", spec, packages, Vec::new());
        planned.situation.account = account.map(|account| account.parse().unwrap());
        Part { file: file.to_owned(), plan: Ok(planned) }
    };
    let damaged = Failure::new(Exit::Invalid, "plans/<b>.json: not a saved plan: EOF while parsing a value")
        .hint("plan again: cenbwp plan --out FILE");
    let (ours, theirs) = (Some("1234567890123456"), Some("6543210987654321"));
    let other = SAME.replace("stack: net", "stack: other");
    of_plans(
        "plans",
        vec![
            part("plans/same.json", ours, SAME, vec![live("cenbwp-same", "net/same")]),
            part(
                "plans/other.json",
                ours,
                &(other + "---" + PURCHASES),
                vec![live("cenbwp-same", "other/same")],
            ),
            part("plans/updates.json", theirs, UPDATES, changing()),
            part("plans/recorded.json", None, PURCHASES, Vec::new()),
            part("plans/held.json", theirs, HELD, in_the_way()),
            Part { file: "plans/<b>.json".to_owned(), plan: Err(damaged) },
        ],
    )
}

/// The plans of a fleet: so many accounts with five new packages each.
pub(crate) fn fleet(accounts: u64) -> Story {
    let part = |n: u64| {
        let mut spec = format!("version: 1\nstack: branch-{n}\ndefaults: {{ autoPay: true }}\npackages:\n");
        for package in 0..5 {
            writeln!(spec, "  cn-eu-{package}: {{ areas: [China, Europe], bandwidth: 100 }}").unwrap();
        }
        let (_, mut planned) = plan_of("net.yaml", &spec, Vec::new(), Vec::new());
        planned.situation.account = Some((1_000_000_000_000_000 + n).to_string().parse().unwrap());
        Part { file: format!("plans/branch-{n}.json"), plan: Ok(planned) }
    };
    of_plans("fleet", (0..accounts).map(part).collect())
}

fn of_plans(name: &'static str, mut parts: Vec<Part>) -> Story {
    all_plans::sort(&mut parts);
    Story {
        name,
        command: "show",
        exit: all_plans::exit(&parts),
        sources: Vec::new(),
        findings: Vec::new(),
        planned: None,
        applied: None,
        failure: None,
        parts,
    }
}
