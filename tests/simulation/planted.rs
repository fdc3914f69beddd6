//! Tools that break a law, to prove that the oracle would notice. Each is the real tool that reads its spec
//! wrongly, sits behind a wire that changes its requests or their replies, or reports more than it knows.

use std::io::Write as _;
use std::ops::Range;

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

/// Returns the first of these seeds in whose schedule the oracle finds a violation of this law.
#[track_caller]
fn catch(bug: Bug, law: Law, seeds: Range<u64>) -> u64 {
    let breaks =
        |seed: &u64| trial::judge(&Schedule::of(*seed), Some(bug)).1.iter().any(|found| found.law == law);
    let caught = seeds::in_parallel(seeds.clone(), breaks);
    caught.unwrap_or_else(|| panic!("{bug:?} breaks {law:?} in no schedule of {seeds:?}"))
}

/// Makes one test for each tool. It starts at the first seed that caught the tool when this was written, and
/// goes on for as many seeds as a search from zero may take: a change of the schedules or of the tool may
/// move the seed.
macro_rules! caught {
    ($($name:ident: $bug:ident breaks $law:ident at $seed:literal within $most:literal;)*) => {
        $(
            #[test]
            fn $name() {
                catch(Bug::$bug, Law::$law, $seed..$seed + $most);
            }
        )*

        /// Searches from zero, and prints the first seed that catches each tool.
        #[test]
        #[ignore = "takes a while; run by `make simulate`"]
        fn every_tool_is_caught_from_zero() {
            $(
                let seed = catch(Bug::$bug, Law::$law, 0..$most);
                drop(writeln!(std::io::stderr(), "{:?} is caught at {seed}", Bug::$bug));
            )*
        }
    };
}

caught! {
    random_token_is_caught: RandomToken breaks AtMostOne at 4 within 1000;
    parameter_in_the_token_is_caught: ParameterInToken breaks AtMostOne at 66 within 1000;
    process_in_the_token_is_caught: ProcessInToken breaks AtMostOne at 4 within 1000;
    token_shared_by_two_packages_is_caught: SharedToken breaks NothingAbandoned at 0 within 1000;
    purchase_without_its_tag_is_caught: NoTag breaks AsAsked at 0 within 100;
    purchase_of_more_than_was_asked_for_is_caught: MoreThanAsked breaks AsAsked at 0 within 100;
    money_error_that_is_repeated_is_caught: MoneyRepeated breaks EndOfMoney at 12 within 1000;
    lost_reply_that_is_told_as_a_refusal_is_caught: LostIsRefused breaks TellsTheTruth at 224 within 1000;
    lost_reply_that_is_repeated_without_a_look_is_caught: LostIsRepeated breaks NoPurchaseOnDoubt at 62 within 1000;
    mismatch_that_advances_the_attempt_is_caught: MismatchIsFailure breaks AtMostOne at 66 within 1000;
    busy_token_that_advances_the_attempt_is_caught: BusyIsFailure breaks AtMostOne at 920 within 1000;
    listing_that_ends_at_its_first_page_is_caught: FirstPageOnly breaks NoPurchaseOnDoubt at 370 within 5000;
    unreadable_item_that_is_left_out_is_caught: UnreadableLeftOut breaks NoPurchaseOnDoubt at 314 within 5000;
    look_alike_that_is_left_out_is_caught: OnlyTagged breaks NoPurchaseOnDoubt at 17 within 1000;
    bandwidth_that_is_not_compared_is_caught: BandwidthBelieved breaks Converges at 1 within 1000;
    package_that_is_never_recognised_is_caught: ListingNeverShowsOurs breaks NothingAbandoned at 0 within 100;
    change_that_is_sent_again_without_a_look_is_caught: BlindRepeat breaks NoBlindRepeat at 81 within 1000;
    refusal_of_a_change_that_is_told_as_done_is_caught: RefusalIsYes breaks TellsTheTruth at 269 within 1000;
    consent_to_an_interruption_that_is_assumed_is_caught: ConsentAssumed breaks InWriting at 11 within 1000;
    observed_package_that_is_changed_is_caught: ObserveIsFull breaks InWriting at 61 within 1000;
    package_that_is_deleted_instead_of_released_is_caught: ReleaseIsRetire breaks InWriting at 1 within 1000;
    package_that_is_bought_instead_of_adopted_is_caught: AdoptIsPurchase breaks AsAsked at 1 within 1000;
    tag_of_others_that_is_removed_is_caught: ForeignUntagged breaks InWriting at 1 within 1000;
    package_of_another_owner_that_is_adopted_is_caught: OthersAreFree breaks InWriting at 23 within 1000;
    requests_for_one_cen_that_overlap_are_caught: CensApart breaks OneAtATime at 475 within 4000;
    change_that_is_told_as_done_without_proof_is_caught: UnknownIsDone breaks TellsTheTruth at 106 within 1000;
    change_that_is_told_as_failed_without_proof_is_caught: UnknownIsFailed breaks TellsTheTruth at 22 within 1000;
    texts_that_are_not_compared_are_caught: TextsBelieved breaks Converges at 3 within 1000;
    stop_that_waits_for_its_turn_is_caught: StopIsATask breaks Stops at 5 within 1000;
    hang_up_that_ends_without_a_word_is_caught: HangUpKills breaks Stops at 7 within 1000;
    second_signal_of_the_same_moment_that_counts_is_caught: EverySignalCounts breaks Stops at 34 within 1000;
    end_without_a_summary_is_caught: SilentEnd breaks Stops at 106 within 1000;
    answers_that_are_withheld_are_caught: AnswersWithheld breaks TellsTheTruth at 52 within 1000;
    order_that_is_put_off_and_sees_nothing_is_caught: PutOffIsBlind breaks NoPurchaseOnDoubt at 36 within 4000;
    proof_that_is_forgotten_is_caught: ProofForgotten breaks TellsTheTruth at 1 within 1000;
    operation_in_the_place_of_an_action_is_caught: ActionIsOperation breaks TellsTheTruth at 1 within 1000;
    time_out_that_is_told_as_a_refusal_is_caught: TimeoutIsRefusal breaks TellsTheTruth at 78 within 1000;
    plan_of_another_account_that_is_carried_out_is_caught: PinIsNotRead breaks OfThisPlan at 110 within 1000;
    plan_from_the_future_that_is_carried_out_is_caught: FutureIsYoung breaks OfThisPlan at 0 within 1000;
    yes_that_is_told_as_a_package_is_caught: YesIsCreated breaks TellsTheTruth at 22 within 1000;
    value_that_is_so_already_and_told_as_refused_is_caught: AlreadySoIsRefused breaks TellsTheTruth at 9 within 2000;
}
