//! Refusals before anything is sent: a clear error, the right code, and an untouched request log.

use cenbwp_tests::{Config, Package};

use crate::support::{DESCRIBE, Lab, ONE, purchases};

/// Runs `cenbwp ARGUMENTS` on this spec: it ends with this code, prints this on stderr, and sends nothing.
#[track_caller]
fn check_nothing_sent(lab: &Lab, spec: &str, arguments: &str, code: i32, says: &str) {
    lab.file("cenbwp.yaml", spec).run(arguments).check(code, says);
    assert!(lab.emulator.requests().is_empty(), "{:?}", lab.emulator.requests());
}

#[test]
fn spec_with_errors_sends_nothing() {
    let bad = "{version: 1, stack: net, packages: {x: {areas: [China], bandwith: 1}}}";
    for command in ["plan", "apply --auto-approve"] {
        check_nothing_sent(&Lab::new(), bad, command, 3, "did you mean");
        check_nothing_sent(&Lab::new(), "{version: 1, stack", command, 3, "cenbwp.yaml:1:");
        check_nothing_sent(&Lab::new(), ONE, &format!("{command} -f missing.yaml"), 3, "missing.yaml");
    }
}

#[test]
fn flags_that_cannot_be_meant_send_nothing() {
    for (arguments, says) in [
        ("plan --no-such-flag", "--no-such-flag"),
        ("plan --target nope", "--target nope: the spec does not declare it"),
        ("plan --target net/y", "did you mean net/x?"),
        ("plan --max-purchases 11", "looser than the spec's 10"),
        ("plan --endpoint http://cbn.aliyuncs.com", "loopback"),
        ("plan --endpoint ftp://127.0.0.1", "https://HOST"),
        ("plan --json --report json", "both want stdout"),
        ("plan --report yaml", "[possible values: human, json, markdown, "),
        ("plan --report markdwon", "a similar value exists: 'markdown'"),
        ("plan --expiring-within soon", "14d"),
        ("apply --auto-approve --parallelism 0", "parallelism"),
        ("apply --auto-approve --no-wait --wait-timeout 1s", "--wait-timeout"),
        ("", "Usage"),
    ] {
        check_nothing_sent(&Lab::new(), ONE, arguments, 3, says);
    }
}

#[test]
fn recording_is_never_applied() {
    let lab = Lab::new();
    lab.file("live.json", r#"{"TotalCount": 0, "PageNumber": 1, "PageSize": 50, "CenBandwidthPackages": {"CenBandwidthPackage": []}}"#);
    check_nothing_sent(
        &lab,
        ONE,
        "apply --auto-approve --live-from live.json",
        4,
        "a recording is not the cloud",
    );
}

#[test]
fn missing_credentials_send_nothing_and_say_what_was_looked_for() {
    let mut lab = Lab::new();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", None);
    check_nothing_sent(&lab, ONE, "plan", 1, "ALIBABA_CLOUD_ACCESS_KEY_SECRET");
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    check_nothing_sent(&lab, ONE, "plan", 1, "config.json");
    check_nothing_sent(&lab, ONE, "plan --profile ci", 1, "config.json");
}

/// Runs an apply that reads the cloud and then refuses: it ends with this code and buys nothing.
#[track_caller]
fn check_nothing_bought(lab: &Lab, spec: &str, arguments: &str, code: i32, says: &str) {
    lab.file("cenbwp.yaml", spec).run(arguments).check(code, says);
    let reads = [DESCRIBE, "DescribeCenGeographicSpans", "GetCallerIdentity"];
    assert!(lab.emulator.requests().iter().all(|request| reads.contains(&request.action.as_str())));
}

#[test]
fn limit_of_the_spec_is_refused_with_the_line_that_allows_it() {
    let spec = |limits: &str| {
        format!(
            "
version: 1
stack: net
limits: {limits}
defaults: {{ autoPay: true, areas: [China, China] }}
packages: {{ a: {{ bandwidth: 10 }}, b: {{ bandwidth: 10 }} }}
"
        )
        .replace(", areas: [China, China]", "")
        .replace("{ bandwidth: 10 }", "{ bandwidth: 10, areas: [China, China] }")
    };
    let apply = "apply --auto-approve";
    check_nothing_bought(&Lab::new(), &spec("{ maxPurchases: 1 }"), apply, 4, "maxPurchases: 2");
    check_nothing_bought(&Lab::new(), &spec("{ maxNewMbps: 15 }"), apply, 4, "maxNewMbps: 20");
    check_nothing_bought(
        &Lab::new(),
        &spec("{ maxPurchases: 5 }"),
        "apply --auto-approve --max-purchases 1",
        4,
        "--max-purchases 2",
    );
}

#[test]
fn another_account_is_refused() {
    let spec = ONE.replace("stack: net", "stack: net, account: \"42\"");
    for command in ["plan", "apply --auto-approve"] {
        check_nothing_bought(&Lab::new(), &spec, command, 4, "stack net belongs to account 42");
    }
}

#[test]
fn held_package_stops_the_others_unless_it_is_skipped() {
    let lab = Lab::new();
    lab.emulator.edit(|world| world.packages.push(Package::new("cenbwp-twin", ["china", "europe"], 7)));
    let both = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  x: { areas: [China, Europe], bandwidth: 7 }
  y: { areas: [China, China], bandwidth: 2 }
";
    check_nothing_bought(&lab, both, "apply --auto-approve", 4, "1 change is held");
    let ran = lab.run("apply --auto-approve --skip-held");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator), ["net/y"]);
    assert!(ran.stdout.contains("Apply complete: 1 created. 1 held, left out by"), "{}", ran.stdout);
}

#[test]
fn run_that_leaves_out_all_there_is_says_so_and_why_it_is_complete() {
    let lab = Lab::of(ONE);
    lab.emulator.edit(|world| world.packages.push(Package::new("cenbwp-twin", ["china", "europe"], 7)));
    let ran = lab.run("apply --auto-approve --skip-held");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let end =
        "\nApply complete: no changes. 1 held, left out by `--skip-held` and not counted by the exit code.\n";
    assert!(ran.stdout.ends_with(end), "{}", ran.stdout);
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn service_that_cannot_be_reached_is_an_error_that_says_so() {
    let mut lab = Lab::new();
    // A port that was free a moment ago and is closed now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap().port();
    let nobody = format!("http://127.0.0.1:{port}");
    lab.set("CENBWP_ENDPOINT", Some(&nobody));
    lab.set("CENBWP_STS_ENDPOINT", Some(&nobody));
    check_nothing_sent(&lab, ONE, "plan --max-retries 0", 1, "was not sent");
}

#[test]
fn wrong_secret_is_an_error_without_the_secret() {
    let mut lab = Lab::with(Config::default());
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Some("canary-secret"));
    let ran = lab.file("cenbwp.yaml", ONE).run("plan -vv");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("SignatureDoesNotMatch"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("canary-secret") && !ran.stderr.contains("Signature="), "{}", ran.stderr);
}
