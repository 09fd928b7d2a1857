//! Mounting a stack of layers with overlayfs.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, OpenTreeFlags, UnmountFlags,
};

use crate::xattr::proc_path;
use crate::{Attributes, Dir, Error};

mod trial;

/// A stack of layers to be mounted as one tree.
///
/// Always with `userxattr`, so that the layers look the same whether root or an ordinary user made them, and with
/// `volatile`: the kernel does not sync the upper directory at unmount; what is to last is synced by whoever records it.
#[derive(Debug, Clone, Default)]
pub struct Overlay {
    /// The lower directories, the top one first. Without an upper directory the kernel wants at least two: an empty
    /// directory will do.
    pub lowers: Vec<PathBuf>,
    /// Where changes go. Without it the tree is read-only.
    pub upper: Option<Upper>,
}

/// The writable top of an overlay.
#[derive(Debug, Clone)]
pub struct Upper {
    /// Gets the changes: a layer in the making. Its own owner and mode are those of the tree's root, see
    /// [`adopt_root`].
    pub dir: PathBuf,
    /// An empty directory on the same mount, for the kernel alone. A `volatile` overlay leaves it unfit for another
    /// one.
    pub work: PathBuf,
}

impl Overlay {
    /// Mounts the tree, but nowhere: the descriptor of its root is all there is of it. When the last descriptor is
    /// closed the tree is gone, also when the process is killed.
    ///
    /// # Errors
    /// [`Error::Overlay`] with what the kernel says; `Unsupported` where [`Overlay::needs_mount_point`].
    pub fn mount(&self) -> Result<OwnedFd, Error> {
        if Overlay::needs_mount_point() {
            return Err(failed("the kernel is older than 6.7", "", Errno::OPNOTSUPP));
        }
        let context = rustix::mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)
            .map_err(|e| failed("open a file system context", "", e))?;
        let context = Context { fd: context };
        for lower in &self.lowers {
            context.layer("lowerdir+", lower)?;
        }
        if let Some(upper) = &self.upper {
            context.layer("upperdir", &upper.dir)?;
            context.layer("workdir", &upper.work)?;
            context.flag("volatile")?;
        }
        context.flag("userxattr")?;
        // With an index, an upper directory could not be moved to where it is kept.
        context.string("index", "off")?;
        context.create()
    }

    /// Whether this kernel cannot take layers one by one (`lowerdir+`, Linux 6.7), so that a tree has to pass through
    /// the mount table: [`Overlay::mount_through`].
    #[must_use]
    pub fn needs_mount_point() -> bool {
        let name = rustix::system::uname();
        release(&name.release().to_string_lossy()) < (6, 7)
    }

    /// Mounts the tree on `point`, a directory that nobody else uses, takes a detached copy and unmounts it. `mount(2)`
    /// takes a page of options: about 200 layers.
    ///
    /// # Errors
    /// [`Error::Overlay`].
    pub fn mount_through(&self, point: &Path) -> Result<OwnedFd, Error> {
        let mut held = Vec::new();
        let options = self.options(&mut held)?;
        let options = std::ffi::CString::new(options)
            .map_err(|_| failed("write down the options", "", Errno::INVAL))?;
        rustix::mount::mount(
            "overlay",
            point,
            "overlay",
            MountFlags::empty(),
            Some(&*options),
        )
        .map_err(|e| failed("mount", &point.display().to_string(), e))?;
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let tree = rustix::mount::open_tree(CWD, point, flags);
        rustix::mount::unmount(point, UnmountFlags::DETACH)
            .map_err(|e| failed("unmount", &point.display().to_string(), e))?;
        tree.map_err(|e| failed("clone the mount", &point.display().to_string(), e))
    }

    /// The options of `mount(2)`. Layers are named through descriptors, which keeps the names short and free of the
    /// characters that mean something there.
    fn options(&self, held: &mut Vec<OwnedFd>) -> Result<Vec<u8>, Error> {
        let mut name = |path: &Path| -> Result<Vec<u8>, Error> {
            let fd = open_layer(path)?;
            let name = proc_path(fd.as_fd()).into_encoded_bytes();
            held.push(fd);
            Ok(name)
        };
        let lowers = self
            .lowers
            .iter()
            .map(|path| name(path))
            .collect::<Result<Vec<_>, _>>()?;
        let mut options = b"userxattr,index=off,lowerdir=".to_vec();
        options.extend(lowers.join(&b':'));
        if let Some(upper) = &self.upper {
            options.extend(b",volatile,upperdir=");
            options.extend(name(&upper.dir)?);
            options.extend(b",workdir=");
            options.extend(name(&upper.work)?);
        }
        Ok(options)
    }
}

/// Gives the root of an upper directory owner, mode and time of the root below it: the upper directory's own are what
/// the mounted tree shows.
///
/// # Errors
/// [`Error::Io`] if one cannot be examined or the other not changed.
pub fn adopt_root(lower: &Dir, upper: &Dir) -> Result<(), Error> {
    upper.set_own_attributes(&Attributes::of(&lower.metadata()?))
}

/// The file system context that `fsopen(2)` makes.
struct Context {
    fd: OwnedFd,
}

impl Context {
    fn flag(&self, key: &str) -> Result<(), Error> {
        rustix::mount::fsconfig_set_flag(self.fd.as_fd(), key)
            .map_err(|e| self.failed(format!("set {key}"), e))
    }

    fn string(&self, key: &str, value: &str) -> Result<(), Error> {
        rustix::mount::fsconfig_set_string(self.fd.as_fd(), key, value)
            .map_err(|e| self.failed(format!("set {key}={value}"), e))
    }

    /// Adds a layer: by descriptor, which no rename can redirect (Linux 6.13), else by the descriptor's name in
    /// `/proc`, for a string may only have 255 bytes.
    fn layer(&self, key: &str, path: &Path) -> Result<(), Error> {
        let layer = open_layer(path)?;
        let fd = self.fd.as_fd();
        rustix::mount::fsconfig_set_fd(fd, key, layer.as_fd())
            .or_else(|_| rustix::mount::fsconfig_set_string(fd, key, proc_path(layer.as_fd())))
            .map_err(|e| self.failed(format!("set {key} to {}", path.display()), e))
    }

    fn create(&self) -> Result<OwnedFd, Error> {
        rustix::mount::fsconfig_create(self.fd.as_fd())
            .map_err(|e| self.failed("create the file system".into(), e))?;
        let flags = FsMountFlags::FSMOUNT_CLOEXEC;
        rustix::mount::fsmount(self.fd.as_fd(), flags, MountAttrFlags::empty())
            .map_err(|e| self.failed("mount".into(), e))
    }

    fn failed(&self, step: String, error: Errno) -> Error {
        Error::Overlay {
            step,
            log: self.log(),
            source: error.into(),
        }
    }

    /// The messages that wait in the context: one a read, `e overlay: …` for an error.
    fn log(&self) -> String {
        let mut lines = Vec::new();
        let mut line = [0; 1024];
        while let Ok(length) = rustix::io::read(&self.fd, &mut line) {
            let text = String::from_utf8_lossy(&line[..length]);
            let text = text.trim_end();
            lines.push(text.get(2..).unwrap_or(text).to_owned());
        }
        lines.join("; ")
    }
}

fn open_layer(path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(Error::io("open the layer", path))
}

fn failed(step: &str, object: &str, error: Errno) -> Error {
    let step = match object {
        "" => step.to_owned(),
        object => format!("{step} {object}"),
    };
    Error::Overlay {
        step,
        log: String::new(),
        source: io::Error::from(error),
    }
}

/// The first two numbers of a kernel's release: `6.18.44-fc` is (6, 18).
fn release(text: &str) -> (u32, u32) {
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
