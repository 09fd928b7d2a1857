//! Exports that take long: Ctrl-C ends them, and so does their time.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use testkit::{Fault, Registry};

use crate::support::{Carafe, Said, eventually, said};

const DOCKERFILE: &str = "FROM base
RUN --mount=type=cache,target=/cache head -c 3000000 /dev/urandom > /cache/a; cp /cache/a /a
";

/// A command with its exports at a registry.
struct Export {
    what: &'static str,
    flags: fn(&str) -> Vec<String>,
    /// What leads to the result at the registry.
    tag: &'static str,
}

const EXPORTS: [Export; 3] = [
    Export {
        what: "a cache",
        flags: |host| {
            vec![format!(
                "--cache-to=type=registry,mode=max,ref={host}/cache:1"
            )]
        },
        tag: "cache:1",
    },
    Export {
        what: "cache mounts",
        flags: |host| vec![format!("--cache-mounts-to={host}/mounts:1")],
        tag: "mounts:1",
    },
    Export {
        what: "an image",
        flags: |host| vec!["--push".to_owned(), format!("-t={host}/app:1")],
        tag: "app:1",
    },
];

fn build(carafe: &Carafe, flags: &[String]) -> Said {
    let args = [&["build".to_owned()], flags, &["context".to_owned()]].concat();
    carafe.run(args)
}

/// Within a second, and some more where the machine has other things to do.
fn assert_soon(since: Instant) {
    let took = since.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn ctrl_c_ends_an_export_that_another_takes_up() {
    for (what, fault) in [
        ("PUT /v2", Fault::Silence),
        ("POST /v2", Fault::Silence),
        ("HEAD /v2", Fault::Silence),
    ] {
        for export in EXPORTS {
            let (carafe, registry) = (Carafe::new(), Registry::start());
            carafe.context(DOCKERFILE);
            let flags = (export.flags)(&registry.host());
            registry.fail(what, 1, fault.clone());
            let args = [&["build".to_owned()], &flags[..], &["context".to_owned()]].concat();
            let child = carafe.spawn(args, Stdio::null());
            eventually(export.what, || {
                registry
                    .requests()
                    .iter()
                    .any(|line| line.starts_with(what))
            });
            let id = Pid::from_raw(child.id() as i32).unwrap();
            let asked = Instant::now();
            kill_process(id, Signal::INT).unwrap();
            let ended = said(&child.wait_with_output().unwrap());
            assert_eq!(ended.code, 130, "{} {what}: {ended:#?}", export.what);
            assert_soon(asked);
            // Nothing leads to something that is not whole.
            assert_eq!(registry.tagged(export.tag), None);
            let again = build(&carafe, &flags);
            assert_eq!(again.code, 0, "{} {what}: {again:#?}", export.what);
            assert!(registry.tagged(export.tag).is_some());
            // The step was not executed again.
            assert!(again.stderr.contains("cached"), "{again:#?}");
        }
    }
}

#[test]
fn an_export_that_takes_too_long_is_given_up() {
    for (export, mut flags) in EXPORTS.iter().take(2).map(|it| (it, (it.flags)("@"))) {
        let (carafe, registry) = (Carafe::new(), Registry::start());
        carafe.context(DOCKERFILE);
        let flag = flags.remove(0).replace('@', &registry.host());
        let flag = flag.replace("to=127", "to=type=registry,ref=127") + ",timeout=1s";
        registry.fail("PUT /v2", 1, Fault::Silence);
        let begun = Instant::now();
        let done = build(&carafe, &[flag]);
        assert_eq!(done.code, 0, "{done:#?}");
        let told = "it is not done after 1 s; timeout= allows more";
        assert!(done.stderr.contains(told), "{}: {done:#?}", export.what);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}

#[test]
fn what_failed_first_is_told() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    carafe.context("FROM base\nRUN echo 1 > /1\nRUN echo 2 > /2\nRUN echo 3 > /3\n");
    let denied = Fault::Status {
        code: 403,
        retry_after: None,
    };
    registry.fail("POST /v2", 100, denied);
    let flag = format!("--cache-to={}/cache:1", registry.host());
    let done = build(&carafe, &[flag]);
    assert_eq!(done.code, 0, "{done:#?}");
    assert!(done.stderr.contains("denies access"), "{done:#?}");
}

#[test]
fn exports_show_how_far_they_are() {
    let (carafe, registry) = (Carafe::new(), Registry::start());
    carafe.context(DOCKERFILE);
    for export in EXPORTS {
        let done = build(&carafe, &(export.flags)(&registry.host()));
        assert_eq!(done.code, 0, "{done:#?}");
        let step = done
            .stderr
            .lines()
            .find(|line| line.contains("export cache") || line.contains(" push "));
        let step = step.unwrap_or_else(|| panic!("{done:#?}"));
        let number = step.split(' ').next().unwrap();
        let lines = done
            .stderr
            .lines()
            .filter(|line| line.starts_with(&format!("{number} ")));
        let lines: Vec<&str> = lines.collect();
        assert!(lines.iter().any(|line| line.contains(" MB")), "{done:#?}");
        assert!(lines.last().unwrap().contains("done"), "{done:#?}");
    }
}
