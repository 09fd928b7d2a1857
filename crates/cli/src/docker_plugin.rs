//! Being called by the docker command: a plug-in of its command line, as `docker-carafe` or in the place of `docker-buildx`.
//!
//! What docker does, seen with 20.10 and 28.2: it asks every `docker-NAME` in its plug-in folders for its metadata, and then calls
//! `docker-NAME [FLAGS OF DOCKER] NAME VERB …`. With `"aliases": {"builder": "NAME"}` in its config.json, `docker build …` and
//! `docker image build …` are `docker-NAME NAME build …`, and `docker builder VERB` is `docker-NAME NAME VERB`. Without the alias,
//! docker before 23 asks a daemon first.

pub(crate) mod caller;
pub(crate) mod config_file;

use serde_json::json;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The buildx whose command line carafe takes, and what `docker-buildx` answers for its version: docker compose and GitHub's actions
/// look at it to know which flags there are.
pub(crate) const BUILDX_VERSION: &str = "v0.29.1";

/// How the program was called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// With this command line.
    Run(Vec<OsString>),
    /// By docker, to know this.
    Answer(String),
}

/// The names under which docker calls carafe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `docker-carafe`: has carafe's own verbs.
    Carafe,
    /// `docker-buildx`: has those of buildx.
    Buildx,
}

impl Role {
    /// The plug-in's name for docker.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Carafe => "carafe",
            Self::Buildx => "buildx",
        }
    }

    /// The name of its file.
    pub(crate) const fn file_name(self) -> &'static str {
        match self {
            Self::Carafe => "docker-carafe",
            Self::Buildx => "docker-buildx",
        }
    }

    fn of(program: &OsStr) -> Option<Self> {
        let name = Path::new(program).file_name()?;
        [Self::Carafe, Self::Buildx]
            .into_iter()
            .find(|role| name == role.file_name())
    }

    /// <https://github.com/docker/cli/blob/master/cli-plugins/metadata/metadata.go>
    fn metadata(self) -> String {
        let own = env!("CARGO_PKG_VERSION");
        let version = match self {
            Self::Carafe => format!("v{own}"),
            Self::Buildx => format!("{BUILDX_VERSION}+carafe-{own}"),
        };
        let metadata = json!({
            "SchemaVersion": "0.1.0",
            "Vendor": "carafe",
            "Version": version,
            "ShortDescription": "Builds without a daemon and without root (carafe)",
        });
        format!("{metadata}\n")
    }

    /// The command line without docker's part.
    fn own_line(self, line: Vec<OsString>) -> Vec<OsString> {
        match self {
            Self::Carafe => line,
            Self::Buildx => [OsString::from("buildx")].into_iter().chain(line).collect(),
        }
    }
}

/// Reads a command line, whose first word is the program's name.
pub(crate) fn call(mut line: impl Iterator<Item = OsString>) -> Call {
    let program = line.next().unwrap_or_default();
    let words: Vec<OsString> = line.collect();
    let of_carafe = |line: Vec<OsString>| {
        let name = OsString::from("carafe");
        Call::Run([name].into_iter().chain(line).collect())
    };
    let Some(role) = Role::of(&program) else {
        return of_carafe(words);
    };
    match words.first().and_then(|word| word.to_str()) {
        Some("docker-cli-plugin-metadata") => return Call::Answer(role.metadata()),
        // Called after other commands of docker for advice; there is none.
        Some("docker-cli-plugin-hooks") => return Call::Answer(String::new()),
        // The shell completes by itself: file names.
        Some("__complete" | "__completeNoDesc") => return Call::Answer(":0\n".to_owned()),
        // `docker help carafe build`
        Some("help") => {
            let verb = words.into_iter().skip(1).filter(|word| word != role.name());
            let help = verb.chain([OsString::from("--help")]).collect();
            return of_carafe(role.own_line(help));
        }
        _ => {}
    }
    let after_flags = skip_docker_flags(&words);
    let line = match words.get(after_flags) {
        Some(word) if word == role.name() => words[after_flags + 1..].to_vec(),
        // Without docker: `docker-buildx build .`
        _ => words,
    };
    of_carafe(role.own_line(line))
}

/// How many words are docker's own flags: which daemon, which configuration, how much is logged. None of them means anything to a
/// program that talks to no daemon.
fn skip_docker_flags(words: &[OsString]) -> usize {
    const WITH_VALUE: [&str; 10] = [
        "--config",
        "-c",
        "--context",
        "-H",
        "--host",
        "-l",
        "--log-level",
        "--tlscacert",
        "--tlscert",
        "--tlskey",
    ];
    let mut at = 0;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        if !word.starts_with('-') {
            break;
        }
        at += if WITH_VALUE.contains(&word) { 2 } else { 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{Call, call};
    use std::ffi::OsString;

    fn run(line: &str) -> String {
        match call(line.split(' ').map(OsString::from)) {
            Call::Run(line) => line.join(&OsString::from(" ")).into_string().unwrap(),
            Call::Answer(text) => text,
        }
    }

    #[test]
    fn dockers_words_are_taken_off() {
        for (line, want) in [
            ("/usr/bin/carafe build -t x .", "carafe build -t x ."),
            ("carafe --root /r build .", "carafe --root /r build ."),
            ("/p/docker-carafe carafe build .", "carafe build ."),
            (
                "docker-carafe --config /d -H tcp://h:1 -D carafe build -H .",
                "carafe build -H .",
            ),
            ("docker-carafe --context=x carafe images", "carafe images"),
            ("docker-carafe carafe", "carafe"),
            ("docker-carafe help carafe build", "carafe build --help"),
            ("docker-buildx buildx bake x", "carafe buildx bake x"),
            ("docker-buildx build .", "carafe buildx build ."),
            (
                "docker-buildx --builder x ls",
                "carafe buildx --builder x ls",
            ),
            ("docker-buildx", "carafe buildx"),
            ("docker-compose up", "carafe up"),
        ] {
            assert_eq!(run(line), want, "{line}");
        }
    }

    #[test]
    fn docker_is_told_what_this_is() {
        let of = |line: &str| -> serde_json::Value { serde_json::from_str(&run(line)).unwrap() };
        let own = of("/x/docker-carafe docker-cli-plugin-metadata");
        assert_eq!(own["SchemaVersion"], "0.1.0");
        assert_eq!(own["Vendor"], "carafe");
        let buildx = of("docker-buildx docker-cli-plugin-metadata");
        assert!(buildx["Version"].as_str().unwrap().starts_with("v0.2"));
        assert_eq!(run("docker-carafe __complete carafe bu"), ":0\n");
    }
}
