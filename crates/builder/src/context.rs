//! Build contexts: folders of the host, seen through their ignore file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use dockerfile::ignore::Patterns;
use oci::{Descriptor, Reference};
use rootfs::Root;
use store::{Scratch, StatCache, Store};

use crate::base::OciLayout;
use crate::remote::Remote;
use crate::select::{Digests, Selection, Tree};
use crate::step::{CopyOperation, Source, StepId};
use crate::times::Normalise;
use crate::{Error, Options};

/// BuildKit's build argument that asks for `.git` in a context that is a clone.
const KEEP_GIT_DIR: &str = "BUILDKIT_CONTEXT_KEEP_GIT_DIR";

/// What errors call the rules of a context without an ignore file.
const OWN_RULES: &str = "what --reproducible leaves out";

/// Which context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextName {
    /// The build context.
    Main,
    /// One given with `--build-context name=…`.
    Named(String),
}

impl fmt::Display for ContextName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => f.write_str("the build context"),
            Self::Named(name) => write!(f, "the context `{name}`"),
        }
    }
}

/// A folder of the host that is a context.
#[derive(Clone, Debug)]
pub struct LocalContext {
    /// The folder.
    pub directory: PathBuf,
    /// Its ignore file, if it has one.
    pub ignore: Option<IgnoreFile>,
    /// Whose it is.
    pub origin: Origin,
}

/// Whose folder a context is.
#[derive(Clone, Debug, Default)]
pub enum Origin {
    /// The user's: in the build its files are root's, and what is learnt of them is kept for the next build.
    #[default]
    Host,
    /// One that was fetched: its files are whose its archive says, and it vanishes with the last that knows it.
    Fetched(Arc<Fetched>),
}

/// A folder that was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// Where it lies: gone with this.
    pub(crate) _scratch: Scratch,
    /// What it was fetched from, as people are shown it; not set for what came from standard input.
    pub(crate) from: OnceLock<String>,
    /// When the commit was made that its files are of, in seconds since 1970; `None` if they are of none.
    pub commit_time: Option<i64>,
}

/// What `--build-context name=…` names.
#[derive(Clone, Debug)]
pub enum NamedContext {
    /// A folder.
    Folder(LocalContext),
    /// `docker-image://`: an image, wherever images come from.
    Image(Reference),
    /// `docker-image://scratch`.
    Scratch,
    /// `oci-layout://`.
    Layout(OciLayout),
    /// What another build made: the manifest or index is in the store, with a name or without.
    Built(Descriptor),
    /// A git repository, or a file of the web: an archive's files, or the file itself, named `context`.
    Remote(Remote),
}

/// A `.dockerignore` file, or the one that stands in for it.
#[derive(Clone, Debug)]
pub struct IgnoreFile {
    /// What errors call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The contexts of a build, opened when a step first needs them.
pub(crate) struct Contexts<'a> {
    store: &'a Store,
    normalise: Normalise,
    keep_git: bool,
    contexts: BTreeMap<ContextName, Opened<'a>>,
    selections: Mutex<BTreeMap<StepId, Arc<Selection>>>,
}

struct Opened<'a> {
    local: &'a LocalContext,
    tree: OnceLock<(Arc<Tree>, StatCache)>,
    opening: Mutex<()>,
}

impl<'a> Contexts<'a> {
    /// The contexts of a build. Nothing is opened yet.
    pub(crate) fn new(options: &'a Options, normalise: Normalise, store: &'a Store) -> Self {
        let main = options
            .context
            .iter()
            .map(|local| (ContextName::Main, local));
        let named = &options.named_contexts;
        let named = named.iter().filter_map(|(name, context)| match context {
            NamedContext::Folder(local) => Some((ContextName::Named(name.clone()), local)),
            _ => None,
        });
        let contexts = main.chain(named).map(|(name, local)| {
            (
                name,
                Opened {
                    local,
                    tree: OnceLock::new(),
                    opening: Mutex::new(()),
                },
            )
        });
        let keep_git = options.build_args.get(KEEP_GIT_DIR);
        Self {
            store,
            normalise,
            keep_git: keep_git.is_some_and(|keep| matches!(keep.as_str(), "1" | "true")),
            contexts: contexts.collect(),
            selections: Mutex::default(),
        }
    }

    /// What a step copies from its context; looked at once.
    pub(crate) fn select(&self, id: StepId, copy: &CopyOperation) -> Result<Arc<Selection>, Error> {
        if let Some(known) = self.selections().get(&id) {
            return Ok(Arc::clone(known));
        }
        let Source::Context(name) = &copy.source else {
            unreachable!("only steps that copy from a context ask")
        };
        let (tree, stamps) = self.tree(name)?;
        let selection = Selection::new(tree, copy, Digests::Remembered(stamps))?;
        let selection = Arc::new(selection);
        self.selections().insert(id, Arc::clone(&selection));
        Ok(selection)
    }

    /// What a step copies from its context, if anybody looked.
    pub(crate) fn selected(&self, id: StepId) -> Option<Arc<Selection>> {
        self.selections().get(&id).map(Arc::clone)
    }

    /// Keeps what was learnt of the files for the next build. A failure costs time only.
    pub(crate) fn save(&self) {
        for opened in self.contexts.values() {
            // A folder that vanishes has no next build.
            if let (Some((_, stamps)), Origin::Host) = (opened.tree.get(), &opened.local.origin) {
                let _ = self.store.save_stat_cache(stamps);
            }
        }
    }

    fn selections(&self) -> std::sync::MutexGuard<'_, BTreeMap<StepId, Arc<Selection>>> {
        self.selections.lock().expect("no thread panics with it")
    }

    /// The tree of a context.
    pub(crate) fn tree_of(&self, name: &ContextName) -> Result<Arc<Tree>, Error> {
        self.tree(name).map(|(tree, _)| Arc::clone(tree))
    }

    fn tree(&self, name: &ContextName) -> Result<(&Arc<Tree>, &StatCache), Error> {
        let opened = self.contexts.get(name).ok_or(Error::NoContext)?;
        let _one_at_a_time = opened.opening.lock().expect("no thread panics with it");
        if opened.tree.get().is_none() {
            let tree = self.open(name, opened.local)?.normalised(self.normalise);
            let stamps = self.store.stat_cache(&absolute(&opened.local.directory))?;
            let _ = opened.tree.set((Arc::new(tree), stamps));
        }
        let (tree, stamps) = opened.tree.get().expect("set above");
        Ok((tree, stamps))
    }

    fn open(&self, name: &ContextName, local: &LocalContext) -> Result<Tree, Error> {
        let root = Root::open(&local.directory)?;
        let (file, text) = match &local.ignore {
            None => (OWN_RULES, ""),
            Some(file) => (file.name.as_str(), file.text.as_str()),
        };
        // No two clones have the same `.git`. Patterns of the user's come after, and may take it back.
        let without_git = self.normalise == Normalise::AsInGit && !self.keep_git;
        let wrong = |source| Error::IgnoreFile {
            file: file.to_owned(),
            source,
        };
        let own = Patterns::new(without_git.then_some(".git")).map_err(wrong)?;
        let patterns = Patterns::parse(text).map_err(wrong)?.after(own);
        let patterns = (!patterns.is_empty()).then_some((file, patterns));
        let tree = Tree::context(root, patterns, name.to_string());
        Ok(match local.origin {
            Origin::Host => tree,
            Origin::Fetched(_) => tree.with_owners(),
        })
    }
}

/// The same context has one name in the stat cache, from wherever it is built.
fn absolute(directory: &Path) -> PathBuf {
    directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_owned())
}
