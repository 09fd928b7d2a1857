//! Where the user's credentials for registries are; `docs/credentials.md` has the order.

use super::{Config, config_home, set};
use registry::{Helpers, Keyring, Observer, Registries, SecretText, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The variable that holds credentials itself, as with docker.
pub(crate) const CREDENTIALS_VARIABLE: &str = "DOCKER_AUTH_CONFIG";

impl Config {
    /// The places where credentials are. `file` is the one that the user names.
    pub(crate) fn keyring(
        &self,
        registries: &Registries,
        observer: &Observer,
        cancel: &Arc<AtomicBool>,
        file: Option<&Path>,
    ) -> Keyring {
        let helpers = Helpers {
            search: self.programs(),
            cancel: Arc::clone(cancel),
            ..Helpers::default()
        };
        let variable = set(CREDENTIALS_VARIABLE).and_then(|text| text.into_string().ok());
        let variable = variable.map(|text| Source::Variable {
            name: CREDENTIALS_VARIABLE,
            text: SecretText(text),
        });
        let named = file.map(PathBuf::from);
        let named = named.or_else(|| set("REGISTRY_AUTH_FILE").map(PathBuf::from));
        let kept = match named {
            Some(path) => vec![by_name(path)],
            None => with_helpers(registries.credential_helpers(), self.credential_files()),
        };
        let sources = variable.into_iter().chain(kept).collect();
        Keyring::new(sources, helpers, observer.clone())
    }

    /// The files of credentials: docker's first, where `login` keeps them; then containers'.
    fn credential_files(&self) -> Vec<Source> {
        if let Some(folder) = set("DOCKER_CONFIG") {
            return vec![Source::DockerFile(
                PathBuf::from(folder).join("config.json"),
            )];
        }
        let docker = set("HOME").map(|home| Path::new(&home).join(".docker/config.json"));
        let runtime = set("XDG_RUNTIME_DIR").map_or_else(
            || PathBuf::from(format!("/run/containers/{}/auth.json", self.user)),
            |folder| Path::new(&folder).join("containers/auth.json"),
        );
        let own = config_home().map(|folder| folder.join("containers/auth.json"));
        let containers = [Some(runtime), own].into_iter().flatten();
        let docker = docker.into_iter().map(Source::DockerFile);
        docker.chain(containers.map(Source::AuthFile)).collect()
    }
}

/// Docker's file is known by its name.
fn by_name(path: PathBuf) -> Source {
    if path.file_name().is_some_and(|name| name == "config.json") {
        Source::DockerFile(path)
    } else {
        Source::AuthFile(path)
    }
}

/// The helpers of registries.conf, with the files in the place that is theirs there.
fn with_helpers(names: &[String], files: Vec<Source>) -> Vec<Source> {
    if names.is_empty() {
        return files;
    }
    let mut sources = Vec::new();
    for name in names {
        if name == Registries::AUTH_FILE {
            sources.extend(files.iter().cloned());
        } else {
            sources.push(Source::Helper(name.clone()));
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_and_files_in_their_order() {
        let order = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let files = vec![
                by_name("/d/config.json".into()),
                by_name("/c/auth.json".into()),
            ];
            let sources = with_helpers(&names, files).into_iter();
            let texts = sources.map(|source| match source {
                Source::DockerFile(path) => format!("docker {}", path.display()),
                Source::AuthFile(path) => format!("file {}", path.display()),
                Source::Helper(name) => name,
                Source::Variable { name, .. } => name.to_owned(),
            });
            texts.collect::<Vec<_>>().join(", ")
        };
        let files = "docker /d/config.json, file /c/auth.json";
        assert_eq!(order(&[]), files);
        assert_eq!(
            order(&["pass", "containers-auth.json"]),
            format!("pass, {files}")
        );
        assert_eq!(order(&["pass"]), "pass");
    }
}
