//! A schedule: everything that decides a history, as a value.

use std::collections::BTreeMap;
use std::fmt;

use cenbwp_tests::Semantics;

use crate::account::Found;

/// The events to come and their times, in milliseconds from the start.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// Decides delays on the way, nonces, jitter and ids.
    pub(crate) seed: u64,
    /// The longest delay of a request or a reply on its way.
    pub(crate) delay: u64,
    /// The reading of its own documentation that the service follows.
    pub(crate) service: Semantics,
    /// The number of packages of others in the account: none, or more than a page holds.
    pub(crate) strangers: usize,
    /// The packages that are there already, bought long ago.
    pub(crate) found: Vec<Found>,
    /// The runs of all executors.
    pub(crate) runs: Vec<Run>,
    /// The faults on the way or at the service.
    pub(crate) faults: Vec<Strike>,
    /// The actions of people.
    pub(crate) deeds: Vec<Deed>,
}

/// The name of a declared package.
pub(crate) type Name = char;

/// The packages that one commit declares.
pub(crate) type Wish = BTreeMap<Name, Want>;

/// The entry of one package. `Debug` shows it as the spec has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Want {
    pub(crate) mbps: u32,
    pub(crate) generation: u32,
    pub(crate) manage: Manage,
    /// Adopts the found package of this name.
    pub(crate) adopt: Option<Name>,
    pub(crate) auto_pay: bool,
    pub(crate) postpaid: bool,
    pub(crate) title: Option<&'static str>,
    pub(crate) text: Option<&'static str>,
    /// The value of the tag `team`, or `None` inside if it must be absent, if either is declared.
    pub(crate) team: Option<Option<&'static str>>,
    pub(crate) group: Option<&'static str>,
    /// The CEN, or `None` inside if the package must be detached, if either is declared.
    pub(crate) cen: Option<Option<&'static str>>,
    /// `allowInterruption`.
    pub(crate) consent: bool,
}

/// The `manage` of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manage {
    Full,
    Observe,
    Release,
    Retire,
}

impl Want {
    /// A purchase of so many Mbps that declares nothing else.
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
        // The terms are declared if there is something to buy.
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
    /// The seconds that it waits for its changes; `None` is `--no-wait`.
    pub(crate) wait: Option<u64>,
    /// The seconds by which its machine's clock is ahead of the service's.
    pub(crate) ahead: i64,
    /// The account that its spec pins, if it pins one.
    pub(crate) pin: Option<Pin>,
    /// The milliseconds after which its credentials expire, if they do.
    pub(crate) ends_credentials: Option<u64>,
}

/// The account that a spec pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pin {
    /// The account of the run's credentials.
    Own,
    /// Another account. A saved plan of such a spec is forged: no honest run makes it.
    Other,
}

/// The way in which a run gets its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It plans by itself and is approved in advance. The machine stalls for so many milliseconds before it
    /// goes on.
    Direct { stall: u64 },
    /// It saves its plan; so many milliseconds later the file is read and applied. The clock of the machine
    /// that plans is so many seconds ahead of the one that applies.
    Saved { stall: u64, ahead: i64 },
}

impl Mode {
    /// The age in seconds from which a saved plan is refused: the default of `--plan-ttl`.
    pub(crate) const OLDEST: i64 = 24 * 3600;
    /// The seconds that a saved plan may be younger than now.
    pub(crate) const FARTHEST: i64 = 15 * 60;

    /// The age in seconds of the saved plan when it is read, by the clock of the machine that applies it; at
    /// most a few seconds more.
    pub(crate) fn age(self) -> Option<i64> {
        match self {
            Self::Direct { .. } => None,
            Self::Saved { stall, ahead } => Some(i64::try_from(stall / 1000).unwrap_or(i64::MAX) - ahead),
        }
    }
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Own,
    /// Killed at its n-th wait.
    Crash(u32),
    /// By a signal, and maybe by another one of its kind so many milliseconds later.
    Signals(Signal, Option<u64>),
}

/// A request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal {
    pub(crate) kind: Kind,
    pub(crate) when: Moment,
}

impl Signal {
    /// The milliseconds after the first signal from which a second one counts.
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

/// The moment of a signal. All but the first lie within one turn of the process, in which it waits for
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So many milliseconds after the start.
    At(u64),
    /// While it plans.
    Planning,
    /// While it prints for the n-th time in the execution.
    Printing(u32),
    /// As its n-th request leaves.
    Sending(u32),
    /// As its n-th reply arrives.
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

    /// Returns the operation of this name; `None` for one that the tool never uses.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let reads = [Self::Create, Self::Describe, Self::Caller];
        reads.into_iter().chain(Self::CHANGES).find(|action| action.name() == name)
    }

    pub(crate) fn is_change(self) -> bool {
        Self::CHANGES.contains(&self)
    }
}

/// A fault of the n-th request, from 1, that asks for `action`, whichever run sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) action: Action,
    pub(crate) call: u64,
    pub(crate) what: What,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// There is no connection, and the client knows it.
    NotSent,
    /// The request is lost on its way; the client cannot know it.
    LostRequest,
    /// The service carries it out, and the reply is lost.
    LostReply,
    /// The reply is cut off in its middle.
    Truncated,
    /// The request reaches the service so many seconds later; the client has given up after ten.
    Late(u64),
    /// The service works on it for so many seconds.
    Slow(u64),
    /// Flow control: asks to wait so many milliseconds, or does not say how long.
    Throttled(Option<u64>),
    /// A 500 before anything was done.
    ErrorBefore,
    /// A 500 although the request was carried out.
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
    /// The service says that the credentials have expired; the next request finds them renewed.
    Ended,
    /// The item at this position cannot be read.
    Unreadable(usize),
    /// The listing counts one package too many.
    Miscounted,
}

impl What {
    /// Reports whether a refusal with an unlisted code leaves open what was done: its status is one that a
    /// gateway gives while the service goes on, or its name speaks of a time-out.
    pub(crate) fn leaves_doubt(status: u16, code: &str) -> bool {
        let name = code.to_ascii_lowercase();
        let late = ["timeout", "time_out", "timedout", "timed_out"].iter().any(|word| name.contains(word));
        late || matches!(status, 408 | 425 | 429 | 499 | 500..)
    }
}

/// An action of a person, or of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) when: When,
    pub(crate) what: Act,
}

/// The moment of such an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A time.
    At(u64),
    /// Just before the n-th request of this kind is carried out.
    Before(Action, u64),
}

/// Actions on the packages of a name: those with its identity, and those that were found for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Removes the identity tag.
    Untag(Name),
    /// Gives it the identity of another owner.
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
    /// Deletes it.
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
    /// A quiet world: an empty account, a service that follows its documentation, and no runs.
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

    /// The specs of the final, quiet reruns: every commit once, in the order of their first runs.
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
