//! The nightly script that publishes the ends: a calendar and metrics.

use cenbwp_tests::Package;

use super::SPEC;
use crate::support::{Lab, Ran, repository};

fn night(lab: &Lab) -> Ran {
    let script = repository().join("examples/pipelines/cron/feeds.sh");
    let mut command = lab.command("sh");
    for (name, value) in [("SPEC", "cen"), ("CALENDAR", "www/cen.ics"), ("METRICS", "metrics/cenbwp.prom")] {
        command.env(format!("CENBWP_{name}"), lab.path(value));
    }
    lab.finish(command.arg(script))
}

#[test]
fn feeds_are_published_and_a_failed_night_keeps_the_calendar() {
    let mut lab = Lab::new();
    lab.file("cen/network.yaml", SPEC).file("www/index.html", "").file("metrics/other.prom", "");
    lab.emulator.edit(|world| {
        world.packages.push(Package::new("cenbwp-1", ["china", "europe"], 100).tagged("cenbwp", "net/cn-eu"));
    });
    let ran = night(&lab);
    assert_eq!((ran.code, ran.stdout, ran.stderr), (0, String::new(), String::new()));
    let calendar = lab.read("www/cen.ics");
    assert!(calendar.contains("SUMMARY:net/cn-eu ends: 100 Mbps\\, China - Europe\r\n"), "{calendar}");
    let metrics = lab.read("metrics/cenbwp.prom");
    assert!(
        metrics.contains("\ncenbwp_status_complete 1\n") && metrics.contains("id=\"cenbwp-1\""),
        "{metrics}"
    );
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    let ran = night(&lab);
    ran.check(1, "error: ");
    assert_eq!(lab.read("www/cen.ics"), calendar);
    assert!(lab.read("metrics/cenbwp.prom").contains("\ncenbwp_status_complete 0\n# EOF\n"));
}
