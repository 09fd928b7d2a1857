//! `--output`: where the result goes.

mod annotations;
mod attributes;
mod export;
mod files;
mod flags;

pub(super) use export::{ExportError, Exported, export};
pub(super) use flags::OutputFlags;

use super::flags::Args;
use super::split::Split;
use crate::command_error::CommandError;
use crate::terminal;
use builder::{ImageTimes, Naming, Options, Trust, Wanted};
use oci::compression::Members;
use oci::{Compression, Reference};
use std::os::fd::AsFd;
use std::path::PathBuf;
use store::{Extraneous, Noted, Packing, Recompress, Scope};

/// One `--output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The store: what is done without `--output`.
    Image(ImageOutput),
    /// An OCI layout that `docker load` understands too.
    Archive(ArchiveOutput),
    /// The files of the last stage as a tar or in a folder.
    Files(FilesOutput),
    /// Nowhere: only the cache is filled.
    CacheOnly,
}

/// An image in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImageOutput {
    /// Its names: those of `-t`, and the output's own.
    pub(super) names: Vec<Reference>,
    /// What its manifest is to be like.
    pub(super) packing: Packing,
    /// What of time is in it.
    pub(super) times: ImageTimes,
    /// Whether its layers are unpacked at once.
    pub(super) unpack: bool,
    /// Whether the store gets it by its names.
    pub(super) stored: bool,
    /// How it is pushed to its names, if it is.
    pub(super) pushed: Option<Pushing>,
}

/// How an image is pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pushing {
    pub(super) naming: Naming,
    pub(super) trust: Trust,
}

/// An image in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArchiveOutput {
    /// Where; `None` is standard output.
    pub(super) dest: Option<PathBuf>,
    /// A tar, or a directory.
    pub(super) form: Form,
    /// For whom.
    pub(super) reader: Reader,
    /// The names that it has in there: the output's own, or those of `-t`.
    pub(super) names: Vec<Reference>,
    /// What of time is in it.
    pub(super) times: ImageTimes,
    /// What its manifest is to be like.
    pub(super) packing: Packing,
}

/// How an archive is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Tar,
    Directory,
}

/// Who is to read an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Whoever reads OCI layouts.
    Oci,
    /// `docker load`, which takes one platform only.
    Docker,
}

/// The files of the last stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FilesOutput {
    /// In what.
    pub(super) dest: FilesDest,
    /// Whether each platform has a folder of its own.
    pub(super) split: Split,
    /// The time of all files, in seconds since 1970; `None` is the build's `SOURCE_DATE_EPOCH`.
    pub(super) epoch: Option<i64>,
}

/// Where files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FilesDest {
    /// Into a tar; `None` is standard output.
    Tar(Option<PathBuf>),
    /// Into a folder, where other files stay or go.
    Folder(PathBuf, Extraneous),
}

impl ImageOutput {
    /// Pushes it as well; for that it is compressed.
    fn push(&mut self) {
        self.pushed.get_or_insert_default();
        let plain = || Recompress::plain(Compression::Gzip);
        self.packing.recompress.get_or_insert_with(plain);
    }
}

impl Output {
    /// Whether the result goes to standard output.
    pub(super) fn writes_to_stdout(&self) -> bool {
        match self {
            Self::Archive(archive) => archive.dest.is_none(),
            Self::Files(files) => files.dest == FilesDest::Tar(None),
            Self::Image(_) | Self::CacheOnly => false,
        }
    }

    /// Nobody wants an archive on a terminal.
    pub(super) fn check_stdout(&self, stdout: impl AsFd) -> Result<(), CommandError> {
        if terminal::is_terminal(stdout) {
            return Err(CommandError::usage("the archive would go to the terminal")
                .hint("name a file with dest=FILE, or redirect standard output"));
        }
        Ok(())
    }

    /// How the image is to be, if it is one.
    fn packing(&self) -> Option<&Packing> {
        match self {
            Self::Image(image) => Some(&image.packing),
            Self::Archive(archive) => Some(&archive.packing),
            Self::Files(_) | Self::CacheOnly => None,
        }
    }

    /// The names that the image gets by it.
    pub(super) fn names(&self) -> &[Reference] {
        match self {
            Self::Image(image) => &image.names,
            Self::Archive(archive) => &archive.names,
            Self::Files(_) | Self::CacheOnly => &[],
        }
    }
}

/// All outputs that were asked for; the store if none was.
pub(super) fn read(args: &Args) -> Result<Vec<Output>, CommandError> {
    let common = Common::read(args)?;
    let mut outputs = Vec::new();
    // A script's variable may be empty, as with buildx.
    for text in args.outputs.iter().filter(|text| !text.is_empty()) {
        outputs.push(attributes::output(text, &common)?);
    }
    if args.output_flags.push {
        // As with buildx, the outputs that are images anyway are pushed.
        let mut images = 0;
        for output in &mut outputs {
            if let Output::Image(image) = output {
                image.push();
                images += 1;
            }
        }
        if images == 0 {
            outputs.push(attributes::output("type=image,push=true", &common)?);
        }
    }
    if outputs.is_empty() || args.load {
        outputs.push(attributes::output("type=image", &common)?);
    }
    let nameless = |output: &Output| matches!(output, Output::Image(image) if image.pushed.is_some() && image.names.is_empty());
    if outputs.iter().any(nameless) {
        return Err(
            CommandError::usage("an image without a name cannot be pushed")
                .hint("name it with -t REGISTRY/NAME:TAG, or name=… in --output"),
        );
    }
    let to_stdout = outputs.iter().filter(|output| output.writes_to_stdout());
    if to_stdout.count() > 1 {
        return Err(CommandError::usage(
            "only one --output can go to standard output",
        ));
    }
    Ok(outputs)
}

/// What is wanted of the result.
pub(super) fn wanted(outputs: &[Output]) -> Wanted {
    let is_files = |output: &Output| matches!(output, Output::Files(_));
    match outputs.iter().any(is_files) {
        true => Wanted::Files,
        false => Wanted::Layers,
    }
}

/// What of time is in the images that outputs ask for, each once.
pub(super) fn image_times(outputs: &[Output]) -> Vec<ImageTimes> {
    let mut all = Vec::new();
    for output in outputs {
        let times = match output {
            Output::Image(image) => image.times,
            Output::Archive(archive) => archive.times,
            Output::Files(_) | Output::CacheOnly => continue,
        };
        if !all.contains(&times) {
            all.push(times);
        }
    }
    all
}

/// How the layers of the image will be compressed, if an output wants that. With several ways it is the first one. What
/// is pushed is compressed while it is sent, and not before.
pub(super) fn layers_as(outputs: &[Output]) -> Option<Recompress> {
    let is_pushed =
        |output: &&Output| matches!(output, Output::Image(image) if image.pushed.is_some());
    let kept = outputs.iter().filter(|output| !is_pushed(output));
    let mut packings = kept.filter_map(Output::packing);
    packings.find_map(|packing| packing.recompress)
}

/// How the layers of the image are compressed, if it is only pushed, and other layers stay as they are: nobody needs them here
/// then.
pub(super) fn leave(outputs: &[Output]) -> Option<Compression> {
    let how = |output: &Output| match output {
        Output::Image(image) if image.pushed.is_some() && !image.unpack => image.packing.recompress,
        _ => None,
    };
    let is_usual = |how: &Recompress| how.scope == Scope::Plain && how.members == Members::Many;
    let first = outputs.first().and_then(how).filter(is_usual)?.compression;
    let mut all = outputs.iter().map(how);
    let alike = all.all(|how| how.is_some_and(|how| is_usual(&how) && how.compression == first));
    alike.then_some(first)
}

/// Refuses outputs that cannot take what is built: the images of several platforms, or one without an index.
pub(super) fn check_platforms(outputs: &[Output], options: &Options) -> Result<(), CommandError> {
    let several = options.platforms.len() > 1;
    let index = several || options.build_args.contains_key("BUILDKIT_MULTI_PLATFORM");
    for output in outputs {
        match output {
            Output::Archive(archive) if several && archive.reader == Reader::Docker => {
                let message = "--output type=docker holds the image of one platform only";
                return Err(CommandError::usage(message).hint("type=oci holds several"));
            }
            other if !index && other.packing().is_some_and(has_index_notes) => {
                let message =
                    "an annotation is for the index, and an image for one platform has none";
                let hint = "annotate the manifest, or build for several platforms";
                return Err(CommandError::usage(message).hint(hint));
            }
            _ => {}
        }
    }
    Ok(())
}

fn has_index_notes(packing: &Packing) -> bool {
    let mut notes = packing.annotations.iter();
    notes.any(|note| matches!(note.on, Noted::Index | Noted::IndexDescriptor))
}

/// What flags say for all outputs.
#[derive(Debug, Default)]
struct Common {
    /// `-t`.
    tags: Vec<Reference>,
    /// `--annotation`.
    annotations: Vec<store::Annotation>,
}

impl Common {
    fn read(args: &Args) -> Result<Self, CommandError> {
        let mut annotations = Vec::new();
        for text in &args.output_flags.annotations {
            annotations.extend(annotations::of_flag(text)?);
        }
        Ok(Self {
            tags: references(&args.tags)?,
            annotations,
        })
    }
}

/// Names that an image can be given, each once.
fn references(names: &[String]) -> Result<Vec<Reference>, CommandError> {
    let mut references: Vec<Reference> = Vec::new();
    for text in names {
        let reference: Reference = text.parse()?;
        if reference.digest().is_some() {
            let message = format!(
                "cannot tag as {text}: a digest follows from the content and cannot be given"
            );
            return Err(CommandError::usage(message));
        }
        if !references.contains(&reference) {
            references.push(reference);
        }
    }
    Ok(references)
}
