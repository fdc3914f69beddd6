//! The command line of this run, and the ones that go on from it, for messages.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::files::typed;
use crate::report::Commands;

/// The flags that choose the form of the output, which the next command need not have.
const FORMS: [&str; 2] = ["json", "report"];

/// The argument of an approval: it fits one plan only.
const DIGEST: &str = "plan_digest";

/// Returns the command lines that go on from this one.
pub(super) fn commands(tool: &clap::Command, matches: &ArgMatches, arguments: &[OsString]) -> Commands {
    let Some((name, matches)) = matches.subcommand() else { return Commands::default() };
    let again: Vec<String> = arguments.iter().skip(1).map(|argument| quoted(argument)).collect();
    let again = format!("cenbwp {}", again.join(" "));
    let has_digest = matches.try_contains_id(DIGEST).unwrap_or(false);
    let repeated = name == "apply" && !has_digest;
    let apply = if repeated { again.clone() } else { like(tool, "apply", matches) };
    Commands { again, plan: like(tool, "plan", matches), apply, anew: None }
}

/// Returns the command line of another command, with those flags of this one that both have.
fn like(tool: &clap::Command, name: &str, matches: &ArgMatches) -> String {
    let mut line = format!("cenbwp {name}");
    let command = tool.find_subcommand(name).expect("it is a command of this tool");
    for arg in command.get_arguments().filter(|arg| !FORMS.contains(&arg.get_id().as_str())) {
        let id = arg.get_id().as_str();
        let is_typed = matches.try_contains_id(id).unwrap_or(false)
            && matches.value_source(id) == Some(ValueSource::CommandLine);
        if !is_typed || id == DIGEST || arg.is_global_set() {
            continue;
        }
        let flag = match (arg.get_short(), arg.get_long()) {
            (Some(short), _) => format!(" -{short}"),
            (None, Some(long)) => format!(" --{long}"),
            (None, None) => String::new(),
        };
        if !arg.get_action().takes_values() {
            line.push_str(&flag);
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            line.push_str(&format!("{flag} {}", quoted(value)));
        }
    }
    line
}

/// Returns an argument as a shell reads it. The name of a flag is not quoted, so that it is seen to be one.
fn quoted(argument: &OsStr) -> String {
    let text = argument.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:".contains(c);
    match text.find(|c| !is_plain(c)) {
        Some(at) if text.starts_with('-') => format!("{}{}", &text[..at], typed(Path::new(&text[at..]))),
        None if text.starts_with('-') => text.into_owned(),
        _ => typed(Path::new(&*text)),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[track_caller]
    fn check(typed: &[&str], again: &str, plan: &str, apply: &str) {
        let tool = crate::cli::Cli::command();
        let arguments: Vec<OsString> = ["cenbwp"].iter().chain(typed).map(OsString::from).collect();
        let matches = tool.clone().try_get_matches_from(&arguments).expect("a command");
        let expected = [again, plan, apply].map(str::to_owned);
        let Commands { again, plan, apply, anew: _ } = commands(&tool, &matches, &arguments);
        assert_eq!([again, plan, apply], expected);
    }

    #[test]
    fn the_next_command_has_the_flags_of_this_one_that_it_knows() {
        check(&["apply"], "cenbwp apply", "cenbwp plan", "cenbwp apply");
        check(
            &["plan", "-f", "my cen", "--file=b.yaml", "--target", "net/x", "--json", "--detailed-exitcode"],
            "cenbwp plan -f 'my cen' --file=b.yaml --target net/x --json --detailed-exitcode",
            "cenbwp plan -f 'my cen' -f b.yaml --target net/x --detailed-exitcode",
            "cenbwp apply -f 'my cen' -f b.yaml --target net/x",
        );
        check(&["plan", "-f$(x)"], "cenbwp plan -f'$(x)'", "cenbwp plan -f '$(x)'", "cenbwp apply -f '$(x)'");
        check(
            &["-q", "apply", "-f", "-", "--auto-approve", "--skip-held", "--no-wait", "--profile", "p q"],
            "cenbwp -q apply -f - --auto-approve --skip-held --no-wait --profile 'p q'",
            "cenbwp plan -f - --skip-held --profile 'p q'",
            "cenbwp -q apply -f - --auto-approve --skip-held --no-wait --profile 'p q'",
        );
    }

    #[test]
    fn a_digest_is_not_repeated_where_another_plan_is_left() {
        let digest = format!("sha256:{}", "0".repeat(64));
        check(
            &["apply", "--max-purchases", "1", "--plan-digest", &digest, "--parallelism", "2"],
            &format!("cenbwp apply --max-purchases 1 --plan-digest {digest} --parallelism 2"),
            "cenbwp plan --max-purchases 1",
            "cenbwp apply --max-purchases 1 --parallelism 2",
        );
        check(&["apply", "p.json"], "cenbwp apply p.json", "cenbwp plan", "cenbwp apply p.json");
    }
}
