//! Each planted bug is caught within a fixed number of schedules.

use std::io::Write as _;
use std::ops::Range;

use super::Bug;
use crate::oracle::Law;
use crate::schedule::Schedule;
use crate::{seeds, trial};

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
    bandwidth_that_regions_use_and_the_tool_does_not_read_is_caught: SharesUnread breaks Converges at 0 within 1000;
    package_that_is_never_recognised_is_caught: ListingNeverShowsOurs breaks NothingAbandoned at 0 within 100;
    change_that_is_sent_again_without_a_look_is_caught: BlindRepeat breaks NoBlindRepeat at 81 within 1000;
    refusal_of_a_change_that_is_told_as_done_is_caught: RefusalIsYes breaks TellsTheTruth at 269 within 1000;
    consent_to_an_interruption_that_is_assumed_is_caught: ConsentAssumed breaks InWriting at 11 within 1000;
    observed_package_that_is_changed_is_caught: ObserveIsFull breaks InWriting at 61 within 1000;
    package_that_is_deleted_instead_of_released_is_caught: ReleaseIsRetire breaks InWriting at 1 within 1000;
    package_that_is_bought_instead_of_adopted_is_caught: AdoptIsPurchase breaks AsAsked at 1 within 1000;
    package_that_is_bought_instead_of_moved_is_caught: MoveIsPurchase breaks AsAsked at 0 within 1000;
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
    renewal_without_a_row_that_is_taken_for_off_is_caught: NoRowIsOff breaks KnownRenewal at 173 within 1000;
    renewal_that_is_not_compared_is_caught: RenewalBelieved breaks Converges at 77 within 1000;
    renewal_that_is_set_again_without_a_look_is_caught: RenewalRepeated breaks NoBlindRepeat at 13 within 2000;
    renewal_of_a_package_of_another_is_caught: RenewalOfAnother breaks InWriting at 45 within 1000;
    refusal_in_an_answer_that_is_told_as_done_is_caught: FalseIsDone breaks TellsTheTruth at 125 within 2000;
    renewal_that_is_set_after_a_stop_is_caught: StopSparesRenewal breaks Stops at 77 within 2000;
    renewal_that_is_read_although_none_is_declared_is_caught: RenewalAlwaysRead breaks KnownRenewal at 1 within 100;
    renewal_that_is_ignored_and_kept_is_caught: IgnoredIsKept breaks InWriting at 67 within 1000;
    duration_that_nobody_declares_is_caught: DurationAssumed breaks InWriting at 133 within 1000;
    renewal_that_is_not_known_and_ends_the_run_is_caught: UnknownRenewalHolds breaks Converges at 50 within 1000;
    part_of_a_commit_that_is_taken_for_all_of_it_is_caught: PartIsAll breaks OfItsPart at 58 within 1000;
}
