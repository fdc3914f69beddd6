//! The events of a history: a simulation in which something never happens proves nothing about it.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Event, Fate, History, Record, tag_in};
use crate::oracle::renews;
use crate::schedule::{Act, Action, End, Kind, Mode, Moment, Part, Pin, What};

/// Everything that has to occur, apart from outcomes and exit codes.
pub(crate) const DIMENSIONS: [&str; 24] = [
    "SIGINT",
    "Ctrl-C",
    "SIGTERM",
    "SIGHUP",
    "signal while it plans",
    "signal while it prints",
    "signal as a request leaves",
    "signal as a reply arrives",
    "two signals within a millisecond",
    "two signals before anything was sent",
    "second signal that counts",
    "unlisted refusal before anything was done",
    "unlisted refusal after it was done",
    "time-out of a gateway",
    "denial of what was done",
    "order put off, and then another's package is listed",
    "yes for a package that is gone",
    "such a yes without waiting",
    "such a yes without paying",
    "clock that is wrong",
    "plan from the future",
    "plan that is too old",
    "plan of another account",
    "credentials that end",
];

/// Further events that have to occur, each seen from two others.
pub(crate) const MORE: [&str; 4] = [
    "value that is so already",
    "answer long before another one",
    "refusal because regions use it",
    "run held because regions use it",
];

/// The codes of a site that does not know the account.
const WRONG_SITE: [&str; 4] = ["NotApplicable", "AuthSiteFail", "InvalidParameter", "InvalidOwner"];

/// Events about renewals and parts of commits that have to occur.
pub(crate) const RENEWALS: [&str; 13] = [
    "renewal switched on",
    "renewal switched off",
    "renewal switched by a person",
    "purchase that renews itself",
    "reading without a row",
    "reading that is lost or refused",
    "reading at the other site",
    "setting whose reply is lost",
    "setting that is refused",
    "setting that is refused in an answer",
    "setting that is shown late",
    "run of one entry",
    "run of all but one entry",
];

/// Returns the events that occurred, each once.
pub(crate) fn seen(history: &History) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    for (n, record) in history.runs.iter().enumerate().filter(|(_, record)| !record.quiet) {
        signals(n, record, history, &mut seen);
        refusals(n, history, &mut seen);
        answers(n, record, history, &mut seen);
        renewals(n, record, history, &mut seen);
        if record.said.error.contains(" allocated") {
            seen.insert("run held because regions use it");
        }
        if record.run.ahead != 0 {
            seen.insert("clock that is wrong");
        }
        match record.run.mode.age() {
            Some(age) if age < -Mode::FARTHEST => _ = seen.insert("plan from the future"),
            Some(age) if age > Mode::OLDEST => _ = seen.insert("plan that is too old"),
            _ => {}
        }
        if record.run.pin == Some(Pin::Other) && record.run.mode.age().is_some() {
            seen.insert("plan of another account");
        }
    }
    seen
}

fn signals(n: usize, record: &Record, history: &History, seen: &mut BTreeSet<&'static str>) {
    let End::Signals(signal, second) = record.run.end else { return };
    let mut signals = 0;
    let mut spent = false;
    for entry in &history.entries {
        match &entry.event {
            Event::Signalled { run } if *run == n => {
                signals += 1;
                if signals == 2 && !spent {
                    seen.insert("two signals before anything was sent");
                }
            }
            Event::Sent { run, action, .. } if *run == n && spends(action) => spent = true,
            _ => {}
        }
    }
    if signals == 0 {
        return;
    }
    seen.insert(match signal.kind {
        Kind::Interrupt => "SIGINT",
        Kind::Keys => "Ctrl-C",
        Kind::Terminate => "SIGTERM",
        Kind::HangUp => "SIGHUP",
    });
    match signal.when {
        Moment::At(_) => {}
        Moment::Planning => _ = seen.insert("signal while it plans"),
        Moment::Printing(_) => _ = seen.insert("signal while it prints"),
        Moment::Sending(_) => _ = seen.insert("signal as a request leaves"),
        Moment::Hearing(_) => _ = seen.insert("signal as a reply arrives"),
    }
    if signals == 2 {
        seen.extend(second.filter(|after| *after <= 1).map(|_| "two signals within a millisecond"));
        seen.extend(Some("second signal that counts").filter(|_| record.said.cut));
    }
}

fn refusals(n: usize, history: &History, seen: &mut BTreeSet<&'static str>) {
    let mut sent: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in &history.entries {
        let (nonce, status, code) = match &entry.event {
            Event::Sent { run, nonce, action, .. } if *run == n => {
                sent.insert(nonce, action);
                continue;
            }
            Event::Replied { run, nonce, fate: Fate::Answered { status, code }, .. } if *run == n => {
                (nonce, *status, code.as_str())
            }
            _ => continue,
        };
        if !sent.get(nonce.as_str()).is_some_and(|action| spends(action)) {
            continue;
        }
        match code {
            "Operation.Failed" | "OperationFailed.UpDownRadeConfigNoChange" => {
                seen.insert("value that is so already");
            }
            "InvalidSecurityToken.Expired" => _ = seen.insert("credentials that end"),
            "InvalidOperation.CenBandwidthLimitsNotZero"
            | "InvalidOperation.BwpBandwidthExceeded"
            | "ParameterIllegal.BandwidthLimit" => _ = seen.insert("refusal because regions use it"),
            code if crate::generate::CODES.contains(&code) => {
                let logged = history.requests.iter().find(|logged| logged.nonce.as_ref() == Some(nonce));
                let done = |seq: u64| {
                    history.entries.iter().any(
                        |entry| matches!(&entry.event, Event::Became { request: Some(other), .. } if *other == seq),
                    )
                };
                let late = What::leaves_doubt(status, code);
                let is_done = logged.is_some_and(|logged| done(logged.seq));
                seen.insert(match (is_done, late) {
                    (false, _) => "unlisted refusal before anything was done",
                    (true, true) => "unlisted refusal after it was done",
                    (true, false) => "denial of what was done",
                });
                seen.extend(Some("time-out of a gateway").filter(|_| late));
            }
            _ => {}
        }
    }
}

/// Finds the events that take more than one reply to see.
fn answers(n: usize, record: &Record, history: &History, seen: &mut BTreeSet<&'static str>) {
    // Open orders, and when the first other order was answered meanwhile.
    let mut open: BTreeMap<&str, (String, Option<u64>)> = BTreeMap::new();
    let mut put_off: BTreeSet<String> = BTreeSet::new();
    let mut there: BTreeSet<&str> = BTreeSet::new();
    for entry in &history.entries {
        match &entry.event {
            Event::Sent { run, nonce, action, params } if *run == n && *action == Action::Create.name() => {
                open.insert(nonce, (tag_in(params), None));
            }
            Event::Replied { run, nonce, fate, bought } if *run == n => {
                let Some((identity, waited)) = open.remove(nonce.as_str()) else { continue };
                if waited.is_some_and(|since| entry.at >= since + 5000) {
                    seen.insert("answer long before another one");
                }
                open.values_mut().for_each(|(_, since)| _ = since.get_or_insert(entry.at));
                if fate.passes() {
                    put_off.insert(identity.clone());
                } else {
                    put_off.remove(&identity);
                }
                if let Some((id, _)) = bought.as_ref().filter(|(id, _)| !there.contains(id.as_str())) {
                    seen.insert("yes for a package that is gone");
                    seen.extend(Some("such a yes without waiting").filter(|_| record.run.wait.is_none()));
                    let unpaid = history.ledger.iter().any(|order| order.package_id == *id && !order.paid);
                    let asked = record.run.wish.values().any(|want| !want.auto_pay);
                    seen.extend(Some("such a yes without paying").filter(|_| unpaid || asked));
                }
            }
            Event::Showed { run, page } if *run == n => {
                let shown = page.packages.iter().filter_map(|(_, owner)| owner.as_ref());
                if shown.into_iter().any(|owner| put_off.contains(owner)) {
                    seen.insert("order put off, and then another's package is listed");
                }
            }
            Event::Became { id, now, .. } => {
                if now.is_some() {
                    there.insert(id);
                } else {
                    there.remove(id.as_str());
                }
            }
            _ => {}
        }
    }
}

fn renewals(n: usize, record: &Record, history: &History, seen: &mut BTreeSet<&'static str>) {
    let mut sent: BTreeMap<&str, (Option<Action>, u64)> = BTreeMap::new();
    let mut wrong_site = false;
    for entry in &history.entries {
        match &entry.event {
            Event::Sent { run, nonce, action, params } if *run == n => {
                sent.insert(nonce, (Action::named(action), entry.at));
                let renews = params.iter().any(|(name, value)| name == "AutoRenew" && value == "true");
                seen.extend(renews.then_some("purchase that renews itself"));
            }
            Event::Replied { run, nonce, fate, .. } if *run == n => {
                let action = sent.get(nonce.as_str()).and_then(|(action, _)| *action);
                match (action, fate) {
                    (Some(Action::Bills), fate) if fate.is_yes() => {
                        seen.extend(wrong_site.then_some("reading at the other site"));
                    }
                    (Some(Action::Bills), Fate::Answered { code, .. })
                        if WRONG_SITE.contains(&code.as_str()) =>
                    {
                        wrong_site = true;
                    }
                    (Some(Action::Renew), Fate::Lost) => _ = seen.insert("setting whose reply is lost"),
                    (Some(Action::Renew), Fate::Answered { status: 200, .. }) if fate.is_no() => {
                        seen.insert("setting that is refused in an answer");
                    }
                    (Some(Action::Renew), Fate::Answered { .. }) if fate.is_no() => {
                        seen.insert("setting that is refused");
                    }
                    _ => {}
                }
            }
            Event::Billed { run, nonce, asked, bills } if *run == n => {
                let asked_at = sent.get(nonce.as_str()).map_or(0, |(_, at)| *at);
                let missing = asked.iter().any(|id| !bills.contains_key(id));
                seen.extend((missing && !bills.is_empty()).then_some("reading without a row"));
                seen.extend(bills.is_empty().then_some("reading that is lost or refused"));
                let is_old = |id: &String, months: i64| {
                    let life = history.entries.iter().filter(|it| it.at < asked_at);
                    let mut life = life.filter_map(|it| match &it.event {
                        Event::Became { id: other, now, .. } if other == id => now.as_deref(),
                        _ => None,
                    });
                    life.next_back().is_some_and(|package| renews(package) != months)
                };
                if bills.iter().any(|(id, bill)| is_old(id, bill.months)) {
                    seen.insert("setting that is shown late");
                }
            }
            Event::Did(deed) if matches!(deed.what, Act::Renew(_) | Act::Lapse(_)) => {
                seen.insert("renewal switched by a person");
            }
            _ => {}
        }
    }
    for logged in history.requests.iter().filter(|logged| logged.action == Action::Renew.name()) {
        let ours = logged.nonce.as_ref().is_some_and(|nonce| sent.contains_key(nonce.as_str()));
        let done = history.entries.iter().any(
            |entry| matches!(&entry.event, Event::Became { request: Some(seq), .. } if *seq == logged.seq),
        );
        let on = logged.params.get("RenewalStatus").is_some_and(|status| status == "AutoRenewal");
        let word = if on { "renewal switched on" } else { "renewal switched off" };
        seen.extend((ours && done).then_some(word));
    }
    match record.run.part {
        Part::All => {}
        Part::Target(_) => _ = seen.insert("run of one entry"),
        Part::Exclude(_) => _ = seen.insert("run of all but one entry"),
    }
}

fn spends(action: &str) -> bool {
    Action::named(action).is_some_and(Action::spends)
}
