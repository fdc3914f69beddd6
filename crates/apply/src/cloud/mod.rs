//! The service, and the only folder that knows its strings.
//!
//! ```text
//! client       reads                       writer       changes, one recorded request at a time
//! request      a request as a value        credentials  whose money it is
//! call         a change of a package       endpoint     where the service is
//! sign         signature V3, pure          token        the ClientToken
//! transport    the seam; http: the network retry        how often, how late
//! classify     what a reply proves         answer       three fates, and their words
//! listing      pages into one Observed     redact       what may be shown of a reply
//! decode       one item of a page          json         a reply, borrowed
//! hide         what may be shown of an input   proxy      which one, and what goes past it
//! pace         how much at once
//! ```
//!
//! [`Cloud`] reads. [`Writer`] is the only type that can change something: it takes nothing that is not on record, and
//! sends every request exactly once. The executor decides whether to repeat it.

mod answer;
mod call;
mod classify;
mod client;
mod credentials;
mod decode;
mod endpoint;
mod hide;
mod http;
mod json;
mod listing;
mod pace;
mod proxy;
mod redact;
pub mod request;
mod retry;
mod sign;
mod token;
mod transport;
mod writer;

pub use answer::{Answer, Error, Lost, Next, Refusal, RefusalKind, TokenFailed};
pub use call::Call;
pub use classify::{Code, classify, object};
pub use client::Cloud;
pub use credentials::{
    Asker, Credentials, CredentialsError, Environment, OtherChoice, Search, Source, end_programs,
};
pub use endpoint::{Endpoint, Endpoints};
pub use http::HttpTransport;
pub use listing::decode_recording;
pub use proxy::Proxy;
pub use redact::Secrets;
pub use request::Request;
pub use retry::RetryPolicy;
pub use sign::seal;
pub use token::{Attempt, ClientToken};
pub use transport::{Address, Fetch, Reply, Sending, SignedRequest, Transport, TransportError};
pub use writer::{Recorded, Write, Writer, Yes};
