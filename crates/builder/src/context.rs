//! Build contexts: folders of the host, seen through their ignore file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use dockerfile::ignore::Patterns;
use rootfs::Root;
use store::{StatCache, Store};

use crate::select::{Digests, Selection, Tree};
use crate::step::{CopyOperation, Source, StepId};
use crate::{Error, Options};

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
    pub(crate) fn new(options: &'a Options, store: &'a Store) -> Self {
        let main = options
            .context
            .iter()
            .map(|local| (ContextName::Main, local));
        let named = &options.named_contexts;
        let named = named
            .iter()
            .map(|(name, local)| (ContextName::Named(name.clone()), local));
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
        Self {
            store,
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

    /// Keeps what was learnt of the files for the next build. A failure costs time only.
    pub(crate) fn save(&self) {
        for opened in self.contexts.values() {
            if let Some((_, stamps)) = opened.tree.get() {
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
            let tree = open(name, opened.local)?;
            let stamps = self.store.stat_cache(&absolute(&opened.local.directory))?;
            let _ = opened.tree.set((Arc::new(tree), stamps));
        }
        let (tree, stamps) = opened.tree.get().expect("set above");
        Ok((tree, stamps))
    }
}

fn open(name: &ContextName, local: &LocalContext) -> Result<Tree, Error> {
    let root = Root::open(&local.directory)?;
    let patterns = match &local.ignore {
        None => None,
        Some(file) => {
            let patterns = Patterns::parse(&file.text).map_err(|source| Error::IgnoreFile {
                file: file.name.clone(),
                source,
            })?;
            Some((file.name.as_str(), patterns))
        }
    };
    Ok(Tree::context(root, patterns, name.to_string()))
}

/// The same context has one name in the stat cache, from wherever it is built.
fn absolute(directory: &Path) -> PathBuf {
    directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_owned())
}
