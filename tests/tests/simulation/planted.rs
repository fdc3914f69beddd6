//! Tools that break a law, to prove that the oracle would notice: each is the real one, and reads its spec wrongly, or
//! stands behind a wire that changes what it says to the service or hears from it, or says more than it knows.

use cenbwp::cloud::{Reply, TransportError};
use cenbwp::execute::{ChangeResult, FieldOutcome, Outcome};
use serde_json::{Value, json};

use crate::account::FOREIGN;
use crate::history::Said;
use crate::oracle::Law;
use crate::schedule::{Action, End, Kind, Manage, Name, Schedule, Want, What};
use crate::seeds;
use crate::trial;

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
    /// The purchase does not carry its identity.
    NoTag,
    /// More is ordered than the spec asks for.
    MoreThanAsked,
    /// A lack of money is taken for a passing condition.
    MoneyRepeated,
    /// A lost reply is taken for a refusal.
    LostIsRefused,
    /// A lost reply is taken for a busy service: the request is repeated without a look.
    LostIsRepeated,
    /// A token that was used otherwise is taken for one that failed.
    MismatchIsFailure,
    /// A token in use is taken for one that failed.
    BusyIsFailure,
    /// The first page of a listing is taken for all of it.
    FirstPageOnly,
    /// Items that cannot be read are left out.
    UnreadableLeftOut,
    /// Packages without our tag are left out.
    OnlyTagged,
    /// Every package of ours is believed to have the bandwidth that was asked for.
    BandwidthBelieved,
    /// What is ours is never recognised in a listing.
    ListingNeverShowsOurs,
    /// A change whose reply is lost is sent again at once.
    BlindRepeat,
    /// A refused change is told as accepted.
    RefusalIsYes,
    /// Traffic may always be interrupted.
    ConsentAssumed,
    /// `manage: observe` is taken for `full`.
    ObserveIsFull,
    /// `manage: release` is taken for `retire`.
    ReleaseIsRetire,
    /// A package to adopt is bought instead, when nothing looks like it.
    AdoptIsPurchase,
    /// Tags that the spec does not name are removed too.
    ForeignUntagged,
    /// Packages of other stacks are taken for nobody's.
    OthersAreFree,
    /// Every package has a CEN of its own, as far as this tool knows.
    CensApart,
    /// What nothing proves is told as done.
    UnknownIsDone,
    /// What nothing proves is told as failed.
    UnknownIsFailed,
    /// The texts of every package are believed to be as declared.
    TextsBelieved,
    /// A request to stop is read by a task, which gets its turn only where the process waits.
    StopIsATask,
    /// A hang-up ends the process as it ends one that does not listen.
    HangUpKills,
    /// Any second signal ends the process at once, also the one that `timeout` sends right after the first.
    EverySignalCounts,
    /// An end by a second signal has no summary.
    SilentEnd,
    /// Answers are taken in when all requests that are under way have been answered.
    AnswersWithheld,
    /// An order that was put off takes no listing in before it is sent again.
    PutOffIsBlind,
    /// What follows a purchase takes its place in what a second signal would name.
    ProofForgotten,
    /// What a second signal names has the operation in the place of the action.
    ActionIsOperation,
    /// A gateway's time-out is taken for the service's refusal.
    TimeoutIsRefusal,
    /// The account that a saved plan's spec pins is not read.
    PinIsNotRead,
    /// A plan from the future is not too old, and so it is fine.
    FutureIsYoung,
    /// A yes is told as a package, whether a listing shows it or not.
    YesIsCreated,
    /// "It is so already" is a refusal unless the listing shows the value at once.
    AlreadySoIsRefused,
}

impl Bug {
    /// What the tool with this bug takes an entry of the spec for.
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
            _ => {}
        }
    }

    /// What the tool with this bug sends.
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

    /// Whether the tool with this bug sends the same again at once.
    pub(crate) fn repeats(self, action: &str, result: &Result<Reply, TransportError>) -> bool {
        let lost = matches!(result, Err(TransportError::Lost(_)));
        self == Self::BlindRepeat && lost && Action::named(action).is_some_and(Action::is_change)
    }

    /// What the tool with this bug says at its end.
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

    /// What a second signal would name in the tool with this bug.
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

    /// Whether the tool with this bug sums up at this end.
    pub(crate) fn sums_up(self, end: End, at_once: bool) -> bool {
        let hung_up = matches!(end, End::Signals(signal, _) if signal.kind == Kind::HangUp);
        match self {
            Self::SilentEnd => !at_once,
            Self::HangUpKills => !(at_once && hung_up),
            _ => true,
        }
    }

    /// What the tool with this bug hears, when orders for these identities were put off.
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

    /// A page of the listing as this tool reads it.
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

/// A page of the listing without the packages of these identities.
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

/// The reply, with another code in the place of this one.
fn instead(result: Result<Reply, TransportError>, code: &str, other: &str) -> Result<Reply, TransportError> {
    result.map(|reply| if code_of(&reply.body) == code { refusal(400, other) } else { reply })
}

/// The simulator finds a violation of this law within so many seeds.
#[track_caller]
fn check(bug: Bug, law: Law, most: u64) {
    let breaks =
        |seed: &u64| trial::judge(&Schedule::of(*seed), Some(bug)).1.iter().any(|found| found.law == law);
    let caught = seeds::in_parallel(0..most, breaks);
    assert!(caught.is_some(), "{bug:?} breaks {law:?} in none of {most} schedules");
}

macro_rules! caught {
    ($($name:ident: $bug:ident breaks $law:ident within $most:literal;)*) => {$(
        #[test]
        fn $name() {
            check(Bug::$bug, Law::$law, $most);
        }
    )*};
}

caught! {
    random_token_is_caught: RandomToken breaks AtMostOne within 1000;
    parameter_in_the_token_is_caught: ParameterInToken breaks AtMostOne within 1000;
    process_in_the_token_is_caught: ProcessInToken breaks AtMostOne within 1000;
    token_shared_by_two_packages_is_caught: SharedToken breaks NothingAbandoned within 1000;
    purchase_without_its_tag_is_caught: NoTag breaks AsAsked within 100;
    purchase_of_more_than_was_asked_for_is_caught: MoreThanAsked breaks AsAsked within 100;
    money_error_that_is_repeated_is_caught: MoneyRepeated breaks EndOfMoney within 1000;
    lost_reply_that_is_told_as_a_refusal_is_caught: LostIsRefused breaks TellsTheTruth within 1000;
    lost_reply_that_is_repeated_without_a_look_is_caught: LostIsRepeated breaks NoPurchaseOnDoubt within 1000;
    mismatch_that_advances_the_attempt_is_caught: MismatchIsFailure breaks AtMostOne within 1000;
    busy_token_that_advances_the_attempt_is_caught: BusyIsFailure breaks AtMostOne within 1000;
    listing_that_ends_at_its_first_page_is_caught: FirstPageOnly breaks NoPurchaseOnDoubt within 5000;
    unreadable_item_that_is_left_out_is_caught: UnreadableLeftOut breaks NoPurchaseOnDoubt within 5000;
    look_alike_that_is_left_out_is_caught: OnlyTagged breaks NoPurchaseOnDoubt within 1000;
    bandwidth_that_is_not_compared_is_caught: BandwidthBelieved breaks Converges within 1000;
    package_that_is_never_recognised_is_caught: ListingNeverShowsOurs breaks NothingAbandoned within 100;
    change_that_is_sent_again_without_a_look_is_caught: BlindRepeat breaks NoBlindRepeat within 1000;
    refusal_of_a_change_that_is_told_as_done_is_caught: RefusalIsYes breaks TellsTheTruth within 1000;
    consent_to_an_interruption_that_is_assumed_is_caught: ConsentAssumed breaks InWriting within 1000;
    observed_package_that_is_changed_is_caught: ObserveIsFull breaks InWriting within 1000;
    package_that_is_deleted_instead_of_released_is_caught: ReleaseIsRetire breaks InWriting within 1000;
    package_that_is_bought_instead_of_adopted_is_caught: AdoptIsPurchase breaks AsAsked within 1000;
    tag_of_others_that_is_removed_is_caught: ForeignUntagged breaks InWriting within 1000;
    package_of_another_owner_that_is_adopted_is_caught: OthersAreFree breaks InWriting within 1000;
    requests_for_one_cen_that_overlap_are_caught: CensApart breaks OneAtATime within 4000;
    change_that_is_told_as_done_without_proof_is_caught: UnknownIsDone breaks TellsTheTruth within 1000;
    change_that_is_told_as_failed_without_proof_is_caught: UnknownIsFailed breaks TellsTheTruth within 1000;
    texts_that_are_not_compared_are_caught: TextsBelieved breaks Converges within 1000;
    stop_that_waits_for_its_turn_is_caught: StopIsATask breaks Stops within 1000;
    hang_up_that_ends_without_a_word_is_caught: HangUpKills breaks Stops within 1000;
    second_signal_of_the_same_moment_that_counts_is_caught: EverySignalCounts breaks Stops within 1000;
    end_without_a_summary_is_caught: SilentEnd breaks Stops within 1000;
    answers_that_are_withheld_are_caught: AnswersWithheld breaks TellsTheTruth within 1000;
    order_that_is_put_off_and_sees_nothing_is_caught: PutOffIsBlind breaks NoPurchaseOnDoubt within 4000;
    proof_that_is_forgotten_is_caught: ProofForgotten breaks TellsTheTruth within 1000;
    operation_in_the_place_of_an_action_is_caught: ActionIsOperation breaks TellsTheTruth within 1000;
    time_out_that_is_told_as_a_refusal_is_caught: TimeoutIsRefusal breaks TellsTheTruth within 1000;
    plan_of_another_account_that_is_carried_out_is_caught: PinIsNotRead breaks OfThisPlan within 1000;
    plan_from_the_future_that_is_carried_out_is_caught: FutureIsYoung breaks OfThisPlan within 1000;
    yes_that_is_told_as_a_package_is_caught: YesIsCreated breaks TellsTheTruth within 1000;
    value_that_is_so_already_and_told_as_refused_is_caught: AlreadySoIsRefused breaks TellsTheTruth within 2000;
}
