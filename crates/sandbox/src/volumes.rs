//! What the caller wants mounted.

use std::os::fd::OwnedFd;
use std::path::Path;

use rootfs::Root;
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::mount::{self, PLAIN};
use crate::mount_point::{self, Form};
use crate::protocol::{At, Failure};
use crate::scratch::{Content, Scratch};
use crate::step::Step;
use crate::sys::Depth;
use crate::{Mount, MountKind};

/// Mounts `mounts` in their order.
pub(crate) fn mount(root: &Root, mounts: Vec<Mount>, scratch: &mut Scratch) -> Result<(), Failure> {
    for Mount { target, kind } in mounts {
        let (detached, form) = make(kind, &target, scratch)?;
        let place = mount_point::open_or_make(root, &target, form)?;
        mount::attach(detached, place).on(Step::Mount, &target)?;
    }
    Ok(())
}

/// Mounts a file of root's with this content, read-only.
pub(crate) fn mount_file(
    root: &Root,
    target: &str,
    bytes: &[u8],
    scratch: &mut Scratch,
) -> Result<(), Failure> {
    let target = Path::new(target);
    let detached = scratch.file(Content::public(bytes), target)?;
    let place = mount_point::open_or_make(root, target, Form::File)?;
    mount::attach(detached, place).on(Step::Mount, target)
}

fn make(kind: MountKind, target: &Path, scratch: &mut Scratch) -> Result<(OwnedFd, Form), Failure> {
    match kind {
        MountKind::Tmpfs {
            size,
            mode,
            no_execute,
        } => {
            let mut attributes = PLAIN;
            attributes.set(MountAttrFlags::MOUNT_ATTR_NOEXEC, no_execute);
            let mount = tmpfs(size, mode, attributes).on(Step::Mount, target)?;
            Ok((mount, Form::Directory))
        }
        MountKind::File {
            content,
            mode,
            uid,
            gid,
        } => {
            let content = Content {
                bytes: &content,
                mode,
                uid,
                gid,
            };
            Ok((scratch.file(content, target)?, Form::File))
        }
        MountKind::Bind {
            source,
            path,
            read_only,
        } => {
            let mount = source_of(source, &path).on(Step::BindSource, &path)?;
            let mut attributes = MountAttrFlags::MOUNT_ATTR_NODEV;
            attributes.set(MountAttrFlags::MOUNT_ATTR_RDONLY, read_only);
            mount::restrict(&mount, Depth::Recursive, attributes).on(Step::Mount, target)?;
            let form = Form::of(&mount).on(Step::Mount, target)?;
            Ok((mount, form))
        }
    }
}

fn tmpfs(size: Option<u64>, mode: u32, attributes: MountAttrFlags) -> Result<OwnedFd, Errno> {
    let mode = format!("{:o}", mode & 0o7777);
    let size = size.map(|size| size.to_string());
    let mut options = vec![("mode", mode.as_str())];
    options.extend(size.iter().map(|size| ("size", size.as_str())));
    mount::new("tmpfs", &options, attributes)
}

/// The detached mount of `path` inside `source`. What the path leads to is bound by descriptor, so that it cannot be
/// exchanged for something else after it was found to be inside.
fn source_of(source: OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    if path.as_os_str().is_empty() || path == Path::new("/") {
        return Ok(source);
    }
    // Older kernels bind only from what is attached. It goes away with the old root.
    mount::attach_on_root(&source)?;
    let object = mount_point::open(&Root::from_fd(source), path)?;
    mount::bind(object, Depth::Recursive)
}
