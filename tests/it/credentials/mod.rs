//! Every source of credentials with the real binary: it works, it is configured and broken, or it is absent.
//! A broken source ends the run with its name and the reason, and nothing is sent anywhere else.

pub(crate) mod choices;
mod role;
mod sources;

use std::io::Read;
use std::process::Stdio;

use cenbwp_tests::{Access, Config, Machine};
use serde_json::Value;

use crate::support::{CREATE, DESCRIBE, Lab, ONE, Ran, purchases};

const PLAN: &str = "plan --max-retries 0";
const ACCOUNT: &str = "account 1234567890123456, access key ";

/// Returns a lab without any source of credentials.
fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", None);
    let url = lab.url();
    lab.set("CENBWP_METADATA_ENDPOINT", Some(&url));
    lab.file("cenbwp.yaml", ONE);
    lab
}

fn with_machine(access: &mut Access) {
    access.machine = Some(Machine { role: "my-role".to_owned(), v1: true, v2: true });
}

fn with_server(access: &mut Access) {
    access.server = true;
}

fn with_github(access: &mut Access) {
    access.bearer = Some("job-bearer-0123456789".to_owned());
}

/// Returns a profile that is the current one.
fn profile(fields: &str) -> Vec<(&'static str, String)> {
    let text = format!(
        r#"{{"current": "ci", "profiles": [{{"name": "ci", {fields}}}, {}, {}]}}"#,
        base(),
        planner()
    );
    vec![(".aliyun/config.json", text)]
}

/// Returns a profile with the user's key.
fn base() -> String {
    let (id, secret) = (Config::USER_ID, Config::USER_SECRET);
    format!(r#"{{"name": "base", "mode": "AK", "access_key_id": "{id}", "access_key_secret": "{secret}"}}"#)
}

/// Returns a profile whose role may assume another one.
fn planner() -> String {
    format!(r#"{{"name": "planner", {}}}"#, user_role(Access::PLAN, Config::USER_SECRET))
}

/// Returns a lab whose source is a profile with this role.
fn lab_of_role(role: &str) -> Lab {
    let lab = lab();
    lab.file(".aliyun/config.json", &profile(&user_role(role, Config::USER_SECRET))[0].1);
    lab
}

/// Returns a lab whose source is this key in the environment.
fn lab_of_key(id: &str, secret: &str) -> Lab {
    let mut lab = lab();
    key(id, secret).iter().for_each(|(name, value)| lab.set(name, Some(value)));
    lab
}

fn user_role(role: &str, secret: &str) -> String {
    let id = Config::USER_ID;
    format!(
        r#""mode": "RamRoleArn", "access_key_id": "{id}", "access_key_secret": "{secret}", "ram_role_arn": "{role}""#
    )
}

fn key(id: &str, secret: &str) -> Vec<(&'static str, String)> {
    let id = ("ALIBABA_CLOUD_ACCESS_KEY_ID", id.to_owned());
    vec![id, ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret.to_owned())]
}

/// The third column of the table: absent sources are passed over, and at the end the error says what to do.
#[test]
fn what_is_absent_is_passed_over_without_a_request() {
    let mut lab = lab();
    let nothing = lab.run(PLAN);
    assert_eq!(nothing.code, 1);
    assert!(
        nothing.stderr.contains("no credentials: ALIBABA_CLOUD_ACCESS_KEY_ID is not set"),
        "{}",
        nothing.stderr
    );
    // All but the last are absent, each in its own way.
    for name in [
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
        "ALIBABA_CLOUD_OIDC_TOKEN",
        "ALIBABA_CLOUD_CREDENTIALS_FILE",
        "ALIBABA_CLOUD_ECS_METADATA",
    ] {
        lab.set(name, Some(""));
    }
    lab.emulator.edit_access(|access| {
        with_machine(access);
        with_server(access);
        with_github(access);
    });
    let uri = format!("{}/credentials", lab.url());
    lab.set("ALIBABA_CLOUD_CREDENTIALS_URI", Some(&uri));
    let ran = lab.run(PLAN);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let asked: Vec<_> = lab.emulator.requests().into_iter().map(|it| it.action).collect();
    assert_eq!(asked[0], "GET /credentials");
    assert!(asked[1..].iter().all(|it| !it.contains('/')), "{asked:?}");
}

#[test]
fn a_key_costs_no_request_and_a_role_one() {
    let static_key = lab_of_key(Config::USER_ID, Config::USER_SECRET);
    assert_eq!(static_key.run(PLAN).code, 0);
    let actions = |lab: &Lab| {
        let mut actions: Vec<_> = lab.emulator.requests().into_iter().map(|it| it.action).collect();
        actions.sort();
        actions
    };
    let pairs = "DescribeCenGeographicSpans";
    assert_eq!(actions(&static_key), [DESCRIBE, pairs, "GetCallerIdentity"]);
    let role = lab_of_role(Access::PLAN);
    assert_eq!(role.run(PLAN).code, 0);
    assert_eq!(actions(&role), ["AssumeRole", DESCRIBE, pairs, "GetCallerIdentity"]);
    let taken = &role.emulator.requests()[0];
    assert_eq!((taken.action.as_str(), taken.params["DurationSeconds"].as_str()), ("AssumeRole", "3600"));
}

#[test]
fn a_plan_names_who_asked_and_its_digest_does_not_depend_on_it() {
    let mut lab = lab_of_key(Config::USER_ID, Config::USER_SECRET);
    assert_eq!(lab.run("plan --out one.json").code, 0);
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", None);
    lab.file(".aliyun/config.json", &profile(&user_role(Access::PLAN, Config::USER_SECRET))[0].1);
    let events = lab.run("plan --out two.json --json");
    assert_eq!(events.code, 0, "{}", events.stderr);
    let [one, two] = ["one.json", "two.json"].map(|name| {
        let plan: Value = serde_json::from_str(&lab.read(name)).expect("a plan is JSON");
        plan
    });
    assert_eq!(one["digest"], two["digest"]);
    assert_eq!(one["credentials"], serde_json::json!({ "access_key": "LTAI…eyId", "source": "environment" }));
    let source = two["credentials"]["source"].as_str().expect("a text");
    assert!(source.ends_with("config.json, role acs:ram::1234567890123456:role/cenbwp-plan"), "{source}");
    let line = events.stdout.lines().nth(1).expect("an event after the version");
    let event: Value = serde_json::from_str(line).expect("an event is JSON");
    assert_eq!((&event["type"], &event["credentials"]), (&"credentials".into(), &two["credentials"]));
    assert_eq!(event["account_id"], "1234567890123456");
    let shown = lab.run("show one.json");
    assert!(
        shown.stdout.contains("asked with access key LTAI…eyId from environment, at http"),
        "{}",
        shown.stdout
    );
}

#[test]
fn contradicting_variables_are_told_once_by_name() {
    let mut lab = lab_of_key(Config::USER_ID, Config::USER_SECRET);
    lab.set("ALICLOUD_ACCESS_KEY", Some("LTAIofAnotherAccount"));
    lab.set("ALIBABACLOUD_ACCESS_KEY_ID", Some(Config::USER_ID));
    let warning = "ALIBABA_CLOUD_ACCESS_KEY_ID and ALICLOUD_ACCESS_KEY differ: this run goes by ALIBABA_CLOUD_ACCESS_KEY_ID, other tools may go by ALICLOUD_ACCESS_KEY";
    let check = |ran: &Ran, count: usize| {
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches(warning).count(), count, "{}", ran.stderr);
        assert!(!(ran.stdout.clone() + &ran.stderr).contains("LTAIofAnother"));
    };
    for command in ["plan", "status", "export"] {
        check(&lab.run(command), 1);
    }
    let events = lab.run("plan --json");
    check(&events, 1);
    let diagnostics = events.stdout.lines().filter(|line| line.contains(r#""type":"diagnostic""#)).count();
    assert_eq!(diagnostics, 1, "{}", events.stdout);
    lab.set("ALICLOUD_ACCESS_KEY", Some(Config::USER_ID));
    check(&lab.run("plan"), 0);
}

#[test]
fn terraforms_own_variables_are_named_and_not_used() {
    let mut lab = lab();
    lab.set("ALICLOUD_ACCESS_KEY", Some(Config::USER_ID));
    lab.set("ALICLOUD_SECRET_KEY", Some(Config::USER_SECRET));
    let ran = lab.run(PLAN);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("ALICLOUD_ACCESS_KEY is set, which this tool does not read"),
        "{}",
        ran.stderr
    );
    assert!(lab.emulator.requests().is_empty());
}

/// A session that expires between two requests of one run: the role is assumed again, and the package is
/// bought once.
#[test]
fn a_purchase_goes_on_with_renewed_credentials() {
    let lab = lab_of_role(Access::PLAN);
    lab.emulator.fault(
        "CreateCenBandwidthPackage@1:refuse=400/InvalidSecurityToken.Expired".parse().expect("a fault"),
    );
    let ran = lab.run("apply --auto-approve");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
    let requests = lab.emulator.requests();
    let sent = |action: &str| requests.iter().filter(|it| it.action == action).collect::<Vec<_>>();
    assert_eq!(sent("AssumeRole").len(), 2);
    let tokens: Vec<_> = sent(CREATE).iter().map(|it| it.params["ClientToken"].clone()).collect();
    assert!(tokens.len() == 2 && tokens[0] == tokens[1], "{tokens:?}");

    // A key in the environment cannot be renewed: it is not tried again.
    let lab = lab_of_key(Config::KEY_ID, Config::KEY_SECRET);
    lab.emulator
        .fault("CreateCenBandwidthPackage:refuse=400/InvalidSecurityToken.Expired".parse().expect("a fault"));
    let ran = lab.run("apply --auto-approve");
    assert!(ran.code != 0 && purchases(&lab.emulator).is_empty(), "{}", ran.stderr);
    let sent = lab.emulator.requests().iter().filter(|it| it.action == CREATE).count();
    assert_eq!(sent, 1);
}

/// A program that never ends is killed with the run, at the first signal. It holds one end of a pipe as long
/// as it lives.
#[test]
fn an_interrupt_ends_the_run_and_the_command_that_it_waits_for() {
    let lab = lab();
    let command = "sh -c 'exec sleep infinity > alive'";
    let fields = format!(r#""mode": "External", "process_command": "{command}""#);
    lab.file(".aliyun/config.json", &profile(&fields)[0].1);
    assert_eq!(lab.finish(lab.command("mkfifo").arg("alive")).code, 0);
    let child =
        lab.command("cenbwp").arg("plan").stderr(Stdio::piped()).spawn().expect("the binary is built");
    let mut alive = std::fs::File::open(lab.path("alive")).expect("the command opens the other end");
    let sent = lab.command("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, ran.stderr.contains("interrupted; nothing was bought or changed")), (130, true));
    alive.read_to_end(&mut Vec::new()).expect("the other end is closed");
}

#[test]
fn the_account_of_a_role_is_the_roles_own() {
    let elsewhere = "acs:ram::9999999999999999:role/cenbwp";
    let lab = lab_of_role(elsewhere);
    lab.emulator.edit_access(|access| {
        access.roles[0].arn = elsewhere.to_owned();
    });
    let ran = lab.run(PLAN);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("account 9999999999999999, "), "{}", ran.stderr);
}
