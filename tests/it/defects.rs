//! The defects of today's tools for this resource, case by case, and the behaviour here. Their double
//! purchases are in `money`. The numbers only tell the cases apart.

use cenbwp::execute::Outcome;
use cenbwp::exit::Exit;
use cenbwp_tests::{Cen, Effect, Fault, Package, Refusal, Reservation, When};

use crate::support::{Bench, Lab, net, purchases, spec};

/// The world of a case: `net/x` with these fields declared, and one live package of it.
struct Case {
    declared: &'static str,
    live: fn(&mut Package),
}

impl Case {
    fn declared(&self) -> cenbwp_spec::Spec {
        let Self { declared, .. } = self;
        spec(&net(&[("x", declared)]))
    }

    fn bench(&self) -> Bench {
        let mut package = Package::new("cenbwp-1", ["china", "europe"], 10).tagged("cenbwp", "net/x");
        (self.live)(&mut package);
        let bench = Bench::new();
        bench.emulator.edit(|world| {
            world.packages = vec![package];
            world.cens = vec![Cen::new("cen-1"), Cen::new("cen-2")];
        });
        bench
    }

    /// Returns the reason for which the plan holds the package, or the change, or `nothing`; and the
    /// warnings.
    async fn plan(&self) -> (String, Vec<&'static str>) {
        let bench = self.bench();
        let (_, plan) = bench.plan(&self.declared()).await.expect("the plan can be made");
        let change = plan.changes.first().map(|change| format!("{change:?}"));
        let held = plan.held.first().map(|held| held.reason.rule().name.to_owned());
        let warnings = plan.warnings.iter().map(|warning| warning.kind.rule().name).collect();
        (held.or(change).unwrap_or_else(|| "nothing".to_owned()), warnings)
    }

    /// Applies successfully, buys nothing, and leaves nothing to do.
    async fn apply(&self, outcome: Outcome) -> Bench {
        let bench = self.bench();
        let run = bench.apply(&self.declared()).await;
        assert_eq!((run.outcome(), run.exit), (outcome, Exit::Done), "{}", run.text);
        let (_, plan) = bench.plan(&self.declared()).await.expect("the plan can be made");
        assert!(plan.is_empty(), "{plan:?}");
        assert!(purchases(&bench.emulator).is_empty());
        bench
    }
}

#[tokio::test(start_paused = true)]
async fn b3_description_that_could_never_be_emptied() {
    let case = Case {
        declared: "bandwidth: 10, autoPay: true, description: ''",
        live: |it| it.description = "old".into(),
    };
    let bench = case.apply(Outcome::Updated).await;
    assert_eq!(bench.emulator.packages()[0].description, "");
}

#[tokio::test(start_paused = true)]
async fn b4_resize_of_an_attached_package_that_failed_and_hid_the_next_step() {
    let declared = "bandwidth: 20, autoPay: true, description: new";
    let case = Case { declared, live: |it| it.cen_ids = vec!["cen-1".into()] };
    let bench = case.apply(Outcome::Updated).await;
    assert_eq!(bench.emulator.packages()[0].description, "new");
}

#[tokio::test(start_paused = true)]
async fn b5_replacement_that_bought_a_second_package_and_left_the_first() {
    let case =
        Case { declared: "bandwidth: 10, autoPay: true", live: |it| it.area_b = "asia-pacific".into() };
    assert_eq!(case.plan().await.0, "immutable");
}

#[tokio::test(start_paused = true)]
async fn b6_edit_of_the_terms_that_reported_success_and_did_nothing() {
    let live = |it: &mut Package| *it = it.clone().tagged("cenbwp-terms", "PREPAY 1 Month renew off");
    let case = Case { declared: "bandwidth: 10, autoPay: true, period: 6", live };
    assert_eq!(case.plan().await, ("nothing".to_owned(), vec!["terms_fixed"]));
}

#[tokio::test(start_paused = true)]
async fn b7_deletion_of_what_is_gone_that_waited_for_its_whole_timeout() {
    let case = Case {
        declared: "bandwidth: 10, chargeType: POSTPAY, manage: retire",
        live: |it| it.charge_type = "POSTPAY".into(),
    };
    let bench = case.bench();
    let gone = Refusal::new(400, "ParameterBwpInstanceId", "the id is illegal");
    bench.emulator.fault(Fault::new("DeleteCenBandwidthPackage", When::EVERY, Effect::Refuse(gone)));
    let (situation, plan) = bench.plan(&case.declared()).await.expect("the plan can be made");
    bench.emulator.edit(|world| world.packages.clear());
    let run = bench.execute(&case.declared(), &situation, &plan).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Retired, Exit::Done), "{}", run.text);
    let deletions =
        bench.emulator.requests().iter().filter(|it| it.action == "DeleteCenBandwidthPackage").count();
    assert_eq!(deletions, 1);
}

#[tokio::test(start_paused = true)]
async fn b10_package_without_tags_that_nobody_owned() {
    let bench = Bench::new();
    let case = Case { declared: "bandwidth: 10, autoPay: true, tags: {team: network}", live: |_| {} };
    bench.apply(&case.declared()).await;
    let package = bench.emulator.packages().remove(0);
    assert_eq!((package.tag("cenbwp"), package.tag("team")), (Some("net/x"), Some("network")));
}

#[test]
fn b11_mistakes_that_were_found_only_while_applying() {
    let lab = Lab::new();
    let packages = "
  one: { areas: [China, Europe], bandwidth: 1, autoPay: true }
  many: { areas: [China, Europe], bandwidth: 20000, autoPay: true }
  none: { bandwidth: 10, autoPay: true }
  clash: { areas: [China, Europe], bandwidth: 10, autoPay: true, cenId: cen-1 }
  other: { areas: [Europe, China], bandwidth: 10, autoPay: true, cenId: cen-1 }
";
    lab.file("cenbwp.yaml", &format!("version: 1\nstack: net\npackages:{packages}"));
    let ran = lab.run("validate");
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.contains("4 errors"), "{}", ran.stdout);
    assert!(lab.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn b12_attachment_that_was_taken_for_gone() {
    // It is attached, whatever its status says: it is in sync, and nothing is attached again.
    let case = Case {
        declared: "bandwidth: 10, autoPay: true, cenId: cen-1",
        live: |it| {
            it.cen_ids = vec!["cen-1".into()];
            it.overrides.insert("Status".into(), "Modifying".into());
        },
    };
    assert_eq!(case.plan().await.0, "nothing");
    let elsewhere = Case { declared: case.declared, live: |it| it.cen_ids = vec!["cen-2".into()] };
    assert_eq!(elsewhere.plan().await.0, "interrupts_traffic");
}

#[tokio::test(start_paused = true)]
async fn b13_time_without_seconds_that_could_not_be_parsed() {
    for time in ["2026-01-08T16:00Z", "2026-01-08T16:00:00Z"] {
        let bench = Case { declared: "", live: |_| {} }.bench();
        bench
            .emulator
            .edit(|world| drop(world.packages[0].overrides.insert("ExpiredTime".into(), time.into())));
        let observed = bench.cloud.list().await.expect("a listing");
        assert_eq!(observed.packages[0].expires, Some("2026-01-08T16:00:00Z".parse().expect("a time")));
    }
}

#[tokio::test(start_paused = true)]
async fn b15_expired_package_that_was_bought_again_in_silence() {
    let ended = |it: &mut Package| it.expires = "2025-06-01T00:00:00Z".parse().expect("a time");
    let case = Case { declared: "bandwidth: 10, autoPay: true", live: ended };
    assert_eq!(case.plan().await, ("nothing".to_owned(), vec!["expired"]));
    let case = Case { declared: "bandwidth: 20, autoPay: true", live: ended };
    assert_eq!(case.plan().await.0, "not_normal");
}

#[tokio::test(start_paused = true)]
async fn b16_temporary_upgrade_that_was_fought_as_drift() {
    let upgraded = |it: &mut Package| {
        it.bandwidth = 100;
        it.reservation = Some(Reservation {
            order_type: "TEMP_UPGRADE".into(),
            bandwidth: "10".into(),
            active_time: "2026-02-01T00:00Z".into(),
            charge_type: "PREPAY".into(),
        });
    };
    let case = Case { declared: "bandwidth: 10, autoPay: true", live: upgraded };
    assert_eq!(case.plan().await.0, "nothing");
}
