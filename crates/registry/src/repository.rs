//! distribution-spec, "Pull".

mod manifest;
mod push;
mod session;

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oci::{BlobError, BlobSource, Descriptor, Digest, Document, Manifest, Platform, Reference};

use crate::auth::Asked;
use crate::blob::{BlobReader, Resuming};
use crate::client::Client;
use crate::config::Event;
use crate::endpoint::Endpoint;
use crate::error::{Action, Error};
use crate::retry::{Retry, check_cancel};
use crate::transport::{Answer, Place, Request};
pub use push::{Content, Pushed};

/// One repository, at all the endpoints that it can be had from. The first that resolves its reference
/// is asked first for the rest. A clone is the same repository.
#[derive(Clone, Debug)]
pub struct Repository {
    client: Client,
    reference: Reference,
    endpoints: Arc<[Endpoint]>,
    preferred: Arc<AtomicUsize>,
}

/// No endpoint has given anything yet.
const NONE: usize = usize::MAX;

/// What a reference leads to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Its digest, size and media type.
    pub descriptor: Descriptor,
    /// Its bytes, of which the digest is.
    pub bytes: Vec<u8>,
    /// What the bytes say.
    pub document: Document,
    /// Who gave it.
    pub endpoint: Endpoint,
}

/// The image for one platform.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its manifest's digest, size and media type.
    pub descriptor: Descriptor,
    /// Its manifest's bytes, of which the digest is.
    pub bytes: Vec<u8>,
    /// What the bytes say.
    pub manifest: Manifest,
}

impl Repository {
    pub(crate) fn new(client: Client, reference: Reference, endpoints: Vec<Endpoint>) -> Self {
        let preferred = Arc::new(AtomicUsize::new(NONE));
        Self {
            client,
            reference,
            endpoints: endpoints.into(),
            preferred,
        }
    }

    /// The reference that it is for.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Where it can be had, in the order in which it is asked for.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Gets the manifest or index that the reference leads to.
    ///
    /// # Errors
    /// When no endpoint gives it, or what it gives is unusable or not of the reference's digest.
    pub fn resolve(&self) -> Result<Resolved, Error> {
        let action = Action::new("resolve", self.reference.to_string());
        let digest = self.reference.digest();
        self.each_endpoint(&action, self.resolvers(), |endpoint| {
            let request = Request::get().header("accept", manifest::ACCEPT);
            let answer =
                self.request(&action, endpoint, &self.manifest_path(endpoint), &request)?;
            let resolved = manifest::read(&action, endpoint, answer, digest)?;
            Ok(resolved)
        })
    }

    /// Finds out the digest that the reference leads to, without its content; most registries do not
    /// count that as a pull.
    ///
    /// # Errors
    /// When no endpoint knows it.
    pub fn resolve_digest(&self) -> Result<Descriptor, Error> {
        let action = Action::new("resolve", self.reference.to_string());
        let described = self.each_endpoint(&action, self.resolvers(), |endpoint| {
            let request = Request::new("HEAD").header("accept", manifest::ACCEPT);
            let answer =
                self.request(&action, endpoint, &self.manifest_path(endpoint), &request)?;
            Ok(manifest::describe(&answer))
        });
        match described {
            Ok(Some(descriptor)) => Ok(descriptor),
            // The registry may say less than it should, or not know HEAD.
            Ok(None) | Err(Error::Status { .. }) => Ok(self.resolve()?.descriptor),
            Err(error) => Err(error),
        }
    }

    /// Gets a manifest or an index by its descriptor.
    ///
    /// # Errors
    /// When no endpoint gives it, or it is not what the descriptor says.
    pub fn manifest(&self, descriptor: &Descriptor) -> Result<Resolved, Error> {
        let object = format!("{}@{}", self.reference.name(), descriptor.digest);
        let action = Action::new("get the manifest", object);
        self.each_endpoint(&action, pulls, |endpoint| {
            let path = endpoint.path(&format!("manifests/{}", descriptor.digest));
            let request = Request::get().header("accept", manifest::ACCEPT);
            let answer = self.request(&action, endpoint, &path, &request)?;
            let resolved = manifest::read(&action, endpoint, answer, Some(&descriptor.digest))?;
            if resolved.descriptor.size != descriptor.size {
                let (actual, expected) = (resolved.descriptor.size, descriptor.size);
                let reason = format!("{actual} bytes, where its index says {expected}");
                return Err(action.mismatch(endpoint.host(), reason));
            }
            Ok(resolved)
        })
    }

    /// The image for `platform` of what was resolved: itself, if it is a manifest, or the best that the
    /// index has.
    ///
    /// # Errors
    /// When there is none, or it cannot be had.
    pub fn image(&self, resolved: &Resolved, platform: &Platform) -> Result<Image, Error> {
        let mut found = resolved.clone();
        // An index may list indexes, but not for ever.
        for _ in 0..4 {
            let index = match found.document {
                Document::Manifest(manifest) => {
                    let Resolved {
                        descriptor, bytes, ..
                    } = found;
                    return Ok(Image {
                        descriptor,
                        bytes,
                        manifest,
                    });
                }
                Document::Index(index) => index,
            };
            let selected = index.select(platform);
            let selected = selected.ok_or_else(|| self.no_platform(&index, platform))?;
            found = self.manifest(selected)?;
        }
        let source = oci::Error::InvalidDocument {
            document: "image index",
            reason: "it lists indexes of indexes of indexes",
        };
        let action = Action::new("resolve", self.reference.to_string());
        Err(action.document(found.endpoint.host(), source))
    }

    /// Opens a blob. The reader goes on where a connection breaks, and gives no byte too many and not
    /// the last ones unless the digest is right.
    ///
    /// # Errors
    /// When no endpoint gives it.
    pub fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader, Error> {
        BlobReader::open(self.clone(), descriptor)
    }

    /// Asks for a blob from `offset` on.
    pub(crate) fn blob_answer(
        &self,
        action: &Action,
        digest: &Digest,
        offset: u64,
    ) -> Result<Answer, Error> {
        self.each_endpoint(action, pulls, |endpoint| {
            let path = endpoint.path(&format!("blobs/{digest}"));
            let mut request = Request::get();
            if offset > 0 {
                request = request.header("range", format!("bytes={offset}-"));
            }
            self.request(action, endpoint, &path, &request)
        })
    }

    /// Who is asked what the reference means: a digest says it itself.
    fn resolvers(&self) -> fn(&Endpoint) -> bool {
        match self.reference.digest() {
            Some(_) => pulls,
            None => |endpoint| endpoint.capabilities().resolve,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn manifest_path(&self, endpoint: &Endpoint) -> String {
        let name = match (self.reference.digest(), self.reference.tag()) {
            (Some(digest), _) => digest.as_str(),
            (None, tag) => tag.unwrap_or("latest"),
        };
        endpoint.path(&format!("manifests/{name}"))
    }

    fn no_platform(&self, index: &oci::Index, platform: &Platform) -> Error {
        let platforms = index
            .manifests
            .iter()
            .filter_map(|manifest| manifest.platform.as_ref());
        let known = platforms
            .filter(|platform| platform.os != "unknown")
            .take(30);
        let available: Vec<String> = known.map(ToString::to_string).collect();
        Error::NoPlatform {
            reference: self.reference.to_string(),
            platform: platform.to_string(),
            available: if available.is_empty() {
                "none".into()
            } else {
                available.join(", ")
            },
        }
    }

    /// Asks one endpoint after the other until one has what is wanted. One that worked before, and the
    /// last, are asked again if they fail for a moment.
    fn each_endpoint<T>(
        &self,
        action: &Action,
        is_asked: fn(&Endpoint) -> bool,
        ask: impl Fn(&Endpoint) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let config = self.client.config();
        let preferred = self.preferred.load(Ordering::Relaxed);
        let count = self.endpoints.len();
        let asks = |index: &usize| is_asked(&self.endpoints[*index]);
        let mut order: Vec<usize> = (0..count).filter(asks).collect();
        if order.is_empty() {
            // Whoever configured it so is told by the registry itself.
            order.push(count - 1);
        }
        let count = order.len();
        order.sort_by_key(|index| *index != preferred);
        let mut failures = Vec::new();
        for (position, index) in order.iter().enumerate() {
            let patient = *index == preferred || position + 1 == count;
            let attempts = if patient { config.retries.attempts } else { 1 };
            match self.attempt(action, attempts, || ask(&self.endpoints[*index])) {
                Ok(found) => {
                    // Others before it may be asked for other things.
                    if self.endpoints[..*index].iter().all(is_asked) {
                        self.preferred.store(*index, Ordering::Relaxed);
                    }
                    return Ok(found);
                }
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => {
                    if let Some(next) = order.get(position + 1) {
                        let next = self.endpoints[*next].host();
                        config.observer.tell(Event::FallingBack {
                            error: &error,
                            next,
                        });
                    }
                    failures.push(error);
                }
            }
        }
        match failures.len() {
            1 => Err(failures.remove(0)),
            _ => Err(Error::Endpoints {
                object: action.object.clone(),
                failures,
            }),
        }
    }

    fn attempt<T>(
        &self,
        action: &Action,
        attempts: u32,
        ask: impl Fn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let config = self.client.config();
        let mut retry = Retry::new(config, attempts);
        loop {
            check_cancel(config, action)?;
            match ask() {
                Ok(found) => return Ok(found),
                Err(error) => retry.wait(action, error)?,
            }
        }
    }

    /// Sends a request with what is known to satisfy the endpoint, and once more with what it asks for.
    fn request(
        &self,
        action: &Action,
        endpoint: &Endpoint,
        path: &str,
        request: &Request<'_>,
    ) -> Result<Answer, Error> {
        let scope = format!("repository:{}:pull", endpoint.repository());
        let asked = Asked {
            action,
            endpoint,
            scope: &scope,
        };
        let answer = self.ask(asked, Place::Path(path), request)?;
        match answer.status() {
            200 | 206 => Ok(answer),
            _ => Err(answer.into_error(action, endpoint.host())),
        }
    }

    /// As [`request`](Self::request), and whatever status comes back is an answer.
    fn ask(
        &self,
        asked: Asked<'_>,
        place: Place<'_>,
        request: &Request<'_>,
    ) -> Result<Answer, Error> {
        let shared = &self.client.shared;
        let send = |authorization| {
            let request = request.clone().authorization(authorization);
            let (action, endpoint) = (asked.action, asked.endpoint);
            shared.transport.send(action, endpoint, place, &request)
        };
        // Somebody else's place gets nothing, whatever it asks for.
        if !place.is_own() {
            return send(None);
        }
        let answer = send(shared.authenticator.known(asked))?;
        if answer.status() == 401 && !answer.is_redirected() {
            let (transport, config) = (&shared.transport, &shared.config);
            let obtained = shared
                .authenticator
                .obtain(asked, &answer, transport, config)?;
            if obtained.is_some() {
                return send(obtained);
            }
        }
        Ok(answer)
    }
}

impl BlobSource for Repository {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let media_type = &descriptor.media_type;
        let opened: Result<Box<dyn Read + Send>, Error> =
            if media_type.is_manifest() || media_type.is_index() {
                self.manifest(descriptor)
                    .map(|found| Box::new(Cursor::new(found.bytes)) as _)
            } else {
                self.blob(descriptor).map(|reader| Box::new(reader) as _)
            };
        opened.map_err(|error| blob_error(error, descriptor))
    }

    fn open_at(
        &self,
        descriptor: &Descriptor,
        offset: u64,
    ) -> Result<Box<dyn Read + Send>, BlobError> {
        let opened = Resuming::open(self.clone(), descriptor, offset);
        let (resuming, _) = opened.map_err(|error| blob_error(error, descriptor))?;
        Ok(Box::new(resuming))
    }
}

fn pulls(endpoint: &Endpoint) -> bool {
    endpoint.capabilities().pull
}

fn blob_error(error: Error, descriptor: &Descriptor) -> BlobError {
    if error.is_not_found() {
        return BlobError::NotFound {
            digest: descriptor.digest.clone(),
        };
    }
    BlobError::Source(error.into())
}
