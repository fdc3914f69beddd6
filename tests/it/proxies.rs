//! The service through a proxy: a broken proxy is never bypassed in silence, and its answers are reported.

use std::io::Write;

use crate::support::{Lab, ONE, Rogue};

/// Returns a lab whose service is at an https URL with a closed port.
fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.set("CENBWP_ENDPOINT", Some("https://127.1.1.1.test.invalid:1"));
    lab.set("CENBWP_STS_ENDPOINT", Some("https://127.1.1.1.test.invalid:1"));
    lab.file("cenbwp.yaml", ONE);
    lab
}

#[test]
fn a_proxy_that_is_none_ends_the_run_before_anything_is_sent() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for value in
            ["http://bad host:80", "ip://3128", "socks5://127.0.0.1:1", "http://user:s-secret@[", "3128"]
        {
            let mut lab = Lab::new();
            lab.set(variable, Some(value));
            for command in ["plan", "status", "export", "apply --auto-approve"] {
                let ran = lab.file("cenbwp.yaml", ONE).run(command);
                assert_eq!(ran.code, 3, "{variable}={value} {command}\n{}", ran.stderr);
                assert!(
                    ran.stderr.contains(&format!("{variable} is no address of a proxy")),
                    "{}",
                    ran.stderr
                );
                assert!(!ran.stderr.contains("s-secret"), "{}", ran.stderr);
                assert!(lab.emulator.requests().is_empty());
            }
            // A command without requests needs no proxy.
            assert_eq!(lab.run("validate").code, 0);
        }
    }
}

#[test]
fn the_answer_of_a_proxy_is_said_and_its_password_is_not() {
    for (status, says) in [(403, "answered HTTP 403"), (407, "answered HTTP 407"), (502, "answered HTTP 502")]
    {
        let proxy = Rogue::start(move |_, stream| write!(stream, "HTTP/1.1 {status} No\r\nx: y\r\n\r\n"));
        let mut lab = lab();
        let address = proxy.url().replace("http://", "http://user:s%2Fsecret@");
        lab.set("HTTPS_PROXY", Some(&address));
        let ran = lab.run("plan --max-retries 0 -vvv");
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("the proxy of HTTPS_PROXY {says}")), "{}", ran.stderr);
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
        let requests = proxy.requests();
        // "user:s/secret"
        let login = "proxy-authorization: basic dxnlcjpzl3nly3jlda==";
        assert!(
            !requests.is_empty() && requests.iter().all(|it| it.to_lowercase().contains(login)),
            "{requests:?}"
        );
        assert!(
            requests.iter().all(|it| it.starts_with("CONNECT 127.1.1.1.test.invalid:1 ")),
            "{requests:?}"
        );
    }
}

#[test]
fn what_no_proxy_covers_goes_past_the_proxy() {
    let proxy = Rogue::start(|_, stream| write!(stream, "HTTP/1.1 403 No\r\n\r\n"));
    for (list, is_past) in [
        ("*.test.invalid", true),
        (".test.invalid", true),
        ("invalid", true),
        ("127.1.1.1.test.invalid:1", true),
        ("*", true),
        ("127.1.1.1.test.invalid:2", false),
        ("", false),
        ("test", false),
    ] {
        let mut lab = lab();
        lab.set("HTTPS_PROXY", Some(proxy.url()));
        lab.set("NO_PROXY", Some(list));
        let before = proxy.requests().len();
        assert_eq!(lab.run("plan --max-retries 0").code, 1);
        assert_eq!(proxy.requests().len() == before, is_past, "{list}");
    }
}
