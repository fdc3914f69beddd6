//! The command line: one command per file, one table of exit codes, one place that prints.
//!
//! | file | what it does |
//! |---|---|
//! | `validate`, `plan`, `show`, `apply` | the steps of a reconciliation |
//! | `init`, `status`, `export` | write a first spec, list what is live, and write a spec for it |
//! | `doctor` | says what of credentials, network and permissions does not work |
//! | `stacks`, `git` | list the stacks of a spec, and what a commit range changed |
//! | `schema`, `explain`, `completions`, `man`, `version` | describe the tool itself |
//! | `session`, `planning` | the frame of every run, and the way from a spec to a plan |
//! | `inputs`, `saved`, `selection`, `scope`, `connection` | spec files, a saved plan, flags that select, plan and connect |
//! | `approval`, `interrupt`, `progress` | the person at the terminal: question, signals, progress line |
//! | `help` | the long help of each command, and its man page |
//! | `ending`, `leaving`, `usage`, `habits` | the end of a run: in order, at once, and before a command is known |
//! | `report_args`, `reports`, `outputs`, `output` | the flags for reports, where reports go, which files are written, and what prints |
//! | `process`, `logs`, `values`, `typed` | what all commands share |

mod apply;
mod approval;
mod completions;
mod connection;
mod doctor;
mod ending;
mod explain;
mod export;
mod git;
mod habits;
mod help;
mod init;
mod inputs;
mod interrupt;
mod leaving;
mod logs;
mod man;
mod output;
mod outputs;
mod plan;
mod planning;
mod process;
mod progress;
mod report_args;
mod reports;
mod saved;
mod schema;
mod scope;
mod selection;
mod session;
mod show;
mod stacks;
mod status;
mod typed;
mod usage;
mod validate;
mod values;
mod version;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::builder::Resettable;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::clock::Clock;
pub use crate::cloud::Environment;
use crate::exit::{Exit, Failure};
use help::Help;
use output::{Color, Output};
use process::{MORE_ROOM, Process};

/// Keeps Alibaba Cloud CEN bandwidth plans as a YAML file declares them, and never buys twice
#[derive(Debug, Parser)]
#[command(name = "cenbwp", version = version::LINE, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: GlobalArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct GlobalArgs {
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    /// Say only what went wrong, besides the answer
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(flatten)]
    log: logs::LogArgs,
}

/// Lists the commands: the name, and the file with its `Args` and its `run`.
macro_rules! commands {
    ($($Name:ident: $file:ident),* $(,)?) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($Name($file::Args)),*
        }

        /// The long help of each command, by its name.
        const HELPS: &[(&str, Help)] = &[$((stringify!($file), $file::HELP)),*];

        impl Command {
            fn run(&self, process: &Process<'_>) -> Result<Exit, Failure> {
                match self {
                    $(Self::$Name(args) => $file::run(args, process)),*
                }
            }
        }
    };
}

commands! {
    Init: init,
    Validate: validate,
    Plan: plan,
    Show: show,
    Apply: apply,
    Status: status,
    Export: export,
    Stacks: stacks,
    Doctor: doctor,
    Schema: schema,
    Explain: explain,
    Completions: completions,
    Man: man,
    Version: version,
}

/// The long help of the tool itself.
const HELP: Help = Help {
    description: "A spec in YAML declares the packages of a stack. `plan` shows how the account differs from it, and `apply` \
        closes the difference. There is no state file: a tag on each package names its owner. Packages are prepaid and cannot \
        be returned, so a purchase that could be a second one is held, and the plan says why.",
    examples: &[
        ("Write a first spec, and see what it would buy", "cenbwp init && cenbwp plan"),
        ("Carry it out, after a question", "cenbwp apply"),
        ("See what is live", "cenbwp status"),
    ],
    exits: &[
        Exit::Done,
        Exit::Error,
        Exit::Pending,
        Exit::Invalid,
        Exit::Refused,
        Exit::Stale,
        Exit::Partial,
        Exit::Unknown,
        Exit::Interrupted,
    ],
    see_also: &["init", "validate", "plan", "show", "apply", "status", "export", "doctor", "explain"],
};

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    interrupt::survive_full_files();
    let environment = Environment::of_process();
    let arguments = habits::with_help(std::env::args_os().collect());
    let tool = Cli::command();
    let matches = match habits::with_one_dash(&arguments, &tool) {
        Some(error) => Err(error),
        None => command_line(&environment).try_get_matches_from(&arguments),
    };
    let parsed = matches.and_then(|matches| {
        let commands = typed::commands(&tool, &matches, &arguments);
        Ok((Cli::from_arg_matches(&matches)?, commands))
    });
    let (cli, commands) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage::answer(error, &environment, &tool).into(),
    };
    let mut output = Output::new(cli.global.color, cli.global.quiet, &environment);
    output.whole = cli.global.log.verbose > 0;
    let output = Arc::new(output);
    leaving::prepare(&output);
    logs::start(&cli.global.log, cli.global.quiet, &output);
    let buys = matches!(cli.command, Command::Apply(_));
    let process = Process { environment: &environment, output: &output, tool, commands };
    let ended = start().and_then(|()| cli.command.run(&process));
    let exit = ended.unwrap_or_else(|failure| {
        usage::end_events(&failure, &output, &process.tool);
        output.fail(&failure);
        failure.exit
    });
    leaving::or_this(finish(exit, buys, &output).into())
}

/// Checks the clock and starts to handle signals, for every command.
fn start() -> Result<(), Failure> {
    Clock::System.check().map_err(Failure::with(Exit::Error))?;
    interrupt::start()
        .context("signals cannot be listened for")
        .map_err(Failure::with(Exit::Error))
        .map_err(|failure| failure.hint(MORE_ROOM))
}

/// Returns the long help of a command, or of the tool itself.
fn help_of(command: &clap::Command) -> Help {
    HELPS.iter().find(|(name, _)| *name == command.get_name()).map_or(HELP, |(_, help)| *help)
}

/// Returns the command line's parser. clap reads the variables of flags by itself and takes an empty one for
/// a value; to this tool an empty variable is unset, so it is removed.
fn command_line(environment: &Environment) -> clap::Command {
    let is_blank = |arg: &clap::Arg| {
        arg.get_env().and_then(std::ffi::OsStr::to_str).is_some_and(|name| environment.is_blank(name))
    };
    let complete = |command: clap::Command| help_of(&command).complete(command);
    complete(Cli::command()).mut_subcommands(|command| {
        complete(command).mut_args(|arg| if is_blank(&arg) { arg.env(Resettable::Reset) } else { arg })
    })
}

/// Fails a read-only command if stdout did not take the answer. An apply keeps its code: an error's code
/// would promise that nothing was bought.
fn finish(exit: Exit, buys: bool, output: &Output) -> Exit {
    match output.failure() {
        None => exit,
        Some(error) => {
            output.complain(&format!("{} the answer could not be written: {error}", output.label("error")));
            if buys { exit } else { Exit::Error }
        }
    }
}
