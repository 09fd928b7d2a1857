//! distribution-spec, "Push": only ever to the registry itself, never to a mirror.

use std::io::Read;

use oci::{Descriptor, Digest, MediaType};

use super::session::{Outgoing, Pace, Session};
use super::{Repository, manifest};
use crate::auth::Asked;
use crate::endpoint::Endpoint;
use crate::error::{Action, Error};
use crate::transport::{Body, Place, Request};

/// Opens what is to be uploaded, from its beginning. It is opened again where a connection breaks.
pub type Content<'a> = &'a (dyn Fn() -> std::io::Result<Box<dyn Read + Send + 'a>> + Sync);

/// How a blob came to be in the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It was there.
    Existing,
    /// The registry had it in another repository.
    Mounted,
    /// It was sent.
    Uploaded,
}

/// What a token for pushing must allow.
pub(super) fn scope_to_push(endpoint: &Endpoint) -> String {
    format!("repository:{}:pull,push", endpoint.repository())
}

impl Repository {
    /// Where it is pushed to: the registry itself, which comes after its mirrors, or the first that `hosts.toml` lets.
    pub(super) fn target(&self) -> &Endpoint {
        self.endpoints
            .iter()
            .find(|endpoint| endpoint.capabilities().push)
            .or(self.endpoints.last())
            .expect("a reference leads to its registry at least")
    }

    /// The name of the repository at the registry that is pushed to, as [`push_blob`](Self::push_blob) takes it for
    /// the source of another repository's blobs; and the registry, which both must be of.
    pub fn location(&self) -> (&str, &str) {
        (self.target().host(), self.target().repository())
    }

    /// Whether the repository has a blob.
    ///
    /// # Errors
    /// When the registry does not say.
    pub fn has_blob(&self, digest: &Digest) -> Result<bool, Error> {
        let action = self.action("push", digest);
        let path = self.target().path(&format!("blobs/{digest}"));
        let found = self.repeat(&action, || {
            let answer = self.pushing(&action, Place::Path(&path), &Request::new("HEAD"))?;
            match answer.status() {
                200 => Ok(true),
                404 => Ok(false),
                _ => Err(answer.into_error(&action, self.target().host())),
            }
        })?;
        Ok(found)
    }

    /// What the repository has under a tag or a digest; `None` if it has nothing, or does not say what.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub fn has_manifest(&self, name: &str) -> Result<Option<Descriptor>, Error> {
        let action = self.name_action(name);
        let path = self.target().path(&format!("manifests/{name}"));
        let request = Request::new("HEAD").header("accept", manifest::ACCEPT);
        self.repeat(&action, || {
            let answer = self.pushing(&action, Place::Path(&path), &request)?;
            match answer.status() {
                200 => Ok(manifest::describe(&answer)),
                404 => Ok(None),
                _ => Err(answer.into_error(&action, self.target().host())),
            }
        })
    }

    /// Brings a blob into the repository, unless it is there: by asking the registry to take it from another of its
    /// repositories, if `from` names one, or else by sending it.
    ///
    /// # Errors
    /// When the registry does not take it, or `content` cannot be read or is not what `blob` says.
    pub fn push_blob(
        &self,
        blob: &Descriptor,
        from: Option<&str>,
        content: Content<'_>,
    ) -> Result<Pushed, Error> {
        if self.has_blob(&blob.digest)? {
            return Ok(Pushed::Existing);
        }
        let opened = match from {
            None => None,
            Some(from) => match self.mount_or_open(&blob.digest, from)? {
                None => return Ok(Pushed::Mounted),
                opened => opened,
            },
        };
        let action = self.action("push", &blob.digest);
        let content = Outgoing::of(blob, content);
        self.send_blob(&action, &content, opened)?;
        Ok(Pushed::Uploaded)
    }

    /// Sends a blob, whether it is there or not.
    ///
    /// # Errors
    /// As [`push_blob`](Self::push_blob).
    pub fn upload_blob(&self, blob: &Descriptor, content: Content<'_>) -> Result<(), Error> {
        let action = self.action("push", &blob.digest);
        self.send_blob(&action, &Outgoing::of(blob, content), None)?;
        Ok(())
    }

    /// Sends a blob that is being made: nobody knows its digest before its end, which comes back with its length.
    ///
    /// # Errors
    /// As [`push_blob`](Self::push_blob), and also where the connection breaks: it is tried once, and whoever has the
    /// whole blob in the end can still [`push_blob`](Self::push_blob).
    pub fn upload_stream(&self, content: Content<'_>) -> Result<(Digest, u64), Error> {
        let action = self.action("push a new blob to", &self.reference.name());
        let content = Outgoing::unknown(content);
        let mut session = self.open_upload(&action)?;
        self.advance(&action, &content, &mut session, Pace::Whole)
            .map_err(|error| content.explain(&action, error))
    }

    /// Asks the registry to take a blob from another of its repositories; whether it did.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub fn mount_blob(&self, digest: &Digest, from: &str) -> Result<bool, Error> {
        Ok(self.mount_or_open(digest, from)?.is_none())
    }

    /// Stores a manifest or an index, under a tag or its digest. What it names must be there.
    ///
    /// # Errors
    /// When the registry does not take it, or says that it has stored something else.
    pub fn put_manifest(
        &self,
        name: &str,
        media_type: &MediaType,
        bytes: &[u8],
    ) -> Result<Digest, Error> {
        let action = self.name_action(name);
        let path = self.target().path(&format!("manifests/{name}"));
        let digest = Digest::sha256(bytes);
        let request = Request::new("PUT")
            .header("content-type", media_type.as_str())
            .content(Body::Bytes(bytes.to_vec()));
        let answer = self.repeat(&action, || {
            let answer = self.pushing(&action, Place::Path(&path), &request)?;
            match answer.status() {
                200..=204 => Ok(answer),
                _ => Err(answer.into_error(&action, self.target().host())),
            }
        })?;
        manifest::check_stated(&action, &answer, &digest)?;
        Ok(digest)
    }

    /// `None` once the registry has taken the blob from `from`; else the upload that it opened instead.
    fn mount_or_open(&self, digest: &Digest, from: &str) -> Result<Option<Session>, Error> {
        let action = self.action("push", digest);
        let endpoint = self.target();
        let path = endpoint.path(&format!("blobs/uploads/?mount={digest}&from={from}"));
        let scope = format!("{} repository:{from}:pull", scope_to_push(endpoint));
        let asked = Asked {
            action: &action,
            endpoint,
            scope: &scope,
        };
        let mounted = self.repeat(&action, || {
            let answer = self.ask(asked, Place::Path(&path), &Request::new("POST"))?;
            match answer.status() {
                201 => {
                    manifest::check_stated(&action, &answer, digest)?;
                    Ok(None)
                }
                202 => Session::opened(&action, endpoint, &answer).map(Some),
                _ => Err(answer.into_error(&action, endpoint.host())),
            }
        });
        match mounted {
            // Who may not take it from there may still send it.
            Err(error) if error.is_unauthorized() || error.is_refusal() => {
                self.open_upload(&action).map(Some)
            }
            mounted => mounted,
        }
    }

    /// distribution-spec, "POST then PUT": the beginning of an upload.
    pub(super) fn open_upload(&self, action: &Action) -> Result<Session, Error> {
        let endpoint = self.target();
        let path = endpoint.path("blobs/uploads/");
        self.repeat(action, || {
            let answer = self.pushing(action, Place::Path(&path), &Request::new("POST"))?;
            match answer.status() {
                202 => Session::opened(action, endpoint, &answer),
                _ => Err(answer.into_error(action, endpoint.host())),
            }
        })
    }

    /// Sends a request as somebody who may push; whatever status comes back is an answer.
    pub(super) fn pushing(
        &self,
        action: &Action,
        place: Place<'_>,
        request: &Request<'_>,
    ) -> Result<crate::transport::Answer, Error> {
        let endpoint = self.target();
        let scope = scope_to_push(endpoint);
        let asked = Asked {
            action,
            endpoint,
            scope: &scope,
        };
        self.ask(asked, place, request)
    }

    /// Does something until it succeeds or there is no more sense in it.
    pub(super) fn repeat<T>(
        &self,
        action: &Action,
        ask: impl Fn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.attempt(action, self.client.config().retries.attempts, ask)
    }

    /// The same repository, even if it is without TLS or has a certificate that nobody vouches for.
    #[must_use]
    pub fn into_insecure(self) -> Self {
        let insecure = |endpoint: &Endpoint| endpoint.clone().with_insecure(true);
        Self {
            endpoints: self.endpoints.iter().map(insecure).collect(),
            ..self
        }
    }

    /// Pushing something under a tag or a digest.
    fn name_action(&self, name: &str) -> Action {
        let separator = if name.contains(':') { '@' } else { ':' };
        let object = format!("{}{separator}{name}", self.reference.name());
        Action::new("push", object)
    }

    fn action(&self, operation: &'static str, object: &(impl ToString + ?Sized)) -> Action {
        let (name, object) = (self.reference.name(), object.to_string());
        match object.strip_prefix(&name) {
            Some(_) => Action::new(operation, object),
            None => Action::new(operation, format!("{name}@{object}")),
        }
    }
}
