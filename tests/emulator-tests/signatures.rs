//! The emulator's signature check against known answers and requests captured from the vendor's clients.

use cenbwp_tests::auth::{self, AccessKey, Caller};
use cenbwp_tests::{Refusal, Request};
use jiff::Timestamp;
use serde_json::Value;

use crate::support;

const DATE: &str = "2025-01-02T03:04:05Z";

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(text).unwrap()["vectors"].as_array().unwrap().clone()
}

fn pairs(object: &Value) -> Vec<(String, String)> {
    let object = object.as_object().unwrap();
    object.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// Encodes a form as clients send it, which is not the canonical encoding: blanks as plus, and `*` as it is.
fn form(pairs: &[(String, String)]) -> String {
    let escape = |text: &str| {
        let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~*".contains(&byte);
        let one = |byte: u8| match byte {
            b' ' => "+".to_owned(),
            byte if keep(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        };
        text.bytes().map(one).collect::<String>()
    };
    pairs.iter().rev().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect::<Vec<_>>().join("&")
}

fn key_of(input: &Value) -> AccessKey {
    let text = |name: &str| input[name].as_str().map(str::to_owned);
    let key = AccessKey::new(&text("access_key_id").unwrap(), &text("access_key_secret").unwrap());
    AccessKey { security_token: text("security_token"), ..key }
}

fn v3_request(vector: &Value) -> Request {
    let input = &vector["input"];
    let mut headers = pairs(&input["headers"]);
    headers.push(("Authorization".into(), vector["expected"]["authorization"].as_str().unwrap().into()));
    Request {
        method: input["method"].as_str().unwrap().into(),
        target: format!("/?{}", form(&pairs(&input["query"]))),
        headers,
        body: input["body_utf8"].as_str().unwrap().as_bytes().to_vec(),
    }
}

fn v1_request(vector: &Value) -> Request {
    let input = &vector["input"];
    let mut query = pairs(&input["query"]);
    query.push(("Signature".into(), vector["expected"]["signature"].as_str().unwrap().into()));
    let body = form(&pairs(&input["form_body"])).into_bytes();
    let headers = vec![("Content-Type".into(), "application/x-www-form-urlencoded".into())];
    let method = input["method"].as_str().unwrap().into();
    Request { method, target: format!("/?{}", form(&query)), headers, body }
}

fn verify(request: &Request, key: &AccessKey, date: &str) -> Result<Caller, Refusal> {
    let now: Timestamp = date.parse().unwrap();
    auth::verify(request, std::slice::from_ref(key), now)
}

/// Checks that the request is accepted, and refused with any one thing about it changed.
fn check(name: &str, request: &Request, key: &AccessKey, date: &str) {
    let caller = verify(request, key, date).unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
    assert_eq!(caller.key_id, key.id, "{name}");

    let mut changed = vec![
        Request { method: if request.method == "GET" { "POST" } else { "GET" }.into(), ..request.clone() },
        Request { target: format!("{}&Extra=1", request.target), ..request.clone() },
    ];
    let signed_by_headers = request.header("authorization").is_some();
    if let Some(last) = request.target.len().checked_sub(1).filter(|&last| last > 2) {
        let mut target = request.target.clone();
        let other = if target.ends_with('1') { "2" } else { "1" };
        target.replace_range(last.., other);
        changed.push(Request { target, ..request.clone() });
    }
    if signed_by_headers {
        changed.push(Request { body: [request.body.as_slice(), b"x"].concat(), ..request.clone() });
        for index in 0..request.headers.len() {
            let mut headers = request.headers.clone();
            let value = &mut headers[index].1;
            let flipped = if value.ends_with('0') { '1' } else { '0' };
            value.pop();
            value.push(flipped);
            changed.push(Request { headers, ..request.clone() });
        }
    }
    for request in changed {
        assert!(verify(&request, key, date).is_err(), "{name}: accepted although changed: {request:?}");
    }
    let wrong = AccessKey { secret: "another secret".into(), ..key.clone() };
    assert_eq!(verify(request, &wrong, date).unwrap_err().code, "SignatureDoesNotMatch", "{name}");
}

#[test]
fn every_v3_vector_is_accepted_and_refused_when_changed() {
    let vectors = vectors(include_str!("../vectors/v3.json"));
    assert_eq!(vectors.len(), 22);
    for vector in &vectors {
        let (name, request) = (vector["name"].as_str().unwrap(), v3_request(vector));
        check(name, &request, &key_of(&vector["input"]), request.header("x-acs-date").unwrap());
    }
}

#[test]
fn every_v1_vector_is_accepted_and_refused_when_changed() {
    let vectors = vectors(include_str!("../vectors/v1.json"));
    assert_eq!(vectors.len(), 11);
    for vector in &vectors {
        let name = vector["name"].as_str().unwrap();
        let date = vector["input"]["query"]["Timestamp"].as_str().unwrap();
        check(name, &v1_request(vector), &key_of(&vector["input"]), date);
    }
}

#[test]
fn the_refusal_of_a_signature_shows_what_the_server_would_have_signed() {
    for vector in vectors(include_str!("../vectors/v3.json")) {
        let wrong = AccessKey { secret: "another secret".into(), ..key_of(&vector["input"]) };
        let request = v3_request(&vector);
        let message = verify(&request, &wrong, request.header("x-acs-date").unwrap()).unwrap_err().message;
        for part in ["string_to_sign", "canonical_request"] {
            assert!(message.contains(vector["expected"][part].as_str().unwrap()), "{}", vector["name"]);
        }
    }
    for vector in vectors(include_str!("../vectors/v1.json")) {
        let wrong = AccessKey { secret: "another secret".into(), ..key_of(&vector["input"]) };
        let date = vector["input"]["query"]["Timestamp"].as_str().unwrap();
        let message = verify(&v1_request(&vector), &wrong, date).unwrap_err().message;
        // The vendor's SDK compares the text after the first colon with its own string.
        assert_eq!(
            message.split(':').nth(1),
            vector["expected"]["string_to_sign"].as_str(),
            "{}",
            vector["name"]
        );
    }
}

fn captured(text: &str) -> Request {
    let (head, body) =
        text.replace("\r\n", "\n").split_once("\n\n").map(|(h, b)| (h.to_owned(), b.to_owned())).unwrap();
    let mut lines = head.lines();
    let mut start = lines.next().unwrap().split(' ');
    let method = start.next().unwrap().to_owned();
    let target = start.next().unwrap().to_owned();
    let headers: Vec<_> =
        lines.map(|line| line.split_once(": ").unwrap()).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    Request { method, target, headers, body: body.trim_end().as_bytes().to_vec() }
}

#[test]
fn requests_captured_from_the_vendors_clients_are_accepted() {
    let key = AccessKey::new("LTAI5tEXAMPLEaccesskeyid", "EXAMPLEsecretKey0123456789abcdef");
    for text in [
        include_str!("../vectors/captured-py-tea-create.http"),
        include_str!("../vectors/captured-py-tea-describe.http"),
        include_str!("../vectors/captured-py-core-describe.http"),
        include_str!("../vectors/captured-node-popcore-create-post.http"),
        include_str!("../vectors/captured-py-tea-bss-query-available-instances.http"),
        include_str!("../vectors/captured-py-tea-bss-set-renewal.http"),
        include_str!("../vectors/captured-py-core-bss-query-available-instances.http"),
        include_str!("../vectors/captured-py-core-bss-set-renewal.http"),
        include_str!("../vectors/captured-py-tea-ros-get-template-estimate-cost.http"),
    ] {
        let request = captured(text);
        verify(&request, &key, DATE).unwrap_or_else(|refusal| panic!("{}: {refusal:?}", request.target));
        let wrong = AccessKey { secret: "another secret".into(), ..key.clone() };
        assert_eq!(verify(&request, &wrong, DATE).unwrap_err().code, "SignatureDoesNotMatch");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_signature_has_its_own_code() {
    let emulator = support::emulator(|_| {});
    let good = || support::request(&emulator, "DescribeCenBandwidthPackages", &[]);
    let without = |name: &str| {
        let mut request = good();
        request.headers.retain(|(header, _)| header != name);
        request
    };
    let with = |name: &str, value: &str| {
        let mut request = good();
        request.headers.push((name.into(), value.into()));
        request
    };
    let dated = |date: &str| support::sign("DescribeCenBandwidthPackages", &[], "n", date);
    let cases = [
        (without("authorization"), 400, "IncompleteSignature"),
        (without("x-acs-date"), 400, "IncompleteSignature"),
        (without("x-acs-signature-nonce"), 400, "IncompleteSignature"),
        (without("host"), 400, "IncompleteSignature"),
        (with("x-acs-unsigned", "1"), 400, "IncompleteSignature"),
        (with("x-acs-security-token", "t"), 400, "IncompleteSignature"),
        (dated("2025-01-02T02:49:04Z"), 400, "InvalidTimeStamp.Expired"),
        (dated("2025-01-02T03:19:06Z"), 400, "InvalidTimeStamp.Expired"),
        (dated("2025-01-02T03:04Z"), 400, "InvalidTimeStamp.Format"),
        (dated("yesterday"), 400, "InvalidTimeStamp.Format"),
    ];
    for (request, status, code) in cases {
        let reply = emulator.handle(request.clone()).await;
        assert_eq!((reply.status(), reply.code().as_deref()), (Some(status), Some(code)), "{request:?}");
    }
    assert_eq!(emulator.handle(dated("2025-01-02T02:49:05Z")).await.status(), Some(200));

    let mut unsorted = good();
    let authorization = &mut unsorted.headers.last_mut().unwrap().1;
    *authorization = authorization.replace("host;x-acs-action", "x-acs-action;host");
    assert_eq!(emulator.handle(unsorted).await.code().as_deref(), Some("IncompleteSignature"));

    let of_another_body = support::sign_declaring("DescribeCens", &[], "m", DATE, &"0".repeat(64));
    assert_eq!(emulator.handle(of_another_body).await.code().as_deref(), Some("SignatureDoesNotMatch"));

    let twice = good();
    assert_eq!(emulator.handle(twice.clone()).await.status(), Some(200));
    assert_eq!(emulator.handle(twice).await.code().as_deref(), Some("SignatureNonceUsed"));
}

#[test]
fn v1_knows_one_method_only() {
    let vector = &vectors(include_str!("../vectors/v1.json"))[2];
    for (given, other) in [
        ("SignatureType=", "SignatureType=BEARERTOKEN"),
        ("SignatureVersion=1.0", "SignatureVersion=2.0"),
        ("SignatureMethod=HMAC-SHA1", "SignatureMethod=HMAC-SHA256"),
    ] {
        let mut request = v1_request(vector);
        assert!(request.target.contains(given));
        request.target = request.target.replace(given, other);
        assert_eq!(
            verify(&request, &key_of(&vector["input"]), DATE).unwrap_err().code,
            "InvalidSignatureMethod"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_needs_to_be_known_and_to_come_with_its_own_token() {
    let known = |id: &str, token: Option<&str>| {
        let key = AccessKey::new(id, cenbwp_tests::Config::KEY_SECRET);
        vec![AccessKey { security_token: token.map(str::to_owned), ..key }]
    };
    for (keys, status, code) in [
        (known("another", None), 404, "InvalidAccessKeyId.NotFound"),
        (known(cenbwp_tests::Config::KEY_ID, Some("token")), 400, "MissingSecurityToken"),
    ] {
        let emulator = support::emulator(|config| config.keys = keys);
        let reply = support::send(&emulator, "GetCallerIdentity", &[]).await;
        assert_eq!((reply.status(), reply.code().as_deref()), (Some(status), Some(code)));
    }
    let sts = &vectors(include_str!("../vectors/v3.json"))[9];
    let key = AccessKey { security_token: Some("another token".into()), ..key_of(&sts["input"]) };
    let refusal = verify(&v3_request(sts), &key, DATE).unwrap_err();
    assert_eq!(refusal.code, "InvalidSecurityToken.MismatchWithAccessKey");
}
