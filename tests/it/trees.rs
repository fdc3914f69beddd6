//! Trees of files from a hostile pull request: nothing outside of them is shown, no secret of the environment
//! gets out, and nothing keeps a run waiting.

use std::process::Stdio;

use crate::support::{Lab, ONE, Ran};

/// Words that must not get out: in the environment, in files of the home, in the checkout's own folder.
const CANARIES: [&str; 6] = [
    "canarySecretOfTheEnvironment",
    "canarySessionToken",
    "canaryTokenOfThePlatform",
    "canaryOfTheHome",
    "canaryOfTheCheckout",
    "canaryOfOidc",
];

/// Returns a home with secrets, and in it a checkout with a folder of specs.
fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", Some("LTAIcanaryAccessKey"));
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Some(CANARIES[0]));
    lab.set("ALIBABA_CLOUD_SECURITY_TOKEN", Some(CANARIES[1]));
    lab.set("ATLANTIS_GH_TOKEN", Some(CANARIES[2]));
    lab.set("ALIBABA_CLOUD_OIDC_TOKEN", Some(&format!("header.{}.signature", CANARIES[5])));
    lab.file(".aliyun/config.json", &format!("{{\n\t\"access_key_secret\":\t\"{}\"\n}}\n", CANARIES[3]));
    lab.file(".netrc", &format!("machine example.com\n  password {}\n", CANARIES[3]));
    lab.file("secrets.yaml", &format!("password: {}\n", CANARIES[3]));
    lab.file("checkout/.git/config", &format!("[http]\n\textraheader = {}\n", CANARIES[4]));
    lab.file("checkout/specs/good.yaml", ONE);
    lab
}

/// Runs a line of shell in the checkout, with bounded memory and time.
fn shell(lab: &Lab, line: &str) -> Ran {
    let bounded = format!("ulimit -v 1048576 && cd checkout && {line}");
    lab.finish(lab.command("timeout").args(["60", "bash", "-c", &bounded]).stdin(Stdio::null()))
}

#[track_caller]
fn check_hidden(text: &str, whence: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in {whence}:\n{text}");
    }
}

/// Runs every command on the specs in every form: each ends with this code and shows no secret.
#[track_caller]
fn replay(lab: &Lab, tree: &str, named: &str, code: i32) {
    const REPORTS: &str = "--report markdown=r.md --report sarif=r.sarif --report html=r.html \
                           --report junit=r.xml --report json=r.json --report github";
    for command in ["validate", "plan", "status"] {
        for how in ["", "--json", "-vvv", REPORTS] {
            if command == "status" && how == REPORTS {
                continue;
            }
            let line = format!("cenbwp {command} {named} {how}");
            let ran = shell(lab, &line);
            assert_eq!(ran.code, code, "{tree}: {line}\n{}{}", ran.stdout, ran.stderr);
            check_hidden(&format!("{}{}", ran.stdout, ran.stderr), &format!("{tree}: {line}"));
        }
    }
    for report in ["r.md", "r.sarif", "r.html", "r.xml", "r.json"] {
        check_hidden(&lab.read(&format!("checkout/{report}")), &format!("{tree}: {report}"));
    }
    assert!(lab.emulator.requests().is_empty(), "{tree}");
}

#[test]
fn link_out_of_the_tree_shows_nothing() {
    for tree in [
        "ln -s /proc/self/environ specs/x.yaml",
        "ln -s /proc/self specs/x",
        "ln -s ../../.aliyun/config.json specs/x.yaml",
        "ln -s ../../.netrc specs/x.yaml",
        "ln -s ../../secrets.yaml specs/x.yaml",
        "ln -s ../.. specs/home",
        "ln -s ../.git/config specs/x.yaml",
        "ln -s /proc/self/environ z && ln -s ../z specs/x.yaml",
        "ln -s /proc/self specs/y && ln -s y/environ specs/x.yaml",
        "ln -s /dev/stdin specs/x.yaml",
        "ln -s /dev/zero specs/x.yaml",
        "ln -s nowhere specs/x.yaml",
        "ln -s x.yaml specs/x.yaml",
        "ln -s . specs/loop",
        "ln -s ../specs specs/loop",
        "mkfifo specs/x.yaml",
        "mkfifo specs/pipe && ln -s pipe specs/x.yaml",
        // A user who may not make a device tries a link to one.
        "mknod specs/x.yaml c 1 5 2>/dev/null || ln -s /dev/zero specs/x.yaml",
    ] {
        let lab = lab();
        assert_eq!(shell(&lab, tree).code, 0, "{tree}");
        replay(&lab, tree, "-f specs", 3);
    }
    let lab = lab();
    let _socket =
        std::os::unix::net::UnixListener::bind(lab.path("checkout/specs/x.yaml")).expect("a socket");
    replay(&lab, "a socket", "-f specs", 3);
}

#[test]
fn link_in_the_place_of_what_is_named_shows_nothing() {
    for (tree, named) in [
        ("rm -r specs && ln -s .. specs", "-f specs"),
        ("rm -r specs && ln -s /proc/self specs", "-f specs/"),
        ("rm -r specs && ln -s .git specs", "-f specs"),
        ("ln -s /proc/self/environ x.yaml", "-f x.yaml"),
        ("ln -s ../secrets.yaml x.yaml", "-f ./x.yaml"),
        ("ln -s .git/config x.yaml", "-f x.yaml"),
        ("rm -r specs && ln -s .. specs", "-f specs/secrets.yaml"),
        ("ln -s .git/config specs/x.yaml; ln -s ../.git specs/y", "-f ."),
        ("true", "-f /proc/self/environ"),
        ("true", "-f /proc/self"),
        ("mkfifo pipe", "-f specs -f pipe/x.yaml"),
    ] {
        let lab = lab();
        assert_eq!(shell(&lab, tree).code, 0, "{tree}");
        replay(&lab, tree, named, 3);
    }
}

#[test]
fn default_spec_that_leads_nowhere_is_no_missing_spec() {
    let lab = Lab::new();
    assert_eq!(lab.run("status").code, 0, "without a spec only tags tell");
    std::os::unix::fs::symlink("nowhere", lab.path("cenbwp.yaml")).expect("a link");
    for command in ["status", "plan", "validate", "apply --auto-approve"] {
        let ran = lab.run(command);
        assert_eq!(ran.code, 3, "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("cenbwp.yaml: a link that leads to nothing inside ."), "{}", ran.stderr);
    }
}

#[test]
fn copy_of_a_secret_is_not_quoted_either() {
    for tree in [
        "env > specs/x.yaml",
        "env -0 > specs/x.yaml",
        "echo \"stack: $ALIBABA_CLOUD_ACCESS_KEY_SECRET\" > specs/x.yaml",
        "echo \"$ATLANTIS_GH_TOKEN: [\" > specs/x.yaml",
        "printf 'version: 1\\nstack: %s\\npackages: {}\\n' \"header.$ALIBABA_CLOUD_OIDC_TOKEN\" > specs/x.yaml",
        "echo \"{a: 1, $ALIBABA_CLOUD_SECURITY_TOKEN: $ALIBABA_CLOUD_SECURITY_TOKEN}\" > specs/x.yaml",
    ] {
        let lab = lab();
        assert_eq!(shell(&lab, tree).code, 0, "{tree}");
        replay(&lab, tree, "-f specs", 3);
    }
}

#[test]
fn recording_plan_or_state_that_quotes_a_secret_is_refused_without_it() {
    let lab = lab();
    let secret = CANARIES[0];
    lab.file(
        "checkout/live.json",
        &format!("{{\"TotalCount\": \"{secret}\", \"PageNumber\": \"{secret}\"}}"),
    );
    lab.file("checkout/plan.json", &format!("{{\"format_version\": \"{secret}\", \"{secret}\": 1}}"));
    lab.file("checkout/tf.json", &format!("{{\"{secret}\": \"{secret}\", \"version\": \"{secret}\"}}"));
    assert_eq!(
        shell(&lab, "ln -s /proc/self/environ live && ln -s live plan && ln -s /proc/self/environ tf").code,
        0
    );
    for line in [
        "cenbwp plan -f specs --live-from live.json",
        "cenbwp plan -f specs --live-from live.json --json",
        "cenbwp plan -f specs --live-from live.json --report markdown",
        "cenbwp status -f specs --live-from live.json --json",
        "cenbwp show plan.json",
        "cenbwp show plan.json --report html",
        "cenbwp apply plan.json",
        "cenbwp apply plan.json --json",
        "cenbwp export --from-terraform-state tf.json",
        "cenbwp plan -f specs --live-from live",
        "cenbwp show plan",
        "cenbwp apply plan",
        "cenbwp export --from-terraform-state tf",
    ] {
        let ran = shell(&lab, line);
        assert_eq!(ran.code, 3, "{line}: {}{}", ran.stdout, ran.stderr);
        check_hidden(&format!("{}{}", ran.stdout, ran.stderr), line);
    }
}

#[test]
fn ten_thousand_files_are_one_spec() {
    let lab = lab();
    for n in 0..10_000 {
        let spec = format!("{{version: 1, stack: s{n}, packages: {{}}}}");
        lab.file(&format!("checkout/specs/{}/{n}.yaml", n / 100), &spec);
    }
    let ran = shell(&lab, "cenbwp validate -f specs -f specs/7");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("1 package in 10001 stacks"), "{}", ran.stdout);
}

#[test]
fn name_of_a_file_is_only_ever_a_name() {
    let names = [
        "a\u{1b}[31mred.yaml",
        "b\n::error::forged.yaml",
        "c\n##[add-mask]x.yaml",
        "d\u{202e}lmay.yaml",
        "e`$(touch owned)`.yaml",
        "f'\"<b>|*.yaml",
        "-g.yaml",
    ];
    let lab = lab();
    for name in names {
        lab.file(&format!("checkout/specs/{name}"), "stack: [");
        lab.file(&format!("checkout/linked/{name}"), ONE);
        std::os::unix::fs::symlink("/proc/self/environ", lab.path(&format!("checkout/linked/link {name}")))
            .expect("a link");
    }
    for line in [
        "validate -f specs",
        "validate -f linked",
        "plan -f specs",
        "plan -f linked --json",
        "validate -f specs --json",
        "status -f linked",
        "show specs/*red.yaml",
        "show specs/b*",
        "apply specs/b*",
        "plan -f specs/good.yaml --live-from specs/c*",
        "export --from-terraform-state specs/d*",
        "export --out specs/*red.yaml",
    ] {
        let ran = shell(&lab, &format!("GITHUB_ACTIONS=true cenbwp {line}"));
        assert_eq!(ran.code, 3, "{line}: {}{}", ran.stdout, ran.stderr);
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains('\u{1b}'), "{line}: {text:?}");
            // Readers of JSON get the exact name.
            assert!(!text.contains('\u{202e}') || line.ends_with("--json"), "{line}: {text:?}");
            let commands = |line: &&str| line.starts_with("::") || line.starts_with("##[");
            assert_eq!(text.lines().find(commands), None, "{line}: {text}");
        }
    }
    assert!(!lab.path("checkout/owned").exists());
}

#[test]
fn pipe_is_read_where_it_is_named_and_stdin_stays_stdin() {
    let lab = lab();
    for line in [
        "cenbwp validate -f <(cat specs/good.yaml)",
        "cenbwp validate -f <(sleep 0.2; cat specs/good.yaml)",
        "cenbwp validate -f - < specs/good.yaml",
        "cat specs/good.yaml | cenbwp validate -f -",
        "cat specs/good.yaml | cenbwp validate -f /dev/stdin",
        "cenbwp validate -f /dev/stdin < specs/good.yaml",
        "cat specs/good.yaml | cenbwp validate -f - -f -",
        "mkfifo pipe && { cat specs/good.yaml > pipe & cenbwp validate -f pipe; }",
    ] {
        let ran = shell(&lab, line);
        assert_eq!(ran.code, 0, "{line}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("1 package in 1 stack"), "{line}: {}", ran.stdout);
    }
}
