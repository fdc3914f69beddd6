//! Finds the smallest schedule that still fails, by leaving out one part at a time.

use std::collections::BTreeSet;

use cenbwp_tests::Semantics;

use crate::schedule::{End, Mode, Part, Schedule, Want};

/// Returns the smallest schedule near this one that still `fails`.
pub(crate) fn shrink(schedule: &Schedule, fails: impl Fn(&Schedule) -> bool) -> Schedule {
    let mut smallest = schedule.clone();
    while let Some(smaller) = smaller(&smallest).into_iter().find(|smaller| fails(smaller)) {
        smallest = smaller;
    }
    smallest
}

/// Every schedule with one part less, or one part simpler.
fn smaller(schedule: &Schedule) -> Vec<Schedule> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Schedule)| {
        let mut other = schedule.clone();
        change(&mut other);
        all.push(other);
    };
    for n in 0..schedule.runs.len() {
        with(&|other| drop(other.runs.remove(n)));
    }
    for n in 0..schedule.faults.len() {
        with(&|other| _ = other.faults.remove(n));
    }
    for n in 0..schedule.deeds.len() {
        with(&|other| _ = other.deeds.remove(n));
    }
    for n in 0..schedule.found.len() {
        with(&|other| _ = other.found.remove(n));
    }
    if schedule.strangers > 0 {
        with(&|other| other.strangers = 0);
    }
    if schedule.delay > 0 {
        with(&|other| other.delay = 0);
    }
    for name in ['a', 'b', 'c'] {
        let is_plain = |run: &crate::schedule::Run| run.wish.len() > 1 && run.wish.contains_key(&name);
        if schedule.runs.iter().any(is_plain) {
            with(&|other| {
                other.runs.iter_mut().filter(|run| is_plain(run)).for_each(|run| _ = run.wish.remove(&name));
            });
        }
    }
    for want in schedule.runs.iter().flat_map(|run| run.wish.values()).collect::<BTreeSet<_>>() {
        for less in less_said(*want) {
            with(&|other| {
                let wants = other.runs.iter_mut().flat_map(|run| run.wish.values_mut());
                wants.filter(|other| *other == want).for_each(|other| *other = less);
            });
        }
    }
    for (n, run) in schedule.runs.iter().enumerate() {
        if run.end != End::Own {
            with(&|other| other.runs[n].end = End::Own);
        }
        if let End::Signals(signal, Some(_)) = run.end {
            with(&|other| other.runs[n].end = End::Signals(signal, None));
        }
        if run.ahead != 0 {
            with(&|other| other.runs[n].ahead = 0);
        }
        if run.part != Part::All {
            with(&|other| other.runs[n].part = Part::All);
        }
        if run.pin.is_some() {
            with(&|other| other.runs[n].pin = None);
        }
        if run.ends_credentials.is_some() {
            with(&|other| other.runs[n].ends_credentials = None);
        }
        if run.mode != (Mode::Direct { stall: 0 }) {
            with(&|other| other.runs[n].mode = Mode::Direct { stall: 0 });
        }
        if run.at > 0 {
            with(&|other| other.runs[n].at = 0);
        }
        if run.parallelism > 1 {
            with(&|other| other.runs[n].parallelism = 1);
        }
    }
    simpler_services(&schedule.service, |service| with(&|other| other.service = service.clone()));
    all
}

/// Returns the entry with one field less, for each field.
fn less_said(want: Want) -> Vec<Want> {
    let all = [
        Want { title: None, ..want },
        Want { text: None, ..want },
        Want { team: None, ..want },
        Want { group: None, ..want },
        Want { cen: None, ..want },
        Want { consent: false, ..want },
        Want { renews: None, ignores_renewal: false, ..want },
        Want { ignores_renewal: false, ..want },
        Want { mbps: 10, ..want },
    ];
    all.into_iter().filter(|less| *less != want).collect()
}

fn simpler_services(service: &Semantics, mut with: impl FnMut(&Semantics)) {
    let plain = Semantics::default();
    let changes: [fn(&mut Semantics, &Semantics); 15] = [
        |one, plain| one.tokens = plain.tokens,
        |one, plain| one.failed_remembered = plain.failed_remembered,
        |one, plain| one.dead_replay = plain.dead_replay,
        |one, plain| one.visible_after_listings = plain.visible_after_listings,
        |one, plain| one.visible_after = plain.visible_after,
        |one, plain| one.tags_after_listings = plain.tags_after_listings,
        |one, plain| one.tags_after = plain.tags_after,
        |one, plain| one.list_unpaid = plain.list_unpaid,
        |one, plain| one.values_after_listings = plain.values_after_listings,
        |one, plain| one.values_after = plain.values_after,
        |one, plain| one.no_change = plain.no_change,
        |one, plain| one.billing = plain.billing.clone(),
        |one, plain| one.billing.home = plain.billing.home,
        |one, plain| one.billing.shown_after = plain.billing.shown_after,
        |one, plain| one.billing.shown_after_reads = plain.billing.shown_after_reads,
    ];
    for change in changes {
        let mut simpler = service.clone();
        change(&mut simpler, &plain);
        if format!("{simpler:?}") != format!("{service:?}") {
            with(&simpler);
        }
    }
}
