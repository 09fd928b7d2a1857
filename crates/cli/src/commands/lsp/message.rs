//! What client and server say to each other: requests, answers, notifications.
//!
//! Source: JSON-RPC 2.0, and LSP 3.17, "Base Protocol", for the numbers of errors.

use serde::Serialize;
use serde_json::Value;

/// A message of the client.
#[derive(Debug)]
pub(super) enum Message {
    /// It wants an answer.
    Request(Request),
    /// It says something.
    Notification(Notification),
    /// It answers: nothing that we ask it has an answer that matters.
    Response,
}

/// A question of the client.
#[derive(Debug)]
pub(super) struct Request {
    /// What the answer refers to: a number or a string.
    pub(super) id: Value,
    /// What it is about.
    pub(super) method: String,
    /// The particulars.
    pub(super) params: Value,
}

/// What the client says.
#[derive(Debug)]
pub(super) struct Notification {
    /// What it is about.
    pub(super) method: String,
    /// The particulars.
    pub(super) params: Value,
}

/// Why a request has no result.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    code: i32,
    message: String,
}

impl Failure {
    /// The message is no JSON.
    fn parse_error(message: impl Into<String>) -> Self {
        Self::new(-32700, message)
    }

    /// The message is no request, or comes at the wrong time.
    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    /// There is no such method.
    pub(super) fn method_not_found(method: &str) -> Self {
        Self::new(-32601, format!("there is no method {method}"))
    }

    /// The particulars are not those of the method.
    pub(super) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// `initialize` comes first.
    pub(super) fn not_initialized() -> Self {
        Self::new(-32002, "initialize comes first")
    }

    /// The client does not want the answer any more.
    pub(super) fn cancelled() -> Self {
        Self::new(-32800, "cancelled")
    }

    /// What is wrong.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl Message {
    /// Reads one.
    pub(super) fn read(body: &[u8]) -> Result<Self, Failure> {
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| Failure::parse_error(format!("this is no JSON: {error}")))?;
        let Value::Object(mut fields) = value else {
            return Err(Failure::invalid_request("a message is an object"));
        };
        let id = fields.remove("id").filter(|id| !id.is_null());
        let params = fields.remove("params").unwrap_or_default();
        match (id, fields.remove("method")) {
            (Some(id), Some(Value::String(method))) if id.is_string() || id.is_number() => {
                Ok(Self::Request(Request { id, method, params }))
            }
            (None, Some(Value::String(method))) => {
                Ok(Self::Notification(Notification { method, params }))
            }
            (_, None) if fields.contains_key("result") || fields.contains_key("error") => {
                Ok(Self::Response)
            }
            _ => Err(Failure::invalid_request("this is no message")),
        }
    }
}

/// A message of ours.
#[derive(Debug, Serialize)]
pub(super) struct Outgoing<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
}

impl<'a> Outgoing<'a> {
    const EMPTY: Self = Self {
        jsonrpc: "2.0",
        id: None,
        method: None,
        params: None,
        result: None,
        error: None,
    };

    /// The answer to a request; `id` is null where it could not be read.
    pub(super) fn response(id: &'a Value, result: &'a Result<Value, Failure>) -> Self {
        Self {
            id: Some(id),
            result: result.as_ref().ok(),
            error: result.as_ref().err(),
            ..Self::EMPTY
        }
    }

    /// Something to tell.
    pub(super) fn notification(method: &'a str, params: &'a Value) -> Self {
        Self {
            method: Some(method),
            params: Some(params),
            ..Self::EMPTY
        }
    }

    /// Something to ask of the client; what takes no particulars has none.
    pub(super) fn request(id: &'a Value, method: &'a str, params: Option<&'a Value>) -> Self {
        Self {
            id: Some(id),
            method: Some(method),
            params,
            ..Self::EMPTY
        }
    }

    /// As it is sent.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("its maps have text keys")
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    fn kind(text: &str) -> String {
        match Message::read(text.as_bytes()) {
            Ok(Message::Request(request)) => format!("{} {}", request.id, request.method),
            Ok(Message::Notification(said)) => said.method,
            Ok(Message::Response) => "response".to_owned(),
            Err(failure) => failure.code.to_string(),
        }
    }

    #[test]
    fn messages_are_told_apart() {
        for (text, expected) in [
            (r#"{"id":1,"method":"a","params":{}}"#, "1 a"),
            (r#"{"id":"x","method":"a"}"#, "\"x\" a"),
            (r#"{"method":"b"}"#, "b"),
            (r#"{"id":null,"method":"b"}"#, "b"),
            (r#"{"id":1,"result":null}"#, "response"),
            (r#"{"id":null,"error":{}}"#, "response"),
            ("{", "-32700"),
            ("\u{fffd}", "-32700"),
            ("[]", "-32600"),
            ("{}", "-32600"),
            (r#"{"id":{},"method":"a"}"#, "-32600"),
            (r#"{"id":1,"method":2}"#, "-32600"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        assert_eq!(kind(&"[".repeat(100_000)), "-32700");
    }
}
