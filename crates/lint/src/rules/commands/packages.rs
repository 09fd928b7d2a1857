//! Package managers: their names, what they are told to do, their flags with values, and the packages that they are given.
//!
//! Sources: the manuals of apt-get(8), apk(8), yum(8), dnf(8), zypper(8), npm-install(1), `gem help install`,
//! `pip install --help`, `go help install`; for the exact behaviour of hadolint, what version 2.15.1 does.

use crate::file::File;
use crate::invocation::{Argument, Invocation};

/// A package manager.
#[derive(Debug)]
pub(crate) struct Manager {
    /// The programs.
    pub(crate) names: &'static [&'static str],
    /// Its flags, without dashes, whose value can be a word of its own.
    pub(crate) valued: &'static [&'static str],
    /// The programs that hadolint knows.
    pub(crate) alike_names: &'static [&'static str],
    /// The flags with values that hadolint knows.
    pub(crate) alike_valued: &'static [&'static str],
}

/// Debian's.
pub(crate) const APT: Manager = Manager {
    names: &["apt-get", "apt"],
    valued: &[
        "t",
        "target-release",
        "default-release",
        "o",
        "option",
        "c",
        "config-file",
        "a",
        "host-architecture",
        "P",
        "build-profiles",
    ],
    alike_names: &["apt-get"],
    alike_valued: &["t", "target-release"],
};

/// Alpine's.
pub(crate) const APK: Manager = Manager {
    names: &["apk"],
    valued: &[
        "t",
        "virtual",
        "X",
        "repository",
        "p",
        "root",
        "arch",
        "keys-dir",
        "repositories-file",
        "wait",
        "cache-dir",
        "cache-max-age",
        "timeout",
        "progress-fd",
    ],
    alike_names: &["apk"],
    alike_valued: &["t", "virtual", "X", "repository"],
};

/// Flags with values of yum and dnf.
const OF_YUM: &[&str] = &[
    "c",
    "config",
    "R",
    "randomwait",
    "d",
    "debuglevel",
    "e",
    "errorlevel",
    "x",
    "exclude",
    "excludepkgs",
    "enablerepo",
    "disablerepo",
    "repo",
    "repoid",
    "repofrompath",
    "setopt",
    "installroot",
    "releasever",
    "disableplugin",
    "enableplugin",
    "disableexcludes",
    "rpmverbosity",
    "comment",
    "destdir",
    "downloaddir",
    "forcearch",
    "advisory",
];

/// The one of older Red Hats.
pub(crate) const YUM: Manager = Manager {
    names: &["yum"],
    valued: OF_YUM,
    alike_names: &["yum"],
    alike_valued: &[],
};

/// The one of newer Red Hats.
pub(crate) const DNF: Manager = Manager {
    names: &["dnf", "microdnf", "dnf5"],
    valued: OF_YUM,
    alike_names: &["dnf", "microdnf"],
    alike_valued: &[],
};

/// SUSE's.
pub(crate) const ZYPPER: Manager = Manager {
    names: &["zypper"],
    valued: &[
        "c",
        "config",
        "D",
        "reposd-dir",
        "C",
        "cache-dir",
        "R",
        "root",
        "installroot",
        "releasever",
        "p",
        "plus-repo",
        "plus-content",
        "t",
        "type",
        "r",
        "repo",
        "from",
        "download",
        "solver-focus",
    ],
    alike_names: &["zypper"],
    alike_valued: &[],
};

/// Node's.
pub(crate) const NPM: Manager = Manager {
    names: &["npm"],
    valued: &[
        "registry",
        "prefix",
        "C",
        "cache",
        "loglevel",
        "only",
        "omit",
        "include",
        "w",
        "workspace",
        "tag",
        "userconfig",
        "globalconfig",
        "fetch-timeout",
        "fetch-retries",
        "before",
        "install-strategy",
        "script-shell",
        "save-prefix",
        "scope",
        "otp",
        "maxsockets",
        "cpu",
        "os",
        "libc",
    ],
    alike_names: &["npm"],
    alike_valued: &["registry", "loglevel"],
};

/// Ruby's.
pub(crate) const GEM: Manager = Manager {
    names: &["gem"],
    valued: &[
        "v",
        "version",
        "i",
        "install-dir",
        "n",
        "bindir",
        "P",
        "trust-policy",
        "s",
        "source",
        "p",
        "http-proxy",
        "platform",
        "document",
        "build-root",
        "g",
        "file",
        "B",
        "bulk-threshold",
        "config-file",
        "target-rbconfig",
    ],
    alike_names: &["gem"],
    alike_valued: &[],
};

/// Go's.
pub(crate) const GO: Manager = Manager {
    names: &["go"],
    valued: &[
        "C",
        "asmflags",
        "buildmode",
        "compiler",
        "covermode",
        "coverpkg",
        "exec",
        "gccgoflags",
        "gcflags",
        "installsuffix",
        "ldflags",
        "mod",
        "modfile",
        "o",
        "overlay",
        "p",
        "pgo",
        "pkgdir",
        "tags",
        "toolexec",
    ],
    alike_names: &["go"],
    alike_valued: &[],
};

/// Python's.
pub(crate) const PIP: Manager = Manager {
    names: &["pip"],
    valued: &[
        "abi",
        "b",
        "build",
        "build-option",
        "C",
        "c",
        "cache-dir",
        "cert",
        "client-cert",
        "config-settings",
        "constraint",
        "d",
        "default-timeout",
        "download",
        "e",
        "editable",
        "exists-action",
        "extra-index-url",
        "f",
        "find-links",
        "global-option",
        "group",
        "i",
        "implementation",
        "index-url",
        "install-option",
        "keyring-provider",
        "log",
        "no-binary",
        "only-binary",
        "platform",
        "prefix",
        "progress-bar",
        "proxy",
        "python",
        "python-version",
        "r",
        "report",
        "requirement",
        "retries",
        "root",
        "root-user-action",
        "src",
        "t",
        "target",
        "timeout",
        "trusted-host",
        "upgrade-strategy",
        "use-deprecated",
        "use-feature",
    ],
    alike_names: &["pip"],
    alike_valued: &[
        "abi",
        "b",
        "build",
        "e",
        "editable",
        "extra-index-url",
        "f",
        "find-links",
        "i",
        "implementation",
        "index-url",
        "no-binary",
        "only-binary",
        "platform",
        "prefix",
        "progress-bar",
        "proxy",
        "python",
        "python-version",
        "root",
        "root-user-action",
        "src",
        "t",
        "target",
        "trusted-host",
        "upgrade-strategy",
    ],
};

/// Node's other one.
pub(crate) const YARN: Manager = Manager {
    names: &["yarn"],
    valued: &["cwd", "cache-folder", "registry", "modules-folder", "mutex"],
    alike_names: &["yarn"],
    alike_valued: &[],
};

/// What a package manager is told to install.
#[derive(Debug)]
pub(crate) struct Install<'i> {
    /// The word that says so: `install`.
    pub(crate) verb: &'i Argument,
    /// The packages.
    pub(crate) packages: Vec<&'i Argument>,
}

impl Manager {
    /// Whether a program is this one.
    pub(crate) fn is(&self, file: &File<'_>, invocation: &Invocation) -> bool {
        match file.options.compatible {
            true => invocation.is(self.alike_names),
            false => invocation.is(self.names),
        }
    }

    /// The word that says to do one of these things, if the program is this one and is told to. hadolint looks for it
    /// among all words.
    pub(crate) fn verb<'i>(
        &self,
        file: &File<'_>,
        invocation: &'i Invocation,
        verbs: &[&str],
    ) -> Option<&'i Argument> {
        if !self.is(file, invocation) {
            return None;
        }
        if file.options.compatible {
            return invocation.word(verbs);
        }
        let mut operands = operands(&invocation.arguments, self.valued).into_iter();
        let is_of_group = |word: &&Argument| matches!(word.text.as_str(), "group" | "module");
        let first = operands.next()?;
        let verb = match is_of_group(&first) && self.has_groups() {
            true => operands.next()?,
            false => first,
        };
        verbs.contains(&verb.text.as_str()).then_some(verb)
    }

    /// Whether it installs groups and modules by `group install`.
    fn has_groups(&self) -> bool {
        self.names.contains(&"dnf") || self.names.contains(&"yum")
    }

    /// What a program is told to install with one of these words.
    pub(crate) fn install<'i>(
        &self,
        file: &File<'_>,
        invocation: &'i Invocation,
        verbs: &[&str],
    ) -> Option<Install<'i>> {
        let verb = self.verb(file, invocation, verbs)?;
        let packages = match file.options.compatible {
            true => self.alike_packages(&invocation.arguments, verbs),
            false => operands(&invocation.arguments, self.valued)
                .into_iter()
                .skip_while(|word| !std::ptr::eq(*word, verb))
                .skip(1)
                .collect(),
        };
        Some(Install { verb, packages })
    }

    /// What hadolint takes for packages: all words but these.
    pub(crate) fn alike_packages<'i>(
        &self,
        arguments: &'i [Argument],
        but: &[&str],
    ) -> Vec<&'i Argument> {
        let is_flag = |word: &Argument| word.is_flag() && word.text != "--";
        let has_value = |word: &Argument| {
            let mut valued = self.alike_valued.iter();
            let is_valued = valued.any(|name| word.has_flag(name));
            is_flag(word) && is_valued && !word.text.contains('=')
        };
        let before = std::iter::once(None).chain(arguments.iter().map(Some));
        let pairs = before.zip(arguments);
        pairs
            .filter(|(before, _)| !before.is_some_and(has_value))
            .map(|(_, word)| word)
            .filter(|word| !is_flag(word) && !but.contains(&word.text.as_str()))
            .collect()
    }
}

/// The words that are neither flags nor values of these flags.
pub(crate) fn operands<'i>(arguments: &'i [Argument], valued: &[&str]) -> Vec<&'i Argument> {
    let mut words = arguments.iter();
    let mut operands = Vec::new();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "--" => {
                operands.extend(words);
                break;
            }
            _ if !word.is_flag() => operands.push(word),
            flag if takes_next(flag, valued) => {
                words.next();
            }
            _ => {}
        }
    }
    operands
}

/// Whether a flag's value is the next word: `--name`, `-name`, or `-abn`.
fn takes_next(flag: &str, valued: &[&str]) -> bool {
    let name = flag.trim_start_matches('-');
    if flag.contains('=') {
        return false;
    }
    let of_sign = |sign: char| valued.iter().any(|one| one.chars().eq([sign]));
    let first = name.chars().position(of_sign);
    valued.contains(&name)
        || !flag.starts_with("--") && first.is_some_and(|at| at + 1 == name.chars().count())
}

/// The words of a pip, whether it is started by its own name or as a module of Python: those behind `pip`.
pub(crate) fn pip<'i>(file: &File<'_>, invocation: &'i Invocation) -> Option<&'i [Argument]> {
    let name = invocation.name.text.as_str();
    let arguments = &invocation.arguments;
    if file.options.compatible {
        return alike_pip(name, arguments).then_some(arguments);
    }
    let is_version = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    if name.strip_prefix("pip").is_some_and(is_version) {
        return Some(arguments);
    }
    let is_python = { name.strip_prefix("python") }
        .or_else(|| name.strip_prefix("pypy"))
        .is_some_and(is_version);
    let module = arguments.iter().position(|word| word.text == "-m")?;
    let is_pip = arguments.get(module + 1)?.text == "pip";
    (is_python && is_pip).then_some(&arguments[module + 2..])
}

/// Whether hadolint takes it for `pip install`: anything that begins so.
fn alike_pip(name: &str, arguments: &[Argument]) -> bool {
    let is_module = |words: &[Argument]| {
        let words = words.iter().map(|word| word.text.as_str());
        words.eq(["-m", "pip", "install"])
    };
    let is_own = name.starts_with("pip") && !name.starts_with("pipenv");
    is_own && arguments.iter().any(|word| word.text == "install")
        || name.starts_with("python") && arguments.windows(3).any(is_module)
}

/// What pip is told to install.
pub(crate) fn pip_install<'i>(file: &File<'_>, invocation: &'i Invocation) -> Option<Install<'i>> {
    let arguments = pip(file, invocation)?;
    if file.options.compatible {
        let at = arguments.iter().position(|word| word.text == "install")?;
        return Some(Install {
            verb: &arguments[at],
            packages: { PIP.alike_packages(arguments, &[]).into_iter() }
                .skip_while(|word| word.text != "install")
                .skip_while(|word| word.text == "install")
                .collect(),
        });
    }
    let mut words = operands(arguments, PIP.valued).into_iter();
    let verb = words.next().filter(|word| word.text == "install")?;
    Some(Install {
        verb,
        packages: words.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{APT, GO, operands};
    use crate::invocation::Argument;
    use dockerfile::Span;

    fn words(text: &str, valued: &[&str]) -> String {
        let argument = |word: &str| Argument {
            text: word.to_owned(),
            is_literal: true,
            span: Span::new(0, 0),
        };
        let arguments: Vec<Argument> = text.split(' ').map(argument).collect();
        let found = operands(&arguments, valued).into_iter();
        found
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn values_of_flags_are_no_packages() {
        let apt = |text| words(text, APT.valued);
        assert_eq!(apt("-y install a -t b c"), "install a c");
        assert_eq!(apt("-qt b install a"), "install a");
        assert_eq!(apt("-tb install --option=x a"), "install a");
        assert_eq!(apt("install -- -a b"), "install -a b");
        assert_eq!(apt("install - a"), "install - a");
        let go = |text| words(text, GO.valued);
        assert_eq!(go("-C x install -tags a -race b"), "install b");
    }
}
