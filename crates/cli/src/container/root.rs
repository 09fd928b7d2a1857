//! A container's root: the image's layers, mount points that they lack, and its own changes on top.

use super::directory::Container;
use super::mounts::Source;
use super::record::Record;
use crate::command_error::CommandError;
use builder::stubs::{self, Stub};
use rootfs::{Dir, Overlay, Union, Upper};
use std::fs::Permissions;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Mounts the root, attached nowhere: it is gone when its last user is. `layers` are the image's, the top one first.
pub(crate) fn mount(container: &Container, layers: &[PathBuf]) -> Result<OwnedFd, CommandError> {
    let part = |name: &str| container.path.join(name);
    let upper = part("upper");
    for scratch in ["work", "stubs"] {
        // What an earlier start has left. A work directory that was used with `volatile` is refused (overlayfs.rst).
        Dir::open(part(scratch))?.clear()?;
    }
    match layers.first() {
        Some(top) => rootfs::adopt_root(&Dir::open(top)?, &Dir::open(&upper)?)?,
        None => std::fs::set_permissions(&upper, Permissions::from_mode(0o755))
            .map_err(|error| CommandError::file("set the mode of", &upper, error))?,
    }
    let union = Union::open(layers)?;
    let mut lowers = layers.to_vec();
    let stub_layer = part("stubs");
    let mount_points = mount_points(&container.record);
    if lowers.is_empty() || !stubs::complete(&union, &mount_points)? {
        stubs::make(&union, &mount_points, &stub_layer)?;
        lowers.insert(0, stub_layer);
    }
    let overlay = Overlay {
        lowers,
        upper: Some(Upper {
            dir: upper,
            work: part("work"),
        }),
    };
    let mounted = match Overlay::needs_mount_point() {
        true => overlay.mount_through(&container.path.join("work")),
        false => overlay.mount(),
    };
    Ok(mounted?)
}

/// What must be there to be mounted on: the sandbox's own places and the volumes.
fn mount_points(record: &Record) -> Vec<Stub> {
    let own = sandbox::MOUNT_POINTS.iter().map(|point| Stub {
        path: PathBuf::from(point.path),
        directory: point.directory,
    });
    let mounts = record.mounts.iter().map(|mount| Stub {
        path: mount.target.clone(),
        directory: match &mount.source {
            Source::Bind(host) => host.is_dir(),
            Source::Volume { .. } | Source::Tmpfs { .. } => true,
        },
    });
    own.chain(mounts).collect()
}
