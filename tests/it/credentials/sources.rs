//! The table: each source works, or is configured and broken.

use cenbwp_tests::{Access, Config, IdToken, Logged, Machine, Outcome};

use super::{ACCOUNT, PLAN, base, key, lab, profile, user_role, with_github, with_machine, with_server};
use crate::doctor::Examined;
use crate::schemas::schema;
use crate::support::{DESCRIBE, nobody};

/// One source in one state: variables and files, the state of the world, and the end of the run.
struct Case {
    source: &'static str,
    variables: Vec<(&'static str, String)>,
    files: Vec<(&'static str, String)>,
    world: fn(&mut Access),
    expected: Expected,
}

enum Expected {
    /// The plan is made with this source.
    Works(&'static str),
    /// The run ends with this error.
    Fails(&'static str),
}

fn unchanged(_: &mut Access) {}

fn chained(source: &str) -> String {
    let apply = Access::APPLY;
    format!(r#""mode": "ChainableRamRoleArn", "source_profile": "{source}", "ram_role_arn": "{apply}""#)
}

fn ini(fields: &str) -> Vec<(&'static str, String)> {
    vec![(".alibabacloud/credentials", format!("[default]\n{fields}\n"))]
}

fn oidc(token: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let role = ("ALIBABA_CLOUD_ROLE_ARN", Access::PLAN.to_owned());
    [&[role, ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", Access::PROVIDER.to_owned())], token].concat()
}

/// Returns a token of the lab's provider, valid for five minutes unless its claims are changed.
fn token(change: impl FnOnce(&mut IdToken)) -> String {
    Access::default().id_token(cenbwp_tests::Clock::System.now(), change)
}

fn cases(url: &str) -> Vec<Case> {
    use Expected::{Fails, Works};
    let case = |source, variables: Vec<_>, files: Vec<_>, world: fn(&mut Access), expected| Case {
        source,
        variables,
        files,
        world,
        expected,
    };
    let file =
        |token: String| (vec![("token", token)], ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "token".to_owned()));
    let (good_file, in_file) = file(token(|_| {}) + "\n");
    let (expired_file, _) = file(token(|claims| claims.expires = cenbwp_tests::Clock::System.now()));
    let github = |bearer: &str| {
        oidc(&[
            ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{url}/github/token?api-version=2.0")),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", bearer.to_owned()),
        ])
    };
    let of_audience = |audience: &str| token(|claims| claims.audience = audience.to_owned());
    let variable = |token: String| oidc(&[("ALIBABA_CLOUD_OIDC_TOKEN", token)]);
    let (id, secret) = (Config::USER_ID, Config::USER_SECRET);
    let ak = format!("access_key_id = {id}\naccess_key_secret = {secret}");
    let plan_role = Access::PLAN;
    let uri = |uri: String| vec![("ALIBABA_CLOUD_CREDENTIALS_URI", uri)];
    let machine = |role: &str| vec![("ALIBABA_CLOUD_ECS_METADATA", role.to_owned())];
    let printed = format!(r#"{{"mode": "AK", "access_key_id": "{id}", "access_key_secret": "{secret}"}}"#);
    let external = |command: &str| profile(&format!(r#""mode": "External", "process_command": "{command}""#));
    let with_answer = |mut files: Vec<(&'static str, String)>, answer: &str| {
        files.push(("answer.json", answer.to_owned()));
        files
    };
    let kept = |expiration: i64| {
        let fields = r#""mode": "CloudSSO", "access_key_id": "STS.kept", "access_key_secret": "kept-secret", "sts_token": "kept-token""#;
        profile(&format!(r#"{fields}, "sts_expiration": {expiration}"#))
    };
    vec![
        case("environment", key(id, secret), vec![], unchanged, Works("LTAI…eyId from environment")),
        case("environment", key(id, "wrong"), vec![], unchanged, Fails("SignatureDoesNotMatch (HTTP 400)")),
        case(
            "environment",
            key(id, secret)[..1].to_vec(),
            vec![],
            unchanged,
            Fails("environment: ALIBABA_CLOUD_ACCESS_KEY_SECRET is missing"),
        ),
        case(
            "OIDC file",
            oidc(std::slice::from_ref(&in_file)),
            good_file,
            unchanged,
            Works("from role acs:ram::1234567890123456:role/cenbwp-plan by OIDC (ALIBABA_CLOUD_OIDC_TOKEN_FILE)"),
        ),
        case(
            "OIDC file",
            oidc(std::slice::from_ref(&in_file)),
            expired_file,
            unchanged,
            Fails("AssumeRoleWithOIDC was refused: AuthenticationFail.OIDCToken.Expired (HTTP 401)"),
        ),
        case("OIDC file", oidc(&[in_file]), vec![], unchanged, Fails("token: No such file or directory")),
        case(
            "OIDC variable",
            variable(of_audience(Access::AUDIENCE)),
            vec![],
            unchanged,
            Works("by OIDC (ALIBABA_CLOUD_OIDC_TOKEN)"),
        ),
        case(
            "OIDC variable",
            variable(of_audience("another")),
            vec![],
            unchanged,
            Fails("the token's audience must be a client id of the account's OIDC provider"),
        ),
        case(
            "OIDC variable",
            variable(token(|_| {})),
            vec![],
            |access| access.roles[0].subject = Some("repo:org/other".to_owned()),
            Fails("the role's trust policy must name the OIDC provider"),
        ),
        case("GitHub", github("job-bearer-0123456789"), vec![], with_github, Works("by OIDC (GitHub Actions)")),
        case("GitHub", github("wrong-bearer-0123456789"), vec![], with_github, Fails("permissions: id-token: write")),
        case("GitHub", oidc(&[]), vec![], with_github, Fails("there is no token")),
        case("AK", vec![], profile(&base()[16..base().len() - 1]), unchanged, Works("LTAI…eyId from profile \"ci\" of")),
        case("AK", vec![], profile(r#""mode": "AK""#), unchanged, Fails("access_key_id is missing")),
        case(
            "RamRoleArn",
            vec![],
            profile(&user_role(plan_role, secret)),
            unchanged,
            Works("config.json, role acs:ram::1234567890123456:role/cenbwp-plan"),
        ),
        case(
            "RamRoleArn",
            vec![],
            profile(&user_role(Access::APPLY, secret)),
            unchanged,
            Fails("AssumeRole was refused: NoPermission (HTTP 403)"),
        ),
        case(
            "RamRoleArn",
            vec![],
            profile(&user_role("acs:ram::1:role/nobody", secret)),
            unchanged,
            Fails("check the role's ARN: there is no such role"),
        ),
        case(
            "RamRoleArn",
            vec![],
            profile(&user_role(plan_role, "wrong")),
            unchanged,
            Fails("AssumeRole was refused: SignatureDoesNotMatch"),
        ),
        case(
            "ChainableRamRoleArn",
            vec![],
            profile(&chained("planner")),
            unchanged,
            Works("config.json, role acs:ram::1234567890123456:role/cenbwp-apply"),
        ),
        case("ChainableRamRoleArn", vec![], profile(&chained("ci")), unchanged, Fails("leads in a circle: ci → ci")),
        case(
            "ChainableRamRoleArn",
            vec![],
            profile(&chained("none")),
            unchanged,
            Fails("there is no such profile; there is \"ci\", \"base\", \"planner\""),
        ),
        case("EcsRamRole", vec![], profile(r#""mode": "EcsRamRole""#), with_machine, Works("from profile \"ci\"")),
        case(
            "EcsRamRole",
            vec![],
            profile(r#""mode": "EcsRamRole", "ram_role_name": "other""#),
            with_machine,
            Fails("the metadata service: HTTP 404 for the role"),
        ),
        case(
            "OIDC profile",
            vec![],
            [
                profile(&format!(
                    r#""mode": "OIDC", "oidc_provider_arn": "{}", "oidc_token_file": "token", "ram_role_arn": "{plan_role}""#,
                    Access::PROVIDER
                )),
                vec![("token", token(|_| {}))],
            ]
            .concat(),
            unchanged,
            Works("config.json, role acs:ram::1234567890123456:role/cenbwp-plan"),
        ),
        case(
            "OIDC profile",
            vec![],
            profile(r#""mode": "OIDC", "oidc_token_file": "token""#),
            unchanged,
            Fails("oidc_provider_arn is missing"),
        ),
        case("External", vec![], with_answer(external("cat answer.json"), &printed), unchanged, Works("from profile \"ci\"")),
        case(
            "External",
            vec![],
            with_answer(external("cat 'answer.json"), &printed),
            unchanged,
            Fails("process_command has a quote without an end"),
        ),
        case("External", vec![], external("no-such-program"), unchanged, Fails("the command \"no-such-program\": No such file")),
        case("External", vec![], external("sh -c 'echo sign in first >&2; exit 3'"), unchanged, Fails("exit status: 3; it says: sign in first")),
        case("External", vec![], external("echo {}"), unchanged, Fails("expected one JSON object with mode AK or StsToken")),
        case(
            "External",
            vec![("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "true".to_owned())],
            external("touch ran"),
            unchanged,
            Fails("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids this mode"),
        ),
        case(
            "CredentialsURI",
            vec![],
            profile(&format!(r#""mode": "CredentialsURI", "credentials_uri": "{url}/credentials""#)),
            with_server,
            Works("from profile \"ci\""),
        ),
        case(
            "CredentialsURI",
            vec![],
            profile(&format!(r#""mode": "CredentialsURI", "credentials_uri": "{url}/credentials""#)),
            unchanged,
            Fails("the credentials URI has no usable reply: HTTP 404"),
        ),
        case(
            "CloudSSO",
            vec![],
            kept(1_600_000_000),
            unchanged,
            Fails("the credentials ended at 2020-09-13T12:26:40Z"),
        ),
        case("CloudSSO", vec![], profile(r#""mode": "CloudSSO""#), unchanged, Fails("there is no login: run `aliyun")),
        case("ini", vec![], ini(&format!("type = access_key\n{ak}")), unchanged, Works("from section \"default\" of")),
        case("ini", vec![], ini(&format!("type = bearer\n{ak}")), unchanged, Fails("type \"bearer\" is not supported")),
        case(
            "ini",
            vec![],
            ini(&format!("type = ram_role_arn\n{ak}\nrole_arn = {plan_role}")),
            unchanged,
            Works("credentials, role acs:ram::1234567890123456:role/cenbwp-plan"),
        ),
        case("ECS", machine("my-role"), vec![], with_machine, Works("ECS role my-role (ALIBABA_CLOUD_ECS_METADATA)")),
        case(
            "ECS",
            machine("my-role"),
            vec![],
            |access| access.machine = Some(Machine { role: "my-role".to_owned(), v1: true, v2: false }),
            Works("ECS role my-role"),
        ),
        case("ECS", machine("my-role"), vec![], unchanged, Fails("the metadata service: HTTP 404 for the role")),
        case(
            "ECS",
            [machine("my-role"), vec![("ALIBABA_CLOUD_IMDSV1_DISABLED", "true".to_owned())]].concat(),
            vec![],
            |access| access.machine = Some(Machine { role: "my-role".to_owned(), v1: true, v2: false }),
            Fails("HTTP 404 when asked for a token, and ALIBABA_CLOUD_IMDSV1_DISABLED is true"),
        ),
        case("URI", uri(format!("{url}/credentials?a=b")), vec![], with_server, Works("ALIBABA_CLOUD_CREDENTIALS_URI at http://127.0.0.1")),
        case("URI", uri("http://credentials.example/x".to_owned()), vec![], unchanged, Fails("http:// is for loopback and link-local addresses only")),
        case("URI", uri(format!("{}/x", nobody())), vec![], unchanged, Fails("the credentials URI was not sent")),
    ]
}

#[test]
fn every_source_works_or_ends_the_run_with_its_reason() {
    let (shared, validator) = (lab(), schema("doctor.schema.json"));
    for Case { source, variables, files, world, expected } in cases(&shared.url()) {
        let mut lab = lab();
        // The addresses in a case are those of the lab that it was made for.
        let here = |text: &str| text.replace(&shared.url(), &lab.url());
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, here(value))).collect();
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, here(text))).collect();
        variables.iter().for_each(|(name, value)| lab.set(name, Some(value)));
        files.iter().for_each(|(name, text)| {
            lab.file(name, text);
        });
        lab.emulator.edit_access(world);
        let ran = lab.run(PLAN);
        match expected {
            Expected::Works(whence) => {
                assert_eq!(ran.code, 0, "{source}: {}", ran.stderr);
                assert!(
                    ran.stderr.contains(ACCOUNT) && ran.stderr.contains(whence),
                    "{source}: {}",
                    ran.stderr
                );
            }
            Expected::Fails(reason) => {
                assert_eq!(ran.code, 1, "{source}: {}", ran.stderr);
                assert!(ran.stderr.contains(reason), "{source}: {reason:?} is not in {}", ran.stderr);
                let answered = |it: &Logged| {
                    it.outcome == Outcome::Answered { status: 200, code: None } && it.action == DESCRIBE
                };
                assert!(!lab.emulator.requests().iter().any(answered), "{source}");
            }
        }
        // The doctor finds the same, at the check that it belongs to.
        let examined = Examined::of(&lab, &validator);
        let masked = |text: &str| text.replace("1234567890123456", "1234…3456");
        match expected {
            Expected::Works(whence) => examined.says(0, "credentials", "ok", &masked(whence)),
            Expected::Fails(reason) => {
                let check =
                    if reason.starts_with("SignatureDoesNotMatch") { "account" } else { "credentials" };
                examined.says(1, check, "failed", &masked(reason));
            }
        }
        assert!(!lab.path("ran").exists(), "{source}");
    }
}
