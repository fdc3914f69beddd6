//! A schedule: everything that decides a history, as a value.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use cenbwp_tests::{Semantics, TokenSemantics};
use fastrand::Rng;

/// What happens, and when. Times are milliseconds from the start.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// Decides delays on the way, nonces, jitter and ids.
    pub(crate) seed: u64,
    /// The longest delay of a request or a reply on its way.
    pub(crate) delay: u64,
    /// How the service reads its own documentation.
    pub(crate) service: Semantics,
    /// How many packages of others fill the account, more than a page holds or none.
    pub(crate) strangers: usize,
    /// The packages of ours that are there already, bought long ago.
    pub(crate) existing: BTreeMap<Name, Want>,
    /// The runs of all executors.
    pub(crate) runs: Vec<Run>,
    /// What goes wrong on the way or at the service.
    pub(crate) faults: Vec<Strike>,
    /// What people do.
    pub(crate) deeds: Vec<Deed>,
}

/// The name of a declared package.
pub(crate) type Name = char;

/// What one commit declares.
pub(crate) type Wish = BTreeMap<Name, Want>;

/// What is declared of one package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Want {
    pub(crate) mbps: u32,
    pub(crate) generation: u32,
    pub(crate) auto_pay: bool,
}

/// One process: it plans, is approved, and executes.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) at: u64,
    pub(crate) wish: Wish,
    pub(crate) mode: Mode,
    pub(crate) end: End,
    pub(crate) parallelism: usize,
    pub(crate) retries: u32,
    /// How many seconds it waits for what it bought; `None` is `--no-wait`.
    pub(crate) wait: Option<u64>,
}

/// How a run comes by its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It plans by itself and is approved in advance; the machine stalls for so long before it goes on.
    Direct { stall: u64 },
    /// It saves its plan, and so long after that the file is read and applied.
    Saved { stall: u64 },
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Own,
    /// Killed where it waits for the so-many-th time.
    Crash(u32),
    /// By a signal so long after its start, and maybe by another so long after the first.
    Signals(u64, Option<u64>),
}

/// An operation that faults and deeds are tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Create,
    Describe,
    Caller,
}

impl Action {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CreateCenBandwidthPackage",
            Self::Describe => "DescribeCenBandwidthPackages",
            Self::Caller => "GetCallerIdentity",
        }
    }
}

/// A fault of the n-th request, from 1, that asks for `action`, whoever sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) action: Action,
    pub(crate) call: u64,
    pub(crate) what: What,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// There is no connection, and the client knows.
    NotSent,
    /// The request is lost on its way; the client cannot know.
    LostRequest,
    /// The service does it and the reply is lost.
    LostReply,
    /// The reply is cut off in its middle.
    Truncated,
    /// The request reaches the service so many seconds later; the client has given up after ten.
    Late(u64),
    /// The service works on it for so many seconds.
    Slow(u64),
    /// Flow control, asking to wait so many milliseconds, or not saying how long.
    Throttled(Option<u64>),
    /// A 500 before anything was done.
    ErrorBefore,
    /// A 500 although it was done.
    ErrorAfter,
    /// Not enough money: a 500 that must not be repeated.
    Money,
    /// Not allowed.
    Forbidden,
    /// Another operation is in progress.
    Blocking,
    /// Sold out: this request will never succeed.
    SoldOut,
    /// The item at this position cannot be read.
    Unreadable(usize),
    /// The listing counts one package too many.
    Miscounted,
}

/// Something that a person, or another tool, does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) when: When,
    pub(crate) what: Act,
}

/// The moment of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A time.
    At(u64),
    /// Just before the n-th request of this kind is carried out.
    Before(Action, u64),
}

/// What is done to the packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Removes the identity tag of what is there.
    Untag(Name),
    /// Changes its bandwidth.
    Resize(Name),
    /// It is gone.
    Vanish(Name),
    /// Buys one of the same name, areas and bandwidth, without a tag.
    LookAlike(Name),
    /// Buys one and gives it our tag.
    Tagged(Name),
    /// One package of others goes and another comes, at the other end of the listing.
    Churn,
}

impl Schedule {
    /// A quiet world: an empty account, a service to the letter, nobody there.
    pub(crate) fn quiet(seed: u64) -> Self {
        Self {
            seed,
            delay: 0,
            service: Semantics::default(),
            strangers: 0,
            existing: BTreeMap::new(),
            runs: Vec::new(),
            faults: Vec::new(),
            deeds: Vec::new(),
        }
    }

    /// The schedule of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring streams.
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66);
        let rng = &mut rng;
        let wishes = wishes(rng);
        let runs = runs(rng, &wishes);
        let existing = wishes[0].clone().into_iter().filter(|_| rng.u8(..) < 16).collect();
        let faults = (0..few(rng, 5)).map(|_| strike(rng)).collect();
        let deeds =
            if rng.u8(..4) == 0 { (0..=few(rng, 2)).map(|_| deed(rng)).collect() } else { Vec::new() };
        let strangers = if rng.u8(..32) == 0 { rng.usize(49..=60) } else { 0 };
        let delay = [0, 20, 400, 3000][rng.usize(..4)];
        Self { seed, delay, service: service(rng), strangers, existing, runs, faults, deeds }
    }

    /// What is declared for the final, quiet reruns: every commit once, in the order of their first runs.
    pub(crate) fn commits(&self) -> Vec<Wish> {
        let mut commits: Vec<Wish> = Vec::new();
        for run in &self.runs {
            if !commits.contains(&run.wish) {
                commits.push(run.wish.clone());
            }
        }
        commits
    }
}

/// A number below `most`, small ones more often.
fn few(rng: &mut Rng, most: usize) -> usize {
    rng.usize(..most).min(rng.usize(..most))
}

/// One to three commits: the first, and others with other bandwidths, other generations, or a part of it.
fn wishes(rng: &mut Rng) -> Vec<Wish> {
    let count = [1, 1, 1, 2, 2, 3][rng.usize(..6)];
    let auto_pay = rng.u8(..16) != 0;
    let first: Wish =
        ('a'..).take(count).map(|name| (name, Want { mbps: 10, generation: 1, auto_pay })).collect();
    let mut wishes = vec![first.clone()];
    for _ in 0..[0, 0, 1, 2][rng.usize(..4)] {
        let mut other = first.clone();
        let name = char::from(b'a' + u8::try_from(rng.usize(..count)).unwrap_or(0));
        match rng.u8(..8) {
            0 if other.len() > 1 => drop(other.remove(&name)),
            1 => other.values_mut().for_each(|want| want.generation = 2),
            _ => drop(other.entry(name).and_modify(|want| want.mbps = 20)),
        }
        wishes.push(other);
    }
    wishes
}

/// One to four runs, together or one after the other.
/// Most runs plan for themselves; now and then time passes between a plan and what is made of it.
fn mode(rng: &mut Rng) -> Mode {
    let stall = if rng.u8(..8) == 0 { rng.u64(..20_000) } else { 0 };
    if rng.u8(..4) == 0 { Mode::Saved { stall: stall + rng.u64(..500) } } else { Mode::Direct { stall } }
}

fn runs(rng: &mut Rng, wishes: &[Wish]) -> Vec<Run> {
    let count = rng.usize(..6);
    let mut run = |_| {
        let end = match rng.u8(..8) {
            0..=2 => {
                let most = [8, 20, 60][rng.usize(..3)];
                End::Crash(rng.u32(1..=most))
            }
            3 => End::Signals(rng.u64(..8000), (rng.u8(..2) == 0).then(|| rng.u64(1..4000))),
            _ => End::Own,
        };
        Run {
            at: [0, 0, rng.u64(..100), rng.u64(..3000), rng.u64(..60_000)][rng.usize(..5)],
            wish: wishes[rng.usize(..wishes.len())].clone(),
            mode: mode(rng),
            end,
            parallelism: rng.usize(1..=4),
            retries: [5, 5, 2, 0][rng.usize(..4)],
            wait: if rng.u8(..16) == 0 { None } else { Some([4, 10, 10, 60][rng.usize(..4)]) },
        }
    };
    (0..[1, 2, 2, 3, 3, 4][count]).map(&mut run).collect()
}

fn strike(rng: &mut Rng) -> Strike {
    let seconds = |rng: &mut Rng| [1, 5, 30, 120][rng.usize(..4)];
    let anywhere = |rng: &mut Rng| match rng.u8(..8) {
        0 => What::NotSent,
        1 => What::LostRequest,
        2 => What::LostReply,
        3 => What::Truncated,
        4 => What::Late(seconds(rng)),
        5 => What::Throttled([None, Some(700), Some(100_000)][rng.usize(..3)]),
        6 => What::ErrorBefore,
        _ => What::Forbidden,
    };
    match rng.u8(..8) {
        0..=4 => {
            let what = match rng.u8(..8) {
                0 | 1 => What::LostReply,
                2 => What::ErrorAfter,
                3 => What::Slow(seconds(rng)),
                4 => [What::Money, What::Blocking, What::SoldOut][rng.usize(..3)],
                5 => What::Late(seconds(rng)),
                _ => anywhere(rng),
            };
            Strike { action: Action::Create, call: rng.u64(1..=5), what }
        }
        5 | 6 => {
            let what = match rng.u8(..6) {
                0 => What::Unreadable(rng.usize(..3)),
                1 => What::Miscounted,
                _ => anywhere(rng),
            };
            Strike { action: Action::Describe, call: rng.u64(1..=12), what }
        }
        _ => Strike { action: Action::Caller, call: rng.u64(1..=4), what: anywhere(rng) },
    }
}

fn deed(rng: &mut Rng) -> Deed {
    let when = match rng.u8(..4) {
        0 => When::At(rng.u64(..30_000)),
        1 => When::Before(Action::Create, rng.u64(1..=4)),
        _ => When::Before(Action::Describe, rng.u64(1..=10)),
    };
    let name = ['a', 'a', 'b'][rng.usize(..3)];
    let what = [
        Act::Untag(name),
        Act::Resize(name),
        Act::Vanish(name),
        Act::LookAlike(name),
        Act::Tagged(name),
        Act::Churn,
    ][rng.usize(..6)];
    Deed { when, what }
}

/// Every reading of the pages under which the laws can hold. `TokenSemantics::New` is not among them: where the
/// service ignores tokens, nothing can keep a lost reply of a package that is not listed yet from buying twice.
fn service(rng: &mut Rng) -> Semantics {
    let listings = |rng: &mut Rng| if rng.u8(..3) == 0 { rng.u64(1..=6) } else { 0 };
    let time = |rng: &mut Rng| {
        if rng.u8(..4) == 0 {
            Duration::from_millis([500, 4000, 20_000, 100_000][rng.usize(..4)])
        } else {
            Duration::ZERO
        }
    };
    Semantics {
        tokens: [TokenSemantics::Strict, TokenSemantics::Replay][rng.usize(..2)],
        failed_remembered: rng.u8(..2) == 0,
        dead_replay: rng.u8(..4) != 0,
        visible_after_listings: listings(rng),
        visible_after: time(rng),
        tags_after_listings: listings(rng),
        tags_after: time(rng),
        list_unpaid: rng.u8(..2) == 0,
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  delays up to {} ms, {} strangers, existing {:?}",
            self.delay, self.strangers, self.existing
        )?;
        writeln!(f, "  {:?}", self.service)?;
        for (n, run) in self.runs.iter().enumerate() {
            writeln!(f, "  run {n}: {run:?}")?;
        }
        for fault in &self.faults {
            writeln!(f, "  {fault:?}")?;
        }
        for deed in &self.deeds {
            writeln!(f, "  {deed:?}")?;
        }
        Ok(())
    }
}
