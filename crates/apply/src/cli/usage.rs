//! Ends a run whose command line cannot be parsed, or that failed before its command began.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue};

use super::output::{self, Color, Output};
use super::{ending, habits};
use crate::cloud::{Environment, Secrets};
use crate::exit::{Exit, Failure};
use crate::report::event::{self, Event};

/// Prints clap's own answer, or its error with exit 3. Arguments that clap quotes are made harmless first:
/// they may hold terminal escapes, and a URL may hold a password.
pub(super) fn answer(mut error: clap::Error, environment: &Environment, tool: &clap::Command) -> Exit {
    let quoted = error.context().filter_map(|(kind, value)| Some((kind, harmless(value)?)));
    let quoted: Vec<_> = quoted.collect();
    if !quoted.is_empty() {
        // The suggestion may quote the same text.
        error.remove(ContextKind::Suggested);
    }
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    let arguments: Vec<String> = std::env::args_os().skip(1).filter_map(|it| it.into_string().ok()).collect();
    habits::advise(&mut error, &arguments, tool);
    output::usage(&error, environment);
    if !error.use_stderr() {
        return Exit::Done;
    }
    let output = Output::new(Color::Never, false, environment);
    let command = arguments.iter().find_map(|name| tool.find_subcommand(name));
    end_events(&complaint(&error, command), &output, tool);
    Exit::Invalid
}

/// Prints the event stream of a run that failed before it began one: with `--json` every run ends in a
/// summary.
pub(super) fn end_events(failure: &Failure, output: &Output, tool: &clap::Command) {
    if let Some(events) = events(failure, tool) {
        output.last(&events, failure.exit.code());
    }
}

/// Returns the whole stream of such a run, if the command line asks for events.
fn events(failure: &Failure, tool: &clap::Command) -> Option<String> {
    let arguments: Vec<OsString> =
        std::env::args_os().skip(1).take_while(|argument| argument != "--").collect();
    let command = wants_events(&arguments, tool)?;
    let summary = ending::summary(command, failure.exit);
    let summary = output::line(&Event::Summary(summary));
    Some(output::line(&event::VERSION) + &ending::diagnostic(failure, &Secrets::default()) + &summary)
}

/// Returns the name of the command, if `--json` or `--json=...` is among the arguments.
fn wants_events<'a>(arguments: &[OsString], tool: &'a clap::Command) -> Option<&'a str> {
    let arguments: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let asked = arguments.iter().any(|argument| *argument == "--json" || argument.starts_with("--json="));
    let command = arguments.iter().find_map(|name| tool.find_subcommand(name)).map(clap::Command::get_name);
    asked.then(|| command.unwrap_or("cenbwp"))
}

/// Returns clap's error in one line, with the tips of its text as the hint.
fn complaint(error: &clap::Error, command: Option<&clap::Command>) -> Failure {
    let text = error.render().to_string();
    let message: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let message = message.join(" ");
    let failure = Failure::new(Exit::Invalid, message.strip_prefix("error: ").unwrap_or(&message));
    let tips: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("tip: ")).collect();
    if tips.is_empty() {
        let command = command.map(|command| format!(" {}", command.get_name())).unwrap_or_default();
        return failure.hint(format!("see the flags: cenbwp{command} --help"));
    }
    failure.hint(tips.join("; "))
}

/// Returns the value that clap may quote instead; `None` if it may quote this one.
fn harmless(value: &ContextValue) -> Option<ContextValue> {
    let ContextValue::String(text) = value else { return None };
    let is_private = text.contains("://") && text.contains(['@', '?']);
    let shown = if is_private { "[redacted]".into() } else { cenbwp_diff::neutral(text) };
    (shown != *text).then(|| ContextValue::String(shown.into_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn tool() -> clap::Command {
        crate::cli::Cli::command()
    }

    fn asked(arguments: &str) -> Option<String> {
        let arguments = arguments.split_whitespace().map(OsString::from).collect::<Vec<_>>();
        wants_events(&arguments, &tool()).map(str::to_owned)
    }

    #[test]
    fn events_are_asked_for_wherever_the_flag_stands() {
        assert_eq!(asked("plan --json --bogus"), Some("plan".to_owned()));
        assert_eq!(asked("--bogus apply --json=x"), Some("apply".to_owned()));
        assert_eq!(asked("--json"), Some("cenbwp".to_owned()));
        assert_eq!(asked("plan --report json"), None);
        assert_eq!(asked("plan"), None);
    }
}
