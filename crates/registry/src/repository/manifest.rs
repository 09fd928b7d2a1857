use oci::{Descriptor, Digest, Document, MAX_DOCUMENT_SIZE, MediaType};

use super::Resolved;
use crate::endpoint::Endpoint;
use crate::error::{Action, Error};
use crate::transport::Answer;

/// What is understood. Docker's schema 1 is not.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";

const DIGEST_HEADER: &str = "docker-content-digest";

/// Reads a manifest or index and checks it: against the digest that was asked for, if any, against the
/// one that the registry states, and against its own media type.
pub(super) fn read(
    action: &Action,
    endpoint: &Endpoint,
    answer: Answer,
    wanted: Option<&Digest>,
) -> Result<Resolved, Error> {
    let host = endpoint.host();
    let stated: Option<Digest> = answer
        .header(DIGEST_HEADER)
        .and_then(|text| text.parse().ok());
    let content_type = media_type(&answer);
    let bytes = answer.read(action, MAX_DOCUMENT_SIZE)?;
    for expected in [wanted, stated.as_ref()].into_iter().flatten() {
        let actual = Digest::of(expected.algorithm(), &bytes);
        if actual != *expected {
            return Err(action.mismatch(host, format!("{actual} where {expected} was expected")));
        }
    }
    let document = Document::parse(&bytes).map_err(|source| action.document(host, source))?;
    let own = document.media_type();
    let media_type = match content_type {
        Some(header) if header.is_index() != own.is_index() && is_document(&header) => {
            return Err(action.mismatch(host, format!("{own} as {header}")));
        }
        // A document that does not state its media type may be Docker's as well as OCI's.
        Some(header) if is_document(&header) && !states_media_type(&document) => header,
        _ => own.clone(),
    };
    let digest = wanted.cloned().unwrap_or_else(|| Digest::sha256(&bytes));
    let descriptor = Descriptor::new(media_type, digest, bytes.len() as u64);
    Ok(Resolved {
        descriptor,
        bytes,
        document,
        endpoint: endpoint.clone(),
    })
}

/// What the headers say of a manifest; `None` if they do not say all.
pub(super) fn describe(answer: &Answer) -> Option<Descriptor> {
    let digest = answer.header(DIGEST_HEADER)?.parse().ok()?;
    let media_type = media_type(answer).filter(is_document)?;
    let size = answer
        .content_length()
        .filter(|size| *size <= MAX_DOCUMENT_SIZE)?;
    Some(Descriptor::new(media_type, digest, size))
}

/// Checks the digest of what the registry says that it has stored, if it says so.
pub(super) fn check_stated(
    action: &Action,
    answer: &Answer,
    expected: &Digest,
) -> Result<(), Error> {
    let stated = answer.header(DIGEST_HEADER);
    match stated.and_then(|text| text.parse::<Digest>().ok()) {
        Some(stated) if stated.algorithm() == expected.algorithm() && stated != *expected => {
            let reason = format!("it has stored {stated} where {expected} was sent");
            Err(action.mismatch(answer.host(), reason))
        }
        _ => Ok(()),
    }
}

fn media_type(answer: &Answer) -> Option<MediaType> {
    let header = answer.header("content-type")?;
    Some(header.split(';').next()?.trim().into())
}

fn is_document(media_type: &MediaType) -> bool {
    media_type.is_manifest() || media_type.is_index()
}

fn states_media_type(document: &Document) -> bool {
    match document {
        Document::Manifest(manifest) => manifest.media_type.is_some(),
        Document::Index(index) => index.media_type.is_some(),
    }
}
