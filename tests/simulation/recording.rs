//! Histories as JSON lines, for a judge that shares nothing with the oracle but the format: `docs/histories.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cenbwp_tests::{IDENTITY_TAG, OrderKind, Package};
use serde_json::{Map, Value, json};

use crate::history::{Event, Fate, History, Record};
use crate::oracle::renews;
use crate::schedule::Schedule;

/// Returns a history as lines, one for each event, and one for each order of the ledger at the end.
pub(crate) fn lines(name: &str, schedule: &Schedule, history: &History) -> String {
    let nonces: BTreeMap<u64, &str> =
        history.requests.iter().filter_map(|logged| Some((logged.seq, logged.nonce.as_deref()?))).collect();
    let by = |request: Option<u64>| request.and_then(|seq| nonces.get(&seq).copied());
    let mut text = String::new();
    let mut add = |line: &Value| writeln!(text, "{line}").expect("writing to a string does not fail");
    let forgets = !schedule.service.dead_replay;
    add(&json!({ "type": "history", "format": 1, "name": name, "forgets": forgets }));
    for entry in &history.entries {
        let mut event = match &entry.event {
            Event::Started { run } => json!({ "type": "start", "run": run }),
            Event::Sent { run, action, nonce, params } => {
                let params: BTreeMap<&str, &str> =
                    params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                json!({ "type": "request", "run": run, "nonce": nonce, "action": action, "params": params })
            }
            Event::Replied { run, nonce, fate, bought } => {
                let (status, code) = match fate {
                    Fate::Answered { status, code } => (Some(status), code.as_str()),
                    Fate::Lost => (None, "lost"),
                    Fate::NotSent => (None, "not_sent"),
                };
                let (package, order) = bought.clone().unzip();
                json!({ "type": "reply", "run": run, "nonce": nonce, "status": status, "code": code,
                    "package": package, "order": order })
            }
            Event::Showed { run, page } => {
                let packages: Vec<Value> = page
                    .packages
                    .iter()
                    .map(|(id, identity)| json!({ "id": id, "identity": identity }))
                    .collect();
                json!({ "type": "listing", "run": run, "packages": packages, "whole": page.is_whole,
                    "unreadable": page.has_unreadable })
            }
            Event::Billed { run, nonce, asked, bills } => {
                let rows = asked.iter().map(|id| (id.clone(), json!(bills.get(id).map(|bill| bill.months))));
                let rows: Map<String, Value> = rows.collect();
                json!({ "type": "billing", "run": run, "nonce": nonce, "months": rows })
            }
            Event::Signalled { run } => json!({ "type": "signal", "run": run }),
            Event::Stands { run, results, code } => {
                json!({ "type": "would_end", "run": run, "code": code, "results": results })
            }
            Event::Became { id, now, request } => {
                json!({ "type": "package", "id": id, "by": by(*request), "now": now.as_deref().map(state) })
            }
            Event::Ended { run } => end(*run, &history.runs[*run]),
            // A lock of the simulated process, and what the lines after them tell.
            Event::Locked { .. } | Event::Intends { .. } | Event::Did(_) => continue,
        };
        event["at"] = json!(entry.at);
        add(&event);
    }
    for order in history.ledger.iter().filter(|order| order.kind == OrderKind::New) {
        add(&json!({ "type": "order", "by": by(Some(order.request)), "package": order.package_id,
            "order": order.order_id, "identity": order.identity, "mbps": order.mbps, "paid": order.paid }));
    }
    text
}

/// The end of a run: its exit code and what it said.
fn end(run: usize, Record { said, .. }: &Record) -> Value {
    let planned: Vec<Value> = said
        .planned
        .iter()
        .map(|(identity, action)| json!({ "address": identity, "action": action }))
        .collect();
    json!({ "type": "end", "run": run, "code": said.code, "cut": said.cut, "error": said.error,
        "planned": planned, "results": said.results })
}

/// A package at the service.
fn state(package: &Package) -> Value {
    json!({ "identity": package.tag(IDENTITY_TAG), "mbps": package.bandwidth, "name": package.name,
        "description": package.description, "cens": package.cen_ids,
        "resource_group": package.resource_group_id, "months": renews(package),
        "tags": package.tags.iter().map(|tag| (tag.key.clone(), json!(tag.value))).collect::<Map<_, _>>() })
}
