//! Words for bandwidth that regions use.

use cenbwp_spec::{Address, Mbps, PackageId, neutral};

use crate::{Share, Taken};

/// The most pairs of regions that a message names.
const MOST_NAMED: usize = 10;

/// The change that is refused, and the regions that are in its way.
pub(super) fn message(id: &PackageId, shares: &[Share], taken: &Taken) -> String {
    let change = match taken {
        Taken::Part(mbps) => format!("{id} would have {}", mbps.to),
        Taken::Detached(cen) => format!("{id} would be detached from {cen}"),
        Taken::Retired(cens) => {
            let cens: Vec<&str> = cens.iter().map(|cen| cen.as_str()).collect();
            format!("{id} would be detached from {}", cens.join(" and "))
        }
    };
    let named = shares.iter().take(MOST_NAMED).map(|share| format!("{} {}", pair(share), share.bandwidth));
    let mut named: Vec<String> = named.collect();
    let more = shares.len().saturating_sub(MOST_NAMED);
    named.extend((more > 0).then(|| format!("{more} more")));
    format!("{change}, and regions use {} of it: {}", Share::sum(shares), named.join(", "))
}

/// The ways out. None of them charges.
pub(super) fn hint(address: &Address, shares: &[Share], taken: &Taken) -> String {
    let sum = Share::sum(shares);
    let there = format!("where {address} is declared");
    match taken {
        Taken::Part(mbps) => {
            let first = shares.first().map(|share| format!(", {} first", pair(share))).unwrap_or_default();
            let less = Mbps(sum.0.saturating_sub(mbps.to.0));
            let lower = format!("in the console, lower what regions use by {less}{first}, and plan again");
            if sum > mbps.from || sum > Mbps::MAX {
                return lower;
            }
            format!("{lower}; or, {there}, write `bandwidth: {}`", sum.0)
        }
        Taken::Detached(cen) => format!(
            "in the console, lower what each of these regions uses to 0, and plan again; or, {there}, leave it where it is with `cenId: {cen}`"
        ),
        Taken::Retired(_) => {
            "in the console, lower what each of these regions uses to 0, and plan again".to_owned()
        }
    }
}

/// The change that the service may refuse.
pub(super) fn unknown(id: &PackageId, taken: &Taken) -> String {
    let most = match taken {
        Taken::Part(mbps) => format!("more than {}", mbps.to),
        Taken::Detached(_) | Taken::Retired(_) => "any".to_owned(),
    };
    format!(
        "the listing does not say how much of {id} regions use; the service refuses the change while they use {most}"
    )
}

fn pair(share: &Share) -> String {
    share.regions.each_ref().map(|region| neutral(region)).join(" - ")
}
