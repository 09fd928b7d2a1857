//! What the client can do, by its own words.

use serde_json::Value;

use super::position::Encoding;

/// What of a client's abilities makes a difference here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Client {
    /// How it counts in a line.
    pub(super) encoding: Encoding,
    /// Whether it asks for findings; else it is told.
    pub(super) pulls: bool,
    /// Whether it can be told to ask again.
    pub(super) pulls_again: bool,
    /// Whether it shows what is unnecessary or deprecated.
    pub(super) tags: bool,
    /// Whether it shows Markdown.
    pub(super) markdown: bool,
    /// Whether it applies edits of a certain version of a document.
    pub(super) versioned_edits: bool,
    /// Whether it takes actions as edits, not only as commands.
    pub(super) literal_actions: bool,
    /// Whether its outline is a tree.
    pub(super) symbol_tree: bool,
    /// Whether it can be asked to watch files.
    pub(super) watches_files: bool,
}

impl Client {
    /// Reads the parameters of `initialize`.
    pub(super) fn of(params: &Value) -> Self {
        let at = |path: &str| params.get("capabilities")?.pointer(path);
        let says = |path: &str| at(path).and_then(Value::as_bool).unwrap_or(false);
        let list = |path: &str, word: &str| {
            let list = at(path).and_then(Value::as_array);
            list.is_some_and(|list| list.iter().any(|value| value == word))
        };
        Self {
            encoding: match list("/general/positionEncodings", "utf-8") {
                true => Encoding::Utf8,
                false => Encoding::Utf16,
            },
            pulls: at("/textDocument/diagnostic").is_some_and(Value::is_object),
            pulls_again: says("/workspace/diagnostics/refreshSupport"),
            tags: ["publishDiagnostics", "diagnostic"]
                .iter()
                .any(|kind| at(&format!("/textDocument/{kind}/tagSupport")).is_some()),
            markdown: list("/textDocument/hover/contentFormat", "markdown"),
            versioned_edits: says("/workspace/workspaceEdit/documentChanges"),
            literal_actions: at("/textDocument/codeAction/codeActionLiteralSupport").is_some(),
            symbol_tree: says("/textDocument/documentSymbol/hierarchicalDocumentSymbolSupport"),
            watches_files: says("/workspace/didChangeWatchedFiles/dynamicRegistration"),
        }
    }
}
