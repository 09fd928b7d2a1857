//! The names in a Dockerfile, stages and variables: where they are defined, and where they stand.
//!
//! Variables are looked for in the text of instructions, scripts of `RUN` included, by their `$`: where a shell has one of
//! its own with the name of an `ARG` or `ENV`, that is taken for it.

mod uses;

use std::collections::HashMap;
use std::rc::Rc;

use dockerfile::ast::{
    ArgDeclaration, Dockerfile, Instruction, Kind, MountFlag, Pair, Stage, Word,
};
use dockerfile::{Source, Span};

/// All names of a file.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Where names stand, in the order of the text.
    mentions: Vec<Mention>,
    definitions: Vec<Definition>,
}

/// A name somewhere in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mention {
    /// Where.
    pub(super) place: Span,
    /// Whether this is a definition.
    pub(super) is_definition: bool,
    /// What it stands for: an index into the definitions.
    definition: usize,
    /// Mentions of the same thing have the same number.
    thing: usize,
}

/// What gives a name its meaning.
#[derive(Debug)]
pub(super) struct Definition {
    /// The name in it; where a stage has none, the keyword.
    pub(super) name: Span,
    /// The instruction.
    pub(super) instruction: Span,
    /// The text that shows it: `ARG VERSION=1`.
    pub(super) shown: String,
}

impl Mentions {
    /// Finds them.
    pub(super) fn of(source: &Source, file: &Dockerfile) -> Self {
        let mut finder = Finder {
            source,
            file,
            found: Self::default(),
            stages: Vec::new(),
            things: 0,
        };
        finder.file();
        finder.found.mentions.sort_by_key(|mention| mention.place);
        finder.found
    }

    /// The name at a place, its ends included.
    pub(super) fn at(&self, byte: u32) -> Option<&Mention> {
        let before = self.mentions.partition_point(|m| m.place.start <= byte);
        let mut near = self.mentions[..before].iter().rev().take(2);
        near.find(|mention| byte <= mention.place.end)
    }

    /// What a name stands for.
    pub(super) fn definition(&self, mention: &Mention) -> &Definition {
        &self.definitions[mention.definition]
    }

    /// All that stand for the same as this one.
    pub(super) fn same<'m>(&'m self, mention: &'m Mention) -> impl Iterator<Item = &'m Mention> {
        let all = self.mentions.iter();
        all.filter(|other| other.thing == mention.thing)
    }
}

/// A variable where it has a value: what it is, and the definition that counts.
#[derive(Clone, Copy, Debug)]
struct Bound {
    thing: usize,
    definition: usize,
}

/// The variables that hold somewhere.
type Scope<'a> = Rc<HashMap<&'a str, Bound>>;

struct Finder<'a> {
    source: &'a Source,
    file: &'a Dockerfile,
    found: Mentions,
    /// The stages so far: what they are, and their variables at their ends.
    stages: Vec<(Bound, Scope<'a>)>,
    things: usize,
}

impl<'a> Finder<'a> {
    fn file(&mut self) {
        let mut globals = Scope::default();
        let nothing = Scope::default();
        for instruction in &self.file.global_args {
            self.instruction(instruction, &mut globals, &nothing);
        }
        for (index, stage) in self.file.stages.iter().enumerate() {
            self.uses(stage.span, &globals);
            let base = self.stage(stage.base.text.as_str(), index);
            let mut scope = match base {
                Some(base) => {
                    self.mention(stage.base.span, self.stages[base].0);
                    Rc::clone(&self.stages[base].1)
                }
                None => Scope::default(),
            };
            let bound = self.define_stage(stage);
            for instruction in &stage.instructions {
                self.instruction(instruction, &mut scope, &globals);
            }
            self.stages.push((bound, scope));
        }
    }

    /// The last of the first `before` stages with a name.
    fn stage(&self, name: &str, before: usize) -> Option<usize> {
        let name = name.to_lowercase();
        let is_it = |stage: &Stage| stage.name.as_ref().is_some_and(|word| word.text == name);
        self.file.stages[..before].iter().rposition(is_it)
    }

    fn define_stage(&mut self, stage: &Stage) -> Bound {
        let place = stage.name_written.as_ref().unwrap_or(&stage.keyword).span;
        let thing = self.new_thing();
        let bound = self.definition(thing, place, stage.span, stage.original.clone());
        if stage.name_written.is_some() {
            self.mention_definition(place, bound);
        }
        bound
    }

    fn instruction(
        &mut self,
        instruction: &'a Instruction,
        scope: &mut Scope<'a>,
        globals: &Scope<'a>,
    ) {
        match &instruction.kind {
            Kind::Arg(declarations) => {
                for declaration in declarations {
                    self.argument(instruction, declaration, scope, globals);
                }
                return;
            }
            Kind::Copy(copy) => {
                if let Some(from) = &copy.from {
                    self.source_stage(&from.text, from.span);
                }
            }
            Kind::Run(run) => run.mounts.iter().for_each(|mount| self.mount(mount)),
            Kind::Onbuild(onbuild) => {
                return self.instruction(&onbuild.instruction, scope, globals);
            }
            _ => {}
        }
        self.uses(instruction.span, scope);
        if let Kind::Env(pairs) = &instruction.kind {
            for pair in pairs {
                self.variable(instruction, pair, scope);
            }
        }
    }

    /// `COPY --from`, `RUN --mount=from`: a stage before this one, by its name or number.
    fn source_stage(&mut self, name: &str, place: Span) {
        let before = self.stages.len();
        let by_number = || name.parse().ok().filter(|number| *number < before);
        if let Some(stage) = self.stage(name, before).or_else(by_number) {
            self.mention(place, self.stages[stage].0);
        }
    }

    fn mount(&mut self, mount: &MountFlag) {
        let from = mount.fields.iter().find(|(key, _)| key == "from");
        let Some(name) = from.and_then(|(_, value)| value.as_deref()) else {
            return;
        };
        let text = self.source.slice(mount.span).to_ascii_lowercase();
        let field = format!("from={}", name.to_ascii_lowercase());
        let starts = text.match_indices(&field).map(|(at, _)| at);
        let mut starts = starts.filter(|at| text[..*at].ends_with([',', '=', '"']));
        if let Some(at) = starts.next().and_then(|at| u32::try_from(at).ok()) {
            let start = mount.span.start + at + 5;
            let length = u32::try_from(name.len()).unwrap_or(0);
            self.source_stage(name, Span::new(start, start + length));
        }
    }

    /// `ARG`: without a default it is the one before the first `FROM`, where there is one.
    fn argument(
        &mut self,
        instruction: &Instruction,
        declaration: &'a ArgDeclaration,
        scope: &mut Scope<'a>,
        globals: &Scope<'a>,
    ) {
        if let Some(default) = &declaration.default {
            self.uses(default.span, scope);
        }
        let name = declaration.name.text.as_str();
        let global = globals.get(name).filter(|_| declaration.default.is_none());
        let known = global.or_else(|| scope.get(name)).copied();
        let thing = known.map_or_else(|| self.new_thing(), |bound| bound.thing);
        let place = declaration.name.span;
        let shown = shown("ARG", &declaration.name, declaration.default.as_ref());
        let mut bound = self.definition(thing, place, instruction.span, shown);
        if let Some(global) = global {
            bound = *global;
        }
        self.mention_definition(place, bound);
        Rc::make_mut(scope).insert(name, bound);
    }

    fn variable(&mut self, instruction: &Instruction, pair: &'a Pair, scope: &mut Scope<'a>) {
        let name = pair.name.text.as_str();
        let known = scope.get(name).map(|bound| bound.thing);
        let thing = known.unwrap_or_else(|| self.new_thing());
        let shown = shown("ENV", &pair.name, Some(&pair.value));
        let bound = self.definition(thing, pair.name.span, instruction.span, shown);
        self.mention_definition(pair.name.span, bound);
        Rc::make_mut(scope).insert(name, bound);
    }

    /// The variables in a part of the text.
    fn uses(&mut self, place: Span, scope: &Scope<'a>) {
        if scope.is_empty() {
            return;
        }
        for name in uses::of(self.source, place, &self.file.comments) {
            if let Some(bound) = scope.get(self.source.slice(name)) {
                self.mention(name, *bound);
            }
        }
    }

    fn new_thing(&mut self) -> usize {
        self.things += 1;
        self.things
    }

    fn definition(&mut self, thing: usize, name: Span, instruction: Span, shown: String) -> Bound {
        let definition = self.found.definitions.len();
        self.found.definitions.push(Definition {
            name,
            instruction,
            shown,
        });
        Bound { thing, definition }
    }

    fn mention(&mut self, place: Span, bound: Bound) {
        self.push(place, bound, false);
    }

    fn mention_definition(&mut self, place: Span, bound: Bound) {
        self.push(place, bound, true);
    }

    fn push(&mut self, place: Span, bound: Bound, is_definition: bool) {
        self.found.mentions.push(Mention {
            place,
            is_definition,
            definition: bound.definition,
            thing: bound.thing,
        });
    }
}

fn shown(keyword: &str, name: &Word, value: Option<&Word>) -> String {
    match value {
        Some(value) => format!("{keyword} {}={}", name.text, value.text),
        None => format!("{keyword} {}", name.text),
    }
}

#[cfg(test)]
mod tests {
    use super::Mentions;
    use dockerfile::{Source, parse};

    /// The lines of what stands for the same as the name behind the first `^` does: definitions with a star, the line of
    /// what it means first.
    fn same(text: &str) -> String {
        let at = text.find('^').expect("a place is marked");
        let text = text.replacen('^', "", 1);
        let source = Source::new("Dockerfile", text);
        let parsed = parse(&source);
        assert_eq!(parsed.diagnostics, []);
        let mentions = Mentions::of(&source, &parsed.dockerfile);
        let Some(found) = mentions.at(u32::try_from(at).unwrap()) else {
            return "nothing".to_owned();
        };
        let line = |place: dockerfile::Span| source.line(place.start);
        let mut out = format!("{}:", line(mentions.definition(found).name));
        for mention in mentions.same(found) {
            let star = if mention.is_definition { "*" } else { "" };
            out.push_str(&format!(" {}{star}", line(mention.place)));
        }
        out
    }

    #[test]
    fn stages_are_found() {
        let text = "FROM a AS Build\nFROM build AS b\nCOPY --from=^build / /x/\nRUN --mount=type=bind,from=BUILD,target=/x true\n\
            FROM scratch\nCOPY --from=0 / /y/\nCOPY --from=other / /z/\n";
        assert_eq!(same(text), "1: 1* 2 3 4 6");
        assert_eq!(
            same(&text.replace('^', "").replace("from=BUILD", "from=B^UILD")),
            "1: 1* 2 3 4 6"
        );
        assert_eq!(
            same(&text.replace('^', "").replace("--from=0", "--from=^0")),
            "1: 1* 2 3 4 6"
        );
        assert_eq!(
            same("FROM a\nCOPY --from=^0 / /\nFROM b\nCOPY --from=0 / /\n"),
            "nothing"
        );
        assert_eq!(same("FROM a\nFROM b\nCOPY --from=^0 / /\n"), "1: 3");
    }

    #[test]
    fn variables_belong_to_their_stages() {
        let text = "ARG V=1\nFROM a:$V AS a\nARG V\nRUN echo ${^V:-x} \\$V $VV \"$V\"\nFROM b\nRUN echo $V\nFROM a\nENV V=$V\nRUN x $V\n";
        assert_eq!(same(text), "1: 1* 2 3* 4 4 8* 8 9");
        assert_eq!(
            same(&text.replace('^', "").replace("x $V\n", "x $^V\n")),
            "8: 1* 2 3* 4 4 8* 8 9"
        );
        assert_eq!(
            same(
                &text
                    .replace('^', "")
                    .replace("RUN echo $V\n", "RUN echo $^V\n")
            ),
            "nothing"
        );
    }

    #[test]
    fn an_argument_with_a_default_is_another_one() {
        assert_eq!(same("ARG V=1\nFROM a:$V\nARG ^V=2\nRUN $V\n"), "3: 3* 4");
        assert_eq!(same("ARG A=1 B=$^A\nFROM $B\n"), "1: 1* 1");
    }

    #[test]
    fn scripts_are_looked_into() {
        let text = "FROM a\nENV A=1 \\\n    B=2\nRUN x && \\\n# $B\n  y ${B%.*}\nRUN <<EOF\necho $^B\nEOF\nONBUILD RUN $B\n";
        assert_eq!(same(text), "3: 3* 6 8 10");
    }
}
