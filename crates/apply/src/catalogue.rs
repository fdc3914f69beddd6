//! Every stable name that the tool prints, with its explanation: codes of findings, held reasons, warnings, outcomes and
//! exit codes. `cenbwp explain` prints them.

use cenbwp_spec::{Explanation, codes};

/// A kind of name, for the list of all of them.
pub(crate) struct Section {
    pub title: &'static str,
    pub rules: Vec<&'static Explanation>,
}

/// Returns every name that is ever printed, by kind.
pub(crate) fn sections() -> [Section; 5] {
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
        Section { title: "Exit codes", rules: EXITS.to_vec() },
    ]
}

fn sorted(mut rules: Vec<&'static Explanation>) -> Vec<&'static Explanation> {
    rules.sort_by_key(|rule| rule.name);
    rules
}

/// Returns the explanations of a name, in any case and with blanks or underscores: none for a name that is never
/// printed, one for each kind that has it.
pub(crate) fn explanations(name: &str) -> Vec<&'static Explanation> {
    let name = name.trim().replace([' ', '-'], "_");
    let rules = sections().into_iter().flat_map(|section| section.rules);
    rules.filter(|rule| rule.name.eq_ignore_ascii_case(&name)).collect()
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
           purchases per run allow. Plan less with `--target`, or raise the limit that the message names.",
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
        "Something planned was not done, or something is left to do; the summary names both. Plan again.";
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
        assert_eq!(explanations("retiring").len(), 2);
        assert!(explanations("E9999").is_empty());
    }
}
