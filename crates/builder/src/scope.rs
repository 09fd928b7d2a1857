//! Which variables an instruction sees: `ARG`, `ENV`, and the values that are there by themselves.
//!
//! BuildKit keeps one list for both `ENV` and `ARG`, where the later line wins; the page of the
//! Dockerfile reference that says "ENV always overrides ARG" describes something else.

use std::collections::BTreeMap;

use dockerfile::ExpandError;
pub(crate) use dockerfile::Variables;
use dockerfile::ast::{ArgDeclaration, Escape};
use oci::Platform;

use crate::Options;

/// The search path of an image that names none.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Build arguments that reach `RUN` without being declared, in any case of letters.
const PROXIES: [&str; 5] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
];

/// What holds for the whole file: client's values, values that are there by themselves, and `ARG`
/// instructions before the first `FROM`.
#[derive(Clone, Debug)]
pub(crate) struct GlobalScope {
    /// `--build-arg`.
    build_args: BTreeMap<String, String>,
    /// What `FROM` lines see.
    globals: Variables,
}

/// What `FROM` lines see before any `ARG`, in a build of a stage for a platform on this machine: `TARGETPLATFORM` and the
/// others.
pub fn predefined(
    build_args: &BTreeMap<String, String>,
    stage: Option<&str>,
    target: &Platform,
) -> Variables {
    let mut globals = Variables::default();
    for (prefix, platform) in [("BUILD", &Platform::host()), ("TARGET", target)] {
        globals.set(&format!("{prefix}PLATFORM"), &platform.to_string());
        globals.set(&format!("{prefix}OS"), &platform.os);
        globals.set(
            &format!("{prefix}OSVERSION"),
            platform.os_version.as_deref().unwrap_or(""),
        );
        globals.set(&format!("{prefix}ARCH"), &platform.architecture);
        globals.set(
            &format!("{prefix}VARIANT"),
            platform.variant.as_deref().unwrap_or(""),
        );
    }
    globals.set("TARGETSTAGE", &stage.unwrap_or("default").to_lowercase());
    for (name, value) in build_args {
        if globals.get(name).is_some() {
            globals.set(name, value);
        }
    }
    globals
}

impl GlobalScope {
    /// The scope of a build for `target` on this machine, before any `ARG`.
    #[must_use]
    pub(crate) fn new(options: &Options, target: &Platform) -> Self {
        let build_args = &options.build_args;
        let globals = predefined(build_args, options.target.as_deref(), target);
        Self {
            build_args: build_args.clone(),
            globals,
        }
    }

    /// A global `ARG`: its default may use what stands before it.
    pub(crate) fn declare(
        &mut self,
        arg: &ArgDeclaration,
        escape: Escape,
    ) -> Result<(), ExpandError> {
        let name = &arg.name.text;
        let given = self.build_args.get(name).cloned();
        let value = match (given, &arg.default) {
            (Some(value), _) => Some(value),
            (None, Some(default)) => Some(self.globals.expand(&default.text, escape)?),
            (None, None) => None,
        };
        if let Some(value) = value {
            self.globals.set(name, &value);
        }
        Ok(())
    }

    /// Gives a value as if the client had.
    pub(crate) fn give(&mut self, name: &str, value: &str) {
        self.build_args.insert(name.to_owned(), value.to_owned());
    }

    /// What `FROM` lines see.
    #[must_use]
    pub(crate) fn globals(&self) -> &Variables {
        &self.globals
    }

    /// The value that `ARG name` has in a stage without a default of its own.
    #[must_use]
    pub(crate) fn argument(&self, name: &str) -> Option<&str> {
        self.build_args
            .get(name)
            .map(String::as_str)
            .or_else(|| self.globals.get(name))
    }

    /// The value that the client gave to a name.
    #[must_use]
    pub(crate) fn build_arg(&self, name: &str) -> Option<&str> {
        self.build_args.get(name).map(String::as_str)
    }

    /// The proxy values for `RUN`, both in upper and in lower case.
    #[must_use]
    pub(crate) fn proxies(&self) -> Vec<(String, String)> {
        let mut proxies = Vec::new();
        for name in PROXIES {
            let lower = name.to_lowercase();
            let value = self
                .build_args
                .get(name)
                .or_else(|| self.build_args.get(&lower));
            if let Some(value) = value {
                let upper = self.build_args.get(name).unwrap_or(value);
                let low = self.build_args.get(&lower).unwrap_or(value);
                proxies.push((name.to_owned(), upper.clone()));
                proxies.push((lower, low.clone()));
            }
        }
        proxies
    }
}
