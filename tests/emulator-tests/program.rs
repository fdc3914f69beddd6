//! The socket and the program around it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use cenbwp_tests::{Config, Emulator, Request};
use serde_json::Value;

use crate::support::{PURCHASE, emulator, request};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cen-emulator");

/// Sends a request as it is and returns every byte of the answer.
fn exchange(url: &str, request: &Request) -> String {
    let mut text = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if request.header("host").is_none() {
        text.push_str("host: here\r\n");
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", request.body.len()));
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that is cut may end in a reset or in silence.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn document(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Makes one purchase over a socket under a fault, and returns the reply and the number of orders.
async fn over_http(fault: &str) -> (String, usize) {
    let emulator = Emulator::new(Config::default());
    let server = emulator.serve("127.0.0.1:0").await.unwrap();
    if !fault.is_empty() {
        emulator.fault(fault.parse().unwrap());
    }
    let request = request(&emulator, "CreateCenBandwidthPackage", &PURCHASE);
    let url = server.url();
    let answer = tokio::task::spawn_blocking(move || exchange(&url, &request)).await.unwrap();
    (answer, emulator.ledger().len())
}

#[tokio::test]
async fn a_purchase_over_http_is_answered() {
    let (answer, orders) = over_http("").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(document(&answer)["CenBandwidthPackageId"].as_str().unwrap().starts_with("cenbwp-"));
    assert_eq!(orders, 1);
}

#[tokio::test]
async fn a_cut_connection_has_no_answer_at_all() {
    assert_eq!(over_http("*:cut-before").await, (String::new(), 0));
    assert_eq!(over_http("*:cut-after").await, (String::new(), 1));
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_its_length_says() {
    let (answer, orders) = over_http("*:truncate").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(body.len() < length.parse().unwrap(), "{answer}");
    assert!(!body.is_empty());
    assert_eq!(orders, 1);
}

#[tokio::test]
async fn a_server_stops_when_it_is_dropped() {
    let server = Emulator::new(Config::default()).serve("127.0.0.1:0").await.unwrap();
    let address = server.url().trim_start_matches("http://").to_owned();
    drop(server);
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

/// A running program that is killed when it is dropped.
struct Running {
    child: Child,
    url: String,
    /// The lines below the address.
    lines: Vec<String>,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(args).env("ALIBABA_CLOUD_PROFILE", "of another account").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
        let first = lines.next().unwrap();
        let url = first.strip_prefix("listening on ").unwrap_or_else(|| panic!("{first:?}")).to_owned();
        // PATH is the last of the lines to paste.
        let mut below: Vec<String> = Vec::new();
        while !below.last().is_some_and(|line| line.starts_with("export PATH=")) {
            below.push(lines.next().unwrap());
        }
        Self { child, url, lines: below }
    }

    fn signal(mut self, name: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_program_stops_on_either_signal() {
    for name in ["TERM", "INT"] {
        assert_eq!(Running::start(&[]).signal(name), Some(0), "{name}");
    }
}

#[test]
fn the_state_outlives_a_killed_program() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let args = ["--state", state.to_str().unwrap()];
    let clock = Emulator::new(Config::default());

    let first = Running::start(&args);
    exchange(&first.url, &request(&clock, "CreateCenBandwidthPackage", &PURCHASE));
    assert_eq!(first.signal("KILL"), None);

    let second = Running::start(&args);
    let again = exchange(&second.url, &request(&clock, "CreateCenBandwidthPackage", &PURCHASE));
    let ledger = document(&exchange(&second.url, &Request::get("/_emulator/ledger")));
    assert_eq!(ledger.as_array().unwrap().len(), 1);
    assert_eq!(ledger[0]["package_id"], document(&again)["CenBandwidthPackageId"]);
    assert_eq!(files(folder.path()), ["state.json"]);
}

fn files(folder: &Path) -> Vec<String> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn scripts_can_look_inside() {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulator-tests/recorded.json");
    let running = Running::start(&["--seed-file", seed.to_str().unwrap()]);
    let look = |what: &str| document(&exchange(&running.url, &Request::get(&format!("/_emulator/{what}"))));
    assert_eq!(look("packages")[0]["id"], "cenbwp-4c2zaavbvh5x****");
    assert_eq!(look("ledger"), Value::Array(Vec::new()));
    exchange(&running.url, &Request::get("/?Action=DescribeCens&PageSize=7"));
    let log = look("requests");
    assert_eq!((&log[0]["action"], &log[0]["params"]["PageSize"]), (&"DescribeCens".into(), &"7".into()));
    assert_eq!(log[0]["outcome"]["answered"]["code"], "IncompleteSignature");
}

#[test]
fn a_termination_is_handed_on_to_the_command_which_decides() {
    let script = "trap 'exit 5' TERM; echo ready; while :; do :; done";
    let mut child =
        Command::new(PROGRAM).args(["--", "sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let running = Running { child, url: String::new(), lines: Vec::new() };
    assert_eq!(running.signal("TERM"), Some(5));
}

fn run(args: &[&str], command: &str) -> Output {
    let mut program = Command::new(PROGRAM);
    program.args(args).args(["--", "sh", "-c", command]);
    program.env("ALICLOUD_SECRET_KEY", "of somebody").env("ALIBABA_CLOUD_SECURITY_TOKEN", "of somebody");
    program.output().unwrap()
}

#[test]
fn a_command_runs_against_the_emulator_and_decides_the_exit_code() {
    for (command, code) in [("exit 0", 0), ("exit 7", 7), ("kill -s KILL $$", 137)] {
        assert_eq!(run(&[], command).status.code(), Some(code), "{command}");
    }
}

#[test]
fn a_command_sees_the_endpoints_and_one_key_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("url");
    let output = run(&["--ready-file", ready.to_str().unwrap()], "env | grep -E '^(AL|CENBWP)' | sort");
    let url = std::fs::read_to_string(&ready).unwrap();
    let expected = format!(
        "ALIBABA_CLOUD_ACCESS_KEY_ID={}\nALIBABA_CLOUD_ACCESS_KEY_SECRET={}\n\
         CENBWP_BILLING_ENDPOINT={url}\nCENBWP_ENDPOINT={url}\nCENBWP_PRICE_ENDPOINT={url}\nCENBWP_STS_ENDPOINT={url}\n",
        Config::KEY_ID,
        Config::KEY_SECRET
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

/// Returns the lines of a program that another shell takes.
fn to_paste(running: &Running) -> Vec<&str> {
    let is_command = |line: &&str| line.starts_with("export ") || line.starts_with("unset ");
    running.lines.iter().map(String::as_str).filter(is_command).collect()
}

#[test]
fn alone_it_prints_what_a_command_would_get() {
    let look = "env | grep -E '^(AL|CENBWP|SSL|PATH=)' | sort";
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("it's.pem").to_str().unwrap().to_owned();
    for args in [&[][..], &["--tls-certificate", &certificate]] {
        let running = Running::start(args);
        let paste = to_paste(&running).join("\n");
        let mut other = Command::new("sh");
        other.args(["-c", &format!("{paste}\n{look}")]).env("ALIBABA_CLOUD_PROFILE", "of another account");
        let pasted = String::from_utf8(other.output().unwrap().stdout).unwrap();
        let around = String::from_utf8(run(args, look).stdout).unwrap();
        let port = |text: &str| text.split(':').nth(2).unwrap().split('\n').next().unwrap().to_owned();
        assert_eq!(pasted.replace(&port(&pasted), "PORT"), around.replace(&port(&around), "PORT"));
        assert!(pasted.contains(&format!("CENBWP_ENDPOINT={}\n", running.url)), "{pasted}");
        assert!(pasted.contains(Config::KEY_SECRET), "{pasted}");
    }
}

#[test]
fn a_key_that_was_given_is_never_printed() {
    let running = Running::start(&["--key", "LTAI5tOfAPerson:secretOfAPerson:tokenOfAPerson"]);
    let text = running.lines.join("\n");
    assert!(!text.contains("OfAPerson"), "{text}");
    assert!(text.contains("# set the access key that --key names, too"), "{text}");
}

#[test]
fn programs_beside_it_are_found_by_the_command() {
    // It lies beside itself, and in no folder of this PATH.
    let status =
        Command::new(PROGRAM).args(["--", "cen-emulator", "--version"]).env("PATH", "/bin").status().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_seed_is_refused_where_it_would_be_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("cloud.json").to_str().unwrap().to_owned();
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulator-tests/recorded.json");
    let seed = seed.to_str().unwrap();
    // Once there is no state, the seed is taken; then it is saved as the state.
    let first = run(&["--state", &state, "--seed-file", seed], "true");
    assert!(first.status.success(), "{}", String::from_utf8(first.stderr).unwrap());
    let saved = std::fs::read_to_string(&state).unwrap();
    assert!(saved.contains("cenbwp-4c2zaavbvh5x****"), "{saved}");
    for flag in [["--seed-file", seed], ["--sample", "1"]] {
        let again = run(&[&["--state", &state][..], &flag[..]].concat(), "true");
        let text = String::from_utf8(again.stderr).unwrap();
        assert!(!again.status.success(), "{flag:?}");
        let expected = format!("{state} is there already, so {} would be ignored", flag[0]);
        assert!(text.contains(&expected) && text.contains(&format!("rm {state}")), "{text}");
        assert_eq!(std::fs::read_to_string(&state).unwrap(), saved);
    }
    assert!(run(&["--state", &state], "true").status.success());
    // A saved state is a whole world, so nothing may be loaded before it.
    assert!(run(&["--seed-file", &state, "--seed-file", seed], "true").status.success());
    let text = String::from_utf8(run(&["--seed-file", seed, "--seed-file", &state], "true").stderr).unwrap();
    assert!(text.contains("name it first"), "{text}");
}

#[test]
fn what_cannot_be_started_is_said_in_one_line() {
    for (args, expected) in [
        (["--fault", "Create:cut-after"], "expected * or one of CreateCenBandwidthPackage, DescribeCen"),
        (["--seed-file", "absent.json"], "cannot read seed absent.json"),
        (["--visible-after", "soon"], "neither a number of listings nor a time"),
        (["--listen", "nowhere"], "cannot listen on nowhere"),
    ] {
        let output = Command::new(PROGRAM).args(args).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(text.lines().next().unwrap().contains(expected), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn looking_inside_leaves_no_trace() {
    let emulator = emulator(|_| {});
    let reply = emulator.handle(Request::get("/_emulator/ledger")).await;
    assert_eq!(reply.status(), Some(200));
    assert_eq!(emulator.handle(Request::get("/_emulator/secrets")).await.status(), Some(404));
    assert!(emulator.requests().is_empty());
}
