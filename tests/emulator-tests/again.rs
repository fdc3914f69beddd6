//! Answers from memory equal the answers that would be made anew.

use std::time::Duration;

use cenbwp_tests::{Effect, Emulator, Fault, Package, Reservation, When};
use serde_json::Value;

use crate::support::{PURCHASE, call, emulator, listed, purchase};

const ALL: [(&str, &str); 1] = [("PageSize", "50")];

fn world() -> Emulator {
    let emulator = emulator(|_| {});
    emulator.edit(|world| world.packages = cenbwp_tests::sample::packages(2, 1));
    emulator
}

async fn listing(emulator: &Emulator) -> Value {
    call(emulator, "DescribeCenBandwidthPackages", &ALL).await
}

fn first(listing: &Value) -> &Value {
    &listing["CenBandwidthPackages"]["CenBandwidthPackage"][0]
}

#[tokio::test(start_paused = true)]
async fn the_same_listing_again_differs_in_its_request_id_only() {
    let emulator = world();
    let (mut one, mut two) = (listing(&emulator).await, listing(&emulator).await);
    assert_eq!(one["RequestId"].as_str().unwrap().len(), two["RequestId"].as_str().unwrap().len());
    assert_ne!(one["RequestId"].take(), two["RequestId"].take());
    assert_eq!(one, two);
    assert_eq!(one["TotalCount"], 3);
    let page =
        call(&emulator, "DescribeCenBandwidthPackages", &[("PageSize", "2"), ("PageNumber", "2")]).await;
    assert_eq!(page["CenBandwidthPackages"]["CenBandwidthPackage"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn any_change_is_listed_at_once() {
    let emulator = world();
    listing(&emulator).await;
    emulator.edit(|world| world.packages[0].name = "edited".into());
    assert_eq!(first(&listing(&emulator).await)["Name"], "edited");

    let id = emulator.packages()[0].id.clone();
    let rename = [("CenBandwidthPackageId", id.as_str()), ("Name", "renamed")];
    call(&emulator, "ModifyCenBandwidthPackageAttribute", &rename).await;
    assert_eq!(first(&listing(&emulator).await)["Name"], "renamed");

    call(&emulator, "CreateCenBandwidthPackage", &PURCHASE).await;
    assert_eq!(listing(&emulator).await["TotalCount"], 4);

    emulator
        .seed(&cenbwp_tests::sample::recording(&[Package::new("cenbwp-seeded", ["china", "china"], 2)]))
        .unwrap();
    assert_eq!(listing(&emulator).await["TotalCount"], 5);

    let edit = Effect::Edit(std::sync::Arc::new(|world| world.packages.clear()));
    emulator.fault(Fault::new("DescribeCenBandwidthPackages", When::call(1), edit));
    assert_eq!(listing(&emulator).await["TotalCount"], 0);
    assert_eq!(listing(&emulator).await["TotalCount"], 0);
}

#[tokio::test(start_paused = true)]
async fn what_time_changes_is_not_remembered() {
    let emulator = emulator(|config| config.semantics.visible_after = Duration::from_secs(5));
    call(&emulator, "CreateCenBandwidthPackage", &PURCHASE).await;
    assert_eq!(listed(&emulator).await.len(), 0);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(listed(&emulator).await.len(), 1);

    let end = emulator.now().checked_add(Duration::from_secs(60)).unwrap();
    emulator.edit(|world| {
        world.packages[0].bandwidth = 900;
        world.packages[0].reservation = Some(Reservation {
            order_type: "TEMP_UPGRADE".into(),
            bandwidth: "100".into(),
            active_time: end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            charge_type: "PREPAY".into(),
        });
    });
    assert_eq!(first(&listing(&emulator).await)["Bandwidth"], 900);
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(first(&listing(&emulator).await)["Bandwidth"], 100);
}

#[tokio::test(start_paused = true)]
async fn a_listing_from_memory_counts_as_a_listing() {
    let emulator = emulator(|config| config.semantics.visible_after_listings = 1);
    call(&emulator, "CreateCenBandwidthPackage", &PURCHASE).await;
    assert_eq!([listed(&emulator).await.len(), listed(&emulator).await.len()], [0, 1]);
    // The next purchase is hidden from one listing more than there were, those from memory included.
    listed(&emulator).await;
    let other = purchase(&[("ClientToken", "token-2"), ("Tag.1.Value", "backbone/other")]);
    call(&emulator, "CreateCenBandwidthPackage", &other).await;
    assert_eq!([listed(&emulator).await.len(), listed(&emulator).await.len()], [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn faults_of_a_listing_strike_remembered_pages_too() {
    let emulator = world();
    listing(&emulator).await;
    for (effect, total) in [(Effect::TotalCount(9), 9), (Effect::Unreadable(0), 3), (Effect::Shift(1), 3)] {
        emulator.fault(Fault::new("DescribeCenBandwidthPackages", When::EVERY, effect.clone()));
        let faulty = listing(&emulator).await;
        assert_eq!(faulty["TotalCount"], total, "{effect:?}");
        emulator.clear_faults();
        let again = listing(&emulator).await;
        assert_eq!(
            (&again["TotalCount"], first(&again)["Bandwidth"].is_i64()),
            (&3.into(), true),
            "{effect:?}"
        );
        let as_before = faulty["CenBandwidthPackages"] == again["CenBandwidthPackages"];
        assert_eq!(as_before, matches!(effect, Effect::TotalCount(_)), "{effect:?}");
    }
}
