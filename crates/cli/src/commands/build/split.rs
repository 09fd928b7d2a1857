//! Files of the last stage, in a folder for each platform.

use crate::command_error::CommandError;
use builder::Outcome;
use oci::Platform;
use rootfs::Root;
use std::fs;
use std::io::Write;
use std::path::Path;
use store::Store;

/// `platform-split` of the outputs `local` and `tar`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Split {
    /// A folder for each platform where the result is an index.
    #[default]
    Default,
    /// A folder for each platform.
    Yes,
    /// No folders.
    No,
}

/// The root file systems of the result.
pub(super) enum Roots {
    /// One, as it is.
    One(Root),
    /// Each with the name of its folder.
    Folders(Vec<(String, Root)>),
}

impl Split {
    /// What the field says.
    pub(super) fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    /// Mounts what was built. With [`Split::No`] there is one platform.
    pub(super) fn roots(self, outcome: &Outcome, store: &Store) -> Result<Roots, CommandError> {
        let mount = |image| Ok(store.mount(&store.unpack_image(image)?, None, None)?);
        let split = match self {
            Self::Default => outcome.root.media_type.is_index(),
            Self::Yes => true,
            Self::No => false,
        };
        if !split {
            return mount(&outcome.images[0]).map(Roots::One);
        }
        let folders = outcome.images.iter();
        let folders = folders.map(|image| Ok((folder(&image.platform), mount(image)?)));
        folders
            .collect::<Result<_, CommandError>>()
            .map(Roots::Folders)
    }
}

/// `linux_arm_v7`, as BuildKit has it.
fn folder(platform: &Platform) -> String {
    platform.to_string().replace('/', "_")
}

impl Roots {
    /// Writes all of it as one tar.
    pub(super) fn write_tar(&self, out: &mut dyn Write) -> Result<(), CommandError> {
        match self {
            Self::One(root) => store::export_tar(root, out).map(drop)?,
            Self::Folders(folders) => store::export_folders(folders, out).map(drop)?,
        }
        Ok(())
    }

    /// Copies all of it into a directory; says how many bytes that were.
    pub(super) fn copy_to(&self, directory: &Path) -> Result<u64, CommandError> {
        match self {
            Self::One(root) => copy(root, directory),
            Self::Folders(folders) => folders.iter().try_fold(0, |bytes, (folder, root)| {
                Ok(bytes + copy(root, &directory.join(folder))?)
            }),
        }
    }
}

fn copy(root: &Root, directory: &Path) -> Result<u64, CommandError> {
    fs::create_dir_all(directory)
        .map_err(|error| CommandError::file("create", directory, error))?;
    let owner = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    Ok(store::export_dir(root, directory, owner)?.size)
}

#[cfg(test)]
mod tests {
    use super::folder;

    #[test]
    fn folders_are_called_as_buildkit_calls_them() {
        for (platform, name) in [
            ("linux/amd64", "linux_amd64"),
            ("linux/arm", "linux_arm_v7"),
        ] {
            assert_eq!(folder(&platform.parse().unwrap()), name);
        }
    }
}
