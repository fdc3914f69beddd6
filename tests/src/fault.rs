//! The faults: their effects and their moments.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::names;
use crate::wire::Refusal;
use crate::world::World;

/// A fault in the calls of one operation. Several faults on one call all take effect; of two that end the
/// call in different ways, the one queued first does.
///
/// As text, for the command line: `ACTION[@WHEN]:EFFECT[=VALUE]`.
/// - ACTION: an operation's name, or `*` for all.
/// - WHEN: `2` the second call, `2-` from the second call on, `2-4` these, `10%` by chance with the emulator's seed;
///   without it, every call.
/// - EFFECT: `latency=300ms`, `slow=2s`, `throttle[=1000]` (milliseconds for `x-acs-retry-after`),
///   `refuse=STATUS/CODE[/MESSAGE]` (before the commit), `fail-after=STATUS/CODE[/MESSAGE]` (after it), `cut-before`,
///   `cut-after`, `truncate`, `total-count=N`, `shift=N`, `unreadable=N`.
///
/// ```
/// use cenbwp_tests::{Effect, Fault};
/// let fault: Fault = "CreateCenBandwidthPackage@1:fail-after=500/InternalError".parse().unwrap();
/// assert!(matches!(fault.effect, Effect::FailAfter(_)));
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    /// The operation; `None` means all of them.
    pub action: Option<String>,
    /// The calls that it hits, counted from when the fault was queued.
    pub when: When,
    /// The effect on these calls.
    pub effect: Effect,
}

impl Fault {
    /// A fault of one operation.
    ///
    /// # Panics
    /// Panics if there is no such operation: a test whose fault never strikes would pass for the wrong
    /// reason.
    pub fn new(action: &str, when: When, effect: Effect) -> Self {
        assert!(names::is_known(action), "there is no operation {action:?}");
        Self { action: Some(action.to_owned()), when, effect }
    }
}

/// The calls that a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// From the `first` call to the `last`, counted from 1; without a last one, for ever.
    Calls {
        /// The first call that is hit.
        first: u64,
        /// The last call that is hit.
        last: Option<u64>,
    },
    /// Each call with this chance, drawn from the emulator's seed.
    Percent(u8),
}

impl When {
    /// Every call.
    pub const EVERY: Self = Self::Calls { first: 1, last: None };

    /// Only the n-th call, counted from 1.
    pub fn call(n: u64) -> Self {
        Self::Calls { first: n, last: Some(n) }
    }

    /// The first `n` calls.
    pub fn first(n: u64) -> Self {
        Self::Calls { first: 1, last: Some(n) }
    }
}

/// The effect of a fault on a call.
#[derive(Clone)]
pub enum Effect {
    /// The answer takes this much longer; the request is not looked at before that.
    Latency(Duration),
    /// The request is accepted and then takes this long to be carried out. A second request with its `ClientToken`
    /// is answered `IdempotentProcessing` meanwhile.
    Slow(Duration),
    /// Flow control: `Throttling.User`, with milliseconds for `x-acs-retry-after` or without.
    Throttle(Option<u64>),
    /// The request is refused and not carried out. If failed tokens are remembered, its token is spent.
    Refuse(Refusal),
    /// The request is carried out and the answer says that it failed.
    FailAfter(Refusal),
    /// The connection is closed before anything is done.
    CutBefore,
    /// The request is carried out and the connection is closed without an answer.
    CutAfter,
    /// The second half of the answer's body is missing.
    Truncate,
    /// `TotalCount` of a listing is wrong.
    TotalCount(i64),
    /// A listing moved since its last page: positive, that many items slip through unseen; negative, that many are
    /// shown again. `TotalCount` stays (as many came as went); add [`Effect::TotalCount`] to change it.
    Shift(i64),
    /// The item at this position of the page, from 0, cannot be read: its bandwidth is an object, its id a number.
    Unreadable(usize),
    /// The world is changed just before this call is carried out. Not for the command line.
    Edit(Arc<dyn Fn(&mut World) + Send + Sync>),
}

impl Effect {
    /// Reports whether the effect only takes time and leaves the answer as it is.
    pub(crate) fn is_delay(&self) -> bool {
        matches!(self, Self::Latency(_) | Self::Slow(_))
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(time) => write!(f, "Latency({time:?})"),
            Self::Slow(time) => write!(f, "Slow({time:?})"),
            Self::Throttle(ms) => write!(f, "Throttle({ms:?})"),
            Self::Refuse(refusal) => write!(f, "Refuse({} {})", refusal.status, refusal.code),
            Self::FailAfter(refusal) => write!(f, "FailAfter({} {})", refusal.status, refusal.code),
            Self::CutBefore => f.write_str("CutBefore"),
            Self::CutAfter => f.write_str("CutAfter"),
            Self::Truncate => f.write_str("Truncate"),
            Self::TotalCount(count) => write!(f, "TotalCount({count})"),
            Self::Shift(by) => write!(f, "Shift({by})"),
            Self::Unreadable(index) => write!(f, "Unreadable({index})"),
            Self::Edit(_) => f.write_str("Edit"),
        }
    }
}

/// A queued fault and how many calls it has seen.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) fault: Fault,
    seen: u64,
}

impl Queued {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, seen: 0 }
    }

    /// Counts a call and returns the effect on it, if there is one. `draw` yields a number below 100.
    pub(crate) fn strike(&mut self, action: &str, draw: impl FnOnce() -> u8) -> Option<Effect> {
        if self.fault.action.as_deref().is_some_and(|wanted| wanted != action) {
            return None;
        }
        self.seen += 1;
        let hit = match self.fault.when {
            When::Calls { first, last } => self.seen >= first && last.is_none_or(|last| self.seen <= last),
            When::Percent(percent) => draw() < percent,
        };
        hit.then(|| self.fault.effect.clone())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (subject, effect) = text
            .split_once(':')
            .ok_or_else(|| format!("fault {text:?} has no effect; expected ACTION[@WHEN]:EFFECT[=VALUE]"))?;
        let (action, when) = match subject.split_once('@') {
            Some((action, when)) => (action, parse_when(when)?),
            None => (subject, When::EVERY),
        };
        if action != "*" && !names::is_known(action) {
            return Err(format!(
                "fault {text:?} names an operation that does not exist: {action:?}; expected * or one of {}",
                names::OPERATIONS.join(", ")
            ));
        }
        Ok(Self { action: (action != "*").then(|| action.to_owned()), when, effect: parse_effect(effect)? })
    }
}

fn parse_when(text: &str) -> Result<When, String> {
    let number = |digits: &str| {
        digits
            .parse::<u64>()
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(|| format!("{text:?} does not say which calls; expected N, N-, N-M or P%"))
    };
    if let Some(percent) = text.strip_suffix('%') {
        let percent = u8::try_from(number(percent)?).ok().filter(|&percent| percent <= 100);
        return percent.map(When::Percent).ok_or_else(|| format!("chance {text:?} is above 100%"));
    }
    match text.split_once('-') {
        None => Ok(When::call(number(text)?)),
        Some((first, "")) => Ok(When::Calls { first: number(first)?, last: None }),
        Some((first, last)) => Ok(When::Calls { first: number(first)?, last: Some(number(last)?) }),
    }
}

fn parse_effect(text: &str) -> Result<Effect, String> {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let needed = || value.ok_or_else(|| format!("effect {name:?} needs a value: {name}=…"));
    let number = || needed()?.parse::<i64>().map_err(|_| format!("effect {text:?} needs a whole number"));
    match name {
        "latency" => Ok(Effect::Latency(parse_duration(needed()?)?)),
        "slow" => Ok(Effect::Slow(parse_duration(needed()?)?)),
        "throttle" => {
            let ms = value.map(|ms| ms.parse().map_err(|_| format!("effect {text:?} needs milliseconds")));
            Ok(Effect::Throttle(ms.transpose()?))
        }
        "refuse" => Ok(Effect::Refuse(parse_refusal(needed()?)?)),
        "fail-after" => Ok(Effect::FailAfter(parse_refusal(needed()?)?)),
        "cut-before" => Ok(Effect::CutBefore),
        "cut-after" => Ok(Effect::CutAfter),
        "truncate" => Ok(Effect::Truncate),
        "total-count" => Ok(Effect::TotalCount(number()?)),
        "shift" => Ok(Effect::Shift(number()?)),
        "unreadable" => {
            let index =
                usize::try_from(number()?).map_err(|_| format!("effect {text:?} needs a position from 0"))?;
            Ok(Effect::Unreadable(index))
        }
        _ => Err(format!(
            "unknown effect {name:?}; expected latency, slow, throttle, refuse, fail-after, cut-before, cut-after, truncate, total-count, shift or unreadable"
        )),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| format!("{text:?} is not a duration; expected one like 300ms or 2s"))
}

fn parse_refusal(text: &str) -> Result<Refusal, String> {
    let mut parts = text.splitn(3, '/');
    let status =
        parts.next().and_then(|status| status.parse().ok()).filter(|status| (400..600).contains(status));
    match (status, parts.next().filter(|code| !code.is_empty())) {
        (Some(status), Some(code)) => {
            Ok(Refusal::new(status, code, parts.next().unwrap_or("An injected failure.")))
        }
        _ => Err(format!("{text:?} is not an error; expected STATUS/CODE[/MESSAGE], e.g. 500/InternalError")),
    }
}
/// Returns the refusal that these effects put in the place of the answer.
pub(crate) fn injected_refusal(effects: &[Effect]) -> Option<Refusal> {
    effects.iter().find_map(|effect| match effect {
        Effect::Refuse(refusal) => Some(refusal.clone()),
        _ => None,
    })
}
