//! The plan as a document: what a pipeline keeps, a policy checks and a person approves by its digest.
//!
//! The digest is the SHA-256 of canonical JSON (sorted keys, no white space) over everything that decides:
//! two plans of the same world have the same digest, whenever and wherever they are made. Times, file
//! names, warnings and counts of strangers stay outside it.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{Change, FieldChange, Held, Live, Observed, Options, Owner, Plan, Purchase, Warning};
use cenbwp_spec::{AccountId, Generation, Identity, Limits, Mbps, PackageId, Source, Spec, StackName};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::inputs::SavedInputs;
use super::resource;
use crate::cloud::{self, Asker, Attempt, ClientToken};

/// Everything a document is made of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What was declared.
    pub spec: &'a Spec,
    /// What was seen.
    pub observed: &'a Observed,
    /// How it was planned.
    pub options: &'a Options,
    /// Whose packages; `None` for a recording.
    pub account: Option<&'a AccountId>,
    /// Where they were listed; `None` for a recording.
    pub endpoint: Option<&'a str>,
    /// Who listed them; `None` for a recording.
    pub asker: Option<&'a Asker>,
    /// The spec's files.
    pub sources: &'a [Source],
}

/// A plan as data.
#[derive(Debug, Serialize)]
pub struct Document {
    format_version: &'static str,
    tool: Value,
    created_at: Timestamp,
    /// Over everything that decides; what an approval names.
    pub digest: String,
    /// Whether it may be carried out.
    pub applyable: bool,
    complete: bool,
    /// No part of the digest: a plan is for an account, whoever of it asks.
    credentials: Option<Asker>,
    pins: Pins,
    limits: LimitsInForce,
    resource_changes: Vec<Value>,
    purchases: Vec<PlannedPurchase>,
    updates: Vec<PlannedUpdate>,
    held: Vec<Value>,
    undeclared: Vec<Value>,
    superseded: Vec<Value>,
    warnings: Vec<Value>,
    summary: Summary,
    /// Over the inputs, so that none of them changes unnoticed, also where nothing follows from it.
    inputs_digest: String,
    inputs: SavedInputs,
}

/// The form of the document. It changes when a reader of the old form would be misled.
pub const FORMAT_VERSION: &str = "1.0";

/// What the plan was made for; another value of any of these makes it another plan.
#[derive(Debug, Serialize)]
struct Pins {
    account_id: Option<AccountId>,
    endpoint: Option<String>,
    stacks: Vec<StackName>,
    token_scheme: &'static str,
    spec: SpecPin,
    live: LivePin,
}

#[derive(Debug, Serialize)]
struct SpecPin {
    digest: String,
    files: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LivePin {
    fingerprint: String,
    listed: usize,
    ours: usize,
}

#[derive(Debug, Serialize)]
struct LimitsInForce {
    stacks: BTreeMap<StackName, Limits>,
    max_purchases: Option<u32>,
    max_new_mbps: Option<Mbps>,
}

#[derive(Debug, Serialize)]
struct PlannedPurchase {
    address: String,
    generation: Generation,
    mbps: Mbps,
    months: u32,
    client_token: Option<ClientToken>,
    request: BTreeMap<String, String>,
    then: Vec<PlannedField>,
}

#[derive(Debug, Serialize)]
struct PlannedUpdate {
    address: String,
    id: PackageId,
    action: &'static str,
    fields: Vec<PlannedField>,
}

#[derive(Debug, Serialize)]
struct PlannedField {
    field: String,
    before: Value,
    after: Value,
}

/// The numbers of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Packages to buy.
    pub purchases: usize,
    /// Their bandwidth, in Mbps.
    pub new_mbps: u64,
    /// Their terms, in months, added up.
    pub months: u64,
    /// Other changes.
    pub updates: usize,
    /// Changes that are refused.
    pub held: usize,
    /// Packages that are as declared.
    pub in_sync: usize,
    /// Packages of declared stacks that are not declared.
    pub undeclared: usize,
    /// Packages of nobody here.
    pub unmanaged: usize,
}

impl Summary {
    /// Counts a plan.
    pub fn of(plan: &Plan) -> Self {
        let purchases = plan.purchases().count();
        Self {
            purchases,
            new_mbps: plan.purchases().map(|purchase| u64::from(purchase.bandwidth.0)).sum(),
            months: plan.purchases().map(|purchase| u64::from(purchase.terms.term.months())).sum(),
            updates: plan.changes.len() - purchases,
            held: plan.held.len(),
            in_sync: plan.in_sync.len(),
            undeclared: plan.undeclared.len(),
            unmanaged: plan.unmanaged,
        }
    }
}

impl Document {
    /// Makes the document of a plan. A plan of a recording is never applyable: nobody can say what is live.
    pub fn new(material: &Material<'_>) -> Self {
        let Material { plan, spec, observed, options, account, endpoint, asker, sources } = *material;
        let mut document = Self {
            format_version: FORMAT_VERSION,
            tool: json!({ "name": "cenbwp", "version": env!("CARGO_PKG_VERSION") }),
            created_at: options.now,
            digest: String::new(),
            applyable: plan.is_applyable() && account.is_some(),
            complete: plan.complete,
            credentials: asker.cloned(),
            pins: Pins {
                account_id: account.cloned(),
                endpoint: endpoint.map(str::to_owned),
                stacks: spec.stacks.keys().cloned().collect(),
                token_scheme: ClientToken::SCHEME,
                spec: SpecPin {
                    digest: spec_digest(spec),
                    files: sources.iter().map(|source| source.name.clone()).collect(),
                },
                live: live_pin(plan, spec, observed, options.now),
            },
            limits: LimitsInForce {
                stacks: spec.stacks.iter().map(|(name, stack)| (name.clone(), stack.limits)).collect(),
                max_purchases: options.max_purchases,
                max_new_mbps: options.max_new_mbps,
            },
            resource_changes: resource_changes(plan, observed),
            purchases: plan.purchases().map(|purchase| planned_purchase(purchase, account)).collect(),
            updates: plan.changes.iter().filter_map(planned_update).collect(),
            held: plan.held.iter().map(held).collect(),
            undeclared: plan.undeclared.iter().map(|it| stray(&it.identity, &it.id, it.expires)).collect(),
            superseded: plan.superseded.iter().map(|it| stray(&it.identity, &it.id, it.expires)).collect(),
            warnings: plan.warnings.iter().map(warning).collect(),
            summary: Summary::of(plan),
            inputs_digest: String::new(),
            inputs: SavedInputs::new(material),
        };
        document.inputs_digest = sha256(&document.inputs);
        document.digest = document.compute_digest();
        document
    }

    fn compute_digest(&self) -> String {
        let mut pins = json!(self.pins);
        pins["spec"].as_object_mut().expect("a struct is an object").remove("files");
        pins["live"].as_object_mut().expect("a struct is an object").remove("listed");
        sha256(&json!({
            "applyable": self.applyable, "complete": self.complete, "pins": pins, "limits": self.limits,
            "resource_changes": self.resource_changes, "purchases": self.purchases, "updates": self.updates, "held": self.held,
        }))
    }

    /// What each changed address is before and after.
    pub(super) fn changes(&self) -> BTreeMap<String, (Value, Value)> {
        let row = |row: &Value| {
            let change = &row["change"];
            (
                row["name"].as_str().unwrap_or_default().to_owned(),
                (change["before"].clone(), change["after"].clone()),
            )
        };
        self.resource_changes.iter().map(row).collect()
    }

    /// The document as text, ending in a line feed.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("every key is a string and no map fails");
        text.push('\n');
        text
    }
}

/// The digest of what a spec declares: comments, order and the layout of files do not matter.
pub fn spec_digest(spec: &Spec) -> String {
    sha256(spec)
}

/// The digest of a value: SHA-256 of its canonical JSON. `serde_json` keeps an object's keys sorted.
pub(crate) fn sha256(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).expect("every key is a string and no map fails");
    format!("sha256:{}", hex::encode(Sha256::digest(value.to_string())))
}

/// What decides about the packages that matter here: those of the declared stacks, and the ones that a
/// change or a held item names.
fn live_pin(plan: &Plan, spec: &Spec, observed: &Observed, now: Timestamp) -> LivePin {
    let is_ours = |live: &Live| matches!(live.owner(), Owner::Identity(it) if spec.stacks.contains_key(&it.address.stack));
    let named: BTreeSet<&PackageId> = named_ids(plan);
    let mut deciding: Vec<&Live> =
        observed.packages.iter().filter(|live| is_ours(live) || named.contains(&live.id)).collect();
    deciding.sort_by(|one, other| one.id.cmp(&other.id));
    let facts: Vec<Value> = deciding.iter().map(|live| deciding_facts(live, now)).collect();
    LivePin {
        fingerprint: sha256(&facts),
        listed: observed.packages.len() + observed.unreadable.len(),
        ours: observed.packages.iter().filter(|live| is_ours(live)).count(),
    }
}

/// The packages that a change or a held item is about.
fn named_ids(plan: &Plan) -> BTreeSet<&PackageId> {
    let changed = plan.changes.iter().filter_map(|change| match change {
        Change::Purchase(_) => None,
        Change::Update(it) => Some(&it.id),
        Change::Adopt(it) => Some(&it.id),
        Change::Release(it) => Some(&it.id),
        Change::Retire(it) => Some(&it.id),
    });
    let held = plan.held.iter().flat_map(|held| held.reason.ids());
    changed.chain(held).collect()
}

fn deciding_facts(live: &Live, now: Timestamp) -> Value {
    let mut facts = resource::of_live(live);
    let facts_map = facts.as_object_mut().expect("a package is an object");
    facts_map.remove("description");
    facts_map.remove("resourceGroupId");
    facts_map.remove("expires");
    let ours = |key: &str| live.tags.get(key).cloned();
    facts_map.insert("tags".into(), json!([ours(Identity::TAG), ours(Identity::TERMS_TAG)]));
    facts_map.insert("normal".into(), json!(live.business == cenbwp_diff::Business::Normal));
    facts_map.insert("expired".into(), json!(live.expired(now)));
    facts
}

/// The changes in the shape of Terraform's plan JSON, so that rules written for that work on it.
fn resource_changes(plan: &Plan, observed: &Observed) -> Vec<Value> {
    let live: BTreeMap<&PackageId, &Live> = observed.packages.iter().map(|live| (&live.id, live)).collect();
    let before = |id: &PackageId| live.get(id).map_or(Value::Null, |live| resource::of_live(live));
    let no_tags = BTreeMap::new();
    let mut rows: Vec<(String, Value)> = Vec::new();
    for change in &plan.changes {
        let (actions, from, to, unknown) = match change {
            Change::Purchase(it) => {
                (["create"], Value::Null, resource::of_purchase(it), json!({ "id": true, "expires": true }))
            }
            Change::Update(it) => (
                ["update"],
                before(&it.id),
                resource::changed(before(&it.id), &it.fields, &no_tags),
                json!({}),
            ),
            Change::Adopt(it) => (
                ["update"],
                before(&it.id),
                resource::changed(before(&it.id), &it.fields, &it.tags),
                json!({}),
            ),
            Change::Release(it) => (["no-op"], before(&it.id), before(&it.id), json!({})),
            Change::Retire(it) => (["delete"], before(&it.id), Value::Null, json!({})),
        };
        let address = change.identity().address.to_string();
        rows.push((
            address,
            json!({ "actions": actions, "before": from, "after": to, "after_unknown": unknown }),
        ));
    }
    for (address, id) in &plan.in_sync {
        let same = before(id);
        rows.push((
            address.to_string(),
            json!({ "actions": ["no-op"], "before": same, "after": same, "after_unknown": {} }),
        ));
    }
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    let row = |(address, change)| {
        json!({
            "address": format!("cen_bandwidth_package.{address}"), "type": "cen_bandwidth_package", "name": address, "change": change,
        })
    };
    rows.into_iter().map(row).collect()
}

fn planned_purchase(purchase: &Purchase, account: Option<&AccountId>) -> PlannedPurchase {
    let token = account.map(|account| ClientToken::new(account, &purchase.identity, Attempt::FIRST));
    let mut request = cloud::request::create_parameters(purchase);
    request.extend(token.as_ref().map(|token| ("ClientToken".to_owned(), token.to_string())));
    PlannedPurchase {
        address: purchase.identity.address.to_string(),
        generation: purchase.identity.generation,
        mbps: purchase.bandwidth,
        months: purchase.terms.term.months(),
        request,
        client_token: token,
        then: purchase.then.iter().map(planned_field).collect(),
    }
}

fn planned_update(change: &Change) -> Option<PlannedUpdate> {
    let (id, action, fields): (_, _, &[FieldChange]) = match change {
        Change::Purchase(_) => return None,
        Change::Update(it) => (&it.id, "update", &it.fields),
        Change::Adopt(it) => (&it.id, "adopt", &it.fields),
        Change::Release(it) => (&it.id, "release", &[]),
        Change::Retire(it) => (&it.id, "retire", &[]),
    };
    let address = change.identity().address.to_string();
    Some(PlannedUpdate {
        address,
        id: id.clone(),
        action,
        fields: fields.iter().map(planned_field).collect(),
    })
}

fn planned_field(change: &FieldChange) -> PlannedField {
    let (field, before, after) = resource::field(change);
    PlannedField { field, before, after }
}

pub(super) fn held(held: &Held) -> Value {
    let Held { identity, reason } = held;
    json!({
        "address": identity.address, "generation": identity.generation, "reason": reason.word(),
        "message": reason.message(), "hint": reason.hint(identity),
    })
}

fn stray(identity: &Identity, id: &PackageId, expires: Option<Timestamp>) -> Value {
    json!({ "address": identity.address, "generation": identity.generation, "id": id, "expires": expires })
}

fn warning(warning: &Warning) -> Value {
    json!({ "warning": warning.word(), "address": warning.identity().address, "message": warning.message() })
}
