//! Metrics for Prometheus: OpenMetrics 1.0, in the part of it that is also Prometheus' older text format, which
//! node_exporter reads from a file.
//!
//! No metric has a time of its own and none says when the run was: the file's age says it, and an end is a fact of
//! the package.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::run::Run;
use crate::status::{Row, State, Status, renewal_months, renews};

/// A metric with a value for some of the packages, and the labels that it adds to theirs.
struct Metric {
    name: &'static str,
    help: &'static str,
    samples: fn(&Row<'_>) -> Vec<(Labels, i64)>,
}

/// The name and the value of each label.
type Labels = Vec<(&'static str, String)>;

const METRICS: &[Metric] = &[
    Metric {
        name: "cenbwp_package_end_timestamp_seconds",
        help: "End of the package, in seconds since 1970.",
        samples: |row| one(row.live.and_then(|live| live.expires).map(jiff::Timestamp::as_second)),
    },
    Metric {
        name: "cenbwp_package_bandwidth_mbps",
        help: "Bandwidth of the package, in Mbps, a temporary upgrade included.",
        samples: |row| one(row.live.map(|live| live.bandwidth.0.into())),
    },
    Metric {
        name: "cenbwp_package_allocated_mbps",
        help: "Bandwidth of the package that regions use, in Mbps, where the listing shows it.",
        samples: |row| one(row.live.and_then(|live| live.allocated()).map(|mbps| mbps.0.into())),
    },
    Metric {
        name: "cenbwp_package_renewal",
        help: "1 for the answer to whether the package renews itself: yes, no or unknown, where the run asked.",
        samples: |row| {
            let renews = row.live.and_then(renews);
            renews.map(|word| (vec![("renews", word.to_owned())], 1)).into_iter().collect()
        },
    },
    Metric {
        name: "cenbwp_package_renewal_months",
        help: "Months of each renewal of a package that renews itself.",
        samples: |row| one(row.live.and_then(renewal_months).map(i64::from)),
    },
    Metric {
        name: "cenbwp_package_drift",
        help: "Number of fields that differ from the spec.",
        samples: |row| {
            one(Some(if let State::Differs(fields) = &row.state { fields.len() as i64 } else { 0 }))
        },
    },
    Metric {
        name: "cenbwp_package_held",
        help: "1 if a change of the package is held, else 0.",
        samples: |row| one(Some(matches!(row.state, State::Held(_)).into())),
    },
    Metric {
        name: "cenbwp_package_wanted",
        help: "1 if the end of the package is worth an alert, 0 if it is meant to end or belongs to others.",
        samples: |row| one(Some(row.wanted.into())),
    },
    Metric {
        name: "cenbwp_package_state",
        help: "1 for the state of the package in the eyes of the spec.",
        samples: |row| vec![(vec![("state", row.state.as_str().to_owned())], 1)],
    },
    Metric {
        name: "cenbwp_package_warning",
        help: "1 for each warning about the package: locked, reserved.",
        samples: |row| {
            row.lasting_alerts().map(|alert| (vec![("warning", alert.word.to_owned())], 1)).collect()
        },
    },
];

/// Returns the metrics of every package in the status, and the numbers by state of all of them.
pub(super) fn text(run: &Run<'_>, status: &Status<'_>) -> String {
    let is_complete = run.planned.is_some_and(|planned| planned.situation.observed.complete);
    let mut text = complete(is_complete);
    head(
        &mut text,
        "cenbwp_packages",
        "Number of packages in each state, those without series of their own included.",
    );
    for (state, count) in status.counts() {
        let labels = vec![("state", state.to_owned())];
        let _ = writeln!(text, "cenbwp_packages{} {count}", shown(&labels));
    }
    for Metric { name, help, samples } in METRICS {
        let mut series = BTreeSet::new();
        for row in &status.rows {
            for (more, value) in samples(row) {
                let labels = shown(&[labels(row), more].concat());
                // Items that cannot be read may have no name to tell them apart.
                if series.insert(labels.clone()) {
                    if series.len() == 1 {
                        head(&mut text, name, help);
                    }
                    let _ = writeln!(text, "{name}{labels} {value}");
                }
            }
        }
    }
    text + END
}

/// Returns the one metric of a run that ended early.
pub(super) fn failed(_: &Run<'_>) -> String {
    complete(false) + END
}

const END: &str = "# EOF\n";

fn complete(is_complete: bool) -> String {
    let mut text = String::new();
    let name = "cenbwp_status_complete";
    head(&mut text, name, "1 if the run listed every package, else 0.");
    let _ = writeln!(text, "{name} {}", u8::from(is_complete));
    text
}

fn head(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn one(value: Option<i64>) -> Vec<(Labels, i64)> {
    value.map(|value| (Labels::new(), value)).into_iter().collect()
}

/// Returns the labels that every metric of a package has.
fn labels(row: &Row<'_>) -> Labels {
    let address = row.identity.as_ref().map(|identity| &identity.address);
    vec![
        ("stack", address.map(|it| it.stack.to_string()).unwrap_or_default()),
        ("package", address.map(|it| it.package.to_string()).unwrap_or_default()),
        ("id", row.id.as_ref().map(ToString::to_string).unwrap_or_default()),
    ]
}

fn shown(labels: &Labels) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    format!("{{{}}}", labels.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_label_ends_it() {
        let labels = vec![("id", "a\\b\"} 1\nx".to_owned()), ("stack", "日本".to_owned())];
        assert_eq!(shown(&labels), r#"{id="a\\b\"} 1\nx",stack="日本"}"#);
    }
}
