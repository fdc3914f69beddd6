//! Words for the YAML parser's errors that say what to do.

use granit_parser::ErrorKind;

/// A syntax error of a document, in words.
pub(crate) struct Diagnosis {
    pub(crate) message: &'static str,
    pub(crate) hint: Option<&'static str>,
    /// True if the syntax is right but nested too deeply for the parser.
    pub(crate) deep: bool,
}

/// The starts of the lines that git writes around the sides of a conflict.
const MERGE_CONFLICT: [&str; 4] = [CONFLICT, "||||||| ", "=======", ">>>>>>> "];

/// The start of the first line of a conflict.
pub(crate) const CONFLICT: &str = "<<<<<<< ";

/// Returns the words for this error on this line. Rare errors share one sentence; their place helps more.
pub(crate) fn describe(kind: &ErrorKind, line: &str) -> Diagnosis {
    use ErrorKind as E;
    if MERGE_CONFLICT.iter().any(|marker| line.starts_with(marker)) {
        let hint =
            Some("keep one of the two sides, and remove the lines of `<<<<<<<`, `=======` and `>>>>>>>`");
        return Diagnosis { message: "a merge conflict was left in the file", hint, deep: false };
    }
    let (message, hint) = match kind {
        E::RecursionLimitExceeded => {
            return Diagnosis { message: "this is nested too deeply", hint: None, deep: true };
        }
        E::InvalidIndentation
        | E::ExpectedBlockMappingKey
        | E::ExpectedBlockSequenceEntry
        | E::InvalidBlockScalarIndent
        | E::InvalidFlowScalarIndent
        | E::InvalidQuotedScalarIndent => {
            ("the indentation does not fit the lines above", Some("indent this line like its neighbours"))
        }
        E::MappingValueNotAllowed
        | E::MappingKeyNotAllowed
        | E::InvalidColonPlacement
        | E::InvalidSimpleKey => (
            "a `key: value` pair cannot start here",
            Some("check the indentation, and put text that holds `: ` in quotes"),
        ),
        E::SimpleKeyExpected => {
            ("this line is not a `key: value` pair", Some("write a colon and a space after the key"))
        }
        E::InvalidMappingValueWhitespace => {
            ("the colon is not followed by a space", Some("write `key: value`"))
        }
        E::ExpectedFlowMappingSeparator
        | E::UnexpectedEofFlowMapping
        | E::UnexpectedEofImplicitFlowMapping => {
            ("the mapping in braces is not closed here", Some("expected `,` or `}`"))
        }
        E::ExpectedFlowSequenceSeparator | E::UnexpectedEofFlowSequence => {
            ("the list in brackets is not closed here", Some("expected `,` or `]`"))
        }
        E::UnclosedFlowCollection { .. } => ("the bracket is never closed", Some("close it with `]` or `}`")),
        E::MismatchedFlowCollectionEnd { .. } | E::MisplacedFlowCollectionEnd => {
            ("the closing bracket matches no opening one", None)
        }
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => {
            ("the quoted text is never closed", Some("close it with the quote that it begins with"))
        }
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            ("something follows the closing quote", Some("a quote inside single quotes is written twice"))
        }
        E::UnknownQuotedScalarEscape | E::InvalidQuotedScalarHexEscape | E::InvalidUnicodeEscape => {
            ("the backslash escape is not known", Some("write `\\\\` for a backslash, or use single quotes"))
        }
        E::BlockSequenceEntryNotAllowed | E::BlockEntryInFlowCollection | E::InvalidBlockEntryWhitespace => {
            ("a list item cannot start here", Some("put `- ` on a line of its own, below the key"))
        }
        E::UnexpectedCharacter { .. } => {
            ("no value can start with this character", Some("put text that begins with it in quotes"))
        }
        E::CommentNotSeparated => {
            ("the comment is not separated by a space", Some("write a space before `#`"))
        }
        E::ExpectedDocumentStart => {
            ("the document goes on where it should have ended", Some("expected `---` or the end"))
        }
        E::UnexpectedEof | E::UnexpectedEofBlockMapping | E::UnexpectedEofBlockSequence => {
            ("the document ends in the middle of something", None)
        }
        E::UndeclaredTagHandle => ("the type tag is not declared", Some("remove the `!…`")),
        _ => ("this is not valid YAML", None),
    };
    Diagnosis { message, hint, deep: false }
}
