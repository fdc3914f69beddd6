//! Parser of cenbwp specs: YAML bytes in, a checked [`Spec`] or [`Finding`]s out.
//!
//! ```text
//!             yaml ──▶ read ──▶ model      a Spec: every value is checked once, here
//! Source ──▶  bytes    trees    values
//!                └───────┴────▶ findings   all errors of one run, each with its line and column
//! ```
//!
//! | word | meaning |
//! |---|---|
//! | source | one file: its name and its bytes |
//! | included file | a source with defaults only, which documents of others name under `include` |
//! | document | one YAML document of a source; it declares packages of one stack |
//! | stack | the owner of a set of packages, merged from all documents with its name |
//! | package | a bandwidth package that the spec declares |
//! | address | `<stack>/<package>`, the place of a package in the spec |
//! | generation | the ordinal of a purchase at one address, from 1 |
//! | identity | address and generation, the value of the tag that marks the live package |
//! | terms | the term, the payment and the renewal of a purchase |
//! | finding | an error or a warning about a spec, with a place |
//! | code | the stable name of the rule that a finding is about, such as `E0201` |
//!
//! **Invariant:** nothing here reads a file, the environment, a clock or the network; `clippy.toml` enforces
//! it. The command line reads the files and passes their bytes.
//!
//! # Example
//!
//! ```
//! use cenbwp_spec::{Mbps, Source, parse};
//!
//! let yaml = "
//! version: 1
//! stack: backbone
//! packages:
//!   cn-eu: {areas: [China, Europe], bandwidth: 100, autoPay: true}
//! ";
//! let sources = |yaml: &str| [Source { name: "backbone.yaml".to_owned(), bytes: yaml.into() }];
//!
//! let spec = parse(&sources(yaml)).spec.expect("the spec has no error");
//! let package = spec.packages().next().expect("one package is declared");
//! assert_eq!(package.identity().to_string(), "backbone/cn-eu");
//! assert_eq!(package.bandwidth, Mbps(100));
//!
//! let findings = parse(&sources(&yaml.replace("100", "1"))).findings;
//! assert_eq!((findings[0].code.as_str(), &*findings[0].message), ("E0304", "`bandwidth` is `1`"));
//! assert_eq!((findings[0].place.line, findings[0].place.column), (5, 46));
//! ```

mod findings;
mod model;
mod read;
mod schema;
mod source;
mod yaml;

pub use findings::catalogue::{Explanation, codes};
pub use findings::printable::neutral;
pub use findings::render::{RenderStyle, render};
pub use findings::{Code, Finding, Severity};
pub use model::area::{Area, AreaPair};
pub use model::ids::{
    AccountId, Address, CenId, Generation, Identity, PackageId, PackageName, ParseError, StackName,
};
pub use model::money::{Amount, Currency, Money};
pub use model::package::{Charge, ChargeType, Desired, Field, Manage, Package};
pub use model::spec::{Limits, Spec, Stack};
pub use model::tags::Tags;
pub use model::terms::{Cycle, DeclaredRenewal, Mbps, Prepay, Renewal, Term, TermsTag};
pub use read::{Level, MOST_BYTES, Origin, Parsed, Unread, includes, origins, parse, parse_with};
pub use schema::SCHEMA;
pub use source::{Place, Source};

/// The code of the warning that an area is no longer sold. A plan gives its own warning instead, because the
/// live package decides whether it matters.
pub const REMOVED_AREA: Code = findings::catalogue::REMOVED_AREA;
