//! The files that a run reads and writes for its user: no output overwrites an input or leaves the working
//! directory, and a file of another kind is named.

use std::path::Path;

use crate::support::{Lab, ONE, purchases};

/// Returns a lab with an account that can be read, and every file that a run reads.
fn readable() -> Lab {
    let lab = Lab::new();
    lab.file("a.yaml", ONE).file("d/b.yaml", &ONE.replace("x:", "y:"));
    lab.file("live.json", r#"{"TotalCount": 0, "CenBandwidthPackages": {"CenBandwidthPackage": []}}"#);
    lab.file("tf.json", r#"{"format_version": "1.0", "values": {}}"#);
    assert_eq!(lab.run("plan -f a.yaml --out plan.json").code, 0);
    std::os::unix::fs::symlink("a.yaml", lab.path("link.yaml")).expect("a link");
    std::fs::hard_link(lab.path("a.yaml"), lab.path("hard.md")).expect("a second name");
    lab
}

#[test]
fn output_that_is_an_input_or_another_output_is_refused_and_nothing_is_written() {
    let lab = readable();
    let names = ["a.yaml", "d/b.yaml", "live.json", "tf.json", "plan.json"];
    let before = names.map(|name| lab.read(name));
    for line in [
        "plan -f a.yaml --out a.yaml",
        "plan -f a.yaml --out ./a.yaml",
        "plan -f a.yaml --out d/../a.yaml",
        "plan -f a.yaml --out link.yaml",
        "plan -f a.yaml --report markdown=hard.md",
        "plan -f d --out d/b.yaml",
        "plan -f . --report html=d/b.yaml",
        "plan -f a.yaml --live-from live.json --out live.json",
        "plan -f a.yaml --live-from live.json --report json=live.json",
        "plan -f a.yaml --out p.json --report json=p.json",
        "plan -f a.yaml --report markdown=r.md --report html=./r.md",
        "plan -f a.yaml --report markdown=r.md --report html=d/../r.md --json",
        "validate -f a.yaml --report markdown=a.yaml",
        "validate -f d --report markdown=d/b.yaml",
        "show plan.json --report json=plan.json",
        "show plan.json --report json=./plan.json",
        "apply plan.json --report json=plan.json",
        "apply plan.json --journal plan.json",
        "apply plan.json --journal a.yaml",
        "apply plan.json --report html=a.yaml",
        "apply -f a.yaml --auto-approve --journal a.yaml",
        "apply -f a.yaml --auto-approve --report json=j --journal ./j",
        "export --from-terraform-state tf.json --out tf.json --force",
        "export --from-terraform-state tf.json --out ./tf.json --force",
    ] {
        let ran = lab.run(line);
        assert_eq!(ran.code, 3, "{line}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("are one file") || line.contains("--json"), "{line}: {}", ran.stderr);
        assert_eq!(names.map(|name| lab.read(name)), before, "{line}");
        for new in ["p.json", "r.md", "j"] {
            assert!(!lab.path(new).exists(), "{line} wrote {new}");
        }
    }
    assert!(purchases(&lab.emulator).is_empty());
    // An invalid spec is no reason to overwrite it.
    lab.file("bad.yaml", "stack: [");
    assert_eq!(lab.run("validate -f bad.yaml --report html=bad.yaml").code, 3);
    assert_eq!(lab.read("bad.yaml"), "stack: [");
    // A file without content cannot lose any.
    assert_eq!(lab.run("plan -f a.yaml --out /dev/null --report html=/dev/null").code, 0);
}

#[test]
fn saved_plan_and_journal_are_their_owners() {
    let lab = readable();
    let mode = |name: &str| {
        let permissions = std::fs::metadata(lab.path(name)).expect("it is there").permissions();
        std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777
    };
    assert_eq!(mode("plan.json"), 0o600);
    // Also if it replaces a file that all users may read.
    let open: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(lab.path("plan.json"), open).expect("it is ours");
    assert_eq!(lab.run("plan -f a.yaml --out plan.json").code, 0);
    assert_eq!(mode("plan.json"), 0o600);
    let ran = lab.run("apply plan.json --journal journal.ndjson --report json=report.json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(mode("journal.ndjson"), 0o600);
    assert_ne!(mode("report.json"), 0o600, "a report is for others to read too");
}

#[test]
fn journal_follows_no_link_and_buys_nothing_without_a_place() {
    let lab = readable();
    lab.file("precious", "text");
    std::os::unix::fs::symlink("precious", lab.path("journal")).expect("a link");
    std::fs::create_dir(lab.path("elsewhere")).expect("a new folder");
    std::os::unix::fs::symlink("/tmp", lab.path("out")).expect("a link");
    for journal in ["journal", "out/journal-of-a-test"] {
        let ran = lab.run(&format!("apply -f a.yaml --auto-approve --journal {journal}"));
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("{journal}: the journal: a link")), "{}", ran.stderr);
    }
    assert_eq!(lab.read("precious"), "text");
    assert!(!Path::new("/tmp/journal-of-a-test").exists());
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn report_through_a_link_stays_in_the_working_directory() {
    let lab = readable();
    lab.file("elsewhere/kept", "");
    let checkout = lab.path("checkout");
    std::fs::create_dir(&checkout).expect("a new folder");
    std::fs::copy(lab.path("a.yaml"), checkout.join("a.yaml")).expect("a copy");
    std::os::unix::fs::symlink("../elsewhere", checkout.join("out")).expect("a link");
    for line in ["plan -f a.yaml --out out/plan.json", "validate -f a.yaml --report html=out/r.html"] {
        let mut command = lab.command("cenbwp");
        let ran = lab.finish(command.args(line.split(' ')).current_dir(&checkout));
        assert_eq!(ran.code, 1, "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains("a link leads it out of ."), "{line}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_dir(lab.path("elsewhere")).expect("it is there").count(), 1);
}

#[test]
fn file_that_hits_a_limit_leaves_nothing_beside_it() {
    for line in ["validate -f a.yaml --report html=r.html", "show plan.json --report json=r.json"] {
        let lab = readable();
        let before = std::fs::read_dir(lab.folder()).expect("it is there").count();
        // If the signal of the limit is ignored, an error follows; else it may end the run at once.
        for (signal, code) in [("trap '' XFSZ;", Some(1)), ("", None)] {
            let limited = format!("{signal} ulimit -f 0; exec cenbwp {line}");
            let ran = lab.finish(lab.command("sh").args(["-c", &limited]));
            assert_eq!(ran.code, code.unwrap_or(ran.code), "{line}: {}", ran.stderr);
            assert!(
                code.is_none() || ran.stderr.contains("the report could not be written"),
                "{}",
                ran.stderr
            );
            assert_ne!(ran.code, 0, "{line}");
            assert_eq!(std::fs::read_dir(lab.folder()).expect("it is there").count(), before, "{line}");
        }
    }
}

#[test]
fn report_to_a_stream_of_the_process_is_written_into_it() {
    let lab = readable();
    for (line, file) in [
        ("cenbwp validate -f a.yaml --quiet --report json=/dev/stdout > out.json", "out.json"),
        ("cenbwp validate -f a.yaml --report json=/dev/stderr 2> err.json", "err.json"),
        ("cenbwp validate -f a.yaml --report json=/dev/fd/3 3> three.json", "three.json"),
    ] {
        let ran = lab.finish(lab.command("bash").args(["-c", line]));
        assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
        assert!(lab.read(file).contains("\"valid\": true"), "{line}: {}", lab.read(file));
    }
    assert!(Path::new("/dev/stdout").is_symlink(), "it is not replaced");
}

#[test]
fn annotation_names_the_file_by_its_place_in_a_checkout_that_is_reached_through_a_link() {
    let mut lab = Lab::new();
    lab.file("work/sub/bad.yaml", "stack: [");
    std::os::unix::fs::symlink("work", lab.path("_work")).expect("a link");
    let workspace = lab.path("_work").display().to_string();
    lab.set("GITHUB_WORKSPACE", Some(&workspace));
    let mut command = lab.command("cenbwp");
    let ran = lab.finish(
        command.args(["validate", "-f", "bad.yaml", "--report", "github"]).current_dir(lab.path("work/sub")),
    );
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.contains("file=sub/bad.yaml"), "{}", ran.stdout);
}

#[test]
fn export_replaces_a_file_only_by_force() {
    let lab = readable();
    lab.file("x.yaml", "edited by hand");
    for out in ["x.yaml", "link.yaml"] {
        let ran = lab.run(&format!("export --out {out}"));
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("it is there already") && ran.stderr.contains("--force"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(lab.read("x.yaml"), "edited by hand");
    assert!(lab.emulator.requests().iter().all(|request| request.action != "ListTagResources"));
    let ran = lab.run("export --out x.yaml --force");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(lab.read("x.yaml").contains("version: 1"));
    assert_eq!(lab.run("export --out new.yaml").code, 0);
    assert_eq!(lab.run("export --force").code, 3, "there is nothing to replace");
}

#[test]
fn next_command_names_the_file_so_that_it_can_be_pasted() {
    let lab = readable();
    lab.emulator.edit(|world| {
        world.packages = vec![cenbwp_tests::Package::new("cenbwp-1", ["china", "europe"], 7)];
    });
    for name in ["a\u{1b}[31mb.yaml", "a b.yaml"] {
        let exported = lab.finish(lab.command("cenbwp").args(["export", "--out", name]));
        assert_eq!(exported.code, 0, "{}", exported.stderr);
        assert!(!exported.stderr.contains('\u{1b}'), "{}", exported.stderr);
        let (_, next) = exported.stderr.split_once("next: ").expect("a command to paste");
        let ran = lab.finish(lab.command("bash").args(["-c", next]));
        assert_eq!(ran.code, 0, "{next}: {}", ran.stderr);
        assert!(ran.stdout.contains("cenbwp-1"), "{}", ran.stdout);
    }
}

#[test]
fn files_of_windows_are_read_or_named() {
    let lab = readable();
    let bom = |name: &str| {
        let text = lab.read(name);
        lab.file(name, &format!("\u{feff}{text}"));
    };
    ["a.yaml", "live.json", "tf.json"].into_iter().for_each(bom);
    for line in [
        "plan -f a.yaml --live-from live.json --out plan.json",
        "export --from-terraform-state tf.json",
        "status -f a.yaml --live-from live.json",
    ] {
        let ran = lab.run(line);
        assert_eq!(ran.code, 0, "{line}: {}{}", ran.stdout, ran.stderr);
    }
    bom("plan.json");
    assert_eq!(lab.run("show plan.json").code, 0);
    for name in ["a.yaml", "live.json", "tf.json", "plan.json"] {
        let text = lab.read(name);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        std::fs::write(lab.path(name), wide).expect("a file");
    }
    for line in [
        "validate -f a.yaml",
        "plan -f d --live-from live.json",
        "export --from-terraform-state tf.json",
        "show plan.json",
        "apply plan.json",
    ] {
        let ran = lab.run(line);
        assert_eq!(ran.code, 3, "{line}");
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains("UTF-16") && said.contains("iconv"), "{line}: {said}");
    }
}

#[test]
fn file_of_another_kind_is_told_from_the_right_one() {
    let lab = readable();
    lab.file("cenbwp.yml", ONE);
    lab.file("my.spec", &format!("# ours\n{ONE}")).file("broken.yaml", "version: 1\n- x\n");
    lab.file("st.json", r#"{"packages":[]}"#);
    lab.file("tfplan", "PK\u{3}\u{4}rest");
    lab.file("wrapped.json", "[command]/usr/bin/terraform show -json\n{\"format_version\":\"1.0\"}\n");
    lab.file("log.json", "{\"@level\":\"info\",\"@message\":\"Terraform 1.9.0\"}\n{\"@level\":\"info\"}\n");
    lab.file("tofu.json", r#"{"meta":{},"encrypted_data":"abc","encryption_version":"v0"}"#);
    lab.file("pulumi.json", r#"{"version":3,"deployment":{"manifest":{}}}"#);
    for (line, says) in [
        ("validate", "did you mean cenbwp.yml?"),
        ("apply a.yaml", "error: a.yaml: a spec, expected a saved plan"),
        ("apply a.yaml", "`cenbwp apply -f a.yaml`"),
        ("apply my.spec", "error: my.spec: a spec, expected a saved plan"),
        ("apply broken.yaml", "error: broken.yaml: a spec, expected a saved plan"),
        ("apply st.json", "error: st.json: not a saved plan: it has no format_version"),
        ("show d", "`cenbwp apply -f d`"),
        ("plan -f plan.json", "error: plan.json: a saved plan, expected a spec"),
        ("validate -f plan.json", "hint: `cenbwp show plan.json` or `cenbwp apply plan.json`"),
        (
            "plan plan.json",
            "tip: plan.json is a saved plan: `cenbwp show plan.json` or `cenbwp apply plan.json`",
        ),
        ("show tfplan", "a zip archive, as Terraform saves its plans"),
        ("export --from-terraform-state wrapped.json", "terraform_wrapper: false"),
        ("export --from-terraform-state log.json", "terraform show -json"),
        ("export --from-terraform-state tofu.json", "tofu show -json"),
        ("export --from-terraform-state pulumi.json", "Pulumi"),
    ] {
        let ran = lab.run(line);
        assert_eq!(ran.code, 3, "{line}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{line}: {}", ran.stderr);
    }
    let ran = lab.finish(lab.command("sh").args(["-c", "cenbwp show - < plan.json"]));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
