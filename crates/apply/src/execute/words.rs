//! The messages of a run: the result and the hint for each end of a request.

use cenbwp_diff::{Live, Purchase};
use cenbwp_spec::Field;

use super::outcome::{ChangeResult, FieldOutcome, FieldResult, Outcome};
use super::request::{By, End, State};
use crate::cloud::{Answer, Call, Yes};

/// The reason for an end, and what to do about it; the hint is empty if there is nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Why {
    detail: String,
    hint: &'static str,
}

/// The only hint for an unknown outcome: any other could buy twice.
pub(crate) const SAME_COMMAND: &str = "run the same command again: it uses the same token";

/// The detail for a request whose answer has not arrived.
const IN_FLIGHT: &str = "sent, and nothing proves yet what became of it";

/// Returns true if the service accepted the purchase, and the run ended before a listing showed it.
pub(crate) fn is_unseen(result: &ChangeResult) -> bool {
    let is_accepted = |detail: &str| detail.starts_with("accepted") && detail.ends_with(UNSEEN_END);
    result.outcome == Outcome::Unknown && result.detail.as_deref().is_some_and(is_accepted)
}

const UNSEEN_END: &str = "and the listing does not show it";

const UNSEEN: &str = "accepted, and the listing does not show it";

impl Why {
    /// Returns the reason that an answer gives; `None` for a yes.
    pub(super) fn of(answer: &Answer<Yes>) -> Option<Self> {
        match answer {
            Answer::Yes(_) => None,
            Answer::No(refusal) => Some(Self { detail: refusal.to_string(), hint: refusal.hint() }),
            Answer::Unknown(lost) => Some(Self { detail: lost.to_string(), hint: SAME_COMMAND }),
        }
    }

    pub(super) fn contradicted(detail: String) -> Self {
        Self { detail, hint: SAME_COMMAND }
    }

    pub(super) fn recognised() -> Self {
        Self { detail: "its reply was lost; it was recognised by its tag".to_owned(), hint: "" }
    }

    /// The package has the identity of an order whose reply was lost, and is not what was ordered.
    pub(super) fn another_package(live: &Live) -> Self {
        let detail = format!(
            "its reply was lost, and {}, which was not ordered with its token, has its tag by now: the order may still take effect",
            live.id
        );
        Self { detail, hint: SAME_COMMAND }
    }

    /// The package is there with other terms than `by`'s request ordered. A reply names it also where the
    /// service replays another run's order, so a yes does not tell which of the two runs ordered it.
    pub(super) fn another_order(live: &Live, by: By) -> Self {
        let who = if by == By::Other { "another run's order" } else { "another run ordered or resized it" };
        let detail = format!("{} with {} is there: {who}", live.id, live.bandwidth);
        Self { detail, hint: "the next plan compares it with the spec" }
    }
}

/// Writes the end of a purchase into its result.
pub(super) fn bought(
    result: &mut ChangeResult,
    purchase: &Purchase,
    end: End,
    why: Option<Why>,
    stopped: Option<&str>,
) {
    let accepted = |what: &str| match &result.id {
        Some(id) => what.replacen("accepted", &format!("accepted as {id}"), 1),
        None => what.to_owned(),
    };
    let reason = |why: Option<Why>| why.map_or((None, ""), |why| (Some(why.detail), why.hint));
    let (outcome, (detail, hint)) = match end {
        End::Shown(By::Yes | By::Lost) | End::Accepted if !purchase.terms.auto_pay => {
            let order = result.order_id.as_deref().unwrap_or("in the console");
            result.hint =
                Some(format!("pay order {order}, or cancel it; the package exists once it is paid"));
            (result.outcome, result.detail) = (Outcome::UnpaidOrder, None);
            return;
        }
        End::Shown(By::Yes | By::Lost) => (Outcome::Created, reason(why)),
        End::Shown(By::Other) => (Outcome::AlreadyPresent, reason(why)),
        End::Accepted => {
            let hint = "the next plan tells: it looks for the package by its tag";
            (Outcome::Ordered, (Some(accepted(&format!("{UNSEEN} yet"))), hint))
        }
        End::Failed => (Outcome::Failed, reason(why)),
        End::NotAttempted => (Outcome::NotAttempted, (stopped.map(str::to_owned), "")),
        End::Unseen | End::Unknown(_) => {
            let otherwise = if end == End::Unseen { accepted(UNSEEN) } else { IN_FLIGHT.to_owned() };
            (Outcome::Unknown, (Some(why.map_or(otherwise, |why| why.detail)), SAME_COMMAND))
        }
    };
    let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
    (result.outcome, result.detail, result.hint) = (outcome, detail, hint);
}

/// Returns the result of one field, and writes the advice of a refusal into the change's own result, once.
pub(super) fn changed(
    result: &mut ChangeResult,
    field: &'static str,
    end: End,
    why: Option<Why>,
    stopped: Option<&str>,
) -> FieldResult {
    let (said, hint) = why.map_or((None, ""), |why| (Some(why.detail), why.hint));
    let (outcome, detail) = match end {
        End::Shown(_) => (FieldOutcome::Done, None),
        End::Accepted => (FieldOutcome::Done, Some("accepted; not waited for".to_owned())),
        End::Failed => (FieldOutcome::Failed, said),
        End::NotAttempted => (FieldOutcome::NotAttempted, stopped.map(str::to_owned)),
        End::Unseen if field == Field::AutoRenew.as_str() => {
            (FieldOutcome::Unknown, Some("sent, not yet shown by the billing service".to_owned()))
        }
        End::Unseen => (FieldOutcome::Unknown, Some(UNSEEN.to_owned())),
        End::Unknown(_) => (FieldOutcome::Unknown, said.or_else(|| Some(IN_FLIGHT.to_owned()))),
    };
    // A field in doubt has the advice of the run: the same command.
    if outcome == FieldOutcome::Failed && !["", SAME_COMMAND].contains(&hint) {
        match &mut result.hint {
            Some(others) if others.contains(hint) => {}
            Some(others) => others.push_str(&format!("; {hint}")),
            None => result.hint = Some(hint.to_owned()),
        }
    }
    FieldResult { field, outcome, detail }
}

/// Returns what a request in this state waits for, in words; `call` is the change, `None` for a purchase.
pub(super) fn awaits(state: State, call: Option<&Call>) -> String {
    match state {
        State::Clean(tries) if tries.all == 0 => "waiting for its turn".to_owned(),
        State::Clean(_) | State::Cleared(..) => "waiting to be sent again".to_owned(),
        State::Doubt(..) => "waiting for an answer, or for the listing to tell".to_owned(),
        State::Accepted | State::Watching(..) => {
            let by = if matches!(call, Some(Call::Renew(..))) { "billing service" } else { "listing" };
            format!("waiting for the {by} to show {}", call.map_or("it", Call::field))
        }
        State::Done(_) => "done".to_owned(),
    }
}
