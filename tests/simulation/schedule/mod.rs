//! A schedule: everything that decides a history, as a value.

mod run;
mod want;

use std::collections::BTreeMap;
use std::fmt;

use cenbwp_tests::Semantics;

use crate::account::Found;

pub(crate) use run::{End, Kind, Mode, Moment, Part, Pin, Run, Signal};
pub(crate) use want::{Manage, Renews, Want};

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
    /// Reads renewals.
    Bills,
    Renew,
}

impl Action {
    /// The changes of a package that exists by the service that lists it. None of them takes a token.
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
            Self::Bills => "QueryAvailableInstances",
            Self::Renew => "SetRenewal",
        }
    }

    /// Returns the operation of this name; `None` for one that the tool never uses.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let others = [Self::Create, Self::Describe, Self::Caller, Self::Bills, Self::Renew];
        others.into_iter().chain(Self::CHANGES).find(|action| action.name() == name)
    }

    /// Reports whether it changes a package that exists. No such request takes a token.
    pub(crate) fn is_change(self) -> bool {
        self == Self::Renew || Self::CHANGES.contains(&self)
    }

    /// Reports whether it buys or changes a package.
    pub(crate) fn spends(self) -> bool {
        self == Self::Create || self.is_change()
    }

    /// Reports whether it is an operation of the billing service.
    pub(crate) fn is_billing(self) -> bool {
        matches!(self, Self::Bills | Self::Renew)
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
    /// The item, or the row, at this position cannot be read.
    Unreadable(usize),
    /// The listing, or the page of rows, counts too many.
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
    /// Gives ten Mbps of it to two regions, or all of less, in place of what regions use.
    Give(Name),
    /// Lowers what regions use of it to nothing.
    Take(Name),
    /// Upgrades it for twenty minutes.
    Upgrade(Name),
    /// Deletes it.
    Vanish(Name),
    /// Pays an open order for it.
    Pay(Name),
    /// Lets it renew itself for half a year each time.
    Renew(Name),
    /// Lets it end with its term.
    Lapse(Name),
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
