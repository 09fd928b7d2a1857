//! Does the program run? As execve(2) would find out: it is there, may be executed, is of a format that the kernel knows, and what
//! it names in turn is there, too.

use std::io::Read;

use rootfs::{FileKind, FollowLast, Found};

use super::argv::Argv;
use super::problem::{Instruction, Problem, ProblemKind};
use super::{Image, certificates, elf, loader, reading};
use crate::Error;

/// The kernel reads so much of a file to see what it is (`BINPRM_BUF_SIZE`).
const START: u64 = 256;

/// Scripts that name scripts, as the kernel allows.
const SCRIPTS_AT_MOST: usize = 4;

/// Programs of scripts of programs: how deep that is followed.
struct Way {
    instruction: Instruction,
    scripts: usize,
}

/// Looks for what would keep the program of a command from running.
pub(super) fn check(
    image: &Image<'_>,
    argv: &Argv,
    problems: &mut Vec<Problem>,
) -> Result<(), Error> {
    let program = argv.program();
    let way = Way {
        instruction: argv.instruction,
        scripts: 0,
    };
    match find(image, program)? {
        Search::Found(found) => runs(image, program, &found, &way, problems),
        Search::Missing => {
            problems.push(missing(image, argv));
            Ok(())
        }
        Search::Closed(path) => {
            problems.push(closed(image, &path, argv.instruction));
            Ok(())
        }
    }
}

/// What a search for a program comes to.
enum Search {
    Found(Box<Found>),
    Missing,
    /// A directory on the way that the user may not enter.
    Closed(String),
}

/// Looks for a program as runc does: in `PATH`, if its name has no slash; from the working directory, if it is relative.
fn find(image: &Image<'_>, program: &str) -> Result<Search, Error> {
    if program.contains('/') {
        return look(image, &absolute(image, program));
    }
    let mut closed = None;
    for directory in image.environment.path().split(':') {
        let path = format!("{}/{program}", absolute(image, directory));
        match look(image, &path)? {
            Search::Found(found)
                if found.metadata.kind == FileKind::File
                    && image.identity.may(&found.metadata, 1) =>
            {
                return Ok(Search::Found(found));
            }
            Search::Found(_) | Search::Missing => {}
            Search::Closed(path) => closed = Some(path),
        }
    }
    Ok(closed.map_or(Search::Missing, Search::Closed))
}

fn absolute(image: &Image<'_>, path: &str) -> String {
    match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{}/{path}", image.config.config.working_dir),
    }
}

fn look(image: &Image<'_>, path: &str) -> Result<Search, Error> {
    let Some(found) = image
        .files
        .lookup(path, FollowLast::Yes)
        .map_err(reading(path))?
    else {
        return Ok(Search::Missing);
    };
    for directory in found.path.ancestors().skip(1) {
        let at = directory.to_string_lossy();
        let metadata = image
            .files
            .lookup(directory, FollowLast::Yes)
            .map_err(reading(&at))?;
        if metadata.is_some_and(|found| !image.identity.may(&found.metadata, 1)) {
            return Ok(Search::Closed(at.into_owned()));
        }
    }
    Ok(Search::Found(Box::new(found)))
}

fn missing(image: &Image<'_>, argv: &Argv) -> Problem {
    let program = argv.program();
    if argv.is_shell_form() {
        let message = format!("the shell form needs {program}, which is not in the image");
        let command = match argv.instruction {
            Instruction::Healthcheck => "HEALTHCHECK CMD",
            other => other.keyword(),
        };
        let help = format!(
            "write the exec form, which needs no shell: {command} [\"program\", \"argument\"]"
        );
        return Problem::new(ProblemKind::ShellMissing, argv.instruction, message, help);
    }
    let (message, help) = match program.contains('/') {
        true => (
            format!("{program} is not in the image"),
            "copy it there, or name the path where it is".to_owned(),
        ),
        false => (
            format!(
                "{program} is in no directory of PATH ({})",
                image.environment.path()
            ),
            "install it, or name its whole path".to_owned(),
        ),
    };
    Problem::new(ProblemKind::ProgramMissing, argv.instruction, message, help)
}

fn closed(image: &Image<'_>, path: &str, instruction: Instruction) -> Problem {
    let message = format!("user {:?} may not enter {path}", image.identity.name);
    let help = format!(
        "chmod it in a RUN above, or choose another USER ({instruction:?} runs as this one)"
    );
    Problem::new(ProblemKind::NotExecutable, instruction, message, help)
}

/// Whether a file that was found can be executed.
fn runs(
    image: &Image<'_>,
    name: &str,
    found: &Found,
    way: &Way,
    problems: &mut Vec<Problem>,
) -> Result<(), Error> {
    let path = found.path.to_string_lossy().into_owned();
    let problem =
        |kind, message: String, help: &str| Problem::new(kind, way.instruction, message, help);
    if found.metadata.kind != FileKind::File {
        let what = if found.metadata.is_dir() {
            "a directory"
        } else {
            "no file"
        };
        problems.push(problem(
            ProblemKind::NotAFile,
            format!("{name} is {what}"),
            "name a program",
        ));
        return Ok(());
    }
    if !image.identity.may(&found.metadata, 1) {
        let who = if image.identity.is_root() {
            "anybody".to_owned()
        } else {
            format!("user {:?}", image.identity.name)
        };
        let message = format!(
            "{path} may not be executed by {who} (mode {:04o})",
            found.metadata.mode
        );
        problems.push(problem(
            ProblemKind::NotExecutable,
            message,
            "COPY --chmod=755, or RUN chmod +x",
        ));
    }
    let start = start(found, &path)?;
    if start.starts_with(b"\x7fELF") {
        return binary(image, found, way, problems);
    }
    match start.strip_prefix(b"#!") {
        Some(line) => script(image, &path, line, way, problems),
        None => {
            let message = format!("{path} is neither a program nor a script that begins with #!");
            problems.push(problem(
                ProblemKind::UnknownFormat,
                message,
                "begin it with a line such as #!/bin/sh",
            ));
            Ok(())
        }
    }
}

/// Whether a program that was found can be loaded, and knows whom to trust.
fn binary(
    image: &Image<'_>,
    found: &Found,
    way: &Way,
    problems: &mut Vec<Problem>,
) -> Result<(), Error> {
    let path = found.path.to_string_lossy().into_owned();
    let file = found.open().map_err(reading(&path))?;
    let Some(object) = elf::read(file) else {
        let message = format!("{path} is a broken ELF file");
        let help = "build or copy it again";
        problems.push(Problem::new(
            ProblemKind::UnknownFormat,
            way.instruction,
            message,
            help,
        ));
        return Ok(());
    };
    let libraries = loader::check(image, &path, &object, way.instruction, problems)?;
    // A shell or an interpreter speaks TLS only if its script does, which is not looked at.
    if way.scripts == 0 {
        problems.extend(certificates::check(
            image,
            found,
            &libraries,
            way.instruction,
        )?);
    }
    Ok(())
}

fn start(found: &Found, path: &str) -> Result<Vec<u8>, Error> {
    let mut start = Vec::new();
    let file = found.open().map_err(reading(path))?;
    let read = file.take(START).read_to_end(&mut start);
    match read {
        Ok(_) => Ok(start),
        Err(error) => Err(Error::Read {
            path: path.into(),
            source: Box::new(error),
        }),
    }
}

/// A script's interpreter, and what `env` as the interpreter looks for.
fn script(
    image: &Image<'_>,
    path: &str,
    line: &[u8],
    way: &Way,
    problems: &mut Vec<Problem>,
) -> Result<(), Error> {
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line).into_owned();
    if line.ends_with('\r') {
        let message = format!(
            "the first line of {path} ends in a carriage return: the kernel takes it for a part of the interpreter's name"
        );
        let help = "save it with Unix line ends (git: `*.sh text eol=lf` in .gitattributes), or RUN sed -i 's/\\r$//'";
        problems.push(Problem::new(
            ProblemKind::CarriageReturn,
            way.instruction,
            message,
            help,
        ));
        return Ok(());
    }
    let mut words = line.split_whitespace();
    let interpreter = words.next().unwrap_or_default();
    let next = Way {
        scripts: way.scripts + 1,
        ..*way
    };
    let missing = |name: &str| {
        let message = format!("{path} is run by {name}, which is not in the image");
        let help = format!("install {name}, or change the script's first line");
        Problem::new(
            ProblemKind::InterpreterMissing,
            way.instruction,
            message,
            help,
        )
    };
    match look(image, &absolute(image, interpreter))? {
        Search::Found(found) if next.scripts <= SCRIPTS_AT_MOST => {
            runs(image, interpreter, &found, &next, problems)?;
        }
        Search::Found(_) => {}
        Search::Missing | Search::Closed(_) => {
            problems.push(missing(interpreter));
            return Ok(());
        }
    }
    if interpreter.ends_with("/env") {
        let is_program = |word: &&str| !word.starts_with('-') && !word.contains('=');
        if let Some(name) = words.find(is_program)
            && !matches!(find(image, name)?, Search::Found(_))
        {
            problems.push(missing(name));
        }
    }
    Ok(())
}
