use std::io;
use std::path::PathBuf;

use thiserror::Error as ThisError;

/// Why credentials cannot be had, kept, or forgotten. No message holds a secret.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum CredentialError {
    /// A file of credentials cannot be read.
    #[error("cannot read the credentials in {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// What should hold credentials makes no sense.
    #[error("cannot use the credentials in {place}: {reason}; repair it, or log in again")]
    Invalid {
        /// The file, or the variable of the environment.
        place: String,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A file of credentials cannot be written.
    #[error("cannot write the credentials to {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A helper program is configured that is not there.
    #[error(
        "{program}, which {named_in} names, is not in PATH; install it, or remove its name from there"
    )]
    HelperMissing {
        /// The program.
        program: String,
        /// Where it is configured.
        named_in: String,
    },
    /// A helper program cannot be run.
    #[error("cannot run {program}")]
    HelperStart {
        /// The program.
        program: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A helper program says that it failed.
    #[error("`{program} {verb}` failed for {server}: {words}")]
    HelperFailed {
        /// The program.
        program: String,
        /// What it was to do: `get`, `store`, `erase`.
        verb: &'static str,
        /// The registry.
        server: String,
        /// The first of its words.
        words: String,
    },
    /// A helper program does not end.
    #[error(
        "`{program} {verb}` has not answered for {seconds} s and was stopped; it may wait for you \
             elsewhere: try it in a terminal"
    )]
    HelperSilent {
        /// The program.
        program: String,
        /// What it was to do.
        verb: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A helper program's answer is not what the protocol foresees.
    #[error("the answer of `{program} get` makes no sense: {reason}")]
    HelperAnswer {
        /// The program.
        program: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The user wants no more.
    #[error("asking {program} was cancelled")]
    Cancelled {
        /// The program.
        program: String,
    },
    /// A part of a registry has credentials of its own, and their keeper only knows whole registries.
    #[error(
        "{keeper} keeps credentials for whole registries only, not for `{key}`; name an auth.json \
             with --authfile or REGISTRY_AUTH_FILE"
    )]
    WholeRegistriesOnly {
        /// A helper, or docker's configuration file.
        keeper: String,
        /// What it was to keep.
        key: String,
    },
    /// There is no place to keep credentials in.
    #[error(
        "there is no file to keep credentials in; name one with --authfile or REGISTRY_AUTH_FILE"
    )]
    NoPlace,
}
