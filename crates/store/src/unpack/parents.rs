//! The directories that entries go to.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rootfs::{Attributes, Dir, Error as RootError, MakeDir, Root};

use crate::layer_error::{LayerError, root};

/// So many directories are held open: entries come directory by directory, so few are needed.
const HELD: usize = 32;

/// What no entry described.
const IMPLIED: MakeDir = MakeDir {
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: None,
};

/// The directories that were used last, by the path that led to them.
pub(super) struct Parents {
    top: Arc<Dir>,
    held: HashMap<PathBuf, Arc<Dir>>,
}

impl Parents {
    pub(super) fn new(top: &Root) -> Result<Parents, LayerError> {
        let top = Arc::new(top.open_dir("/").map_err(root("unpack"))?);
        Ok(Parents {
            top,
            held: HashMap::new(),
        })
    }

    /// The directory at `path`, links followed, made if it is missing. What is made is added to `implied`.
    pub(super) fn get(
        &mut self,
        top: &Root,
        path: &Path,
        implied: &mut BTreeSet<PathBuf>,
    ) -> Result<Arc<Dir>, LayerError> {
        if let Some(dir) = self.find(top, path)? {
            return Ok(dir);
        }
        loop {
            match top.create_dir_all(path, &IMPLIED) {
                Ok(made) => implied.extend(made),
                Err(RootError::NotADirectory { path: file }) => {
                    implied.insert(replace_whiteout(top, path, file)?);
                    continue;
                }
                Err(e) => return Err(root("unpack")(e)),
            }
            let dir = Arc::new(top.open_dir(path).map_err(root("unpack"))?);
            self.hold(path, &dir);
            return Ok(dir);
        }
    }

    /// The directory at `path`, links followed; `None` if there is none.
    pub(super) fn find(&mut self, top: &Root, path: &Path) -> Result<Option<Arc<Dir>>, LayerError> {
        if path.as_os_str().is_empty() {
            return Ok(Some(Arc::clone(&self.top)));
        }
        if let Some(dir) = self.held.get(path) {
            return Ok(Some(Arc::clone(dir)));
        }
        match top.open_dir(path) {
            Ok(dir) => {
                let dir = Arc::new(dir);
                self.hold(path, &dir);
                Ok(Some(dir))
            }
            Err(RootError::NotADirectory { .. }) => Ok(None),
            Err(e) if e.io_kind() == Some(io::ErrorKind::NotFound) => Ok(None),
            Err(e) => Err(root("unpack")(e)),
        }
    }

    /// Forgets what was held, when paths may lead elsewhere.
    pub(super) fn forget(&mut self) {
        self.held.clear();
    }

    fn hold(&mut self, path: &Path, dir: &Arc<Dir>) {
        if self.held.len() >= HELD {
            self.held.clear();
        }
        self.held.insert(path.to_owned(), Arc::clone(dir));
    }
}

/// A layer that deletes a name and then has something below it means a new directory: one that hides those below.
/// Anything else that is in the way stays there.
fn replace_whiteout(top: &Root, wanted: &Path, file: PathBuf) -> Result<PathBuf, LayerError> {
    let (parent, name) = top.parent_of(&file).map_err(root("unpack"))?;
    let there = parent.stat(&name).map_err(root("unpack"))?;
    if !there.is_some_and(|there| there.is_whiteout()) {
        let reason = "a file is where one of its directories should be";
        return Err(LayerError::Entry {
            path: wanted.to_owned(),
            reason,
        });
    }
    parent.remove_file(&name).map_err(root("unpack"))?;
    let made = parent
        .create_dir(&name, IMPLIED.mode)
        .map_err(root("unpack"))?;
    let attributes = Attributes {
        mode: Some(IMPLIED.mode),
        ..Attributes::default()
    };
    made.set_own_attributes(&attributes)
        .map_err(root("unpack"))?;
    made.set_opaque().map_err(root("unpack"))?;
    Ok(file)
}
