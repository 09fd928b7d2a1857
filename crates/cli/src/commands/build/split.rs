//! Files of the last stage, in a folder for each platform.

use crate::command_error::CommandError;
use builder::Outcome;
use oci::Platform;
use rootfs::Root;
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

impl Split {
    /// What the field says.
    pub(super) fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    /// Mounts what was built: root file systems, with the names of their folders if they are to have some.
    pub(super) fn roots(
        self,
        outcome: &Outcome,
        store: &Store,
    ) -> Result<Vec<(Option<String>, Root)>, CommandError> {
        let split = match self {
            Self::Default => outcome.first().root.media_type.is_index(),
            Self::Yes => true,
            Self::No => false,
        };
        let images = outcome.first().images.iter().zip(&outcome.stacks);
        images
            .map(|(image, stack)| {
                let root = store.mount(&store.stack(stack)?, None, None)?;
                Ok((split.then(|| folder(&image.platform)), root))
            })
            .collect()
    }
}

/// `linux_arm_v7`, as BuildKit has it.
fn folder(platform: &Platform) -> String {
    platform.to_string().replace('/', "_")
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
