//! Tools that break a law, to prove that the oracle would notice. Each is the real tool that reads its spec
//! wrongly, sits behind a wire that changes its requests or their replies, or reports more than it knows.

mod caught;

use cenbwp::cloud::{Reply, TransportError};
use cenbwp::execute::{ChangeResult, FieldOutcome, Outcome};
use serde_json::{Value, json};

use crate::account::FOREIGN;
use crate::history::Said;
use crate::schedule::{Action, End, Kind, Manage, Name, Want, What};

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
}

impl Bug {
    /// Changes an entry of the spec to what the tool with this bug reads.
    pub(crate) fn reads(self, name: Name, want: &mut Want) {
        match (self, want.manage) {
            (Self::ConsentAssumed, _) => want.consent = true,
            (Self::ObserveIsFull, Manage::Observe) => want.manage = Manage::Full,
            (Self::ReleaseIsRetire, Manage::Release) => want.manage = Manage::Retire,
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
        self == Self::BlindRepeat && lost && Action::named(action).is_some_and(Action::is_change)
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

    /// Changes a page of the listing to what this tool reads.
    fn listing(self, mut reply: Reply) -> Reply {
        let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
        let page_number = page["PageNumber"].as_u64().unwrap_or(1);
        let items = page["CenBandwidthPackages"]["CenBandwidthPackage"].as_array_mut();
        let Some(items) = items else { return reply };
        let before = items.len();
        let ours = |item: &Value| item["Tags"].to_string().contains("\"cenbwp\"");
        match self {
            Self::FirstPageOnly if page_number > 1 => items.clear(),
            Self::UnreadableLeftOut => items.retain(|item| item["CenBandwidthPackageId"].is_string()),
            Self::OnlyTagged => items.retain(ours),
            Self::ListingNeverShowsOurs => items.retain(|item| !ours(item)),
            Self::BandwidthBelieved => {
                items.iter_mut().filter(|item| ours(item)).for_each(|item| item["Bandwidth"] = json!(20));
            }
            Self::SharesUnread => items.iter_mut().for_each(|item| {
                item["OrginInterRegionBandwidthLimits"] = json!({ "OrginInterRegionBandwidthLimit": [] });
            }),
            Self::OthersAreFree => items.iter_mut().for_each(|item| {
                if item["Tags"].to_string().contains("\"other/") {
                    item["Tags"] = json!({ "Tag": [] });
                }
            }),
            Self::CensApart => items.iter_mut().for_each(apart),
            Self::TextsBelieved => items.iter_mut().filter(|item| ours(item)).for_each(|item| {
                item["Name"] = json!("one");
                item["Description"] = json!("said");
            }),
            _ => {}
        }
        let (left, total) = (items.len(), page["TotalCount"].as_u64().unwrap_or(0));
        page["TotalCount"] = match self {
            // A later page is asked for where the first one is full.
            Self::FirstPageOnly => json!(if page_number > 1 { 50 } else { left }),
            _ => json!(total.saturating_sub((before - left) as u64)),
        };
        reply.body = page.to_string().into_bytes();
        reply
    }
}

/// Gives the package's CEN a name of its own.
fn apart(item: &mut Value) {
    let id = item["CenBandwidthPackageId"].as_str().unwrap_or_default();
    let last = id.chars().last().unwrap_or_default();
    for cen in item["CenIds"]["CenId"].as_array_mut().into_iter().flatten() {
        *cen = json!(format!("{}-{last}", cen.as_str().unwrap_or_default()));
    }
}

/// Returns the page of the listing without the packages of these identities.
fn without(mut reply: Reply, identities: &[String]) -> Reply {
    let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    let Some(items) = page["CenBandwidthPackages"]["CenBandwidthPackage"].as_array_mut() else {
        return reply;
    };
    let before = items.len();
    let named =
        |item: &Value| identities.iter().any(|it| item["Tags"].to_string().contains(&format!("\"{it}\"")));
    items.retain(|item| !named(item));
    let gone = (before - items.len()) as u64;
    page["TotalCount"] = json!(page["TotalCount"].as_u64().unwrap_or(0).saturating_sub(gone));
    reply.body = page.to_string().into_bytes();
    reply
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
