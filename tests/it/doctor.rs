//! The examination of an environment in trouble: each trouble is named, with what would mend it, and what does
//! not depend on it is looked at all the same. That of each source of credentials is in `credentials::sources`.

use std::io::Write;

use cenbwp_tests::{Clock, Config, Package};
use jiff::SignedDuration;
use jsonschema::Validator;
use serde_json::Value;

use crate::schemas::schema;
use crate::support::{DESCRIBE, Lab, Ran, Rogue, nobody};

/// The checks of every examination, in their order.
const CHECKS: [&str; 8] =
    ["proxy", "certificates", "cbn_endpoint", "sts_endpoint", "clock", "credentials", "account", "packages"];

/// The result of an examination.
pub(crate) struct Examined {
    document: Value,
    ran: Ran,
}

impl Examined {
    /// Examines a lab: the document fits its schema, and nothing in it is secret.
    #[track_caller]
    pub(crate) fn of(lab: &Lab, validator: &Validator) -> Self {
        let ran = lab.run("doctor --json --max-retries 0");
        let document: Value = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
        let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        assert_eq!(document["exit_code"], ran.code, "{document:#}");
        for secret in
            [Config::KEY_ID, Config::KEY_SECRET, Config::USER_ID, Config::USER_SECRET, "1234567890123456"]
        {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret}: {document:#}");
        }
        Self { document, ran }
    }

    /// Returns a check.
    fn check(&self, name: &str) -> &Value {
        let mut checks = self.document["checks"].as_array().expect("a list").iter();
        checks.find(|check| check["check"] == name).unwrap_or_else(|| panic!("{name}: {:#}", self.document))
    }

    /// Checks the exit code, and that a check ended in this state and says this.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, name: &str, state: &str, says: &str) {
        let check = self.check(name);
        assert_eq!((self.ran.code, &check["state"]), (code, &state.into()), "{:#}", self.document);
        let part = |part: &str| check[part].as_str().unwrap_or_default();
        let told = format!("{}; hint: {}", part("message"), part("hint"));
        assert!(told.contains(says), "{says:?} is not in {told:?}");
    }
}

/// One trouble: the change that makes it, and the checks that tell it.
struct Case {
    trouble: &'static str,
    change: Box<dyn Fn(&mut Lab)>,
    told: &'static [(&'static str, &'static str, &'static str)],
}

fn case(
    trouble: &'static str,
    change: impl Fn(&mut Lab) + 'static,
    told: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case { trouble, change: Box::new(change), told }
}

/// Returns a change of variables; an empty value removes one.
fn set(variables: &[(&'static str, &str)]) -> impl Fn(&mut Lab) + 'static {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    move |lab| {
        variables.iter().for_each(|(name, value)| {
            lab.set(name, Some(value).filter(|it| !it.is_empty()).map(String::as_str));
        });
    }
}

fn fault(text: &'static str) -> impl Fn(&mut Lab) + 'static {
    move |lab| lab.emulator.fault(text.parse().expect("a fault"))
}

const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const CBN: &str = "CENBWP_ENDPOINT";
const STS: &str = "CENBWP_STS_ENDPOINT";
const FAR: &str = "https://cbn.test.invalid:1";

fn cases() -> Vec<Case> {
    let portal = Rogue::saying(200, "text/html", |_| "<html>log in first</html>".to_owned());
    let portal = portal.url().to_owned();
    let locked = Rogue::start(|_, stream| write!(stream, "HTTP/1.1 407 No\r\n\r\n"));
    let locked = locked.url().replace("http://", "http://user:proxy-pass-word@");
    vec![
        case(
            "nothing",
            |_| {},
            &[
                ("proxy", "ok", "none is set"),
                ("certificates", "ok", "not needed"),
                ("cbn_endpoint", "ok", " answers in "),
                ("clock", "ok", "as the service's"),
                ("credentials", "ok", "access key LTAI…eyId from environment"),
                ("account", "ok", "1234…3456, as acs:ram::1234…3456:root"),
                ("packages", "ok", "0 packages in the account, with cen:DescribeCenBandwidthPackages"),
            ],
        ),
        case(
            "no credentials at all",
            set(&[(ID, ""), (SECRET, "")]),
            &[
                ("cbn_endpoint", "ok", ""),
                ("clock", "ok", ""),
                (
                    "credentials",
                    "failed",
                    "none: ALIBABA_CLOUD_ACCESS_KEY_ID is not set, ALIBABA_CLOUD_OIDC_PROVIDER_ARN is not set, there is no ~/.aliyun/config.json, there is no ~/.alibabacloud/credentials, ALIBABA_CLOUD_ECS_METADATA is not set, ALIBABA_CLOUD_CREDENTIALS_URI is not set; hint: set ALIBABA_CLOUD_ACCESS_KEY_ID",
                ),
                ("account", "not_checked", "no credentials"),
                ("packages", "not_checked", "no credentials"),
            ],
        ),
        case(
            "another tool's key only",
            set(&[(ID, ""), (SECRET, ""), ("ALICLOUD_ACCESS_KEY", "LTAIanother")]),
            &[("credentials", "failed", "ALICLOUD_ACCESS_KEY is set, which this tool does not read")],
        ),
        case(
            "a wrong secret",
            set(&[(SECRET, "a-wrong-secret")]),
            &[
                ("credentials", "ok", "from environment"),
                ("account", "failed", "SignatureDoesNotMatch"),
                ("account", "failed", "hint: check the secret of the access key"),
                ("packages", "failed", "hint: check the secret of the access key"),
            ],
        ),
        case(
            "an unknown key",
            set(&[(ID, "LTAI5tDeletedAccessKey")]),
            &[(
                "account",
                "failed",
                "hint: check the access key id: it may be mistyped, disabled or deleted",
            )],
        ),
        case(
            "no permission to list",
            fault(
                "DescribeCenBandwidthPackages:refuse=403/NoPermission/You are not authorized: acs:ram::1234567890123456:user/x",
            ),
            &[
                ("account", "ok", ""),
                ("packages", "failed", "DescribeCenBandwidthPackages was refused: NoPermission (HTTP 403)"),
                ("packages", "failed", "hint: allow cen:DescribeCenBandwidthPackages to this caller"),
            ],
        ),
        case(
            "the caller is refused",
            fault("GetCallerIdentity:refuse=403/NoPermission"),
            &[
                (
                    "account",
                    "failed",
                    "hint: GetCallerIdentity needs no permission: look for a policy that denies it",
                ),
                ("packages", "ok", ""),
            ],
        ),
        case(
            "a service that throttles",
            fault("DescribeCenBandwidthPackages:throttle"),
            &[("packages", "failed", "hint: wait a minute")],
        ),
        case(
            "nobody at the endpoint",
            |lab| lab.set(CBN, Some(&nobody())),
            &[
                ("cbn_endpoint", "failed", "hint: check the network, name resolution and --endpoint"),
                ("sts_endpoint", "ok", ""),
                ("clock", "ok", ""),
                ("credentials", "ok", ""),
                ("account", "ok", ""),
                ("packages", "not_checked", "does not answer"),
            ],
        ),
        case(
            "nobody at the token service",
            |lab| lab.set(STS, Some(&nobody())),
            &[
                ("sts_endpoint", "failed", "--sts-endpoint"),
                ("account", "not_checked", "does not answer"),
                ("packages", "ok", ""),
            ],
        ),
        case(
            "nobody at both",
            |lab| [CBN, STS].iter().for_each(|name| lab.set(name, Some(&nobody()))),
            &[
                ("cbn_endpoint", "failed", "Connection refused"),
                ("clock", "not_checked", "no endpoint has told its time"),
                ("credentials", "ok", ""),
            ],
        ),
        case(
            "a host without an address",
            set(&[(CBN, FAR)]),
            &[
                ("certificates", "ok", "those of the system"),
                ("cbn_endpoint", "failed", "https://cbn.test.invalid:1: "),
            ],
        ),
        case(
            "a portal in the service's place",
            set(&[(CBN, &portal)]),
            &[
                ("cbn_endpoint", "warning", "with HTTP 200 and not in the service's form"),
                ("packages", "failed", "HTTP 200 with a body that is not the service's JSON"),
            ],
        ),
        case(
            "a proxy that is none",
            set(&[("HTTPS_PROXY", "socks5://user:proxy-pass-word@p:1")]),
            &[
                ("proxy", "failed", "HTTPS_PROXY is no address of a proxy, expected http://HOST:PORT"),
                ("certificates", "not_checked", "the proxy's address cannot be read"),
                ("cbn_endpoint", "not_checked", "the proxy's address cannot be read"),
                ("credentials", "not_checked", "they are configured by environment"),
                ("packages", "not_checked", "the proxy's address cannot be read"),
            ],
        ),
        case(
            "a proxy that is dead",
            |lab| {
                lab.set(CBN, Some(FAR));
                lab.set("https_proxy", Some(&nobody().replace("http://", "http://user:proxy-pass-word@")));
            },
            &[
                ("proxy", "failed", "that of https_proxy, for https://cbn.test.invalid:1: "),
                ("proxy", "failed", "hint: correct https_proxy, or `unset https_proxy`"),
                ("cbn_endpoint", "not_checked", "the proxy cannot be reached"),
                ("sts_endpoint", "ok", ""),
                ("packages", "not_checked", "the proxy cannot be reached"),
            ],
        ),
        case(
            "a proxy that wants another password",
            set(&[(CBN, FAR), ("HTTPS_PROXY", &locked)]),
            &[
                ("proxy", "ok", "that of HTTPS_PROXY, for https://cbn.test.invalid:1"),
                (
                    "cbn_endpoint",
                    "failed",
                    "the proxy of HTTPS_PROXY answered HTTP 407, it wants a name and a password",
                ),
                (
                    "cbn_endpoint",
                    "failed",
                    "hint: correct HTTPS_PROXY, its name and its password, or list the host in NO_PROXY",
                ),
            ],
        ),
        case(
            "a proxy that is bypassed",
            set(&[(CBN, FAR), ("HTTPS_PROXY", &locked), ("NO_PROXY", "*")]),
            &[
                ("proxy", "ok", "on the way to no endpoint"),
                ("cbn_endpoint", "failed", "https://cbn.test.invalid:1: "),
            ],
        ),
        case(
            "a dead proxy beside endpoints on this machine",
            |lab| lab.set("HTTPS_PROXY", Some(&nobody())),
            &[("proxy", "ok", "on the way to no endpoint"), ("packages", "ok", "")],
        ),
        case(
            "no certificates",
            set(&[(CBN, FAR), ("SSL_CERT_FILE", "/nonexistent/certificates.pem")]),
            &[
                ("certificates", "failed", "those of SSL_CERT_FILE: "),
                (
                    "certificates",
                    "failed",
                    "hint: install the package ca-certificates, or name a file of certificates with SSL_CERT_FILE",
                ),
                ("cbn_endpoint", "not_checked", "there are no certificates"),
                ("sts_endpoint", "ok", ""),
            ],
        ),
        case(
            "a region that is none",
            |lab| {
                lab.set(STS, None);
                lab.set("ALIBABA_CLOUD_STS_REGION", Some("no region"));
            },
            &[
                ("sts_endpoint", "failed", "ALIBABA_CLOUD_STS_REGION: \"no region\" is no region"),
                ("cbn_endpoint", "ok", ""),
                ("credentials", "not_checked", "the token service has no address"),
            ],
        ),
        case(
            "a role whose token service is dead",
            |lab| {
                lab.set(STS, Some(&nobody()));
                lab.set(ID, None);
                lab.set(SECRET, None);
                let profile = r#"{"current": "ci", "profiles": [{"name": "ci", "mode": "RamRoleArn", "access_key_id": "LTAI5tEmulatorUserKeyId", "access_key_secret": "EmulatorUserSecret0123456789abc", "ram_role_arn": "acs:ram::1234567890123456:role/cenbwp-plan"}]}"#;
                lab.file(".aliyun/config.json", profile);
            },
            &[
                ("sts_endpoint", "failed", "Connection refused"),
                ("credentials", "not_checked", "the token service, which gives them, does not answer"),
                (
                    "credentials",
                    "not_checked",
                    "profile \"ci\" of ~/.aliyun/config.json, role acs:ram::1234…3456:role/cenbwp-plan",
                ),
                ("packages", "not_checked", "the token service"),
            ],
        ),
        case(
            "another key that other tools choose",
            set(&[("ALICLOUD_ACCESS_KEY", "LTAIofAnotherAccount")]),
            &[
                ("other_credentials", "warning", "ALICLOUD_ACCESS_KEY differ"),
                ("other_credentials", "warning", "`unset ALICLOUD_ACCESS_KEY`"),
                ("packages", "ok", ""),
            ],
        ),
    ]
}

#[test]
fn every_trouble_is_told_where_it_is_and_the_rest_is_looked_at() {
    let validator = schema("doctor.schema.json");
    for Case { trouble, change, told } in cases() {
        let mut lab = Lab::new();
        change(&mut lab);
        let examined = Examined::of(&lab, &validator);
        let code = i32::from(told.iter().any(|(_, state, _)| *state == "failed"));
        for (check, state, says) in told {
            examined.says(code, check, state, says);
        }
        let names =
            examined.document["checks"].as_array().expect("a list").iter().map(|check| &check["check"]);
        let names: Vec<_> = names.filter(|name| *name != "other_credentials").collect();
        assert_eq!(names, CHECKS, "{trouble}");
        assert!(!examined.ran.stdout.contains("proxy-pass-word"), "{trouble}: {}", examined.ran.stdout);
        assert!(lab.emulator.ledger().is_empty());
    }
}

#[test]
fn a_clock_that_the_service_would_refuse_is_told_without_credentials_too() {
    let validator = schema("doctor.schema.json");
    for (minutes, code, state, says) in [
        (
            20,
            1,
            "failed",
            "20 minutes behind the service's; hint: set this machine's clock: it may be off by 15 minutes at most",
        ),
        (-20, 1, "failed", "20 minutes ahead of the service's"),
        (10, 0, "ok", "10 minutes behind the service's"),
    ] {
        let now = Clock::System.now() + SignedDuration::from_mins(minutes);
        let mut lab = Lab::with(Config { clock: Clock::tokio(now), ..Config::default() });
        let examined = Examined::of(&lab, &validator);
        examined.says(code, "clock", state, says);
        if code == 1 {
            examined.says(1, "packages", "failed", "InvalidTimeStamp.Expired");
        }
        lab.set(ID, None);
        lab.set(SECRET, None);
        Examined::of(&lab, &validator).says(1, "clock", state, says);
    }
}

#[test]
fn a_certificate_that_is_not_known_is_told_and_one_that_is_named_is_taken() {
    let validator = schema("doctor.schema.json");
    let mut lab = Lab::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let server = runtime.block_on(lab.emulator.serve_tls("127.0.0.1:0")).expect("a free port");
    lab.set(CBN, Some(&server.url()));
    let examined = Examined::of(&lab, &validator);
    examined.says(1, "cbn_endpoint", "failed", "peer certificate");
    examined.says(1, "cbn_endpoint", "failed", "name its certificate with SSL_CERT_FILE");
    lab.file("known.pem", server.certificate().expect("it speaks TLS"));
    lab.set("SSL_CERT_FILE", Some("known.pem"));
    let examined = Examined::of(&lab, &validator);
    examined.says(0, "certificates", "ok", "those of SSL_CERT_FILE");
    examined.says(0, "packages", "ok", "0 packages");
}

#[test]
fn a_role_is_taken_with_the_credentials_that_are_found() {
    let mut lab = Lab::new();
    lab.set(ID, Some(Config::USER_ID));
    lab.set(SECRET, Some(Config::USER_SECRET));
    for (role, code, says) in [
        ("acs:ram::1234567890123456:role/cenbwp-plan", 0, "acs:ram::1234…3456:assumed-role/cenbwp-plan/"),
        ("acs:ram::1234567890123456:role/no-such", 1, "EntityNotExist.Role"),
    ] {
        let ran = lab.run(&format!("doctor --json --assume-role {role}"));
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(says), "{says}: {}", ran.stdout);
    }
}

/// The output that a person pastes.
#[test]
fn the_text_has_a_line_for_each_check_and_wraps_what_is_long() {
    let mut lab = Lab::new();
    lab.emulator.edit(|world| world.packages = vec![Package::new("cenbwp-1", ["china", "europe"], 7)]);
    let ran = lab.run("doctor");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.starts_with("cenbwp "), "{}", ran.stdout);
    for check in CHECKS {
        let line = format!("\nok           {:17}  ", check.replace('_', " "));
        assert!(ran.stdout.contains(&line), "{check}: {}", ran.stdout);
    }
    assert!(ran.stdout.contains("1 package in the account"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\nA plan and a status have what they need.\n"), "{}", ran.stdout);
    lab.set(ID, None);
    lab.set(SECRET, None);
    let ran = lab.run("doctor");
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("\nnot checked  account            no credentials\n"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\n1 failed, and 2 could not be checked.\n"), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
}

/// A plan asks the same two operations, and no more.
#[test]
fn it_sends_what_a_plan_sends_and_one_request_without_credentials_to_each_endpoint() {
    let lab = Lab::new();
    assert_eq!(lab.run("doctor").code, 0);
    let mut sent: Vec<_> = lab.emulator.requests().into_iter().map(|it| it.action).collect();
    sent.sort();
    assert_eq!(sent, ["", "", DESCRIBE, "GetCallerIdentity"]);
}
