//! The world as one operation sees it and may change it.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::access::Access;
use crate::auth::Caller;
use crate::config::Semantics;
use crate::fault::Effect;
use crate::params::Params;
use crate::wire::{Answer, Refusal};
use crate::world::{Hidden, Package, Tag, World};

/// Everything that an operation sees and may change.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) params: &'a Params,
    pub(crate) now: Timestamp,
    /// The number of the request that is carried out.
    pub(crate) request: u64,
    pub(crate) seed: u64,
    pub(crate) semantics: &'a Semantics,
    pub(crate) account_id: &'a str,
    /// The caller; `None` where no signature is needed.
    pub(crate) caller: Option<&'a Caller>,
    pub(crate) access: &'a mut Access,
    pub(crate) listing: &'a ListingFaults,
}

/// The faults of this one listing.
#[derive(Debug, Default)]
pub(crate) struct ListingFaults {
    pub(crate) total_count: Option<i64>,
    pub(crate) shift: i64,
    pub(crate) unreadable: Vec<usize>,
}

impl ListingFaults {
    /// Returns the faults of a listing among these effects.
    pub(crate) fn of(effects: &[Effect]) -> Self {
        let mut faults = Self::default();
        for effect in effects {
            match effect {
                Effect::TotalCount(count) => faults.total_count = Some(*count),
                Effect::Shift(by) => faults.shift = faults.shift.saturating_add(*by),
                Effect::Unreadable(index) => faults.unreadable.push(*index),
                _ => {}
            }
        }
        faults
    }
}

impl Context<'_> {
    /// Returns the index of the package with this id, if the caller can see it.
    pub(crate) fn package_index(&self, id: &str) -> Option<usize> {
        self.world.packages.iter().position(|package| package.id == id && self.exists(package))
    }

    /// Returns the package that the request names.
    pub(crate) fn package(&mut self) -> Result<&mut Package, Refusal> {
        let id = self.params.needed("CenBandwidthPackageId");
        let index = self.package_index(id).ok_or_else(|| {
            Refusal::bad(
                "ParameterIllegal.BwpInstanceId",
                format!("The bandwidth package {id:?} does not exist."),
            )
        })?;
        Ok(&mut self.world.packages[index])
    }

    /// Reports whether callers can see a package: it is paid and visible.
    pub(crate) fn exists(&self, package: &Package) -> bool {
        (package.paid || self.semantics.list_unpaid) && !package.hidden.at(self.world.listings, self.now)
    }

    pub(crate) fn tags_are_visible(&self, package: &Package) -> bool {
        !package.tags_hidden.at(self.world.listings, self.now)
    }

    /// Lets listings show the package as it is for a while, although it is about to change.
    pub(crate) fn outdate(&mut self, id: &str) {
        let hides = self.hidden(self.semantics.values_after_listings, self.semantics.values_after);
        let (listings, now) = (self.world.listings, self.now);
        if hides == Hidden::default() {
            return;
        }
        if let Some(package) = self.world.package_mut(id) {
            match &mut package.outdated {
                // The older values are shown until the later change is visible.
                Some(outdated) if outdated.hides.at(listings, now) => outdated.hides = hides,
                _ => package.outdate(hides),
            }
        }
    }

    /// Returns the package as listings show it now.
    pub(crate) fn shown<'p>(&self, package: &'p Package) -> Cow<'p, Package> {
        let outdated = package.outdated.as_ref();
        match outdated.filter(|outdated| outdated.hides.at(self.world.listings, self.now)) {
            Some(_) => Cow::Owned(package.as_before()),
            None => Cow::Borrowed(package),
        }
    }

    /// The tags of a request that writes tags; an absent value is an empty one.
    pub(crate) fn new_tags(&self) -> Vec<Tag> {
        let tag = |(key, value): (&str, Option<&str>)| Tag {
            key: key.into(),
            value: value.unwrap_or_default().into(),
        };
        self.params.tags().into_iter().map(tag).collect()
    }

    pub(crate) fn hidden(&self, listings: u64, delay: std::time::Duration) -> Hidden {
        Hidden::after(self.world.listings, listings, self.now, delay)
    }

    /// Returns the items of the requested page, and the fields that every listing has.
    pub(crate) fn page<T>(&self, items: Vec<T>, shift: i64) -> (Vec<T>, Answer) {
        let number = self.params.int("PageNumber").unwrap_or(1);
        let size = self.params.int("PageSize").unwrap_or(10);
        let total = items.len();
        let start = usize::try_from(((number - 1) * size).saturating_add(shift)).unwrap_or(0);
        let page = items.into_iter().skip(start).take(usize::try_from(size).unwrap_or(0)).collect();
        let mut answer = Answer::new();
        answer.insert("PageNumber".into(), number.into());
        answer.insert("PageSize".into(), size.into());
        answer.insert("TotalCount".into(), total.into());
        (page, answer)
    }
}
