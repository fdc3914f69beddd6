//! Removes secrets from what is shown of a reply. Messages of the service can echo signed headers, and are
//! untrusted text.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use super::{Credentials, sign};

const REDACTED: &str = "[redacted]";
/// The names before values that act in the account's name or identify it. Each value, up to the next blank or
/// separator, is removed, because the service may have cut or changed it so that it no longer equals ours.
const MARKERS: [&str; 6] = [
    "signature=",
    "signature:",
    "credential=",
    "securitytoken=",
    "x-acs-security-token:",
    "x-acs-accesskey-id:",
];
/// The most characters of a message: enough for the service's longest sentences, not for a page of HTML.
const LONGEST: usize = 500;
/// The shortest word, in bytes, that counts as a secret. Every secret in use is longer, and removing a
/// shorter word would garble every text that holds it.
const LONG: usize = 8;

/// Every secret that a run has held, old ones included: a reply may echo any of them. Clones share them.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<Vec<Known>>>);

/// Something that must not be shown.
#[derive(Clone)]
struct Known {
    secret: SecretString,
    /// True if it is a secret for sure. A word that only may be one is removed from messages alone, because
    /// it may as well be an ordinary word.
    is_certain: bool,
}

/// A range of a text, in bytes.
type Stretch = std::ops::Range<usize>;

impl Secrets {
    /// Learns a secret, also as it looks in a URL and in a diagram. A word that is too short is ignored.
    pub(super) fn learn(&self, secret: &str) {
        self.add(secret, true);
    }

    fn suspect(&self, word: &str) {
        self.add(word, false);
    }

    fn add(&self, secret: &str, is_certain: bool) {
        if secret.len() < LONG {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for form in [secret, &sign::encode(secret), &referenced(secret)] {
            match known.iter_mut().find(|it| it.secret.expose_secret() == form) {
                Some(known) => known.is_certain |= is_certain,
                None => known.push(Known { secret: form.into(), is_certain }),
            }
        }
    }

    /// Learns all parts of credentials, their id included: it is shown masked only.
    pub(super) fn learn_all(&self, credentials: &Credentials) {
        let token = credentials.security_token.as_ref().map_or("", |token| token.expose_secret());
        for secret in [credentials.secret.expose_secret(), token, &credentials.access_key_id] {
            self.learn(secret);
        }
    }

    /// Learns a token and each of its parts: a reply that echoes a token may cut it at a dot.
    pub(super) fn learn_token(&self, token: &str) {
        self.learn(token);
        token.split('.').for_each(|part| self.learn(part));
    }

    /// Learns the values in the query of a URL.
    pub(super) fn learn_query(&self, target: &str) {
        let Some((_, query)) = target.split_once('?') else { return };
        self.suspect(query);
        let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        values.for_each(|value| self.suspect(value));
    }

    /// Learns every long word of a text that may hold secrets.
    pub(super) fn learn_words(&self, text: &str) {
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '{' | '}' | '[' | ']');
        text.split(ends).for_each(|word| self.suspect(word));
    }

    /// Returns these secrets and, for one message, every long word of a text that may hold secrets.
    pub(super) fn and_words_of(&self, text: &str) -> Self {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all = Self(Arc::new(Mutex::new(known)));
        all.learn_words(text);
        all
    }

    /// Returns the text without secrets. Each is searched for in the original text, so that none is found in
    /// the replacement of another, and two that overlap are replaced together.
    pub(super) fn removed_from<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.removed(text, |_| true)
    }

    /// Returns the text without what is a secret for sure: the last check before anything is printed or
    /// written.
    pub(crate) fn certain_removed_from<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.removed(text, |known| known.is_certain)
    }

    fn removed<'a>(&self, text: &'a str, which: impl Fn(&Known) -> bool) -> Cow<'a, str> {
        let stretches = self.found_in(text, which);
        if stretches.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut shown, mut done) = (String::new(), 0);
        for Stretch { start, end } in stretches {
            shown.push_str(&text[done..start]);
            shown.push_str(REDACTED);
            done = end;
        }
        Cow::Owned(shown + &text[done..])
    }

    /// Returns the ranges of the text that hold secrets: in order, and none touches the next.
    fn found_in(&self, text: &str, which: impl Fn(&Known) -> bool) -> Vec<Stretch> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Stretch> = Vec::new();
        for secret in known.iter().filter(|it| which(it)).map(|it| it.secret.expose_secret()) {
            let end = (LONG..secret.len()).find(|at| secret.is_char_boundary(*at)).unwrap_or(secret.len());
            let start = &secret[..end];
            found.extend(text.match_indices(start).filter_map(|(at, _)| whole_or_cut(text, at, secret)));
        }
        found.sort_by_key(|stretch| (stretch.start, stretch.end));
        let mut apart: Vec<Stretch> = Vec::with_capacity(found.len());
        for stretch in found {
            match apart.last_mut() {
                Some(last) if stretch.start < last.end => last.end = last.end.max(stretch.end),
                _ => apart.push(stretch),
            }
        }
        apart
    }
}

impl From<&Credentials> for Secrets {
    fn from(credentials: &Credentials) -> Self {
        let secrets = Self::default();
        secrets.learn_all(credentials);
        secrets
    }
}

/// Returns the range from `at` that is the secret, or the beginning of it that was left when the text was cut
/// short.
fn whole_or_cut(text: &str, at: usize, secret: &str) -> Option<Stretch> {
    let same = text[at..].bytes().zip(secret.bytes()).take_while(|(a, b)| a == b).count();
    let is_cut = || text.get(at + same..).is_some_and(|rest| rest.starts_with('…'));
    (same == secret.len() || is_cut()).then_some(at..at + same)
}

/// Returns the text as a report's diagram writes it: every character except letters, digits and hyphens as a
/// character reference.
fn referenced(text: &str) -> String {
    let written =
        |c: char| if c.is_alphanumeric() || c == '-' { c.to_string() } else { format!("#{};", u32::from(c)) };
    text.chars().map(written).collect()
}

/// Shows only how many there are.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "Secrets({known})")
    }
}

/// The words after which the service quotes the whole request, where its signature is wrong.
const QUOTES_REQUEST: &str = "server string to sign";

/// Returns a message of the service in a form that may be shown: without secrets, control characters and the
/// request that it answers, on one line, at most 500 characters.
pub(super) fn message(raw: &str, secrets: &Secrets) -> String {
    words(raw.split(QUOTES_REQUEST).next().unwrap_or_default(), LONGEST, secrets)
}

/// Returns a word of the service, such as a code or an id, in a form that may be shown; cut like a message at
/// `longest` characters.
pub(super) fn words(raw: &str, longest: usize, secrets: &Secrets) -> String {
    let mut text = secrets.removed_from(raw).into_owned();
    for marker in MARKERS {
        text = without_values_after(marker, &text);
    }
    neutral(&text, longest)
}

/// Returns untrusted text on one line, without invisible or misleading characters, at most `longest`
/// characters.
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
    // Only ASCII is lowered, so every byte keeps its position.
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
            secret: "s3cr+t/0".into(),
            security_token: Some("CAIS/token==".into()),
            source: String::new(),
        };
        assert_eq!(message(raw, &Secrets::from(&credentials)), shown, "{raw}");
    }

    #[test]
    fn the_request_that_the_service_quotes_is_left_out() {
        let said = "Specified signature is not matched with our calculation.";
        check(&format!("{said} server string to sign is:GET&%2F&AccessKeyId%3Dx"), said);
        check(said, said);
    }

    #[test]
    fn nothing_that_acts_in_the_accounts_name_is_shown() {
        check("the specified parameter is not valid", "the specified parameter is not valid");
        check("key LTAItestkey, secret s3cr+t/0", "key [redacted], secret [redacted]");
        check("SecurityToken=CAIS%2Ftoken%3D%3D&x=1", "SecurityToken=[redacted]&x=1");
        check(
            "x-acs-security-token:CAIS/token==\nx-acs-version:1",
            "x-acs-security-token:[redacted] x-acs-version:1",
        );
        // An echo that was cut short no longer equals the token.
        check("X-Acs-Security-Token: CAIS/tok", "X-Acs-Security-Token: [redacted]");
        check(
            "ACS3 Credential=other,SignedHeaders=host,Signature=0a1b",
            "ACS3 Credential=[redacted],SignedHeaders=host,Signature=[redacted]",
        );
        check("Signature=", "Signature=");
        check("Signature= & Signature=x", "Signature= & Signature=[redacted]");
    }

    #[test]
    fn no_secret_is_forgotten_and_none_hides_another() {
        let secrets = Secrets::default();
        let shown = |text: &str| message(text, &secrets);
        assert_eq!(shown("header.payload-1.signature"), "header.payload-1.signature");
        secrets.learn("long-old");
        secrets.learn("long-old+new/");
        secrets.learn_token("abc.payload-1.signature");
        secrets.learn_query("/path?token=s%2Fsecret&x=y");
        assert_eq!(shown("long-old long-old+new/ long-old%2Bnew%2F"), "[redacted] [redacted] [redacted]");
        assert_eq!(shown("abc.payload-1.signature abc payload-1"), "[redacted] abc [redacted]");
        assert_eq!(shown("s%2Fsecret at /path x y"), "[redacted] at /path x y");
        let more = secrets.and_words_of(r#"{"access_key_secret": "s-printed"}"#);
        assert_eq!(message("+ s-printed long-old", &more), "+ [redacted] [redacted]");
        assert_eq!(shown("s-printed"), "s-printed");
        // A word of a query may be an ordinary word; only secrets for sure are removed from everything that
        // is printed.
        assert_eq!(secrets.certain_removed_from("s%2Fsecret long-old"), "s%2Fsecret [redacted]");
    }

    #[test]
    fn what_replaces_a_secret_is_never_replaced_and_what_is_too_short_is_none() {
        let check = |secrets: &[&str], text: &str, expected: &str| {
            let known = Secrets::default();
            secrets.iter().for_each(|secret| known.learn(secret));
            assert_eq!(message(text, &known), expected, "{secrets:?} in {text}");
        };
        check(&["redacted", "0123456789"], "0123456789 redacted", "[redacted] [redacted]");
        check(&["[redacted]", "redacted]"], "[redacted]", "[redacted]");
        check(&["t", "Failed", "1234567", ""], "text Failed 1234567", "text Failed 1234567");
        check(&["a+b/c"], "a+b/c a%2Bb%2Fc", "a+b/c a%2Bb%2Fc");
        // Overlapping, one inside the other, and adjacent.
        check(&["abcdefgh", "efghijkl"], "abcdefghijkl", "[redacted]");
        check(&["abcdefghijkl", "cdefghij"], "-abcdefghijkl-", "-[redacted]-");
        check(&["abcdefgh", "ijklmnop"], "abcdefghijklmnop", "[redacted][redacted]");
        check(&["12345678"], "1234567812345678 ", "[redacted][redacted]");
        // Cut short because there was no room for all of it.
        check(&["abcdefghijkl"], "abcdefghi… abcdefghi", "[redacted]… abcdefghi");
        check(&["日本語日本語"], "日本語日本語 日本語日…", "[redacted] [redacted]…");
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
