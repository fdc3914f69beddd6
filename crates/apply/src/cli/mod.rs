//! The command line: one command per file, one table of exit codes, one place that prints.
//!
//! | file | what it does |
//! |---|---|
//! | `validate`, `plan`, `show`, `apply` | the steps of a reconciliation |
//! | `status`, `export` | list what is live, and write a spec for it |
//! | `schema`, `explain`, `completions`, `man`, `version` | describe the tool itself |
//! | `inputs`, `saved`, `scope`, `connection` | spec files, a saved plan, planning flags, connection flags |
//! | `approval`, `interrupt`, `progress` | the person at the terminal: question, signals, progress line |
//! | `ending`, `leaving`, `usage` | the end of a run: in order, at once, and before a command is known |
//! | `reports`, `outputs`, `output` | where reports go, which files are written, and what prints |

mod apply;
mod approval;
mod completions;
mod connection;
mod ending;
mod environment;
mod explain;
mod export;
mod inputs;
mod interrupt;
mod leaving;
mod logs;
mod man;
mod output;
mod outputs;
mod plan;
mod progress;
mod reports;
mod saved;
mod schema;
mod scope;
mod show;
mod status;
mod usage;
mod validate;
mod values;
mod version;

use std::io;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::builder::Resettable;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::clock::Clock;
pub use crate::cloud::Environment;
use crate::exit::{Exit, Failure};
use output::{Color, Output};

use crate::report::run::plural;

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
    /// Log what is done, to stderr; repeat for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Form of the log
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    log_format: logs::LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    Validate(validate::Args),
    Plan(plan::Args),
    Show(show::Args),
    Apply(apply::Args),
    Status(status::Args),
    Export(export::Args),
    Schema(schema::Args),
    Explain(explain::Args),
    Completions(completions::Args),
    Man(man::Args),
    Version(version::Args),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    interrupt::survive_full_files();
    let environment = Environment::of_process();
    let matches = command_line(&environment).try_get_matches();
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage::answer(error, &environment).into(),
    };
    let output = Arc::new(Output::new(cli.global.color, cli.global.quiet, &environment));
    leaving::prepare(&output);
    logs::start(&cli.global, &output);
    let buys = matches!(cli.command, Command::Apply(_));
    let ended = start().and_then(|()| run(cli.command, &environment, &output));
    let exit = ended.unwrap_or_else(|failure| {
        usage::end_events(&failure, &output);
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

/// Runs this command.
fn run(command: Command, environment: &Environment, output: &Arc<Output>) -> Result<Exit, Failure> {
    match command {
        Command::Validate(args) => validate::run(&args, environment, output),
        Command::Plan(args) => on_runtime(plan::run(&args, environment, output)),
        Command::Show(args) => show::run(&args, environment, output),
        Command::Apply(args) => on_runtime(apply::run(&args, environment, output)),
        Command::Status(args) => on_runtime(status::run(&args, environment, output)),
        Command::Export(args) => on_runtime(export::run(&args, environment, output)),
        Command::Schema(args) => schema::run(&args, output),
        Command::Explain(args) => explain::run(&args, output),
        Command::Completions(args) => completions::run(&args, output),
        Command::Man(args) => man::run(&args, output),
        Command::Version(args) => version::run(&args, output),
    }
}

/// The hint for a process that may not open another file or start another thread.
const MORE_ROOM: &str = "the limits of this process are too small; raise them: ulimit -n 64";

/// Returns the command line's parser. clap reads the variables of flags by itself and takes an empty one for
/// a value; to this tool an empty variable is unset, so it is removed.
fn command_line(environment: &Environment) -> clap::Command {
    let is_blank = |arg: &clap::Arg| {
        arg.get_env().and_then(std::ffi::OsStr::to_str).is_some_and(|name| environment.is_blank(name))
    };
    Cli::command().mut_subcommands(|command| {
        command.mut_args(|arg| if is_blank(&arg) { arg.env(Resettable::Reset) } else { arg })
    })
}

/// Runs a command that talks to the network, on this thread.
fn on_runtime(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = room_for_a_runtime()
        .and_then(|()| tokio::runtime::Builder::new_current_thread().enable_all().build())
        .context("the run cannot begin")
        .map_err(Failure::with(Exit::Error))
        .map_err(|failure| failure.hint(MORE_ROOM))?;
    let ended = runtime.block_on(command);
    // A prompt without an answer must not keep the process alive.
    runtime.shutdown_background();
    ended
}

/// Opens, for a trial, as many files as a runtime needs for its own signals: it panics if it cannot have
/// them.
fn room_for_a_runtime() -> io::Result<()> {
    let (_first, _second, _third) = (UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?);
    Ok(())
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
