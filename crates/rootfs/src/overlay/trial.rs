//! Whether overlays work in a place.

use std::path::Path;

use crate::{Dir, Error, Overlay, Upper};

impl Overlay {
    /// Mounts a small overlay as builds do it, its directories in the empty directory `place`, and changes what takes the
    /// most of the kernel: a file of the lower layer is removed (a whiteout), and a directory is made again (opaque).
    ///
    /// # Errors
    /// [`Error::Overlay`] with what the kernel says; [`Error::Io`] with the change that failed.
    pub fn try_in(place: &Path) -> Result<(), Error> {
        let dir = Dir::open(place)?;
        for name in ["lower", "upper", "work", "point"] {
            dir.mkdir(name, 0o755)?;
        }
        let lower = dir.open_dir("lower")?;
        for parent in [&lower, &lower.create_dir("d", 0o755)?] {
            parent.create_file("f", 0o644)?;
        }
        let overlay = Overlay {
            lowers: vec![place.join("lower")],
            upper: Some(Upper {
                dir: place.join("upper"),
                work: place.join("work"),
            }),
        };
        let tree = match Overlay::needs_mount_point() {
            false => overlay.mount(),
            true => overlay.mount_through(&place.join("point")),
        }?;
        let tree = Dir::from_fd(tree, "/");
        tree.remove_file("f")?;
        tree.remove_tree("d")?;
        tree.mkdir("d", 0o755)
    }
}
