//! Pushing images: every blob before the manifest that names it, every manifest before the index that lists it.

mod contents;
mod target;

use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use oci::{Descriptor, Reference};
use registry::Pushed;
use store::{Growing, Packing, Recompress, Store};

use crate::moved::{self, Moved};
use crate::parallel::each_on;
use crate::{Environment, Error, Event, LeftLayers, StepId, Stream};
use contents::{Contents, Layer};
use target::Target;

/// How many blobs are on their way at the same time; docker has as many.
const UPLOADS: usize = 5;

/// A layer is sent while it is compressed once there is so much of it; a smaller one is soon compressed, and then the
/// registry can be asked whether it has it.
const WORTH_STREAMING: u64 = 4 << 20;

/// An image on its way to registries.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// The manifest or index, in the store.
    pub root: &'a Descriptor,
    /// The names that it gets; those of one repository are pushed together.
    pub names: &'a [Reference],
    /// What is done to it before.
    pub packing: &'a Packing,
    /// What it is called there.
    pub naming: Naming,
    /// Who may be the registry.
    pub trust: Trust,
    /// Where those of its blobs are that are not in the store.
    pub left: &'a LeftLayers,
    /// The step that events are about.
    pub step: StepId,
}

/// What an image is called at the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// As its names say.
    #[default]
    Tags,
    /// By its digest only (BuildKit's `push-by-digest`).
    Digest,
}

/// Pushes an image, or an index with all that it lists, under all of its names. Says what was pushed: the packed
/// manifest or index, which is in the store too.
///
/// Layers that have to be compressed are sent while they are, and kept compressed in the store. What a registry has
/// already is not sent again.
///
/// # Errors
/// [`Error::Push`] if a registry does not take it, [`Error::Incomplete`] if an index lists what is not here,
/// [`Error::Store`] if something cannot be read or packed, [`Error::Cancelled`].
pub fn push_image(push: &Push<'_>, environment: &Environment<'_>) -> Result<Descriptor, Error> {
    let store = environment.store;
    let targets = Target::all(push, environment.registry)?;
    let Some((first, others)) = targets.split_first() else {
        return Ok(store.pack(push.root, push.packing)?.descriptor);
    };
    let plain = Contents::of(store, push.root)?;
    let way = |target| Way {
        push,
        environment,
        target,
        compressing: Mutex::new(()),
    };
    let pushed = way(first).compress(&plain.layers).and_then(|()| {
        let packed = store.pack(push.root, push.packing)?.descriptor;
        let contents = Contents::of(store, &packed)?;
        way(first).send(&contents, &packed)?;
        for target in others {
            way(target).send(&contents, &packed)?;
        }
        Ok(packed)
    });
    match pushed {
        Err(_) if environment.cancel.load(Ordering::Relaxed) => Err(Error::Cancelled),
        pushed => pushed,
    }
}

/// Who may be the registry that gets an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Whoever the configuration says: mostly, who has a certificate for its name.
    #[default]
    Configured,
    /// Whoever answers (BuildKit's `registry.insecure`).
    Anyone,
}

/// An image on its way to one repository.
struct Way<'a> {
    push: &'a Push<'a>,
    environment: &'a Environment<'a>,
    target: &'a Target,
    /// Held while a layer is compressed: that takes all processors.
    compressing: Mutex<()>,
}

impl Way<'_> {
    fn store(&self) -> &Store {
        self.environment.store
    }

    /// Compresses the layers that need it, and sends them meanwhile.
    fn compress(&self, layers: &[Layer]) -> Result<(), Error> {
        let Some(how) = &self.push.packing.recompress else {
            return Ok(());
        };
        let needed: Vec<&Layer> = layers.iter().filter(|layer| layer.needs(how)).collect();
        each_on(
            UPLOADS,
            needed.len(),
            || (),
            |(), at| self.compress_layer(needed[at], how),
        )
    }

    fn compress_layer(&self, layer: &Layer, how: &Recompress) -> Result<(), Error> {
        let Some(diff_id) = &layer.diff_id else {
            return Ok(());
        };
        if self.store().known_compressed(diff_id, how)?.is_some() {
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel();
        let compress = || {
            let _turn = self.compressing.lock();
            let begun = |growing: Growing| drop(sender.send(growing));
            let made = self
                .store()
                .compressed_layer(&layer.blob, diff_id, how, &begun);
            drop(sender);
            made
        };
        std::thread::scope(|scope| {
            let compressing = scope.spawn(compress);
            if let Ok(growing) = receiver.recv() {
                let moved = Moved::of(diff_id.digest(), None, self.push.step, self.environment);
                self.stream(&growing, &moved);
                growing.wait_for_end(self.environment.cancel);
            }
            compressing.join().expect("compressing does not panic")?;
            Ok(())
        })
    }

    /// Sends a layer that is being compressed. If that fails it is not the end: it will be sent when it is whole.
    fn stream(&self, growing: &Growing, moved: &Moved<'_>) {
        let cancel = self.environment.cancel;
        if !growing.grows_beyond(WORTH_STREAMING, cancel) {
            return;
        }
        let content = || Ok(moved.reading(growing.reader(cancel)));
        if let Ok((digest, size)) = self.target.repository.upload_stream(&content) {
            moved.finish(size);
            self.target.note(&digest);
        }
    }

    /// Sends all that the repository lacks, and names it.
    fn send(&self, contents: &Contents, root: &Descriptor) -> Result<(), Error> {
        let blobs = &contents.layers;
        each_on(
            UPLOADS,
            blobs.len(),
            || (),
            |(), at| self.send_blob(&blobs[at]),
        )?;
        for manifest in &contents.manifests {
            self.target.put_by_digest(manifest, self.store())?;
        }
        for manifest in &contents.absent {
            self.target.expect_manifest(manifest)?;
        }
        self.target.put_root(root, self.push.naming, self.store())
    }

    fn send_blob(&self, layer: &Layer) -> Result<(), Error> {
        let (blob, target) = (&layer.blob, self.target);
        if !target.has(&blob.digest) {
            let from = self.source(layer)?;
            let moved = Moved::of(
                &blob.digest,
                Some(blob.size),
                self.push.step,
                self.environment,
            );
            let content = || Ok(moved.reading(self.open(blob)?));
            let pushed = target
                .repository
                .push_blob(blob, from.as_deref(), &content)
                .map_err(|error| self.failed(blob, error))?;
            match pushed {
                Pushed::Uploaded => moved.finish(blob.size),
                Pushed::Existing => self.say(layer, "is there already"),
                Pushed::Mounted => {
                    self.say(layer, &format!("comes from {}", from.unwrap_or_default()));
                }
            }
            target.note(&blob.digest);
        }
        if let Some(diff_id) = &layer.diff_id {
            self.store()
                .note_place(diff_id, &blob.digest, &target.place())?;
        }
        Ok(())
    }

    fn open(&self, blob: &Descriptor) -> io::Result<Box<dyn Read + Send>> {
        let opened = self.store().open_blob(&blob.digest);
        match opened {
            Err(store::Error::NoSuchBlob { .. }) if self.push.left.has(&blob.digest) => {
                self.push.left.open(blob).map_err(io::Error::other)
            }
            opened => opened.map_err(io::Error::other),
        }
    }

    /// Whether it is the registry's fault, or that of the cache where the blob is.
    fn failed(&self, blob: &Descriptor, error: registry::Error) -> Error {
        match error {
            error @ registry::Error::Content { .. } if self.push.left.has(&blob.digest) => {
                Error::LeftLayer(Box::new(error))
            }
            error => target::failed(error),
        }
    }

    /// Another repository of the same registry that is known to have the blob.
    fn source(&self, layer: &Layer) -> Result<Option<String>, Error> {
        let Some(diff_id) = &layer.diff_id else {
            return Ok(None);
        };
        let known = self.store().layer(diff_id)?.unwrap_or_default();
        let places = known.places.get(&layer.blob.digest).into_iter().flatten();
        let left = self.push.left.repository(&layer.blob.digest);
        let places = places.cloned().chain(left);
        let (registry, repository) = self.target.repository.location();
        let own = |place: String| {
            let (host, name) = place.split_once('/')?;
            (host == registry && name != repository).then(|| name.to_owned())
        };
        Ok({ places }.find_map(own))
    }

    fn say(&self, layer: &Layer, what: &str) {
        let line = format!("{} {what}\n", moved::short(&layer.blob.digest));
        let event = Event::Output(self.push.step, Stream::Stderr, line.into_bytes());
        (self.environment.events)(event);
    }
}
