//! GitHub's workflow commands: an annotation at the file and line of each error and warning.
//!
//! The escapes are those of the runner: a message must not end the line; a property must not end the line or
//! itself. Neither may hold another command, for this runner or another.

use cenbwp_spec::{Severity, neutral};

use super::issue::{Issue, issues};
use super::run::Run;
use super::several;
use crate::disarm;

/// Returns one command per line: why the run ended early, then every issue, then what is planned or was done.
pub(super) fn text(run: &Run<'_>) -> String {
    let issues = issues(run);
    let mut text = String::new();
    if let Some(error) = run.error() {
        let message = with("hint", &error.join("\n"), run.next().as_deref());
        let title = format!("cenbwp {} ended with code {}", run.command, run.exit.code());
        text.push_str(&command("error", &[("title", &title)], &message));
    }
    for issue in &issues {
        text.push_str(&annotation(run, issue));
    }
    if run.failure.is_none() {
        let message = with("next", &run.headline(), run.next().as_deref());
        text.push_str(&command("notice", &[("title", &format!("cenbwp {}", run.command))], &message));
    }
    text
}

/// Returns the commands of several plans, and one for all together.
pub(super) fn several(run: &Run<'_>) -> String {
    let mut text = String::new();
    for (part, alone) in several::runs(run) {
        if let Some(error) = alone.error() {
            let message = with("hint", &error.join("\n"), alone.next().as_deref());
            let title = format!("{} cannot be read", part.file);
            text.push_str(&command("error", &[("title", &title)], &message));
        }
        issues(&alone).iter().for_each(|issue| text.push_str(&annotation(&alone, issue)));
    }
    several::twice(run).iter().for_each(|issue| text.push_str(&annotation(run, issue)));
    text + &command("notice", &[("title", "cenbwp show")], &several::headline(run))
}

fn annotation(run: &Run<'_>, issue: &Issue<'_>) -> String {
    let level = match issue.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = Vec::new();
    if let Some(spot) = &issue.spot
        && let Some(file) = &spot.file
    {
        properties.push(("file", run.folders.in_checkout(file)));
        properties.push(("line", spot.line.to_string()));
        // The runner shows columns only within one line.
        if spot.line == spot.end_line {
            properties.push(("endLine", spot.end_line.to_string()));
            properties.push(("col", spot.column.to_string()));
            properties.push(("endColumn", spot.end_column.to_string()));
        }
    }
    properties.push(("title", format!("{} {}", issue.rule.name, issue.rule.title)));
    let properties: Vec<_> = properties.iter().map(|(name, value)| (*name, value.as_str())).collect();
    command(level, &properties, &with("hint", &issue.text(), issue.hint.as_deref()))
}

fn with(word: &str, message: &str, more: Option<&str>) -> String {
    more.map_or_else(|| message.to_owned(), |more| format!("{message}\n{word}: {more}"))
}

fn command(name: &str, properties: &[(&str, &str)], message: &str) -> String {
    let property = |(name, value): &(&str, &str)| format!("{name}={}", property(value));
    let properties: Vec<_> = properties.iter().map(property).collect();
    format!("::{name} {}::{}\n", properties.join(","), data(message))
}

fn data(text: &str) -> String {
    disarm::inline(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&neutral(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_a_command() {
        assert_eq!(data("50%\r\n"), "50%25%0D%0A");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25\\n");
        assert_eq!(data("a ##[group]b"), "a ##\\[group]b");
        assert_eq!(property("a\u{1b}[2K\u{202e}##[b]"), "a\\u{1b}[2K\\u{202e}##\\[b]");
    }
}
