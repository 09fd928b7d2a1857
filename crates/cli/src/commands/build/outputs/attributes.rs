//! The fields of one `--output`.

use super::{
    ArchiveOutput, Common, FilesDest, FilesOutput, Form, ImageOutput, Output, Pushing, Reader,
    annotations, references,
};
use crate::command_error::CommandError;
use crate::commands::build::split::Split;
use crate::key_values;
use builder::{FileTimes, ImageTimes, Naming, Trust};
use oci::compression::Members;
use oci::{Compression, Reference};
use std::path::PathBuf;
use store::{Annotation, Extraneous, MediaTypes, Packing, Recompress, Scope};

/// What `type=` may be. `registry` is an image that is pushed.
const TYPES: [&str; 7] = [
    "image",
    "oci",
    "docker",
    "tar",
    "local",
    "cacheonly",
    "registry",
];

const IMAGES: &[&str] = &["image", "oci", "docker", "registry"];
const ARCHIVES: &[&str] = &["oci", "docker"];
const FILES: &[&str] = &["local", "tar"];
const WRITTEN: &[&str] = &["oci", "docker", "local", "tar"];
const STORED: &[&str] = &["image", "docker", "registry"];

/// Every field, with the types that have it.
const FIELDS: &[(&str, &[&str])] = &[
    ("type", &TYPES),
    ("dest", WRITTEN),
    ("mode", &["local"]),
    ("platform-split", FILES),
    ("tar", ARCHIVES),
    ("name", IMAGES),
    ("push", STORED),
    ("push-by-digest", STORED),
    ("registry.insecure", STORED),
    ("unpack", STORED),
    ("store", STORED),
    ("dangling-name-prefix", STORED),
    ("danging-name-empty-only", STORED),
    ("dangling-name-empty-only", STORED),
    ("name-canonical", STORED),
    ("oci-mediatypes", IMAGES),
    (
        "source-date-epoch",
        &["image", "oci", "docker", "registry", "local", "tar"],
    ),
    ("rewrite-timestamp", IMAGES),
    ("oci-artifact", IMAGES),
    ("compatibility-version", IMAGES),
    ("compression", IMAGES),
    ("compression-level", IMAGES),
    ("gzip-members", IMAGES),
    ("force-compression", IMAGES),
    ("prefer-nondist-layers", IMAGES),
    ("attestation-inline", IMAGES),
    ("attestation-prefix", FILES),
];

/// Reads one `--output`.
pub(super) fn output(text: &str, common: &Common) -> Result<Output, CommandError> {
    if text == "-" {
        return output("type=tar,dest=-", common);
    }
    if !text.contains('=') {
        return Ok(Output::Files(FilesOutput {
            dest: FilesDest::Folder(PathBuf::from(text), Extraneous::Kept),
            split: Split::default(),
            epoch: None,
        }));
    }
    let wrong = |problem: Problem| {
        let error = CommandError::usage(format!("--output {text}: {}", problem.message));
        match problem.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    };
    let fields = Fields::read(text).map_err(wrong)?;
    let own_names = references(&fields.names)?;
    fields.output(own_names, common).map_err(wrong)
}

/// What is wrong with an output.
struct Problem {
    message: String,
    hint: Option<String>,
}

impl From<String> for Problem {
    fn from(message: String) -> Self {
        Self {
            message,
            hint: None,
        }
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

/// The fields as they were written.
#[derive(Debug, Default)]
struct Fields {
    kind: String,
    dest: Option<String>,
    extraneous: Extraneous,
    split: Split,
    tar: Option<bool>,
    names: Vec<String>,
    push: bool,
    pushing: Pushing,
    unpack: bool,
    unstored: bool,
    oci_media_types: Option<bool>,
    old_media_types: bool,
    compression: Option<Compression>,
    level: Option<i32>,
    members: Members,
    force: bool,
    annotations: Vec<Annotation>,
    times: ImageTimes,
}

impl Fields {
    fn read(text: &str) -> Result<Self, Problem> {
        let mut pairs = Vec::new();
        for field in key_values::split(text)? {
            let (key, value) = match field.split_once('=') {
                Some((key, value)) => (key.trim(), value.to_owned()),
                None => (field.trim(), "true".to_owned()),
            };
            if key.is_empty() {
                return Err(format!("`{text}` has a field without a name").into());
            }
            pairs.push((key.to_owned(), value));
        }
        let mut fields = Self::default();
        if let Some((_, kind)) = pairs
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case("type"))
        {
            fields.kind.clone_from(kind);
        }
        check_type(&fields.kind)?;
        for (key, value) in pairs {
            match annotations::of_field(&key, &value) {
                Some(_) if !IMAGES.contains(&fields.kind.as_str()) => {
                    return Err(format!("type={} has no annotations", fields.kind).into());
                }
                Some(annotation) => fields.annotations.push(annotation?),
                None => fields.set(&key.to_ascii_lowercase(), value)?,
            }
        }
        fields.check_level()?;
        Ok(fields)
    }

    fn set(&mut self, key: &str, value: String) -> Result<(), Problem> {
        check_field(key, &self.kind)?;
        let boolean = || key_values::boolean(&value).map_err(|why| format!("{key}: {why}"));
        match key {
            "type" => {}
            "dest" => self.dest = Some(value),
            "mode" => self.extraneous = extraneous(&value)?,
            "platform-split" => self.split = Split::of(boolean()?),
            "tar" => self.tar = Some(boolean()?),
            "name" => {
                let names = value.split(',').map(|name| name.trim().to_owned());
                self.names = names.filter(|name| !name.is_empty()).collect();
            }
            "push" => self.push = boolean()?,
            "push-by-digest" => {
                self.pushing.naming = match boolean()? {
                    true => Naming::Digest,
                    false => Naming::Tags,
                }
            }
            "registry.insecure" => {
                self.pushing.trust = match boolean()? {
                    true => Trust::Anyone,
                    false => Trust::Configured,
                }
            }
            "unpack" => self.unpack = boolean()?,
            "store" => self.unstored = !boolean()?,
            "source-date-epoch" => self.times.epoch = epoch(&value)?,
            "rewrite-timestamp" => {
                self.times.files = match boolean()? {
                    true => FileTimes::Clamped,
                    false => FileTimes::Kept,
                }
            }
            "oci-mediatypes" => self.oci_media_types = Some(boolean()?),
            "compatibility-version" => self.old_media_types = is_old(&value)?,
            "force-compression" => self.force = boolean()?,
            "compression" => self.compression = Some(compression(&value)?),
            "gzip-members" => self.members = members(&value)?,
            "compression-level" => {
                let level = value.parse();
                self.level = Some(level.map_err(|_| format!("`{value}` is no level"))?);
            }
            // Prefixes of names and of files that nobody makes here.
            "dangling-name-prefix" | "attestation-prefix" => {}
            // Of no effect without attestations, or where an image's digest is a name anyway; but
            // what they say must be sound.
            _ => drop(boolean()?),
        }
        Ok(())
    }

    fn check_level(&self) -> Result<(), Problem> {
        let compression = self.compression.unwrap_or(Compression::Gzip);
        let allowed = match compression {
            Compression::Zstd => 0..=22,
            _ => 0..=9,
        };
        match self.level {
            Some(level) if !allowed.contains(&level) => {
                let (first, last) = (allowed.start(), allowed.end());
                Err(
                    format!("there is no compression level {level}: it is {first} to {last}")
                        .into(),
                )
            }
            _ => Ok(()),
        }
    }

    fn output(self, own_names: Vec<Reference>, common: &Common) -> Result<Output, Problem> {
        let dest = self.dest.as_deref().filter(|dest| *dest != "-");
        let dest = dest.map(PathBuf::from);
        match self.kind.as_str() {
            "image" | "registry" => self.image(own_names, common),
            // Docker without a destination means its own store; carafe's is the image.
            "docker" if self.dest.is_none() => self.image(own_names, common),
            "oci" | "docker" => self.archive(dest, own_names, common),
            "tar" => Ok(self.files(FilesDest::Tar(dest))),
            "local" => {
                let dest = dest.ok_or("dest=FOLDER is missing")?;
                let extraneous = self.extraneous;
                Ok(self.files(FilesDest::Folder(dest, extraneous)))
            }
            _ => Ok(Output::CacheOnly),
        }
    }

    fn image(self, own_names: Vec<Reference>, common: &Common) -> Result<Output, Problem> {
        let pushed = (self.push || self.kind == "registry").then_some(self.pushing);
        if self.unstored && pushed.is_none() {
            return Ok(Output::CacheOnly);
        }
        if let Some(tagged) = { self.names.iter() }.find(|name| has_tag(name))
            && pushed.is_some_and(|pushing| pushing.naming == Naming::Digest)
        {
            return Err(format!("{tagged} has a tag, and is to be pushed by digest").into());
        }
        // In the store nothing is compressed unless that is asked for.
        let compression = self.compression.or(pushed.map(|_| Compression::Gzip));
        let packing = self.packing(compression, common);
        let mut names = common.tags.clone();
        names.extend(
            own_names
                .into_iter()
                .filter(|name| !common.tags.contains(name)),
        );
        Ok(Output::Image(ImageOutput {
            names,
            packing,
            times: self.times,
            unpack: self.unpack,
            stored: !self.unstored,
            pushed,
        }))
    }

    fn archive(
        self,
        dest: Option<PathBuf>,
        own_names: Vec<Reference>,
        common: &Common,
    ) -> Result<Output, Problem> {
        let form = match self.tar {
            Some(false) => Form::Directory,
            _ => Form::Tar,
        };
        if form == Form::Directory && dest.is_none() {
            return Err("tar=false needs dest=FOLDER".into());
        }
        let reader = match self.kind.as_str() {
            "docker" => Reader::Docker,
            _ => Reader::Oci,
        };
        let compression = self.compression.unwrap_or(Compression::Gzip);
        let packing = self.packing(Some(compression), common);
        let names = match own_names.is_empty() {
            true => common.tags.clone(),
            false => own_names,
        };
        Ok(Output::Archive(ArchiveOutput {
            dest,
            form,
            reader,
            names,
            times: self.times,
            packing,
        }))
    }

    fn files(self, dest: FilesDest) -> Output {
        Output::Files(FilesOutput {
            dest,
            split: self.split,
            epoch: self.times.epoch,
        })
    }

    fn packing(&self, compression: Option<Compression>, common: &Common) -> Packing {
        let mut annotations = common.annotations.clone();
        annotations.extend(self.annotations.iter().cloned());
        // Docker's documents have no place for annotations; BuildKit makes it OCI's then, too.
        let oci = self.oci_media_types.unwrap_or(!self.old_media_types);
        let media_types = match oci || self.kind == "oci" || !annotations.is_empty() {
            true => MediaTypes::Oci,
            false => MediaTypes::Docker,
        };
        let scope = if self.force { Scope::All } else { Scope::Plain };
        let recompress = compression.map(|compression| Recompress {
            // zstd's own 0 is its default.
            level: self
                .level
                .filter(|level| (compression, *level) != (Compression::Zstd, 0)),
            scope,
            members: match compression {
                Compression::Gzip => self.members,
                _ => Members::Many,
            },
            ..Recompress::plain(compression)
        });
        Packing {
            recompress,
            media_types,
            annotations,
        }
    }
}

/// Whether a name says which tag it means.
fn has_tag(name: &str) -> bool {
    name.rsplit('/')
        .next()
        .is_some_and(|last| last.contains(':'))
}

fn check_type(kind: &str) -> Result<(), Problem> {
    match kind {
        known if TYPES.contains(&known) => Ok(()),
        "" => Err("type=… is missing".into()),
        other => Err(Problem {
            message: format!("there is no type `{other}`"),
            hint: Some(near(other, &TYPES)),
        }),
    }
}

fn check_field(key: &str, kind: &str) -> Result<(), Problem> {
    match FIELDS.iter().find(|(known, _)| *known == key) {
        Some((_, types)) if types.contains(&kind) => Ok(()),
        Some((_, types)) => Err(Problem {
            message: format!("type={kind} has no field `{key}`"),
            hint: Some(format!("it is one of type={}", types.join(", type="))),
        }),
        None => {
            let known: Vec<&str> = FIELDS
                .iter()
                .filter(|(_, types)| types.contains(&kind))
                .map(|(key, _)| *key)
                .collect();
            Err(Problem {
                message: format!("there is no field `{key}`"),
                hint: Some(near(key, &known)),
            })
        }
    }
}

/// Advice for a word that is none.
fn near(word: &str, known: &[&str]) -> String {
    match dockerfile::suggest(word, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("it is one of {}", known.join(", ")),
    }
}

fn extraneous(mode: &str) -> Result<Extraneous, Problem> {
    match mode {
        "copy" => Ok(Extraneous::Kept),
        "delete" => Ok(Extraneous::Deleted),
        other => Err(format!("there is no mode `{other}`: it is copy or delete").into()),
    }
}

/// BuildKit's exporters before version 30 made Docker's media types unless told otherwise.
fn is_old(version: &str) -> Result<bool, Problem> {
    match version {
        "10" | "20" => Ok(true),
        "30" => Ok(false),
        other => {
            Err(format!("there is no compatibility version `{other}`: it is 10, 20 or 30").into())
        }
    }
}

/// As with the build argument, an empty one is none.
fn epoch(value: &str) -> Result<Option<i64>, Problem> {
    match value {
        "" => Ok(None),
        value => match builder::parse_epoch(value) {
            Some(epoch) => Ok(Some(epoch)),
            None => Err(format!("`{value}` is no number of seconds since 1970").into()),
        },
    }
}

fn members(count: &str) -> Result<Members, Problem> {
    match count {
        "many" => Ok(Members::Many),
        "one" => Ok(Members::One),
        other => Err(format!("gzip-members is `many` or `one`, not `{other}`").into()),
    }
}

fn compression(name: &str) -> Result<Compression, Problem> {
    match name {
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        "uncompressed" => Ok(Compression::None),
        "estargz" => Err(Problem {
            message: "compression=estargz is not implemented".to_owned(),
            hint: Some("gzip is what an estargz layer is to all who do not know it".to_owned()),
        }),
        other => Err(Problem {
            message: format!("there is no compression `{other}`"),
            hint: Some(near(other, &["gzip", "zstd", "uncompressed"])),
        }),
    }
}

#[cfg(test)]
mod tests;
