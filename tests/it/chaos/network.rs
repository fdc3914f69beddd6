//! A proxy between the run and the service that breaks the protocol, and a service that dies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::{
    CREATE, DESCRIBE, Dice, FIVE, FIVE_IDENTITIES, ONE, alone, apply, check_one_more_run_finishes,
    check_settled,
};
use crate::support::{Lab, purchases};

/// The proxy's treatment of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Twist {
    /// Passes on the request, and the answer.
    Pass,
    /// Answers that there is no service, in HTML, and passes nothing on.
    BadGateway,
    /// Passes the request on, and answers with its own page.
    BadGatewayAfter,
    /// Passes nothing on and shows its login page, as if that were the answer.
    Portal,
    /// Passes the request on, and closes the connection in the middle of the answer's head.
    CutInHead,
    /// Passes the request on, and closes the connection before the answer's last byte.
    CutInBody,
    /// Passes the request on, and closes the connection after an answer that promised to keep it.
    CloseAfter,
    /// Passes the request on, and never answers.
    Silence,
}

const PAGE: &str = "<html><body><h1>502 Bad Gateway</h1></body></html>";

/// The treatment of the n-th request, from 0, of an action.
type Script = dyn Fn(&str, usize) -> Twist + Send + Sync;

/// Puts a proxy between the lab's commands and its service. It lives as long as the test program.
fn proxied(lab: &mut Lab, script: impl Fn(&str, usize) -> Twist + Send + Sync + 'static) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let service = lab.url().trim_start_matches("http://").to_owned();
    let (script, seen): (Arc<Script>, _) = (Arc::new(script), Arc::new(AtomicUsize::new(0)));
    std::thread::spawn(move || {
        for client in listener.incoming().filter_map(Result::ok) {
            let (script, service, seen) = (Arc::clone(&script), service.clone(), Arc::clone(&seen));
            // An error means that one side has left; both connections end with it.
            std::thread::spawn(move || converse(client, &service, &*script, &seen));
        }
    });
    lab.set("CENBWP_ENDPOINT", Some(&url));
}

fn converse(
    mut client: TcpStream,
    service: &str,
    script: &Script,
    seen: &AtomicUsize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    loop {
        let head = head(&mut reader)?;
        let action = header(&head, "x-acs-action").unwrap_or_default();
        // Reads are not counted, so that a script can name the n-th purchase.
        let n = if action == CREATE { seen.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let twist = script(&action, n);
        let answer = match twist {
            Twist::BadGateway => page("502 Bad Gateway"),
            Twist::Portal => page("200 OK"),
            _ => hand_on(&head, service)?,
        };
        match twist {
            Twist::BadGatewayAfter => client.write_all(&page("502 Bad Gateway"))?,
            Twist::CutInHead => return client.write_all(&answer[..20]),
            Twist::CutInBody => return client.write_all(&answer[..answer.len() - 1]),
            // The client hangs up.
            Twist::Silence => return std::io::copy(&mut reader, &mut std::io::sink()).map(drop),
            Twist::CloseAfter => return client.write_all(&answer),
            Twist::Pass | Twist::BadGateway | Twist::Portal => client.write_all(&answer)?,
        }
    }
}

/// Reads a request's head; requests here have no body.
fn head(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

/// Returns the service's answer, as from a server that keeps its connections.
fn hand_on(head: &str, service: &str) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(service)?;
    server.write_all(head.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes())?;
    let mut answer = String::new();
    server.read_to_string(&mut answer)?;
    Ok(answer.replacen("connection: close\r\n", "", 1).into_bytes())
}

fn page(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{PAGE}", PAGE.len())
        .into_bytes()
}

#[test]
fn twisted_answer_to_a_purchase_does_not_buy_twice() {
    std::thread::scope(|scope| {
        for twist in [
            Twist::BadGateway,
            Twist::BadGatewayAfter,
            Twist::Portal,
            Twist::CutInHead,
            Twist::CutInBody,
            Twist::CloseAfter,
            Twist::Silence,
        ] {
            scope.spawn(move || {
                let mut lab = Lab::of(FIVE);
                proxied(
                    &mut lab,
                    move |action, n| {
                        if action == CREATE && n < 3 { twist } else { Twist::Pass }
                    },
                );
                let ran = alone(&lab, apply(&lab).args(["--timeout", "1s", "--parallelism", "2"]));
                assert_eq!(ran.code, 0, "{twist:?}: {}{}", ran.stdout, ran.stderr);
                assert!(ran.stdout.contains("Apply complete: 5 created."), "{twist:?}: {}", ran.stdout);
                check_settled(&lab, &FIVE_IDENTITIES);
            });
        }
    });
}

#[test]
fn page_instead_of_a_listing_buys_nothing() {
    for twist in [Twist::BadGateway, Twist::Portal, Twist::CutInBody] {
        let mut lab = Lab::of(ONE);
        proxied(&mut lab, move |action, _| if action == DESCRIBE { twist } else { Twist::Pass });
        let ran = alone(&lab, apply(&lab).args(["--max-retries", "1"]));
        assert_eq!(ran.code, 1, "{twist:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(DESCRIBE) && !ran.stderr.contains("<html>"), "{}", ran.stderr);
        assert!(purchases(&lab.emulator).is_empty());
        lab.set("CENBWP_ENDPOINT", Some(&lab.url()));
        check_one_more_run_finishes(&lab, &["net/x"]);
    }
}

#[test]
fn connections_that_are_cut_by_chance_do_not_buy_twice() {
    std::thread::scope(|scope| {
        for seed in 0..8 {
            scope.spawn(move || {
                let config = cenbwp_tests::Config { seed, ..Default::default() };
                let lab = Lab::with(config);
                lab.file("cenbwp.yaml", FIVE);
                for fault in ["*@10%:cut-before", "*@10%:cut-after", "*@10%:truncate"] {
                    lab.emulator.fault(fault.parse().expect("a fault"));
                }
                // Now and then a run gives up before the random faults end: another run goes on from there.
                let finishes = |_| alone(&lab, apply(&lab).args(["--max-retries", "1"])).code == 0;
                assert!((0..50).any(finishes), "seed {seed}");
                lab.emulator.clear_faults();
                check_settled(&lab, &FIVE_IDENTITIES);
            });
        }
    });
}

#[test]
fn answer_later_than_the_timeout_does_not_buy_twice() {
    for fault in ["slow=700ms", "latency=700ms"] {
        let lab = Lab::of(ONE);
        lab.emulator.fault(format!("{CREATE}@1:{fault}").parse().expect("a fault"));
        let ran = alone(&lab, apply(&lab).args(["--timeout", "300ms"]));
        assert_eq!(ran.code, 0, "{fault}: {}{}", ran.stdout, ran.stderr);
        check_settled(&lab, &["net/x"]);
    }
}

/// The emulator as a process, with its state on disk. Killed when dropped.
struct Service {
    process: Child,
    url: String,
}

impl Service {
    fn start(lab: &Lab, address: &str) -> Self {
        let mut command = lab.command("cen-emulator");
        command.args(["--state", "state.json", "--latency", "20ms", "--listen", address]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the binary is built");
        let mut line = String::new();
        let stdout = process.stdout.as_mut().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let url = line.trim().trim_start_matches("listening on ").to_owned();
        Self { process, url }
    }

    fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the ordered identities, from the state on disk.
fn ordered(lab: &Lab) -> Vec<String> {
    let state: Value = serde_json::from_str(&lab.read("state.json")).expect("a whole file");
    let orders = state["orders"].as_array().expect("the ledger").iter();
    orders.map(|order| order["identity"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn service_killed_and_restarted_in_the_middle_of_an_apply_sells_nothing_twice() {
    std::thread::scope(|scope| {
        for killed_at in 0..FIVE_IDENTITIES.len() {
            scope.spawn(move || {
                let mut lab = Lab::of(FIVE);
                let service = Service::start(&lab, "127.0.0.1:0");
                let address = service.address().to_owned();
                lab.set("CENBWP_ENDPOINT", Some(&service.url));
                lab.set("CENBWP_STS_ENDPOINT", Some(&service.url));
                let mut run = apply(&lab);
                run.args(["--parallelism", "2"]).stdout(Stdio::piped()).stderr(Stdio::piped());
                let run = run.spawn().expect("the binary is built");
                while ordered(&lab).len() < killed_at {
                    std::thread::yield_now();
                }
                for _ in 0..Dice(killed_at as u64).below(1000) {
                    std::thread::yield_now();
                }
                drop(service);
                let _service = Service::start(&lab, &address);
                let ended = run.wait_with_output().expect("it ends");
                let told = String::from_utf8_lossy(&ended.stdout);
                assert_eq!(ended.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&ended.stderr));
                let mut bought = ordered(&lab);
                bought.sort();
                assert_eq!(bought, FIVE_IDENTITIES, "{told}");
                assert_eq!(lab.run("plan --detailed-exitcode").code, 0);
            });
        }
    });
}
