//! The command line: one command per file, one table of exit codes, one place that prints.
//!
//! | file | what it does |
//! |---|---|
//! | `validate`, `plan`, `show`, `apply` | the steps of a reconciliation |
//! | `status`, `export` | what is live, and a spec for it |
//! | `schema`, `explain`, `completions`, `man`, `version` | what the tool says of itself |
//! | `inputs`, `scope`, `connection` | spec files, planning flags, the way to the service |
//! | `approval`, `interrupt`, `progress` | the person at the terminal |
//! | `ending` | what is told last |
//! | `reports`, `output` | what goes where, and the one place that prints |

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
mod logs;
mod man;
mod output;
mod plan;
mod progress;
mod reports;
mod schema;
mod scope;
mod show;
mod status;
mod validate;
mod values;
mod version;

use std::process::ExitCode;
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

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
    let cli = match Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage(error).into(),
    };
    let environment = Environment::of_process();
    let output = Arc::new(Output::new(cli.global.color, cli.global.quiet, &environment));
    logs::start(&cli.global, &output);
    let (ended, buys) = match cli.command {
        Command::Validate(args) => (validate::run(&args, &environment, &output), false),
        Command::Plan(args) => (on_runtime(plan::run(&args, &environment, &output)), false),
        Command::Show(args) => (show::run(&args, &environment, &output), false),
        Command::Apply(args) => (on_runtime(apply::run(&args, &environment, &output)), true),
        Command::Status(args) => (on_runtime(status::run(&args, &environment, &output)), false),
        Command::Export(args) => (on_runtime(export::run(&args, &environment, &output)), false),
        Command::Schema(args) => (schema::run(&args, &output), false),
        Command::Explain(args) => (explain::run(&args, &output), false),
        Command::Completions(args) => (completions::run(&args, &output), false),
        Command::Man(args) => (man::run(&args, &output), false),
        Command::Version(args) => (version::run(&args, &output), false),
    };
    let exit = ended.unwrap_or_else(|failure| fail(&failure, &output));
    finish(exit, buys, &output).into()
}

/// Runs a command that talks to the network, on this thread.
fn on_runtime(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::with(Exit::Error))?;
    let ended = runtime.block_on(command);
    // A prompt that nobody answers must not keep the process.
    runtime.shutdown_background();
    ended
}

/// Says why a command ended early and what to type next.
fn fail(failure: &Failure, output: &Output) -> Exit {
    output.blame(&failure.error);
    if let Some(hint) = &failure.hint {
        output.complain(&format!("  hint: {}", cenbwp_diff::neutral(hint)));
    }
    failure.exit
}

/// A lost answer fails a command that only answers. It never turns an apply's code into one that
/// promises that nothing was bought.
fn finish(exit: Exit, buys: bool, output: &Output) -> Exit {
    match output.failure() {
        None => exit,
        Some(error) => {
            output.complain(&format!("{} the answer could not be written: {error}", output.label("error")));
            if buys { exit } else { Exit::Error }
        }
    }
}

/// Prints clap's own answer, or its complaint with our code for invalid input. What it quotes of the
/// arguments may hold terminal escapes, and a URL may hold a password.
fn usage(mut error: clap::Error) -> Exit {
    let quoted = error.context().filter_map(|(kind, value)| Some((kind, harmless(value)?)));
    let quoted: Vec<_> = quoted.collect();
    if !quoted.is_empty() {
        // It may quote the same text once more.
        error.remove(ContextKind::Suggested);
    }
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    // A closed pipe is no reason to fail.
    let _ = error.print();
    if error.use_stderr() { Exit::Invalid } else { Exit::Done }
}

/// What clap may quote instead, if it must not quote this.
fn harmless(value: &ContextValue) -> Option<ContextValue> {
    let ContextValue::String(text) = value else { return None };
    let is_private = text.contains("://") && text.contains(['@', '?']);
    let shown = if is_private { "[redacted]".into() } else { cenbwp_diff::neutral(text) };
    (shown != *text).then(|| ContextValue::String(shown.into_owned()))
}
