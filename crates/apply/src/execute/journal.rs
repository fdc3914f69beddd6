//! The journal: the requests of a run, their answers and the results, on disk.
//!
//! ```json
//! {"type":"run","time":"…","run":"…","version":"0.2.0","account":"…","digest":"sha256:…"}
//! {"type":"intent","time":"…","run":"…","identity":"net/x","action":"purchase","mbps":7,"client_token":"cbwp1-…"}
//! {"type":"answer","time":"…","run":"…","identity":"net/x","action":"purchase","answer":"yes","id":"cenbwp-…",…}
//! {"type":"result","time":"…","run":"…","identity":"net/x","action":"purchase","outcome":"created","id":"cenbwp-…",…}
//! ```
//!
//! It is for the person who has to explain a bill. No run reads it: a run recognises its purchases by their
//! tags and tokens, so a lost journal loses no money. An answer is written when it arrives, and a result once
//! a listing proves it. An intent without an answer is a request whose run ended before the answer arrived.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use cenbwp_spec::{AccountId, Identity};
use jiff::Timestamp;
use serde::Serialize;

use super::intent::Intent;
use super::outcome::ChangeResult;
use crate::cloud::{Answer, ClientToken, Yes};
use crate::files;

/// A file to which lines are only added. Each is on disk before the call that writes it returns.
///
/// Several runs may share a file, also at the same time: every line names its run.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    run: String,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    time: Timestamp,
    run: &'a str,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Run {
        version: &'static str,
        account: &'a AccountId,
        digest: &'a str,
    },
    Intent {
        identity: &'a Identity,
        action: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mbps: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_token: Option<&'a ClientToken>,
    },
    Answer {
        identity: &'a Identity,
        action: &'static str,
        answer: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        order_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_token: Option<&'a ClientToken>,
        request_id: Option<&'a str>,
    },
    Result {
        identity: &'a Identity,
        action: &'static str,
        outcome: &'static str,
        id: Option<&'a str>,
        order_id: Option<&'a str>,
        client_token: Option<&'a ClientToken>,
        request_id: Option<&'a str>,
    },
}

impl Journal {
    /// Opens the file, or creates it with its owner as the only reader. No link is followed. `run` names the
    /// run on each of its lines.
    ///
    /// # Errors
    /// When it cannot be opened, with its path.
    pub fn open(path: &Path, run: String) -> io::Result<Self> {
        let file = files::open_journal(path).map_err(at(path))?;
        Ok(Self { path: path.to_owned(), file, run })
    }

    /// Records the start of a run: the account, and the digest of the approved plan.
    ///
    /// # Errors
    /// When the line cannot be written to disk, with the file's path.
    pub fn begin(&mut self, time: Timestamp, account: &AccountId, digest: &str) -> io::Result<()> {
        self.write("run", time, Body::Run { version: env!("CARGO_PKG_VERSION"), account, digest })
    }

    /// Records a request that is about to leave.
    pub(super) fn intent(&mut self, time: Timestamp, intent: &Intent) -> io::Result<()> {
        let Intent { identity, action, id, mbps, client_token } = intent;
        let id = id.as_ref().map(cenbwp_spec::PackageId::as_str);
        let (mbps, client_token) = (mbps.map(|mbps| mbps.0), client_token.as_ref());
        self.write("intent", time, Body::Intent { identity, action, id, mbps, client_token })
    }

    /// Records an answer; without one, records that the request did not leave.
    pub(super) fn answer(
        &mut self,
        time: Timestamp,
        intent: &Intent,
        answer: Option<&Answer<Yes>>,
    ) -> io::Result<()> {
        let Intent { identity, action, id, mbps: _, client_token } = intent;
        let (word, bought, order_id, request_id) = match answer {
            Some(Answer::Yes(Yes { id, order_id, request_id })) => {
                ("yes", id.as_ref(), order_id.as_deref(), Some(request_id.as_str()))
            }
            Some(Answer::No(refusal)) => ("no", None, None, refusal.request_id.as_deref()),
            Some(Answer::Unknown(lost)) => ("unknown", None, None, lost.request_id.as_deref()),
            None => ("not_sent", None, None, None),
        };
        let id = bought.or(id.as_ref()).map(cenbwp_spec::PackageId::as_str);
        let client_token = client_token.as_ref();
        let body = Body::Answer { identity, action, answer: word, id, order_id, client_token, request_id };
        self.write("answer", time, body)
    }

    pub(super) fn result(&mut self, time: Timestamp, result: &ChangeResult) -> io::Result<()> {
        let body = Body::Result {
            identity: &result.identity,
            action: result.action,
            outcome: result.outcome.as_str(),
            id: result.id.as_ref().map(cenbwp_spec::PackageId::as_str),
            order_id: result.order_id.as_deref(),
            client_token: result.client_token.as_ref(),
            request_id: result.request_id.as_deref(),
        };
        self.write("result", time, body)
    }

    /// Writes one line with one write, so that the lines of runs that share a file do not mix.
    fn write(&mut self, kind: &'static str, time: Timestamp, body: Body<'_>) -> io::Result<()> {
        let line = Line { kind, time, run: &self.run, body };
        let json = serde_json::to_string(&line).expect("a line has string keys and no failing maps");
        // If another run holds the lock, it is writing a line, which looks torn until it is whole.
        let alone = self.file.try_lock().is_ok();
        let torn = if alone { ends_mid_line(&self.file) } else { Ok(false) };
        let written = torn.and_then(|torn| {
            let before = if torn { "\n" } else { "" };
            self.file.write_all(format!("{before}{json}\n").as_bytes())?;
            self.file.sync_data()
        });
        if alone {
            let _ = self.file.unlock();
        }
        written.map_err(at(&self.path))
    }
}

/// Returns true if the file ends without a line feed: a run was killed, or the disk was full, in the middle
/// of a line.
fn ends_mid_line(file: &File) -> io::Result<bool> {
    let mut last = [b'\n'];
    if let Some(end) = file.metadata()?.len().checked_sub(1) {
        file.read_at(&mut last, end)?;
    }
    Ok(last != [b'\n'])
}

fn at(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("{}: the journal: {error}", files::shown(path)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::execute::Outcome;

    const TIME: Timestamp = Timestamp::UNIX_EPOCH;

    fn bought() -> ChangeResult {
        let account = "1234567890123456".parse().unwrap();
        let identity: Identity = "net/x/2".parse().unwrap();
        ChangeResult {
            client_token: Some(ClientToken::new(&account, &identity, crate::cloud::Attempt::FIRST)),
            identity,
            action: "purchase",
            outcome: Outcome::Created,
            id: Some("cenbwp-1".parse().unwrap()),
            mbps: None,
            order_id: Some("7".to_owned()),
            request_id: None,
            detail: Some("not for the journal".to_owned()),
            hint: None,
            may_have_changed: false,
            fields: Vec::new(),
        }
    }

    #[test]
    fn a_journal_is_its_owners_and_grows_from_run_to_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        for run in ["one", "two"] {
            let mut journal = Journal::open(&path, run.to_owned()).unwrap();
            journal.begin(TIME, &"1234567890123456".parse().unwrap(), "sha256:0").unwrap();
        }
        let line = |run: &str| {
            format!(
                r#"{{"type":"run","time":"1970-01-01T00:00:00Z","run":"{run}","version":"{}","account":"1234567890123456","digest":"sha256:0"}}"#,
                env!("CARGO_PKG_VERSION")
            )
        };
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n{}\n", line("one"), line("two")));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn half_a_line_of_a_killed_run_does_not_swallow_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.ndjson");
        std::fs::write(&path, "{\"type\":\"int").unwrap();
        Journal::open(&path, "r".to_owned()).unwrap().result(TIME, &bought()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let (torn, whole) = text.split_once('\n').unwrap();
        assert_eq!(torn, "{\"type\":\"int");
        let token = bought().client_token.unwrap();
        assert_eq!(
            whole,
            format!(
                r#"{{"type":"result","time":"1970-01-01T00:00:00Z","run":"r","identity":"net/x/2","action":"purchase","outcome":"created","id":"cenbwp-1","order_id":"7","client_token":"{token}","request_id":null}}{}"#,
                "\n"
            )
        );
    }

    #[test]
    fn an_error_names_the_file() {
        let error = Journal::open(Path::new("/dev/full"), String::new()).unwrap().result(TIME, &bought());
        assert!(error.unwrap_err().to_string().starts_with("/dev/full: the journal: "));
        let error = Journal::open(Path::new("/dev/null/journal"), String::new()).unwrap_err();
        assert!(error.to_string().starts_with("/dev/null/journal: the journal: "), "{error}");
    }
}
