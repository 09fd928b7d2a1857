//! The account of a build: what the last one was made of, what came of this one, and what the next will compare with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use store::{LastBuild, List, Store};

use super::align::align;
use super::inputs::{self, StepInputs, values};
use super::{Explained, Reason, Verdict, listing};
use crate::context::Origin;
use crate::key::{Key, KeyWriter};
use crate::schedule::Schedule;
use crate::select::Selection;
use crate::step::{Operation, Step, StepId};
use crate::{Event, Options, Plan, StepTitle};

/// What became of the steps, by the events of the build.
#[derive(Debug, Default)]
pub(crate) struct Fates(Mutex<BTreeMap<StepId, Fate>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Cached,
    Imported(String),
    Executed,
    Failed,
}

impl Fates {
    /// Takes note of an event.
    pub(crate) fn note(&self, event: &Event) {
        let (id, fate) = match event {
            Event::Cached(id) => (*id, Fate::Cached),
            Event::Imported(id, cache) => (*id, Fate::Imported(cache.clone())),
            Event::Started(id) | Event::Finished(id) => (*id, Fate::Executed),
            Event::Failed(id) => (*id, Fate::Failed),
            _ => return,
        };
        let mut fates = self.0.lock().expect("no thread panics with it");
        // Where it came from says more than that it was there.
        match fates.get(&id) {
            Some(Fate::Imported(_)) if fate == Fate::Cached => {}
            _ => drop(fates.insert(id, fate)),
        }
    }

    fn of(&self, id: StepId) -> Option<Fate> {
        let fates = self.0.lock().expect("no thread panics with it");
        fates.get(&id).cloned()
    }
}

/// The account of one build.
pub(crate) struct Account<'a> {
    plan: &'a Plan,
    options: &'a Options,
    store: &'a Store,
    memory: LastBuild<'a>,
    titles: &'a [StepTitle],
    /// The steps of the last build; `None` if there was none, or its memory is damaged.
    before: Option<Vec<StepInputs>>,
}

impl<'a> Account<'a> {
    /// Opens the account of a build that is about to begin.
    pub(crate) fn open(
        plan: &'a Plan,
        options: &'a Options,
        store: &'a Store,
        titles: &'a [StepTitle],
    ) -> Self {
        let memory = store.last_build(&identity(options));
        let before = memory.steps().ok().flatten();
        Self {
            plan,
            options,
            store,
            titles,
            before: before.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
            memory,
        }
    }

    /// Closes it when the build is over, however it ended: keeps what the next build compares with, and gives the
    /// reasons if they were asked for. That it cannot be kept is no reason to fail.
    pub(crate) fn close(&self, schedule: &Schedule<'_>, fates: &Fates) -> Option<Vec<Explained>> {
        let before = self.before.as_deref().unwrap_or_default();
        let mut now: Vec<StepInputs> = self.titles.iter().map(|title| self.named(title)).collect();
        let pairs = align(before, &now);
        let ended = Ended {
            account: self,
            schedule,
            fates,
            before: pairs
                .iter()
                .map(|old| old.map(|old| &before[old]))
                .collect(),
        };
        for (title, step) in self.titles.iter().zip(&mut now) {
            ended.fill_in(title.id, step);
        }
        let explained = self.options.reporting.explain.then(|| {
            let steps = self.titles.iter().map(|title| Explained {
                title: title.clone(),
                verdict: ended.verdict(title.id, &now),
            });
            steps.collect()
        });
        let _ = ended.keep(now);
        explained
    }

    fn named(&self, title: &StepTitle) -> StepInputs {
        let (values, _) = values(&self.plan.steps[title.id.0 as usize]);
        StepInputs {
            stage: title.stage.clone(),
            title: title.text.clone(),
            values,
            ..StepInputs::default()
        }
    }
}

/// A build that is over.
struct Ended<'e> {
    account: &'e Account<'e>,
    schedule: &'e Schedule<'e>,
    fates: &'e Fates,
    /// What each step was in the last build.
    before: Vec<Option<&'e StepInputs>>,
}

impl Ended<'_> {
    fn step(&self, id: StepId) -> &Step {
        &self.account.plan.steps[id.0 as usize]
    }

    fn old(&self, id: StepId) -> Option<&StepInputs> {
        self.before[id.0 as usize]
    }

    /// What is known of a step. One that is what it was, and was not executed, is as it stands in the memory: nobody
    /// had to look at its inputs.
    fn fill_in(&self, id: StepId, step: &mut StepInputs) {
        let Some(key) = self.schedule.known_key(id) else {
            return;
        };
        step.key = key.to_hex();
        let fate = self.fates.of(id);
        if let Some(old) = self.old(id)
            && old.key == step.key
            && old.result.is_some()
            && fate == Some(Fate::Cached)
        {
            step.below.clone_from(&old.below);
            step.files.clone_from(&old.files);
            step.inputs.clone_from(&old.inputs);
            step.result.clone_from(&old.result);
            return;
        }
        step.below = self.step(id).below.and_then(|below| self.on_top(below));
        step.files = self.selection(id).map(|files| files.key().to_hex());
        let inputs = self.step(id).operation.inputs().into_iter();
        step.inputs = inputs
            .map(|input| (self.schedule.name_of(Some(input)), self.on_top(input)))
            .collect();
        step.result = match fate {
            Some(Fate::Failed) | None => None,
            _ => self.on_top(id),
        };
    }

    /// The snapshot on top of what a step left.
    fn on_top(&self, id: StepId) -> Option<String> {
        Some(self.schedule.peek(id)?.stack.last()?.to_string())
    }

    fn selection(&self, id: StepId) -> Option<Arc<Selection>> {
        self.schedule.contexts.selected(id)
    }

    fn verdict(&self, id: StepId, now: &[StepInputs]) -> Verdict {
        match self.fates.of(id) {
            Some(Fate::Cached) => Verdict::Hit,
            Some(Fate::Imported(cache)) => Verdict::Imported(cache),
            Some(Fate::Executed | Fate::Failed) => Verdict::Miss(self.reasons(id, now)),
            None => Verdict::NotReached,
        }
    }

    fn reasons(&self, id: StepId, now: &[StepInputs]) -> Vec<Reason> {
        if self.step(id).no_cache {
            return vec![Reason::NoCache];
        }
        if let Operation::Image(_) = self.step(id).operation {
            let other = self.other_image(id);
            return vec![other.unwrap_or(Reason::NotUnpacked)];
        }
        let step = &now[id.0 as usize];
        let Some(old) = self.old(id) else {
            return vec![match self.account.before {
                None => Reason::FirstBuild,
                Some(_) => Reason::NewStep,
            }];
        };
        let mut reasons = self.other_values(id, step, old);
        if step.files != old.files {
            reasons.push(self.other_files(id, old));
        }
        reasons.extend(self.other_ground(id, now, old));
        for input in step
            .inputs
            .iter()
            .filter(|input| !old.inputs.contains(input))
        {
            let name = input.0.clone();
            reasons.push(Reason::Input { name });
        }
        if reasons.is_empty() {
            reasons.push(self.loss(old));
        }
        reasons
    }

    /// The values that are others. If the instruction is, that says it all but for what does not stand in it.
    fn other_values(&self, id: StepId, step: &StepInputs, old: &StepInputs) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let mut written = 0;
        if step.title != old.title {
            (_, written) = values(self.step(id));
            reasons.push(Reason::Value {
                name: "instruction".to_owned(),
                before: Some(old.title.clone()),
                now: Some(step.title.clone()),
            });
        }
        let stands_in_it = |name: &str| step.values[..written].iter().any(|(n, _)| n == name);
        let only_in = |these: &[(String, String)], those: &[(String, String)]| {
            let missing = these.iter().filter(|value| !those.contains(value));
            missing.cloned().collect::<Vec<_>>()
        };
        let mut gone = only_in(&old.values, &step.values);
        for (name, now) in only_in(&step.values, &old.values) {
            let at = gone.iter().position(|(n, _)| *n == name);
            let before = at.map(|at| gone.remove(at).1);
            if !stands_in_it(&name) {
                reasons.push(value(name, before, Some(now)));
            }
        }
        for (name, before) in gone {
            if !stands_in_it(&name) {
                reasons.push(value(name, Some(before), None));
            }
        }
        reasons
    }

    fn other_files(&self, id: StepId, old: &StepInputs) -> Reason {
        let list = old.files.as_deref().and_then(Key::from_hex);
        let list = list.and_then(|key| self.account.memory.list(&key.0).ok().flatten());
        let before = list.and_then(|bytes| listing::read(&bytes));
        let now = self.selection(id);
        let now = now.and_then(|selection| listing::read(&listing::write(&selection)));
        match (before, now) {
            (Some(before), Some(now)) => Reason::Files(listing::changes(&before, &now)),
            _ => Reason::UnknownFiles,
        }
    }

    /// What the step stands on is another; a linked layer stands on nothing.
    fn other_ground(&self, id: StepId, now: &[StepInputs], old: &StepInputs) -> Option<Reason> {
        let step = self.step(id);
        let linked = self.step(id).is_linked();
        let below = step
            .below
            .filter(|_| !linked && now[id.0 as usize].below != old.below)?;
        let again = || Reason::Below(self.account.titles[below.0 as usize].clone());
        Some(self.other_image(below).unwrap_or_else(again))
    }

    /// The name of an image stands for another one.
    fn other_image(&self, id: StepId) -> Option<Reason> {
        let Operation::Image(image) = &self.step(id).operation else {
            return None;
        };
        let before = self.old(id)?.digest()?;
        let now = image.descriptor.digest.to_string();
        (before != now).then(|| Reason::Value {
            name: format!("image {}", image.name),
            before: Some(before.to_owned()),
            now: Some(now),
        })
    }

    /// Nothing has changed: something was lost.
    fn loss(&self, old: &StepInputs) -> Reason {
        let Some(result) = &old.result else {
            return Reason::NotFinished;
        };
        let id = result.parse().ok();
        match id.and_then(|id| self.account.store.snapshot(&id).ok().flatten()) {
            Some(_) => Reason::RecordGone,
            None => Reason::LayerGone,
        }
    }

    /// Remembers the build. Of a step that was not reached stays what was known of it.
    fn keep(&self, mut now: Vec<StepInputs>) -> Result<(), store::Error> {
        let mut selections = BTreeMap::new();
        for (title, step) in self.account.titles.iter().zip(&mut now) {
            match self.old(title.id) {
                Some(old) if self.fates.of(title.id).is_none() => *step = old.clone(),
                _ => {}
            }
            if let Some(selection) = self.selection(title.id) {
                selections.insert(selection.key(), selection);
            }
        }
        let writers: BTreeMap<Key, _> = selections
            .iter()
            .map(|(key, selection)| (*key, || listing::write(selection)))
            .collect();
        let named = now
            .iter()
            .filter_map(|step| Key::from_hex(step.files.as_deref()?));
        let lists: Vec<List<'_>> = named
            .map(|key| {
                let write = writers.get(&key).map(|write| write as &dyn Fn() -> Vec<u8>);
                (key.0, write)
            })
            .collect();
        let steps = serde_json::to_vec(&now).expect("it has only plain fields");
        self.account.memory.put(&steps, &lists)
    }
}

fn value(name: String, before: Option<String>, now: Option<String>) -> Reason {
    // An option that is not set is an empty value.
    let set = |value: Option<String>| {
        let value = value.filter(|value| !value.is_empty())?;
        Some(inputs::to_show(value))
    };
    Reason::Value {
        name,
        before: set(before),
        now: set(now),
    }
}

/// What makes two builds the same one: the Dockerfile, the context, the target and the platforms.
fn identity(options: &Options) -> [u8; 32] {
    let mut key = KeyWriter::new("build");
    let file = Path::new(options.dockerfile.name());
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match options
        .context
        .as_ref()
        .map(|context| (context, &context.origin))
    {
        // What was fetched lies somewhere else each time.
        Some((_, Origin::Fetched(fetched))) => {
            key.text(fetched.from.get().map_or("standard input", String::as_str));
            key.bytes(file.file_name().unwrap_or_default().as_encoded_bytes());
        }
        context => {
            let folder = context.map(|(context, _)| canonical(&context.directory));
            key.bytes(folder.unwrap_or_default().as_os_str().as_encoded_bytes());
            key.bytes(canonical(file).as_os_str().as_encoded_bytes());
        }
    }
    key.text(options.target.as_deref().unwrap_or_default());
    for platform in &options.platforms {
        key.text(&platform.to_string());
    }
    key.finish().0
}
