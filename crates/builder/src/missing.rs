//! A source that is not there: what is known that could help to mend it.

mod near;

use std::fmt;
use std::path::{Path, PathBuf};

use dockerfile::{Span, glob};
use rootfs::{FollowLast, Root};

use crate::context::ContextName;
use crate::schedule::Schedule;
use crate::select::Tree;
use crate::step::{
    CopyItem, CopyOperation, Filesystem, MountKind, Operation, RunOperation, Source, Step, StepId,
};
use crate::{Error, Options, Plan};

/// A source of a `COPY` or of a mount that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingSource {
    /// What was asked for, from the root of the tree.
    pub path: PathBuf,
    /// Where it was looked for.
    pub tree: String,
    /// What hides it, if it is there: a file with a line and a pattern.
    pub hidden_by: Option<String>,
    /// What could be meant, and what could be done; the likeliest first.
    pub hints: Vec<String>,
    /// The word of the Dockerfile that names it.
    pub span: Option<Span>,
}

impl MissingSource {
    /// A path that is not in a tree.
    pub(crate) fn new(path: &Path, tree: &str) -> Self {
        Self {
            path: path.to_owned(),
            tree: tree.to_owned(),
            ..Self::default()
        }
    }
}

impl fmt::Display for MissingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.hidden_by {
            Some(pattern) => write!(f, "`{path}` is hidden from {} by {pattern}", self.tree),
            None => write!(f, "`{path}` is not in {}", self.tree),
        }
    }
}

impl From<MissingSource> for Error {
    fn from(missing: MissingSource) -> Self {
        Self::SourceMissing(Box::new(missing))
    }
}

/// Looks around for what a step may have meant.
pub(crate) struct Advisor<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Options,
    pub(crate) schedule: &'a Schedule<'a>,
}

impl Advisor<'_> {
    /// Adds to the error of step `id` what could help.
    pub(crate) fn advise(&self, id: StepId, mut missing: MissingSource) -> MissingSource {
        let step = &self.plan.steps[id.0 as usize];
        match &step.operation {
            Operation::Copy(copy) => {
                missing.span = self.place(id, copy, &missing.path);
                missing.hints.extend(leads_out(copy, &missing.path));
                match &copy.source {
                    Source::Context(name) => self.in_context(step, name, &mut missing),
                    Source::Filesystem(from) => self.in_filesystem(*from, &mut missing),
                }
            }
            Operation::Run(run) => self.in_mount(id, run, &mut missing),
            Operation::Fetch(_) | Operation::Image(_) | Operation::Workdir { .. } => {}
        }
        missing
    }

    /// The word that names the source.
    fn place(&self, id: StepId, copy: &CopyOperation, path: &Path) -> Option<Span> {
        let places = self.plan.places.get(&id)?;
        let item = copy.items.iter().position(|item| item_is(item, path));
        let word = item.and_then(|item| places.sources.get(item).copied());
        word.or(places.whole)
    }

    /// Files of a stage that a `RUN` binds; those of a context are a step's of their own.
    fn in_mount(&self, id: StepId, run: &RunOperation, missing: &mut MissingSource) {
        for (at, mount) in run.mounts.iter().enumerate() {
            let MountKind::Bind { from, source, .. } = &mount.kind else {
                continue;
            };
            if Path::new(source) == missing.path {
                let places = self.plan.places.get(&id);
                missing.span = places.and_then(|places| places.mounts.get(at).copied());
                return self.in_filesystem(*from, missing);
            }
        }
    }

    fn in_context(&self, step: &Step, name: &ContextName, missing: &mut MissingSource) {
        if missing.hidden_by.is_some() {
            let path = missing.path.display();
            let hint = format!(
                "take it back with a line `!{}`",
                relative(&path.to_string())
            );
            missing.hints.push(hint);
            return;
        }
        if let Ok(tree) = self.schedule.contexts.tree_of(name) {
            similar(&tree, missing);
        }
        self.beside_the_dockerfile(name, missing);
        self.in_stages(step.below, missing);
    }

    fn in_filesystem(&self, from: Filesystem, missing: &mut MissingSource) {
        if let Ok(tree) = self.schedule.tree(from) {
            similar(&tree, missing);
        }
        let in_context = |tree: &Tree| tree.look(&missing.path).is_ok_and(|found| found.is_some());
        if self
            .schedule
            .contexts
            .tree_of(&ContextName::Main)
            .is_ok_and(|tree| in_context(&tree))
        {
            let hint = "the build context has it: leave --from out";
            missing.hints.push(hint.to_owned());
        }
        self.in_stages(from, missing);
    }

    /// A context that is too high or too low: the path is right from the Dockerfile's folder.
    fn beside_the_dockerfile(&self, name: &ContextName, missing: &mut MissingSource) {
        let Some(folder) = Path::new(self.options.dockerfile.name()).parent() else {
            return;
        };
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        let there = Root::open(folder).and_then(|root| root.metadata(&missing.path));
        if *name == ContextName::Main && there.is_ok_and(|metadata| metadata.is_some()) {
            let folder = folder.display();
            missing.hints.push(format!(
                "it is in the Dockerfile's folder: is `{folder}` meant to be the build context?"
            ));
        }
    }

    /// Stages that have the path, as far as they were made; `but` is the one that was looked in.
    fn in_stages(&self, but: Filesystem, missing: &mut MissingSource) {
        for stage in &self.plan.stages {
            let Some(image) = &stage.image else { continue };
            if image.filesystem.is_none() || image.filesystem == but {
                continue;
            }
            let found = self.schedule.union(image.filesystem).and_then(|union| {
                let found = union.lookup(&missing.path, FollowLast::Yes);
                found.ok().flatten()
            });
            if found.is_some() {
                let name = &stage.name;
                missing
                    .hints
                    .push(format!("stage `{name}` has it: --from={name}"));
            }
        }
    }
}

/// Whether an item of a copy names a path.
fn item_is(item: &CopyItem, path: &Path) -> bool {
    let CopyItem::Path(text) = item else {
        return false;
    };
    Path::new(&glob::clean(&format!("/{text}"))) == path
}

/// What to say of a source that would lie outside its tree: `..` stops at the root.
fn leads_out(copy: &CopyOperation, path: &Path) -> Option<String> {
    let Source::Context(name) = &copy.source else {
        return None;
    };
    let item = copy.items.iter().find(|item| item_is(item, path))?;
    let CopyItem::Path(text) = item else {
        return None;
    };
    glob::clean(relative(text)).starts_with("..").then(|| {
        format!(
            "`{text}` leads out of {name}, and nothing outside can be copied: choose a folder further up, \
             or add one with --build-context NAME=DIR and copy --from=NAME"
        )
    })
}

/// What in the tree has nearly the name, or the name elsewhere.
fn similar(tree: &Tree, missing: &mut MissingSource) {
    let hint = match near::spelled_alike(tree, &missing.path) {
        Some(path) => Some(format!("did you mean `{}`?", path.display())),
        None => elsewhere(&near::of_the_same_name(tree, &missing.path)),
    };
    missing.hints.extend(hint);
}

fn elsewhere(paths: &[PathBuf]) -> Option<String> {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    (!shown.is_empty()).then(|| format!("did you mean {}?", shown.join(" or ")))
}

fn relative(path: &str) -> &str {
    path.trim_start_matches('/')
}
