//! The plan as a document, which a pipeline keeps, a policy checks, and a person approves by its digest.
//!
//! The digest is the SHA-256 of canonical JSON (sorted keys, no white space) over every input that the plan
//! depends on: two plans from the same spec and the same account state have the same digest, whenever and
//! wherever they are made. Times, file names, warnings and counts of other packages are not part of it.
//!
//! A document of 100,000 packages is never in memory as a whole: each row is made when it is written or
//! hashed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cenbwp_diff::{Change, Cost, Live, NewMbps, Observed, Options, Owner, Plan};
use cenbwp_spec::{AccountId, Identity, Limits, Mbps, PackageId, Spec, Stack, StackName};
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Value, json};

use super::digest::Hasher;
use super::inputs::SavedInputs;
use super::resource;
use super::rows::{
    PlannedPurchase, PlannedUpdate, held, leftover, planned_purchase, planned_update, priced,
    resource_changes, warning,
};
use super::{Planned, SpecPath};
use crate::cloud::ClientToken;
use crate::situation::Situation;

/// A plan as data.
#[derive(Debug)]
pub struct Document<'a> {
    planned: &'a Planned,
    pins: Pins<'a>,
    /// The digest that an approval names.
    pub digest: String,
    /// True if the plan may be carried out.
    pub applyable: bool,
}

/// The version of the document's form: the first number changes when a reader of the old form would be
/// misled, the second when something is added. The tool itself reads this version only: an older tool would
/// ignore an added field, and a newer one would miss it.
pub const FORMAT_VERSION: &str = "1.1";

/// The account, endpoint, spec and listing that the plan was made for. With another value of any of them it
/// is another plan.
#[derive(Debug, serde::Serialize)]
struct Pins<'a> {
    account_id: Option<&'a AccountId>,
    endpoint: Option<&'a str>,
    stacks: Vec<&'a StackName>,
    token_scheme: &'static str,
    spec: SpecPin<'a>,
    live: LivePin,
}

#[derive(Debug, serde::Serialize)]
struct SpecPin<'a> {
    digest: String,
    paths: &'a [SpecPath],
    files: Vec<&'a str>,
}

#[derive(Debug, serde::Serialize)]
struct LivePin {
    fingerprint: String,
    listed: usize,
    ours: usize,
}

#[derive(Debug, serde::Serialize)]
struct LimitsInForce {
    stacks: BTreeMap<StackName, Limits>,
    max_purchases: Option<u32>,
    max_new_mbps: Option<Mbps>,
}

/// The numbers of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Packages to buy.
    pub purchases: usize,
    /// The bandwidth that is added, as `new_mbps`, `purchase_mbps` and `upgrade_mbps`.
    #[serde(flatten)]
    pub mbps: NewMbps,
    /// The sum of their terms, in months.
    pub months: u64,
    /// Their price, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Cost>,
    /// Other changes.
    pub updates: usize,
    /// Changes that are refused.
    pub held: usize,
    /// Packages that are in sync with the spec.
    pub in_sync: usize,
    /// Packages of declared stacks that are not declared.
    pub undeclared: usize,
    /// Packages that other stacks own.
    pub other_stacks: usize,
    /// Packages without an owner.
    pub unmanaged: usize,
}

impl Planned {
    /// Returns the digest that an approval names: this plan's own, or, if it is the rest of an approved plan,
    /// that plan's.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| self.document().digest)
    }

    /// Returns the rest of this plan, for this newer situation.
    pub fn rest(&self, options: Options, situation: Situation, plan: Plan) -> Self {
        let (sources, spec) = (Arc::clone(&self.sources), Arc::clone(&self.spec));
        let rest = Self::new(sources, spec, options, situation, plan).read_from(Arc::clone(&self.paths));
        Self { digest: self.digest().to_owned().into(), ..rest }
    }

    /// Returns the plan as a document.
    pub fn document(&self) -> Document<'_> {
        Document::new(self)
    }

    /// Returns the line with the digest that approves the plan; empty if there is nothing to approve.
    pub fn approved_by(&self) -> String {
        let is_open = self.is_applyable() && !self.plan.is_empty();
        if is_open { format!("Digest {}\n", self.digest()) } else { String::new() }
    }
}

impl Summary {
    /// Counts the items of a plan.
    pub fn of(plan: &Plan) -> Self {
        let purchases = plan.purchases().count();
        Self {
            purchases,
            mbps: plan.new_mbps(),
            months: plan.purchases().map(|purchase| u64::from(purchase.terms.term.months())).sum(),
            price: plan.cost(),
            updates: plan.changes.len() - purchases,
            held: plan.held.len(),
            in_sync: plan.in_sync.len(),
            undeclared: plan.undeclared.len(),
            other_stacks: plan.other_stacks,
            unmanaged: plan.unmanaged,
        }
    }

    /// Adds up the numbers of several plans. Packages of other owners are not counted: the plans of one account
    /// count the same ones.
    pub fn total<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Self {
        let plans: Vec<&Plan> = plans.into_iter().collect();
        let price = cenbwp_diff::cost(plans.iter().copied());
        let sum = plans.into_iter().map(Self::of).fold(Self::default(), |sum, one| {
            let mbps = NewMbps {
                by_purchase: sum.mbps.by_purchase + one.mbps.by_purchase,
                by_upgrade: sum.mbps.by_upgrade + one.mbps.by_upgrade,
            };
            Self {
                purchases: sum.purchases + one.purchases,
                mbps,
                months: sum.months + one.months,
                price: None,
                updates: sum.updates + one.updates,
                held: sum.held + one.held,
                in_sync: sum.in_sync + one.in_sync,
                undeclared: sum.undeclared + one.undeclared,
                other_stacks: 0,
                unmanaged: 0,
            }
        });
        Self { price, ..sum }
    }
}

impl<'a> Document<'a> {
    /// Makes the document of a plan.
    pub fn new(planned: &'a Planned) -> Self {
        let Planned { plan, spec, options, situation, paths, sources, digest: _ } = planned;
        let Situation { account, endpoint, caller: _, observed } = situation;
        let pins = Pins {
            account_id: account.as_ref(),
            endpoint: endpoint.as_deref(),
            stacks: spec.stacks.keys().collect(),
            token_scheme: ClientToken::SCHEME,
            spec: SpecPin {
                digest: spec_digest(spec),
                paths,
                files: sources.iter().map(|source| source.name.as_str()).collect(),
            },
            live: live_pin(plan, spec, observed, options.now),
        };
        let mut document = Self { planned, pins, digest: String::new(), applyable: planned.is_applyable() };
        document.digest = document.compute_digest();
        document
    }

    fn compute_digest(&self) -> String {
        let mut pins = json!(self.pins);
        // The names of the spec's files change no decision and differ between checkouts. `apply` compares
        // them separately.
        let spec = pins["spec"].as_object_mut().expect("a struct is an object");
        spec.retain(|name, _| name == "digest");
        pins["live"].as_object_mut().expect("a struct is an object").remove("listed");
        let mut hasher = Hasher::default();
        hasher.object(|members| {
            members.member("applyable", &self.applyable);
            members.member("complete", &self.planned.plan.complete);
            members.rows("held", self.held());
            members.member("limits", &self.limits());
            members.member("pins", &pins);
            members.rows("purchases", self.purchases());
            members.rows("resource_changes", self.resource_changes());
            members.rows("updates", self.updates());
        });
        hasher.finish()
    }

    fn limits(&self) -> LimitsInForce {
        let Planned { spec, options, .. } = self.planned;
        LimitsInForce {
            stacks: spec.stacks.iter().map(|(name, stack)| (name.clone(), stack.limits)).collect(),
            max_purchases: options.max_purchases,
            max_new_mbps: options.max_new_mbps,
        }
    }

    fn resource_changes(&self) -> impl Iterator<Item = Value> {
        resource_changes(&self.planned.plan, &self.planned.situation.observed)
    }

    fn purchases(&self) -> impl Iterator<Item = PlannedPurchase> {
        let account = self.planned.situation.account.as_ref();
        self.planned.plan.purchases().map(move |purchase| planned_purchase(purchase, account))
    }

    fn updates(&self) -> impl Iterator<Item = PlannedUpdate> {
        self.planned.plan.changes.iter().filter_map(planned_update)
    }

    fn held(&self) -> impl Iterator<Item = Value> {
        self.planned.plan.held.iter().map(held)
    }

    /// Returns the document as text, ending in a line feed.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("every key is a string and no map fails");
        text.push('\n');
        text
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Planned { plan, options, .. } = self.planned;
        let undeclared = || plan.undeclared.iter().map(leftover);
        let superseded = || plan.superseded.iter().map(leftover);
        let inputs = SavedInputs::new(self.planned);
        let mut document = serializer.serialize_struct("Document", 20)?;
        document.serialize_field("format_version", FORMAT_VERSION)?;
        let tool = json!({ "name": "cenbwp", "version": env!("CARGO_PKG_VERSION") });
        document.serialize_field("tool", &tool)?;
        document.serialize_field("created_at", &options.now)?;
        document.serialize_field("digest", &self.digest)?;
        document.serialize_field("applyable", &self.applyable)?;
        document.serialize_field("complete", &plan.complete)?;
        // Not part of the digest: a plan is for an account, with any credentials of it.
        document.serialize_field("credentials", &self.planned.situation.caller)?;
        document.serialize_field("pins", &self.pins)?;
        document.serialize_field("limits", &self.limits())?;
        document.serialize_field("resource_changes", &Rows(|| self.resource_changes()))?;
        document.serialize_field("purchases", &Rows(|| self.purchases()))?;
        // Not part of the digest: a price is not what is bought.
        match &self.planned.situation.observed.prices {
            Some(_) => document.serialize_field("prices", &Rows(|| plan.purchases().map(priced)))?,
            None => document.skip_field("prices")?,
        }
        document.serialize_field("updates", &Rows(|| self.updates()))?;
        document.serialize_field("held", &Rows(|| self.held()))?;
        document.serialize_field("undeclared", &Rows(undeclared))?;
        document.serialize_field("superseded", &Rows(superseded))?;
        document.serialize_field("warnings", &Rows(|| plan.warnings.iter().map(warning)))?;
        document.serialize_field("summary", &Summary::of(plan))?;
        // The digest of the inputs reveals every edit of them, also one that does not change the plan.
        document.serialize_field("inputs_digest", &inputs.digest())?;
        document.serialize_field("inputs", &inputs)?;
        document.end()
    }
}

/// A list that makes each item when it writes it.
struct Rows<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Rows<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Returns the digest of the declarations of a spec: comments, order and the layout of files do not matter.
pub fn spec_digest(spec: &Spec) -> String {
    let mut hasher = Hasher::default();
    hasher.object(|spec_members| {
        spec_members.object("stacks", |stacks| {
            for (name, Stack { account, limits, packages, sources: _ }) in &spec.stacks {
                stacks.object(name.as_str(), |stack| {
                    stack.member("account", account);
                    stack.member("limits", limits);
                    stack.object("packages", |members| {
                        packages.iter().for_each(|(name, package)| members.member(name.as_str(), package));
                    });
                });
            }
        });
    });
    hasher.finish()
}

/// Returns the fingerprint of the packages that the plan depends on: those of the declared stacks, and those
/// that a change or a held item names.
fn live_pin(plan: &Plan, spec: &Spec, observed: &Observed, now: Timestamp) -> LivePin {
    let named: BTreeSet<&PackageId> = named_ids(plan);
    let mut ours = 0;
    let mut deciding: Vec<&Live> = Vec::new();
    for live in &observed.packages {
        let is_ours =
            matches!(live.owner(), Owner::Identity(it) if spec.stacks.contains_key(&it.address.stack));
        ours += usize::from(is_ours);
        if is_ours || named.contains(&live.id) {
            deciding.push(live);
        }
    }
    deciding.sort_by(|one, other| one.id.cmp(&other.id));
    let mut hasher = Hasher::default();
    hasher.list(deciding.iter().map(|live| deciding_facts(live, now)));
    let listed = observed.packages.len() + observed.unreadable.len();
    LivePin { fingerprint: hasher.finish(), listed, ours }
}

/// Returns the packages that a change or a held item names.
fn named_ids(plan: &Plan) -> BTreeSet<&PackageId> {
    let changed = plan.changes.iter().filter_map(Change::id);
    let held = plan.held.iter().flat_map(|held| held.reason.ids());
    changed.chain(held).collect()
}

/// The facts of a live package that decide about a plan. Each field is in or out by name, so that a new one cannot
/// make every saved plan stale unnoticed.
fn deciding_facts(live: &Live, now: Timestamp) -> Value {
    let Live {
        id,
        name,
        areas,
        cens,
        tags,
        business,
        // Through the methods below.
        bandwidth: _,
        reservation: _,
        charge: _,
        expires: _,
        // A change that it needs is one of the plan's. If it could not be read, an approval stays valid.
        renewal: _,
        // They decide nothing.
        description: _,
        resource_group: _,
        // Changes with traffic; `apply` looks at it anew.
        shares: _,
    } = live;
    let own = |key: &str| tags.get(key);
    json!({
        "id": id,
        "name": name,
        "areas": resource::areas(areas),
        "bandwidth": live.permanent_bandwidth(),
        "chargeType": resource::charge_type(live),
        "cenIds": cens,
        "tags": [own(Identity::TAG), own(Identity::TERMS_TAG)],
        "normal": *business == cenbwp_diff::BusinessStatus::Normal,
        "expired": live.expired(now),
    })
}
