//! Endless input: specs, recordings and replies that are larger, deeper or longer than any machine. Each ends
//! in a clear error and the right code, in bounded memory.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use crate::support::{Lab, ONE, Rogue};

/// The address space of a run in KiB, stacks and arenas included: far less than the input.
const MEMORY: u64 = 1 << 20;

/// Runs a shell command line in which `cenbwp` has bounded memory. It ends with this code and prints this.
#[track_caller]
fn check(lab: &Lab, line: &str, code: i32, says: &str) {
    let bounded = format!("ulimit -v {MEMORY} && {line}");
    let ran = lab.finish(lab.command("sh").arg("-c").arg(bounded).stdin(Stdio::null()));
    let shown: String = (ran.stdout + &ran.stderr).chars().take(2_000).collect();
    assert_eq!(ran.code, code, "{line}\n{shown}");
    assert!(shown.contains(says), "{line}: {says:?} is missing:\n{shown}");
}

#[test]
fn spec_without_end_is_refused() {
    let lab = Lab::new();
    let sparse = std::fs::File::create(lab.path("sparse.yaml")).expect("a new file");
    sparse.set_len(1 << 30).expect("a sparse file");
    let says = "more than 128 MiB of spec in one run";
    check(&lab, "cenbwp validate -f sparse.yaml", 3, says);
    check(&lab, "cenbwp validate -f /dev/zero", 3, "/dev/zero: a device, expected a file");
    check(&lab, "head -c 1G /dev/zero | cenbwp validate -f -", 3, says);
    check(&lab, "mkfifo fifo && { yes > fifo & cenbwp validate -f fifo; }", 3, says);
    check(&lab, "cenbwp plan -f sparse.yaml", 3, says);
    check(&lab, "cenbwp apply --auto-approve -f sparse.yaml", 3, says);
    assert!(lab.emulator.requests().is_empty());
}

#[test]
fn folder_is_read_once_however_it_is_tied() {
    let lab = Lab::new();
    lab.file("specs/good.yaml", ONE);
    // A folder that contains itself, and files that look like specs and never end.
    let tie = "ln -s . specs/loop && ln -s /dev/zero specs/zero.yaml && mkfifo specs/fifo.yaml";
    let line = format!("{tie} && cenbwp validate -f specs");
    check(&lab, &line, 3, "specs/loop: a link to a folder that it lies in");
    check(&lab, "cenbwp validate -f specs", 3, "specs/zero.yaml: a link that leads to nothing inside specs");
    check(&lab, "cenbwp validate -f specs", 3, "specs/fifo.yaml: a pipe, expected a file");
    check(&lab, "rm specs/[!g]* && cenbwp validate -f specs", 0, "1 package in 1 stack");
    check(&lab, "rm specs/good.yaml && cenbwp validate -f specs", 3, "no *.yaml or *.yml file below it");
    check(
        &lab,
        "ln -s knot knot && cenbwp validate -f knot",
        3,
        "knot: a link that leads to nothing inside .",
    );
}

#[test]
fn spec_that_comes_through_a_pipe_is_a_spec() {
    let lab = Lab::new();
    lab.file("good.yaml", ONE);
    let line = "mkfifo fifo && { cat good.yaml > fifo & cenbwp validate -f fifo; }";
    check(&lab, line, 0, "1 package in 1 stack");
}

#[test]
fn spec_that_explodes_is_refused() {
    let lab = Lab::new();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..100 {
        writeln!(bomb, "a{n}: &a{n} [{}]", vec![format!("*a{}", n - 1); 9].join(", ")).expect("a string");
    }
    lab.file("bomb.yaml", &bomb);
    check(&lab, "cenbwp validate -f bomb.yaml", 3, "E0108");
    for (name, deep) in [("lists", "["), ("maps", "{a: "), ("items", "- "), ("keys", "? ")] {
        lab.file("deep.yaml", &deep.repeat(100_000));
        check(&lab, "cenbwp validate -f deep.yaml", 3, "E0105");
        assert!(lab.emulator.requests().is_empty(), "{name}");
    }
}

#[test]
fn hundred_thousand_findings_end_in_a_count() {
    let lab = Lab::new();
    let mut spec = "version: 1\nstack: net\npackages:\n".to_owned();
    for n in 0..50_000 {
        writeln!(spec, "  p{n}: {{ bandwith: {n}, area: 1 }}").expect("a string");
    }
    lab.file("cenbwp.yaml", &spec);
    let ran = lab.finish(lab.command("sh").args(["-c", &format!("ulimit -v {MEMORY} && cenbwp validate")]));
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stdout.contains("more findings are not shown"), "{}", ran.stdout.len());
    assert!(ran.stdout.len() < 8 << 20, "{}", ran.stdout.len());
}

#[test]
fn good_spec_of_22_megabytes_is_read() {
    let lab = Lab::new();
    let mut spec = "version: 1\nstack: net\nlimits: { maxPurchases: 1 }\npackages:\n".to_owned();
    for n in 0..100_000 {
        writeln!(
            spec,
            "  p{n}:\n    areas: [China, Europe]\n    bandwidth: 100\n    name: backbone-{n}\n    description: uplink of site {n}\n    autoPay: true\n    tags: {{ team: network, site: 'site-{n}', tier: gold, purpose: a plain word or two }}"
        )
        .expect("a string");
    }
    assert!(spec.len() > 22_000_000, "{}", spec.len());
    lab.file("cenbwp.yaml", &spec);
    check(&lab, "cenbwp validate", 0, "100000 packages in 1 stack");
}

#[test]
fn recording_or_configuration_without_end_is_refused() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", ONE);
    check(&lab, "cenbwp plan --live-from /dev/zero", 3, "/dev/zero: a device, expected a file");
    lab.file("deep.json", &"[".repeat(1_000_000));
    check(&lab, "cenbwp plan --live-from deep.json", 3, "deep.json: line 1 column 128: not JSON");
    lab.file("many.json", r#"{"TotalCount": 10000000}"#);
    check(&lab, "cenbwp plan --live-from many.json", 3, "TotalCount is 10000000, expected at most 100000");
    let profile = "ALIBABA_CLOUD_CONFIG_FILE=/dev/zero cenbwp plan --profile x";
    check(&lab, profile, 1, "/dev/zero: a device, expected a file");
    assert!(lab.emulator.requests().is_empty());
}

/// Plans against a service that answers every request like this. The plan fails with this error.
#[track_caller]
fn check_reply(
    says: &str,
    answer: impl Fn(&mut std::net::TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) {
    let rogue = Rogue::start(move |_, stream| answer(stream));
    let lab = Lab::new();
    lab.file("cenbwp.yaml", ONE);
    let flags = "--max-retries 1 --timeout 2s";
    check(&lab, &format!("cenbwp plan {flags} --endpoint {}", rogue.url()), 1, says);
    check(&lab, &format!("cenbwp plan {flags} --sts-endpoint {}", rogue.url()), 1, "GetCallerIdentity");
    assert!(!rogue.requests().is_empty());
}

#[test]
fn reply_of_500_megabytes_is_cut_off() {
    check_reply("a body of more than 8 MiB after HTTP 200", |stream| {
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 500 << 20)?;
        (0..500).try_for_each(|_| stream.write_all(&[b' '; 1 << 20]))
    });
}

#[test]
fn reply_without_end_is_cut_off() {
    check_reply("a body of more than 8 MiB after HTTP 200", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            stream.write_all(&[b'['; 1 << 16])?;
        }
    });
}

#[test]
fn reply_that_drips_is_not_waited_for() {
    check_reply("has no usable reply", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{")?;
        loop {
            stream.write_all(b" ")?;
            std::thread::yield_now();
        }
    });
}

#[test]
fn compressed_reply_that_explodes_is_cut_off() {
    // 64 MiB of blanks, compressed to less than 70 kB: the received length proves nothing.
    let bomb = include_bytes!("support/blanks.gz");
    check_reply("a body of more than 8 MiB after HTTP 200", |stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            bomb.len()
        )?;
        stream.write_all(bomb)
    });
}

#[test]
fn headers_without_end_are_cut_off() {
    check_reply("has no usable reply", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"x-more: of the same\r\n")?;
        }
    });
    check_reply("has no usable reply", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nx-long: ")?;
        loop {
            stream.write_all(&[b'x'; 1 << 16])?;
        }
    });
}

#[test]
fn listing_of_ten_million_packages_is_refused() {
    let page = r#"{"TotalCount": 10000000, "CenBandwidthPackages": {"CenBandwidthPackage": []}}"#;
    check_reply("TotalCount is 10000000, expected at most 100000", move |stream| {
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{page}", page.len())
    });
}
