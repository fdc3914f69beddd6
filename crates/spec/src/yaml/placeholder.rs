//! Finds placeholders that another tool should have replaced: `${NAME}`, `{{ .Values.name }}`.
//!
//! A template that was not rendered is often a valid document, and a run would buy a package under the name
//! `${NAME}`. A dollar sign or a percent sign alone is text.

use crate::findings::Finding;
use crate::findings::catalogue::PLACEHOLDER;
use crate::findings::collect::Report;
use crate::findings::printable::quoted;
use crate::source::Mark;

/// A placeholder as it is written in a text, and the tool that should have replaced it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Placeholder<'t> {
    written: &'t str,
    origin: Origin,
}

/// The tool that should have replaced a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// `${NAME}`.
    Shell,
    /// `$(NAME)`.
    Kubernetes,
    /// `{{ name }}`.
    Template,
    /// `<no value>`, `<nil>`, `%!s(…)`: the template was rendered without the value.
    Unset,
    /// `#{NAME}`.
    Octopus,
    /// `%NAME%`.
    Windows,
}

impl Origin {
    /// The placeholder's kind, and the advice for it.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Shell => (
                "an unrendered placeholder of Flux, envsubst or a shell",
                "set the variable where the file is rendered (Flux: `postBuild.substitute`), or write the value",
            ),
            Self::Kubernetes => (
                "an unrendered placeholder of Kubernetes or Azure Pipelines",
                "set the variable where it is replaced, which in a mounted file it never is, or write the value",
            ),
            Self::Template => (
                "an unrendered placeholder of Helm, Jinja or GitHub Actions",
                "render the file first (`helm template`), or write the value",
            ),
            Self::Unset => (
                "what Helm and Go write for a value that is not set",
                "set the value where the file is rendered, or write it here",
            ),
            Self::Octopus => (
                "an unrendered placeholder of Octopus Deploy or Azure Pipelines",
                "set the variable where the file is rendered, or write the value",
            ),
            Self::Windows => (
                "an unrendered placeholder of a Windows shell",
                "set the variable where the file is rendered, or write the value",
            ),
        }
    }
}

/// Reports the first placeholder in a text. True if there is one.
pub(crate) fn refused(text: &str, mark: Mark, what: &str, report: &mut Report) -> bool {
    let Some(Placeholder { written, origin }) = find(text) else { return false };
    let (kind, advice) = origin.words();
    let finding = Finding::new(PLACEHOLDER, mark, format!("{what} holds {}, {kind}", quoted(written)));
    report.add(finding.expected("the value itself").hint(advice));
    true
}

/// Reports `{{ name }}` without quotes, which YAML reads as a mapping that is a key.
pub(crate) fn unquoted(inside: &str, mark: Mark, report: &mut Report) {
    refused(&format!("{{{{ {inside} }}}}"), mark, "the value", report);
}

/// Returns the first placeholder of a text, in time proportional to its length.
fn find(text: &str) -> Option<Placeholder<'_>> {
    let template = template(text).map(|(at, written)| (at, written, Origin::Template));
    let mut rest = text;
    while let Some(skipped) = rest.find(['$', '#', '<', '%']) {
        let at = text.len() - rest.len() + skipped;
        rest = &rest[skipped..];
        if let Some(template) = template.filter(|(start, ..)| *start < at) {
            return Some(Placeholder { written: template.1, origin: template.2 });
        }
        if let Some((length, origin)) = starts(rest) {
            return Some(Placeholder { written: &rest[..length], origin });
        }
        rest = &rest[1..];
    }
    template.map(|(_, written, origin)| Placeholder { written, origin })
}

/// The first `{{ … }}` and its offset.
fn template(text: &str) -> Option<(usize, &str)> {
    let start = text.find("{{")?;
    let inside = start + 2 + text[start + 2..].chars().next()?.len_utf8();
    let length = text[inside..].find("}}")?;
    Some((start, &text[start..inside + length + 2]))
}

/// Returns the length and the origin of the placeholder that the text starts with.
fn starts(text: &str) -> Option<(usize, Origin)> {
    let between = |open: &str, refused: [char; 2], close: char| {
        let inside = text.strip_prefix(open)?;
        let end = inside.find(refused).filter(|end| *end > 0 && inside[*end..].starts_with(close))?;
        Some((&inside[..end], open.len() + end + 1))
    };
    let name = |inside: &str| inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if let Some((_, length)) = between("${", ['{', '}'], '}') {
        return Some((length, Origin::Shell));
    }
    if let Some((_, length)) = between("#{", ['{', '}'], '}') {
        return Some((length, Origin::Octopus));
    }
    if let Some((_, length)) = between("$(", ['(', ')'], ')').filter(|(inside, _)| name(inside)) {
        return Some((length, Origin::Kubernetes));
    }
    if let Some(unset) = ["<no value>", "<nil>"].into_iter().find(|unset| text.starts_with(unset)) {
        return Some((unset.len(), Origin::Unset));
    }
    if let [b'%', b'!', verb, b'(', ..] = text.as_bytes()
        && verb.is_ascii_alphabetic()
    {
        return Some((4, Origin::Unset));
    }
    let inside = text.strip_prefix('%').filter(|inside| name(inside))?;
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    // `%C3%BC` is a letter of a URL.
    let is_url = end == 2 && inside[..2].bytes().all(|b| b.is_ascii_hexdigit());
    (inside[end..].starts_with('%') && !is_url).then_some((end + 2, Origin::Windows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_engine_should_have_replaced_is_found_wherever_it_stands() {
        for (text, written, origin) in [
            ("${NAME}", "${NAME}", Origin::Shell),
            ("cen-${env:=prod}-x", "${env:=prod}", Origin::Shell),
            ("${a:-${b}}", "${b}", Origin::Shell),
            ("$(ENV)", "$(ENV)", Origin::Kubernetes),
            ("on $(date +%F)", "$(date +%F)", Origin::Kubernetes),
            ("{{ .Values.owner }}", "{{ .Values.owner }}", Origin::Template),
            ("{{x}} and ${y}", "{{x}}", Origin::Template),
            ("${y} and {{x}}", "${y}", Origin::Shell),
            ("$5 {{- x -}}", "{{- x -}}", Origin::Template),
            ("{{}}}}", "{{}}}", Origin::Template),
            ("<no value>", "<no value>", Origin::Unset),
            ("to <nil>", "<nil>", Origin::Unset),
            ("%!s(MISSING)", "%!s(", Origin::Unset),
            ("#{Project.Name}", "#{Project.Name}", Origin::Octopus),
            ("%COMPUTERNAME%", "%COMPUTERNAME%", Origin::Windows),
            ("100%%X%", "%X%", Origin::Windows),
        ] {
            assert_eq!(find(text), Some(Placeholder { written, origin }), "{text}");
        }
    }

    #[test]
    fn a_dollar_or_percent_sign_alone_is_text() {
        for text in [
            "",
            "100%",
            "$5",
            "$X",
            "5% to 10% of it",
            "50%-60%",
            "a%20b%20c",
            "K%C3%B6ln",
            "${",
            "${}",
            "$()",
            "$(5)",
            "{}",
            "{x}",
            "{{",
            "{{}}",
            "}} {{",
            "<no values>",
            "#1 {x}",
            "#{}",
            "%%",
            "% x %",
            "é%é%",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
