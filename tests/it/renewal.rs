//! Credentials that expire during a run, on paused time.

use std::time::Duration;

use cenbwp::cloud::{Environment, Error, RefusalKind};
use cenbwp::execute::Outcome;
use cenbwp::exit::Exit;
use cenbwp_spec::Spec;
use cenbwp_tests::{Access, Config, Fault, Semantics};
use tempfile::TempDir;

use crate::support::{Bench, DESCRIBE, ONE, purchases, spec};

fn one() -> Spec {
    spec(ONE)
}

/// Returns a configuration of the CLI whose current profile assumes the role for plans, for 15 minutes at a
/// time.
fn role() -> (TempDir, Environment) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (id, secret, role) = (Config::USER_ID, Config::USER_SECRET, Access::PLAN);
    let config = format!(
        r#"{{"current": "x", "profiles": [{{"name": "x", "mode": "RamRoleArn", "access_key_id": "{id}", "access_key_secret": "{secret}", "ram_role_arn": "{role}", "expired_seconds": 900}}]}}"#
    );
    std::fs::write(folder.path().join("config.json"), config).expect("a new file");
    let path = folder.path().join("config.json").display().to_string();
    (folder, Environment::new([("ALIBABA_CLOUD_CONFIG_FILE", path)]))
}

/// Returns a server with credentials that last this many seconds.
fn server(bench: &Bench, seconds: i64) -> Environment {
    bench.emulator.edit_access(|access| (access.server, access.seconds) = (true, seconds));
    let off = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true");
    Environment::new([off, ("ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1:1/credentials")])
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[track_caller]
fn why<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused(refusal)) if refusal.kind == RefusalKind::NoCredentials => refusal.to_string(),
        other => panic!("expected to be without credentials, not {other:?}"),
    }
}

/// The package appears after three quarters of an hour, in which the role is assumed again every ten minutes,
/// five before the session expires.
#[tokio::test(start_paused = true)]
async fn long_wait_is_survived_and_nothing_is_bought_twice() {
    let semantics = Semantics { visible_after: Duration::from_secs(45 * 60), ..Semantics::default() };
    let (_folder, environment) = role();
    let mut bench = Bench::with(semantics).asked_by(&environment);
    bench.settings.wait_timeout = Duration::from_secs(3600);
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Created, Exit::Done), "{}", run.text);
    assert_eq!(purchases(&bench.emulator), ["net/x"]);
    assert_eq!(bench.calls("AssumeRole"), 5);
    // The account is requested each time, too.
    assert_eq!(bench.calls("GetCallerIdentity"), 5);
    let codes = bench
        .emulator
        .requests()
        .into_iter()
        .filter(|it| matches!(&it.outcome, cenbwp_tests::Outcome::Answered { code: Some(_), .. }));
    assert_eq!(codes.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_renewed_five_minutes_or_half_their_life_before_they_end() {
    for (life, before, after) in [(3600, 3299, 1), (900, 599, 1), (600, 299, 1), (60, 29, 1), (2, 0, 1)] {
        let bench = Bench::new();
        let environment = server(&bench, life);
        let bench = bench.asked_by(&environment);
        bench.cloud.account().await.expect("the account");
        pass(before).await;
        bench.cloud.ready().await.expect("still good");
        assert_eq!(bench.calls("GET /credentials"), 1, "{life}");
        pass(after).await;
        bench.cloud.ready().await.expect("renewed");
        assert_eq!(bench.calls("GET /credentials"), 2, "{life}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_requests_at_once_take_one_role() {
    let (_folder, environment) = role();
    let bench = Bench::new().asked_by(&environment);
    for taken in [1, 2] {
        let asked = (0..8).map(|_| bench.cloud.list());
        for listed in futures_util::future::join_all(asked).await {
            listed.expect("a listing");
        }
        assert_eq!(bench.calls("AssumeRole"), taken);
        pass(700).await;
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_of_another_account_end_the_run() {
    for account_was_asked in [true, false] {
        let bench = Bench::new();
        let environment = server(&bench, 600);
        let bench = bench.asked_by(&environment);
        if account_was_asked {
            bench.cloud.account().await.expect("the account");
        } else {
            bench.cloud.list().await.expect("a listing");
        }
        bench.emulator.edit_access(|access| access.account = "9999999999999999".to_owned());
        pass(400).await;
        let listings = bench.calls(DESCRIBE);
        let reason = why(bench.cloud.list().await);
        let says =
            "the renewed credentials are of account 9999999999999999, and this run is for 1234567890123456";
        assert!(reason.contains(says), "{reason}");
        assert_eq!(bench.calls(DESCRIBE), listings);
        // Asking again does not forget the reason.
        why(bench.cloud.list().await);
    }
}

#[tokio::test(start_paused = true)]
async fn purchases_stop_where_the_account_changes() {
    let semantics = Semantics { visible_after: Duration::from_secs(600), ..Semantics::default() };
    let bench = Bench::with(semantics);
    let environment = server(&bench, 60);
    let bench = bench.asked_by(&environment);
    let (situation, plan) = bench.plan(&one()).await.expect("the plan can be made");
    bench.emulator.edit_access(|access| access.account = "9999999999999999".to_owned());
    pass(45).await;
    let run = bench.execute(&one(), &situation, &plan).await;
    assert!(purchases(&bench.emulator).is_empty(), "{}", run.text);
    assert_eq!((run.outcome(), run.exit), (Outcome::Failed, Exit::Error), "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn renewal_that_fails_is_tried_again_while_the_old_credentials_last() {
    let (_folder, environment) = role();
    let bench = Bench::new().asked_by(&environment);
    bench.cloud.account().await.expect("the account");
    let refuse: Fault = "AssumeRole:refuse=403/NoPermission".parse().expect("a fault");
    bench.emulator.fault(refuse);
    pass(700).await;
    bench.cloud.list().await.expect("the old credentials last");
    bench.cloud.list().await.expect("and are not renewed at every step");
    assert_eq!(bench.calls("AssumeRole"), 2);
    pass(40).await;
    bench.cloud.list().await.expect("the old credentials last");
    assert_eq!(bench.calls("AssumeRole"), 3);
    pass(200).await;
    let reason = why(bench.cloud.list().await);
    assert!(reason.contains("AssumeRole was refused: NoPermission (HTTP 403)"), "{reason}");
    bench.emulator.clear_faults();
    bench.cloud.list().await.expect("renewed");
}

/// The service's clock decides: credentials that it calls expired are renewed once, and only once.
#[tokio::test(start_paused = true)]
async fn what_the_service_calls_ended_is_renewed_once() {
    let (_folder, environment) = role();
    let bench = Bench::new().asked_by(&environment);
    bench.cloud.account().await.expect("the account");
    let end = |bench: &Bench| {
        let now = bench.emulator.now();
        bench.emulator.edit_access(|access| access.sessions.iter_mut().for_each(|it| it.expires = Some(now)));
    };
    end(&bench);
    bench.cloud.list().await.expect("renewed");
    assert_eq!(bench.calls("AssumeRole"), 2);
    end(&bench);
    let Err(Error::Refused(refusal)) = bench.cloud.list().await else { panic!("expected a refusal") };
    assert_eq!(refusal.code.to_string(), "InvalidSecurityToken.Expired");
    assert_eq!(refusal.kind, RefusalKind::AccountWide);
    assert_eq!(bench.calls("AssumeRole"), 2);
}

/// A cluster writes a new token into the file from time to time; the old one has expired by then.
#[tokio::test(start_paused = true)]
async fn token_file_is_read_again_at_each_renewal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("token");
    let bench = Bench::new();
    let write = |bench: &Bench| {
        let token = Access::default().id_token(bench.emulator.now(), |_| {});
        std::fs::write(&path, token + "\n").expect("a new file");
    };
    write(&bench);
    let environment = Environment::new([
        ("ALIBABA_CLOUD_ROLE_ARN", Access::PLAN.to_owned()),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", Access::PROVIDER.to_owned()),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", path.display().to_string()),
    ]);
    let bench = bench.asked_by(&environment);
    bench.cloud.account().await.expect("the account");
    pass(3400).await;
    write(&bench);
    bench.cloud.list().await.expect("renewed");
    assert_eq!(bench.calls("AssumeRoleWithOIDC"), 2);
    // The file stays as it is: the token has expired, and soon the credentials have.
    pass(3700).await;
    let reason = why(bench.cloud.list().await);
    assert!(reason.contains("AuthenticationFail.OIDCToken.Expired"), "{reason}");
}
