//! Variables with another choice, disabled sections, expired logins, and programs with children.

use std::io::Read;
use std::process::Stdio;

use cenbwp_tests::{Access, Config};
use serde_json::Value;

use super::{PLAN, lab, lab_of_key, planner, profile};
use crate::support::{Lab, Ran, purchases};

/// Returns a lab whose configuration has the user's key in the current profile, `prod`.
fn lab_of_prod() -> Lab {
    let lab = lab();
    lab.file(".aliyun/config.json", &prod());
    lab
}

fn prod() -> String {
    let key = |name: &str| {
        let (id, secret) = (Config::USER_ID, Config::USER_SECRET);
        format!(
            r#"{{"name": "{name}", "mode": "AK", "access_key_id": "{id}", "access_key_secret": "{secret}"}}"#
        )
    };
    format!(r#"{{"current": "prod", "profiles": [{}, {}, {}]}}"#, key("prod"), key("sandbox"), planner())
}

const CHOICES: [(&str, &str); 8] = [
    ("ALICLOUD_ACCESS_KEY", "LTAIofAnotherAccount"),
    ("ALICLOUD_ACCESS_KEY_ID", "LTAIofAnotherAccount"),
    ("ALIBABACLOUD_ACCESS_KEY_ID", "LTAIofAnotherAccount"),
    ("ACCESS_KEY_ID", "LTAIofAnotherAccount"),
    ("ALIBABACLOUD_PROFILE", "sandbox"),
    ("ALICLOUD_PROFILE", "sandbox"),
    ("ALICLOUD_ASSUME_ROLE_ARN", "acs:ram::9999999999999999:role/another"),
    ("ALICLOUD_ECS_ROLE_NAME", "another"),
];

#[track_caller]
fn check_refused(lab: &Lab, ran: &Ran, variable: &str) {
    assert_eq!(ran.code, 4, "{variable}\n{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(&format!("unset {variable}")), "{}", ran.stderr);
    assert!(!(ran.stdout.clone() + &ran.stderr).contains("LTAIofAnother"), "{}", ran.stderr);
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn another_choice_of_credentials_is_said_and_nothing_is_bought_unseen() {
    for (variable, value) in CHOICES {
        let mut lab = lab_of_prod();
        lab.set(variable, Some(value));
        let warning = format!(
            "warning: {variable} is set and not used: this run goes by profile \"prod\" of ~/.aliyun/config.json, other tools may go by {variable}"
        );
        for command in ["plan", "status", "export"] {
            let ran = lab.run(command);
            assert_eq!((ran.code, ran.stderr.matches(&warning).count()), (0, 1), "{command}\n{}", ran.stderr);
        }
        let events = lab.run("plan --json --report markdown=plan.md --report sarif=plan.sarif");
        let diagnostics: Vec<Value> =
            events.stdout.lines().filter_map(|it| serde_json::from_str(it).ok()).collect();
        let is_warning = |event: &&Value| event["type"] == "diagnostic" && event["severity"] == "warning";
        assert_eq!(diagnostics.iter().filter(is_warning).count(), 1, "{}", events.stdout);
        assert!(lab.read("plan.md").contains(variable) && lab.read("plan.sarif").contains(variable));

        let ran = lab.run("apply --auto-approve");
        check_refused(&lab, &ran, variable);
        let ran = lab.run("apply --auto-approve --json");
        check_refused(&lab, &ran, variable);
        assert!(
            ran.stdout.lines().last().is_some_and(|line| line.contains(r#""exit_code":4"#)),
            "{}",
            ran.stdout
        );
    }
}

#[test]
pub(crate) fn a_profile_an_account_or_a_digest_decides_between_two_choices() {
    let apply = |lab: &Lab, arguments: &str| {
        let ran = lab.run(arguments);
        assert_eq!(ran.code, 0, "{arguments}\n{}{}", ran.stdout, ran.stderr);
        assert_eq!(purchases(&lab.emulator), ["net/x"], "{arguments}");
        ran
    };
    let chosen = |variable: &str, value: &str| {
        let mut lab = lab_of_prod();
        lab.set(variable, Some(value));
        lab
    };
    let (variable, value) = CHOICES[0];
    let ran = apply(&chosen(variable, value), "apply --auto-approve --profile prod");
    assert!(!ran.stderr.contains(variable), "{}", ran.stderr);

    let lab = chosen(variable, value);
    let spec = lab.read("cenbwp.yaml");
    lab.file("cenbwp.yaml", &spec.replace("stack: net", "stack: net, account: \"1234567890123456\""));
    let ran = apply(&lab, "apply --auto-approve");
    assert!(ran.stderr.contains(variable), "{}", ran.stderr);

    // One stack without a pin is enough for an accident.
    let lab = chosen(variable, value);
    lab.file("cenbwp.yaml", &spec.replace("stack: net", "stack: net, account: \"1234567890123456\""));
    lab.file(
        "more.yaml",
        &spec.replace("stack: net", "stack: more").replace("China, Europe", "China, China"),
    );
    check_refused(&lab, &lab.run("apply --auto-approve -f cenbwp.yaml -f more.yaml"), variable);

    // A digest and a saved plan belong to an account.
    let lab = chosen(variable, value);
    let plan: Value = serde_json::from_str(&lab.run("plan --report json").stdout).expect("one document");
    apply(&lab, &format!("apply --plan-digest {}", plan["digest"].as_str().expect("a digest")));
    let lab = chosen(variable, value);
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    apply(&lab, "apply plan.json");

    // The same choice under another name is no choice; an empty one is none either.
    for (variable, value) in
        [("ALICLOUD_ACCESS_KEY", Config::USER_ID), ("ALICLOUD_PROFILE", "prod"), ("ACCESS_KEY_ID", "")]
    {
        let ran = apply(&chosen(variable, value), "apply --auto-approve");
        assert!(!ran.stderr.contains(variable), "{}", ran.stderr);
    }
    let mut lab = chosen("ALICLOUD_PROFILE", "sandbox");
    lab.set("ALIBABA_CLOUD_PROFILE", Some("sandbox"));
    apply(&lab, "apply --auto-approve");
}

#[test]
fn keys_in_the_environment_that_differ_buy_nothing_unseen() {
    let mut lab = lab_of_key(Config::USER_ID, Config::USER_SECRET);
    lab.set("ALICLOUD_ACCESS_KEY", Some("LTAIofAnotherAccount"));
    check_refused(&lab, &lab.run("apply --auto-approve"), "ALICLOUD_ACCESS_KEY");
}

#[test]
fn without_credentials_every_name_that_is_set_is_named() {
    for variable in [
        "ALICLOUD_ACCESS_KEY",
        "ALICLOUD_ACCESS_KEY_ID",
        "ALIBABACLOUD_ACCESS_KEY_ID",
        "ACCESS_KEY_ID",
        "ALICLOUD_PROFILE",
    ] {
        let mut lab = lab();
        lab.set(variable, Some("x"));
        let ran = lab.run(PLAN);
        assert_eq!(ran.code, 1);
        assert!(
            ran.stderr.contains(&format!("{variable} is set, which this tool does not read")),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"), "{}", ran.stderr);
    }
}

#[test]
fn an_empty_variable_of_our_own_is_unset() {
    let mut lab = lab_of_key(Config::KEY_ID, Config::KEY_SECRET);
    let url = lab.url();
    for variable in
        ["CENBWP_ENDPOINT", "CENBWP_STS_ENDPOINT", "CENBWP_BILLING_ENDPOINT", "CENBWP_PRICE_ENDPOINT"]
    {
        lab.set(variable, Some(""));
        lab.file("live.json", r#"{"TotalCount": 0}"#);
        let flags = format!("--endpoint {url} --sts-endpoint {url} --max-retries 0");
        for command in [
            format!("plan {flags}"),
            format!("status {flags}"),
            format!("export {flags}"),
            "plan --live-from live.json".to_owned(),
            "validate".to_owned(),
        ] {
            let ran = lab.run(&command);
            assert_eq!(ran.code, 0, "{variable}= {command}\n{}", ran.stderr);
        }
        lab.set(variable, Some(&url));
    }
    for variable in ["CENBWP_METADATA_ENDPOINT", "CENBWP_SITE"] {
        lab.set(variable, Some(""));
    }
    assert_eq!(lab.run(PLAN).code, 0);
    // Help names the variable and not its value.
    lab.set("CENBWP_ENDPOINT", Some("https://user:s-secret@example.test"));
    for help in ["plan --help", "plan -h", "apply --help"] {
        let ran = lab.run(help);
        assert!(ran.stdout.contains("CENBWP_ENDPOINT") && !ran.stdout.contains("s-secret"), "{}", ran.stdout);
    }
}

#[test]
fn a_section_that_is_switched_off_is_not_used() {
    let (id, secret) = (Config::USER_ID, Config::USER_SECRET);
    let file = |line: &str| {
        format!("[default]\n{line}\ntype = access_key\naccess_key_id = {id}\naccess_key_secret = {secret}\n")
    };
    for (line, is_on) in [
        ("enable = true", true),
        ("enable = TRUE", true),
        ("enable =", true),
        ("# enable = false", true),
        ("enable = false", false),
        ("enable=False", false),
        ("ENABLE = false ; for now", false),
        ("enabled = false", false),
        ("enable = 0", false),
        ("enable = off", false),
    ] {
        let lab = lab();
        lab.file(".alibabacloud/credentials", &file(line));
        for command in [PLAN, "plan --max-retries 0 --profile default"] {
            let ran = lab.run(command);
            assert_eq!(ran.code, i32::from(!is_on), "{line} {command}\n{}", ran.stderr);
            let says = "section \"default\" of ~/.alibabacloud/credentials: it is switched off";
            assert_eq!(ran.stderr.contains(says), !is_on, "{line}\n{}", ran.stderr);
        }
        assert_eq!(lab.emulator.requests().is_empty(), !is_on);
    }
}

#[test]
fn a_login_that_has_ended_names_the_command_that_renews_it() {
    for mode in ["CloudSSO", "OAuth"] {
        for expiration in ["0", "1000", "null", "\"2020-01-01T00:00:00Z\""] {
            let kept = format!(
                r#""mode": "{mode}", "access_key_id": "STS.kept", "access_key_secret": "kept-secret", "sts_token": "kept-token", "sts_expiration": {expiration}"#
            );
            let lab = lab();
            lab.file(".aliyun/config.json", &profile(&kept)[0].1);
            let ran = lab.run(PLAN);
            assert_eq!(ran.code, 1);
            let says = "run `aliyun sts GetCallerIdentity --profile ci`";
            assert!(ran.stderr.contains(says), "{mode} {expiration}\n{}", ran.stderr);

            // The same for the source of a role.
            let role = format!(
                r#"{{"current": "role", "profiles": [{{"name": "sign in", {kept}}}, {{"name": "role", "mode": "ChainableRamRoleArn", "source_profile": "sign in", "ram_role_arn": "{}"}}]}}"#,
                Access::PLAN
            );
            let ran = lab.file(".aliyun/config.json", &role).run(PLAN);
            assert!(
                ran.stderr.contains("aliyun sts GetCallerIdentity --profile 'sign in'"),
                "{}",
                ran.stderr
            );
        }
    }
}

/// Returns a lab whose credentials program starts another one, which holds one end of a pipe as long as it
/// lives.
fn lab_of_program(then: &str) -> Lab {
    let lab = lab();
    let child = "{ sleep 20; touch survived; } > alive 2>&1 < /dev/null &";
    lab.program("sign-in", &format!("{child}\n{then}\n"));
    lab.file(".aliyun/config.json", &profile(r#""mode": "External", "process_command": "./sign-in""#)[0].1);
    assert_eq!(lab.finish(lab.command("mkfifo").arg("alive")).code, 0);
    lab
}

/// Waits until the other end of the pipe is closed: the child was killed, and did not end by itself.
fn check_gone(lab: &Lab, mut alive: std::fs::File) {
    alive.read_to_end(&mut Vec::new()).expect("the other end is closed");
    assert!(!lab.path("survived").exists());
}

#[test]
fn what_a_program_of_credentials_started_ends_with_the_run() {
    for signals in [&["-INT"][..], &["-TERM"], &["-INT", "-INT"]] {
        let lab = lab_of_program("wait");
        let mut command = lab.command("cenbwp");
        let child = command.arg("plan").stderr(Stdio::piped()).spawn().expect("the binary is built");
        let alive = std::fs::File::open(lab.path("alive")).expect("the program opens the other end");
        for signal in signals {
            let _ = lab.command("kill").args([*signal, child.id().to_string().as_str()]).status();
        }
        let ran = Ran::from(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        check_gone(&lab, alive);
    }
}

#[test]
fn what_a_program_of_credentials_started_ends_with_the_program() {
    let printed = format!(
        r#"printf '{{"mode":"AK","access_key_id":"{}","access_key_secret":"{}"}}'"#,
        Config::USER_ID,
        Config::USER_SECRET
    );
    for (then, code) in [(printed.as_str(), 0), ("exit 3", 1), ("printf nonsense", 1)] {
        let lab = lab_of_program(then);
        let mut command = lab.command("cenbwp");
        let child = command.args(["plan", "--max-retries", "0"]).stderr(Stdio::piped()).spawn();
        let alive = std::fs::File::open(lab.path("alive")).expect("the program opens the other end");
        let ran = Ran::from(child.expect("the binary is built").wait_with_output().expect("it ends"));
        assert_eq!(ran.code, code, "{}", ran.stderr);
        check_gone(&lab, alive);
    }
}

#[test]
fn the_callers_home_is_nowhere_in_what_is_shown() {
    let mut lab = lab_of_prod();
    let home = lab.folder().display().to_string();
    let check = |lab: &Lab, arguments: &str, code: i32, says: &str| {
        let ran = lab.run(arguments);
        let all = ran.stdout + &ran.stderr;
        assert_eq!(ran.code, code, "{arguments}\n{all}");
        assert!(all.contains(says), "{arguments}: {says:?} is missing\n{all}");
        assert!(!all.contains(&home), "{arguments}\n{all}");
    };
    let reports = "--report html=plan.html --report markdown=plan.md --report json=report.json";
    check(&lab, &format!("plan --out plan.json {reports}"), 0, "of ~/.aliyun/config.json");
    for file in ["plan.json", "plan.html", "plan.md", "report.json"] {
        assert!(!lab.read(file).contains(&home), "{file}");
    }
    check(&lab, "show plan.json", 0, "of ~/.aliyun/config.json");
    check(&lab, "plan --profile nope", 1, "of ~/.aliyun/config.json: there is no such profile");
    lab.file(".aliyun/config.json", "{");
    check(&lab, PLAN, 1, "~/.aliyun/config.json: line 1 column 1");
    lab.set("ALIBABA_CLOUD_CONFIG_FILE", Some(&format!("{home}/none.json")));
    check(&lab, PLAN, 1, "~/none.json: No such file or directory");
    lab.set("ALIBABA_CLOUD_CONFIG_FILE", None);
    let program = format!(r#""mode": "External", "process_command": "{home}/none""#);
    lab.file(".aliyun/config.json", &profile(&program)[0].1);
    check(&lab, PLAN, 1, "the command \"~/none\"");
    std::fs::remove_file(lab.path(".aliyun/config.json")).expect("it is there");
    check(&lab, PLAN, 1, "there is no ~/.aliyun/config.json");
    lab.file(".alibabacloud/credentials", "[x]").file(".alibabacloud/credentials.ini", "[x]");
    check(&lab, PLAN, 1, "~/.alibabacloud/credentials: there is also");
    lab.set("ALIBABA_CLOUD_CREDENTIALS_FILE", Some(&format!("{home}/.alibabacloud/credentials")));
    check(&lab, PLAN, 1, "section \"default\" of ~/.alibabacloud/credentials");
    lab.set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", Some(Access::PROVIDER));
    lab.set("ALIBABA_CLOUD_ROLE_ARN", Some(Access::PLAN));
    lab.set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", Some(&format!("{home}/token")));
    check(&lab, PLAN, 1, "~/token: No such file or directory");
    lab.file("token", "two words");
    check(&lab, PLAN, 1, "~/token holds no token");
}
