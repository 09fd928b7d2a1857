//! What rules must know that the text of a Dockerfile does not say. Whoever asks brings it: rules read no files and ask
//! no registry.

use std::collections::{BTreeMap, BTreeSet};

use dockerfile::Variables;
use dockerfile::ignore::Patterns;

/// What is known beside the text. The default knows nothing: rules that need more then find less.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// What `FROM` lines see before any `ARG`: `TARGETPLATFORM` and the others.
    pub predefined: Variables,
    /// What the stages stand on that do not stand on another one, by their index. Of a stage that is missing here the
    /// variables are unknown.
    pub bases: BTreeMap<usize, Base>,
    /// The stages whose instructions are looked at; `None` is all of them.
    pub stages: Option<BTreeSet<usize>>,
    /// The ignore file of the build context.
    pub ignore: Option<&'a Patterns>,
    /// What is in the build context, if there is one.
    pub context: Option<Context>,
    /// How names are read that are not the Dockerfile's own.
    pub names: Names,
}

/// What is in a build context, as far as rules ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The ignore file's name, if there is one.
    pub ignore_file: Option<String>,
    /// What the ignore file lets through, in its top folder.
    pub entries: Vec<ContextEntry>,
}

/// A file or a directory in the top folder of a build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEntry {
    /// Its name.
    pub name: String,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// What it holds, all in all, that the ignore file lets through.
    pub bytes: u64,
    /// How many files that are.
    pub files: u64,
}

/// What a stage stands on. The default is `scratch`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// Its variables, `NAME=value`.
    pub env: Vec<String>,
    /// Whether it has a shell of its own.
    pub has_shell: bool,
    /// Its triggers.
    pub triggers: Vec<String>,
    /// The platform that it has and the one that was asked for, where they do not fit.
    pub mismatch: Option<Mismatch>,
}

/// An image for another platform than was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What the image is for.
    pub found: String,
    /// What was asked for.
    pub wanted: String,
}

/// How names are read that other specifications define.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// Whether a text can be an image's name.
    pub is_image: fn(&str) -> bool,
    /// The operating system and the machine of a platform, if the text is one.
    pub platform: fn(&str) -> Option<(String, String)>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            is_image: |text| !text.is_empty(),
            platform: |text| {
                let (os, rest) = text.split_once('/')?;
                let machine = rest.split('/').next().unwrap_or(rest);
                Some((os.to_owned(), machine.to_owned()))
            },
        }
    }
}
