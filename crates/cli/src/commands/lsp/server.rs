//! The server: what it knows of the client and its documents, and what it does with each message.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::{Value, json};

use super::client::Client;
use super::document::Document;
use super::inbox::{Arrival, Inbox};
use super::message::{Failure, Message, Notification, Outgoing, Request};
use super::params::{self, Actions, AtPosition, Changes, OfDocument};
use super::{actions, diagnostics, hover, parent, surroundings, symbols, wire};
use crate::exit::Exit;

/// What the client may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has to say `initialize`.
    New,
    /// Anything.
    Open,
    /// Only `exit`.
    ShutDown,
}

/// The server.
pub(super) struct Server<W> {
    out: W,
    phase: Phase,
    client: Client,
    documents: BTreeMap<String, Document>,
    /// Documents whose findings the client was not told yet.
    unpublished: BTreeSet<String>,
    /// How many requests were made.
    requests: u32,
}

impl<W: Write> Server<W> {
    /// One that knows nothing yet.
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            phase: Phase::New,
            client: Client::default(),
            documents: BTreeMap::new(),
            unpublished: BTreeSet::new(),
            requests: 0,
        }
    }

    /// How it ends when nothing comes any more.
    pub(super) fn exit(&self) -> Exit {
        match self.phase {
            Phase::ShutDown => Exit::Success,
            Phase::New | Phase::Open => Exit::Failure,
        }
    }

    /// Does what a message asks; the exit code where that is the end.
    pub(super) fn take(&mut self, arrival: Arrival, inbox: &Inbox) -> io::Result<Option<Exit>> {
        match arrival {
            Arrival::Broken(failure) => {
                self.send(&Outgoing::response(&Value::Null, &Err(failure)))?;
            }
            Arrival::Message(Message::Response) => {}
            Arrival::Message(Message::Notification(said)) if said.method == "exit" => {
                return Ok(Some(self.exit()));
            }
            Arrival::Message(Message::Notification(said)) => self.hear(said)?,
            Arrival::Message(Message::Request(request)) => {
                let id = request.id.clone();
                let result = match inbox.is_cancelled(&id) {
                    true => Err(Failure::cancelled()),
                    false => self.answer(request),
                };
                self.send(&Outgoing::response(&id, &result))?;
            }
        }
        Ok(None)
    }

    fn answer(&mut self, request: Request) -> Result<Value, Failure> {
        let Request { method, params, .. } = request;
        match (self.phase, method.as_str()) {
            (Phase::New, "initialize") => Ok(self.initialize(&params)),
            (Phase::New, _) => Err(Failure::not_initialized()),
            (_, "initialize") => Err(Failure::invalid_request("initialize comes once")),
            (Phase::ShutDown, _) => Err(Failure::invalid_request("only exit comes after shutdown")),
            (Phase::Open, "shutdown") => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null)
            }
            (Phase::Open, method) => self.feature(method, params),
        }
    }

    fn feature(&self, method: &str, params: Value) -> Result<Value, Failure> {
        match method {
            "textDocument/diagnostic" => self.diagnostic(params),
            "textDocument/codeAction" => self.code_action(params),
            "textDocument/hover" => self.hover(params),
            "textDocument/definition" => self.definition(params),
            "textDocument/references" => self.references(params),
            "textDocument/documentHighlight" => self.highlights(params),
            "textDocument/documentSymbol" => self.document_symbol(params),
            other => Err(Failure::method_not_found(other)),
        }
    }

    /// Takes what has no answer: what is wrong with it only goes to the client's log.
    fn hear(&mut self, said: Notification) -> io::Result<()> {
        if self.phase != Phase::Open {
            return Ok(());
        }
        let Notification { method, params } = said;
        let done = match method.as_str() {
            "initialized" => return self.watch_files(),
            "textDocument/didOpen" => self.open(params),
            "textDocument/didChange" => self.change(params),
            "textDocument/didSave" => self.save(params),
            "textDocument/didClose" => return self.close(params),
            "workspace/didChangeWatchedFiles" | "workspace/didChangeConfiguration" => {
                return self.look_around();
            }
            _ => Ok(()),
        };
        match done {
            Ok(()) => Ok(()),
            Err(failure) => self.log(&format!("{method}: {}", failure.message())),
        }
    }

    // ---- the start ----

    fn initialize(&mut self, params: &Value) -> Value {
        self.client = Client::of(params);
        self.phase = Phase::Open;
        let process = params.get("processId").and_then(Value::as_i64);
        parent::end_with(process.and_then(|id| i32::try_from(id).ok()));
        json!({
            "capabilities": {
                "positionEncoding": self.client.encoding.name(),
                "textDocumentSync": {"openClose": true, "change": 2, "save": true},
                "diagnosticProvider": {
                    "identifier": "carafe",
                    "interFileDependencies": false,
                    "workspaceDiagnostics": false,
                },
                "codeActionProvider": {"codeActionKinds": [actions::QUICK_FIX, actions::FIX_ALL]},
                "hoverProvider": true,
                "definitionProvider": true,
                "referencesProvider": true,
                "documentHighlightProvider": true,
                "documentSymbolProvider": true,
            },
            "serverInfo": {"name": "carafe", "version": env!("CARGO_PKG_VERSION")},
        })
    }

    fn watch_files(&mut self) -> io::Result<()> {
        if !self.client.watches_files {
            return Ok(());
        }
        let watchers = surroundings::FILES.map(|pattern| json!({"globPattern": pattern}));
        let params = json!({"registrations": [{
            "id": "surroundings",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": {"watchers": watchers},
        }]});
        self.ask("client/registerCapability", Some(&params))
    }

    // ---- documents ----

    fn open(&mut self, params: Value) -> Result<(), Failure> {
        let OfDocument {
            text_document: name,
            ..
        } = params::read(params)?;
        let encoding = self.client.encoding;
        let document = Document::open(name.uri.clone(), name.version, name.text, encoding);
        self.documents.insert(name.uri.clone(), document);
        self.unpublished.insert(name.uri);
        Ok(())
    }

    fn change(&mut self, params: Value) -> Result<(), Failure> {
        let Changes {
            text_document: name,
            content_changes,
        } = params::read(params)?;
        let document = self.documents.get_mut(&name.uri);
        let document = document.ok_or_else(|| not_open(&name.uri))?;
        document.change(name.version, content_changes);
        self.unpublished.insert(name.uri);
        Ok(())
    }

    fn save(&mut self, params: Value) -> Result<(), Failure> {
        let OfDocument {
            text_document: name,
            ..
        } = params::read(params)?;
        let document = self.documents.get_mut(&name.uri);
        document.ok_or_else(|| not_open(&name.uri))?.look_around();
        self.unpublished.insert(name.uri);
        Ok(())
    }

    /// Forgets a document, and takes back what was said about it.
    fn close(&mut self, params: Value) -> io::Result<()> {
        let Ok(OfDocument {
            text_document: name,
            ..
        }) = params::read(params)
        else {
            return Ok(());
        };
        self.unpublished.remove(&name.uri);
        match self.documents.remove(&name.uri) {
            Some(document) => self.tell(&document.uri, None, Vec::new()),
            None => Ok(()),
        }
    }

    /// Settings, or what is around documents, may have changed.
    fn look_around(&mut self) -> io::Result<()> {
        self.documents.values_mut().for_each(Document::look_around);
        self.unpublished.extend(self.documents.keys().cloned());
        let asks = self.client.pulls && self.client.pulls_again;
        match asks && !self.documents.is_empty() {
            true => self.ask("workspace/diagnostic/refresh", None),
            false => Ok(()),
        }
    }

    /// Tells the client what is found in documents that changed.
    pub(super) fn publish(&mut self) -> io::Result<()> {
        for uri in std::mem::take(&mut self.unpublished) {
            let Some(document) = self.documents.get_mut(&uri) else {
                continue;
            };
            let problem = document.surroundings.problem.take();
            let (version, mut items) = (document.version, Vec::new());
            if !self.client.pulls {
                items = diagnostics::items(document.reading(), self.client);
            }
            self.tell(&uri, version, items)?;
            if let Some(problem) = problem {
                self.warn(&problem)?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, uri: &str, version: Option<i64>, items: Vec<Value>) -> io::Result<()> {
        // Who asks would see all of it twice.
        if self.client.pulls {
            return Ok(());
        }
        let mut params = json!({"uri": uri});
        params["diagnostics"] = items.into();
        if let Some(version) = version {
            params["version"] = version.into();
        }
        self.send(&Outgoing::notification(
            "textDocument/publishDiagnostics",
            &params,
        ))
    }

    // ---- what is asked about documents ----

    fn document(&self, uri: &str) -> Result<&Document, Failure> {
        self.documents.get(uri).ok_or_else(|| not_open(uri))
    }

    fn diagnostic(&self, params: Value) -> Result<Value, Failure> {
        let OfDocument {
            text_document: name,
            previous_result_id,
        } = params::read(params)?;
        let reading = self.document(&name.uri)?.reading();
        let items = diagnostics::items(reading, self.client);
        let id = diagnostics::result_id(reading, &items);
        Ok(match previous_result_id.as_ref() == Some(&id) {
            true => json!({"kind": "unchanged", "resultId": id}),
            false => json!({"kind": "full", "resultId": id, "items": items}),
        })
    }

    fn code_action(&self, params: Value) -> Result<Value, Failure> {
        let wanted: Actions = params::read(params)?;
        let document = self.document(&wanted.text_document.uri)?;
        Ok(actions::actions(document, &wanted, self.client).into())
    }

    fn hover(&self, params: Value) -> Result<Value, Failure> {
        let at: AtPosition = params::read(params)?;
        let reading = self.document(&at.text_document.uri)?.reading();
        Ok(hover::hover(reading, at.position, self.client))
    }

    fn definition(&self, params: Value) -> Result<Value, Failure> {
        let at: AtPosition = params::read(params)?;
        let uri = at.text_document.uri;
        let reading = self.document(&uri)?.reading();
        let mentions = reading.mentions();
        let mention = mentions.at(reading.byte(at.position));
        let place = mention.map(|mention| mentions.definition(mention).name);
        Ok(place.map_or(
            Value::Null,
            |place| json!({"uri": uri, "range": reading.range(place)}),
        ))
    }

    fn references(&self, params: Value) -> Result<Value, Failure> {
        let at: AtPosition = params::read(params)?;
        let uri = at.text_document.uri.as_str();
        let reading = self.document(uri)?.reading();
        let Some(mention) = reading.mentions().at(reading.byte(at.position)) else {
            return Ok(Value::Null);
        };
        let wants_all = at.context.include_declaration;
        let same = reading.mentions().same(mention);
        let places = same.filter(|mention| wants_all || !mention.is_definition);
        Ok(places
            .map(|mention| json!({"uri": uri, "range": reading.range(mention.place)}))
            .collect())
    }

    fn highlights(&self, params: Value) -> Result<Value, Failure> {
        const READ: u8 = 2;
        const WRITE: u8 = 3;
        let at: AtPosition = params::read(params)?;
        let reading = self.document(&at.text_document.uri)?.reading();
        let Some(mention) = reading.mentions().at(reading.byte(at.position)) else {
            return Ok(Value::Null);
        };
        let same = reading.mentions().same(mention);
        Ok(same
            .map(|mention| {
                let kind = if mention.is_definition { WRITE } else { READ };
                json!({"range": reading.range(mention.place), "kind": kind})
            })
            .collect())
    }

    fn document_symbol(&self, params: Value) -> Result<Value, Failure> {
        let OfDocument {
            text_document: name,
            ..
        } = params::read(params)?;
        Ok(symbols::symbols(self.document(&name.uri)?, self.client).into())
    }

    // ---- what is sent ----

    fn warn(&mut self, text: &str) -> io::Result<()> {
        let params = json!({"type": 2, "message": text});
        self.send(&Outgoing::notification("window/showMessage", &params))
    }

    fn log(&mut self, text: &str) -> io::Result<()> {
        let params = json!({"type": 2, "message": text});
        self.send(&Outgoing::notification("window/logMessage", &params))
    }

    fn ask(&mut self, method: &str, params: Option<&Value>) -> io::Result<()> {
        self.requests += 1;
        let id = Value::from(format!("carafe-{}", self.requests));
        self.send(&Outgoing::request(&id, method, params))
    }

    fn send(&mut self, message: &Outgoing<'_>) -> io::Result<()> {
        wire::write(&mut self.out, &message.text())
    }
}

fn not_open(uri: &str) -> Failure {
    Failure::invalid_params(format!("{uri} is not open"))
}
