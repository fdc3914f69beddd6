//! The ini file of the vendor's SDKs.

use std::collections::BTreeMap;

use super::metadata::Machine;
use super::oidc::IdToken;
use super::setting::Setting;
use super::source::{Provider, Source};
use super::sts::{Role, RoleFields};
use super::{Credentials, CredentialsError, checked, failed, one_of};

type Sections<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// Returns the source that a section configures.
pub(super) fn source(
    setting: Setting<'_>,
    shown: &str,
    bytes: &[u8],
    name: &str,
) -> Result<Source, CredentialsError> {
    let origin = format!("section {name:?} of {shown}");
    let broken = |reason: String| failed(&origin, reason);
    let text = std::str::from_utf8(bytes).map_err(|_| failed(shown, "it is not UTF-8"))?;
    let sections = sections(text).map_err(|reason| failed(shown, reason))?;
    let Some(section) = sections.get(name) else {
        let known = one_of(sections.keys().copied());
        return Err(broken(format!("there is no such section; there is {known}")));
    };
    check_enabled(section).map_err(broken)?;
    let field = |name: &'static str| (name, section.get(name).copied());
    let key = || -> Result<Credentials, CredentialsError> {
        checked(&origin, field("access_key_id"), field("access_key_secret"), ("", None))
    };
    let role = || {
        let fields = RoleFields {
            arn: field("role_arn").1,
            session: field("role_session_name").1,
            policy: field("policy").1,
            ..RoleFields::default()
        };
        Role::new(fields, "role_arn", setting.sts_endpoint()?).map_err(broken)
    };
    let needed = |name| field(name).1.ok_or_else(|| broken(format!("{name} is missing")));
    let provider = match field("type").1.unwrap_or_default() {
        "access_key" => Provider::Key(key()?),
        "ram_role_arn" => Provider::Role(Box::new(key()?.into()), role()?),
        "ecs_ram_role" => {
            Provider::Machine(Machine::new(setting.environment, field("role_name").1).map_err(broken)?)
        }
        "oidc_role_arn" => {
            let (provider, file) = (needed("oidc_provider_arn")?, needed("oidc_token_file_path")?);
            Provider::Oidc(IdToken::in_file(setting.environment, provider, file), role()?)
        }
        other => {
            return Err(broken(format!(
                "type {other:?} is not supported, expected access_key, ram_role_arn, ecs_ram_role or oidc_role_arn"
            )));
        }
    };
    Ok(Source::in_file(&origin, provider).of_profile(name))
}

/// Refuses a section that is switched off. As in the vendor's Java SDK, any value but `true` switches it off;
/// the other SDKs do not know the field. Without the field a section is on.
fn check_enabled(section: &BTreeMap<&str, &str>) -> Result<(), String> {
    let is_switch = |name: &str| name.eq_ignore_ascii_case("enable") || name.eq_ignore_ascii_case("enabled");
    match section.iter().find(|(name, value)| is_switch(name) && !value.eq_ignore_ascii_case("true")) {
        Some((name, value)) => Err(format!(
            "it is switched off: {name} is {value:?}, expected true; name another section with --profile, or remove the line"
        )),
        None => Ok(()),
    }
}

/// Splits the text into sections. Empty values are left out: they count as unset. The error quotes nothing of
/// the text.
fn sections(text: &str) -> Result<Sections<'_>, String> {
    let mut sections = Sections::new();
    let mut current = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = without_comment(line).trim();
        if line.is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            current = Some(sections.entry(name.trim()).or_default());
            continue;
        }
        let (Some(section), Some((name, value))) = (current.as_mut(), line.split_once('=')) else {
            return Err(format!("line {number}: expected [section] or name = value"));
        };
        if !value.trim().is_empty() {
            section.insert(name.trim(), value.trim());
        }
    }
    Ok(sections)
}

/// Returns a line without its comment, which begins with `#` anywhere, as in the vendor's Python SDK, or with
/// `;` at the beginning of the line or after a blank. No access key holds either.
fn without_comment(line: &str) -> &str {
    let line = line.split('#').next().unwrap_or_default();
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == ';' && before.is_whitespace() {
            return &line[..at];
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match sections(text) {
            Ok(sections) => format!("{sections:?}"),
            Err(reason) => reason,
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn sections_are_read_as_the_vendors_sdks_read_them() {
        check("", "{}");
        check("\u{20}; a\n# b\n\n[x]\r\na = b = c\r\n", r#"{"x": {"a": "b = c"}}"#);
        check("[ x ]\na=b#c\nd=e ; f\ng=h;i\nj =\n", r#"{"x": {"a": "b", "d": "e", "g": "h;i"}}"#);
        check("[x]\na=1\n[y]\n[x]\na=2", r#"{"x": {"a": "2"}, "y": {}}"#);
        check("a=b", "line 1: expected [section] or name = value");
        check("[x]\n\ns-secret", "line 3: expected [section] or name = value");
    }
}
