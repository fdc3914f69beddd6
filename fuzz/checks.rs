//! Checks that hold for arbitrary bytes. The fuzz targets call them, and so does a test that replays the
//! corpus.

use std::sync::OnceLock;

use cenbwp::cloud::{
    Answer, Credentials, RefusalKind, Reply, Secrets, classify, decode_recording, object, request,
};
use cenbwp::exit::Exit;
use cenbwp::planned::Planned;
use cenbwp_diff::{Observed, Options, Style, audit, plan};
use cenbwp_spec::{Parsed, RenderStyle, Severity, Source, Spec, neutral, parse, render};

/// Checks that reading gives a spec or findings that can be shown, and that a plan of the spec keeps its
/// laws.
pub(crate) fn spec(bytes: &[u8]) {
    let sources = [Source { name: "hostile.yaml".to_owned(), bytes: bytes.to_vec() }];
    let Parsed { spec, findings } = parse(&sources);
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(spec.is_none(), failed, "errors and a spec, or neither");
    assert!(findings.iter().all(|finding| finding.place.span.end <= bytes.len() && finding.place.line > 0));
    shows_no_surprise(&render(&findings, &sources, RenderStyle { colour: false, width: 100 }));
    if let Some(spec) = spec {
        let nothing = Observed {
            packages: Vec::new(),
            unreadable: Vec::new(),
            complete: true,
            pairs: None,
            prices: None,
        };
        plans(&spec, &nothing);
    }
}

/// Checks that reading gives a listing or a reason, and that a plan against the listing keeps its laws.
pub(crate) fn recording(bytes: &[u8]) {
    match decode_recording(bytes) {
        Ok(observed) => plans(of_everything(), &observed),
        Err(reason) => shows_no_surprise(&reason),
    }
}

/// Checks that reading gives a plan that is read back the same after saving, or an error with the code for
/// invalid input.
pub(crate) fn plan_file(bytes: &[u8]) {
    match Planned::read(bytes) {
        Ok(planned) => {
            shows_no_surprise(&planned.text(&cenbwp_diff::Style::plain()));
            let again = planned.document().to_text();
            assert_eq!(Planned::read(again.as_bytes()).expect("what is written is read").plan, planned.plan);
        }
        Err(failure) => assert_eq!(failure.exit, Exit::Invalid),
    }
}

/// Checks the classification of a reply: no secret is shown, and only the service's own code for a failed
/// token allows another token. The first two bytes are the status, the others the body.
pub(crate) fn reply(bytes: &[u8]) {
    const SECRETS: [&str; 3] = ["LTAIcanary", "canary/secret+", "canary/token=="];
    let [low, high, body @ ..] = bytes else { return };
    let status = 100 + u16::from_le_bytes([*low, *high]) % 500;
    let credentials = Credentials {
        access_key_id: SECRETS[0].to_owned(),
        secret: SECRETS[1].into(),
        security_token: Some(SECRETS[2].into()),
        source: String::new(),
    };
    let whole = Reply { status, retry_after: None, body: body.to_vec() };
    let shown = match classify(request::CREATE, Ok(whole), &Secrets::from(&credentials), object) {
        Answer::Yes(reply) => {
            assert!((200..300).contains(&status) && reply.is_object());
            return;
        }
        Answer::No(refusal) => {
            let says = refusal.code.to_string().to_ascii_lowercase();
            assert!(
                !matches!(refusal.kind, RefusalKind::TokenFailed(_)) || says.contains("idempoten"),
                "{refusal}"
            );
            assert!(!(200..300).contains(&status), "{refusal}");
            format!("{refusal} {} {}", refusal.message, refusal.hint())
        }
        Answer::Unknown(lost) => format!("{lost} {}", lost.code.clone().unwrap_or_default()),
    };
    shows_no_surprise(&shown);
    assert!(SECRETS.iter().all(|secret| !shown.contains(secret)), "{shown}");
}

/// Checks that neutral text is on one line, that `neutral` does not change it again, and that harmless
/// characters stay.
pub(crate) fn neutral_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let shown = neutral(&text);
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert_eq!(neutral(&shown), shown);
    let harmless = |c: &char| matches!(c, ' '..='~');
    let kept = |text: &str| text.chars().filter(harmless).count();
    assert!(kept(&shown) >= kept(&text), "{text:?}");
}

/// Checks that a plan keeps its laws and can be shown, and buys nothing if the listing is incomplete.
fn plans(spec: &Spec, observed: &Observed) {
    let options = Options {
        now: "2026-01-01T00:00:00Z".parse().expect("a time"),
        targets: None,
        skip_held: false,
        expiring_within: jiff::SignedDuration::from_hours(24),
        max_purchases: None,
        max_new_mbps: None,
    };
    let plan = plan(spec, observed, &options);
    assert_eq!(audit(&plan, spec, observed, &options), []);
    assert!(observed.complete || plan.purchases().next().is_none());
    shows_no_surprise(&cenbwp_diff::render(&plan, &Style::plain()));
}

/// Returns a spec that can lead to every kind of change.
fn of_everything() -> &'static Spec {
    static SPEC: OnceLock<Spec> = OnceLock::new();
    SPEC.get_or_init(|| {
        let text = "
version: 1
stack: net
defaults: { bandwidth: 10, autoPay: true, tags: { k: v, gone: null } }
packages:
  a: { areas: [China, Europe], name: a, description: \"one\\ntwo\", cenId: cen-1 }
  b: { areas: [China, China], adopt: cenbwp-2 }
  c: { areas: [China, Europe], cenId: null, generation: 2 }
  d: { areas: [China, Europe], manage: retire }
  e: { areas: [China, Europe], manage: release }
  f: { areas: [China, Europe], manage: observe, ignore: [bandwidth] }
  g: { areas: [Europe, Europe], distinctFrom: [cenbwp-1] }
";
        let source = Source { name: "everything.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
        let parsed = parse(&[source]);
        parsed.spec.unwrap_or_else(|| panic!("{:?}", parsed.findings))
    })
}

/// Checks that every character of the text is visible and harmless.
fn shows_no_surprise(text: &str) {
    assert!(text.lines().all(|line| neutral(line) == line), "{text:?}");
}
