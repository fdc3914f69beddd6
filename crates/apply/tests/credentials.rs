//! Where credentials come from, and that no source is passed over once it is configured.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use cenbwp::cloud::{Credentials, CredentialsError, Environment, resolve};
use secrecy::ExposeSecret;

const CONFIG: &str = r#"{
    "current": "work",
    "profiles": [
        {"name": "default", "mode": "AK", "access_key_id": "LTAIdefault1", "access_key_secret": "s-default"},
        {"name": "work", "mode": "ak", "access_key_id": "LTAIwork", "access_key_secret": "s-work", "sts_token": "old"},
        {"name": "temporary", "mode": "stsToken", "access_key_id": "STS.id", "access_key_secret": "s-sts", "sts_token": "t"},
        {"name": "untokened", "mode": "StsToken", "access_key_id": "STS.id", "access_key_secret": "s-sts", "sts_token": ""},
        {"name": "half", "mode": "AK", "access_key_id": "LTAIhalf", "access_key_secret": ""},
        {"name": "role", "mode": "RamRoleArn", "ram_role_arn": "acs:ram::1:role/x"},
        {"name": "odd", "mode": 7, "access_key_id": 8},
        7
    ]
}"#;

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

    fn resolve(
        &self,
        variables: &[(&str, &str)],
        profile: Option<&str>,
    ) -> Result<Credentials, CredentialsError> {
        let home = self.0.path().to_str().unwrap();
        let variables = variables.iter().copied().chain([("HOME", home)]);
        let variables: Vec<_> = variables.map(|(name, value)| (name, value.replace("~", home))).collect();
        resolve(&Environment::new(variables), profile)
    }

    /// `id secret token from source`, or the error; the home directory is written `~`.
    fn check(&self, variables: &[(&str, &str)], profile: Option<&str>, expected: &str) {
        let shown = match self.resolve(variables, profile) {
            Ok(Credentials { access_key_id, secret, security_token, source }) => {
                let token = security_token.as_ref().map_or("-", |token| token.expose_secret());
                format!("{access_key_id} {} {token} from {source}", secret.expose_secret())
            }
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

#[test]
fn the_environment_comes_before_the_current_profile() {
    let home = Home::new(Some(CONFIG));
    let work = "LTAIwork s-work - from profile \"work\" of ~/.aliyun/config.json";
    home.check(&[ID, SECRET], None, "LTAIenv s-env - from environment");
    home.check(&[ID, SECRET, TOKEN], None, "LTAIenv s-env t-env from environment");
    home.check(&[], None, work);
    // What a pipeline blanks after use is not set.
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
    let role = "a role by OIDC (ALIBABA_CLOUD_ROLE_ARN): not supported: set an access key in the environment, or name a profile with --profile";
    home.check(&OIDC, None, role);
    home.check(&[OIDC[0], OIDC[1], ("ALIBABA_CLOUD_OIDC_TOKEN", "eyJ")], None, role);
    home.check(
        &[("ALIBABA_CLOUD_PROFILE", "none")],
        None,
        "profile \"none\" of ~/.aliyun/config.json: there is no such profile; there is \"default\", \"work\", \"temporary\", \"untokened\", \"half\", \"role\", \"odd\"",
    );
    let half = "profile \"half\" of ~/.aliyun/config.json: access_key_secret is missing: access_key_id and access_key_secret belong together";
    home.check(&[], Some("half"), half);
    let untokened =
        "profile \"untokened\" of ~/.aliyun/config.json: sts_token is missing: run `aliyun configure` again";
    home.check(&[], Some("untokened"), untokened);
    let role = "profile \"role\" of ~/.aliyun/config.json: mode \"RamRoleArn\" is not supported, expected AK or StsToken: set ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN, or name another profile with --profile";
    home.check(&[ID, SECRET], Some("role"), role);
    assert!(home.resolve(&[], Some("odd")).is_err());
}

#[test]
fn a_configuration_that_cannot_be_read_is_an_error_and_its_content_is_not_shown() {
    let empty = Home::new(None);
    for variable in [("ALIBABA_CLOUD_CONFIG_FILE", "~/none.json"), ("ALIBABA_CLOUD_PROFILE", "work")] {
        assert!(matches!(empty.resolve(&[variable], None), Err(CredentialsError::Failed { .. })));
    }
    assert!(matches!(empty.resolve(&[ID, SECRET], Some("work")), Err(CredentialsError::Failed { .. })));
    for config in
        ["", "{", "[]", "s-secret", r#"{"profiles": "s-secret"}"#, r#"{"current": 7, "profiles": []}"#]
    {
        let home = Home::new(Some(config));
        let error = home.resolve(&[], None).unwrap_err().to_string();
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
    let start = "no credentials: ALIBABA_CLOUD_ACCESS_KEY_ID is not set and";
    Home::new(None).check(&[], None, &format!("{start} there is no ~/.aliyun/config.json; {advice}"));
    let disabled = ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "TRUE");
    let why = "profiles are off (ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true)";
    Home::new(Some(CONFIG)).check(&[disabled], None, &format!("{start} {why}; {advice}"));
    let homeless = resolve(&Environment::default(), None).unwrap_err().to_string();
    assert_eq!(homeless, format!("{start} HOME is not set; {advice}"));
}

#[test]
fn credentials_and_environments_show_no_secret() {
    let variables = [("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI5tEXAMPLEabcd"), SECRET, TOKEN];
    let environment = Environment::new(variables);
    let credentials = resolve(&environment, None).unwrap();
    assert_eq!(credentials.masked_id(), "LTAI…abcd");
    let shown = format!("{environment:?} {credentials:?}");
    for secret in ["EXAMPLE", "s-env", "t-env"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let short = Environment::new([("ALIBABA_CLOUD_ACCESS_KEY_ID", "shortid"), SECRET]);
    assert_eq!(resolve(&short, None).unwrap().masked_id(), "…");
}
