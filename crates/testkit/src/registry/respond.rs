//! What a registry answers: distribution-spec, "Pull", from the server's side.

use oci::Digest;

use super::exchange::{Received, Response, Taken};
use super::fault::{Fault, Planned};
use super::uploads::{self, Asked};
use super::{Content, File, State};

/// What a registry answers that works.
pub(super) fn respond(
    state: &State,
    request: &Received,
    faults: &[Fault],
    taken: Taken,
) -> Response {
    let path = request.path.split('?').next().unwrap_or_default();
    let mut content = state.lock();
    if let Some(file) = content.files.get(path) {
        return plain(file, request);
    }
    if path == "/token" {
        return content.access.token(request);
    }
    if let Some(refused) = content.access.refuse(&state.host, request) {
        return refused;
    }
    let parts: Vec<&str> = path.trim_start_matches("/v2/").split('/').collect();
    match parts.as_slice() {
        [""] | ["", "v2"] => Response::new(200, b"{}"),
        [repository @ .., "blobs", "uploads", id] => {
            let asked = Asked::new(state, request, faults, repository);
            match (request.method.as_str(), *id) {
                ("POST", "") => uploads::open(&asked, &mut content),
                _ => uploads::go_on(&asked, &mut content, id, taken),
            }
        }
        [repository @ .., "manifests", name] if request.method == "PUT" => {
            let asked = Asked::new(state, request, faults, repository);
            uploads::manifest(&asked, &mut content, name)
        }
        [repository @ .., "manifests", name] => {
            manifest(state, &content, &repository.join("/"), name)
        }
        [repository @ .., "blobs", digest] if !repository.is_empty() => {
            blob(state, &content, &repository.join("/"), digest)
        }
        _ => not_found("NAME_UNKNOWN"),
    }
}

/// A plain file, unless the request knows it already (RFC 9110, "Precedence of Preconditions").
fn plain((bytes, headers): &File, request: &Received) -> Response {
    let own = |name: &str| {
        let found = headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    let known = match request.header("if-none-match") {
        Some(tag) => own("etag") == Some(tag),
        None => request
            .header("if-modified-since")
            .is_some_and(|date| own("last-modified") == Some(date)),
    };
    let mut response = if known {
        Response::new(304, b"")
    } else {
        Response::new(200, bytes)
    };
    for (name, value) in headers {
        response.set(name, Some(value));
    }
    response.ranges = true;
    response
}

/// The faults for a request: each is used up by one.
pub(super) fn due_faults(planned: &mut Vec<Planned>, request: &Received) -> Vec<Fault> {
    let line = format!("{} {}", request.method, request.path);
    let mut due = Vec::new();
    for fault in planned
        .iter_mut()
        .filter(|fault| line.contains(&fault.path))
    {
        fault.times -= 1;
        due.push(fault.fault.clone());
    }
    planned.retain(|fault| fault.times > 0);
    due
}

fn manifest(state: &State, content: &Content, repository: &str, name: &str) -> Response {
    let by_digest = name.parse::<Digest>().ok();
    let digest = by_digest.or_else(|| {
        let tag = content.tags.get(&(repository.to_owned(), name.to_owned()));
        tag.map(|(digest, _)| digest.clone())
    });
    let digest = digest.filter(|digest| content.uploads.is_in(digest, repository));
    let found = digest.and_then(|digest| Some((state.blobs.get(&digest)?, digest)));
    let Some((bytes, digest)) = found else {
        return not_found("MANIFEST_UNKNOWN");
    };
    let media_type = content.media_types.get(&digest);
    let media_type = media_type.map_or("application/vnd.oci.image.manifest.v1+json", |known| {
        known.as_str()
    });
    Response::new(200, &bytes)
        .header("Content-Type", media_type)
        .header("Docker-Content-Digest", digest.as_str())
}

fn blob(state: &State, content: &Content, repository: &str, digest: &str) -> Response {
    let found = digest
        .parse::<Digest>()
        .ok()
        .filter(|digest| content.uploads.is_in(digest, repository))
        .and_then(|digest| state.blobs.get(&digest));
    let Some(bytes) = found else {
        return not_found("BLOB_UNKNOWN");
    };
    let mut response =
        Response::new(200, &bytes).header("Content-Type", "application/octet-stream");
    response.ranges = true;
    response
}

pub(super) fn not_found(code: &str) -> Response {
    let body = format!(r#"{{"errors":[{{"code":"{code}","message":"it is not here"}}]}}"#);
    Response::new(404, body.as_bytes())
}
