//! `cen-emulator`: the emulated service as a program, alone or around a command.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "the comments of arguments are help texts, where brackets are options"
)]

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use cenbwp_tests::auth::AccessKey;
use cenbwp_tests::{Config, Emulator, Fault, Semantics, TokenSemantics, sample};
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Emulates Alibaba Cloud's CEN bandwidth package service, its token service, its billing service and its estimate of
/// prices on one port.
///
/// With a command after `--` it runs that command against itself and ends with its exit code: `cen-emulator -- bash`
/// opens a shell in which cenbwp works. CENBWP_ENDPOINT, CENBWP_STS_ENDPOINT, CENBWP_BILLING_ENDPOINT,
/// CENBWP_PRICE_ENDPOINT and an access key are set, other credential variables of the vendor's are removed, and the folder of this program comes first in PATH. Alone, it prints
/// the address it listens on, and the lines that set the same in another shell, and runs until SIGINT or SIGTERM.
///
/// The access key is a dummy that is built in: LTAI5tEmulatorAccessKeyId, and its secret EmulatorSecretKey0123456789abc.
///
/// The cloud is empty. Packages and CENs to begin with come from --seed-file, in the form of the service's answers: a
/// file {"Cens":{"Cen":[{"CenId":"cen-1"}]}} makes one CEN.
///
/// GET /_emulator/ledger, /_emulator/requests and /_emulator/packages show what happened, as JSON.
#[derive(Parser)]
#[command(name = "cen-emulator", version)]
struct Args {
    /// Address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
    /// Recorded Describe answers (packages or CENs) or a saved state to begin with; may be repeated, a state first
    #[arg(long, value_name = "FILE")]
    seed_file: Vec<PathBuf>,
    /// Begin with packages that were never bought: so many as a sample spec declares, and so many of another stack; in each
    /// other account so many of a stack of its own
    #[arg(long, value_name = "OURS[+OTHERS]", value_parser = sizes)]
    sample: Option<(usize, usize)>,
    /// Write the spec that declares the first number of --sample to this file
    #[arg(long, value_name = "FILE", requires = "sample")]
    sample_spec: Option<PathBuf>,
    /// Continue with the state in this file if it is there, and save it there after every change
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Write the URL to this file once listening
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Speak TLS, with a certificate that is made now and written to this file; a command finds it in SSL_CERT_FILE
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// Something that goes wrong, ACTION[@WHEN]:EFFECT[=VALUE]; may be repeated
    ///
    /// ACTION is an operation or *; WHEN is 2 (the second call), 2-, 2-4 or 10%; EFFECT is latency=300ms, slow=2s,
    /// throttle[=MS], refuse=STATUS/CODE, fail-after=STATUS/CODE, cut-before, cut-after, truncate, total-count=N,
    /// shift=N or unreadable=N. The first purchase is carried out, and its answer is lost:
    /// --fault CreateCenBandwidthPackage@1:cut-after
    #[arg(long, value_name = "SPEC")]
    fault: Vec<Fault>,
    /// The meaning of a ClientToken that was seen before
    #[arg(long, value_enum, default_value = "strict")]
    token_semantics: Tokens,
    /// A token whose request was accepted and failed is spent
    #[arg(long)]
    failed_tokens_remembered: bool,
    /// New packages appear after so many listings (3) or so much time (500ms)
    #[arg(long, value_name = "N|TIME", default_value = "0", value_parser = delay)]
    visible_after: Delay,
    /// Tags of new packages appear after so many listings or so much time
    #[arg(long, value_name = "N|TIME", default_value = "0", value_parser = delay)]
    tags_after: Delay,
    /// List packages whose order is unpaid
    #[arg(long)]
    list_unpaid: bool,
    /// Every answer takes this much longer
    #[arg(long, value_name = "TIME", value_parser = latency)]
    latency: Option<Fault>,
    /// The account everything belongs to
    #[arg(long, value_name = "ID", default_value = "1234567890123456")]
    account_id: String,
    /// Another account, whose role acs:ram::ID:role/cenbwp the built-in user may take; may be repeated. Its packages are
    /// its own, and --state does not keep them
    #[arg(long, value_name = "ID")]
    other_account: Vec<String>,
    /// Access key to accept instead of the built-in dummy, ID:SECRET[:TOKEN]; may be repeated
    #[arg(long, value_name = "KEY", value_parser = access_key)]
    key: Vec<AccessKey>,
    /// Decides ids and faults by chance
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,
    /// The command to run against the emulator
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tokens {
    Strict,
    Replay,
    New,
}

/// Either a number of listings or a time.
#[derive(Clone, Copy)]
struct Delay {
    listings: u64,
    time: Duration,
}

fn delay(text: &str) -> Result<Delay, String> {
    if let Ok(listings) = text.parse() {
        return Ok(Delay { listings, time: Duration::ZERO });
    }
    let time = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    let time =
        time.ok_or_else(|| format!("{text:?} is neither a number of listings nor a time like 500ms"))?;
    Ok(Delay { listings: 0, time })
}

fn sizes(text: &str) -> Result<(usize, usize), String> {
    let (ours, others) = text.split_once('+').unwrap_or((text, "0"));
    match (ours.parse(), others.parse()) {
        (Ok(ours), Ok(others)) => Ok((ours, others)),
        _ => Err(format!("{text:?} is not a number of packages like 50 or 50+19950")),
    }
}

fn latency(text: &str) -> Result<Fault, String> {
    format!("*:latency={text}").parse()
}

fn access_key(text: &str) -> Result<AccessKey, String> {
    let mut parts = text.splitn(3, ':').filter(|part| !part.is_empty());
    let (Some(id), Some(secret)) = (parts.next(), parts.next()) else {
        return Err("expected ID:SECRET or ID:SECRET:TOKEN".into());
    };
    Ok(AccessKey { security_token: parts.next().map(str::to_owned), ..AccessKey::new(id, secret) })
}

#[tokio::main]
async fn main() -> ExitCode {
    serve(&Args::parse()).await.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn serve(args: &Args) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let emulator = start(args)?;
    let server = match &args.tls_certificate {
        None => emulator.serve(&args.listen).await,
        Some(_) => emulator.serve_tls(&args.listen).await,
    };
    let server = server.with_context(|| format!("cannot listen on {}", args.listen))?;
    if let (Some(file), Some(certificate)) = (&args.tls_certificate, server.certificate()) {
        std::fs::write(file, certificate).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if let Some(file) = &args.ready_file {
        std::fs::write(file, server.url()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if args.command.is_empty() {
        // Even with a closed stdout there may be clients to serve.
        let _ = write!(std::io::stdout(), "{}", announcement(args, &server.url(), &emulator)?);
        signals.any().await;
        return Ok(ExitCode::SUCCESS);
    }
    run(child_of(args, &server.url(), &emulator)?, &args.command[0], signals).await
}

fn start(args: &Args) -> anyhow::Result<Emulator> {
    let mut config = Config { account_id: args.account_id.clone(), seed: args.seed, ..Config::default() };
    if !args.key.is_empty() {
        config.keys.clone_from(&args.key);
    }
    if !args.other_account.is_empty() && args.key.is_empty() {
        // The account itself may take no role, so the user's key comes first.
        config.keys.reverse();
    }
    for account in &args.other_account {
        config.access.add_account(account);
    }
    config.semantics = Semantics {
        tokens: match args.token_semantics {
            Tokens::Strict => TokenSemantics::Strict,
            Tokens::Replay => TokenSemantics::Replay,
            Tokens::New => TokenSemantics::New,
        },
        failed_remembered: args.failed_tokens_remembered,
        visible_after_listings: args.visible_after.listings,
        visible_after: args.visible_after.time,
        tags_after_listings: args.tags_after.listings,
        tags_after: args.tags_after.time,
        list_unpaid: args.list_unpaid,
        ..Semantics::default()
    };
    refuse_two_beginnings(args)?;
    let emulator = Emulator::new(config);
    for file in &args.seed_file {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read seed {}", file.display()))?;
        emulator.seed(&text).with_context(|| format!("seed {}", file.display()))?;
    }
    if let Some((ours, others)) = args.sample {
        emulator.edit(|world| world.packages.extend(sample::packages(ours, others)));
        for account in &args.other_account {
            let packages = sample::packages_of(&sample::stack_in(account), ours);
            emulator.edit_account(account, |world| world.packages.extend(packages));
        }
        if let Some(file) = &args.sample_spec {
            let spec = sample::spec(ours);
            std::fs::write(file, spec).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    if let Some(file) = &args.state {
        emulator.keep_state(file).with_context(|| format!("state {}", file.display()))?;
    }
    for fault in args.latency.iter().chain(&args.fault) {
        emulator.fault(fault.clone());
    }
    Ok(emulator)
}

/// Refuses a beginning that would be ignored, because the state is there already.
fn refuse_two_beginnings(args: &Args) -> anyhow::Result<()> {
    let Some(state) = args.state.as_ref().filter(|state| state.exists()) else { return Ok(()) };
    let beginning = [("--seed-file", !args.seed_file.is_empty()), ("--sample", args.sample.is_some())];
    let Some((flag, _)) = beginning.into_iter().find(|(_, given)| *given) else { return Ok(()) };
    let state = state.display();
    anyhow::bail!(
        "{state} is there already, so {flag} would be ignored; to continue with that state, leave {flag} out; to begin \
         anew: rm {state}"
    )
}

/// The signals, listened for before the address is announced, so that its reader can stop the program at
/// once.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Runs the command and returns its exit code; 128 plus the signal's number if a signal ended it.
///
/// An interrupt at the terminal reaches the command by itself; a SIGTERM is passed on to it. Either way the
/// command decides when it ends.
async fn run(
    mut command: tokio::process::Command,
    program: &OsStr,
    mut signals: Signals,
) -> anyhow::Result<ExitCode> {
    let program = program.display();
    let mut child = command.spawn().with_context(|| format!("cannot run {program}"))?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.with_context(|| format!("cannot wait for {program}"))?,
            _ = signals.interrupt.recv() => {}
            _ = signals.terminate.recv() => {
                if let Some(id) = child.id() {
                    let _ = tokio::process::Command::new("kill").arg(id.to_string()).status().await;
                }
            }
        }
    };
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    let code = status.code().or(signal.map(|number| 128 + number)).unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn child_of(args: &Args, url: &str, emulator: &Emulator) -> anyhow::Result<tokio::process::Command> {
    let mut child = tokio::process::Command::new(&args.command[0]);
    child.args(&args.command[1..]);
    for name in of_the_vendor() {
        child.env_remove(name);
    }
    child.envs(settings(args, url)).envs(key_settings(&emulator.config().keys[0]));
    let path = std::env::vars_os().find(|(name, _)| name == "PATH").unwrap_or_default().1;
    let path = std::env::join_paths(std::iter::once(folder()?).chain(std::env::split_paths(&path)))
        .context("cannot add the folder of this program to PATH")?;
    child.env("PATH", path);
    Ok(child)
}

/// Returns the address, and the lines that make another shell use it. A key of `--key` may be a real one, so it is
/// not printed.
fn announcement(args: &Args, url: &str, emulator: &Emulator) -> anyhow::Result<String> {
    let mut text = format!("listening on {url}\nTo use it from another shell, paste these lines there:\n\n");
    for name in of_the_vendor() {
        text.push_str(&format!("unset {name}\n"));
    }
    let key = if args.key.is_empty() { key_settings(&emulator.config().keys[0]) } else { Vec::new() };
    for (name, value) in settings(args, url).into_iter().chain(key) {
        text.push_str(&format!("export {name}={}\n", quoted(&value)?));
    }
    if !args.key.is_empty() {
        text.push_str("# set the access key that --key names, too\n");
    }
    text.push_str(&format!("export PATH={}:\"$PATH\"\n", quoted(folder()?.as_os_str())?));
    Ok(text)
}

fn quoted(value: &OsStr) -> anyhow::Result<String> {
    let value = value.to_str().with_context(|| format!("{} is not UTF-8", value.display()))?;
    Ok(shlex::try_quote(value)?.into_owned())
}

/// Returns the folder of this program, where `cenbwp` is built, too.
fn folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("cannot find the folder of this program")?;
    Ok(program.parent().context("this program is in no folder")?.to_owned())
}

/// Returns the variables that lead to this emulator.
fn settings(args: &Args, url: &str) -> Vec<(&'static str, OsString)> {
    let services =
        ["CENBWP_ENDPOINT", "CENBWP_STS_ENDPOINT", "CENBWP_BILLING_ENDPOINT", "CENBWP_PRICE_ENDPOINT"];
    let mut settings: Vec<_> = services.map(|name| (name, url.into())).into();
    // The other shell may be in another folder.
    let certificate = args.tls_certificate.as_ref().and_then(|file| std::path::absolute(file).ok());
    settings.extend(certificate.map(|file| ("SSL_CERT_FILE", file.into())));
    settings
}

fn key_settings(key: &AccessKey) -> Vec<(&'static str, OsString)> {
    let mut settings = vec![
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", (&key.id).into()),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", (&key.secret).into()),
    ];
    settings.extend(key.security_token.iter().map(|token| ("ALIBABA_CLOUD_SECURITY_TOKEN", token.into())));
    settings
}

/// Returns the names of the vendor's variables that are set here. They belong to another account.
fn of_the_vendor() -> Vec<String> {
    let is_vendors =
        |name: &String| ["ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_"].iter().any(|p| name.starts_with(p));
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(is_vendors).collect()
}
