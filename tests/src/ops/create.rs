//! Buys a package.

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::context::Context;
use crate::chance::mix;
use crate::ledger::{IDENTITY_TAG, Order, OrderKind};
use crate::params::Params;
use crate::renewal::Renewal;
use crate::wire::{Answer, Refusal};
use crate::world::Package;

/// `CreateCenBandwidthPackage`. With `AutoPay=false`, the default of today's page, the order is unpaid and
/// the package is not listed until it is paid, although the answer names it.
pub(super) fn create(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    if params.text("BandwidthPackageChargeType") == Some("POSTPAY") {
        let message = "The charge type is not offered; expected PREPAY.";
        return Err(Refusal::bad("UnSupported.ChargeType", message));
    }
    let months = months(params)?;
    let serial = context.world.orders.len() as u64 + 1;
    let area = |name| params.needed(name).to_ascii_lowercase();
    let mut package = Package::new(
        &package_id(context.seed, serial),
        [&area("GeographicRegionAId"), &area("GeographicRegionBId")],
        params.int("Bandwidth").unwrap_or_default(),
    );
    package.name = params.needed("Name").to_owned();
    package.description = params.needed("Description").to_owned();
    package.created = context.now;
    package.expires = add_months(context.now, months);
    package.tags = context.new_tags();
    package.paid = params.flag("AutoPay");
    if params.flag("AutoRenew") {
        package.renewal = Renewal::every(params.int("AutoRenewDuration").unwrap_or(1));
    }
    package.hidden =
        context.hidden(context.semantics.visible_after_listings, context.semantics.visible_after);
    package.tags_hidden = context.hidden(context.semantics.tags_after_listings, context.semantics.tags_after);

    let order_id = place_order(context, OrderKind::New, &package);
    let mut answer = Answer::new();
    answer.insert("CenBandwidthPackageId".into(), package.id.clone().into());
    answer.insert("CenBandwidthPackageOrderId".into(), order_id.into());
    context.world.packages.insert(0, package);
    Ok(answer)
}

/// Writes a line of the ledger and returns the order's id.
pub(super) fn place_order(context: &mut Context<'_>, kind: OrderKind, package: &Package) -> String {
    let Context { world, params, now, request, .. } = context;
    let seq = world.orders.len() as u64 + 1;
    let order_id = format!("2015642{seq:08}");
    world.orders.push(Order {
        seq,
        order_id: order_id.clone(),
        kind,
        package_id: package.id.clone(),
        identity: package.tag(IDENTITY_TAG).map(str::to_owned),
        mbps: params.int("Bandwidth").unwrap_or_default(),
        paid: package.paid,
        client_token: params.text("ClientToken").map(str::to_owned),
        parameters: params.without_token(),
        at: *now,
        request: *request,
    });
    order_id
}

/// The documented sets: 1, 2, 3, 6 months or 1, 2, 3 years; one month by default.
fn months(params: &Params) -> Result<i32, Refusal> {
    let cycle = params.text("PricingCycle").unwrap_or("Month");
    match (cycle, params.int("Period").unwrap_or(1)) {
        ("Month", 1) => Ok(1),
        ("Month", 2) => Ok(2),
        ("Month", 3) => Ok(3),
        ("Month", 6) => Ok(6),
        ("Year", 1) => Ok(12),
        ("Year", 2) => Ok(24),
        ("Year", 3) => Ok(36),
        (cycle, period) => {
            let message =
                format!("The specified parameter Period is not valid: {period} is not sold per {cycle}.");
            Err(Refusal::bad("InvalidParameter", message))
        }
    }
}

fn add_months(from: Timestamp, months: i32) -> Timestamp {
    from.to_zoned(TimeZone::UTC).checked_add(months.months()).map_or(from, |end| end.timestamp())
}

/// Returns an id of eighteen letters and digits, the same for the same seed and order.
fn package_id(seed: u64, serial: u64) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut id = String::from("cenbwp-");
    let mut number = mix(seed, serial);
    for _ in 0..18 {
        id.push(char::from(ALPHABET[usize::try_from(number % 36).unwrap_or(0)]));
        number = mix(number, serial);
    }
    id
}
