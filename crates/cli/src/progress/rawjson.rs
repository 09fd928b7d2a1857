//! Progress for programs: what `docker buildx build --progress=rawjson` prints, a JSON document a line. Each is a
//! `SolveStatus` of BuildKit's client: vertexes (steps), statuses (transfers), logs and warnings.

use builder::{Event, StepId, StepTitle, Stream};
use dockerfile::{Diagnostic, Source};
use oci::{Digest, timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What has been said of the steps.
#[derive(Debug, Default)]
pub(super) struct RawJson {
    vertexes: BTreeMap<StepId, Vertex>,
}

#[derive(Debug)]
struct Vertex {
    digest: Digest,
    inputs: Vec<Digest>,
    name: String,
    started: Option<String>,
    /// When each of its transfers began.
    transfers: BTreeMap<String, String>,
}

impl RawJson {
    /// The lines that an event is worth.
    pub(super) fn lines(&mut self, event: &Event) -> String {
        let now = timestamp::format(SystemTime::now());
        let line = match event {
            Event::Planned(titles) => return self.planned(titles),
            Event::Started(id) => self.vertex(*id, |vertex| {
                vertex.started = Some(now.clone());
                vertex.document()
            }),
            Event::Cached(id) => self.vertex(*id, |vertex| {
                let started = vertex.started.get_or_insert_with(|| now.clone()).clone();
                let mut document = vertex.document();
                document.insert("started".to_owned(), json!(started));
                document.insert("completed".to_owned(), json!(now));
                document.insert("cached".to_owned(), json!(true));
                document
            }),
            Event::Finished(id) => self.vertex(*id, |vertex| {
                let mut document = vertex.document();
                document.insert("completed".to_owned(), json!(now));
                document
            }),
            Event::Failed(id) => self.vertex(*id, |vertex| {
                let mut document = vertex.document();
                document.insert("completed".to_owned(), json!(now));
                document.insert("error".to_owned(), json!("the step failed"));
                document
            }),
            Event::Output(id, stream, bytes) => self.log(*id, *stream, (bytes, &now)),
            Event::Progress {
                step,
                what,
                done,
                total,
            } => self.status(*step, what, (*done, *total), &now),
            Event::Explained(_)
            | Event::Surveyed(_)
            | Event::Warning(_)
            | Event::Imported(..)
            | Event::CacheUnused { .. } => None,
        };
        line.map_or_else(String::new, |line| format!("{line}\n"))
    }

    /// All vertexes of a plan, as BuildKit announces them before it begins.
    fn planned(&mut self, titles: &[StepTitle]) -> String {
        let mut documents = Vec::with_capacity(titles.len());
        for title in titles {
            let inputs = title.inputs.iter().filter_map(|id| self.vertexes.get(id));
            let inputs: Vec<Digest> = inputs.map(|vertex| vertex.digest.clone()).collect();
            let name = super::title(title);
            let identity = format!("{} {name} {inputs:?}", title.id.0);
            let vertex = Vertex {
                digest: Digest::sha256(identity.as_bytes()),
                inputs,
                name,
                started: None,
                transfers: BTreeMap::new(),
            };
            documents.push(Value::Object(vertex.document()));
            self.vertexes.insert(title.id, vertex);
        }
        format!("{}\n", json!({ "vertexes": documents }))
    }

    fn vertex(
        &mut self,
        id: StepId,
        change: impl FnOnce(&mut Vertex) -> Map<String, Value>,
    ) -> Option<Value> {
        let document = change(self.vertexes.get_mut(&id)?);
        Some(json!({ "vertexes": [document] }))
    }

    fn log(&self, id: StepId, stream: Stream, (bytes, now): (&[u8], &str)) -> Option<Value> {
        let stream = match stream {
            Stream::Stdout => 1,
            Stream::Stderr => 2,
        };
        Some(json!({ "logs": [{
            "vertex": self.vertexes.get(&id)?.digest,
            "stream": stream,
            "data": STANDARD.encode(bytes),
            "timestamp": now,
        }]}))
    }

    fn status(
        &mut self,
        id: StepId,
        what: &str,
        (done, total): (u64, Option<u64>),
        now: &str,
    ) -> Option<Value> {
        let vertex = self.vertexes.get_mut(&id)?;
        let transfers = vertex.transfers.entry(what.to_owned());
        let started = transfers.or_insert_with(|| now.to_owned());
        let mut document = json!({
            "id": what,
            "vertex": vertex.digest,
            "name": what,
            "current": done,
            "timestamp": now,
            "started": started,
        });
        if let Some(total) = total {
            document["total"] = json!(total);
            if done == total {
                document["completed"] = json!(now);
            }
        }
        Some(json!({ "statuses": [document] }))
    }
}

impl Vertex {
    fn document(&self) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("digest".to_owned(), json!(self.digest));
        if !self.inputs.is_empty() {
            document.insert("inputs".to_owned(), json!(self.inputs));
        }
        document.insert("name".to_owned(), json!(self.name));
        if let Some(started) = &self.started {
            document.insert("started".to_owned(), json!(started));
        }
        document
    }
}

/// The line for a warning. It belongs to the reading of the Dockerfile, which is no step here.
pub(crate) fn warning(warning: &Diagnostic, source: &Source) -> String {
    let vertex = Digest::sha256(b"[internal] load build definition");
    let (first, last) = source.lines_of(warning.span);
    let line = |line: u32| json!({ "line": line });
    let short = match warning.code.starts_with(char::is_uppercase) {
        true => format!("{}: {} (line {first})", warning.code, warning.message),
        false => format!("{} (line {first})", warning.message),
    };
    let detail = warning.help.iter().map(|help| STANDARD.encode(help));
    let document = json!({ "warnings": [{
        "vertex": vertex,
        "level": 1,
        "short": STANDARD.encode(short),
        "detail": detail.collect::<Vec<_>>(),
        "sourceInfo": {
            "filename": source.name(),
            "data": STANDARD.encode(source.text()),
            "language": "Dockerfile",
        },
        "range": [{ "start": line(first), "end": line(last) }],
    }]});
    format!("{document}\n")
}
