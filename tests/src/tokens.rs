//! The meaning of a `ClientToken`. The vendor documents little of it, so the tests choose among the readings.
//!
//! A token belongs to the account, not to one operation: an older page of the vendor warns that the token of another
//! call is a mismatch.

use crate::config::{Semantics, TokenSemantics};
use crate::ledger::{TokenRecord, TokenState};
use crate::params::Params;
use crate::wire::{Answer, Refusal};
use crate::world::World;

/// The next step for a request, by its token.
pub(crate) enum Begin {
    /// Carry it out.
    Fresh,
    /// Give the first answer again.
    Replay(Answer),
}

pub(crate) fn begin(
    world: &mut World,
    semantics: &Semantics,
    action: &str,
    params: &Params,
) -> Result<Begin, Refusal> {
    let Some(token) = token_of(params, semantics) else { return Ok(Begin::Fresh) };
    let parameters = params.without_token();
    let record = world.tokens.get(token).filter(|record| semantics.dead_replay || !is_dead(world, record));
    let Some(record) = record else {
        let record = TokenRecord { action: action.to_owned(), parameters, state: TokenState::Processing };
        world.tokens.insert(token.to_owned(), record);
        return Ok(Begin::Fresh);
    };
    let same = record.action == action && record.parameters == parameters;
    if !same && (semantics.tokens == TokenSemantics::Strict || record.action != action) {
        let message = "The specified ClientToken was used before with other parameters.";
        return Err(Refusal::bad("IdempotentParameterMismatch", message));
    }
    match &record.state {
        TokenState::Processing => {
            let message = "The previous idempotent request(s) is still processing.";
            Err(Refusal::bad("IdempotentProcessing", message))
        }
        TokenState::Failed => {
            let message = "The previous idempotent request(s) has failed.";
            Err(Refusal::bad("IdempotentFailed", message))
        }
        TokenState::Answered(answer) => Ok(Begin::Replay(answer.clone())),
    }
}

/// Records the outcome of a request that [`begin`] let through. A refusal is remembered only if the server
/// remembers failed tokens; otherwise the token is as good as new.
pub(crate) fn finish(
    world: &mut World,
    semantics: &Semantics,
    params: &Params,
    result: &Result<Answer, Refusal>,
) {
    let Some(token) = token_of(params, semantics) else { return };
    let state = match result {
        Ok(answer) => TokenState::Answered(answer.clone()),
        Err(_) if semantics.failed_remembered => TokenState::Failed,
        Err(_) => {
            world.tokens.remove(token);
            return;
        }
    };
    if let Some(record) = world.tokens.get_mut(token) {
        record.state = state;
    }
}

fn token_of<'a>(params: &'a Params, semantics: &Semantics) -> Option<&'a str> {
    params.text("ClientToken").filter(|token| !token.is_empty() && semantics.tokens != TokenSemantics::New)
}

/// Reports whether the package that a token bought is gone.
fn is_dead(world: &World, record: &TokenRecord) -> bool {
    let TokenState::Answered(answer) = &record.state else { return false };
    let id = answer.get("CenBandwidthPackageId").and_then(|id| id.as_str());
    id.is_some_and(|id| world.package(id).is_none())
}
