//! What may be shown of a reply. Messages of the service can echo signed headers, and are untrusted text.

use std::borrow::Cow;

use secrecy::ExposeSecret;

use super::{Credentials, sign};

const REDACTED: &str = "[redacted]";
/// What follows these, up to the next blank or separator, acts in the account's name or identifies it,
/// even where the service has cut or changed it so that it does not equal ours any more.
const MARKERS: [&str; 6] = [
    "signature=",
    "signature:",
    "credential=",
    "securitytoken=",
    "x-acs-security-token:",
    "x-acs-accesskey-id:",
];
/// The most characters of a message. Enough for the service's longest sentences, not for a page of HTML.
const LONGEST: usize = 500;

/// Returns a message of the service as it may be shown: without secrets, on one line, without control
/// characters, at most 500 characters.
pub(super) fn message(raw: &str, credentials: &Credentials) -> String {
    words(raw, LONGEST, credentials)
}

/// Returns a word of the service, such as a code or an id, as it may be shown; cut like a message at
/// `longest` characters.
pub(super) fn words(raw: &str, longest: usize, credentials: &Credentials) -> String {
    let mut text = raw.to_owned();
    let token = credentials.security_token.as_ref().map(ExposeSecret::expose_secret);
    for secret in [Some(credentials.secret.expose_secret()), token, Some(credentials.access_key_id.as_str())]
    {
        let Some(secret) = secret.filter(|secret| !secret.is_empty()) else { continue };
        text = text.replace(secret, REDACTED).replace(&sign::encode(secret), REDACTED);
    }
    for marker in MARKERS {
        text = without_values_after(marker, &text);
    }
    neutral(&text, longest)
}

/// Returns untrusted text on one line, without characters that do not show as what they are, at most
/// `longest` characters.
pub(super) fn neutral(text: &str, longest: usize) -> String {
    let plain = |c: char| matches!(cenbwp_spec::neutral(c.encode_utf8(&mut [0; 4])), Cow::Borrowed(_));
    let safe = |c: char| match c {
        c if c.is_whitespace() => ' ',
        c if plain(c) => c,
        _ => char::REPLACEMENT_CHARACTER,
    };
    let mut shown: String = text.trim().chars().take(longest).map(safe).collect();
    if text.trim().chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

/// Replaces the value after every `marker`, which is in lower case and found in any case.
fn without_values_after(marker: &str, text: &str) -> String {
    // Lowering ASCII alone keeps every byte where it is.
    let lower = text.to_ascii_lowercase();
    let (mut shown, mut done) = (String::new(), 0);
    while let Some(at) = lower[done..].find(marker) {
        let value = done + at + marker.len();
        shown.push_str(&text[done..value]);
        let rest = &text[value..];
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        let ends = |c: char| c.is_whitespace() || matches!(c, '&' | ',' | ';' | '"' | '\'' | '<' | '>');
        let length = rest[blanks..].find(ends).unwrap_or(rest.len() - blanks);
        if length > 0 {
            shown.push_str(&rest[..blanks]);
            shown.push_str(REDACTED);
        }
        done = value + if length > 0 { blanks + length } else { 0 };
    }
    shown + &text[done..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, shown: &str) {
        let credentials = Credentials {
            access_key_id: "LTAItestkey".to_owned(),
            secret: "s3cr+t/".into(),
            security_token: Some("CAIS/token==".into()),
            source: String::new(),
        };
        assert_eq!(message(raw, &credentials), shown);
    }

    #[test]
    fn nothing_that_acts_in_the_accounts_name_is_shown() {
        check("the specified parameter is not valid", "the specified parameter is not valid");
        check("key LTAItestkey, secret s3cr+t/", "key [redacted], secret [redacted]");
        check("SecurityToken=CAIS%2Ftoken%3D%3D&x=1", "SecurityToken=[redacted]&x=1");
        check(
            "x-acs-security-token:CAIS/token==\nx-acs-version:1",
            "x-acs-security-token:[redacted] x-acs-version:1",
        );
        // An echo that was cut short does not equal the token any more.
        check("X-Acs-Security-Token: CAIS/tok", "X-Acs-Security-Token: [redacted]");
        check(
            "ACS3 Credential=other,SignedHeaders=host,Signature=0a1b",
            "ACS3 Credential=[redacted],SignedHeaders=host,Signature=[redacted]",
        );
        check("Signature=", "Signature=");
        check("Signature= & Signature=x", "Signature= & Signature=[redacted]");
    }

    #[test]
    fn untrusted_text_is_one_short_line_of_visible_characters() {
        check(
            " a\r\n\tb\u{1b}[31m\u{7f}\u{202e}c\u{85}中\u{ad}\u{e0041} ",
            "a   b\u{fffd}[31m\u{fffd}\u{fffd}c 中\u{fffd}\u{fffd}",
        );
        check(&"中".repeat(501), &format!("{}…", "中".repeat(500)));
        check(&"中".repeat(500), &"中".repeat(500));
    }
}
