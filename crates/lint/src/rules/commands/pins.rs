//! What a package looks like whose version is fixed, for each package manager.

use crate::invocation::Argument;

/// What to write instead of a package without a version: the same with the sign behind it, and a version.
pub(crate) fn advice(package: &Argument, sign: &str) -> String {
    match package.is_literal && !package.text.contains("://") {
        true => format!("write `{}{sign}VERSION`", package.text),
        false => "give what it stands for a version".to_owned(),
    }
}

/// A package of apt: a version or a release, or a file.
pub(crate) fn apt(package: &str, is_alike: bool) -> bool {
    package.contains(['=', '/'])
        || package.ends_with(".deb")
        // `name-` is to be removed.
        || !is_alike && package.len() > 1 && package.ends_with('-')
}

/// A package of apk: a version, or a file.
pub(crate) fn apk(package: &str, is_alike: bool) -> bool {
    package.contains(['=', '~', '<', '>'])
        || package.ends_with(".apk")
        // `!name` must not be there.
        || !is_alike && package.starts_with('!')
}

/// A package of pip: any comparison with a version, a commit of a repository, or a file.
pub(crate) fn pip(package: &str, is_alike: bool) -> bool {
    const COMPARISONS: [&str; 6] = ["==", ">=", "<=", "~=", "!=", ">"];
    const REPOSITORIES: [&str; 4] = ["git+", "hg+", "svn+", "bzr+"];
    const FILES: [&str; 5] = [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz"];
    let files = if is_alike { &FILES[..2] } else { &FILES[..] };
    if REPOSITORIES
        .iter()
        .any(|prefix| package.starts_with(prefix))
    {
        // `git@host` is no commit.
        let path = match is_alike {
            true => package,
            false => package.rsplit('/').next().unwrap_or(package),
        };
        return path.contains('@');
    }
    COMPARISONS.iter().any(|sign| package.contains(sign))
        || package.contains(['<', '/'])
        || files.iter().any(|end| package.ends_with(end))
        || !is_alike && package.starts_with('.')
}

/// A package of npm: a version or a tag, a commit of a repository, or a file.
pub(crate) fn npm(package: &str, is_alike: bool) -> bool {
    const REPOSITORIES: [&str; 2] = ["git+", "git://"];
    const PATHS: [&str; 4] = ["/", "./", "../", "~/"];
    const FILES: [&str; 3] = [".tgz", ".tar.gz", ".tar"];
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| package.starts_with(prefix));
    if starts(&REPOSITORIES) {
        return package.contains('#');
    }
    let name = match package.strip_prefix('@') {
        // `@scope/name@1`
        Some(scoped) => scoped.split_once('/').map_or("", |(_, name)| name),
        None => package,
    };
    starts(&PATHS)
        || FILES.iter().any(|end| package.ends_with(end))
        || name.contains('@')
        || !is_alike && is_source_of_npm(package)
}

/// A folder, an address, or a commit of a repository by its short name.
fn is_source_of_npm(package: &str) -> bool {
    let is_address = ["file:", "http://", "https://"]
        .iter()
        .any(|prefix| package.starts_with(prefix));
    let is_commit = package
        .split_once('#')
        .is_some_and(|(name, _)| name.contains('/'));
    matches!(package, "." | "..") || is_address || is_commit
}

/// A package of yum and dnf: `name-1…`, and for a module `name:1`.
pub(crate) fn yum(package: &str, is_alike: bool) -> bool {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || ".+_~:^-".contains(sign);
    let mut versions = package.match_indices('-').map(|(at, _)| &package[at + 1..]);
    let is_number = |version: &str| version.starts_with(|sign: char| sign.is_ascii_digit());
    if is_alike {
        let behind = package.split_once('-').map_or("", |(_, behind)| behind);
        let is_whole = package.ends_with(".rpm") || behind.chars().all(is_plain);
        return !package.contains('$') && is_whole && versions.any(is_number);
    }
    let is_version = |version: &str| is_number(version) || version.starts_with('$');
    package.ends_with(".rpm")
        || package.contains("://")
        || package.starts_with(['/', '.', '@'])
        || versions.any(is_version)
}

/// A package of zypper: a comparison with a version, or a file.
pub(crate) fn zypper(package: &str, is_alike: bool) -> bool {
    package.contains(['=', '<', '>'])
        || package.ends_with(".rpm")
        || !is_alike && (package.contains("://") || package.starts_with(['/', '.', '!', '~', '-']))
}

/// A package of gem: `name:1`, or a file.
pub(crate) fn gem(package: &str, is_alike: bool) -> bool {
    package.contains(':') || !is_alike && package.ends_with(".gem")
}

/// A package of Go: `path@version`, or a folder.
pub(crate) fn go(package: &str, is_alike: bool) -> bool {
    if package.starts_with(['.', '/']) {
        return true;
    }
    let Some((_, version)) = package.rsplit_once('@') else {
        return !is_alike && is_of_go_itself(package);
    };
    match is_alike {
        true => !matches!(version, "latest" | "none"),
        false => !matches!(version, "latest" | "upgrade" | "patch"),
    }
}

/// A file, or a name that stands for packages that are there already.
fn is_of_go_itself(package: &str) -> bool {
    package.ends_with(".go") || matches!(package, "std" | "cmd" | "all" | "tool")
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_pinned() {
        let is_right = |pinned: fn(&str, bool) -> bool, yes: &[&str], no: &[&str]| {
            yes.iter().for_each(|it| assert!(pinned(it, false), "{it}"));
            no.iter().for_each(|it| assert!(!pinned(it, false), "{it}"));
        };
        is_right(
            super::apt,
            &["a=1", "./a.deb", "a/sid", "a-"],
            &["a", "$a", "-"],
        );
        is_right(
            super::apk,
            &["a=1", "a~1", "a>1", "x.apk", "!a"],
            &["a", "a@edge"],
        );
        let (yes, no) = (
            [
                "a==1",
                "a>=1",
                ".",
                ".[x]",
                "/x",
                "a.zip",
                "git+https://x/y@1",
            ],
            ["a", "a[x]", "git+https://x/y", "git+ssh://git@x/y"],
        );
        is_right(super::pip, &yes, &no);
        let (yes, no) = (
            [
                "a@1",
                "@a/b@1",
                ".",
                "a/b#1",
                "https://x/y",
                "git+https://x/y#1",
            ],
            ["a", "@a/b", "a/b", "git+https://x/y", "@"],
        );
        is_right(super::npm, &yes, &no);
        let (yes, no) = (
            [
                "a-1",
                "a-$V",
                "a-1.*",
                "x.rpm",
                "@group",
                "java-1.8.0-openjdk",
            ],
            ["a", "a-b", "gcc-c++", "a*", ""],
        );
        is_right(super::yum, &yes, &no);
        is_right(super::zypper, &["a=1", "a>1", "x.rpm"], &["a", "a-1"]);
        is_right(super::gem, &["a:1", "x.gem"], &["a"]);
        is_right(super::go, &["a@v1", "./x", "x.go"], &["a", "a@latest"]);
    }
}
