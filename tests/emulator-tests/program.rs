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
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM).args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, url }
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
    let running = Running { child, url: String::new() };
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
         CENBWP_ENDPOINT={url}\nCENBWP_STS_ENDPOINT={url}\n",
        Config::KEY_ID,
        Config::KEY_SECRET
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn what_cannot_be_started_is_said_in_one_line() {
    for (args, expected) in [
        (["--fault", "Create:cut-after"], "names an operation that does not exist"),
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
