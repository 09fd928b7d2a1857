//! Plans as text: steps, config and history of small Dockerfiles. Nothing is executed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use oci::{Descriptor, ImageConfig, Manifest, Platform, Reference};

use super::{Bases, plan};
use crate::context::LocalContext;
use crate::key::{self, Key};
use crate::step::{Operation, Source, StepId};
use crate::{BaseImage, Error, NoCache, OciLayout, Options};

/// An image `base` with one layer; every other name is unknown.
struct OneBase(ImageConfig);

impl Bases for OneBase {
    fn resolve(&self, reference: &Reference, _: &Platform) -> Result<Arc<BaseImage>, Error> {
        let name = reference.familiar();
        if !name.starts_with("base") {
            return Err(Error::Base {
                name,
                reason: "it is unknown".to_owned(),
                not_found: true,
            });
        }
        let blob = oci::Descriptor::new(
            oci::MediaType::OciConfig,
            oci::Digest::sha256(name.as_bytes()),
            2,
        );
        Ok(Arc::new(BaseImage {
            name,
            reference: Some(reference.clone()),
            config: self.0.clone(),
            manifest: Manifest::new(blob.clone(), Vec::new()),
            descriptor: blob.clone(),
            root: blob,
        }))
    }

    fn built(&self, _: &str, _: &Descriptor, platform: &Platform) -> Result<Arc<BaseImage>, Error> {
        self.resolve(&"built".parse().expect("a name"), platform)
    }

    fn layout(&self, _: &OciLayout, _: &Platform) -> Result<Arc<BaseImage>, Error> {
        unreachable!("no plan here has a layout")
    }
}

fn base() -> OneBase {
    let mut config = ImageConfig::new(&Platform::host());
    config.config.env = vec!["PATH=/bin".to_owned(), "FROM_BASE=yes".to_owned()];
    config.config.cmd = vec!["sh".to_owned()];
    config.rootfs.diff_ids = vec![oci::DiffId(oci::Digest::sha256(b"base layer"))];
    OneBase(config)
}

fn options(text: &str) -> Options {
    Options {
        cache: crate::CacheOptions::default(),
        dockerfile: dockerfile::Source::new("Dockerfile", text.to_owned()),
        context: Some(LocalContext {
            directory: "/nowhere".into(),
            ignore: None,
            origin: crate::Origin::Host,
        }),
        named_contexts: BTreeMap::new(),
        target: None,
        build_args: BTreeMap::new(),
        labels: BTreeMap::new(),
        platforms: Vec::new(),
        secrets: BTreeMap::new(),
        no_cache: NoCache::No,
        pull: false,
        network: dockerfile::ast::Network::Default,
        run: crate::RunOptions::default(),
        times: crate::Times::default(),
        add_hosts: Vec::new(),
        reporting: crate::Reporting::default(),
        wanted: crate::Wanted::default(),
    }
}

fn planned(options: &Options) -> Result<super::Plan, Error> {
    let parsed = dockerfile::parse(&options.dockerfile);
    assert_eq!(parsed.diagnostics, []);
    plan(&parsed.dockerfile, options, &base())
}

/// The steps, one a line: number, what is below it, what it takes in, what it does.
fn steps(text: &str) -> String {
    let plan = planned(&options(text)).unwrap();
    let mut shown = String::new();
    for (id, step) in plan.steps.iter().enumerate() {
        let below = step
            .below
            .map_or("-".to_owned(), |below| below.0.to_string());
        write!(shown, "{id} on {below}: ").unwrap();
        match &step.operation {
            Operation::Image(image) => write!(shown, "image {}", image.name).unwrap(),
            Operation::Fetch(remote) => write!(shown, "fetch {}", remote.shown()).unwrap(),
            Operation::Workdir { path, user } => {
                write!(shown, "workdir {path} of {user:?}").unwrap();
            }
            Operation::Copy(copy) => {
                let from = match &copy.source {
                    Source::Context(name) => name.to_string(),
                    Source::Filesystem(id) => format!("{:?}", id.map(|id| id.0)),
                };
                write!(
                    shown,
                    "copy {:?} from {from} to {}",
                    copy.items.len(),
                    copy.destination
                )
                .unwrap();
            }
            Operation::Run(run) => write!(shown, "run {}", run.arguments.join(" ")).unwrap(),
        }
        shown.push('\n');
    }
    shown
}

fn keys(text: &str) -> Vec<Key> {
    let plan = planned(&options(text)).unwrap();
    let mut keys: Vec<Key> = Vec::new();
    for step in &plan.steps {
        keys.push(key::definition(step, &|id: StepId| keys[id.0 as usize]));
    }
    keys
}

#[test]
fn only_what_the_target_needs_is_planned() {
    insta::assert_snapshot!(
        steps(
            "FROM unknown AS never\nRUN false\n\
             FROM base AS builder\nWORKDIR /src\nCOPY . .\nRUN make\n\
             FROM scratch\nCOPY --from=builder /src/app /app\nENTRYPOINT [\"/app\"]\n"
        ),
        @r#"
    0 on -: image base:latest
    1 on 0: workdir /src of ""
    2 on 1: copy 1 from the build context to /src/
    3 on 2: run /bin/sh -c make
    4 on -: copy 1 from Some(3) to /app
    "#
    );
}

#[test]
fn equal_steps_of_two_stages_are_one() {
    let text = "FROM base AS a\nRUN make\nFROM base AS b\nRUN make\nFROM scratch\n\
                COPY --from=a /x /a\nCOPY --from=b /x /b\n";
    assert_eq!(steps(text).matches("run").count(), 1);
}

#[test]
fn an_argument_changes_the_run_below_it_and_not_the_copy_above() {
    let with = |value: &str| keys(&format!("FROM base\nCOPY a /a\nARG V={value}\nRUN true\n"));
    let (one, two) = (with("1"), with("2"));
    assert_eq!(one[..2], two[..2]);
    assert_ne!(one[2], two[2]);
}

#[test]
fn names_of_stages_and_caches_are_no_part_of_a_key() {
    let with = |stage: &str, id: &str| {
        keys(&format!(
            "FROM base AS {stage}\nRUN --mount=type=cache,id={id},target=/c make\n"
        ))
    };
    assert_eq!(with("one", "x"), with("two", "y"));
}

#[test]
fn entrypoint_drops_an_inherited_command_only() {
    let of = |text: &str| {
        planned(&options(text))
            .unwrap()
            .results()
            .next()
            .unwrap()
            .config
            .config
            .clone()
    };
    assert_eq!(
        of("FROM base\nENTRYPOINT [\"e\"]\n").cmd,
        Vec::<String>::new()
    );
    assert_eq!(
        of("FROM base\nCMD [\"c\"]\nENTRYPOINT [\"e\"]\n").cmd,
        ["c"]
    );
    assert_eq!(of("FROM base\nLABEL a=1\n").cmd, ["sh"]);
}

#[test]
fn the_later_of_arg_and_env_wins_and_a_child_stage_sees_the_env() {
    let mut options =
        options("FROM base AS p\nENV D=env\nARG D=arg\nLABEL own=$D\nFROM p\nLABEL child=$D\n");
    let labels = planned(&options)
        .unwrap()
        .results()
        .next()
        .unwrap()
        .config
        .config
        .labels
        .clone();
    assert_eq!(
        (labels["own"].as_str(), labels["child"].as_str()),
        ("arg", "env")
    );
    options.build_args.insert("D".to_owned(), "cli".to_owned());
    let labels = planned(&options)
        .unwrap()
        .results()
        .next()
        .unwrap()
        .config
        .config
        .labels
        .clone();
    assert_eq!(
        (labels["own"].as_str(), labels["child"].as_str()),
        ("cli", "env")
    );
}

#[test]
fn what_is_too_large_is_refused() {
    let message = |text: String| planned(&options(&text)).unwrap_err().to_string();
    let chain = |length: usize| {
        let stage = |n| format!("FROM s{} AS s{n}\n", n - 1);
        "FROM base AS s0\n".to_owned() + &(1..length).map(stage).collect::<String>()
    };
    // Without optimisation this takes more than the stack of a test, and less than that of a program.
    std::thread::scope(|scope| {
        let stages = || {
            planned(&options(&chain(100))).unwrap();
            let deep = "stages need one another more than 100 deep";
            assert_eq!(message(chain(1_000)), deep);
        };
        let builder = std::thread::Builder::new().stack_size(8 << 20);
        builder.spawn_scoped(scope, stages).unwrap();
    });
    let layers = "FROM base\n".to_owned() + &"RUN true\n".repeat(501);
    assert_eq!(message(layers), "there are more than 500 layers in a stage");
    let notes = "FROM base\n".to_owned() + &"USER a\n".repeat(5_001);
    assert_eq!(
        message(notes),
        "there are more than 5000 instructions in a stage"
    );
    let mut base = base();
    base.0.config.on_build = vec!["RUN true".to_owned(); 20_000];
    let options = options("FROM base");
    let parsed = dockerfile::parse(&options.dockerfile);
    let error = plan(&parsed.dockerfile, &options, &base).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are more than 500 layers in a stage"
    );
}

#[test]
fn wrong_names_are_errors_that_say_so() {
    let message = |text: &str| match planned(&options(text)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{text:?} was planned"),
    };
    let first = |text: &str| {
        message(&format!(
            "FROM base AS first\n{text}\nFROM base AS second\n\
                                               COPY --from=first /a /a\n"
        ))
    };
    assert!(first("COPY --from=second /a /a").contains("defined after"));
    assert!(first("COPY --from=first /a /a").contains("circular"));
    assert!(first("COPY --from=7 /a /a").contains("no stage 7"));
    assert!(message("ARG B\nFROM $B\n").contains("is empty"));
    let mut options = options("FROM base AS build\n");
    options.target = Some("bulid".to_owned());
    let error = planned(&options).unwrap_err().to_string();
    assert!(error.contains("did you mean `build`"), "{error}");
}

#[test]
fn triggers_run_first_and_are_cleared() {
    let text = "FROM base AS p\nONBUILD RUN trigger\nFROM p AS q\nRUN own\nFROM q\nRUN last\n";
    let plan = planned(&options(text)).unwrap();
    let titles: Vec<&str> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(
        titles,
        ["FROM base:latest", "RUN trigger", "RUN own", "RUN last"]
    );
    assert!(
        plan.results()
            .next()
            .unwrap()
            .config
            .config
            .on_build
            .is_empty()
    );
}

#[test]
fn equal_steps_of_several_platforms_are_one() {
    let mut options = options(
        "FROM --platform=$BUILDPLATFORM base AS build\nRUN once\nARG TARGETARCH\nRUN each\n\
         FROM scratch\nCOPY --from=build /x /x\n",
    );
    options.platforms = ["linux/amd64", "linux/arm/v7"]
        .map(|text| text.parse().unwrap())
        .into();
    let plan = planned(&options).unwrap();
    let titles: Vec<&str> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    insta::assert_snapshot!(titles.join("\n"), @"
    FROM base:latest
    RUN once
    RUN each
    COPY --from=build /x /x
    RUN each
    COPY --from=build /x /x
    ");
    let results = plan
        .results()
        .map(|image| image.config.platform().to_string());
    assert_eq!(results.collect::<Vec<_>>(), ["linux/amd64", "linux/arm/v7"]);
}

/// Notes which images are to be looked up side by side.
struct Noting(OneBase, std::sync::Mutex<Vec<String>>);

impl Bases for Noting {
    fn resolve(&self, reference: &Reference, platform: &Platform) -> Result<Arc<BaseImage>, Error> {
        self.0.resolve(reference, platform)
    }

    fn foresee(&self, images: &[(Reference, Platform)]) {
        let names = images.iter().map(|(reference, _)| reference.familiar());
        self.1.lock().unwrap().extend(names);
    }

    fn built(&self, name: &str, of: &Descriptor, on: &Platform) -> Result<Arc<BaseImage>, Error> {
        self.0.built(name, of, on)
    }

    fn layout(&self, layout: &OciLayout, platform: &Platform) -> Result<Arc<BaseImage>, Error> {
        self.0.layout(layout, platform)
    }
}

#[test]
fn images_that_the_target_needs_are_foreseen() {
    let text = "ARG V=2\nFROM base:1 AS one\nFROM base:unneeded\nFROM one AS two\nRUN x\n\
                FROM scratch AS three\nCOPY --from=two / /\nFROM base:$V\nCOPY --from=three / /\nCOPY --from=base:3 / /\n";
    let bases = Noting(base(), std::sync::Mutex::default());
    plan(
        &dockerfile::parse(&options(text).dockerfile).dockerfile,
        &options(text),
        &bases,
    )
    .unwrap();
    let mut foreseen = bases.1.into_inner().unwrap();
    foreseen.sort();
    assert_eq!(foreseen, ["base:1", "base:2"]);
}
