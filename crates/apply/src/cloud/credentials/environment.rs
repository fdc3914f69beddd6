//! The environment variables of a run, and the credentials and secrets in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::{Credentials, CredentialsError, checked};
use crate::cloud::redact::Secrets;
use crate::files::shown;

pub(super) const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
pub(super) const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";
pub(super) const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";
pub(super) const ROLE: &str = "ALIBABA_CLOUD_ROLE_ARN";

/// Variables whose values act in a person's or a job's name.
const SECRETS: [&str; 13] = [
    ID,
    SECRET,
    TOKEN,
    "ALIBABA_CLOUD_OIDC_TOKEN",
    "ALICLOUD_ACCESS_KEY",
    "ALICLOUD_SECRET_KEY",
    "ALICLOUD_SECURITY_TOKEN",
    "ALIBABACLOUD_ACCESS_KEY_ID",
    "ALIBABACLOUD_ACCESS_KEY_SECRET",
    "ALIBABACLOUD_SECURITY_TOKEN",
    "ACCESS_KEY_SECRET",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "CI_JOB_TOKEN",
];

/// Variables that hold the id of an access key, which is shown masked only.
const KEYS: [&str; 5] =
    [ID, "ALICLOUD_ACCESS_KEY", "ALICLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ACCESS_KEY_ID"];

/// The environment at the start of the run. An empty variable counts as unset.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    blank: BTreeSet<String>,
}

impl Environment {
    /// Returns the environment that holds these variables.
    pub fn new<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        let (blank, variables): (BTreeMap<_, _>, _) =
            pairs.partition(|(_, value): &(_, String)| value.is_empty());
        Self { variables, blank: blank.into_keys().collect() }
    }

    /// Returns the value of a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Returns true if a variable is set and empty. Other code that reads variables must treat it as unset,
    /// too.
    pub fn is_blank(&self, name: &str) -> bool {
        self.blank.contains(name)
    }

    /// Returns the user's home directory.
    pub(super) fn home(&self) -> Option<&Path> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(Path::new)
    }

    /// Returns a path as messages, plans and reports show it: on one line, with the user's home as `~`,
    /// because its real path means nothing on another machine.
    pub fn shown(&self, path: &Path) -> String {
        // A home that is the root, or not an absolute path, is no user's, and is not replaced.
        let home = self.home().filter(|home| home.is_absolute() && home.parent().is_some());
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) if below.as_os_str().is_empty() => "~".to_owned(),
            Some(below) => shown(&Path::new("~").join(below)),
            None => shown(path),
        }
    }

    /// Returns the values of variables whose names say that they are secrets, also those of other tools: a
    /// server that runs plans for pull requests holds its own tokens there.
    pub(in crate::cloud) fn secret_values(&self) -> impl Iterator<Item = &str> {
        const SECRET: [&str; 7] =
            ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "PRIVATE_KEY", "API_KEY"];
        const PLACES: [&str; 6] = ["FILE", "PATH", "DIR", "URL", "URI", "ENDPOINT"];
        let is_secret = |name: &str| {
            let name = name.to_ascii_uppercase();
            let holds_one = SECRET.iter().any(|word| name.contains(word)) || KEYS.contains(&&*name);
            holds_one && !PLACES.iter().any(|place| name.ends_with(place))
        };
        self.variables.iter().filter(move |(name, _)| is_secret(name)).map(|(_, value)| value.as_str())
    }

    /// Returns true if a variable is `true`, in any case. The vendor's SDKs accept no other word.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|word| word.eq_ignore_ascii_case("true"))
    }

    /// Returns every secret in the environment for the services that this run knows, used or not.
    pub fn secrets(&self) -> Secrets {
        let secrets = Secrets::default();
        SECRETS.iter().filter_map(|name| self.get(name)).for_each(|value| secrets.learn_token(value));
        secrets
    }

    /// Returns the access key in the environment.
    pub(super) fn key(&self) -> Result<Option<Credentials>, CredentialsError> {
        let [id, secret, token] = [ID, SECRET, TOKEN].map(|name| (name, self.get(name)));
        if id.1.is_none() && secret.1.is_none() {
            return Ok(None);
        }
        checked("environment", id, secret, token).map(Some)
    }
}

/// Shows names only: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_unset_and_known_to_be_empty() {
        let environment = Environment::new([("A", ""), ("B", "b")]);
        assert_eq!(
            (environment.get("A"), environment.get("B"), environment.get("C")),
            (None, Some("b"), None)
        );
        let blank = ["A", "B", "C"].map(|name| environment.is_blank(name));
        assert_eq!(blank, [true, false, false]);
    }

    #[test]
    fn the_callers_home_is_shown_as_a_tilde_and_no_other_folder_is() {
        let check = |home: &str, path: &str, expected: &str| {
            assert_eq!(Environment::new([("HOME", home)]).shown(Path::new(path)), expected, "{home} {path}");
        };
        check("/home/me", "/home/me/.aliyun/config.json", "~/.aliyun/config.json");
        check("/home/me/", "/home/me/x", "~/x");
        check("/home/me", "/home/me", "~");
        check("/home/me", "/home/me2/x", "/home/me2/x");
        check("/home/me", "config.json", "config.json");
        check("/home/me", "/home/me/a\u{1b}b", "~/a\\u{1b}b");
        check("/", "/x", "/x");
        check("", "/x", "/x");
        check("me", "me/x", "me/x");
    }
}
