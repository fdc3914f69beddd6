//! The token service: roles and their trust, the length of sessions, and the places beside it that hand out
//! credentials.

use std::time::Duration;

use cenbwp_tests::auth::AccessKey;
use cenbwp_tests::{Access, Config, Emulator, IdToken, Machine, Reply, Request};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::signer::sign_as;
use crate::support::emulator;

const ROLE: [(&str, &str); 2] = [("RoleArn", Access::PLAN), ("RoleSessionName", "test")];

fn user() -> AccessKey {
    AccessKey::new(Config::USER_ID, Config::USER_SECRET).of(Access::USER)
}

fn date(emulator: &Emulator) -> String {
    emulator.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns a new nonce: the log is as long as there were requests.
fn nonce(emulator: &Emulator) -> String {
    format!("nonce-{}", emulator.requests().len())
}

async fn v3(emulator: &Emulator, key: &AccessKey, action: &str, params: &[(&str, &str)]) -> Reply {
    let empty = HEXLOWER.encode(&Sha256::digest(b""));
    let request = sign_as(key, action, params, &nonce(emulator), &date(emulator), &empty);
    emulator.handle(request).await
}

/// Makes the same call as the vendor's SDKs do: signature version 1, everything in the query.
async fn v1(emulator: &Emulator, key: &AccessKey, action: &str, params: &[(&str, &str)]) -> Reply {
    let (date, nonce) = (date(emulator), nonce(emulator));
    let mut pairs = vec![
        ("AccessKeyId", key.id.as_str()),
        ("Action", action),
        ("Format", "JSON"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", &nonce),
        ("SignatureVersion", "1.0"),
        ("Timestamp", &date),
        ("Version", "2015-04-01"),
    ];
    pairs.extend(key.security_token.as_deref().map(|token| ("SecurityToken", token)));
    pairs.extend(params);
    let query = query(&mut pairs);
    let mut mac = Hmac::<Sha1>::new_from_slice(format!("{}&", key.secret).as_bytes()).unwrap();
    mac.update(format!("GET&%2F&{}", escape(&query)).as_bytes());
    let signature = escape(&BASE64.encode(&mac.finalize().into_bytes()));
    emulator.handle(Request::get(&format!("/?{query}&Signature={signature}"))).await
}

async fn oidc(emulator: &Emulator, url: &[(&str, &str)], form: &[(&str, &str)]) -> Reply {
    let mut common = vec![("Action", "AssumeRoleWithOIDC"), ("Format", "JSON"), ("Version", "2015-04-01")];
    common.extend(url);
    let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    let target = format!("/?{}", query(&mut common));
    let body = query(&mut form.to_vec()).into_bytes();
    emulator.handle(Request { method: "POST".into(), target, headers, body }).await
}

fn query(pairs: &mut [(&str, &str)]) -> String {
    pairs.sort_unstable();
    pairs.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect::<Vec<_>>().join("&")
}

fn escape(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let one = |byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

/// Reads the key in an answer; every answer names its parts alike.
fn key_in(credentials: &Value) -> AccessKey {
    let text = |name: &str| credentials[name].as_str().unwrap_or_else(|| panic!("{credentials}")).to_owned();
    let key = AccessKey::new(&text("AccessKeyId"), &text("AccessKeySecret"));
    AccessKey { security_token: Some(text("SecurityToken")), ..key }
}

fn document(reply: &Reply) -> Value {
    assert_eq!(reply.status(), Some(200), "{reply:?}");
    reply.document().unwrap()
}

fn refused(reply: &Reply) -> (u16, String) {
    (reply.status().unwrap(), reply.code().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_role_is_taken_under_both_signatures_and_ends_when_it_said() {
    let emulator = emulator(|_| {});
    for (n, v3_first) in [true, false].into_iter().enumerate() {
        let taken = match v3_first {
            true => v3(&emulator, &user(), "AssumeRole", &ROLE).await,
            false => v1(&emulator, &user(), "AssumeRole", &ROLE).await,
        };
        let taken = document(&taken);
        let arn = "acs:ram::1234567890123456:assumed-role/cenbwp-plan/test";
        assert_eq!(taken["AssumedRoleUser"]["Arn"], arn);
        let session = key_in(&taken["Credentials"]);
        let expires: Timestamp = taken["Credentials"]["Expiration"].as_str().unwrap().parse().unwrap();
        assert_eq!(expires.duration_since(emulator.now()).as_secs(), 3600, "{n}");

        let identity = document(&v3(&emulator, &session, "GetCallerIdentity", &[]).await);
        assert_eq!((&identity["Arn"], &identity["IdentityType"]), (&arn.into(), &"AssumedRoleUser".into()));
        tokio::time::advance(Duration::from_secs(3599)).await;
        document(&v1(&emulator, &session, "GetCallerIdentity", &[]).await);
        tokio::time::advance(Duration::from_secs(1)).await;
        for reply in [
            v3(&emulator, &session, "GetCallerIdentity", &[]).await,
            v1(&emulator, &session, "GetCallerIdentity", &[]).await,
        ] {
            assert_eq!(refused(&reply), (400, "InvalidSecurityToken.Expired".into()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_is_refused_to_whom_it_does_not_trust() {
    let emulator = emulator(|_| {});
    let root = AccessKey::new(Config::KEY_ID, Config::KEY_SECRET);
    let apply = [("RoleArn", Access::APPLY), ROLE[1]];
    let nobody = [("RoleArn", "acs:ram::1:role/nobody"), ROLE[1]];
    let with = |extra| [ROLE[0], ROLE[1], extra];
    for (key, params, expected) in [
        (&root, &ROLE[..], (403, "NoPermission")),
        (&user(), &apply[..], (403, "NoPermission")),
        (&user(), &nobody[..], (404, "EntityNotExist.Role")),
        (&user(), &ROLE[..1], (400, "MissingParameter")),
        (&user(), &[ROLE[0], ("RoleSessionName", "a b")][..], (400, "InvalidParameter.RoleSessionName")),
        (&user(), &[ROLE[0], ("RoleSessionName", "a")][..], (400, "InvalidParameter.RoleSessionName")),
        (&user(), &with(("DurationSeconds", "899"))[..], (400, "InvalidParameter")),
        (&user(), &with(("DurationSeconds", "3601"))[..], (400, "InvalidParameter.DurationSeconds")),
        (&user(), &with(("roleArn", "x"))[..], (400, "InvalidParameter")),
        (&AccessKey { secret: "another".into(), ..user() }, &ROLE[..], (400, "SignatureDoesNotMatch")),
    ] {
        for reply in
            [v3(&emulator, key, "AssumeRole", params).await, v1(&emulator, key, "AssumeRole", params).await]
        {
            assert_eq!(refused(&reply), (expected.0, expected.1.to_owned()), "{params:?}");
        }
    }
    // The role that the user assumed may assume a role that the user may not.
    let session = key_in(&document(&v3(&emulator, &user(), "AssumeRole", &ROLE).await)["Credentials"]);
    document(&v3(&emulator, &session, "AssumeRole", &apply).await);
}

#[tokio::test(start_paused = true)]
async fn an_identity_token_is_checked_by_its_claims_and_its_signature() {
    let emulator = emulator(|_| {});
    let (access, now) = (Access::default(), emulator.now());
    let provider = access.providers[0].clone();
    let good = IdToken {
        issuer: provider.issuer.clone(),
        audience: Access::AUDIENCE.into(),
        subject: "repo:org/network:ref:refs/heads/main".into(),
        expires: now.saturating_add(Duration::from_secs(60)).unwrap(),
    };
    let fields =
        |token: &str| [("OIDCProviderArn", Access::PROVIDER.to_owned()), ("OIDCToken", token.to_owned())];
    let ask = async |token: String, changed: Option<(&str, &str)>| {
        let mut fields: Vec<_> = fields(&token).into_iter().collect();
        fields.extend(ROLE.map(|(name, value)| (name, value.to_owned())));
        for (name, value) in &mut fields {
            if let Some((_, other)) = changed.filter(|(changed, _)| changed == name) {
                *value = other.to_owned();
            }
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        oidc(&emulator, &[], &fields).await
    };
    let session = key_in(&document(&ask(good.signed(&provider.key), None).await)["Credentials"]);
    document(&v3(&emulator, &session, "GetCallerIdentity", &[]).await);

    let signed = |token: IdToken| token.signed(&provider.key);
    for (token, changed, expected) in [
        (good.signed("another key"), None, "OIDCToken.InvalidSignature"),
        (signed(good.clone()) + "\n", None, "OIDCToken.Invalid"),
        ("no token".to_owned(), None, "OIDCToken.Invalid"),
        (signed(IdToken { expires: now, ..good.clone() }), None, "OIDCToken.Expired"),
        (signed(IdToken { audience: "x".into(), ..good.clone() }), None, "OIDCToken.AudienceNotMatch"),
        (signed(IdToken { issuer: "x".into(), ..good.clone() }), None, "OIDCToken.Invalid"),
        (signed(good.clone()), Some(("OIDCProviderArn", "acs:ram::1:oidc-provider/x")), "NoPermission"),
        (signed(good.clone()), Some(("RoleArn", Access::APPLY)), "NoPermission"),
    ] {
        let code = format!("AuthenticationFail.{expected}");
        assert_eq!(refused(&ask(token, changed).await), (401, code));
    }
    emulator.edit_access(|access| access.roles[0].subject = Some("repo:org/other".into()));
    let other = refused(&ask(good.signed(&provider.key), None).await);
    assert_eq!(other, (401, "AuthenticationFail.NoPermission".into()));

    let token = good.signed(&provider.key);
    let in_url = oidc(&emulator, &[("OIDCToken", &token)], &ROLE).await;
    assert_eq!(refused(&in_url), (400, "InvalidParameter.OIDCToken".into()));
}

#[tokio::test(start_paused = true)]
async fn a_machine_gives_its_role_by_either_version_that_is_there() {
    let emulator = emulator(|_| {});
    let ask = async |method: &str, path: &str, header: Option<(&str, &str)>| {
        let headers = header.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let target = format!("/latest/{path}");
        emulator.handle(Request { method: method.into(), target, headers, body: Vec::new() }).await
    };
    let body = |reply: Reply| match reply {
        Reply::Response { status, body, .. } => (status, String::from_utf8(body).unwrap()),
        Reply::Cut => panic!("no answer"),
    };
    const ROLES: &str = "meta-data/ram/security-credentials/";
    const TTL: &str = "X-aliyun-ecs-metadata-token-ttl-seconds";
    assert_eq!(ask("GET", ROLES, None).await.status(), Some(404));
    let machine = |v1, v2| Some(Machine { role: "my-role".into(), v1, v2 });
    emulator.edit_access(|access| access.machine = machine(true, false));
    assert_eq!(ask("PUT", "api/token", Some((TTL, "21600"))).await.status(), Some(404));
    assert_eq!(body(ask("GET", ROLES, None).await), (200, "my-role".into()));

    emulator.edit_access(|access| access.machine = machine(false, true));
    assert_eq!(ask("GET", ROLES, None).await.status(), Some(403));
    for wrong in [None, Some((TTL, "0")), Some((TTL, "21601"))] {
        assert_eq!(ask("PUT", "api/token", wrong).await.status(), Some(400));
    }
    let (status, token) = body(ask("PUT", "api/token", Some((TTL, "21600"))).await);
    assert_eq!(status, 200);
    let header = Some(("X-aliyun-ecs-metadata-token", token.as_str()));
    assert_eq!(body(ask("GET", ROLES, header).await), (200, "my-role".into()));
    assert_eq!(ask("GET", &format!("{ROLES}other"), header).await.status(), Some(404));
    let given = document(&ask("GET", &format!("{ROLES}my-role"), header).await);
    assert_eq!(given["Code"], "Success");
    document(&v3(&emulator, &key_in(&given), "GetCallerIdentity", &[]).await);
}

#[tokio::test(start_paused = true)]
async fn a_server_and_github_answer_who_may_ask() {
    let emulator = emulator(|_| {});
    assert_eq!(emulator.handle(Request::get("/credentials")).await.status(), Some(404));
    emulator.edit_access(|access| (access.server, access.bearer) = (true, Some("b".into())));
    let given = document(&emulator.handle(Request::get("/credentials?x=1")).await);
    document(&v3(&emulator, &key_in(&given), "GetCallerIdentity", &[]).await);

    let ask = async |bearer: &str| {
        let headers = vec![("authorization".to_owned(), format!("bearer {bearer}"))];
        let target = "/github/token?api-version=2.0&audience=sts.aliyuncs.com".to_owned();
        emulator.handle(Request { method: "GET".into(), target, headers, body: Vec::new() }).await
    };
    assert_eq!(ask("x").await.status(), Some(401));
    let token = document(&ask("b").await)["value"].as_str().unwrap().to_owned();
    let form = [ROLE[0], ROLE[1], ("OIDCProviderArn", Access::PROVIDER), ("OIDCToken", &token)];
    document(&oidc(&emulator, &[], &form).await);
    let asked: Vec<_> = emulator.requests().into_iter().map(|it| it.action).collect();
    assert_eq!(&asked[..2], ["GET /credentials", "GET /credentials"]);
}
