//! The particulars of requests and notifications, as far as they are looked at.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::message::Failure;
use super::position::{Position, Range};

/// `TextDocumentIdentifier`, and the fields that others have beside it.
#[derive(Debug, Deserialize)]
pub(super) struct DocumentName {
    /// The name.
    pub(super) uri: String,
    /// Which version of it, where that is said.
    #[serde(default)]
    pub(super) version: Option<i64>,
    /// All of it, where it is opened.
    #[serde(default)]
    pub(super) text: String,
}

/// What is about a document and nothing else: opening, saving, closing it, its outline.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfDocument {
    /// Which.
    pub(super) text_document: DocumentName,
    /// What an earlier answer was called (`textDocument/diagnostic`).
    #[serde(default)]
    pub(super) previous_result_id: Option<String>,
}

/// `TextDocumentPositionParams`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AtPosition {
    /// Which document.
    pub(super) text_document: DocumentName,
    /// Where.
    pub(super) position: Position,
    /// Of `textDocument/references`.
    #[serde(default)]
    pub(super) context: ReferenceContext,
}

/// `ReferenceContext`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReferenceContext {
    /// Whether definitions are wanted, too.
    #[serde(default)]
    pub(super) include_declaration: bool,
}

/// `DidChangeTextDocumentParams`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changes {
    /// Which document, and what its version is now.
    pub(super) text_document: DocumentName,
    /// What changed, one after the other.
    pub(super) content_changes: Vec<Change>,
}

/// `TextDocumentContentChangeEvent`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Change {
    /// What goes; without it all of the text.
    #[serde(default)]
    pub(super) range: Option<Range>,
    /// What comes.
    pub(super) text: String,
}

/// `CodeActionParams`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Actions {
    /// Which document.
    pub(super) text_document: DocumentName,
    /// Where.
    pub(super) range: Range,
    /// What is wanted.
    #[serde(default)]
    pub(super) context: ActionContext,
}

/// `CodeActionContext`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ActionContext {
    /// The kinds that are wanted; all, if there are none.
    #[serde(default)]
    pub(super) only: Option<Vec<String>>,
}

/// Reads them.
pub(super) fn read<T: DeserializeOwned>(params: Value) -> Result<T, Failure> {
    serde_json::from_value(params).map_err(|error| Failure::invalid_params(error.to_string()))
}
