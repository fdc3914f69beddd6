//! Every source of credentials, with a stranger as the server that it asks: no secret that it sends or receives
//! is shown.

use super::{ID, PLAN, SECRET, TOKEN, check_hidden, files, lab_at, mirror, mirror_of};
use crate::support::{Lab, Rogue};

/// Returns a lab without credentials whose token service, metadata service and other servers are one
/// stranger.
fn lab_of_strangers(url: &str) -> Lab {
    let mut lab = lab_at(url);
    for name in
        ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"]
    {
        lab.set(name, None);
    }
    lab.set("CENBWP_METADATA_ENDPOINT", Some(url));
    lab
}

/// A source whose secrets are canaries: variables, a profile, and the canaries that it holds before it has an
/// answer.
struct Holder {
    variables: Vec<(&'static str, String)>,
    profile: String,
    holds: &'static [&'static str],
}

/// The files that hold canaries have names that the search passes over.
fn holders(url: &str) -> Vec<Holder> {
    const IN_QUERY: [&str; 2] = ["canaryToken0123", "canarySecret0123"];
    let by_profile = |holds, fields: &str| {
        let profile = format!(r#"{{"current": "x", "profiles": [{{"name": "x", {fields}}}]}}"#);
        Holder { variables: Vec::new(), profile, holds }
    };
    let role = r#""ram_role_arn": "acs:ram::1:role/x""#;
    let key = format!(r#""access_key_id": "{ID}", "access_key_secret": "{SECRET}""#);
    let of_role = |holds, token: &[(&'static str, String)]| {
        let role = ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/x".to_owned());
        let provider = ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/x".to_owned());
        Holder { variables: [&[role, provider], token].concat(), profile: String::new(), holds }
    };
    let by_variable = |holds, name, value: &str| Holder {
        variables: vec![(name, value.to_owned())],
        profile: String::new(),
        holds,
    };
    let token = |value: String| [("ALIBABA_CLOUD_OIDC_TOKEN", value)];
    let github = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{url}/token?token={}", IN_QUERY.join("&secret="))),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", TOKEN.to_owned()),
    ];
    let uri = format!("{url}/credentials?token={}", IN_QUERY.join("&secret="));
    let in_file = r#""mode": "OIDC", "oidc_provider_arn": "p", "oidc_token_file": "token/config.json""#;
    vec![
        by_profile(&[ID, SECRET], &format!(r#""mode": "RamRoleArn", {key}, {role}"#)),
        by_profile(
            &[ID, SECRET, TOKEN],
            &format!(r#""mode": "RamRoleArn", {key}, "sts_token": "{TOKEN}", {role}"#),
        ),
        by_profile(&[TOKEN], &format!("{in_file}, {role}")),
        by_profile(&IN_QUERY, &format!(r#""mode": "CredentialsURI", "credentials_uri": "{uri}""#)),
        by_profile(&[TOKEN], r#""mode": "EcsRamRole""#),
        by_profile(&[], r#""mode": "External", "process_command": "sh bin/config.json""#),
        by_profile(
            &[],
            &format!(r#""mode": "External", "process_command": "sh -c 'echo $0 >&2; exit 1' {TOKEN}""#),
        ),
        by_profile(
            &[ID, SECRET, TOKEN],
            &format!(r#""mode": "CloudSSO", {key}, "sts_token": "{TOKEN}", "sts_expiration": 4070995445"#),
        ),
        of_role(&[TOKEN], &token(TOKEN.to_owned())),
        of_role(&[TOKEN], &token(format!("{TOKEN} {TOKEN}"))),
        of_role(&[TOKEN], &github),
        by_variable(&IN_QUERY, "ALIBABA_CLOUD_CREDENTIALS_URI", &uri),
        by_variable(&[TOKEN], "ALIBABA_CLOUD_ECS_METADATA", "my-role"),
    ]
}

/// Returns a stranger's answer: credentials, if it gives any and the request is for them, or else the whole
/// request with the canaries that the other side holds.
fn strangers_answer(request: &str, gives: bool, holds: &[&str]) -> String {
    let asks = ["AssumeRole", "/credentials", "/token?", "/security-credentials/"];
    if request.starts_with("PUT /latest/api/token") {
        TOKEN.to_owned()
    } else if request.contains("/security-credentials/ ") {
        "my-role".to_owned()
    } else if gives && asks.iter().any(|part| request.contains(part)) {
        let mut reply = serde_json::json!({
            "Code": "Success", "AccessKeyId": ID, "AccessKeySecret": SECRET, "SecurityToken": TOKEN,
            "Expiration": "2099-01-02T04:04:05Z", "value": TOKEN,
        });
        reply["Credentials"] = reply.clone();
        reply.to_string()
    } else if gives {
        mirror(request)
    } else {
        mirror_of(&format!("{request} {}", holds.join(" ")))
    }
}

#[test]
fn no_source_shows_its_secrets_whatever_it_is_answered() {
    let prints = |code: u8| {
        let answer = format!(
            r#"{{"mode": "StsToken", "access_key_id": "{ID}", "access_key_secret": "{SECRET}", "sts_token": "{TOKEN}"}}"#
        );
        format!("cat <<'X'\n{answer}\nX\necho 'no: {SECRET} {TOKEN} {ID}' >&2\nexit {code}\n")
    };
    let count = holders("").len();
    for (gives, status, n) in [(true, 200), (false, 200), (false, 400), (false, 502)]
        .into_iter()
        .flat_map(|(gives, status)| (0..count).map(move |n| (gives, status, n)))
    {
        let holds = holders("")[n].holds;
        let rogue =
            Rogue::saying(status, "application/json", move |request| strangers_answer(request, gives, holds));
        let Holder { variables, profile, .. } = holders(rogue.url()).swap_remove(n);
        let mut lab = lab_of_strangers(rogue.url());
        lab.file("token/config.json", TOKEN).file("bin/config.json", &prints(u8::from(!gives)));
        variables.iter().for_each(|(name, value)| lab.set(name, Some(value)));
        if !profile.is_empty() {
            lab.file(".aliyun/config.json", &profile);
        }
        for how in ["-vvv", "-vvv --json --report json=report.json"] {
            let ran = lab.run(&format!("{PLAN} {how}"));
            let whence = format!("{gives} {status} {variables:?} {profile} {how}");
            assert_eq!(ran.code, 1, "{whence}\n{}{}", ran.stdout, ran.stderr);
            check_hidden(&(ran.stdout + &ran.stderr), &whence);
            for (path, text) in files(lab.folder()) {
                check_hidden(&text, &format!("{} of {whence}", path.display()));
            }
        }
    }
}
