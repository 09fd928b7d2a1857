//! The server, by its messages.

#![expect(
    clippy::needless_pass_by_value,
    reason = "messages are written in place"
)]

use std::path::Path;

use serde_json::{Value, json};

use super::inbox::Inbox;
use super::surroundings::Surroundings;
use super::wire::{self, Incoming};
use super::{Exit, receive, serve};

const URI: &str = "file:///work/Dockerfile";

/// What is said to these messages, and how it ends.
fn talk(messages: &[Value]) -> (Vec<Value>, Exit) {
    let mut input = Vec::new();
    for message in messages {
        wire::write(&mut input, &message.to_string()).unwrap();
    }
    talk_bytes(&input)
}

fn talk_bytes(mut input: &[u8]) -> (Vec<Value>, Exit) {
    let inbox = Inbox::default();
    receive(&mut input, &inbox);
    inbox.close();
    let mut out = Vec::new();
    let exit = serve(&inbox, &mut out, &|_| Surroundings::of_none()).unwrap();
    let mut said = Vec::new();
    let mut out = out.as_slice();
    while let Incoming::Body(body) = wire::read(&mut out).unwrap() {
        said.push(serde_json::from_slice(&body).unwrap());
    }
    (said, exit)
}

fn ask(id: i32, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn say(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

fn initialize(capabilities: Value) -> Value {
    ask(
        0,
        "initialize",
        json!({"processId": null, "capabilities": capabilities}),
    )
}

fn open(text: &str) -> Value {
    let document = json!({"uri": URI, "languageId": "dockerfile", "version": 1, "text": text});
    say("textDocument/didOpen", json!({"textDocument": document}))
}

fn replace(version: i32, text: &str) -> Value {
    let document = json!({"uri": URI, "version": version});
    let params = json!({"textDocument": document, "contentChanges": [{"text": text}]});
    say("textDocument/didChange", params)
}

/// The codes of the errors in the answers.
fn errors(said: &[Value]) -> Vec<(Value, i64)> {
    let errors = said.iter().filter_map(|message| {
        let code = message["error"]["code"].as_i64()?;
        Some((message["id"].clone(), code))
    });
    errors.collect()
}

#[test]
fn a_life_has_an_order() {
    let none = Value::Null;
    let (said, exit) = talk(&[
        ask(1, "shutdown", none.clone()),
        say("initialized", json!({})),
        initialize(json!({})),
        initialize(json!({})),
        ask(3, "no/such", json!([])),
        ask(4, "textDocument/hover", json!({})),
        ask(5, "shutdown", none.clone()),
        ask(6, "textDocument/hover", none.clone()),
        say("exit", none.clone()),
        ask(7, "shutdown", none),
    ]);
    assert_eq!(exit, Exit::Success);
    assert_eq!(said.len(), 7);
    assert_eq!(
        said[1]["result"]["capabilities"]["positionEncoding"],
        "utf-16"
    );
    let expected = [
        (1, -32002),
        (0, -32600),
        (3, -32601),
        (4, -32602),
        (6, -32600),
    ];
    assert_eq!(errors(&said), expected.map(|(id, code)| (json!(id), code)));
    assert_eq!(said[5], json!({"jsonrpc": "2.0", "id": 5, "result": null}));
}

#[test]
fn an_end_without_shutdown_is_a_failure() {
    assert_eq!(talk(&[]).1, Exit::Failure);
    assert_eq!(talk(&[say("exit", Value::Null)]).1, Exit::Failure);
    let shutdown = ask(1, "shutdown", Value::Null);
    let begin = initialize(json!({}));
    assert_eq!(
        talk(&[begin.clone(), say("exit", json!({}))]).1,
        Exit::Failure
    );
    assert_eq!(talk(&[begin, shutdown]).1, Exit::Success);
}

#[test]
fn of_changes_in_a_row_the_last_counts() {
    let changes = (2..50).map(|version| replace(version, &format!("FROM a:{version}\nX\n")));
    let mut messages = vec![initialize(json!({})), open("FROM a\n")];
    messages.extend(changes);
    let (said, _) = talk(&messages);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[1]["params"]["version"], 49);
    let found = said[1]["params"]["diagnostics"].as_array().unwrap();
    assert!(
        found
            .iter()
            .any(|item| item["code"] == "unknown-instruction")
    );
}

#[test]
fn what_is_taken_back_is_not_answered() {
    let document = json!({"textDocument": {"uri": URI}});
    let (said, _) = talk(&[
        initialize(json!({})),
        ask(1, "textDocument/documentSymbol", document.clone()),
        ask(2, "textDocument/documentSymbol", document),
        say("$/cancelRequest", json!({"id": 1})),
        say("$/cancelRequest", json!({"id": 77})),
        say("$/unknown", json!({})),
    ]);
    let expected = [(1, -32800), (2, -32602)].map(|(id, code)| (json!(id), code));
    assert_eq!(errors(&said), expected);
}

#[test]
fn broken_messages_are_told_and_passed_over() {
    let mut input = Vec::new();
    let bodies = ["{", "[]", "\"x\"", "{\"id\":[],\"method\":\"x\"}"];
    bodies
        .iter()
        .for_each(|body| wire::write(&mut input, body).unwrap());
    input.extend(b"Content-Length: 2\r\n\r\n\xff\xffnonsense\r\n\r\n");
    wire::write(&mut input, &initialize(json!({})).to_string()).unwrap();
    let change = json!({"textDocument": {"uri": "file:///x", "version": 1}, "contentChanges": []});
    for params in [change, json!({"contentChanges": 1}), json!(null)] {
        let said = say("textDocument/didChange", params);
        wire::write(&mut input, &said.to_string()).unwrap();
    }
    wire::write(
        &mut input,
        &say("textDocument/didClose", json!([])).to_string(),
    )
    .unwrap();
    wire::write(&mut input, &ask(9, "shutdown", json!(null)).to_string()).unwrap();
    let (said, exit) = talk_bytes(&input);
    assert_eq!(exit, Exit::Success);
    let codes: Vec<i64> = errors(&said).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, [-32700, -32600, -32600, -32600, -32700]);
    let logged = said
        .iter()
        .filter(|message| message["method"] == "window/logMessage");
    assert_eq!(logged.count(), 3);
}

#[test]
fn who_asks_is_not_told() {
    let pull = || json!({"textDocument": {"uri": URI}});
    let capabilities = json!({"textDocument": {"diagnostic": {}}});
    let (said, _) = talk(&[
        initialize(capabilities),
        open("FROM a\nX\n"),
        ask(1, "textDocument/diagnostic", pull()),
    ]);
    assert_eq!(said.len(), 2);
    let report = &said[1]["result"];
    assert_eq!(report["kind"], "full");
    let again = json!({"textDocument": {"uri": URI}, "previousResultId": report["resultId"]});
    let (said, _) = talk(&[
        initialize(json!({})),
        open("FROM a\nX\n"),
        ask(1, "textDocument/diagnostic", again.clone()),
        replace(2, "FROM a\nXY\n"),
        ask(2, "textDocument/diagnostic", again),
    ]);
    assert_eq!(said[1]["result"]["kind"], "unchanged");
    assert_eq!(said[2]["result"]["kind"], "full");
}

/// Puts the edits of an action into a text, which has no signs beyond ASCII where they are.
fn edited(text: &str, action: &Value) -> String {
    let place = |value: &Value| {
        let line = value["line"].as_u64().unwrap();
        let before = text
            .split_inclusive('\n')
            .take(usize::try_from(line).unwrap());
        let start: usize = before.map(str::len).sum();
        start + usize::try_from(value["character"].as_u64().unwrap()).unwrap()
    };
    let edits = action["edit"]["changes"][URI].as_array().unwrap();
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            let new = edit["newText"].as_str().unwrap();
            (place(&range["start"]), place(&range["end"]), new)
        })
        .collect();
    edits.sort_unstable();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

/// What is found in a text.
fn found(text: &str) -> Vec<Value> {
    let document = json!({"textDocument": {"uri": URI}});
    let ask = ask(1, "textDocument/diagnostic", document);
    let (said, _) = talk(&[initialize(json!({})), open(text), ask]);
    said[1]["result"]["items"].as_array().unwrap().clone()
}

/// What can be done about all that is found in a text.
fn actions(text: &str) -> Vec<Value> {
    let capabilities = json!({"textDocument": {"codeAction": {"codeActionLiteralSupport": {}}}});
    let end = json!({"line": 1_000_000, "character": 0});
    let all = json!({"start": {"line": 0, "character": 0}, "end": end});
    let wanted =
        json!({"textDocument": {"uri": URI}, "range": all, "context": {"diagnostics": []}});
    let ask = ask(1, "textDocument/codeAction", wanted);
    let (said, _) = talk(&[initialize(capabilities), open(text), ask]);
    said[1]["result"].as_array().unwrap().clone()
}

/// How often each rule is broken.
fn count(items: &[Value], code: &Value) -> usize {
    items.iter().filter(|item| item["code"] == *code).count()
}

/// Every finding of every rule's fixture can be ignored by the comment that the action writes, and nothing else changes.
#[test]
fn what_is_ignored_is_not_found_any_more() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lint/tests/fixtures");
    let mut tried = 0;
    for rule in lint::rules() {
        let path = fixtures.join(rule.name).join("Dockerfile");
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let items = found(&text);
        let actions = actions(&text);
        let is_ignore = |action: &&Value| action["title"].as_str().unwrap().starts_with("Ignore ");
        let about = |action: &&Value| action["diagnostics"][0]["code"] == rule.name;
        for action in actions.iter().filter(is_ignore).filter(about).take(2) {
            let code = &action["diagnostics"][0]["code"];
            let changed = edited(&text, action);
            let after = found(&changed);
            assert!(
                count(&after, code) < count(&items, code),
                "{code}: {changed}"
            );
            let errors = |items: &[Value]| {
                items
                    .iter()
                    .filter(|item| item["codeDescription"].is_null())
                    .count()
            };
            assert_eq!(errors(&after), errors(&items), "{code}: {changed}");
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn a_comment_is_no_directive_and_joins_others() {
    let ignored = |text: &str, code: &str| {
        let title = format!("Ignore {code} for this instruction");
        let actions = actions(text);
        let action = actions
            .iter()
            .find(|action| action["title"] == title.as_str());
        edited(
            text,
            action.unwrap_or_else(|| panic!("{title}: {actions:?}")),
        )
    };
    for (text, code, expected) in [
        (
            "from a:1\nRUN x\n",
            "ConsistentInstructionCasing",
            "\n# check=skip=ConsistentInstructionCasing\nfrom a:1\nRUN x\n",
        ),
        (
            "FROM a:latest\n",
            "DL3007",
            "# hadolint ignore=DL3007\nFROM a:latest\n",
        ),
        (
            "# hadolint ignore=DL1 # why\r\n  FROM a:latest\r\n",
            "DL3007",
            "# hadolint ignore=DL1,DL3007 # why\r\n  FROM a:latest\r\n",
        ),
        (
            "# x\r\n\tFROM a:latest\r\n",
            "DL3007",
            "# x\r\n\t# hadolint ignore=DL3007\r\n\tFROM a:latest\r\n",
        ),
        (
            "FROM a:1\n# check=skip=A;error=true\nENV A b\n",
            "LegacyKeyValueFormat",
            "FROM a:1\n# check=skip=A,LegacyKeyValueFormat;error=true\nENV A b\n",
        ),
        (
            "# check=skip=A\nFROM a:1 as b\n",
            "FromAsCasing",
            "# check=skip=A\n\n# check=skip=FromAsCasing\nFROM a:1 as b\n",
        ),
    ] {
        assert_eq!(ignored(text, code), expected);
    }
}
