//! Help for users of Terraform and kubectl: what they type by habit, and its counterpart here.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::inputs::advice_on_saved_plan;
use crate::files::typed;

/// Commands of other tools.
const COMMANDS: [(&str, &str); 15] = [
    ("destroy", RETIRE),
    ("delete", RETIRE),
    ("import", "`cenbwp export` writes a spec that adopts the packages that exist"),
    ("fmt", "a spec keeps its own layout: `cenbwp validate -f PATH` checks it"),
    ("lint", "`cenbwp validate -f PATH` checks a spec"),
    ("refresh", NO_STATE),
    ("state", NO_STATE),
    ("taint", "to buy a package anew, raise `generation` in its spec"),
    ("get", "`cenbwp status` lists the packages"),
    ("list", "`cenbwp status` lists the packages"),
    ("describe", "`cenbwp status` lists the packages"),
    ("diff", "`cenbwp plan -f PATH` shows what would change"),
    ("create", "`cenbwp apply -f PATH` buys what is declared and missing"),
    ("graph", "`cenbwp plan --report html=FILE` draws the areas"),
    ("output", "`cenbwp status --json` prints the packages"),
];

const RETIRE: &str = "a package ends by its spec: write `manage: retire` for it, and apply";
const NO_STATE: &str = "no state file is kept: every plan reads the account, and `cenbwp status` shows it";

/// Flags of other tools.
const FLAGS: [(&str, &str); 17] = [
    ("--yes", APPROVE),
    ("-y", APPROVE),
    ("--force", APPROVE),
    ("--approve", APPROVE),
    ("--auto-apply", APPROVE),
    ("-o", OUTPUT),
    ("--output", OUTPUT),
    ("-output", OUTPUT),
    ("--destroy", RETIRE),
    ("-destroy", RETIRE),
    ("--dry-run", "`cenbwp plan` changes nothing"),
    ("-var", NO_VARIABLES),
    ("-var-file", NO_VARIABLES),
    ("--var", NO_VARIABLES),
    ("--var-file", NO_VARIABLES),
    ("--prune", "what is not declared is never removed; write `manage: retire` for what has to end"),
    ("--replace", "to buy a package anew, raise `generation` in its spec"),
];

const APPROVE: &str = "to apply without being asked: `--auto-approve`";
const OUTPUT: &str = "`--out FILE` saves a plan, `--json` prints events, `--report FORM` prints a report";
const NO_VARIABLES: &str = "a spec has no variables: render it first, and pass it with `-f -`";

/// Returns the command line with `help COMMAND`, the form of cargo and kubectl, as `COMMAND --help`. clap's own command of
/// this name would be listed, and would need a page of its own.
pub(super) fn with_help(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|argument| argument == "help") {
        arguments.remove(1);
        arguments.push("--help".into());
    }
    arguments
}

/// Replaces clap's advice by better advice, where there is some, and its usage by that of the command alone: clap
/// lists each flag whose variable is set as if it were required.
pub(super) fn advise(error: &mut clap::Error, arguments: &[String], tool: &clap::Command) {
    let command = arguments.iter().find_map(|name| tool.find_subcommand(name));
    if error.get(ContextKind::Usage).is_some() {
        let usage = match command {
            Some(command) => {
                command.clone().bin_name(format!("cenbwp {}", command.get_name())).render_usage()
            }
            None => tool.clone().render_usage(),
        };
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else { return };
            of(&COMMANDS, name).map(str::to_owned)
        }
        ErrorKind::UnknownArgument => {
            let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return };
            of_argument(unknown, arguments, command)
        }
        _ => None,
    };
    if let Some(tip) = tip {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
}

/// Returns the advice for an argument that the command does not know.
fn of_argument(unknown: &str, arguments: &[String], command: Option<&clap::Command>) -> Option<String> {
    let file = command.and_then(|command| without_flag(unknown, arguments, command));
    if file.is_some() {
        return file;
    }
    let known = arguments.iter().find_map(|argument| of(&FLAGS, name(argument)));
    if let Some(known) = known {
        return Some(known.to_owned());
    }
    let takes_files =
        command.is_some_and(|command| command.get_arguments().any(|arg| arg.get_id() == "file"));
    let path = Path::new(unknown);
    let is_named = || format!("a spec is named with -f: `-f {}`", typed(path));
    (takes_files && !unknown.starts_with('-')).then(|| advice_on_saved_plan(path).unwrap_or_else(is_named))
}

/// Returns the advice for a file that is named with the flag of another command.
fn without_flag(unknown: &str, arguments: &[String], command: &clap::Command) -> Option<String> {
    let flag = name(unknown);
    if !["init", "show"].contains(&command.get_name()) || !["-f", "--file", "-o", "--out"].contains(&flag) {
        return None;
    }
    let at = arguments.iter().position(|argument| name(argument) == flag)?;
    let joined = arguments[at].split_once('=').map(|(_, file)| file);
    let file = joined.or_else(|| arguments.get(at + 1).map(String::as_str))?;
    let command = command.get_name();
    Some(format!("the file is named without a flag: `cenbwp {command} {}`", typed(Path::new(file))))
}

/// Returns the name of a flag without its value.
fn name(argument: &str) -> &str {
    argument.split_once('=').map_or(argument, |(name, _)| name)
}

fn of(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == word).map(|(_, advice)| *advice)
}

/// Returns the error for a flag with one dash. clap would read `-out=FILE` as `-o ut=FILE`, and save there.
pub(super) fn with_one_dash(arguments: &[OsString], tool: &clap::Command) -> Option<clap::Error> {
    let typed = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    let (argument, meant) = typed.map(|argument| argument.to_string_lossy()).find_map(|argument| {
        let meant = with_two_dashes(&argument, tool)?;
        Some((name(&argument).to_owned(), meant))
    })?;
    let mut error = clap::Error::new(ErrorKind::UnknownArgument).with_cmd(tool);
    let tip = StyledStr::from(format!("flags have two dashes: `{meant}`"));
    error.insert(ContextKind::InvalidArg, ContextValue::String(argument));
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    error.insert(ContextKind::Usage, ContextValue::StyledStr(tool.clone().render_usage()));
    Some(error)
}

/// Returns the flag that is meant by an argument with one dash, Terraform's form: `-auto-approve`.
fn with_two_dashes(argument: &str, tool: &clap::Command) -> Option<String> {
    let name = name(argument).strip_prefix('-').filter(|name| name.len() > 1 && !name.starts_with('-'))?;
    let is_known =
        |command: &clap::Command| command.get_arguments().any(|flag| flag.get_long() == Some(name));
    (is_known(tool) || tool.get_subcommands().any(is_known)).then(|| format!("--{name}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn tool() -> clap::Command {
        crate::cli::Cli::command()
    }

    /// Returns clap's answer to a command line, with the advice.
    fn answer(typed: &str) -> String {
        let arguments: Vec<String> = typed.split_whitespace().map(str::to_owned).collect();
        let typed_so: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let parse = || tool().try_get_matches_from(&arguments).expect_err(typed);
        let mut error = with_one_dash(&typed_so, &tool()).unwrap_or_else(parse);
        advise(&mut error, &arguments[1..], &tool());
        error.render().to_string()
    }

    #[test]
    fn a_flag_with_one_dash_is_known_by_its_name() {
        for (typed, meant) in [
            ("-auto-approve", Some("--auto-approve")),
            ("-out=plan.json", Some("--out")),
            ("-target", Some("--target")),
            ("-detailed-exitcode", Some("--detailed-exitcode")),
            ("-f", None),
            ("--out", None),
            ("-", None),
            ("-bogus", None),
            ("plan", None),
        ] {
            assert_eq!(with_two_dashes(typed, &tool()).as_deref(), meant, "{typed}");
        }
    }

    #[test]
    fn habits_of_other_tools_are_answered_with_what_to_type_here() {
        for (typed, tip) in [
            ("cenbwp apply -auto-approve", "flags have two dashes: `--auto-approve`"),
            ("cenbwp plan -target=net/x", "flags have two dashes: `--target`"),
            ("cenbwp plan -out=plan.json", "flags have two dashes: `--out`"),
            ("cenbwp validate -o json", OUTPUT),
            ("cenbwp apply plan.json --yes", APPROVE),
            ("cenbwp apply -y", APPROVE),
            ("cenbwp plan -destroy", RETIRE),
            ("cenbwp plan -var x=1", NO_VARIABLES),
            ("cenbwp plan cen.yaml", "a spec is named with -f: `-f cen.yaml`"),
            ("cenbwp validate it's.yaml", "a spec is named with -f: `-f \"it's.yaml\"`"),
            ("cenbwp destroy", RETIRE),
            ("cenbwp import cenbwp-1", "`cenbwp export` writes a spec"),
            ("cenbwp fmt", "`cenbwp validate -f PATH`"),
            ("cenbwp refresh", NO_STATE),
            ("cenbwp get", "`cenbwp status`"),
        ] {
            let answer = answer(typed);
            assert!(answer.contains(&format!("tip: {tip}")) || answer.contains(tip), "{typed}: {answer}");
            assert_eq!(answer.matches("tip:").count(), 1, "{typed}: {answer}");
        }
    }

    #[test]
    fn a_flag_that_nothing_resembles_has_no_advice() {
        assert!(!answer("cenbwp plan --zzzzzz").contains("tip: flags"), "{}", answer("cenbwp plan --zzzzzz"));
    }
}
