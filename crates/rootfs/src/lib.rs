//! A directory used as a container's root.
//!
//! Everything here is relative to a held directory descriptor. A [`Root`] resolves whole paths the way the container
//! would see them, with `openat2(RESOLVE_IN_ROOT)`, so that no `..` and no symbolic link leads out. A [`Dir`] is one
//! directory below it and takes single names only, which is what walking and writing trees needs: one system call an
//! operation, and nothing left to resolve.
//!
//! [`Overlay`] mounts a stack of layers without attaching it anywhere; [`Union`] looks into the same stack without
//! mounting it. Both use the on-disk format of overlayfs with `userxattr`: a deleted name is a character device 0:0
//! (a *whiteout*), and a directory that hides the ones below has `user.overlay.opaque` = `y` (it is *opaque*).

#![forbid(unsafe_code)]

mod attributes;
mod copy;
mod dir;
mod error;
mod metadata;
mod overlay;
mod owner;
mod root;
mod union;
mod walk;
mod xattr;

pub use attributes::Attributes;
pub use copy::copy_contents;
pub use dir::{Dir, DirEntry, Node, remove_tree};
pub use error::Error;
pub use metadata::{FileKind, Metadata, Time};
pub use overlay::{Overlay, Upper, adopt_root};
pub use owner::{
    Device, OWNER, OWNER_LENGTH, Record, are_owners_recorded, owner_by, owner_of_time,
    owner_to_time, owners_are_recorded_beyond, record_owners, record_owners_beyond,
};
pub use root::{FollowLast, MakeDir, Root};
pub use union::{Found, Union, UnionDir, UnionEntry};
pub use xattr::{CAPABILITY, Xattrs, capability, xattrs};
