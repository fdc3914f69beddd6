//! Compares the requests of our credential sources with those of the vendor's own Python provider for the
//! same configuration, and checks that both read the same credentials from the same replies.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use cenbwp::clock::Clock;
use cenbwp::cloud::{
    Cloud, Endpoints, Environment, Fetch, Reply, RetryPolicy, Search, Sending, SignedRequest, Transport,
};
use cenbwp::random::Random;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request in a form that both sides share.
#[derive(Clone, Debug, PartialEq)]
struct Sent {
    method: String,
    url: String,
    params: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

/// Gives its replies in turn and keeps what was sent. After the last reply it answers as the account would.
struct Script {
    replies: Mutex<VecDeque<String>>,
    sent: Mutex<Vec<Sent>>,
}

impl Script {
    fn answer(&self, sent: Sent) -> Sending<'static> {
        self.sent.lock().unwrap().push(sent);
        let account = || r#"{"AccountId": "1"}"#.to_owned();
        let body = self.replies.lock().unwrap().pop_front().unwrap_or_else(account).into_bytes();
        Box::pin(std::future::ready(Ok(Reply { status: 200, retry_after: None, body })))
    }
}

impl Transport for Script {
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a> {
        let headers: BTreeMap<_, _> =
            request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let (method, url) = (request.method.to_owned(), request.endpoint.to_string());
        self.answer(Sent { method, url, params: decoded(&request.query), headers })
    }

    fn fetch<'a>(&'a self, fetch: &'a Fetch) -> Sending<'a> {
        let (path, query) = fetch.to.target().split_once('?').unwrap_or((fetch.to.target(), ""));
        let mut params = decoded(query);
        params.extend(decoded(&fetch.body));
        let header = |(name, value): &(&'static str, String)| (name.to_ascii_lowercase(), value.clone());
        let headers = fetch.headers.iter().map(header).collect();
        let url =
            format!("{}{path}", fetch.to.root()).trim_end_matches(|c| path == "/" && c == '/').to_owned();
        self.answer(Sent { method: fetch.method.to_owned(), url, params, headers })
    }
}

fn decoded(query: &str) -> BTreeMap<String, String> {
    let text = |encoded: &str| percent_decode_str(encoded).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (text(name), text(value))).collect()
}

/// Returns the requests of our source for these variables and files, and the key and token that it then signs
/// with.
async fn ours(case: &Value, variables: &[(&str, &str)], files: &[(&str, &str)]) -> (Vec<Sent>, [String; 2]) {
    let home = tempfile::tempdir().unwrap();
    let at_home = home.path().to_str().unwrap();
    for (name, text) in files {
        std::fs::write(home.path().join(name), text).unwrap();
    }
    let mut all = vec![("HOME".to_owned(), at_home.to_owned())];
    all.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), value.replace('~', at_home))));
    let environment = Environment::new(all);
    let search = Search { environment: &environment, profile: None, sts: None };
    let (source, sts) = (search.source().unwrap(), search.sts_endpoint().unwrap());

    let body = |reply: &Value| reply.as_str().map_or_else(|| reply.to_string(), str::to_owned);
    let mut replies: VecDeque<_> =
        case["requests"].as_array().unwrap().iter().map(|request| body(&request["reply"])).collect();
    // The vendor's provider asks for a session of the metadata service twice.
    if replies.len() == 4 {
        replies.remove(2);
    }
    let asked = replies.len();
    let script = Arc::new(Script { replies: Mutex::new(replies), sent: Mutex::default() });
    let clock = Clock::starting_at("2025-01-02T03:04:05Z".parse().unwrap());
    let endpoints = Endpoints { sts, ..Endpoints::default() };
    let cloud =
        Cloud::new(script.clone(), source, endpoints, clock, Random::seeded(1), RetryPolicy::default());
    cloud.account().await.unwrap();
    let mut sent = script.sent.lock().unwrap().clone();
    let signed = sent.pop().unwrap();
    assert_eq!(sent.len(), asked);
    let header = |name: &str| signed.headers.get(name).cloned().unwrap_or_default();
    (sent, [header("x-acs-accesskey-id"), header("x-acs-security-token")])
}

/// Returns a captured request of the vendor's provider.
fn theirs(request: &Value) -> Sent {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let map = |value: &Value| -> BTreeMap<String, String> {
        value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
    let headers = map(&request["headers"]).into_iter().map(lower).filter(|(name, _)| name != "host");
    let url = text(&request["url"]).split('?').next().unwrap().to_owned();
    Sent { method: text(&request["method"]), url, params: map(&request["query"]), headers: headers.collect() }
}

fn captured(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("vectors/captured-credentials-py.json")).unwrap();
    all[name].clone()
}

/// Changes the vendor's request as ours differs by design: AssumeRole with signature version 3, whose own
/// parameters are headers, by POST.
fn with_signature_3(mut theirs: Sent, ours: &Sent) -> Sent {
    for (parameter, header) in [
        ("Action", Some("x-acs-action")),
        ("Version", Some("x-acs-version")),
        ("Timestamp", Some("x-acs-date")),
        ("SecurityToken", Some("x-acs-security-token")),
        ("SignatureNonce", None),
        ("SignatureMethod", None),
        ("SignatureVersion", None),
        ("Signature", None),
        ("Format", None),
        ("AccessKeyId", None),
    ] {
        let value = theirs.params.remove(parameter);
        if let Some(header) = header {
            assert_eq!(ours.headers.get(header), value.as_ref(), "{parameter}");
        }
        if let (Some(id), "AccessKeyId") = (value, parameter) {
            assert!(ours.headers["authorization"].contains(&format!("Credential={id},")));
        }
    }
    Sent { method: "POST".to_owned(), headers: ours.headers.clone(), ..theirs }
}

/// Changes the vendor's request as ours differs by design: the token is in the body of a POST, so that no log
/// of URLs has it.
fn by_post(theirs: Sent, ours: &Sent) -> Sent {
    Sent { method: "POST".to_owned(), headers: ours.headers.clone(), ..theirs }
}

fn unchanged(theirs: Sent, ours: &Sent) -> Sent {
    let accept = ours.headers.get("accept").map(|value| ("accept".to_owned(), value.clone()));
    Sent { headers: theirs.headers.into_iter().chain(accept).collect(), ..theirs }
}

async fn check(
    name: &str,
    variables: &[(&str, &str)],
    files: &[(&str, &str)],
    by_design: fn(Sent, &Sent) -> Sent,
) {
    let case = captured(name);
    let (sent, signed) = ours(&case, variables, files).await;
    let mut expected: Vec<_> = case["requests"].as_array().unwrap().iter().map(theirs).collect();
    // By design, one session of the metadata service is enough for both requests.
    if expected.len() == 4 {
        let again = expected.remove(2);
        assert_eq!(expected[0], again);
    }
    assert_eq!(sent.len(), expected.len(), "{name}");
    for (ours, theirs) in sent.iter().zip(expected) {
        assert_eq!(*ours, by_design(theirs, ours), "{name}");
    }
    let result = ["access_key_id", "security_token"].map(|member| case["result"][member].as_str().unwrap());
    assert_eq!(signed, result, "{name}");
}

fn profile(fields: &str) -> String {
    format!(r#"{{"current": "x", "profiles": [{{"name": "x", {fields}}}]}}"#)
}

const CONFIG: (&str, &str) = ("ALIBABA_CLOUD_CONFIG_FILE", "~/config.json");

#[tokio::test]
async fn roles_are_taken_with_the_vendors_parameters() {
    let role = profile(
        r#""mode": "RamRoleArn", "access_key_id": "LTAI5tEXAMPLEaccesskeyid", "access_key_secret": "s",
        "ram_role_arn": "acs:ram::123456789012****:role/adminrole", "ram_session_name": "cen-plan",
        "policy": "{\"Version\":\"1\"}", "external_id": "ext/1", "sts_region": "cn-hangzhou", "expired_seconds": 3600"#,
    );
    check("ram_role_arn", &[CONFIG], &[("config.json", &role)], with_signature_3).await;
    let of_sts = profile(
        r#""mode": "RamRoleArn", "access_key_id": "STS.NU0", "access_key_secret": "s", "sts_token": "t0+/=",
        "ram_role_arn": "acs:ram::1:role/r", "ram_session_name": "cen-plan""#,
    );
    let files = [("config.json", of_sts.as_str())];
    check("ram_role_arn_from_sts_default_endpoint", &[CONFIG], &files, with_signature_3).await;
}

#[tokio::test]
async fn identity_tokens_are_exchanged_with_the_vendors_parameters() {
    let region =
        [("ALIBABA_CLOUD_STS_REGION", "cn-shanghai"), ("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true")];
    let variables = [
        ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/GitHub"),
        ("ALIBABA_CLOUD_ROLE_SESSION_NAME", "cen-plan"),
        region[0],
        region[1],
    ];
    let in_file = [&variables[..], &[("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "~/token")]].concat();
    check("oidc_role_arn", &in_file, &[("token", "eyJhbGciOi.oidc.token\n")], by_post).await;
    let in_variable = [&variables[..], &[("ALIBABA_CLOUD_OIDC_TOKEN", "eyJhbGciOi.oidc.token")]].concat();
    check("oidc_role_arn", &in_variable, &[], by_post).await;
    let of_profile = profile(
        r#""mode": "OIDC", "oidc_provider_arn": "acs:ram::1:oidc-provider/GitHub", "oidc_token_file": "TOKEN",
        "ram_role_arn": "acs:ram::1:role/r", "ram_session_name": "cen-plan", "sts_region": "cn-shanghai", "enable_vpc": true"#,
    );
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "eyJhbGciOi.oidc.token").unwrap();
    let of_profile = of_profile.replace("TOKEN", token.path().to_str().unwrap());
    check("oidc_role_arn", &[CONFIG], &[("config.json", &of_profile)], by_post).await;
}

#[tokio::test]
async fn the_machine_is_asked_as_the_vendor_asks_it() {
    let discovered = profile(r#""mode": "EcsRamRole""#);
    check("ecs_ram_role", &[CONFIG], &[("config.json", &discovered)], unchanged).await;
    check("ecs_ram_role_named", &[("ALIBABA_CLOUD_ECS_METADATA", "my-ecs-role")], &[], unchanged).await;
}

#[tokio::test]
async fn a_server_is_asked_as_the_vendor_asks_it() {
    let uri = "http://127.0.0.1:6666/sts?x=1";
    check("credentials_uri", &[("ALIBABA_CLOUD_CREDENTIALS_URI", uri)], &[], unchanged).await;
    let of_profile = profile(&format!(r#""mode": "CredentialsURI", "credentials_uri": "{uri}""#));
    check("credentials_uri", &[CONFIG], &[("config.json", &of_profile)], unchanged).await;
}

/// By design, only the vendor's CLI renews a login in a browser. The credentials that it keeps are used while
/// they last.
#[tokio::test]
async fn a_login_is_used_as_the_cli_keeps_it() {
    for name in ["cloud_sso", "oauth"] {
        let case = captured(name);
        let reply = &case["requests"].as_array().unwrap().last().unwrap()["reply"];
        let reply = if reply["CloudCredential"].is_null() { reply } else { &reply["CloudCredential"] };
        for expiration in [4_070_995_445_i64.into(), reply["Expiration"].clone()] {
            let kept = serde_json::json!({ "current": "x", "profiles": [{
                "name": "x", "mode": if name == "oauth" { "OAuth" } else { "CloudSSO" },
                "access_key_id": reply["AccessKeyId"], "access_key_secret": reply["AccessKeySecret"],
                "sts_token": reply["SecurityToken"], "sts_expiration": expiration,
            }]});
            let nothing = serde_json::json!({ "requests": [] });
            let (_, signed) = ours(&nothing, &[CONFIG], &[("config.json", &kept.to_string())]).await;
            let result = ["access_key_id", "security_token"].map(|it| case["result"][it].as_str().unwrap());
            assert_eq!(signed, result, "{name}");
        }
    }
}
