//! The rules behind held items and warnings, and the headings of a plan, for `cenbwp explain` and the docs: one table.

use cenbwp_spec::Explanation;

/// Declares a constant and a row of the table for each rule, so that neither can be forgotten.
macro_rules! rules {
    ($vis:vis $table:ident: $($name:ident = $word:literal, $title:literal, $text:literal;)*) => {
        $(#[doc = $title] $vis const $name: Explanation =
            Explanation { name: $word, title: $title, text: $text, example: None };)*

        const $table: &[&Explanation] = &[$(&$name),*];
    };
}

/// Every rule for which a change is held, by word.
pub fn held_rules() -> &'static [&'static Explanation] {
    HELD
}

/// Every rule of which a plan warns, by word.
pub fn warning_rules() -> &'static [&'static Explanation] {
    WARNINGS
}

/// Every heading of a plan, by word.
pub fn heading_rules() -> &'static [&'static Explanation] {
    HEADINGS
}

rules! { pub HEADINGS:
    HELD_CHANGE = "held", "a change that is wanted, and refused for a reason",
        "The line names the reason, which `cenbwp explain REASON` explains, and the hint below it says what to write or do. \
         While something is held, nothing is applied; `--skip-held` goes on without it.";
    SUPERSEDED = "superseded", "older generations of declared packages",
        "The package was bought for an earlier `generation` of an entry that declares a later one by now. It is not changed: \
         it runs, and is charged, until it ends.";
    UNDECLARED = "undeclared", "packages of these stacks that the spec does not declare",
        "The tag `cenbwp` names a stack of the spec and a key that it does not declare: the entry was removed or renamed. The \
         package is not changed, and stays charged. To end it, declare it again with `manage: retire`; to keep it without an \
         owner, with `manage: release`.";
}

rules! { pub(super) HELD:
    ALLOCATED = "allocated", "regions use the bandwidth that the change would take",
        "Pairs of regions share the bandwidth of a package. The service refuses a bandwidth below the sum of their shares, \
         and refuses to detach a package while a region has one, also where `allowInterruption: true` is written. Lower \
         what they use in the console, or declare at least the sum.";
    AMBIGUOUS = "ambiguous", "several packages carry the identity",
        "The tag `cenbwp` names one package. Two packages with the same value may be one purchase made twice, or a tag \
         copied by hand, so nothing is changed. Leave the tag on the one that is meant and remove it from the others.";
    CANNOT_ADOPT = "cannot_adopt", "the package cannot be adopted",
        "`adopt: ID` takes over a package that has no owner, works, and has the declared areas and charge type, under \
         `manage: full`. The line says which of these does not hold. Correct the id or the declared fields, or remove the line.";
    CANNOT_MOVE = "cannot_move", "the package of the old key cannot be moved",
        "`movedFrom: OLD` takes over the package of another key, by its tag, and such an entry never buys. One package \
         has to carry the old key, none the new one, in the declared generation, areas and charge type, and it has to \
         work; `manage` has to be `full`. The line says which of these does not hold. A purchase under the old key that is not listed yet may \
         still appear; remove the line `movedFrom` once it is sure that there is none.";
    IMMUTABLE = "immutable", "what is fixed at purchase differs",
        "Areas and charge type are chosen at the purchase and can never be changed. Declare the package as it is, or \
         raise `generation` to buy another one beside it.";
    INCOMPLETE_LISTING = "incomplete_listing", "the listing is not whole",
        "The package may be in the part of the listing that is missing, so it is not bought. Plan from the service \
         itself instead of a recording.";
    INTERRUPTS_TRAFFIC = "interrupts_traffic", "the change interrupts traffic",
        "Detaching a package from its CEN cuts the bandwidth between its areas. That happens only where \
         `allowInterruption: true` is written for the package.";
    LOOK_ALIKE = "look_alike", "a package that is there may be the one that would be bought",
        "A package that the spec does not declare has the same name, the same areas and bandwidth, or takes the same \
         place on the CEN. It may be this very package, bought by hand or under a renamed key. Adopt it with `adopt: \
         ID`, move it with `movedFrom: OLD`, or name it under `distinctFrom` if it is another one.";
    LOWERED_GENERATION = "lowered_generation", "a later generation is live",
        "The spec declares an earlier purchase of this address than the one that is live. A lower `generation` never \
         buys; declare the live one.";
    NOT_NORMAL = "not_normal", "the package is expired or locked",
        "The service refuses changes of a package that is expired, locked, or in a state that this tool does not know. \
         Renew, pay or unlock it in the console and plan again, or raise `generation` to buy another one.";
    POSTPAY_ABSENT = "postpay_absent", "POSTPAY is no longer sold",
        "`chargeType: POSTPAY` describes packages that already exist: the service has stopped to sell them. Adopt an \
         existing one, or declare `chargeType: PREPAY`.";
    SEVERAL_CENS = "several_cens", "the package is attached to several CENs",
        "No page of the vendor describes a package on more than one CEN, so its attachment is not changed. Detach it in \
         the console until one is left, or write `ignore: [cenId]`.";
    UNREADABLE = "unreadable", "an item of the listing cannot be read",
        "An item of the listing lacks its id or a value that decides, or its `cenbwp` tag names no identity. It may be \
         the package that would be bought. Correct the item in the console, or name it under `distinctFrom`.";
}

rules! { pub(super) WARNINGS:
    ALLOCATION_UNKNOWN = "allocation_unknown", "it is not known whether regions use the bandwidth",
        "The change takes bandwidth from a package, and the listing does not say, or not readably, how much of it regions \
         use. The service takes nothing that they use: it may refuse the change, and then nothing is changed.";
    CEN_OCCUPIED = "cen_occupied", "the CEN has a package for the same areas",
        "A CEN takes one package per pair of areas. The new one is bought or changed, and attached once the other one \
         is detached.";
    DIFFERS = "differs", "what is only observed differs",
        "The package has `manage: observe`, and areas or charge type are not as declared. Nothing is changed; correct \
         the spec.";
    EMPTY_TAG = "empty_tag", "a tag is set to the empty text",
        "The vendor's pages disagree about empty tag values. The service may refuse the request; give the tag a value.";
    ENTRY_CAN_GO = "entry_can_go", "the entry can be removed",
        "The released or retired package needs nothing more. Remove its entry from the spec.";
    EXPIRED = "expired", "the package has ended",
        "The end of the package has passed. The service keeps it for a while; renew it in the console, or raise \
         `generation` to buy another one.";
    EXPIRING = "expiring", "the package ends soon",
        "The package ends within `--expiring-within`. It is renewed in the console, or by itself \
         where `autoRenew: true` is declared.";
    IGNORED = "ignored", "a field differs and is left as it is",
        "The field is listed under `ignore`, so its difference is shown and not corrected.";
    MOVE_IS_DONE = "move_is_done", "the line `movedFrom` can be removed",
        "The package carries its new key. Remove the line `movedFrom`, at the latest before another package gets the \
         old key.";
    NOTHING_TO_OBSERVE = "nothing_to_observe", "what is to be observed is not there",
        "The package has `manage: observe`, and no live package has its identity. Nothing is bought.";
    PAIR_NOT_LISTED = "pair_not_listed", "the service does not list this pair of areas",
        "A plan that buys asks the service for the pairs of areas that it sells (DescribeCenGeographicSpans), and the pair of \
         the purchase is not among them. The service may refuse the purchase: correct `areas`, or ask the vendor. Where the \
         service does not answer that question, no such warning is given, and the purchase is planned all the same.";
    PRICE_UNKNOWN = "price_unknown", "the price of a purchase is not known",
        "With `--price`, or where the spec sets `maxSpend`, ROS is asked what the purchases cost. It did not answer, refuses, or \
         says what is not clearly a price. Nothing is assumed: the purchase is planned as before, and `maxSpend` refuses \
         it. The line says the reason. Where the permission is missing, grant `ros:GetTemplateEstimateCost`.";
    REMOVED_AREA = "removed_area", "the area is no longer offered",
        "The vendor's page for purchases no longer lists the area. The service may refuse the purchase.";
    RENEWAL_UNKNOWN = "renewal_unknown", "the declared renewal is not compared",
        "Where the spec declares `autoRenew`, or retires a package, the billing service is asked whether it renews itself. It did not \
         answer, does not list the package, or says what cannot be used; or it cannot set the declared months. Nothing is \
         assumed and nothing is changed: look in the console, under the renewals of the account. The line says the reason. \
         Where the permission is missing, grant `bss:DescribeInstances` and `bssapi:QueryAvailableInstances`; where the \
         site is wrong, name it with `--site`.";
    RESERVED = "reserved", "an ordered change is pending",
        "A change of bandwidth is ordered and not in force yet, or in force for a while. The permanent bandwidth is \
         compared with the spec.";
    RETIRING = "retiring", "the package is left to expire",
        "The retired package is detached. The service deletes prepaid packages only after their end; until then it is \
         charged.";
    SAME_KEY = "same_key", "a package of another stack has the same key",
        "The package that would be bought has the key and the areas of a package of a stack that the spec does not declare. \
         Where the stack was renamed, it is the same package: write `movedFrom: STACK/PACKAGE`, and it is moved instead of \
         bought again. If it is another one, buy, or name it under `distinctFrom`, which ends the warning.";
    STILL_RENEWS = "still_renews", "the retired package renews itself",
        "`manage: retire` ends a package by letting it expire, and this one is renewed, and charged, at each end. A \
         retirement does not switch that off: write `manage: full` and `autoRenew: false` and apply; after that, `manage: \
         retire` again.";
    TERMS_FIXED = "terms_fixed", "the term is fixed at purchase",
        "`period` and `pricingCycle` of the spec differ from the tag that the purchase left. They describe the \
         purchase and are not changed afterwards.";
}
