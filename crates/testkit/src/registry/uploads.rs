//! distribution-spec, "Push", from the server's side.

use std::collections::{BTreeMap, BTreeSet};

use oci::{Digest, Document, MediaType};

use super::exchange::{Received, Response, Taken};
use super::fault::Fault;
use super::{Content, State};

/// Uploads under way, and whose the blobs are that came by them.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    open: BTreeMap<String, Vec<u8>>,
    count: usize,
    owners: BTreeMap<Digest, BTreeSet<String>>,
}

impl Uploads {
    /// Whether a repository has a blob. What was not uploaded is everybody's.
    pub(super) fn is_in(&self, digest: &Digest, repository: &str) -> bool {
        let owners = self.owners.get(digest);
        owners.is_none_or(|owners| owners.contains(repository))
    }

    fn own(&mut self, digest: Digest, repository: &str) {
        let owners = self.owners.entry(digest).or_default();
        owners.insert(repository.to_owned());
    }
}

/// What an upload's request is about.
pub(super) struct Asked<'a> {
    state: &'a State,
    request: &'a Received,
    faults: &'a [Fault],
    repository: String,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        state: &'a State,
        request: &'a Received,
        faults: &'a [Fault],
        repository: &[&str],
    ) -> Self {
        Self {
            state,
            request,
            faults,
            repository: repository.join("/"),
        }
    }
}

/// `POST`: opens an upload, or mounts a blob.
pub(super) fn open(asked: &Asked<'_>, content: &mut Content) -> Response {
    let (request, repository) = (asked.request, &asked.repository);
    let uploads = &mut content.uploads;
    let mount = request.query("mount").and_then(|text| text.parse().ok());
    if let (Some(digest), Some(from)) = (mount, request.query("from")) {
        let there = asked.state.blobs.get(&digest).is_some() && uploads.is_in(&digest, from);
        if there && !asked.faults.contains(&Fault::NoMount) {
            uploads.own(digest.clone(), repository);
            return created(repository, &digest);
        }
    }
    uploads.count += 1;
    let id = format!("upload-{}", uploads.count);
    uploads.open.insert(id.clone(), Vec::new());
    on_the_way(asked, &id, 0)
}

/// `GET`, `PATCH` and `PUT` of an upload.
pub(super) fn go_on(asked: &Asked<'_>, content: &mut Content, id: &str, taken: Taken) -> Response {
    if asked.faults.contains(&Fault::Forget) {
        content.uploads.open.remove(id);
    }
    // What follows `?` must come back as it was given.
    let known = asked.request.query("_state") == Some(id);
    let Some(bytes) = content.uploads.open.get_mut(id).filter(|_| known) else {
        return super::respond::not_found("BLOB_UPLOAD_UNKNOWN");
    };
    let request = asked.request;
    if request.method == "GET" {
        let length = bytes.len();
        return on_the_way(asked, id, length);
    }
    if let Some(range) = request.header("content-range") {
        let first = range.split('-').next().and_then(|first| first.parse().ok());
        if first != Some(bytes.len()) {
            return Response::new(416, b"");
        }
    }
    let short = asked.faults.iter().find_map(|fault| match fault {
        Fault::Short(length) => Some(*length),
        _ => None,
    });
    let most = short.unwrap_or(usize::MAX).min(request.body.len());
    bytes.extend_from_slice(&request.body[..most]);
    let length = bytes.len();
    match (request.method.as_str(), taken) {
        ("PUT", Taken::Whole) => close(asked, content, id),
        _ => on_the_way(asked, id, length),
    }
}

/// Ends an upload: its bytes are a blob, if they have the digest.
fn close(asked: &Asked<'_>, content: &mut Content, id: &str) -> Response {
    let digest = asked.request.query("digest");
    let digest = digest.and_then(|text| text.parse::<Digest>().ok());
    let bytes = content.uploads.open.remove(id).unwrap_or_default();
    match digest {
        Some(digest) if digest == Digest::of(digest.algorithm(), &bytes) => {
            asked.state.blobs.add(MediaType::OciLayer, &bytes);
            content.uploads.own(digest.clone(), &asked.repository);
            created(&asked.repository, &digest)
        }
        _ => refused("DIGEST_INVALID"),
    }
}

/// `PUT` of a manifest, of which all that it names must be there.
pub(super) fn manifest(asked: &Asked<'_>, content: &mut Content, name: &str) -> Response {
    let bytes = &asked.request.body;
    let digest = Digest::sha256(bytes);
    let Ok(document) = Document::parse(bytes) else {
        return refused("MANIFEST_INVALID");
    };
    let blobs = match &document {
        Document::Manifest(manifest) => manifest.layers.iter().chain([&manifest.config]).collect(),
        Document::Index(index) => index.manifests.iter().collect::<Vec<_>>(),
    };
    for blob in blobs
        .into_iter()
        .filter(|blob| !blob.media_type.is_foreign())
    {
        let uploads = &content.uploads;
        let there = uploads.is_in(&blob.digest, &asked.repository);
        if !there || asked.state.blobs.get(&blob.digest).is_none() {
            return refused("MANIFEST_BLOB_UNKNOWN");
        }
    }
    let named = asked.request.header("content-type").unwrap_or_default();
    let media_type = MediaType::from(named);
    match name.parse::<Digest>() {
        Ok(wanted) if wanted != digest => return refused("DIGEST_INVALID"),
        Ok(_) => {}
        Err(_) => {
            let key = (asked.repository.clone(), name.to_owned());
            let entry = (digest.clone(), media_type.clone());
            content.tags.insert(key, entry);
        }
    }
    asked.state.blobs.add(media_type.clone(), bytes);
    content.media_types.insert(digest.clone(), media_type);
    content.uploads.own(digest.clone(), &asked.repository);
    created(&asked.repository, &digest)
}

fn created(repository: &str, digest: &Digest) -> Response {
    Response::new(201, b"")
        .header("Location", &format!("/v2/{repository}/blobs/{digest}"))
        .header("Docker-Content-Digest", digest.as_str())
}

fn on_the_way(asked: &Asked<'_>, id: &str, length: usize) -> Response {
    let location = format!("/v2/{}/blobs/uploads/{id}?_state={id}", asked.repository);
    let code = if asked.request.method == "GET" {
        204
    } else {
        202
    };
    Response::new(code, b"")
        .header("Location", &location)
        .header("Range", &format!("0-{}", length.saturating_sub(1)))
}

fn refused(code: &str) -> Response {
    let body = format!(r#"{{"errors":[{{"code":"{code}","message":"it is not accepted"}}]}}"#);
    Response::new(400, body.as_bytes())
}
