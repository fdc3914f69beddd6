//! Every stable name that the tool prints, with its explanation: codes of findings, held reasons, warnings, outcomes,
//! headings, states and exit codes; and the words of the glossary. `cenbwp explain` prints them.

use std::collections::BTreeMap;

use cenbwp_spec::{Explanation, SCHEMA, codes};
use serde_json::Value;

/// A kind of name, for the list of all of them.
pub(crate) struct Section {
    pub title: &'static str,
    pub rules: Vec<&'static Explanation>,
}

/// Returns every name that is ever printed, by kind.
pub(crate) fn sections() -> [Section; 6] {
    [
        Section { title: "Findings in a spec", rules: codes().collect() },
        Section {
            title: "Reasons for which a plan is held",
            rules: sorted([cenbwp_diff::held_rules(), &[&LIMIT_EXCEEDED]].concat()),
        },
        Section {
            title: "Warnings",
            rules: [cenbwp_diff::warning_rules(), &[&OTHER_CREDENTIALS, &STACK_TWICE]].concat(),
        },
        Section { title: "Outcomes of an apply", rules: OUTCOMES.to_vec() },
        Section {
            title: "Headings of a plan, states of a package",
            rules: sorted([cenbwp_diff::heading_rules(), STATES].concat()),
        },
        Section { title: "Exit codes", rules: EXITS.to_vec() },
    ]
}

fn sorted(mut rules: Vec<&'static Explanation>) -> Vec<&'static Explanation> {
    rules.sort_by_key(|rule| rule.name);
    rules
}

/// Returns the explanations of a name or a title, in any case and with blanks, hyphens or underscores: none for a name
/// that is never printed, one for each kind that has it.
pub(crate) fn explanations(name: &str) -> Vec<&'static Explanation> {
    let name = folded(name);
    let rules = sections().into_iter().flat_map(|section| section.rules);
    rules.filter(|rule| [rule.name, rule.title].map(folded).contains(&name)).collect()
}

fn folded(name: &str) -> String {
    name.trim().replace([' ', '-'], "_").to_ascii_lowercase()
}

/// The words of this project, in tables. The page is the list, so that none can be forgotten in a second one.
const GLOSSARY: &str = include_str!("../../../docs/glossary.md");

/// Returns the words of the glossary that are no names, each with its meaning.
pub(crate) fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = GLOSSARY.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?, cells.next()?))
    });
    rows.filter(|(word, _)| *word != "word" && explanations(word).is_empty())
}

/// Returns a word of the glossary and its meaning. Many are asked for, too: `packages`; and the API's own words:
/// `ClientToken`.
pub(crate) fn meaning(word: &str) -> Option<(&'static str, &'static str)> {
    let word = folded(word);
    let one = word.strip_suffix('s').unwrap_or(&word);
    words().find(|(known, _)| [&*word, one].contains(&&*folded(known))).or_else(|| {
        let of_the_api = format!("`{word}`");
        let row = GLOSSARY.lines().find(|row| row.to_ascii_lowercase().contains(&of_the_api))?;
        words().find(|(known, _)| row.starts_with(&format!("| {known} | ")))
    })
}

/// Returns each field of a spec and its description in the JSON Schema, which editors show, too.
pub(crate) fn fields() -> BTreeMap<String, String> {
    let schema: Value = serde_json::from_str(SCHEMA).expect("a test reads it");
    let mut fields = BTreeMap::new();
    for path in ["/properties", "/properties/limits/properties", "/definitions/package/properties"] {
        for (name, field) in schema.pointer(path).and_then(Value::as_object).into_iter().flatten() {
            let shared = field["$ref"].as_str().and_then(|path| schema.pointer(path.trim_start_matches('#')));
            let text = field["description"].as_str().or(shared.and_then(|it| it["description"].as_str()));
            fields.insert(name.clone(), text.unwrap_or_default().to_owned());
        }
    }
    fields
}

/// Declares a constant and a row of the table for each rule, so that neither can be forgotten.
macro_rules! rules {
    ($table:ident: $($name:ident = $word:literal, $title:literal, $text:literal;)*) => {
        $(#[doc = $title] pub(crate) const $name: Explanation =
            Explanation { name: $word, title: $title, text: $text, example: None };)*

        const $table: &[&Explanation] = &[$(&$name),*];
    };
}

/// A limit is exceeded.
pub(crate) const LIMIT_EXCEEDED: Explanation = Explanation {
    name: "limit_exceeded",
    title: "a limit is exceeded",
    text: "The plan wants more purchases or more new Mbps than the flags, the stack's `limits`, or the default of 10 \
           purchases per run allow, or it is not proved that its purchases cost no more than `maxSpend`. Plan less with \
           `--target`, or raise the limit that the message names. Where a price is not known, the warning `price_unknown` \
           says why.",
    example: None,
};

/// Two of the shown plans are of one stack.
pub(crate) const STACK_TWICE: Explanation = Explanation {
    name: "stack_twice",
    title: "two of the shown plans are of one stack",
    text: "`show` was given two plans of one stack in one account. Each was made as if it were the only one, so the total \
           counts the stack twice, and once one of them is applied the other may be refused with 5. Show the plan that \
           will be applied.",
    example: None,
};

/// Another tool's credentials are set.
pub(crate) const OTHER_CREDENTIALS: Explanation = Explanation {
    name: "other_credentials",
    title: "a variable chooses credentials that are not used",
    text: "Another tool would use the credentials that the variable chooses; this one uses those that the line names. \
           `--auto-approve` is refused until it is clear which are meant: unset the variable, or choose with \
           `--profile` or the `ALIBABA_CLOUD_` variables.",
    example: None,
};

rules! { OUTCOMES:
    CREATED = "created", "bought by this run",
        "This run's request bought the package, and the listing shows it as it was ordered.";
    ORDERED = "ordered", "accepted, and not listed yet",
        "The service accepted the purchase and named an id and an order, and no listing shows the package yet. A plan that \
         is made before that says \"to buy\" again, under the same token: it is never bought twice.";
    UPDATED = "updated", "every field is as planned",
        "Every planned field was changed, and the listing shows it.";
    ADOPTED = "adopted", "taken over",
        "The package has this stack's tag, and every planned field was changed.";
    MOVED = "moved", "under its new key",
        "The tag of the package names its new key, and every planned field was changed. Nothing was bought.";
    RELEASED = "released", "let go",
        "The tags of this tool are removed. The package stays, and so do its charges.";
    RETIRED = "retired", "deleted",
        "The package is deleted.";
    RETIRING = "retiring", "detached, and left to expire",
        "The package is detached. The service deletes a prepaid package only after its end; until then it is charged.";
    ALREADY_PRESENT = "already_present", "the package is there already",
        "A listing shows the package: another run ordered it, or it appeared in the meantime. Where this run's own \
         order may have bought it too, the line says that another run ordered or resized it.";
    UNPAID_ORDER = "unpaid_order", "ordered, and to be paid by a person",
        "The spec says `autoPay: false`, so the order waits to be paid in the console. The line names the order.";
    FAILED = "failed", "a change was not carried out",
        "The service refused the change, or a part of it, and a listing shows that nothing came of it: a package that was \
         to be bought was not bought by this run. The line names the code; the hint says what to mend.";
    NOT_ATTEMPTED = "not_attempted", "nothing was sent for a change",
        "No request was sent for the change, because the run ended or an earlier part of the change failed.";
    UNKNOWN = "unknown", "a request was sent and its outcome is not known",
        "A request was sent, and neither an answer nor a listing proves its effect, or it was accepted and the listing did \
         not show it while the run waited. Run the same command again: it looks \
         first, and repeats a purchase only under the same token.";
}

rules! { STATES:
    AS_DECLARED = "as_declared", "up to date",
        "The package is declared and live, and every managed field is equal.";
    DIFFERS = "differs", "a field is not as declared",
        "The package is declared and live, and the named fields differ from the spec. The next apply changes them.";
    FINISHED = "finished", "released or retired, and gone",
        "Nothing is left to do for the entry: it can be removed from the spec.";
    LEFT_TO_EXPIRE = "retiring", "detached, and ends by itself",
        "The package is retired as far as the service allows: a prepaid one cannot be returned, and is charged until its end. \
         Then its entry can be removed from the spec.";
    MISSING = "missing", "declared, and not live",
        "No package carries the identity of the entry. The next apply buys it, unless the entry says `manage: observe`.";
    OTHER_STACK = "other_stack", "owned by a stack that the spec does not declare",
        "The tag `cenbwp` of the package names a stack of another spec. The package is not changed.";
    OWNED = "owned", "owned by the stack that its tag names",
        "No spec was given, so it is not known whether the package is declared. Name the spec with `-f PATH`.";
    TO_ADOPT = "to_adopt", "to be adopted by the next apply",
        "The entry says `adopt: ID`. The next apply gives the package its tag, and nothing is bought.";
    TO_MOVE = "to_move", "to be taken over under its new key by the next apply",
        "The entry says `movedFrom: OLD`. The next apply gives the package the tag of the new key, and nothing is bought.";
    TO_RELEASE = "to_release", "to be let go by the next apply",
        "The entry says `manage: release`. The next apply removes the tags of this tool, and the package stays.";
    TO_RETIRE = "to_retire", "to be ended by the next apply",
        "The entry says `manage: retire`. The next apply detaches the package, and deletes it where the service allows that.";
    UNMANAGED = "unmanaged", "without an owner",
        "The package has no tag `cenbwp`. It is not changed; `cenbwp export` writes a spec that adopts it.";
    UNREADABLE = "unreadable", "cannot be read",
        "The item of the listing lacks a value that decides, or its tag names no identity. It may be any package.";
}

rules! { EXITS:
    EXIT_0 = "0", "done",
        "Everything that was asked for is done. After an apply: all of it.";
    EXIT_1 = "1", "error",
        "Credentials, network, a refusal by the service, or a fault of this tool. Nothing was bought or changed.";
    EXIT_2 = "2", "changes are pending",
        "Only with `--detailed-exitcode`: the plan is not empty. Nothing was bought or changed.";
    EXIT_3 = "3", "invalid",
        "The spec, a flag, a target, a plan file or a digest cannot be used. Nothing was bought or changed.";
    EXIT_4 = "4", "refused",
        "A limit, a held item, the wrong account, or no approval. Nothing was bought or changed.";
    EXIT_5 = "5", "stale",
        "The saved plan or the digest does not fit the spec, the cloud, the account or the endpoint any more, or is too \
         old. Nothing was bought or changed. Plan again.";
    EXIT_6 = "6", "partial",
        "Something planned was not done, or something is left to do; the summary names both, and the commands that go on. A \
         saved plan can be applied again as long as its spec stays as it is; if the spec has to be corrected, plan again.";
    EXIT_7 = "7", "outcome unknown",
        "A request was sent and its outcome is not known. Run the same command again: it looks before it sends.";
    EXIT_130 = "130", "interrupted",
        "The run was interrupted before anything was sent. Nothing was bought or changed.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_explained_once_of_each_kind_and_reads_like_the_others() {
        for Section { title, rules } in sections() {
            for rule in &rules {
                let same = rules.iter().filter(|other| other.name == rule.name).count();
                assert_eq!(same, 1, "{title}: {}", rule.name);
                assert!(!rule.title.ends_with('.') && rule.text.ends_with('.'), "{}", rule.name);
                assert!(explanations(&rule.name.to_uppercase()).contains(rule), "{}", rule.name);
            }
        }
        assert_eq!(explanations("look alike")[0].name, "look_alike");
        assert_eq!(explanations("retiring").len(), 3);
        assert_eq!(explanations("stale")[0].name, "5");
        assert_eq!(explanations("Up to date")[0].name, "as_declared");
        assert!(explanations("E9999").is_empty());
    }

    #[test]
    fn a_word_of_the_glossary_has_one_meaning() {
        let all: Vec<&str> = words().map(|(word, _)| word).collect();
        assert!(
            ["identity tag", "look-alike", "adopt", "digest"]
                .iter()
                .all(|word| !explanations(word).is_empty() || all.contains(word)),
            "{all:?}"
        );
        for (word, meaning) in words() {
            assert_eq!(all.iter().filter(|other| **other == word).count(), 1, "{word}");
            assert!(!meaning.contains("]("), "{word}: {meaning} is printed in a terminal");
        }
        assert_eq!(meaning("Identity Tag").map(|(word, _)| word), Some("identity tag"));
        assert_eq!(meaning("held"), None, "it is a name");
        assert_eq!(meaning("ClientToken").map(|(word, _)| word), Some("token"));
    }

    #[test]
    fn every_field_of_a_spec_is_described() {
        let fields = fields();
        assert!(fields.len() > 25 && fields["movedFrom"].starts_with("The key that the package had before"));
        assert!(fields.values().all(|text| text.ends_with('.')), "{fields:?}");
    }
}
