//! Tools that break a law, to prove that the oracle would notice: each is the real one behind a wire that changes
//! what it says to the service, or what it hears from it.

use cenbwp::cloud::{Reply, TransportError};
use serde_json::{Value, json};

use crate::oracle::Law;
use crate::schedule::{Action, Schedule};
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
}

impl Bug {
    /// What the tool with this bug sends.
    pub(crate) fn request(self, run: usize, nonce: &str, params: &mut [(String, String)]) {
        let bandwidth = params.iter().find(|(name, _)| name == "Bandwidth").map(|(_, value)| value.clone());
        let Some(bandwidth) = bandwidth else { return };
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

    /// What the tool with this bug hears.
    pub(crate) fn reply(
        self,
        action: &str,
        result: Result<Reply, TransportError>,
    ) -> Result<Reply, TransportError> {
        let is_create = action == Action::Create.name();
        let lost = matches!(result, Err(TransportError::Lost(_)));
        match self {
            Self::LostIsRefused if is_create && lost => Ok(refusal("InventoryExceeded")),
            Self::LostIsRepeated if is_create && lost => Ok(refusal("Throttling.User")),
            Self::MoneyRepeated => instead(result, "PayFor.AccountMoneyValidateError", "Throttling.User"),
            Self::MismatchIsFailure => instead(result, "IdempotentParameterMismatch", "IdempotentFailed"),
            Self::BusyIsFailure => instead(result, "IdempotentProcessing", "IdempotentFailed"),
            Self::FirstPageOnly
            | Self::UnreadableLeftOut
            | Self::OnlyTagged
            | Self::BandwidthBelieved
            | Self::ListingNeverShowsOurs
                if action == Action::Describe.name() =>
            {
                result.map(|reply| self.listing(reply))
            }
            _ => result,
        }
    }

    /// A page of the listing as this tool reads it.
    fn listing(self, mut reply: Reply) -> Reply {
        let Ok(mut page) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
        let items = page["CenBandwidthPackages"]["CenBandwidthPackage"].as_array_mut();
        let Some(items) = items else { return reply };
        let before = items.len();
        let ours = |item: &Value| item["Tags"].to_string().contains("\"cenbwp\"");
        match self {
            Self::UnreadableLeftOut => items.retain(|item| item["CenBandwidthPackageId"].is_string()),
            Self::OnlyTagged => items.retain(ours),
            Self::ListingNeverShowsOurs => items.retain(|item| !ours(item)),
            Self::BandwidthBelieved => {
                items.iter_mut().filter(|item| ours(item)).for_each(|item| item["Bandwidth"] = json!(20));
            }
            _ => {}
        }
        let (left, total) = (items.len(), page["TotalCount"].as_u64().unwrap_or(0));
        page["TotalCount"] = match self {
            Self::FirstPageOnly => json!(left),
            _ => json!(total.saturating_sub((before - left) as u64)),
        };
        reply.body = page.to_string().into_bytes();
        reply
    }
}

fn refusal(code: &str) -> Reply {
    let body = json!({ "Code": code, "Message": "", "RequestId": "", "HostId": "" });
    Reply { status: 400, retry_after: None, body: body.to_string().into_bytes() }
}

/// The reply, with another code in the place of this one.
fn instead(result: Result<Reply, TransportError>, code: &str, other: &str) -> Result<Reply, TransportError> {
    result.map(|reply| {
        let document: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if document["Code"] == code { refusal(other) } else { reply }
    })
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
}
