//! The log of a run, on stderr.

use std::sync::Arc;

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::output::{LogWriter, Output};

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One object per line.
    Json,
}

/// The flags for the log.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct LogArgs {
    /// Show every package of a plan by itself, and log what is done to stderr; repeat for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Form of the log
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    log_format: LogFormat,
}

/// Starts the log. It takes only this tool's own events: those of the libraries may hold headers.
pub(super) fn start(args: &LogArgs, quiet: bool, output: &Arc<Output>) {
    let level = match (quiet, args.verbose) {
        (true, _) => Level::ERROR,
        (false, 0) => Level::WARN,
        (false, 1) => Level::INFO,
        (false, _) => Level::DEBUG,
    };
    let writer = Arc::clone(output);
    let is_json = args.log_format == LogFormat::Json;
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || LogWriter { output: Arc::clone(&writer), is_json })
        .with_target(false);
    let layer = match args.log_format {
        LogFormat::Text => layer.without_time().with_ansi(output.story_color).boxed(),
        LogFormat::Json => layer.json().with_ansi(false).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(Targets::new().with_target("cenbwp", level)))
        .init();
}
