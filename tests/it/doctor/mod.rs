//! The examination of an environment in trouble: each trouble is named, with what would mend it, and what does
//! not depend on it is looked at all the same. That of each source of credentials is in `credentials::sources`.

mod cases;

use cenbwp_tests::{Clock, Config, Package};
use jiff::SignedDuration;
use jsonschema::Validator;
use serde_json::Value;

use crate::schemas::schema;
use crate::support::{DESCRIBE, Lab, Ran};
use cases::{CBN, Case, ID, SECRET};

/// The checks of every examination, in their order.
const CHECKS: [&str; 11] = [
    "proxy",
    "certificates",
    "cbn_endpoint",
    "sts_endpoint",
    "clock",
    "credentials",
    "account",
    "packages",
    "pairs",
    "renewal",
    "price",
];

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

#[test]
fn every_trouble_is_told_where_it_is_and_the_rest_is_looked_at() {
    let validator = schema("doctor.schema.json");
    for Case { trouble, change, told } in cases::all() {
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
    assert!(ran.stdout.ends_with("\n1 failed, and 5 could not be checked.\n"), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
}

/// A plan with `--price` that buys, of a spec with `autoRenew`, asks the same operations, and no more.
#[test]
fn it_sends_what_a_plan_sends_and_one_request_without_credentials_to_each_endpoint() {
    let lab = Lab::new();
    assert_eq!(lab.run("doctor").code, 0);
    let mut sent: Vec<_> = lab.emulator.requests().into_iter().map(|it| it.action).collect();
    sent.sort();
    let last = [
        "DescribeCenGeographicSpans",
        "GetCallerIdentity",
        "GetTemplateEstimateCost",
        "QueryAvailableInstances",
    ];
    assert_eq!(sent, [&["", "", DESCRIBE][..], &last].concat());
}
