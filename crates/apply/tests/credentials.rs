//! Tests the sources of credentials, and that a configured source is never skipped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use cenbwp::cloud::{Credentials, CredentialsError, Environment, Search, Source};
use secrecy::ExposeSecret;

const CONFIG: &str = r#"{
    "current": "work",
    "profiles": [
        {"name": "default", "mode": "AK", "access_key_id": "LTAIdefault1", "access_key_secret": "s-default"},
        {"name": "work", "mode": "ak", "access_key_id": "LTAIwork", "access_key_secret": "s-work", "sts_token": "old"},
        {"name": "temporary", "mode": "stsToken", "access_key_id": "STS.id", "access_key_secret": "s-sts", "sts_token": "t"},
        {"name": "untokened", "mode": "StsToken", "access_key_id": "STS.id", "access_key_secret": "s-sts", "sts_token": ""},
        {"name": "half", "mode": "AK", "access_key_id": "LTAIhalf", "access_key_secret": ""},
        {"name": "role", "mode": "RamRoleArn", "access_key_id": "LTAIrole", "access_key_secret": "s-role", "ram_role_arn": "acs:ram::1:role/x", "expired_seconds": 0},
        {"name": "chain", "mode": "ChainableRamRoleArn", "source_profile": "role", "ram_role_arn": "acs:ram::2:role/y", "expired_seconds": 900},
        {"name": "circle", "mode": "ChainableRamRoleArn", "source_profile": "half-circle", "ram_role_arn": "acs:ram::2:role/y"},
        {"name": "half-circle", "mode": "ChainableRamRoleArn", "source_profile": "circle", "ram_role_arn": "acs:ram::2:role/y"},
        {"name": "machine", "mode": "EcsRamRole"},
        {"name": "odd-machine", "mode": "EcsRamRole", "ram_role_name": "../x"},
        {"name": "oidc", "mode": "OIDC", "oidc_provider_arn": "acs:ram::1:oidc-provider/x", "oidc_token_file": "/token", "ram_role_arn": "acs:ram::1:role/x"},
        {"name": "program", "mode": "External", "process_command": "program 'an argument'"},
        {"name": "open", "mode": "External", "process_command": "program 'an argument"},
        {"name": "server", "mode": "CredentialsURI", "credentials_uri": "http://127.0.0.1:1/x?token=s-secret"},
        {"name": "far", "mode": "CredentialsURI", "credentials_uri": "http://s-secret@a.example/x"},
        {"name": "sso", "mode": "CloudSSO"},
        {"name": "pair", "mode": "RsaKeyPair"},
        {"name": "short", "mode": "RamRoleArn", "access_key_id": "LTAIrole", "access_key_secret": "s-role", "ram_role_arn": "acs:ram::1:role/x", "expired_seconds": 60},
        {"name": "wordy", "mode": "RamRoleArn", "access_key_id": "LTAIrole", "access_key_secret": "s-role", "ram_role_arn": "acs:ram::1:role/x", "expired_seconds": "long"},
        {"name": "region", "mode": "RamRoleArn", "access_key_id": "LTAIrole", "access_key_secret": "s-role", "ram_role_arn": "acs:ram::1:role/x", "sts_region": "cn.evil/"},
        {"name": "odd", "mode": 7, "access_key_id": 8},
        7
    ]
}"#;

fn source(environment: &Environment, profile: Option<&str>) -> Result<Source, CredentialsError> {
    Search { environment, profile, sts: None }.source()
}

/// A home directory with this configuration of the CLI, or none.
struct Home(tempfile::TempDir);

impl Home {
    fn new(config: Option<&str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        if let Some(config) = config {
            std::fs::create_dir(home.path().join(".aliyun")).unwrap();
            std::fs::write(home.path().join(".aliyun/config.json"), config).unwrap();
        }
        Self(home)
    }

    fn source(&self, variables: &[(&str, &str)], profile: Option<&str>) -> Result<Source, CredentialsError> {
        let home = self.0.path().to_str().unwrap();
        let variables = variables.iter().copied().chain([("HOME", home)]);
        let variables: Vec<_> = variables.map(|(name, value)| (name, value.replace("~", home))).collect();
        source(&Environment::new(variables), profile)
    }

    /// Compares the source of the run with `expected`: `id secret token from source`, or, if the source still
    /// has to request its credentials, where it is configured, or the error. The home directory is written
    /// `~`.
    fn check(&self, variables: &[(&str, &str)], profile: Option<&str>, expected: &str) {
        let source = self.source(variables, profile);
        let shown = match source.as_ref().map(|source| (source.key(), source.origin())) {
            Ok((Some(Credentials { access_key_id, secret, security_token, source }), _)) => {
                let token = security_token.as_ref().map_or("-", |token| token.expose_secret());
                format!("{access_key_id} {} {token} from {source}", secret.expose_secret())
            }
            Ok((None, origin)) => origin.to_owned(),
            Err(error) => error.to_string(),
        };
        let shown = shown.replace(self.0.path().to_str().unwrap(), "~");
        assert_eq!(shown, expected, "{variables:?} {profile:?}");
    }
}

const ID: (&str, &str) = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIenv");
const SECRET: (&str, &str) = ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s-env");
const TOKEN: (&str, &str) = ("ALIBABA_CLOUD_SECURITY_TOKEN", "t-env");
const OIDC: [(&str, &str); 3] = [
    ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/x"),
    ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/x"),
    ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/token"),
];

const DISABLED: (&str, &str) = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true");
const KEYS: (&str, &str) = ("ALIBABA_CLOUD_CREDENTIALS_FILE", "~/keys.ini");
const MACHINE: (&str, &str) = ("ALIBABA_CLOUD_ECS_METADATA", "my-role");
const URI: (&str, &str) = ("ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1:1/x?token=s-secret");
const INI: &str = "
[default]
type = access_key
access_key_id = LTAIini
access_key_secret = s-ini ; not this
[role]
type = ram_role_arn
access_key_id = LTAIini
access_key_secret = s-ini
role_arn = acs:ram::1:role/x
[ecs]
type = ecs_ram_role
[oidc]
type = oidc_role_arn
oidc_provider_arn = acs:ram::1:oidc-provider/x
oidc_token_file_path = /token
role_arn = acs:ram::1:role/x
[key]
type = rsa_key_pair
";

#[test]
fn the_environment_comes_before_the_current_profile() {
    let home = Home::new(Some(CONFIG));
    let work = "LTAIwork s-work - from profile \"work\" of ~/.aliyun/config.json";
    home.check(&[ID, SECRET], None, "LTAIenv s-env - from environment");
    home.check(&[ID, SECRET, TOKEN], None, "LTAIenv s-env t-env from environment");
    home.check(&[], None, work);
    // An empty variable counts as unset: pipelines blank variables after use.
    home.check(&[(ID.0, ""), (SECRET.0, ""), (TOKEN.0, "")], None, work);
    home.check(&[(TOKEN.0, "left over")], None, work);
}

#[test]
fn a_profile_that_is_asked_for_is_the_one_that_is_used() {
    let home = Home::new(Some(CONFIG));
    let default = "LTAIdefault1 s-default - from profile \"default\" of ~/.aliyun/config.json";
    home.check(&[ID, SECRET], Some("default"), default);
    home.check(&[("ALIBABA_CLOUD_PROFILE", "default")], None, default);
    home.check(&[("ALIBABA_CLOUD_PROFILE", "work")], Some("default"), default);
    home.check(&[("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")], Some("default"), default);
    home.check(&[], Some("temporary"), "STS.id s-sts t from profile \"temporary\" of ~/.aliyun/config.json");
    home.check(&[ID, SECRET, ("ALIBABA_CLOUD_PROFILE", "default")], None, "LTAIenv s-env - from environment");
    let unnamed = Home::new(Some(&CONFIG.replace("\"current\": \"work\",", "")));
    unnamed.check(&[], None, default);
}

#[test]
fn the_configuration_may_be_elsewhere() {
    let home = Home::new(None);
    std::fs::write(home.0.path().join("other.json"), CONFIG).unwrap();
    let elsewhere = ("ALIBABA_CLOUD_CONFIG_FILE", "~/other.json");
    home.check(&[elsewhere], None, "LTAIwork s-work - from profile \"work\" of ~/other.json");
}

#[test]
fn a_source_that_is_configured_and_fails_ends_the_search() {
    let home = Home::new(Some(CONFIG));
    let both = "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET belong together";
    home.check(&[ID], None, &format!("environment: ALIBABA_CLOUD_ACCESS_KEY_SECRET is missing: {both}"));
    home.check(&[SECRET], None, &format!("environment: ALIBABA_CLOUD_ACCESS_KEY_ID is missing: {both}"));
    let copied = "environment: ALIBABA_CLOUD_ACCESS_KEY_SECRET holds blanks, line ends or characters outside ASCII: copy it again";
    home.check(&[ID, (SECRET.0, "s-env\n")], None, copied);
    home.check(
        &[("ALIBABA_CLOUD_PROFILE", "none")],
        None,
        "profile \"none\" of ~/.aliyun/config.json: there is no such profile; there is \"default\", \"work\", \"temporary\", \"untokened\", \"half\", \"role\", \"chain\", \"circle\", \"half-circle\", \"machine\", \"odd-machine\", \"oidc\", \"program\", \"open\", \"server\", \"far\", \"sso\", \"pair\", \"short\", \"wordy\", \"region\", \"odd\"",
    );
    let half = "profile \"half\" of ~/.aliyun/config.json: access_key_secret is missing: access_key_id and access_key_secret belong together";
    home.check(&[], Some("half"), half);
    let untokened =
        "profile \"untokened\" of ~/.aliyun/config.json: sts_token is missing: run `aliyun configure` again";
    home.check(&[], Some("untokened"), untokened);
    assert!(home.source(&[], Some("odd")).is_err());
}

#[test]
fn every_mode_of_the_cli_is_a_source_or_a_clear_error() {
    let home = Home::new(Some(CONFIG));
    let of = |name: &str, rest: &str| format!("profile {name:?} of ~/.aliyun/config.json{rest}");
    let check = |name: &str, rest: &str| home.check(&[], Some(name), &of(name, rest));
    check("role", ", role acs:ram::1:role/x");
    check("chain", ", role acs:ram::2:role/y");
    let circle = of("half-circle", ": source_profile leads in a circle: circle → half-circle → circle");
    home.check(&[], Some("circle"), &circle);
    check("machine", "");
    check("oidc", ", role acs:ram::1:role/x");
    check("program", "");
    check("server", "");
    check("sso", "");
    check("odd-machine", ": the role's name is none: expected 1 to 64 letters, digits or any of .-_");
    check("open", ": process_command has a quote without an end");
    check("far", ": not a usable address, expected https://HOST[:PORT] without user, path or query");
    check("wordy", ": expired_seconds is no number of seconds, expected 900 or more");
    check("short", ": 60 seconds are too few for a role, expected 900 or more");
    check("region", ": sts_region: \"cn.evil/\" is no region, expected one such as cn-hangzhou");
    let modes = "AK, StsToken, RamRoleArn, ChainableRamRoleArn, EcsRamRole, OIDC, External, CredentialsURI, CloudSSO or OAuth";
    let what = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or name another profile with --profile";
    check("pair", &format!(": mode \"RsaKeyPair\" is not supported, expected {modes}: {what}"));

    let forbidden = ("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "1");
    for name in ["program", "server"] {
        let why = of(name, ": ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids this mode");
        home.check(&[forbidden], Some(name), &why);
    }
    let off = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    home.check(&[off], Some("machine"), &of("machine", ": ALIBABA_CLOUD_ECS_METADATA_DISABLED is true"));
}

#[test]
fn sources_come_in_the_vendors_order() {
    let home = Home::new(Some(CONFIG));
    std::fs::write(home.0.path().join("keys.ini"), INI).unwrap();
    let mut all = vec![ID, SECRET, OIDC[0], OIDC[1], OIDC[2], DISABLED, KEYS, MACHINE, URI];
    all.push(("ALIBABA_CLOUD_ECS_METADATA_DISABLED", ""));
    let role = "role acs:ram::1:role/x by OIDC (ALIBABA_CLOUD_OIDC_TOKEN_FILE)";
    home.check(&all, None, "LTAIenv s-env - from environment");
    home.check(&all[2..], None, role);
    home.check(&all[6..], None, "LTAIwork s-work - from profile \"work\" of ~/.aliyun/config.json");
    home.check(&all[5..], None, "LTAIini s-ini - from section \"default\" of ~/keys.ini");
    home.check(&[DISABLED, MACHINE, URI], None, "ECS role my-role (ALIBABA_CLOUD_ECS_METADATA)");
    // Only the vendor's own word disables a source.
    let one = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "1");
    home.check(&[one, KEYS], None, "LTAIwork s-work - from profile \"work\" of ~/.aliyun/config.json");
    home.check(&[DISABLED, URI], None, "ALIBABA_CLOUD_CREDENTIALS_URI at http://127.0.0.1:1");
    let off = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    home.check(&[DISABLED, MACHINE, off, URI], None, "ALIBABA_CLOUD_CREDENTIALS_URI at http://127.0.0.1:1");
}

#[test]
fn an_ini_file_is_found_under_both_names_and_known_by_its_content() {
    let section = |name: &str, rest: &str| format!("section {name:?} of ~/keys.ini{rest}");
    let home = Home::new(None);
    let write = |name: &str, text: &str| std::fs::write(home.0.path().join(name), text).unwrap();
    write("keys.ini", INI);
    home.check(&[KEYS], None, &format!("LTAIini s-ini - from {}", section("default", "")));
    home.check(&[KEYS], Some("role"), &section("role", ", role acs:ram::1:role/x"));
    home.check(
        &[KEYS, ("ALIBABA_CLOUD_PROFILE", "oidc")],
        None,
        &section("oidc", ", role acs:ram::1:role/x"),
    );
    home.check(&[KEYS], Some("ecs"), &section("ecs", ""));
    let expected = "expected access_key, ram_role_arn, ecs_ram_role or oidc_role_arn";
    let odd = format!(": type \"rsa_key_pair\" is not supported, {expected}");
    home.check(&[KEYS], Some("key"), &section("key", &odd));
    let none = ": there is no such section; there is \"default\", \"ecs\", \"key\", \"oidc\", \"role\"";
    home.check(&[KEYS], Some("none"), &section("none", none));
    // Users of Terraform name the CLI's configuration in this variable.
    write("keys.ini", CONFIG);
    home.check(&[KEYS], None, "LTAIwork s-work - from profile \"work\" of ~/keys.ini");
    write("keys.ini", "s-secret\n");
    home.check(&[KEYS], None, "~/keys.ini: line 1: expected [section] or name = value");
    home.check(
        &[("ALIBABA_CLOUD_CREDENTIALS_FILE", "~/no.ini")],
        None,
        "~/no.ini: No such file or directory (os error 2)",
    );

    std::fs::create_dir(home.0.path().join(".alibabacloud")).unwrap();
    write(".alibabacloud/credentials.ini", INI);
    home.check(&[], None, "LTAIini s-ini - from section \"default\" of ~/.alibabacloud/credentials.ini");
    write(".alibabacloud/credentials", INI);
    home.check(&[], None, "~/.alibabacloud/credentials: there is also credentials.ini beside it, and other tools read that one: remove one, or name one with ALIBABA_CLOUD_CREDENTIALS_FILE");
    std::fs::remove_file(home.0.path().join(".alibabacloud/credentials.ini")).unwrap();
    home.check(&[], None, "LTAIini s-ini - from section \"default\" of ~/.alibabacloud/credentials");
}

#[test]
fn a_role_by_oidc_is_whole_or_an_error() {
    let home = Home::new(Some(CONFIG));
    let [role, provider, file] = OIDC;
    let variable = ("ALIBABA_CLOUD_OIDC_TOKEN", "eyJ");
    let github = ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://a.example/token?api-version=2.0");
    let bearer = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "s-bearer");
    let by = |whence: &str| format!("role acs:ram::1:role/x by OIDC ({whence})");
    home.check(&[role, provider, variable, file, github, bearer], None, &by(file.0));
    home.check(&[role, provider, variable, github, bearer], None, &by(variable.0));
    home.check(&[role, provider, github, bearer], None, &by("GitHub Actions"));
    // A role alone does not select OIDC, and neither does a job that may ask for tokens without the provider.
    let work = "LTAIwork s-work - from profile \"work\" of ~/.aliyun/config.json";
    home.check(&[role, github, bearer], None, work);

    let belongs = "it belongs to ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and a token";
    home.check(
        &[provider, file],
        None,
        &format!("a role by OIDC: ALIBABA_CLOUD_ROLE_ARN is missing: {belongs}"),
    );
    home.check(
        &[role, variable],
        None,
        &format!("a role by OIDC: ALIBABA_CLOUD_OIDC_PROVIDER_ARN is missing: {belongs}"),
    );
    let no_token = "a role by OIDC: there is no token: set ALIBABA_CLOUD_OIDC_TOKEN_FILE or ALIBABA_CLOUD_OIDC_TOKEN; a job of GitHub Actions needs `permissions: id-token: write`";
    home.check(&[role, provider], None, no_token);
    home.check(&[role, provider, github], None, no_token);
    let far = ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://a.example/token");
    let plain = "expected https://…; http:// is for loopback and link-local addresses only";
    home.check(
        &[role, provider, far, bearer],
        None,
        &format!("a role by OIDC: ACTIONS_ID_TOKEN_REQUEST_URL is not usable, {plain}"),
    );
    let session = ("ALIBABA_CLOUD_ROLE_SESSION_NAME", "a b");
    let word = "a role by OIDC: the session name is \"a b\", expected 2 to 64 letters, digits or any of .@-_";
    home.check(&[role, provider, file, session], None, word);
}

#[test]
fn the_token_service_is_the_one_asked_for_or_the_regions() {
    let check = |variables: &[(&str, &str)], asked: Option<&str>, expected: &str| {
        let environment = Environment::new(variables.iter().copied());
        let asked = asked.map(|url| url.parse().unwrap());
        let search = Search { environment: &environment, profile: None, sts: asked.as_ref() };
        let shown = search.sts_endpoint().map_or_else(|error| error.to_string(), |it| it.to_string());
        assert_eq!(shown, expected, "{variables:?}");
    };
    let (region, vpc) =
        (("ALIBABA_CLOUD_STS_REGION", "cn-shanghai"), ("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true"));
    check(&[], None, "https://sts.aliyuncs.com");
    check(&[vpc], None, "https://sts.aliyuncs.com");
    check(&[region], None, "https://sts.cn-shanghai.aliyuncs.com");
    check(&[region, vpc], None, "https://sts-vpc.cn-shanghai.aliyuncs.com");
    check(&[region, vpc], Some("https://a.example"), "https://a.example");
    let odd = "ALIBABA_CLOUD_STS_REGION: \"evil.example/\" is no region, expected one such as cn-hangzhou";
    check(&[("ALIBABA_CLOUD_STS_REGION", "evil.example/")], None, odd);
}

#[test]
fn a_configuration_that_cannot_be_read_is_an_error_and_its_content_is_not_shown() {
    let empty = Home::new(None);
    for variable in [("ALIBABA_CLOUD_CONFIG_FILE", "~/none.json"), ("ALIBABA_CLOUD_PROFILE", "work")] {
        assert!(matches!(empty.source(&[variable], None), Err(CredentialsError::Failed { .. })));
    }
    assert!(matches!(empty.source(&[ID, SECRET], Some("work")), Err(CredentialsError::Failed { .. })));
    for config in
        ["", "{", "[]", "s-secret", r#"{"profiles": "s-secret"}"#, r#"{"current": 7, "profiles": []}"#]
    {
        let home = Home::new(Some(config));
        let error = home.source(&[], None).unwrap_err().to_string();
        assert!(
            error.contains("not a configuration of the aliyun CLI") && !error.contains("s-secret"),
            "{error}"
        );
    }
}

#[test]
fn without_any_source_the_error_says_what_to_set() {
    let advice =
        "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run `aliyun configure`";
    let start = "no credentials: ALIBABA_CLOUD_ACCESS_KEY_ID is not set, no role by OIDC is (ALIBABA_CLOUD_OIDC_PROVIDER_ARN), and";
    Home::new(None).check(&[], None, &format!("{start} there is no ~/.aliyun/config.json; {advice}"));
    let disabled = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "TRUE");
    let why = "profiles are off (ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true)";
    Home::new(Some(CONFIG)).check(&[disabled], None, &format!("{start} {why}; {advice}"));
    let terraforms = [("ALICLOUD_ACCESS_KEY", "LTAIterraform"), ("ALICLOUD_SECRET_KEY", "s-terraform")];
    let foreign = "ALICLOUD_ACCESS_KEY is set, which this tool does not read: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET to the same key if it is meant";
    Home::new(None).check(
        &terraforms,
        None,
        &format!("{start} there is no ~/.aliyun/config.json; {foreign}"),
    );
    let named = [("ALIBABA_CLOUD_PROFILE", "work")];
    let nowhere = "ALIBABA_CLOUD_PROFILE: there is no profile \"work\": there is no ~/.aliyun/config.json";
    Home::new(None).check(&named, None, nowhere);
    let homeless = source(&Environment::default(), None).unwrap_err().to_string();
    assert_eq!(homeless, format!("{start} HOME is not set; {advice}"));
}

#[test]
fn credentials_and_environments_show_no_secret() {
    let variables = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tEXAMPLEabcd"), SECRET, TOKEN];
    let environment = Environment::new(variables);
    let source = source(&environment, None).unwrap();
    let credentials = source.key().unwrap();
    assert_eq!(credentials.masked_id(), "LTAI…abcd");
    let shown = format!("{environment:?} {credentials:?}");
    for secret in ["EXAMPLE", "s-env", "t-env"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let short = Environment::new([("ALIBABA_CLOUD_ACCESS_KEY_ID", "shortid"), SECRET]);
    assert_eq!(self::source(&short, None).unwrap().key().unwrap().masked_id(), "…");
}
