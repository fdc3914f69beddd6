//! The environments in trouble.

use std::io::Write;

use crate::support::{Lab, Rogue, nobody};

/// One trouble: the change that makes it, and the checks that tell it.
pub(super) struct Case {
    pub(super) trouble: &'static str,
    pub(super) change: Box<dyn Fn(&mut Lab)>,
    pub(super) told: &'static [(&'static str, &'static str, &'static str)],
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

pub(super) const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
pub(super) const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
pub(super) const CBN: &str = "CENBWP_ENDPOINT";
const STS: &str = "CENBWP_STS_ENDPOINT";
const FAR: &str = "https://cbn.test.invalid:1";

pub(super) fn all() -> Vec<Case> {
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
                ("pairs", "ok", "10 pairs of areas on sale, with cen:DescribeCenGeographicSpans"),
                ("renewal", "ok", "knows the account, with bss:DescribeInstances and bssapi:QueryAvailable"),
                ("price", "ok", "estimates, with ros:GetTemplateEstimateCost"),
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
            "no permission to see the pairs of areas",
            fault("DescribeCenGeographicSpans:refuse=403/NoPermission"),
            &[
                ("packages", "ok", ""),
                ("pairs", "warning", "as a pair: allow cen:DescribeCenGeographicSpans to this caller"),
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
            "nobody at the billing service",
            |lab| lab.set("CENBWP_BILLING_ENDPOINT", Some(&nobody())),
            &[("packages", "ok", ""), ("renewal", "warning", "declares `autoRenew`: check the network")],
        ),
        case(
            "no permission for bills",
            fault("QueryAvailableInstances:refuse=400/NotAuthorized"),
            &[("renewal", "warning", "grant these credentials the RAM actions bss:DescribeInstances and")],
        ),
        case(
            "nobody at the service that estimates",
            |lab| lab.set("CENBWP_PRICE_ENDPOINT", Some(&nobody())),
            &[("renewal", "ok", ""), ("price", "warning", "sets `maxSpend`: check the network")],
        ),
        case(
            "no permission for estimates",
            fault("GetTemplateEstimateCost:refuse=403/NoPermission"),
            &[("price", "warning", "grant these credentials the RAM action ros:GetTemplateEstimateCost")],
        ),
        case(
            "the wrong site",
            fault("QueryAvailableInstances:refuse=400/NotApplicable"),
            &[("renewal", "warning", "name the site that the account belongs to: `--site china`")],
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
