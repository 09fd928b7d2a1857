//! Which files are read, and what they may ask of the surroundings.

use super::Args;
use crate::bake::definition::{Definition, Surroundings, Text, USUAL_FILES};
use crate::command_error::CommandError;
use crate::config::Config;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A longer file is no bake file.
const LIMIT: u64 = 8 << 20;

pub(super) fn definition(args: &Args, config: &Config) -> Result<Definition, CommandError> {
    let mut texts = Vec::new();
    if args.files.is_empty() {
        for name in USUAL_FILES {
            match File::open(name) {
                Ok(file) => texts.push(text(name, file)?),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(CommandError::file("read", Path::new(name), error)),
            }
        }
        if texts.is_empty() {
            let usual = USUAL_FILES.join(", ");
            return Err(CommandError::new("there is no bake file here")
                .hint(format!("name one with -f; else these are read: {usual}")));
        }
    }
    for name in &args.files {
        let name = name.strip_prefix("cwd://").unwrap_or(name);
        texts.push(match name {
            "-" => text("standard input", io::stdin().lock())?,
            name => {
                let path = Path::new(name);
                let file =
                    File::open(path).map_err(|error| CommandError::file("read", path, error))?;
                text(name, file)?
            }
        });
    }
    let variable = |name: &str| {
        let given = args.variables.iter().rev();
        let mut given = given.filter(|(known, _)| known == name);
        match given.next() {
            Some((_, value)) => Some(value.clone()),
            None => config.variable(name)?.into_string().ok(),
        }
    };
    let dotenv = match File::open(".env") {
        Ok(file) => Some(text(".env", file)?),
        Err(_) => None,
    };
    let around = Surroundings {
        variable: &variable,
        dotenv,
        platform: oci::Platform::host().to_string(),
    };
    Definition::read(texts, &around).map_err(|problem| problem.into_error(config.style()))
}

fn text(name: &str, from: impl Read) -> Result<Text, CommandError> {
    let mut text = String::new();
    from.take(LIMIT + 1)
        .read_to_string(&mut text)
        .map_err(|error| CommandError::io(format_args!("read {name}"), error))?;
    if text.len() as u64 > LIMIT {
        let message = format!("{name} is larger than {} MiB", LIMIT >> 20);
        return Err(CommandError::new(message));
    }
    let name = name.to_owned();
    Ok(Text { name, text })
}
