//! A canary in every place that holds a secret, and every way for it to get out: commands, failures, log
//! levels, files. No output shows it, and no request takes it where it does not belong.

mod sources;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cenbwp_tests::{Config, auth::AccessKey};

use crate::support::{Lab, ONE, Rogue, nobody};

const ID: &str = "LTAIcanaryAccessKeyIdCanaryEnd";
const SECRET: &str = "canarySecret0/+=abcdefghijklmnop";
const TOKEN: &str = "CAIScanaryToken0/+=qrstuvwxyz0123456789";
/// The part of each that must not be shown, plain or percent-encoded. Four characters at either end of the id
/// may be seen.
const CANARIES: [&str; 3] = ["canaryAccessKeyIdCanary", "canarySecret0", "canaryToken0"];

/// Returns a lab whose only key is the canary.
fn lab() -> Lab {
    let key = AccessKey { security_token: Some(TOKEN.to_owned()), ..AccessKey::new(ID, SECRET) };
    let mut lab = Lab::with(Config { keys: vec![key], ..Config::default() });
    lab.set("ALIBABA_CLOUD_SECURITY_TOKEN", Some(TOKEN));
    lab.file("cenbwp.yaml", ONE);
    lab
}

/// Returns a lab whose service and security token service are a stranger.
fn lab_at(url: &str) -> Lab {
    let mut lab = lab();
    lab.set("CENBWP_ENDPOINT", Some(url));
    lab.set("CENBWP_STS_ENDPOINT", Some(url));
    lab
}

#[track_caller]
fn check_hidden(text: &str, whence: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in {whence}:\n{text}");
    }
}

/// Runs a command at every log level and with every report: it ends with this code each time, and neither its
/// output nor any file shows a canary.
#[track_caller]
fn check_silent(lab: &Lab, command: &str, code: i32) {
    for how in [
        "-q",
        "-v",
        "-vvv",
        "-vvv --log-format json",
        "-vvv --json --report json=report.json --report human=report.txt",
    ] {
        let ran = lab.run(&format!("{command} {how}"));
        assert_eq!(ran.code, code, "{command} {how}\n{}{}", ran.stdout, ran.stderr);
        check_hidden(&ran.stdout, &format!("stdout of {command} {how}"));
        check_hidden(&ran.stderr, &format!("stderr of {command} {how}"));
        for (path, text) in files(lab.folder()) {
            check_hidden(&text, &format!("{} of {command} {how}", path.display()));
        }
    }
}

/// Returns every file below a folder except the one that is meant to hold the secret.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry"))
    {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().is_some_and(|name| name != "config.json") {
            found.insert(path.clone(), std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
    found
}

const PLAN: &str = "plan --max-retries 0 --out plan.json";
const APPLY: &str = "apply --auto-approve --max-retries 0 --journal journal.ndjson";

#[test]
fn commands_that_go_well_show_no_secret() {
    let lab = lab();
    check_silent(&lab, PLAN, 0);
    check_silent(&lab, "validate", 0);
    check_silent(&lab, "apply plan.json --journal journal.ndjson", 0);
    check_silent(&lab, APPLY, 0);
    for command in [
        "show plan.json",
        "schema",
        "explain",
        "explain E0201",
        "version --json",
        "completions bash",
        "--help",
        "plan --help",
    ] {
        let ran = lab.run(command);
        assert_eq!(ran.code, 0, "{command}");
        check_hidden(&(ran.stdout + &ran.stderr), command);
    }
}

#[test]
fn wrong_credentials_are_not_shown_by_the_reply_that_echoes_what_was_signed() {
    for (name, another) in [
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "canarySecret0but-another"),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", "CAIScanaryToken0but-another"),
    ] {
        let mut lab = lab();
        lab.set(name, Some(another));
        check_silent(&lab, PLAN, 1);
        check_silent(&lab, APPLY, 1);
    }
}

#[test]
fn refusals_that_quote_the_credentials_are_shown_without_them() {
    let echo =
        format!("key {ID} secret {SECRET} token {TOKEN}\nx-acs-security-token:{TOKEN}\nSignature=0123");
    for (fault, code) in [
        (format!("CreateCenBandwidthPackage:refuse=400/InvalidParameter/{echo}"), 1),
        (format!("CreateCenBandwidthPackage:refuse=403/NoPermission/{echo}"), 1),
        (format!("*:refuse=400/Throttling.User/{echo}"), 1),
        ("*:cut-before".to_owned(), 1),
        ("*:truncate".to_owned(), 1),
    ] {
        let lab = lab();
        lab.emulator.fault(fault.parse().unwrap_or_else(|error| panic!("{error}")));
        check_silent(&lab, APPLY, code);
    }
}

#[test]
fn purchase_without_a_reply_shows_no_secret() {
    let lab = lab();
    lab.emulator.fault("CreateCenBandwidthPackage:cut-before".parse().expect("a fault"));
    check_silent(&lab, &format!("{APPLY} --wait-timeout 1ms"), 7);
}

/// Returns the whole request and every canary.
fn mirror(request: &str) -> String {
    mirror_of(&format!("{request} {ID} {SECRET} {TOKEN}"))
}

/// Returns JSON of an empty listing, with this text in every other member that is read.
fn mirror_of(text: &str) -> String {
    let mut reply = serde_json::json!({ "TotalCount": 0 });
    for name in ["Code", "code", "Message", "message", "RequestId", "HostId", "AccountId"] {
        reply[name] = text.into();
    }
    reply.to_string()
}

#[test]
fn strangers_that_echo_the_whole_request_are_not_quoted() {
    for status in [200, 400, 502] {
        let rogue = Rogue::saying(status, "application/json", mirror);
        check_silent(&lab_at(rogue.url()), PLAN, 1);
        let rogue =
            Rogue::saying(status, "text/html", |request| format!("<html><pre>{request}</pre></html>"));
        check_silent(&lab_at(rogue.url()), PLAN, 1);
        assert!(rogue.requests().iter().any(|request| request.contains(TOKEN)), "the canary was sent");
    }
}

#[test]
fn refused_connection_shows_no_secret() {
    check_silent(&lab_at(&nobody()), PLAN, 1);
    check_silent(&lab_at(&nobody()), APPLY, 1);
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Rogue::saying(200, "application/json", |_| "{}".to_owned());
    let to = elsewhere.url().to_owned();
    for status in [301, 302, 303, 307, 308] {
        let to = to.clone();
        let rogue = Rogue::start(move |_, stream| {
            use std::io::Write;
            write!(
                stream,
                "HTTP/1.1 {status} Go\r\nlocation: {to}/?SecurityToken={TOKEN}\r\ncontent-length: 0\r\n\r\n"
            )
        });
        for command in [PLAN, APPLY] {
            let ran = lab_at(rogue.url()).run(&format!("{command} -vvv"));
            assert_eq!(ran.code, 1, "{}", ran.stderr);
            check_hidden(&(ran.stdout + &ran.stderr), "a redirect");
        }
        assert!(!rogue.requests().is_empty());
    }
    assert_eq!(elsewhere.requests(), [""; 0]);
}

#[test]
fn http_is_for_loopback_only() {
    for url in [
        "http://cbn.aliyuncs.com",
        "http://0.0.0.0:1",
        "http://127.0.0.1.nip.io",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://2130706433",
        "http://0x7f.1",
        "http://[::ffff:10.0.0.1]",
        "HTTP://example.com",
        "http://example.com#@127.0.0.1",
    ] {
        for variable in
            ["CENBWP_ENDPOINT", "CENBWP_STS_ENDPOINT", "CENBWP_BILLING_ENDPOINT", "CENBWP_PRICE_ENDPOINT"]
        {
            let mut lab = lab();
            lab.set(variable, Some(url));
            let ran = lab.run(APPLY);
            assert_eq!(ran.code, 3, "{url}: {}", ran.stderr);
            assert!(lab.emulator.requests().is_empty());
        }
    }
}

#[test]
fn secrets_in_urls_are_not_repeated() {
    for url in [
        "https://user:canarySecret0@127.0.0.1:1",
        "https://127.0.0.1:1/?SecurityToken=canaryToken0",
        "canarySecret0://user@127.0.0.1",
    ] {
        let mut lab = lab();
        lab.set("CENBWP_ENDPOINT", Some(url));
        check_silent(&lab, PLAN, 3);
        lab.set("CENBWP_ENDPOINT", None);
        check_silent(&lab, &format!("{PLAN} --sts-endpoint {url}"), 3);
    }
    for (proxy, code) in [
        ("http://user:canarySecret0@127.0.0.1:1", 1),
        ("http://user:canarySecret0@[", 3),
        ("canarySecret0://", 3),
    ] {
        let mut lab = lab_at("https://127.0.0.1:1");
        lab.set("HTTPS_PROXY", Some(proxy));
        check_silent(&lab, PLAN, code);
    }
}

#[test]
fn credentials_that_cannot_be_used_are_not_shown() {
    let mut lab = lab();
    for (name, value) in [
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "canarySecret0 with a blank"),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "canaryAccessKeyIdCanary\u{1b}[2J"),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", "canaryToken0\n"),
    ] {
        lab.set(name, Some(value));
        check_silent(&lab, PLAN, 1);
    }
}

#[test]
fn credential_files_with_odd_content_are_not_quoted() {
    let profile =
        |fields: &str| format!(r#"{{"current": "default", "profiles": [{{"name": "default", {fields}}}]}}"#);
    let secret = format!(r#""access_key_secret": "{SECRET}""#);
    for content in [
        SECRET.to_owned(),
        format!("\"{SECRET}\""),
        format!("{{\"profiles\": \"{SECRET}\"}}"),
        format!("{{\"profiles\": [\"{SECRET}\"]}}"),
        format!("{{\"current\": {{\"{SECRET}\": 1}}, \"profiles\": []}}"),
        profile(&format!(r#""mode": "AK", {secret},"#)),
        profile(&format!(r#""mode": "AK", {secret}"#)),
        profile(&format!(r#""mode": "AK", "access_key_id": "{ID}", "access_key_secret": ["{SECRET}"]"#)),
        profile(&format!(r#""mode": "AK", "access_key_id": "{ID}", "access_key_secret": "{SECRET}\u0007""#)),
        profile(&format!(
            r#""mode": "StsToken", "access_key_id": "{ID}", {secret}, "sts_token": {{"{TOKEN}": 1}}"#
        )),
        profile(&format!(r#""mode": ["{SECRET}"], "access_key_id": "{ID}", {secret}"#)),
        profile(&format!(r#""mode": "RamRoleArn", "access_key_id": "{ID}", {secret}"#)),
    ] {
        let mut lab = lab();
        for name in
            ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"]
        {
            lab.set(name, None);
        }
        lab.file(".aliyun/config.json", &content);
        check_silent(&lab, PLAN, 1);
        assert!(lab.emulator.requests().is_empty(), "{content}");
    }
}
