//! The token service, which answers on the same port: the identity of the caller, and sessions of roles.

use serde_json::json;

use super::context::Context;
use crate::access::{self, IdToken};
use crate::chance::mix;
use crate::wire::{Answer, Refusal};

/// `GetCallerIdentity`.
pub(super) fn caller_identity(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let arn = context.caller.and_then(|caller| caller.arn.as_deref());
    let temporary = context.caller.is_some_and(|caller| caller.temporary);
    let account = context.caller.and_then(|caller| caller.account()).unwrap_or(context.account_id);
    let mut answer = Answer::new();
    let mut put = |name: &str, value: String| answer.insert(name.to_owned(), value.into());
    put("AccountId", account.to_owned());
    if temporary {
        put("IdentityType", "AssumedRoleUser".to_owned());
        put("RoleId", "300000000000001".to_owned());
        put("PrincipalId", "300000000000001:session".to_owned());
        let emulators = || format!("acs:ram::{account}:assumed-role/emulator/session");
        put("Arn", arn.map_or_else(emulators, str::to_owned));
    } else {
        put("IdentityType", if arn.is_some() { "RAMUser" } else { "Account" }.to_owned());
        put("PrincipalId", account.to_owned());
        put("UserId", account.to_owned());
        put("Arn", arn.map_or_else(|| format!("acs:ram::{account}:root"), str::to_owned));
    }
    Ok(answer)
}

/// `AssumeRole`.
pub(super) fn assume_role(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let arn = context
        .caller
        .and_then(|caller| caller.arn.clone())
        .ok_or_else(|| Refusal::new(403, "NoPermission", "Roles may not be assumed by root accounts."))?;
    take(context, &role_of(&arn), None)
}

/// `AssumeRoleWithOIDC`.
pub(super) fn assume_role_with_oidc(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let refused = |reason: &str| {
        let message = "The OIDC token is not accepted.";
        Refusal::new(401, &format!("AuthenticationFail.{reason}"), message)
    };
    let arn = context.params.needed("OIDCProviderArn").to_owned();
    let providers = &context.access.providers;
    let provider = providers.iter().find(|it| it.arn == arn).ok_or_else(|| refused("NoPermission"))?;
    let read = IdToken::read(context.params.needed("OIDCToken"), &provider.key);
    let (claims, valid) = read.ok_or_else(|| refused("OIDCToken.Invalid"))?;
    for (fine, reason) in [
        (valid, "OIDCToken.InvalidSignature"),
        (claims.issuer == provider.issuer, "OIDCToken.Invalid"),
        (claims.expires > context.now, "OIDCToken.Expired"),
        (provider.client_ids.contains(&claims.audience), "OIDCToken.AudienceNotMatch"),
    ] {
        if !fine {
            return Err(refused(reason));
        }
    }
    let mut answer = take(context, &arn, Some(&claims.subject))?;
    answer.insert(
        "OIDCTokenInfo".into(),
        json!({ "Subject": claims.subject, "Issuer": claims.issuer, "ClientIds": claims.audience }),
    );
    Ok(answer)
}

/// Opens a session of the role that the request names, if the role trusts `who`.
fn take(context: &mut Context<'_>, who: &str, subject: Option<&str>) -> Result<Answer, Refusal> {
    let denied = "You are not authorized to do this action. You should be authorized by RAM.";
    let wanted = context.params.needed("RoleArn");
    let role =
        context.access.roles.iter().find(|role| role.arn == wanted).cloned().ok_or_else(|| {
            Refusal::new(404, "EntityNotExist.Role", format!("The role not exists: {wanted}"))
        })?;
    let fits = role.subject.is_none() || subject.is_none() || role.subject.as_deref() == subject;
    if !role.trusts.iter().any(|trusted| trusted == who) || !fits {
        return Err(match subject {
            Some(_) => Refusal::new(401, "AuthenticationFail.NoPermission", denied),
            None => Refusal::new(403, "NoPermission", denied),
        });
    }
    let seconds = context.params.int("DurationSeconds").unwrap_or(3600);
    if seconds > role.most_seconds {
        let message = format!("DurationSeconds is {seconds}, the role allows {}.", role.most_seconds);
        return Err(Refusal::bad("InvalidParameter.DurationSeconds", message));
    }
    let session = context.params.needed("RoleSessionName");
    let arn = format!("{}/{session}", role.arn.replace(":role/", ":assumed-role/"));
    let chance = mix(context.seed, context.request);
    let key = context.access.open(&arn, context.now, seconds, chance);
    let mut answer = Answer::new();
    let user = json!({ "AssumedRoleId": format!("300000000000001:{session}"), "Arn": arn });
    answer.insert("AssumedRoleUser".into(), user);
    answer.insert("Credentials".into(), access::credentials(&key));
    Ok(answer)
}

/// Returns the role of a session: `…:assumed-role/NAME/SESSION` is trusted as `…:role/NAME`.
fn role_of(arn: &str) -> String {
    match arn.split_once(":assumed-role/") {
        Some((account, rest)) => {
            format!("{account}:role/{}", rest.split('/').next().unwrap_or_default())
        }
        None => arn.to_owned(),
    }
}
