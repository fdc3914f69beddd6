//! Parser of cenbwp specs: YAML bytes in, a checked [`Spec`] or [`Finding`]s out.
//!
//! ```text
//! sources ──parse──▶ Spec       every value checked; nobody checks again
//!               └──▶ Findings   all of one run, each at its line and column
//! ```
//!
//! **Invariant:** nothing here reads a file, the environment, a clock or the network. The command line
//! reads the files and hands their bytes over.
//!
//! ```text
//! text      bytes to text: UTF-8, no tabs, nothing unprintable
//! yaml      text to a tree with places, within budgets (syntax: its errors; scalar: null, true, 1)
//! read      one value as a number, a boolean, a word …
//! fields    the fields of a package (texts: the rules for names and tags; placeholder: what a template left)
//! resolve   one package: defaults applied, fields judged together
//! document  one document
//! parse     all documents to one spec, and the rules across packages
//! report    collecting findings; codes: what they mean; render: how they look
//! neutral   text of others, made harmless
//! ```

mod area;
mod codes;
mod document;
mod fields;
mod finding;
mod ids;
mod neutral;
mod package;
mod parse;
mod placeholder;
mod read;
mod render;
mod report;
mod resolve;
mod scalar;
mod schema;
mod spec;
mod syntax;
mod tags;
mod terms;
mod text;
mod texts;
mod yaml;

pub use area::{Area, AreaPair};
pub use codes::{Explanation, codes};
pub use finding::{Code, Finding, Place, Severity, Source};
pub use ids::{AccountId, Address, CenId, Generation, Identity, Invalid, PackageId, PackageName, StackName};
pub use neutral::neutral;
pub use package::{Charge, ChargeType, Field, Manage, Package, Wish};
pub use parse::{MOST_BYTES, Parsed, parse};
pub use render::{RenderStyle, render};
pub use schema::schema;
pub use spec::{Limits, Spec, Stack};
pub use tags::Tags;
pub use terms::{Cycle, Mbps, Prepay, Renewal, Term, TermsTag};

/// The code of the warning that an area is no longer sold. Whether it matters depends on what is live, so
/// a plan gives its own warning instead.
pub const REMOVED_AREA: Code = codes::REMOVED_AREA;
