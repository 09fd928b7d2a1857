//! A registry on the loopback interface: pull and push of the distribution specification, and what goes wrong with them
//! in life.

mod access;
mod exchange;
mod fault;
mod respond;
mod uploads;

use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use oci::{Descriptor, Digest, MediaType};

use crate::{Blobs, Image};
pub use access::Access;
pub use exchange::Received;
pub use fault::Fault;

/// A registry that serves for as long as it is held.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// What the registry's threads share.
#[derive(Debug)]
struct State {
    host: String,
    stopped: AtomicBool,
    blobs: Blobs,
    content: Mutex<Content>,
}

/// Content, and headers that go with it.
type File = (Vec<u8>, Vec<(&'static str, String)>);

#[derive(Debug, Default)]
struct Content {
    /// Digest and media type by repository and tag.
    tags: BTreeMap<(String, String), (Digest, MediaType)>,
    media_types: BTreeMap<Digest, MediaType>,
    /// Plain files by their paths, with further headers.
    files: BTreeMap<String, File>,
    faults: Vec<fault::Planned>,
    access: Access,
    uploads: uploads::Uploads,
    received: Vec<Received>,
}

impl Registry {
    /// Starts an empty registry, open to all.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("the address of a socket");
        let state = Arc::new(State {
            host: address.to_string(),
            stopped: AtomicBool::new(false),
            blobs: Blobs::default(),
            content: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || serve(&listener, &shared));
        Self {
            address,
            state,
            thread: Some(thread),
        }
    }

    /// Its host and port.
    pub fn host(&self) -> String {
        self.state.host.clone()
    }

    /// The blobs that it has, in whichever repository.
    pub fn blobs(&self) -> &Blobs {
        &self.state.blobs
    }

    /// Takes an image under a name: `repository:tag`.
    pub fn push(&self, name: &str, image: &Image) {
        self.push_blobs(name, &image.descriptor, &image.blobs);
    }

    /// Takes a manifest or an index under a name, and all blobs with it.
    pub fn push_blobs(&self, name: &str, root: &Descriptor, blobs: &Blobs) {
        self.state.blobs.extend(blobs);
        let (repository, tag) = name.rsplit_once(':').expect("repository:tag");
        let entry = (root.digest.clone(), root.media_type.clone());
        let mut content = self.state.lock();
        content
            .tags
            .insert((repository.to_owned(), tag.to_owned()), entry);
        content
            .media_types
            .insert(root.digest.clone(), root.media_type.clone());
    }

    /// Takes any bytes for a manifest under a name.
    pub fn push_bytes(&self, name: &str, media_type: MediaType, bytes: &[u8]) -> Descriptor {
        let descriptor = self.state.blobs.add(media_type, bytes);
        self.push_blobs(name, &descriptor, &Blobs::default());
        descriptor
    }

    /// Serves a plain file at a path (`/dir/file`), with headers of its own. `ETag` and `Last-Modified` are compared
    /// with what requests know.
    pub fn put_file(&self, path: &str, content: &[u8], headers: &[(&'static str, &str)]) {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let file = (content.to_vec(), headers.collect());
        self.state.lock().files.insert(path.to_owned(), file);
    }

    /// The digest that a name leads to: `repository:tag`.
    pub fn tagged(&self, name: &str) -> Option<Digest> {
        let (repository, tag) = name.rsplit_once(':')?;
        let key = (repository.to_owned(), tag.to_owned());
        self.state
            .lock()
            .tags
            .get(&key)
            .map(|(digest, _)| digest.clone())
    }

    /// Lets the next `times` requests fail whose method and path (`PUT /v2/…`) contain `path`.
    pub fn fail(&self, path: &str, times: usize, fault: Fault) {
        let path = path.to_owned();
        let planned = fault::Planned { path, times, fault };
        self.state
            .lock()
            .faults
            .extend((times > 0).then_some(planned));
    }

    /// Says who may pull and push.
    pub fn restrict(&self, access: Access) {
        self.state.lock().access = access;
    }

    /// Every request so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.lock().received.clone()
    }

    /// The requests so far, as `METHOD path`.
    pub fn requests(&self) -> Vec<String> {
        let received = self.received();
        received
            .iter()
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // The thread waits in accept(): one more connection wakes it.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let state = Arc::clone(state);
        thread::spawn(move || {
            exchange::handle(&stream, &state);
            drop(stream.shutdown(Shutdown::Both));
        });
    }
}
