//! `--output`: where the result goes.

use super::flags::Args;
use super::split::Split;
use crate::command_error::CommandError;
use crate::key_values;
use crate::output_file::OutputFile;
use crate::terminal;
use builder::{Options, Outcome};
use oci::Compression;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use store::{Recompress, Saved, Scope, Store};

/// One `--output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The store: what is done without `--output`.
    Image {
        /// Names beside those of `-t`.
        names: Vec<String>,
    },
    /// An OCI layout that `docker load` understands too.
    Archive {
        /// Where; `None` is standard output.
        dest: Option<PathBuf>,
        /// A directory instead of a tar.
        directory: bool,
        /// How layers are compressed.
        compression: Compression,
        /// How much.
        level: Option<i32>,
        /// Whether the base image's layers are compressed anew.
        force: bool,
        /// Names instead of those of `-t`.
        names: Vec<String>,
        /// How many platforms it can hold.
        holds: Holds,
    },
    /// The files of the last stage as a tar; `None` is standard output.
    Tar(Option<PathBuf>, Split),
    /// The files of the last stage in a folder.
    Local(PathBuf, Split),
    /// Nowhere: only the cache is filled.
    CacheOnly,
}

/// How many platforms an archive can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// `type=docker`: older Dockers load nothing else.
    OnePlatform,
    /// `type=oci`.
    AnyPlatforms,
}

/// What was written.
#[derive(Debug)]
pub(super) struct Exported {
    /// Where.
    pub(super) to: String,
    /// How many bytes, if that is worth telling.
    pub(super) bytes: Option<u64>,
}

impl Output {
    /// Whether the result goes to standard output.
    pub(super) fn writes_to_stdout(&self) -> bool {
        matches!(self, Self::Archive { dest: None, .. } | Self::Tar(None, _))
    }

    /// Nobody wants an archive on a terminal.
    pub(super) fn check_stdout(&self, stdout: impl AsFd) -> Result<(), CommandError> {
        if terminal::is_terminal(stdout) {
            return Err(CommandError::usage("the archive would go to the terminal")
                .hint("name a file with dest=FILE, or redirect standard output"));
        }
        Ok(())
    }
}

/// All outputs that were asked for; the store if none was.
pub(super) fn read(args: &Args) -> Result<Vec<Output>, CommandError> {
    let mut outputs = Vec::new();
    for text in &args.outputs {
        outputs.push(one(text)?);
    }
    if outputs.is_empty() || args.load {
        outputs.push(Output::Image { names: Vec::new() });
    }
    if outputs
        .iter()
        .filter(|output| output.writes_to_stdout())
        .count()
        > 1
    {
        return Err(CommandError::usage(
            "only one --output can go to standard output",
        ));
    }
    Ok(outputs)
}

/// Refuses outputs that cannot take the images of several platforms.
pub(super) fn check_platforms(outputs: &[Output], options: &Options) -> Result<(), CommandError> {
    if options.platforms.len() < 2 {
        return Ok(());
    }
    for output in outputs {
        match output {
            Output::Archive {
                holds: Holds::OnePlatform,
                ..
            } => {
                let message = "--output type=docker holds the image of one platform only";
                return Err(CommandError::usage(message).hint("type=oci holds several"));
            }
            Output::Tar(_, Split::No) | Output::Local(_, Split::No) => {
                let message = "platform-split=false would put the files of one platform over those of another";
                return Err(CommandError::usage(message));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The fields of one `--output`.
#[derive(Debug, Default)]
struct Fields {
    kind: String,
    dest: Option<String>,
    names: Vec<String>,
    compression: Option<Compression>,
    level: Option<i32>,
    force: bool,
    tar: Option<bool>,
    push: bool,
    split: Split,
}

fn one(text: &str) -> Result<Output, CommandError> {
    if text == "-" {
        return Ok(Output::Tar(None, Split::default()));
    }
    if !text.contains('=') {
        return Ok(Output::Local(PathBuf::from(text), Split::default()));
    }
    let fields = fields(text)?;
    let wrong = |why: &str| CommandError::usage(format!("--output {text}: {why}"));
    let dest = fields
        .dest
        .as_deref()
        .filter(|dest| *dest != "-")
        .map(PathBuf::from);
    match fields.kind.as_str() {
        "image" if fields.push => Err(CommandError::not_yet("push=true")),
        "image" => Ok(Output::Image {
            names: fields.names,
        }),
        "oci" | "docker" => {
            // Docker without a destination means its own store; carafe's is the image.
            if fields.kind == "docker" && fields.dest.is_none() {
                return Ok(Output::Image {
                    names: fields.names,
                });
            }
            let directory = fields.tar == Some(false);
            if directory && dest.is_none() {
                return Err(wrong("tar=false needs dest=FOLDER"));
            }
            Ok(Output::Archive {
                dest,
                directory,
                compression: fields.compression.unwrap_or(Compression::Gzip),
                level: fields.level,
                force: fields.force,
                names: fields.names,
                holds: match fields.kind.as_str() {
                    "docker" => Holds::OnePlatform,
                    _ => Holds::AnyPlatforms,
                },
            })
        }
        "tar" => Ok(Output::Tar(dest, fields.split)),
        "local" => Ok(Output::Local(
            dest.ok_or_else(|| wrong("dest=FOLDER is missing"))?,
            fields.split,
        )),
        "cacheonly" => Ok(Output::CacheOnly),
        "registry" => Err(CommandError::not_yet("--output type=registry")),
        "" => Err(wrong("type=… is missing")),
        other => {
            let known = ["image", "oci", "docker", "tar", "local", "cacheonly"];
            let near = dockerfile::suggest(other, known);
            let hint = near.map_or_else(
                || format!("it is one of {}", known.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            Err(wrong(&format!("there is no type `{other}`")).hint(hint))
        }
    }
}

fn fields(text: &str) -> Result<Fields, CommandError> {
    let wrong = |why: String| CommandError::usage(format!("--output {text}: {why}"));
    let boolean = |value: &str| key_values::boolean(value).map_err(wrong);
    let mut fields = Fields::default();
    for (key, value) in key_values::fields(text).map_err(wrong)? {
        let value = value.unwrap_or_else(|| "true".to_owned());
        match key.as_str() {
            "type" => fields.kind = value,
            "dest" => fields.dest = Some(value),
            "name" => {
                let names = value.split(',').map(|name| name.trim().to_owned());
                fields.names = names.collect();
            }
            "tar" => fields.tar = Some(boolean(&value)?),
            "platform-split" => fields.split = Split::of(boolean(&value)?),
            "push" => fields.push = boolean(&value)?,
            "force-compression" => fields.force = boolean(&value)?,
            "compression" => fields.compression = Some(compression(&value).map_err(wrong)?),
            "compression-level" => {
                let level = value
                    .parse()
                    .map_err(|_| wrong(format!("`{value}` is no level")))?;
                fields.level = Some(level);
            }
            // What is always so here.
            "oci-mediatypes" | "unpack" | "store" if boolean(&value)? => {}
            "rewrite-timestamp" | "prefer-nondist-layers" | "oci-artifact" if !boolean(&value)? => {
            }
            other => {
                return Err(CommandError::not_yet(format_args!(
                    "--output field `{other}={value}`"
                )));
            }
        }
    }
    Ok(fields)
}

fn compression(name: &str) -> Result<Compression, String> {
    match name {
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        "uncompressed" => Ok(Compression::None),
        "estargz" => Err("estargz is not implemented yet".to_owned()),
        other => Err(format!(
            "there is no compression `{other}`: it is gzip, zstd or uncompressed"
        )),
    }
}

/// Writes the image everywhere it was asked for.
pub(super) fn export(
    outputs: &[Output],
    outcome: &Outcome,
    args: &Args,
    store: &Store,
) -> Result<Vec<Exported>, CommandError> {
    let mut exported = Vec::new();
    for output in outputs {
        exported.extend(export_one(output, outcome, args, store)?);
    }
    Ok(exported)
}

fn export_one(
    output: &Output,
    outcome: &Outcome,
    args: &Args,
    store: &Store,
) -> Result<Option<Exported>, CommandError> {
    match output {
        Output::Image { .. } | Output::CacheOnly => Ok(None),
        Output::Archive {
            dest,
            directory,
            compression,
            level,
            force,
            names,
            holds: _,
        } => {
            let scope = if *force { Scope::All } else { Scope::Plain };
            let how = Recompress {
                level: *level,
                scope,
                ..Recompress::plain(*compression)
            };
            let descriptor = store.recompress(&outcome.root, &how)?;
            let names = if names.is_empty() { &args.tags } else { names };
            let references = names
                .iter()
                .map(|name| name.parse())
                .collect::<Result<_, _>>()?;
            let saved = [Saved {
                descriptor,
                references,
            }];
            match dest {
                Some(dir) if *directory => {
                    store.save_layout(&saved, dir)?;
                    Ok(Some(Exported {
                        to: dir.display().to_string(),
                        bytes: None,
                    }))
                }
                dest => written(dest.clone(), |out| Ok(store.save(&saved, out)?)),
            }
        }
        Output::Tar(dest, split) => {
            let roots = split.roots(outcome, store)?;
            written(dest.clone(), |out| roots.write_tar(out))
        }
        Output::Local(dir, split) => {
            let bytes = split.roots(outcome, store)?.copy_to(dir)?;
            Ok(Some(Exported {
                to: dir.display().to_string(),
                bytes: Some(bytes),
            }))
        }
    }
}

/// Writes to a file or to standard output.
fn written(
    dest: Option<PathBuf>,
    write: impl FnOnce(&mut dyn io::Write) -> Result<(), CommandError>,
) -> Result<Option<Exported>, CommandError> {
    let mut file = OutputFile::create(dest.as_deref())?;
    write(&mut file)?;
    let bytes = file.finish()?;
    let to = dest.map_or_else(
        || "standard output".to_owned(),
        |dest| dest.display().to_string(),
    );
    Ok(Some(Exported {
        to,
        bytes: Some(bytes),
    }))
}

#[cfg(test)]
mod tests {
    use super::{Holds, Output, Split, one};
    use oci::Compression;
    use std::path::PathBuf;

    fn error(text: &str) -> String {
        one(text).unwrap_err().message().to_owned()
    }

    #[test]
    fn kinds() {
        assert_eq!(
            one("out").unwrap(),
            Output::Local(PathBuf::from("out"), Split::Default)
        );
        assert_eq!(one("-").unwrap(), Output::Tar(None, Split::Default));
        assert_eq!(
            one("type=tar,dest=-").unwrap(),
            Output::Tar(None, Split::Default)
        );
        assert_eq!(
            one("type=docker").unwrap(),
            Output::Image { names: Vec::new() }
        );
        let archive = one("type=oci,dest=a.tar,compression=zstd,compression-level=9").unwrap();
        let want = Output::Archive {
            dest: Some(PathBuf::from("a.tar")),
            directory: false,
            compression: Compression::Zstd,
            level: Some(9),
            force: false,
            names: Vec::new(),
            holds: Holds::AnyPlatforms,
        };
        assert_eq!(archive, want);
        assert!(one("type=oci").unwrap().writes_to_stdout());
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("type=ocy,dest=x", "no type `ocy`"),
            ("dest=x", "type=… is missing"),
            ("type=local", "dest=FOLDER is missing"),
            ("type=registry,name=x", "not implemented yet"),
            ("type=image,push=true", "not implemented yet"),
            ("type=oci,rewrite-timestamp=true", "not implemented yet"),
            ("type=oci,compression=lzma", "no compression `lzma`"),
            ("type=oci,tar=maybe", "neither true nor false"),
            ("type=oci,tar=false", "needs dest=FOLDER"),
        ] {
            assert!(error(text).contains(words), "{text}: {}", error(text));
        }
    }
}
