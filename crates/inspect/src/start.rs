//! Will an image start? What would go wrong is told from its files and its configuration; nothing is executed.
//!
//! From the entry point on, all that the kernel and the dynamic loader would look for is looked for as they do it:
//! execve(2) (format, `#!`, permissions), ld.so(8) and musl's loader (interpreter, libraries, symbol versions).

mod accounts;
mod argv;
mod certificates;
mod elf;
mod environment;
mod health;
mod libraries;
mod loader;
mod problem;
mod program;
mod surroundings;

use oci::ImageConfig;
use rootfs::Union;

use crate::Error;
use accounts::Identity;
use environment::Environment;

pub use problem::{Certainty, Instruction, Problem, ProblemKind};

/// An image as its first process would find it.
struct Image<'a> {
    files: &'a Union,
    config: &'a ImageConfig,
    environment: Environment,
    identity: Identity,
}

/// What would keep an image's program from starting, or from working as it should, the worst first.
///
/// # Errors
/// When the image's files cannot be read.
pub fn problems(files: &Union, config: &ImageConfig) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    let environment = Environment::of(&config.config.env);
    let identity = accounts::identity(files, &config.config.user, &mut problems)?;
    let image = Image {
        files,
        config,
        environment,
        identity,
    };
    surroundings::check(&image, &mut problems)?;
    match argv::of(&config.config) {
        Some(argv) => program::check(&image, &argv, &mut problems)?,
        None => problems.push(Problem::no_command()),
    }
    health::check(&image, &mut problems)?;
    problems.sort_by_key(|problem| problem.certainty);
    problems.dedup();
    Ok(problems)
}

/// Reading a file of an image failed.
fn reading(path: &str) -> impl Fn(rootfs::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Read {
        path: path.clone().into(),
        source: Box::new(source),
    }
}
