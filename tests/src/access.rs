//! Access besides the keys that are known from the start: roles, the principals that may assume them, and the
//! sessions that were handed out. Also the places that hand sessions out: the metadata service of a machine,
//! a server with credentials, and GitHub's service for identity tokens, as the vendors' pages describe them.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::auth::AccessKey;
use crate::chance::mix;
use crate::wire::{Reply, Request};

/// A role of some account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Such as `acs:ram::1234567890123456:role/cenbwp-plan`.
    pub arn: String,
    /// The users, roles and identity providers that may assume it.
    pub trusts: Vec<String>,
    /// The only subject of identity tokens that may assume it; `None` is any.
    pub subject: Option<String>,
    /// The longest session, in seconds.
    pub most_seconds: i64,
}

/// An identity provider that an account knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Such as `acs:ram::1234567890123456:oidc-provider/ci`.
    pub arn: String,
    /// The issuer of its tokens.
    pub issuer: String,
    /// The audiences that its tokens may have.
    pub client_ids: Vec<String>,
    /// The key that signs its tokens: HS256, which needs no key server.
    pub key: String,
}

/// The claims of an identity token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdToken {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// `sub`.
    pub subject: String,
    /// `exp`.
    pub expires: Timestamp,
}

/// A machine of ECS with a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The role's name.
    pub role: String,
    /// True if version 2 of the metadata service is there.
    pub v2: bool,
    /// True if version 1 of the metadata service is there, which asks for no token.
    pub v1: bool,
}

/// The roles, providers and sessions of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The roles.
    pub roles: Vec<Role>,
    /// The identity providers.
    pub providers: Vec<Provider>,
    /// The machine that the metadata service at `/latest/` describes.
    pub machine: Option<Machine>,
    /// True if there is a server with credentials at `/credentials`.
    pub server: bool,
    /// The bearer token with which a job gets an identity token at `/github/token`.
    pub bearer: Option<String>,
    /// The account of the sessions from machine and server.
    pub account: String,
    /// The length of their sessions in seconds, and the longest session of any role.
    pub seconds: i64,
    /// The sessions that were handed out.
    pub sessions: Vec<AccessKey>,
}

impl Access {
    /// Adds the role `cenbwp` of another account, which the user may take.
    pub fn add_account(&mut self, account: &str) {
        let arn = format!("acs:ram::{account}:role/cenbwp");
        let trusts = vec![Self::USER.to_owned()];
        self.roles.push(Role { arn, trusts, subject: None, most_seconds: 3600 });
    }

    /// The user of [`crate::Config::USER_ID`].
    pub const USER: &'static str = "acs:ram::1234567890123456:user/ci";
    /// A role that the user, the provider and the other role may assume.
    pub const PLAN: &'static str = "acs:ram::1234567890123456:role/cenbwp-plan";
    /// A role that only the role for plans may assume.
    pub const APPLY: &'static str = "acs:ram::1234567890123456:role/cenbwp-apply";
    /// The provider.
    pub const PROVIDER: &'static str = "acs:ram::1234567890123456:oidc-provider/ci";
    /// The only audience of the provider's tokens.
    pub const AUDIENCE: &'static str = "sts.aliyuncs.com";
    const METADATA_TOKEN: &'static str = "AQAEAEmulatorMetadataToken==";

    /// A token of the first provider, for five minutes from `now`, with claims that may be changed before it is signed.
    pub fn id_token(&self, now: Timestamp, change: impl FnOnce(&mut IdToken)) -> String {
        let provider = &self.providers[0];
        let mut claims = IdToken {
            issuer: provider.issuer.clone(),
            audience: Self::AUDIENCE.to_owned(),
            subject: "repo:org/network:ref:refs/heads/main".to_owned(),
            expires: after(now, 300),
        };
        change(&mut claims);
        claims.signed(&provider.key)
    }

    /// Opens a session of this ARN. `chance` makes its credentials unlike any others.
    pub(crate) fn open(&mut self, arn: &str, now: Timestamp, seconds: i64, chance: u64) -> AccessKey {
        let word = |n| format!("{:016x}{:016x}", mix(chance, n), mix(!chance, n));
        let key = AccessKey {
            security_token: Some(format!("CAIS{}==", word(1))),
            expires: Some(after(now, seconds.min(self.seconds))),
            ..AccessKey::new(&format!("STS.NU{}", &word(2)[..20]), &word(3)).of(arn)
        };
        self.sessions.push(key.clone());
        key
    }

    /// Answers a request to a place that hands out credentials; `None` if the request is to none of them.
    pub(crate) fn hand_out(&mut self, request: &Request, now: Timestamp, chance: u64) -> Option<Reply> {
        let (method, path) = (request.method.as_str(), request.path());
        if let Some(rest) = path.strip_prefix("/latest/") {
            return Some(self.metadata(method, rest, request, now, chance));
        }
        match (method, path) {
            ("GET", "/credentials") if self.server => {
                let arn = format!("acs:ram::{}:assumed-role/server/session", self.account);
                let key = self.open(&arn, now, self.seconds, chance);
                Some(Reply::json(200, &flat(&key)))
            }
            ("GET", "/github/token") if self.bearer.is_some() => Some(self.github(request, now)),
            (_, "/credentials" | "/github/token") => {
                Some(Reply::json(404, &json!({ "message": "Not Found" })))
            }
            _ => None,
        }
    }

    fn metadata(
        &mut self,
        method: &str,
        path: &str,
        request: &Request,
        now: Timestamp,
        chance: u64,
    ) -> Reply {
        const ROLES: &str = "meta-data/ram/security-credentials/";
        let Some(Machine { role, v2, v1 }) = self.machine.clone() else { return plain(404, "Not Found") };
        if (method, path) == ("PUT", "api/token") {
            let seconds = request.header("x-aliyun-ecs-metadata-token-ttl-seconds");
            let is_time = seconds.and_then(|it| it.parse().ok()).is_some_and(|it| (1..=21_600).contains(&it));
            return match v2 {
                true if is_time => plain(200, Self::METADATA_TOKEN),
                true => plain(400, "the token's time is missing or not 1 to 21600 seconds"),
                false => plain(404, "Not Found"),
            };
        }
        let allowed = match request.header("x-aliyun-ecs-metadata-token") {
            Some(token) => v2 && token == Self::METADATA_TOKEN,
            None => v1,
        };
        match (method, path.strip_prefix(ROLES)) {
            _ if !allowed => plain(403, "Forbidden"),
            ("GET", Some("")) => plain(200, &role),
            ("GET", Some(name)) if name == role => {
                let arn = format!("acs:ram::{}:assumed-role/{role}/machine", self.account);
                let key = self.open(&arn, now, self.seconds, chance);
                Reply::json(200, &flat(&key))
            }
            _ => plain(404, "Not Found"),
        }
    }

    fn github(&self, request: &Request, now: Timestamp) -> Reply {
        let expected = self.bearer.as_ref().map(|bearer| format!("bearer {bearer}"));
        if request.header("authorization") != expected.as_deref() {
            return Reply::json(401, &json!({ "message": "Unauthorized" }));
        }
        let audience = request.query().into_iter().find(|(name, _)| name == "audience");
        let audience = audience.map_or_else(|| "https://github.com/org".to_owned(), |(_, value)| value);
        let token = self.id_token(now, |claims| claims.audience = audience);
        Reply::json(200, &json!({ "count": 1, "value": token }))
    }
}

impl Default for Access {
    fn default() -> Self {
        let role = |arn: &str, trusts: &[&str]| Role {
            arn: arn.to_owned(),
            trusts: trusts.iter().map(|it| (*it).to_owned()).collect(),
            subject: None,
            most_seconds: 3600,
        };
        let provider = Provider {
            arn: Self::PROVIDER.to_owned(),
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            client_ids: vec![Self::AUDIENCE.to_owned()],
            key: "EmulatorProviderKey".to_owned(),
        };
        Self {
            roles: vec![role(Self::PLAN, &[Self::USER, Self::PROVIDER]), role(Self::APPLY, &[Self::PLAN])],
            providers: vec![provider],
            machine: None,
            server: false,
            bearer: None,
            account: "1234567890123456".to_owned(),
            seconds: 3600,
            sessions: Vec::new(),
        }
    }
}

impl IdToken {
    /// Renders the token: header, claims, and the signature of both.
    pub fn signed(&self, key: &str) -> String {
        let Self { issuer, audience, subject, expires } = self;
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let header = part(&json!({ "alg": "HS256", "typ": "JWT" }));
        let claims = json!({ "iss": issuer, "aud": audience, "sub": subject, "exp": expires.as_second() });
        let signed = format!("{header}.{}", part(&claims));
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature(key, &signed).finalize().into_bytes()))
    }

    /// Reads the claims of a token, and checks whether it is signed with `key`; `None` if it is no token.
    pub(crate) fn read(token: &str, key: &str) -> Option<(Self, bool)> {
        let (signed, proof) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
        let claims: Value = serde_json::from_slice(&decode(claims)?).ok()?;
        let text = |name| claims[name].as_str().map(str::to_owned);
        let (issuer, audience, subject) = (text("iss")?, text("aud")?, text("sub")?);
        let expires = Timestamp::from_second(claims["exp"].as_i64()?).ok()?;
        let valid = signature(key, signed).verify_slice(&decode(proof)?).is_ok();
        Some((Self { issuer, audience, subject, expires }, valid))
    }
}

fn signature(key: &str, signed: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    mac
}

/// Renders credentials as metadata service and server do.
fn flat(key: &AccessKey) -> Value {
    let mut flat = credentials(key);
    flat["Code"] = "Success".into();
    flat
}

/// Renders credentials as the token service does.
pub(crate) fn credentials(key: &AccessKey) -> Value {
    json!({
        "AccessKeyId": key.id, "AccessKeySecret": key.secret, "SecurityToken": key.security_token,
        "Expiration": key.expires.map(|end| end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    })
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

fn plain(status: u16, body: &str) -> Reply {
    let headers = vec![
        ("content-type".to_owned(), "text/plain".to_owned()),
        ("content-length".to_owned(), body.len().to_string()),
    ];
    Reply::Response { status, headers, body: body.as_bytes().to_vec() }
}
