//! Tools that break a law, to prove that the oracle would notice. Each is the real tool that reads its spec
//! wrongly, sits behind a wire that changes its requests or their replies, or reports more than it knows.

mod caught;
mod pages;

use cenbwp::cloud::{Reply, TransportError};
use cenbwp::execute::{ChangeResult, FieldOutcome, Outcome};
use pages::without;
use serde_json::{Value, json};

use crate::account::{FOREIGN, Found};
use crate::history::Said;
use crate::schedule::{Action, End, Kind, Manage, Name, Renews, Want, What};
use crate::signals::Signals;

/// A mistake that a tool could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Every request has a token of its own.
    RandomToken,
    /// The bandwidth takes part in the token.
    ParameterInToken,
    /// The process takes part in the token.
    ProcessInToken,
    /// All packages share a token.
    SharedToken,
    /// The purchase does not carry the identity tag.
    NoTag,
    /// The order asks for more than the spec.
    MoreThanAsked,
    /// A lack of money is taken for a passing error.
    MoneyRepeated,
    /// A lost reply is taken for a refusal.
    LostIsRefused,
    /// A lost reply is taken for throttling: the request is repeated without a new listing.
    LostIsRepeated,
    /// A token that was used with other parameters is taken for one that failed.
    MismatchIsFailure,
    /// A token in use is taken for one that failed.
    BusyIsFailure,
    /// The first page of a listing is taken for all of it.
    FirstPageOnly,
    /// Items that cannot be read are left out.
    UnreadableLeftOut,
    /// Packages without our tag are left out.
    OnlyTagged,
    /// Every package of ours is believed to have the declared bandwidth.
    BandwidthBelieved,
    /// The bandwidth that regions use is not read.
    SharesUnread,
    /// A package of ours is never recognised in a listing.
    ListingNeverShowsOurs,
    /// A change whose reply is lost is sent again at once.
    BlindRepeat,
    /// A refused change is reported as done.
    RefusalIsYes,
    /// Interruptions are always taken as allowed.
    ConsentAssumed,
    /// `manage: observe` is taken for `full`.
    ObserveIsFull,
    /// `manage: release` is taken for `retire`.
    ReleaseIsRetire,
    /// A package to adopt is bought instead if nothing looks like it.
    AdoptIsPurchase,
    /// A package is bought under its new key if nothing looks like it.
    MoveIsPurchase,
    /// Tags that the spec does not name are removed too.
    ForeignUntagged,
    /// Packages of other stacks are taken for packages without an owner.
    OthersAreFree,
    /// The tool believes that every package has a CEN of its own.
    CensApart,
    /// An outcome that nothing proves is reported as done.
    UnknownIsDone,
    /// An outcome that nothing proves is reported as failed.
    UnknownIsFailed,
    /// The names and descriptions of every package are believed to be in sync.
    TextsBelieved,
    /// A request to stop is read by a task, which runs only where the process waits.
    StopIsATask,
    /// SIGHUP ends the process as if it had no handler.
    HangUpKills,
    /// Any second signal ends the process at once, also the one that `timeout` sends right after the first.
    EverySignalCounts,
    /// An end by a second signal prints no summary.
    SilentEnd,
    /// Replies are read only when all open requests have been answered.
    AnswersWithheld,
    /// An order that was put off is sent again without a new listing.
    PutOffIsBlind,
    /// The report of a second signal has what follows a purchase in the place of the purchase.
    ProofForgotten,
    /// The report of a second signal has the operation's name in the place of the action.
    ActionIsOperation,
    /// A gateway's time-out is taken for a refusal by the service.
    TimeoutIsRefusal,
    /// The account that the spec of a saved plan pins is not checked.
    PinIsNotRead,
    /// A plan from the future counts as young enough.
    FutureIsYoung,
    /// A successful reply is reported as a package, whether a listing shows it or not.
    YesIsCreated,
    /// A refusal because the value is so already counts as a failure unless the listing shows the value at
    /// once.
    AlreadySoIsRefused,
    /// A package whose row is missing is taken for one that does not renew itself.
    NoRowIsOff,
    /// The renewal of every package is believed to be a month's.
    RenewalBelieved,
    /// A setting of a renewal whose reply is lost is sent again at once.
    RenewalRepeated,
    /// A renewal is set for the package of another name.
    RenewalOfAnother,
    /// A refusal that looks like an answer is taken for done.
    FalseIsDone,
    /// A stop is read before each request but a setting of a renewal.
    StopSparesRenewal,
    /// Every entry is taken for one that declares a renewal.
    RenewalAlwaysRead,
    /// `ignore: [autoRenew]` is not read.
    IgnoredIsKept,
    /// `autoRenew: true` is taken for a month's renewal.
    DurationAssumed,
    /// An unknown renewal ends the run.
    UnknownRenewalHolds,
    /// `--target` and `--exclude` are not read.
    PartIsAll,
}

impl Bug {
    /// Changes an entry of the spec to what the tool with this bug reads.
    pub(crate) fn reads(self, name: Name, want: &mut Want) {
        match (self, want.manage) {
            (Self::ConsentAssumed, _) => want.consent = true,
            (Self::ObserveIsFull, Manage::Observe) => want.manage = Manage::Full,
            (Self::ReleaseIsRetire, Manage::Release) => want.manage = Manage::Retire,
            (Self::IgnoredIsKept, _) => want.ignores_renewal = false,
            (Self::DurationAssumed, _) if want.renews == Some(Renews::On) => {
                want.renews = Some(Renews::Every(1));
            }
            // Read, and not changed.
            (Self::RenewalAlwaysRead, _) if want.renews.is_none() => {
                (want.renews, want.ignores_renewal) = (Some(Renews::Off), true);
            }
            (Self::CensApart, _) => {
                const OF_EACH: [[&str; 3]; 2] =
                    [["cen-1-a", "cen-1-b", "cen-1-c"], ["cen-2-a", "cen-2-b", "cen-2-c"]];
                let cen = want.cen.flatten().map(|cen| usize::from(cen == "cen-2"));
                want.cen = want.cen.map(|_| cen.map(|cen| OF_EACH[cen][(name as usize - 'a' as usize) % 3]));
            }
            (Self::AdoptIsPurchase, _) if want.adopt.is_some() => {
                // With a name and a bandwidth that no package has.
                (want.adopt, want.title, want.mbps) = (None, Some("anew"), 40);
            }
            (Self::MoveIsPurchase, _) if want.moved.is_some() => {
                (want.moved, want.title, want.mbps) = (None, Some("anew"), 40);
            }
            _ => {}
        }
    }

    /// Changes a request to what the tool with this bug sends.
    pub(crate) fn request(self, run: usize, nonce: &str, action: &str, params: &mut Vec<(String, String)>) {
        match (self, Action::named(action)) {
            (Self::ForeignUntagged, Some(Action::Untag)) => {
                params.push(("TagKey.2".to_owned(), FOREIGN.to_owned()));
            }
            (Self::CensApart, Some(Action::Attach | Action::Detach)) => {
                let cens = params.iter_mut().filter(|(name, _)| name == "CenId");
                cens.for_each(|(_, cen)| cen.truncate("cen-1".len()));
            }
            (Self::RenewalOfAnother, Some(Action::Renew)) => {
                let ids = params.iter_mut().filter(|(name, _)| name == "InstanceIDs");
                ids.for_each(|(_, id)| *id = Found::id(if *id == Found::id('a') { 'b' } else { 'a' }));
            }
            (_, Some(Action::Create)) => self.purchase(run, nonce, params),
            _ => {}
        }
    }

    fn purchase(self, run: usize, nonce: &str, params: &mut [(String, String)]) {
        let bandwidth = params.iter().find(|(name, _)| name == "Bandwidth").map(|(_, value)| value.clone());
        let bandwidth = bandwidth.unwrap_or_default();
        let mut each = |wanted: &str, change: &dyn Fn(&mut String)| {
            params.iter_mut().filter(|(name, _)| name == wanted).for_each(|(_, value)| change(value));
        };
        match self {
            Self::RandomToken => each("ClientToken", &|token| nonce.clone_into(token)),
            Self::ParameterInToken => each("ClientToken", &|token| token.push_str(&bandwidth)),
            Self::ProcessInToken => each("ClientToken", &|token| token.push_str(&run.to_string())),
            Self::SharedToken => each("ClientToken", &|token| "cbwp1".clone_into(token)),
            Self::MoreThanAsked => each("Bandwidth", &|value| value.push('0')),
            Self::NoTag => each("Tag.1.Key", &|key| "owner".clone_into(key)),
            _ => {}
        }
    }

    /// Reports whether the tool with this bug sends the same request again at once.
    pub(crate) fn repeats(self, action: &str, result: &Result<Reply, TransportError>) -> bool {
        let lost = matches!(result, Err(TransportError::Lost(_)));
        let action = Action::named(action).filter(|action| action.is_change());
        match self {
            Self::BlindRepeat => lost && action.is_some(),
            Self::RenewalRepeated => lost && action == Some(Action::Renew),
            _ => false,
        }
    }

    /// Reports whether the tool with this bug does not send a request after a signal.
    pub(crate) fn holds_back(self, action: &str, signals: &Signals) -> bool {
        let action = Action::named(action).filter(|action| action.spends());
        self == Self::StopSparesRenewal
            && signals.is_delivered()
            && action.is_some_and(|action| action != Action::Renew)
    }

    /// Changes what a run reports at its end to what the tool with this bug reports.
    pub(crate) fn says(self, said: &mut Said) {
        if self == Self::YesIsCreated {
            let ordered = said.results.iter_mut().filter(|result| {
                result.action == "purchase" && result.order_id.is_some() && !result.is_success()
            });
            ordered.for_each(|result| result.outcome = Outcome::Created);
            if said.code.is_some() && said.results.iter().all(ChangeResult::is_success) {
                said.code = Some(0);
            }
        }
        if self == Self::FalseIsDone {
            let fields = said.results.iter_mut().flat_map(|result| &mut result.fields);
            let renewals = fields.filter(|field| field.field == "autoRenew");
            renewals
                .filter(|field| field.outcome == FieldOutcome::Unknown)
                .for_each(|field| field.outcome = FieldOutcome::Done);
        }
        let instead = match self {
            Self::UnknownIsDone => (FieldOutcome::Done, Outcome::Updated),
            Self::UnknownIsFailed => (FieldOutcome::Failed, Outcome::Failed),
            _ => return,
        };
        let fields = said.results.iter_mut().flat_map(|result| &mut result.fields);
        fields
            .filter(|field| field.outcome == FieldOutcome::Unknown)
            .for_each(|field| field.outcome = instead.0);
        let results = said.results.iter_mut().filter(|result| result.outcome == Outcome::Unknown);
        results.for_each(|result| result.outcome = instead.1);
        if said.code == Some(7) {
            said.code = Some(if self == Self::UnknownIsDone { 0 } else { 1 });
        }
    }

    /// Changes what a second signal reports to what the tool with this bug reports.
    pub(crate) fn stands(self, result: &mut ChangeResult) {
        match self {
            Self::ProofForgotten if !result.fields.is_empty() => {
                (result.outcome, result.id, result.order_id) = (Outcome::Unknown, None, None);
                (result.mbps, result.client_token) = (None, None);
                result.fields.clear();
            }
            Self::ActionIsOperation if result.action == "update" => {
                result.action = "ModifyCenBandwidthPackageSpec";
            }
            _ => {}
        }
    }

    /// Reports whether the tool with this bug prints a summary at this end.
    pub(crate) fn sums_up(self, end: End, at_once: bool) -> bool {
        let hung_up = matches!(end, End::Signals(signal, _) if signal.kind == Kind::HangUp);
        match self {
            Self::SilentEnd => !at_once,
            Self::HangUpKills => !(at_once && hung_up),
            _ => true,
        }
    }

    /// Changes a reply to what the tool with this bug reads, when orders for these identities were put off.
    pub(crate) fn reply(
        self,
        put_off: &[String],
        action: &str,
        params: &[(String, String)],
        result: Result<Reply, TransportError>,
    ) -> Result<Reply, TransportError> {
        let action = Action::named(action);
        let is_create = action == Some(Action::Create);
        let lost = matches!(result, Err(TransportError::Lost(_)));
        let refused = matches!(result, Ok(Reply { status: 400.., .. }));
        let lost_on_the_way = matches!(&result, Ok(Reply { status: status @ 400..500, body, .. })
            if What::leaves_doubt(*status, &code_of(body)) && code_of(body) != "Throttling.User");
        match self {
            Self::LostIsRefused if is_create && lost => Ok(refusal(400, "InventoryExceeded")),
            Self::RefusalIsYes if refused && action.is_some_and(Action::is_change) => {
                Ok(Reply { status: 200, retry_after: None, body: br#"{"RequestId":"yes"}"#.to_vec() })
            }
            Self::FalseIsDone if action == Some(Action::Renew) && is_false(&result) => {
                let body = br#"{"RequestId":"yes","Success":true,"Code":"Success"}"#.to_vec();
                Ok(Reply { status: 200, retry_after: None, body })
            }
            Self::NoRowIsOff | Self::RenewalBelieved if action == Some(Action::Bills) => {
                result.map(|reply| self.rows(params, reply))
            }
            Self::LostIsRepeated if is_create && lost => Ok(refusal(400, "Throttling.User")),
            Self::TimeoutIsRefusal if is_create && lost_on_the_way => Ok(refusal(400, "InventoryExceeded")),
            Self::AlreadySoIsRefused => {
                let other = instead(result, "Operation.Failed", "InvalidParameter");
                instead(other, "OperationFailed.UpDownRadeConfigNoChange", "InvalidParameter")
            }
            Self::PutOffIsBlind if action == Some(Action::Describe) => {
                result.map(|reply| without(reply, put_off))
            }
            Self::MoneyRepeated => instead(result, "PayFor.AccountMoneyValidateError", "Throttling.User"),
            Self::MismatchIsFailure => instead(result, "IdempotentParameterMismatch", "IdempotentFailed"),
            Self::BusyIsFailure => instead(result, "IdempotentProcessing", "IdempotentFailed"),
            Self::FirstPageOnly
            | Self::UnreadableLeftOut
            | Self::OnlyTagged
            | Self::BandwidthBelieved
            | Self::SharesUnread
            | Self::ListingNeverShowsOurs
            | Self::OthersAreFree
            | Self::CensApart
            | Self::TextsBelieved
                if action == Some(Action::Describe) =>
            {
                result.map(|reply| self.listing(reply))
            }
            _ => result,
        }
    }
}

/// Reports whether a reply is an answer that says no.
fn is_false(result: &Result<Reply, TransportError>) -> bool {
    let document = |reply: &Reply| serde_json::from_slice::<Value>(&reply.body).ok();
    let reply = result.as_ref().ok().filter(|reply| reply.status == 200);
    reply.and_then(document).is_some_and(|document| document["Success"] == false)
}

pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    let body = json!({ "Code": code, "Message": "", "RequestId": "", "HostId": "" });
    Reply { status, retry_after: None, body: body.to_string().into_bytes() }
}

fn code_of(body: &[u8]) -> String {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    document["Code"].as_str().unwrap_or_default().to_owned()
}

/// Returns the reply, with `other` in the place of this code.
fn instead(result: Result<Reply, TransportError>, code: &str, other: &str) -> Result<Reply, TransportError> {
    result.map(|reply| if code_of(&reply.body) == code { refusal(400, other) } else { reply })
}
