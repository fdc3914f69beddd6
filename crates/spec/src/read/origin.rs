//! The origin of the value of each field of a package.

use std::collections::BTreeMap;

use crate::findings::collect::Report;
use crate::model::ids::Address;
use crate::read::document::Document;
use crate::read::fields::Fields;
use crate::read::include::Unread;
use crate::read::{each_document, too_large};
use crate::source::{Mark, Place, Source};
use crate::yaml::budget::Budget;

/// The part of a spec that gives a field its value; the first that has one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The package itself.
    Package,
    /// The document's own `defaults`.
    Defaults,
    /// An included file.
    Include,
}

/// The origin of a field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The field; `tags.KEY` for each tag.
    pub field: String,
    /// The part of the spec that gives the value.
    pub level: Level,
    /// The value.
    pub place: Place,
}

/// Returns the origin of every field that is given for each package of valid sources, by address and field.
pub fn origins(sources: &[Source]) -> BTreeMap<Address, Vec<Origin>> {
    let mut origins = BTreeMap::new();
    if too_large(sources).is_none() {
        let (mut budget, mut report) = (Budget::default(), Report::default());
        each_document(sources, &Unread::new(), &mut budget, &mut report, |document, report| {
            origins.extend(of_document(document, report));
        });
    }
    origins
}

fn of_document(document: &Document<'_>, report: &mut Report) -> Vec<(Address, Vec<Origin>)> {
    let packages = document.packages.iter();
    packages
        .filter_map(|entry| {
            let (address, own) = document.fields(entry, report)?;
            let of_package = places(&own);
            let merged = places(&own.or_defaults(&document.defaults));
            let origin = |(field, mark): (String, Mark)| {
                let level = match of_package.contains_key(&field) {
                    true => Level::Package,
                    false if document.included.contains(&(mark.source as usize)) => Level::Include,
                    false => Level::Defaults,
                };
                Origin { field, level, place: mark.into() }
            };
            Some((address, merged.into_iter().map(origin).collect()))
        })
        .collect()
}

/// Returns the place of each field, and of each tag instead of all tags together.
fn places(fields: &Fields) -> BTreeMap<String, Mark> {
    let whole = fields.places().into_iter().filter(|(name, _)| *name != "tags");
    let whole = whole.map(|(name, mark)| (name.to_owned(), mark));
    let tags = fields.tags.value().into_iter().flatten();
    whole.chain(tags.map(|(key, at)| (format!("tags.{key}"), at.mark))).collect()
}
