//! The client of the service, and the only folder that knows the service's strings.
//!
//! ```text
//! client       reads                       writer       changes, one recorded request at a time
//! request      a request as a value        credentials  the official sources, in order
//! call         a change of a package       endpoint     host and scheme of the service
//! sign         signature V3, pure          token        the ClientToken
//! transport    the seam; http: the network retry        repetitions and waits
//! classify     what a reply proves         answer       yes, no or unknown, in words
//! code         error codes and their hints redact       secrets out of replies
//! listing      pages into one Observed
//! decode       one item of a page          json         a reply, borrowed
//! hide         secrets out of inputs       proxy        the proxy and its exceptions
//! pace         concurrency and rate        billing      whether packages renew themselves
//! pairs        the pairs of areas on sale
//! price        what purchases would cost
//! ```
//!
//! [`Cloud`] reads. [`Writer`] is the only type that can change something: it takes only requests that are on
//! record, and sends each exactly once. The executor decides whether to repeat it.

mod answer;
mod billing;
mod call;
mod classify;
mod client;
mod code;
mod credentials;
mod decode;
mod endpoint;
mod hide;
mod http;
mod json;
mod listing;
mod pace;
mod pairs;
mod price;
mod proxy;
mod redact;
pub mod request;
mod retry;
mod sign;
mod token;
mod transport;
mod writer;

pub(crate) use answer::EDITS;
pub use answer::{Answer, Error, Lost, Next, Refusal, RefusalKind};
pub use call::Call;
pub use classify::{classify, object};
pub use client::{Cloud, Identity};
pub use code::Code;
pub use credentials::{
    Caller, Credentials, CredentialsError, Environment, OtherChoice, Search, Source, end_programs,
};
pub use endpoint::{Endpoint, Endpoints, Site, Sites};
pub use http::{HttpTransport, Look};
pub use listing::decode_recording;
pub use proxy::Proxy;
pub use redact::Secrets;
pub use request::Request;
pub use retry::RetryPolicy;
pub use sign::{CLOCK_TOLERANCE, sign};
pub use token::{Attempt, ClientToken, TokenFailed};
pub use transport::{Address, Fetch, Reply, Sending, SignedRequest, Transport, TransportError};
pub use writer::{Recorded, Write, Writer, Yes};
