//! Every code of a finding, in one table.

use crate::findings::Code;

/// A rule by its stable name, for `cenbwp explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The stable name: a code such as `E0201`, or a word such as `look_alike`.
    pub name: &'static str,
    /// The rule in one line.
    pub title: &'static str,
    /// The reason for the rule, and the remedy.
    pub text: &'static str,
    /// YAML that breaks the rule, with the YAML that keeps it, if an example helps.
    pub example: Option<&'static str>,
}

impl Code {
    /// The explanation of this code.
    pub fn explanation(self) -> &'static Explanation {
        // Only the table makes codes.
        TABLE.iter().find(|row| row.name == self.0).expect("every code has a row")
    }
}

/// Every code with its explanation, by code.
pub fn codes() -> impl Iterator<Item = &'static Explanation> {
    TABLE.iter()
}

/// Declares a constant and a row of the table for each code, so that neither can be forgotten.
macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $text:literal $(, $example:literal)?;)*) => {
        $(#[doc = $title] pub(crate) const $name: Code = Code($code);)*

        const TABLE: &[Explanation] = &[$(Explanation {
            name: $code,
            title: $title,
            text: $text,
            example: codes!(@example $($example)?),
        }),*];
    };
    (@example) => { None };
    (@example $example:literal) => { Some($example) };
}

// E01: syntax and size. E02: structure. E03: values. E04: rules across fields, packages and documents.
// W05: warnings. A code is never reused for another rule.
codes! {
    SYNTAX = "E0101", "the document is not valid YAML",
        "The document breaks off at this place and nothing more of it is read; other documents and files \
         are still checked.",
        "packages:\n  cn-eu: {bandwidth: 100     # the closing brace is missing";
    NOT_UTF8 = "E0102", "the file is not UTF-8",
        "A spec is UTF-8 text, with or without a byte order mark. Save the file as UTF-8; nothing of it is \
         read until then.";
    CONTROL_CHARACTER = "E0103", "the file holds a character that cannot be seen",
        "Control characters, terminal escapes and characters that reorder text can make a reviewer see \
         something else than what is read, so they are refused everywhere, comments included. Remove the \
         character. Nothing of the file is read until then.";
    TAB = "E0104", "the file holds a tab",
        "YAML does not allow tabs where they would matter most, in the indentation, and they cannot be \
         told from spaces by eye. They are refused everywhere. Nothing of the file is read until they are \
         replaced by spaces.";
    TOO_DEEP = "E0105", "the document is nested too deeply",
        "A spec needs 5 levels; 64 are allowed. Deeper documents are refused before they can exhaust memory.";
    TOO_LARGE = "E0106", "the spec is too large",
        "All files of one run together may hold 128 MiB and 8,000,000 values, which is room for more than \
         100,000 packages. Split the spec into stacks and run them one by one.";
    BAD_ALIAS = "E0107", "an alias names nothing that can be repeated",
        "`*name` repeats the value that `&name` marks earlier in the same document. It cannot stand inside \
         that value.",
        "areas: &pair [China, Europe]\nareas: *pair";
    ALIASES_EXPLODE = "E0108", "aliases repeat too much",
        "Aliases may repeat 100,000 values per run. A few lines of aliases of aliases can otherwise unfold \
         to more than any machine holds. Use `defaults`, or write the values out.";
    MERGE_KEY = "E0109", "merge keys are not supported",
        "`<<` is not part of YAML 1.2 and tools disagree on what it does. Put shared fields into `defaults`, \
         which apply to every package of the document.",
        "defaults: {period: 1, autoPay: true}     # instead of `<<: *shared` in each package";
    TYPE_TAG = "E0110", "explicit YAML types are not supported",
        "`!!str`, `!!int` and `!anything` say how a value is to be read. A spec has no need of them: write \
         text in quotes and numbers without.";

    UNKNOWN_FIELD = "E0201", "a field is not known",
        "Field names are written as documented, upper and lower case included. An unknown field is refused \
         because it is most often a known one misspelled, whose value would be silently missing.",
        "bandwith: 100     # bandwidth";
    MISSING_FIELD = "E0202", "a required field is missing",
        "Every document needs `version`, `stack` and `packages`; every package needs `areas`.";
    DUPLICATE_KEY = "E0203", "a key is given twice",
        "YAML readers disagree on which of the two counts, so one of them has to go.";
    WRONG_TYPE = "E0204", "a value is of another type",
        "Numbers are written without quotes, text that looks like a number or like true, false or null with \
         quotes, and the only booleans are `true` and `false`: `yes`, `no`, `on` and `off` are text.",
        "autoPay: yes      # true\nperiod: \"1\"       # 1";
    NUMBER_SPELLING = "E0205", "a number is not written as a plain whole number",
        "YAML readers disagree on `1_000`, `0x1F`, `010` and `10.0`. Write decimal digits only: `1000`.";
    BAD_KEY = "E0206", "a key is not text",
        "Keys are text. Write a key that looks like a number, a boolean or null in quotes, without an anchor.",
        "tags: {8080: web}     # \"8080\"";
    LEFT_EMPTY = "E0207", "a value is left empty where null takes something away",
        "`cenId: null` detaches a package and `tags: {key: null}` removes a tag. An empty value means null in \
         YAML, and it is also what a template writes when a variable is unset, so null has to be written.",
        "cenId:          # null, or a CEN id";

    VERSION = "E0301", "the version is not 1",
        "`version` says which form of the spec the document is written in. This release reads version 1.";
    NAME = "E0302", "a stack or package name is malformed",
        "Names of stacks and packages become part of the identity tag: a lower-case letter, then up to 39 \
         lower-case letters, digits or hyphens.",
        "CN_EU:      # cn-eu";
    ACCOUNT = "E0303", "the account is not an account number",
        "`account` is the number of the account that the document may be applied to: decimal digits.";
    OUT_OF_RANGE = "E0304", "a number is out of range",
        "Bandwidth is 2 to 10000 Mbps. A period is 1, 2, 3 or 6 months, or 1, 2 or 3 years. Renewal takes \
         1 to 2147483647 months, a generation starts at 1.";
    UNKNOWN_WORD = "E0305", "a value is none of the known words",
        "The field takes one of a few words, written as documented, upper and lower case included.";
    AREAS = "E0306", "the areas are not two area names",
        "`areas` lists exactly two areas, in any order; the same area may stand twice. A name is letters, \
         digits and hyphens.",
        "areas: [China, Europe]";
    ID = "E0307", "an id is malformed",
        "Ids are copied from the console or the API: packages are `cenbwp-…`, CEN instances `cen-…`, \
         resource groups `rg-…`.";
    LENGTH = "E0308", "a text is too short or too long",
        "A name has 1 to 128 characters, a description 0 to 256, a tag key 1 to 64 and a tag value 0 to 128. \
         To have no name of your own, leave `name` out.";
    REFUSED_TEXT = "E0309", "a text holds something that the service refuses",
        "Names and descriptions must not start with `http://` or `https://`. Tag keys and values must not \
         start with `aliyun` or `acs:` nor contain `http://` or `https://`; nor can the name of a stack, \
         with which the identity tag begins. Control characters and \
         characters that reorder text are refused; a description may have line breaks.";
    RESERVED_TAG = "E0310", "a tag key is reserved",
        "`cenbwp` and `cenbwp-terms` are written and read by this tool alone: they are what a package is \
         recognised by.";
    PLACEHOLDER = "E0311", "a placeholder was not replaced",
        "`${X}`, `$(X)`, `{{ x }}`, `#{X}` and `%X%` are what Flux, a shell, Kubernetes, Helm or a deployment \
         tool replaces by a value, and `<no value>` is what Helm writes when there is none. The file was read \
         before that happened, or without the variable; a package would be bought under that text. Render the \
         file first, or write the value. A `$` or `%` that begins no placeholder is text.",
        "name: ${NAME}      # backbone-cn-eu";
    MONEY = "E0312", "a sum of money is malformed",
        "A sum is a decimal number, a blank and the code of its currency in three capital letters: the one that the account \
         pays in. There is no sign, no exponent and no separator between thousands.",
        "limits: {maxSpend: 5000}     # 5000 CNY";

    DECLARED_TWICE = "E0401", "a package is declared twice",
        "Documents of one stack are merged, so each package may stand in only one of them. Remove one of the \
         two, or give it another name if a second package is meant.";
    ACCOUNTS_DISAGREE = "E0402", "documents of one stack name different accounts",
        "A stack lives in one account. Give `account` in one document, or the same in all.";
    LIMITS_DISAGREE = "E0403", "documents of one stack set different limits",
        "Limits hold for the whole stack. Give each limit in one document, or the same in all.";
    MISSING_VALUE = "E0404", "a field is given neither in the package nor in the defaults",
        "`bandwidth` is needed always; `autoPay` for a prepaid package that is fully managed, because it \
         decides whether money moves at once. Give them in the package or in the document's `defaults`.";
    PERIOD = "E0405", "the period is not sold in this pricing cycle",
        "By the month 1, 2, 3 or 6 can be bought, by the year 1, 2 or 3. `pricingCycle` is Month if it is \
         not given.",
        "period: 6\npricingCycle: Year     # Month";
    TOO_MANY_TAGS = "E0406", "a package has too many tags",
        "A package can carry 20 tags. Two of them are ours (`cenbwp` and `cenbwp-terms`), so 18 are left, \
         those from `defaults` included. Keys set to null do not count.";
    POSTPAY_TERMS = "E0407", "a pay-as-you-go package has terms of a purchase",
        "`period`, `pricingCycle`, `autoPay`, `autoRenew` and `autoRenewDuration` belong to PREPAY. Remove \
         them from the package; in `defaults` they do no harm.";
    SAME_CEN_AND_AREAS = "E0408", "two packages connect the same areas on one CEN",
        "The service attaches only one package per area pair to a CEN. Raise the bandwidth of the first \
         instead, or attach the second elsewhere. Packages with `manage: retire` do not count.";
    ADOPTED_TWICE = "E0409", "two packages adopt the same one",
        "An existing package can have only one identity. Adopt it in one place.";
    ADOPTED_AND_DISTINCT = "E0410", "a package adopts what it says it is distinct from",
        "`adopt: X` says that the package is X, `distinctFrom: [X]` that it is not.";
    ADOPTED_AND_MOVED = "E0411", "a package is adopted and moved at once",
        "`adopt: X` takes over a package without an owner, `movedFrom: OLD` one that this tool bought or adopted \
         under another key. Give the one that is true.";
    MOVED_AND_DECLARED = "E0412", "a package is moved from a key that is still declared",
        "`movedFrom: OLD` says that the entry OLD is now this one, so OLD itself has to go. To keep both, give the \
         new package a key of its own without `movedFrom`.";
    MOVED_TWICE = "E0413", "two packages are moved from the same key",
        "One package stands behind a key, so it can move to one place only.";

    INCLUDE = "E0420", "a file cannot be included",
        "`include` lists files with defaults, each by its path from the folder of the file that includes it; at most 20 files, \
         each once. A path is relative, ends in .yaml or .yml, stays inside the working directory of the run and names \
         nothing that begins with a dot: a pull request must not be able to show another file of the machine. A spec on \
         stdin includes from the working directory.",
        "include: [/etc/defaults.yaml]     # ../defaults.yaml";
    UNREAD_INCLUDE = "E0421", "an included file cannot be read",
        "It is not there, or it is not a plain file inside the working directory: no folder, no pipe, no link to a place \
         outside. Its size counts like that of every spec file.";
    INCLUDED_FIELD = "E0422", "an included file holds more than defaults",
        "A file that a document includes holds one document with `version` and `defaults`, and nothing else: it declares no \
         package, and it includes no further file, so that every value is found in at most two steps.",
        "version: 1\nstack: net          # belongs into the document that includes this file\ndefaults: {autoPay: true}";

    UNKNOWN_AREA = "W0501", "an area is not known to this release",
        "It is passed on as written, because areas are added faster than clients are released. A misspelled \
         area is refused by the service, not bought.";
    REMOVED_AREA = "W0502", "an area is no longer sold",
        "The service does not offer this area for new packages. A package that was bought earlier may keep it.";
    EMPTY_TAG = "W0503", "a tag value is empty",
        "The service's pages disagree on whether a purchase may carry an empty value. Give the tag a value, or \
         null if the key must be absent.";
    RENEWAL_OFF = "W0504", "a renewal duration is given without renewal",
        "`autoRenewDuration` does nothing unless `autoRenew` is true.";
    EMPTY_FILE = "W0505", "the file declares nothing",
        "It holds no document, or only empty ones.";
    TOO_MANY_FINDINGS = "W0506", "there are more findings than are shown",
        "The first 10,000 errors and the first 10,000 warnings of a run are shown and the others counted. \
         Fix these and run again.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_reads_like_the_findings() {
        assert!(TABLE.is_sorted_by(|one, next| one.name < next.name));
        for row in TABLE {
            assert!(!row.title.ends_with('.') && row.text.ends_with('.'), "{}", row.name);
            assert_eq!(Code(row.name).explanation(), row);
        }
    }
}
