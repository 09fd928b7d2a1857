//! What bash has beyond POSIX `sh`, as far as the syntax goes.

use dockerfile::Span;

/// A place in a script for `sh` that only bash understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// What it is.
    pub kind: ExtensionKind,
    /// Where.
    pub span: Span,
}

/// The extensions; sections are those of the Bash Reference Manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionKind {
    /// `$'…'` (3.1.2.4). POSIX.1-2024 has it (XCU 2.2.4), dash does not.
    DollarSingleQuotes,
    /// `$"…"` (3.1.2.5).
    DollarDoubleQuotes,
    /// `|&` (3.2.3).
    PipeBoth,
    /// `;&` (3.2.5.2). POSIX.1-2024 has it (XCU 2.9.4.3), dash does not.
    CaseFallThrough,
    /// `;;&` (3.2.5.2).
    CaseGoOn,
    /// `for ((…;…;…))` (3.2.5.1).
    ArithmeticFor,
    /// `{ … }` in place of `do … done`.
    BracedLoop,
    /// `select` (3.2.5.2).
    Select,
    /// `((…))` (3.2.5.2).
    ArithmeticCommand,
    /// `[[ … ]]` (3.2.5.2).
    Conditional,
    /// `function` (3.3).
    FunctionKeyword,
    /// A function whose name is none (3.3).
    FunctionName,
    /// `name+=` (3.4).
    Append,
    /// `name=(…)` (6.7).
    Array,
    /// `name[…]=` and `${name[…]}` (6.7).
    Subscript,
    /// `${!name}` (3.5.3).
    Indirect,
    /// `${name:…}` (3.5.3).
    Substring,
    /// `${name/…/…}` (3.5.3).
    Replacement,
    /// `${name^}`, `${name,}` (3.5.3).
    CaseModification,
    /// `${name@…}` (3.5.3).
    Transformation,
    /// `$[…]`, an old form of `$((…))`.
    BracketArithmetic,
    /// `<(…)`, `>(…)` (3.5.6).
    ProcessSubstitution,
    /// `<<<` (3.6.7).
    HereString,
    /// `&>` and `&>>` (3.6.4); `sh` reads `&`, and then `>`.
    RedirectBoth,
    /// `>&` and a file (3.6.4).
    DuplicateToFile,
    /// `{name}>` (3.6); `sh` reads the word `{name}`.
    NamedDescriptor,
}

impl ExtensionKind {
    /// Whether it is a syntax error for `sh`; of the others `sh` makes something else, or finds out when it runs them.
    pub fn is_refused(self) -> bool {
        use ExtensionKind as Kind;
        matches!(
            self,
            Kind::PipeBoth
                | Kind::CaseFallThrough
                | Kind::CaseGoOn
                | Kind::ArithmeticFor
                | Kind::BracedLoop
                | Kind::Select
                | Kind::FunctionKeyword
                | Kind::FunctionName
                | Kind::Array
                | Kind::ProcessSubstitution
                | Kind::HereString
        )
    }
}
