//! Tags. The resource type of a package is `BandwidthPackage` here, in any case.

use serde_json::{Value, json};

use super::context::Context;
use crate::params::missing;
use crate::wire::{Answer, Refusal};
use crate::world::Tag;

const MOST: usize = 20;

/// `TagResources`: an existing key gets the new value; all resources or none.
pub(super) fn tag(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let ids = resource_ids(context)?;
    let new = context.new_tags();
    if new.is_empty() {
        return Err(missing("Tag.1.Key"));
    }
    let merge = |tags: &[Tag]| {
        let mut merged: Vec<Tag> =
            tags.iter().filter(|tag| new.iter().all(|other| other.key != tag.key)).cloned().collect();
        merged.extend(new.iter().cloned());
        merged
    };
    for id in &ids {
        if merge(tags_of(context, id)?).len() > MOST {
            let message = format!("The resource {id} would have more than {MOST} tags.");
            return Err(Refusal::bad("IllegalParam.TagKey", message));
        }
    }
    for id in &ids {
        let tags = tags_of(context, id)?;
        *tags = merge(tags);
    }
    Ok(Answer::new())
}

/// `UntagResources`: the keys named, or all of them with `All` and no key. An absent key is no error.
pub(super) fn untag(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let ids = resource_ids(context)?;
    let keys: Vec<String> = context.params.list("TagKey").into_iter().map(str::to_owned).collect();
    if keys.is_empty() && !context.params.flag("All") {
        return Err(missing("TagKey.1"));
    }
    for id in &ids {
        tags_of(context, id)?;
    }
    for id in &ids {
        tags_of(context, id)?.retain(|tag| !keys.is_empty() && !keys.contains(&tag.key));
    }
    Ok(Answer::new())
}

/// `ListTagResources`: one entry per tag; a resource must have all keys.
pub(super) fn list(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    let (ids, wanted) = (params.list("ResourceId"), params.tags());
    if ids.is_empty() && wanted.is_empty() {
        return Err(missing("ResourceId.1"));
    }
    let mut entries = Vec::new();
    for (id, tags) in all_tags(context) {
        let has = |(key, value): &(&str, Option<&str>)| {
            tags.iter().any(|tag| tag.key == *key && value.is_none_or(|value| value == tag.value))
        };
        if (ids.is_empty() || ids.contains(&id)) && wanted.iter().all(has) {
            let shown =
                tags.iter().filter(|tag| wanted.is_empty() || wanted.iter().any(|(key, _)| *key == tag.key));
            entries.extend(shown.map(|tag| {
                json!({
                    "ResourceId": id,
                    "ResourceType": params.needed("ResourceType"),
                    "TagKey": tag.key,
                    "TagValue": tag.value,
                })
            }));
        }
    }
    page(context, entries)
}

/// Returns a page. The next token is the position of the next entry.
fn page(context: &Context<'_>, entries: Vec<Value>) -> Result<Answer, Refusal> {
    let token = context.params.text("NextToken").filter(|token| !token.is_empty()).unwrap_or("0");
    let start: usize = token
        .parse()
        .map_err(|_| Refusal::bad("InvalidParameter", format!("NextToken {token:?} is not ours.")))?;
    let size = context.params.int("PageSize").and_then(|size| usize::try_from(size).ok()).unwrap_or(10);
    let mut answer = Answer::new();
    let next = start.saturating_add(size);
    if next < entries.len() {
        answer.insert("NextToken".into(), next.to_string().into());
    }
    let page: Vec<Value> = entries.into_iter().skip(start).take(size).collect();
    answer.insert("TagResources".into(), json!({ "TagResource": page }));
    Ok(answer)
}

fn is_package(context: &Context<'_>) -> bool {
    context.params.needed("ResourceType").eq_ignore_ascii_case("BandwidthPackage")
}

fn resource_ids(context: &Context<'_>) -> Result<Vec<String>, Refusal> {
    let ids: Vec<String> = context.params.list("ResourceId").into_iter().map(str::to_owned).collect();
    if ids.is_empty() { Err(missing("ResourceId.1")) } else { Ok(ids) }
}

fn tags_of<'a>(context: &'a mut Context<'_>, id: &str) -> Result<&'a mut Vec<Tag>, Refusal> {
    let absent = || Refusal::bad("InvalidParameter", format!("The resource {id:?} does not exist."));
    if is_package(context) {
        let index = context.package_index(id).ok_or_else(absent)?;
        let package = &mut context.world.packages[index];
        package.unpin("Tags");
        Ok(&mut package.tags)
    } else {
        let cen = context.world.cens.iter_mut().find(|cen| cen.id == id).ok_or_else(absent)?;
        Ok(&mut cen.tags)
    }
}

fn all_tags<'a>(context: &'a Context<'_>) -> Vec<(&'a str, &'a [Tag])> {
    if is_package(context) {
        let shown =
            |package: &&crate::world::Package| context.exists(package) && context.tags_are_visible(package);
        let packages = context.world.packages.iter().filter(shown);
        packages.map(|package| (package.id.as_str(), package.tags.as_slice())).collect()
    } else {
        context.world.cens.iter().map(|cen| (cen.id.as_str(), cen.tags.as_slice())).collect()
    }
}
