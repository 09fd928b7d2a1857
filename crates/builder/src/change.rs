//! Instructions that change an image's config and nothing else: `import --change`.

use std::collections::BTreeMap;
use std::sync::Arc;

use dockerfile::Source;
use dockerfile::ast::{Instruction, Kind, Network};
use oci::{Config, Descriptor, Digest, ImageConfig, Manifest, MediaType, Platform, Reference};

use crate::plan::{Bases, plan};
use crate::scope::DEFAULT_PATH;
use crate::{
    BaseImage, CacheOptions, Error, NoCache, OciLayout, Options, Reporting, RunOptions, Times,
    Wanted,
};

/// The line that the instructions come after.
const FROM: &str = "FROM image\n";

/// The image's config as it is after some Dockerfile instructions: `CMD`, `ENTRYPOINT`, `ENV`, `EXPOSE`, `HEALTHCHECK`, `LABEL`,
/// `ONBUILD`, `STOPSIGNAL`, `USER`, `VOLUME` and `WORKDIR`, as `docker import` takes them.
///
/// # Errors
/// [`Error::Change`] for what is none of them, or wrong.
pub fn changed_config(image: &ImageConfig, changes: &[String]) -> Result<Config, Error> {
    if changes.is_empty() {
        return Ok(image.config.clone());
    }
    for change in changes {
        check(change)?;
    }
    let text = changes.iter().fold(FROM.to_owned(), |text, change| {
        text + change.trim_end() + "\n"
    });
    let options = options(text, image.platform());
    let parsed = dockerfile::parse(&options.dockerfile);
    if let Some(problem) = parsed.diagnostics.first() {
        let change = at(changes, problem.span.start);
        return Err(wrong(change, &problem.message));
    }
    let planned = plan(&parsed.dockerfile, &options, &Image(image));
    let planned = planned.map_err(|error| match &error {
        Error::Dockerfile(problems) if !problems.is_empty() => {
            let change = at(changes, problems[0].span.start);
            wrong(change, &problems[0].message)
        }
        _ => error,
    })?;
    let result = planned.results().next();
    let mut config = result
        .expect("one platform has one result")
        .config
        .config
        .clone();
    // Building gives an image a search path that has none.
    let path = format!("PATH={DEFAULT_PATH}");
    if image.config.env("PATH").is_none() {
        config.env.retain(|variable| *variable != path);
    }
    Ok(config)
}

/// Refuses what is not one instruction of the right kind.
fn check(change: &str) -> Result<(), Error> {
    let source = Source::new("change", format!("{FROM}{}\n", change.trim_end()));
    let parsed = dockerfile::parse(&source);
    if let Some(problem) = parsed.diagnostics.first() {
        return Err(wrong(change, &problem.message));
    }
    match parsed.dockerfile.stages.as_slice() {
        [stage] => match stage.instructions.as_slice() {
            [instruction] if is_allowed(instruction) => Ok(()),
            [_] => Err(wrong(
                change,
                "it is none of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME \
                 and WORKDIR",
            )),
            _ => Err(wrong(change, "it is not one instruction")),
        },
        _ => Err(wrong(change, "it is not one instruction")),
    }
}

fn is_allowed(instruction: &Instruction) -> bool {
    matches!(
        instruction.kind,
        Kind::Cmd(_)
            | Kind::Entrypoint(_)
            | Kind::Env(_)
            | Kind::Expose(_)
            | Kind::Healthcheck(_)
            | Kind::Label(_)
            | Kind::Onbuild(_)
            | Kind::Stopsignal(_)
            | Kind::User(_)
            | Kind::Volume(_)
            | Kind::Workdir(_)
    )
}

fn wrong(change: &str, reason: &str) -> Error {
    Error::Change {
        change: change.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The change that has this place in the text.
fn at(changes: &[String], place: u32) -> &str {
    let mut end = FROM.len();
    for change in changes {
        end += change.trim_end().len() + 1;
        if (place as usize) < end {
            return change;
        }
    }
    changes.last().map_or("", String::as_str)
}

fn options(text: String, platform: Platform) -> Options {
    Options {
        cache: CacheOptions::default(),
        dockerfile: Source::new("change", text),
        context: None,
        named_contexts: BTreeMap::new(),
        target: None,
        build_args: BTreeMap::new(),
        labels: BTreeMap::new(),
        platforms: vec![platform],
        secrets: BTreeMap::new(),
        no_cache: NoCache::No,
        pull: false,
        network: Network::Default,
        run: RunOptions::default(),
        times: Times::default(),
        add_hosts: Vec::new(),
        reporting: Reporting::default(),
        wanted: Wanted::default(),
    }
}

/// The image, whatever the name.
struct Image<'a>(&'a ImageConfig);

impl Image<'_> {
    fn base(&self) -> Arc<BaseImage> {
        let none = Descriptor::new(MediaType::OciConfig, Digest::sha256(b""), 0);
        Arc::new(BaseImage {
            name: "image".to_owned(),
            reference: None,
            config: self.0.clone(),
            manifest: Manifest::new(none.clone(), Vec::new()),
            descriptor: none.clone(),
            root: none,
        })
    }
}

impl Bases for Image<'_> {
    fn resolve(&self, _: &Reference, _: &Platform) -> Result<Arc<BaseImage>, Error> {
        Ok(self.base())
    }

    fn layout(&self, _: &OciLayout, _: &Platform) -> Result<Arc<BaseImage>, Error> {
        Ok(self.base())
    }

    fn built(&self, _: &str, _: &Descriptor, _: &Platform) -> Result<Arc<BaseImage>, Error> {
        Ok(self.base())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(changes: &[&str]) -> Result<Config, Error> {
        let changes: Vec<String> = changes.iter().map(|&change| change.to_owned()).collect();
        changed_config(&ImageConfig::new(&Platform::host()), &changes)
    }

    #[test]
    fn all_of_them() {
        let config = changed(&[
            "CMD [\"serve\"]",
            "ENTRYPOINT /bin/app",
            "ENV A=1 B=${A:-none}",
            "env C=$A",
            "EXPOSE 80 53/udp",
            "HEALTHCHECK --interval=5s CMD true",
            "LABEL a.b=\"c d\"",
            "ONBUILD RUN true",
            "STOPSIGNAL SIGUSR1",
            "USER me",
            "VOLUME /data",
            "WORKDIR /srv",
            "WORKDIR app",
        ]);
        let config = config.unwrap();
        assert_eq!(config.cmd, ["serve"]);
        assert_eq!(config.entrypoint, ["/bin/sh", "-c", "/bin/app"]);
        assert_eq!(config.env, ["A=1", "B=none", "C=1"]);
        assert!(config.exposed_ports.contains("53/udp") && config.exposed_ports.len() == 2);
        assert_eq!(config.healthcheck.unwrap().test, ["CMD-SHELL", "true"]);
        assert_eq!(config.labels["a.b"], "c d");
        assert_eq!(config.on_build, ["RUN true"]);
        assert_eq!(
            (config.stop_signal.as_str(), config.user.as_str()),
            ("SIGUSR1", "me")
        );
        assert!(config.volumes.contains("/data"));
        assert_eq!(config.working_dir, "/srv/app");
        assert_eq!(changed(&[]).unwrap(), Config::default());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (changes, part) in [
            (
                &["CMD [\"a\"]", "RUN true"][..],
                "`RUN true` is wrong: it is none of",
            ),
            (&["FROM x"], "not one instruction"),
            (&["ENV A=1\nENV B=2"], "not one instruction"),
            (&[""], "not one instruction"),
            (&["LABEL a=1", "NONSENSE x"], "`NONSENSE x` is wrong"),
            (&["STOPSIGNAL nope"], "`STOPSIGNAL nope` is wrong"),
            (&["USER a", "EXPOSE x/y"], "`EXPOSE x/y` is wrong"),
            (&["ENV =1"], "`ENV =1` is wrong"),
        ] {
            let error = changed(changes).unwrap_err().to_string();
            assert!(error.contains(part), "{changes:?}: {error}");
        }
    }
}
