//! A schedule: everything that decides a history, as a value.

use std::collections::BTreeMap;
use std::fmt;

use cenbwp_tests::Semantics;

use crate::account::Found;

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
    /// The packages that are there already, bought long ago.
    pub(crate) found: Vec<Found>,
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

/// What is declared of one package. It is shown as the spec has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Want {
    pub(crate) mbps: u32,
    pub(crate) generation: u32,
    pub(crate) manage: Manage,
    /// The found package of this name is taken over.
    pub(crate) adopt: Option<Name>,
    pub(crate) auto_pay: bool,
    pub(crate) postpaid: bool,
    pub(crate) title: Option<&'static str>,
    pub(crate) text: Option<&'static str>,
    /// The value of the tag `team`, or that it must be absent, if either is declared.
    pub(crate) team: Option<Option<&'static str>>,
    pub(crate) group: Option<&'static str>,
    /// The CEN, or that it must be detached, if either is declared.
    pub(crate) cen: Option<Option<&'static str>>,
    /// `allowInterruption`.
    pub(crate) consent: bool,
}

/// How far a spec lets the tool go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manage {
    Full,
    Observe,
    Release,
    Retire,
}

impl Want {
    /// So many Mbps, bought, and nothing else said.
    pub(crate) fn plain(mbps: u32) -> Self {
        Self {
            mbps,
            generation: 1,
            manage: Manage::Full,
            adopt: None,
            auto_pay: true,
            postpaid: false,
            title: None,
            text: None,
            team: None,
            group: None,
            cen: None,
            consent: false,
        }
    }
}

impl fmt::Debug for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bandwidth: {}", self.mbps)?;
        // The terms are said where there is something to buy.
        match (self.postpaid, self.auto_pay) {
            (true, _) => f.write_str(", chargeType: POSTPAY")?,
            (false, auto_pay) => write!(f, ", autoPay: {auto_pay}")?,
        }
        match self.manage {
            Manage::Full => {}
            Manage::Observe => f.write_str(", manage: observe")?,
            Manage::Release => f.write_str(", manage: release")?,
            Manage::Retire => f.write_str(", manage: retire")?,
        }
        if self.generation > 1 {
            write!(f, ", generation: {}", self.generation)?;
        }
        let texts = [
            ("adopt", self.adopt.map(|name| Some(Found::id(name)))),
            ("name", self.title.map(|it| Some(it.to_owned()))),
            ("description", self.text.map(|it| Some(it.to_owned()))),
            ("resourceGroupId", self.group.map(|it| Some(it.to_owned()))),
            ("cenId", self.cen.map(|it| it.map(str::to_owned))),
        ];
        for (field, value) in texts {
            match value {
                None => {}
                Some(None) => write!(f, ", {field}: null")?,
                Some(Some(value)) => write!(f, ", {field}: '{value}'")?,
            }
        }
        match self.team {
            None => {}
            Some(None) => f.write_str(", tags: {team: null}")?,
            Some(Some(team)) => write!(f, ", tags: {{team: {team}}}")?,
        }
        if self.consent { f.write_str(", allowInterruption: true") } else { Ok(()) }
    }
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
    /// How many seconds it waits for what it changed; `None` is `--no-wait`.
    pub(crate) wait: Option<u64>,
    /// How many seconds its machine's clock is ahead of the service's.
    pub(crate) ahead: i64,
    /// The account that its spec pins, if it pins one.
    pub(crate) pin: Option<Pin>,
    /// After how many milliseconds its credentials end, if they do.
    pub(crate) ends_credentials: Option<u64>,
}

/// The account that a spec pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pin {
    /// The one that the run's credentials are of.
    Own,
    /// Another one. A saved plan of such a spec is forged: no honest run makes it.
    Other,
}

/// How a run comes by its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It plans by itself and is approved in advance; the machine stalls for so long before it goes on.
    Direct { stall: u64 },
    /// It saves its plan, and so long after that the file is read and applied. The clock of the machine that plans is
    /// so many seconds ahead of the one that applies.
    Saved { stall: u64, ahead: i64 },
}

impl Mode {
    /// A saved plan older than this is refused: the usual `--plan-ttl`.
    pub(crate) const OLDEST: i64 = 24 * 3600;
    /// A saved plan may be so many seconds younger than now.
    pub(crate) const FARTHEST: i64 = 15 * 60;

    /// The age in seconds of the saved plan when it is read, as the applying machine's clock has it; at most a few
    /// seconds more.
    pub(crate) fn age(self) -> Option<i64> {
        match self {
            Self::Direct { .. } => None,
            Self::Saved { stall, ahead } => Some(i64::try_from(stall / 1000).unwrap_or(i64::MAX) - ahead),
        }
    }
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Own,
    /// Killed where it waits for the so-many-th time.
    Crash(u32),
    /// By a signal, and maybe by another of its kind so many milliseconds after the first.
    Signals(Signal, Option<u64>),
}

/// A request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal {
    pub(crate) kind: Kind,
    pub(crate) when: Moment,
}

impl Signal {
    /// From when on after the first a second signal counts, in milliseconds.
    pub(crate) fn counts_after(self) -> u64 {
        match self.kind {
            Kind::Keys => 0,
            Kind::Interrupt | Kind::Terminate | Kind::HangUp => 1000,
        }
    }
}

/// The kind of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// SIGINT from a program.
    Interrupt,
    /// SIGINT from the keyboard of a terminal.
    Keys,
    Terminate,
    HangUp,
}

/// The moment of a signal. All but the first lie within one turn of the process, which waits for nothing meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many milliseconds after the start.
    At(u64),
    /// While it plans.
    Planning,
    /// While it prints for the so-many-th time in the execution.
    Printing(u32),
    /// As its so-many-th request leaves.
    Sending(u32),
    /// As it takes in its so-many-th reply.
    Hearing(u32),
}

/// An operation that faults and deeds are tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Create,
    Describe,
    Caller,
    Attribute,
    Spec,
    Tag,
    Untag,
    Move,
    Attach,
    Detach,
    Delete,
}

impl Action {
    /// The changes of a package that exists. None of them takes a token.
    pub(crate) const CHANGES: [Self; 8] = [
        Self::Attribute,
        Self::Spec,
        Self::Tag,
        Self::Untag,
        Self::Move,
        Self::Attach,
        Self::Detach,
        Self::Delete,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CreateCenBandwidthPackage",
            Self::Describe => "DescribeCenBandwidthPackages",
            Self::Caller => "GetCallerIdentity",
            Self::Attribute => "ModifyCenBandwidthPackageAttribute",
            Self::Spec => "ModifyCenBandwidthPackageSpec",
            Self::Tag => "TagResources",
            Self::Untag => "UntagResources",
            Self::Move => "MoveResourceGroup",
            Self::Attach => "AssociateCenBandwidthPackage",
            Self::Detach => "UnassociateCenBandwidthPackage",
            Self::Delete => "DeleteCenBandwidthPackage",
        }
    }

    /// The operation of this name; `None` for one that the tool has no business with.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let reads = [Self::Create, Self::Describe, Self::Caller];
        reads.into_iter().chain(Self::CHANGES).find(|action| action.name() == name)
    }

    pub(crate) fn is_change(self) -> bool {
        Self::CHANGES.contains(&self)
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
    /// A refusal with a code that no page of the vendor lists, before anything was done or after it.
    Unlisted { status: u16, code: &'static str, done: bool },
    /// The credentials have ended, says the service; the next request finds them renewed.
    Ended,
    /// The item at this position cannot be read.
    Unreadable(usize),
    /// The listing counts one package too many.
    Miscounted,
}

impl What {
    /// Tells whether a refusal with a code that is not listed leaves open what was done: by a status that a gateway
    /// gives while the service goes on, or by a name that speaks of time-outs.
    pub(crate) fn leaves_doubt(status: u16, code: &str) -> bool {
        let name = code.to_ascii_lowercase();
        let late = ["timeout", "time_out", "timedout", "timed_out"].iter().any(|word| name.contains(word));
        late || matches!(status, 408 | 425 | 429 | 499 | 500..)
    }
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

/// What is done to the packages of a name: those that carry it, and those that were found for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Removes the identity tag of what is there.
    Untag(Name),
    /// Gives it to another owner.
    Reassign(Name),
    /// Changes its bandwidth.
    Resize(Name),
    /// Gives it another display name.
    Rename(Name),
    /// Changes the tag `team`.
    Retag(Name),
    /// Detaches it.
    Detach(Name),
    /// Attaches it to the second CEN, if there is room for it.
    Attach(Name),
    /// Upgrades it for twenty minutes.
    Upgrade(Name),
    /// It is gone.
    Vanish(Name),
    /// Pays an open order for it.
    Pay(Name),
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
            found: Vec::new(),
            runs: Vec::new(),
            faults: Vec::new(),
            deeds: Vec::new(),
        }
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

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  delays up to {} ms, {} strangers", self.delay, self.strangers)?;
        writeln!(f, "  {:?}", self.service)?;
        self.found.iter().try_for_each(|found| writeln!(f, "  {found:?}"))?;
        for (n, run) in self.runs.iter().enumerate() {
            writeln!(f, "  run {n}: {run:?}")?;
        }
        self.faults.iter().try_for_each(|fault| writeln!(f, "  {fault:?}"))?;
        self.deeds.iter().try_for_each(|deed| writeln!(f, "  {deed:?}"))
    }
}
