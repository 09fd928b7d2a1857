//! Where configuration files are.

use std::path::{Path, PathBuf};

/// The name of carafe's own.
pub(super) const OWN: &str = "carafe.toml";

/// Where hadolint looks for its file, in its order.
pub(super) fn places_of_hadolint(
    folder: &Path,
    config_home: Option<&Path>,
    home: Option<&Path>,
) -> Vec<PathBuf> {
    let mut places = vec![folder.join(".hadolint.yaml"), folder.join(".hadolint.yml")];
    if let Some(config) = config_home {
        places.extend(["hadolint.yaml", "hadolint.yml"].map(|name| config.join(name)));
    }
    if let Some(home) = home {
        let names = [
            ".hadolint/hadolint.yaml",
            ".hadolint/hadolint.yml",
            ".hadolint/config.yaml",
            ".hadolint/config.yml",
            ".hadolint.yaml",
            ".hadolint.yml",
        ];
        places.extend(names.map(|name| home.join(name)));
    }
    places
}

/// carafe's own file for what is in a folder: from there upward to the top of the repository. Outside of one it is in the
/// folder itself.
pub(super) fn own(folder: &Path) -> Option<PathBuf> {
    let folder = std::fs::canonicalize(folder).ok()?;
    let folders: Vec<&Path> = folder.ancestors().collect();
    let top = folders
        .iter()
        .position(|folder| folder.join(".git").exists());
    let within = &folders[..=top.unwrap_or(0)];
    let mut files = within.iter().map(|folder| folder.join(OWN));
    files.find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::own;
    use std::fs;

    #[test]
    fn the_own_file_is_within_the_repository() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("repository/a/b")).unwrap();
        fs::create_dir(top.join("repository/.git")).unwrap();
        fs::write(top.join("carafe.toml"), "").unwrap();
        let deep = top.join("repository/a/b");
        assert_eq!(own(&deep), None);
        let file = top.join("repository/carafe.toml");
        fs::write(&file, "").unwrap();
        assert_eq!(own(&deep), Some(file));
        let nearer = top.join("repository/a/carafe.toml");
        fs::write(&nearer, "").unwrap();
        assert_eq!(own(&deep), Some(nearer));
        fs::remove_dir(top.join("repository/.git")).unwrap();
        assert_eq!(own(&deep), None);
    }
}
