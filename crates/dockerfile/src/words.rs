//! Variables and quotes in words: what `$`, quote signs and the escape character mean.
//!
//! Source: the section "Environment replacement" of the Dockerfile reference, and what BuildKit's
//! lexer does where that page is silent: `#`, `%` and `/` forms, nesting, and errors.

mod lexer;
mod pattern;

use crate::Escape;
pub(crate) use lexer::{Mode, Quotes, lex};

/// Gives the value of a variable, if it is set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A word after its variables were replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The text.
    pub text: String,
    /// The variables that were used without a value and without a default, each once, in order.
    pub undefined: Vec<String>,
}

/// A word that cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to process `{text}`: {reason}")]
pub struct ExpandError {
    /// The whole word.
    pub text: String,
    /// Why.
    pub reason: Unexpandable,
}

/// Why a word cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexpandable {
    /// A quote is not closed.
    #[error("the quote {0} is not closed")]
    UnclosedQuote(char),
    /// A `${` is not closed.
    #[error("missing `}}` behind `{0}`")]
    UnclosedBrace(String),
    /// What stands between the braces begins with no name.
    #[error("bad substitution `{0}`")]
    BadSubstitution(String),
    /// `${name/pattern` without the second slash.
    #[error("missing `/` behind `{0}`")]
    MissingReplacement(String),
    /// The modifier behind the name is not known.
    #[error("unsupported modifier ({modifier}) in the substitution of {name}")]
    UnsupportedModifier {
        /// The variable.
        name: String,
        /// The modifier.
        modifier: String,
    },
    /// A backslash in a pattern stands before a sign that means nothing special.
    #[error("invalid escape `{escape}` in the pattern `{pattern}`")]
    InvalidPattern {
        /// The pattern.
        pattern: String,
        /// The backslash and what follows.
        escape: String,
    },
    /// `${name:?message}` or `${name?message}` without a value.
    #[error("{name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// The message, expanded.
        message: String,
    },
    /// Forms are nested deeper than anyone would write.
    #[error("substitutions are nested more than {0} deep")]
    TooDeep(usize),
    /// The result is longer than anyone would need.
    #[error("the result is longer than {0} bytes")]
    TooLong(usize),
}

/// Replaces the variables of a word and takes its quotes and escapes off.
pub fn expand(text: &str, escape: Escape, lookup: Lookup<'_>) -> Result<Expansion, ExpandError> {
    let mode = Mode {
        escape: escape.sign(),
        ..Mode::WORD
    };
    lex(text, mode, lookup).map(|lexed| lexed.expansion)
}

/// Like [`expand`], and splits the result at blanks outside of quotes, those of values included
/// (`EXPOSE $PORTS`).
pub fn expand_words(
    text: &str,
    escape: Escape,
    lookup: Lookup<'_>,
) -> Result<Vec<String>, ExpandError> {
    let mode = Mode {
        escape: escape.sign(),
        ..Mode::WORD
    };
    let lexed = lex(text, mode, lookup)?;
    Ok(lexed.words.into_iter().map(|found| found.text).collect())
}

/// Replaces the variables in a heredoc body for `COPY` and `ADD`: quotes stay, and the escape
/// character is always the backslash, which is taken off.
pub fn expand_heredoc(body: &str, lookup: Lookup<'_>) -> Result<Expansion, ExpandError> {
    let mode = Mode {
        quotes: Quotes::Literal,
        ..Mode::WORD
    };
    lex(body, mode, lookup).map(|lexed| lexed.expansion)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "A" => "aa",
            "A_B" => "ab",
            "EMPTY" => "",
            "P" => "/usr/local/lib/x.tar.gz",
            "S" => "foobarbaz",
            "STARS" => "a*b*c",
            "PORTS" => "80 443/tcp",
            "V" => "one.two.three",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn expanded(text: &str) -> String {
        match expand(text, Escape::Backslash, &lookup) {
            Ok(expansion) => expansion.text,
            Err(error) => format!("ERROR {}", error.reason),
        }
    }

    #[test]
    fn plain_variables_and_quotes() {
        for (word, result) in [
            ("$A ${A} $A-B ${A}_B", "aa aa aa-B aa_B"),
            ("${A}} {$A}", "aa} {aa}"),
            ("a$ $. 100$", "a$ $. 100$"),
            ("[$1] [$@] [$12x]", "[] [] [x]"),
            (r#"x"$A"'$A'y"#, "xaa$Ay"),
            (r#""it's" 'say "$A"'"#, r#"it's say "$A""#),
            (r#""a\tb\"c\\d" 'a\tb' a\tb"#, r#"a\tb"c\d a\tb atb"#),
            (
                r#"\$A \${A} "\$A" \\$A pre\$post"#,
                r"$A ${A} $A \aa pre$post",
            ),
            ("tail\\", "tail"),
            ("$ÜBER.x", ".x"),
        ] {
            assert_eq!(expanded(word), result, "{word}");
        }
    }

    #[test]
    fn defaults_and_alternatives() {
        for (word, result) in [
            ("${A:-w}|${A-w}|${A:+w}|${A+w}", "aa|aa|w|w"),
            ("${EMPTY:-w}|${EMPTY-w}|${EMPTY:+w}|${EMPTY+w}", "w|||w"),
            ("${X:-w}|${X-w}|${X:+w}|${X+w}", "w|w||"),
            ("${X:-${Y:-deep}} ${X:-pre-${A}-post}", "deep pre-aa-post"),
            (
                "${X:-two words} ${X:-a:b-c} ${X:-'$A'}",
                "two words a:b-c $A",
            ),
            ("${A:?m} ${EMPTY?m}", "aa "),
            ("${EMPTY:?m $A}", "ERROR EMPTY: m aa"),
            ("${X?}", "ERROR X: is not allowed to be unset"),
            ("${EMPTY:?}", "ERROR EMPTY: is not allowed to be empty"),
        ] {
            assert_eq!(expanded(word), result, "{word}");
        }
    }

    #[test]
    fn strips_and_replacements() {
        for (word, result) in [
            ("${P#*/} ${P##*/}", "usr/local/lib/x.tar.gz x.tar.gz"),
            (
                "${P%.*} ${P%%.*} ${P%/*}",
                "/usr/local/lib/x.tar /usr/local/lib/x /usr/local/lib",
            ),
            (
                "${P#nope} ${P%[gz]} ${X#x}",
                "/usr/local/lib/x.tar.gz /usr/local/lib/x.tar.gz ",
            ),
            ("${P%%/*}|${A#?}|${A#${A}}", "|a|"),
            (r"${STARS#a\*} ${STARS%\**}", "b*c a*b"),
            (
                "${V/./-} ${V//./-} ${V//t/$A}",
                "one-two.three one-two-three one.aawo.aahree",
            ),
            (
                "${S/b?/_} ${S//b*/_} ${S/nope/X}",
                "foo_rbaz foo_ foobarbaz",
            ),
            (
                r"${P//\//_} ${P/\/usr/}",
                "_usr_local_lib_x.tar.gz /local/lib/x.tar.gz",
            ),
            (r#"${STARS#"a\*"} ${STARS#'a*'}"#, "a*b*c *b*c"),
            ("${A///x} ${A//*/x} ${S//b*/x}", "xaxax x foox"),
            (r"${V/.t/\/}", r"one\/wo.three"),
            (
                r"${S#f\o}",
                r"ERROR invalid escape `\o` in the pattern `f\o`",
            ),
        ] {
            assert_eq!(expanded(word), result, "{word}");
        }
    }

    #[test]
    fn what_cannot_be_expanded() {
        for (word, result) in [
            ("${A", "ERROR missing `}` behind `${A`"),
            ("${A:-x", "ERROR missing `}` behind `${A:-x`"),
            ("${", "ERROR missing `}` behind `${`"),
            ("${}", "ERROR bad substitution `${}`"),
            ("${:-x}", "ERROR bad substitution `${:`"),
            (
                "${A:=x}",
                "ERROR unsupported modifier (:=) in the substitution of A",
            ),
            (
                "${A:#a}",
                "ERROR unsupported modifier (:#) in the substitution of A",
            ),
            (
                "${A^^}",
                "ERROR unsupported modifier (^) in the substitution of A",
            ),
            ("${V//a}", "ERROR missing `/` behind `${V//a}`"),
            ("\"open", "ERROR the quote \" is not closed"),
            ("it's", "ERROR the quote ' is not closed"),
        ] {
            assert_eq!(expanded(word), result, "{word}");
        }
        let error = expand("x${A:=x}", Escape::Backslash, &lookup).unwrap_err();
        assert!(error.to_string().contains("x${A:=x}"));
    }

    #[test]
    fn nesting_and_growth_have_limits() {
        let deep = "${X:-".repeat(100_000);
        let error = expand(&deep, Escape::Backslash, &lookup).unwrap_err();
        assert!(matches!(error.reason, Unexpandable::TooDeep(_)));
        let big = |_: &str| Some("x".repeat(1 << 20));
        let error = expand(&"$B".repeat(100), Escape::Backslash, &big).unwrap_err();
        assert!(matches!(error.reason, Unexpandable::TooLong(_)));
    }

    #[test]
    fn the_backtick_escapes_when_asked_for() {
        let result = expand(r"C:\x`$A `` $A", Escape::Backtick, &lookup).unwrap();
        assert_eq!(result.text, r"C:\x$A ` aa");
    }

    #[test]
    fn undefined_variables_are_told_once() {
        let result = expand("$X ${X} ${Y:-d} ${Z#p} $1 $A", Escape::Backslash, &lookup).unwrap();
        assert_eq!(result.undefined, ["X", "Z"]);
    }

    #[test]
    fn words_split_after_expansion() {
        let words = |text| expand_words(text, Escape::Backslash, &lookup).unwrap();
        assert_eq!(words("$PORTS"), ["80", "443/tcp"]);
        assert_eq!(
            words("a \"b c\" d\\ e \"$PORTS\""),
            ["a", "b c", "d e", "80 443/tcp"]
        );
        assert_eq!(words("$X"), [""; 0]);
    }

    #[test]
    fn heredoc_bodies_keep_their_quotes() {
        let body = "a $A \\$A \\\\ \"q\" 'single $A'\nback\\slash ${X:-none}\\\n";
        let result = expand_heredoc(body, &lookup).unwrap();
        assert_eq!(
            result.text,
            "a aa $A \\ \"q\" 'single aa'\nbackslash none\n"
        );
    }
}
