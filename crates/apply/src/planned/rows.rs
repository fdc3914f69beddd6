//! The rows of a plan's document, each made from one change, package or warning.

use std::collections::{BTreeMap, HashMap};

use cenbwp_diff::{Change, FieldChange, Held, Leftover, Live, Observed, Plan, Purchase, Share, Warning};
use cenbwp_spec::{AccountId, Generation, Identity, Mbps, PackageId};
use serde_json::{Value, json};

use super::resource;
use crate::cloud::{self, Attempt, ClientToken};

#[derive(Debug, serde::Serialize)]
pub(super) struct PlannedPurchase {
    address: String,
    generation: Generation,
    mbps: Mbps,
    months: u32,
    /// True if exactly one of its areas is China.
    cross_border: bool,
    client_token: Option<ClientToken>,
    request: BTreeMap<String, String>,
    then: Vec<PlannedField>,
}

#[derive(Debug, serde::Serialize)]
pub(super) struct PlannedUpdate {
    address: String,
    id: PackageId,
    action: &'static str,
    fields: Vec<PlannedField>,
}

#[derive(Debug, serde::Serialize)]
pub(super) struct PlannedField {
    field: String,
    before: Value,
    after: Value,
}

/// The packages by id, to show the state before a change.
pub(crate) struct Befores<'a>(HashMap<&'a PackageId, &'a Live>);

impl<'a> Befores<'a> {
    pub(crate) fn new(observed: &'a Observed) -> Self {
        Self(observed.packages.iter().map(|live| (&live.id, live)).collect())
    }

    fn of(&self, id: &PackageId) -> Value {
        self.0.get(id).map_or(Value::Null, |live| resource::of_live(live))
    }

    /// Returns the bandwidth of the package of a change that regions use, as far as it is known.
    pub(crate) fn shares(&self, change: &Change) -> &'a [Share] {
        let live = change.id().and_then(|id| self.0.get(id));
        live.and_then(|live| live.shares.as_deref()).unwrap_or_default()
    }

    fn changed(
        &self,
        id: &PackageId,
        fields: &[FieldChange],
        tags: &BTreeMap<String, String>,
    ) -> (Value, Value) {
        let before = resource::before(self.of(id), fields);
        (before.clone(), resource::changed(before, fields, tags))
    }

    /// Returns the package before and after a change.
    pub(crate) fn and_after(&self, change: &Change) -> (Value, Value) {
        let no_tags = BTreeMap::new();
        match change {
            Change::Purchase(it) => (Value::Null, resource::of_purchase(it)),
            Change::Update(it) => self.changed(&it.id, &it.fields, &no_tags),
            Change::Adopt(it) => self.changed(&it.id, &it.fields, &it.tags),
            Change::Move(it) => {
                let tag = BTreeMap::from([(Identity::TAG.to_owned(), it.identity.to_string())]);
                self.changed(&it.id, &it.fields, &tag)
            }
            Change::Release(it) => (self.of(&it.id), self.of(&it.id)),
            Change::Retire(it) => (self.of(&it.id), Value::Null),
        }
    }
}

/// Returns the changes in the shape of Terraform's plan JSON, sorted by address, so that rules written for
/// Terraform work on them.
pub(super) fn resource_changes<'a>(
    plan: &'a Plan,
    observed: &'a Observed,
) -> impl Iterator<Item = Value> + 'a {
    let befores = Befores::new(observed);
    let changes = plan.changes.iter().map(|change| (&change.identity().address, Err(change)));
    let in_sync = plan.in_sync.iter().map(|(address, id)| (address, Ok(id)));
    let mut rows: Vec<(String, Result<&PackageId, &Change>)> =
        changes.chain(in_sync).map(|(address, row)| (address.to_string(), row)).collect();
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    rows.into_iter().map(move |(name, row)| {
        let (actions, (before, after), unknown) = match row {
            Ok(in_sync) => (["no-op"], (befores.of(in_sync), befores.of(in_sync)), json!({})),
            Err(change) => {
                let (action, unknown) = match change {
                    Change::Purchase(_) => ("create", json!({ "id": true, "expires": true })),
                    Change::Update(_) | Change::Adopt(_) | Change::Move(_) => ("update", json!({})),
                    Change::Release(_) => ("no-op", json!({})),
                    Change::Retire(_) => ("delete", json!({})),
                };
                ([action], befores.and_after(change), unknown)
            }
        };
        let change =
            json!({ "actions": actions, "before": before, "after": after, "after_unknown": unknown });
        let address = |name: &str| format!("cen_bandwidth_package.{name}");
        let mut entry = json!({
            "address": address(&name), "type": "cen_bandwidth_package", "name": name, "change": change,
        });
        if let Err(Change::Move(moved)) = row {
            entry["previous_address"] = json!(address(&moved.from.address.to_string()));
        }
        entry
    })
}

pub(super) fn planned_purchase(purchase: &Purchase, account: Option<&AccountId>) -> PlannedPurchase {
    let token = account.map(|account| ClientToken::new(account, &purchase.identity, Attempt::FIRST));
    let mut request = cloud::request::create_parameters(purchase);
    request.extend(token.as_ref().map(|token| ("ClientToken".to_owned(), token.to_string())));
    PlannedPurchase {
        address: purchase.identity.address.to_string(),
        generation: purchase.identity.generation,
        mbps: purchase.bandwidth,
        months: purchase.terms.term.months(),
        cross_border: purchase.areas.is_cross_border(),
        request,
        client_token: token,
        then: purchase.follow_ups.iter().map(planned_field).collect(),
    }
}

pub(super) fn priced(purchase: &Purchase) -> Value {
    let Identity { address, generation } = &purchase.identity;
    json!({ "address": address, "generation": generation, "price": purchase.price })
}

pub(super) fn planned_update(change: &Change) -> Option<PlannedUpdate> {
    let (id, action, fields): (_, _, &[FieldChange]) = match change {
        Change::Purchase(_) => return None,
        Change::Update(it) => (&it.id, "update", &it.fields),
        Change::Adopt(it) => (&it.id, "adopt", &it.fields),
        Change::Move(it) => (&it.id, "move", &it.fields),
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

pub(crate) fn held(held: &Held) -> Value {
    let Held { identity, reason } = held;
    json!({
        "address": identity.address, "generation": identity.generation, "reason": reason.rule().name,
        "message": reason.message(), "hint": reason.hint(identity),
    })
}

pub(super) fn leftover(leftover: &Leftover) -> Value {
    let Leftover { identity, id, expires } = leftover;
    json!({ "address": identity.address, "generation": identity.generation, "id": id, "expires": expires })
}

pub(super) fn warning(warning: &Warning) -> Value {
    json!({
        "warning": warning.kind.rule().name, "address": warning.identity.address, "message": warning.message(),
    })
}
