//! What names a commit of a git repository: BuildKit's `dfgitutil.ParseGitRef`.

use crate::key::KeyWriter;

/// A commit of a git repository, and what of it is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitRepository {
    /// The URL for git, without the name and password that stood in it.
    pub url: String,
    /// Name and password from the URL, as they stood there.
    pub userinfo: Option<String>,
    /// A branch, a tag or a whole commit; the default branch if none is named.
    pub reference: Option<String>,
    /// What the commit must be, or begin with.
    pub checksum: Option<String>,
    /// The directory whose contents are wanted; everything if none is named.
    pub subdirectory: Option<String>,
    /// Whether `.git` stays, if the URL says so.
    pub keep_git_dir: Option<bool>,
    /// Whether submodules are left out.
    pub without_submodules: bool,
}

/// Why the URL of a git repository makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitUrlError {
    /// A key of the query is unknown.
    #[error(
        "`{key}` is not known in the URL of a git repository; known are ref, tag, branch, subdir, checksum, keep-git-dir and submodules"
    )]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A key of the query has no value, or one that makes no sense.
    #[error("`{value}` is no value for `{key}` in the URL of a git repository")]
    BadValue {
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// The URL names two different things.
    #[error("the URL names two {what}: `{first}` and `{second}`")]
    Conflict {
        /// Of what there is one.
        what: &'static str,
        /// The first.
        first: String,
        /// The other.
        second: String,
    },
    /// A branch or tag has a name that git does not allow.
    #[error("`{name}` can be no branch, tag or commit of a git repository")]
    BadReference {
        /// The name.
        name: String,
    },
    /// The URL itself has something that no URL has.
    #[error("`{url}` is no URL of a git repository")]
    BadUrl {
        /// The URL.
        url: String,
    },
}

/// Schemes that git repositories are fetched by. `file` is not among them: nobody else's text may name files of the
/// host.
const SCHEMES: [&str; 4] = ["http", "https", "ssh", "git"];

impl GitRepository {
    /// Reads `https://host/path.git`, `git://…`, `ssh://…` or `user@host:path`, each perhaps with
    /// `?ref=…&subdir=…` or `#ref:subdirectory`. `None` if the text names no git repository: a file of the web, or one
    /// of the host.
    ///
    /// # Errors
    /// [`GitUrlError`] if it names one and the rest makes no sense.
    pub fn parse(text: &str) -> Result<Option<Self>, GitUrlError> {
        if text.starts_with("./") || text.starts_with("../") {
            return Ok(None);
        }
        let Some(parts) = Parts::of_url(text).or_else(|| Parts::of_scp(text)) else {
            return Ok(None);
        };
        let mut this = Self {
            url: parts.url.clone(),
            userinfo: parts.userinfo.clone(),
            ..Self::default()
        };
        let is_bad = |c: char| c.is_control() || c.is_whitespace();
        if this.url.contains(is_bad) || parts.host.is_empty() || parts.host.starts_with('-') {
            let url = this.url;
            return Err(GitUrlError::BadUrl { url });
        }
        let fragment = registry::percent_decoded(parts.fragment.unwrap_or_default());
        let (reference, subdirectory) = fragment.split_once(':').unwrap_or((&fragment, ""));
        this.reference = some(reference);
        this.subdirectory = some(subdirectory);
        this.query(parts.query.unwrap_or_default())?;
        if let Some(name) = this
            .reference
            .iter()
            .chain(&this.checksum)
            .find(|n| !is_reference(n))
        {
            let name = name.clone();
            return Err(GitUrlError::BadReference { name });
        }
        Ok(Some(this))
    }

    /// The same for the positional argument of `build`, where also `github.com/…` names a repository.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_context(text: &str) -> Result<Option<Self>, GitUrlError> {
        if !text.starts_with("github.com/") {
            return Self::parse(text);
        }
        let (path, rest) = match text.find(['?', '#']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let suffix = if path.ends_with(".git") { "" } else { ".git" };
        Self::parse(&format!("https://{path}{suffix}{rest}"))
    }

    /// Whether a reference is a whole commit, in SHA-1 or SHA-256: that needs no asking.
    pub(super) fn is_commit(text: &str) -> bool {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        matches!(text.len(), 40 | 64) && text.bytes().all(is_digit)
    }

    pub(super) fn define(&self, writer: &mut KeyWriter) {
        writer.text("git");
        for text in [&self.reference, &self.checksum] {
            writer.text(text.as_deref().unwrap_or_default());
        }
        self.what(writer);
    }

    /// What is wanted of a commit.
    pub(super) fn what(&self, writer: &mut KeyWriter) {
        writer.text(&self.url);
        writer.text(self.subdirectory.as_deref().unwrap_or_default());
        writer.number(u64::from(self.keep_git_dir == Some(true)));
        writer.number(u64::from(self.without_submodules));
    }

    fn query(&mut self, query: &str) -> Result<(), GitUrlError> {
        let (mut tag, mut branch) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = registry::percent_decoded(key);
            let value = registry::percent_decoded(&value.replace('+', " "));
            let flag = matches!(key.as_str(), "keep-git-dir" | "submodules");
            if value.is_empty() && !flag {
                return Err(GitUrlError::BadValue { key, value });
            }
            match key.as_str() {
                "ref" => put(&mut self.reference, "references", value)?,
                "tag" => put(&mut tag, "tags", full(&value, "refs/tags/"))?,
                "branch" => put(&mut branch, "branches", full(&value, "refs/heads/"))?,
                "subdir" => put(&mut self.subdirectory, "directories", value)?,
                "checksum" | "commit" => put(&mut self.checksum, "commits", value)?,
                "keep-git-dir" => self.keep_git_dir = Some(boolean(key, value)?),
                "submodules" => self.without_submodules = !boolean(key, value)?,
                // When files were changed last is always when the commit was made, and commits are fetched as such
                // where that is possible.
                "mtime" if matches!(value.as_str(), "checkout" | "commit") => {}
                "fetch-by-commit" => {}
                "mtime" => return Err(GitUrlError::BadValue { key, value }),
                _ => return Err(GitUrlError::UnknownKey { key }),
            }
        }
        for name in [tag, branch].into_iter().flatten() {
            put(&mut self.reference, "references", name)?;
        }
        if self.reference.is_none() {
            self.reference.clone_from(&self.checksum);
        }
        Ok(())
    }
}

/// The parts of a URL.
struct Parts<'a> {
    url: String,
    host: &'a str,
    userinfo: Option<String>,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// `scheme://[user[:password]@]host/path`. A file of the web counts as a repository if its path ends in `.git`.
    fn of_url(text: &'a str) -> Option<Self> {
        let (scheme, _) = text.split_once("://")?;
        let lower = scheme.to_ascii_lowercase();
        if !SCHEMES.contains(&lower.as_str()) {
            return None;
        }
        let (bare, query, fragment) = cut(text);
        let (_, rest) = bare.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let web = lower.starts_with("http");
        if web && !path.ends_with(".git") {
            return None;
        }
        let (userinfo, host) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo), host),
            None => (None, authority),
        };
        // An SSH user is no secret, and git has to know it.
        let (url, userinfo) = if web {
            (
                format!("{lower}://{host}{path}"),
                userinfo.map(str::to_owned),
            )
        } else {
            (format!("{lower}://{authority}{path}"), None)
        };
        let user = authority.len() - host.len();
        let dashed = !web && user > 0 && authority.starts_with('-');
        Some(Self {
            url,
            host: if dashed { "" } else { host },
            userinfo,
            query,
            fragment,
        })
    }

    /// `user@host:path`.
    fn of_scp(text: &'a str) -> Option<Self> {
        let (bare, query, fragment) = cut(text);
        let (user, rest) = bare.split_once('@')?;
        let (host, path) = rest.split_once(':')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let fits = !user.is_empty() && !user.starts_with('-') && user.chars().all(is_name);
        if !fits || host.is_empty() || !host.chars().all(is_host) || path.starts_with("//") {
            return None;
        }
        Some(Self {
            url: bare.to_owned(),
            host,
            userinfo: None,
            query,
            fragment,
        })
    }
}

/// What stands before the query and the fragment, and those.
fn cut(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (text, fragment) = match text.split_once('#') {
        Some((text, fragment)) => (text, Some(fragment)),
        None => (text, None),
    };
    match text.split_once('?') {
        Some((text, query)) => (text, Some(query), fragment),
        None => (text, None, fragment),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn full(name: &str, prefix: &str) -> String {
    if name.starts_with(prefix) {
        name.to_owned()
    } else {
        format!("{prefix}{name}")
    }
}

/// Sets what may be said once, or twice the same.
fn put(place: &mut Option<String>, what: &'static str, value: String) -> Result<(), GitUrlError> {
    match place {
        Some(first) if *first != value => Err(GitUrlError::Conflict {
            what,
            first: first.clone(),
            second: value,
        }),
        _ => {
            *place = Some(value);
            Ok(())
        }
    }
}

/// Go's `strconv.ParseBool`; a bare key is true.
fn boolean(key: String, value: String) -> Result<bool, GitUrlError> {
    match value.as_str() {
        "" | "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(GitUrlError::BadValue { key, value }),
    }
}

/// git-check-ref-format(1), and nothing that git would take for an option.
fn is_reference(name: &str) -> bool {
    let bad =
        |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let wrong = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains(bad)
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && !name.split('/').any(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> GitRepository {
        GitRepository::parse(text)
            .unwrap()
            .unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn urls() {
        for (text, url, reference, subdirectory) in [
            ("https://h/r.git", "https://h/r.git", None, None),
            (
                "http://h:1/a/r.git#v1",
                "http://h:1/a/r.git",
                Some("v1"),
                None,
            ),
            (
                "HTTPS://h/r.git#a/b:c/d",
                "https://h/r.git",
                Some("a/b"),
                Some("c/d"),
            ),
            ("git://h/r#:sub", "git://h/r", None, Some("sub")),
            ("ssh://git@h:22/r", "ssh://git@h:22/r", None, None),
            ("git@h:a/r.git#main", "git@h:a/r.git", Some("main"), None),
            (
                "https://h/r.git?tag=v1&subdir=x",
                "https://h/r.git",
                Some("refs/tags/v1"),
                Some("x"),
            ),
            (
                "git@h:r?branch=main",
                "git@h:r",
                Some("refs/heads/main"),
                None,
            ),
            (
                "https://h/r.git?ref=v1#v1",
                "https://h/r.git",
                Some("v1"),
                None,
            ),
            (
                "https://h/r.git#a%2Fb",
                "https://h/r.git",
                Some("a/b"),
                None,
            ),
            (
                "https://h/r.git?checksum=abc1234",
                "https://h/r.git",
                Some("abc1234"),
                None,
            ),
        ] {
            let found = parsed(text);
            assert_eq!(found.url, url, "{text}");
            assert_eq!(found.reference.as_deref(), reference, "{text}");
            assert_eq!(found.subdirectory.as_deref(), subdirectory, "{text}");
        }
        let found = parsed("https://me:secret@h/r.git?keep-git-dir&submodules=false");
        assert_eq!(
            (found.url.as_str(), found.keep_git_dir),
            ("https://h/r.git", Some(true))
        );
        assert!(found.without_submodules);
        assert_eq!(found.userinfo.as_deref(), Some("me:secret"));
        let found = GitRepository::parse_context("github.com/a/b#main:x")
            .unwrap()
            .unwrap();
        assert_eq!(found.url, "https://github.com/a/b.git");
    }

    #[test]
    fn others() {
        for text in [
            "https://h/file.tar.gz",
            "http://h/r.git/x",
            "file:///etc",
            "ftp://h/r.git",
            "./git@h:r.git",
            "../r.git",
            "a/b@c",
            "dir/file",
            "github.com/a/b",
            "-oProxyCommand=x@h:r",
        ] {
            assert_eq!(GitRepository::parse(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn nonsense() {
        for text in [
            "https://h/r.git#--upload-pack=x",
            "https://h/r.git#a..b",
            "https://h/r.git#HEAD@{1}",
            "https://h/r.git#a b",
            "https://h/r.git?ref=a#b",
            "https://h/r.git?tag=a&branch=b",
            "https://h/r.git?subdir=a#:b",
            "https://h/r.git?foo=1",
            "https://h/r.git?ref=",
            "https://h/r.git?keep-git-dir=maybe",
            "https://h/r.git?mtime=x",
            "ssh://-oProxyCommand=x/r",
            "ssh://-x@h/r",
            "https://h /r.git",
            "https:///r.git",
        ] {
            assert!(GitRepository::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn commits() {
        assert!(GitRepository::is_commit(&"a1".repeat(20)));
        assert!(GitRepository::is_commit(&"a1".repeat(32)));
        assert!(!GitRepository::is_commit(&"A1".repeat(20)));
        assert!(!GitRepository::is_commit("a1b2c3d"));
    }
}
