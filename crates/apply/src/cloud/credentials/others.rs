//! Variables by which other tools choose credentials and this run does not.
//!
//! The vendor's CLI and Terraform's provider read more variables than the vendor's SDKs. If one of them
//! chooses another key, profile or role than this run does, the person who set it may mean another account,
//! and a purchase in the wrong account cannot be returned.

use super::environment::{Environment, ID, PROFILE, ROLE};
use super::metadata;
use super::source::Source;
use super::uri;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Key,
    Profile,
    Role,
    /// A choice that other tools read only if no key is in the environment.
    Last,
}

/// The kind of each choice, the variable that we read, and the other variables in the order in which other
/// tools read them.
const CHOICES: [(Kind, &str, &[&str]); 5] = [
    (
        Kind::Key,
        ID,
        &["ALICLOUD_ACCESS_KEY", "ALICLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ACCESS_KEY_ID"],
    ),
    (Kind::Profile, PROFILE, &["ALIBABACLOUD_PROFILE", "ALICLOUD_PROFILE"]),
    (Kind::Role, ROLE, &["ALICLOUD_ASSUME_ROLE_ARN", "ALIBABACLOUD_ROLE_ARN"]),
    (Kind::Last, metadata::ROLE, &["ALICLOUD_ECS_ROLE_NAME"]),
    (Kind::Last, uri::CREDENTIALS_URI, &["ALICLOUD_CREDENTIALS_URI"]),
];

/// A variable that chooses something that this run does not use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherChoice {
    /// Its name.
    pub variable: &'static str,
    /// One sentence that names variables and never holds a value.
    pub message: String,
}

/// Returns the variables that choose something else than this source.
pub(super) fn than(source: &Source, environment: &Environment) -> Vec<OtherChoice> {
    let mut found = Vec::new();
    for (kind, ours, others) in CHOICES {
        if kind == Kind::Last && environment.get(ID).is_some() {
            continue;
        }
        let used = used(kind, source);
        for other in others {
            let Some(value) = environment.get(other) else { continue };
            let message = match environment.get(ours) {
                _ if used == Some(value) => continue,
                Some(own) if own == value => continue,
                Some(_) => {
                    format!(
                        "{ours} and {other} differ: this run goes by {ours}, other tools may go by {other}"
                    )
                }
                None => {
                    let origin = source.origin();
                    format!(
                        "{other} is set and not used: this run goes by {origin}, other tools may go by {other}"
                    )
                }
            };
            found.push(OtherChoice { variable: other, message });
        }
    }
    found
}

fn used(kind: Kind, source: &Source) -> Option<&str> {
    match kind {
        Kind::Key => source.key().map(|key| key.access_key_id.as_str()),
        Kind::Profile => source.profile(),
        Kind::Role => source.role(),
        Kind::Last => None,
    }
}

/// Returns those of these variables that are set.
pub(super) fn set_in(environment: &Environment) -> Vec<&'static str> {
    let names = CHOICES.iter().flat_map(|(_, _, others)| others.iter().copied());
    names.filter(|name| environment.get(name).is_some()).collect()
}
