//! What a run tells machines: the plan document and the event stream.

pub mod document;
pub mod event;
pub mod inputs;
pub mod outcomes;
mod resource;
