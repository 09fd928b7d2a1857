//! Commits of git repositories, checked out: what BuildKit's git source does.
//!
//! Of each repository the store keeps a bare one, which later fetches bring up to date. What is checked out shares
//! its objects, except where `.git` is to be kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rootfs::Dir;
use store::{RepositoryCache, Scratch, SnapshotId, SnapshotMeta};

use super::program::{Git, text};
use super::{Errand, Fetcher, Found, GitRepository, tidy};
use crate::key::{Key, KeyWriter};
use crate::ssh::{Access, AgentSocket};
use crate::{Error, Event};

/// How often a repository that another build is fetching is asked for.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a repository of the store calls a commit that it was asked for.
const KEPT: &str = "refs/carafe/";

/// A commit that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its name.
    hash: String,
    /// The branch or tag that leads to it, in full, if it was named by one.
    reference: Option<String>,
}

/// A repository at work: git, and where things are.
struct Workshop<'a> {
    git: Git<'a>,
    scratch: Scratch,
    _agent: Option<AgentSocket>,
}

impl Fetcher<'_> {
    /// Finds the commit: a whole one is what it is, anything else the repository is asked for.
    pub(super) fn find_commit(&self, repository: &GitRepository) -> Result<Found, Error> {
        let commit = match &repository.reference {
            Some(hash) if GitRepository::is_commit(hash) => Commit {
                hash: hash.clone(),
                reference: None,
            },
            reference => self.asked(repository, reference.as_deref())?,
        };
        if let Some(expected) = &repository.checksum
            && !(expected.len() >= 7 && commit.hash.starts_with(expected.as_str()))
        {
            return Err(Error::Checksum {
                what: repository.url.clone(),
                expected: expected.clone(),
                actual: commit.hash,
            });
        }
        let key = key(repository, &commit);
        Ok(Found {
            key,
            snapshot: None,
            told: false,
            commit: Some(commit),
        })
    }

    /// Fetches a commit and checks it out, into a snapshot.
    pub(super) fn fetch_commit(
        &self,
        repository: &GitRepository,
        commit: &Commit,
        errand: Errand,
    ) -> Result<SnapshotId, Error> {
        (self.environment.events)(Event::Started(errand.step));
        let draft = self.environment.store.draft()?;
        self.check_out(repository, commit, &draft.dir(), errand)?;
        let snapshot = draft.commit(&SnapshotId::random(), &SnapshotMeta::default())?;
        (self.environment.events)(Event::Finished(errand.step));
        Ok(snapshot.id().clone())
    }

    /// Checks a commit out into an empty directory; says when it was made, in seconds since 1970.
    pub(super) fn check_out(
        &self,
        repository: &GitRepository,
        commit: &Commit,
        into: &Path,
        errand: Errand,
    ) -> Result<i64, Error> {
        let say = |words: &[u8]| {
            if let Some(done) = received(&String::from_utf8_lossy(words)) {
                (self.environment.events)(Event::Progress {
                    step: errand.step,
                    what: "objects".to_owned(),
                    done,
                    total: None,
                });
            }
        };
        let shop = self.workshop(repository)?.heard_by(self, &say);
        let cache = self.cache_of(&repository.url)?;
        let bare = shop.bring(&cache, repository, commit)?;
        let tree = shop.tree(&bare, repository, commit)?;
        if !repository.without_submodules && tree.join(".gitmodules").is_file() {
            shop.submodules(&tree)?;
        }
        let made = shop.time_of(&bare, commit)?;
        if repository.keep_git_dir != Some(true) {
            tidy::drop_git_directories(&Dir::open(&tree)?)?;
        }
        let wanted = tidy::directory(&tree, repository)?;
        let into = Dir::open(into)?;
        for entry in wanted.entries()? {
            wanted.rename(&entry.name, &into, &entry.name)?;
        }
        tidy::settle(&into, made)?;
        Ok(made)
    }

    /// Asks the repository where a branch, a tag or its default branch is.
    fn asked(&self, repository: &GitRepository, reference: Option<&str>) -> Result<Commit, Error> {
        let silent = |_: &[u8]| {};
        let shop = self.workshop(repository)?.heard_by(self, &silent);
        let directory = shop.scratch.path();
        let url = repository.url.as_str();
        let answer = match reference {
            None => {
                let arguments = ["ls-remote", "--symref", "--", url, "HEAD"];
                shop.git.run(directory, &arguments)?
            }
            Some(name) => {
                let peeled = format!("{name}^{{}}");
                let arguments = ["ls-remote", "--", url, name, &peeled];
                shop.git.run(directory, &arguments)?
            }
        };
        let answer = String::from_utf8_lossy(&answer);
        let found = match reference {
            None => default_branch(&answer),
            Some(name) => named(&answer, name),
        };
        found.ok_or_else(|| Error::Git {
            verb: "find".to_owned(),
            url: repository.url.clone(),
            reason: match reference {
                Some(name) => format!("it has no branch, tag or whole commit `{name}`"),
                None => "it has no default branch".to_owned(),
            },
        })
    }

    fn workshop<'g>(&'g self, repository: &'g GitRepository) -> Result<Workshop<'g>, Error> {
        let scratch = self.environment.store.scratch()?;
        let authorization = self.authorization(repository)?;
        let mut git = Git::new(
            &self.environment.git,
            &repository.url,
            scratch.path(),
            authorization.as_deref(),
        )?;
        let agent = match self.credentials.ssh.get("default") {
            Some(source) if !super::is_web(&repository.url) => {
                let scratch = self.environment.store.scratch()?;
                Some(AgentSocket::listen(source, Access::OWN, scratch)?)
            }
            _ => None,
        };
        if let Some(agent) = &agent {
            git.ask_agent(agent.path());
        }
        Ok(Workshop {
            git,
            scratch,
            _agent: agent,
        })
    }

    /// The value of an `Authorization` header: of the URL, or of the secrets that BuildKit knows.
    fn authorization(&self, repository: &GitRepository) -> Result<Option<String>, Error> {
        if let Some(userinfo) = &repository.userinfo {
            let colon = if userinfo.contains(':') { "" } else { ":" };
            let userinfo = registry::percent_decoded(userinfo);
            return Ok(Some(registry::basic_authorization(&format!(
                "{userinfo}{colon}"
            ))));
        }
        if !super::is_web(&repository.url) {
            return Ok(None);
        }
        let rest = repository
            .url
            .split_once("://")
            .map_or("", |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or_default();
        let names = [
            format!("GIT_AUTH_HEADER.{host}"),
            format!("GIT_AUTH_TOKEN.{host}"),
            "GIT_AUTH_HEADER".to_owned(),
            "GIT_AUTH_TOKEN".to_owned(),
        ];
        Ok(self.secret(&names)?.map(|(name, value)| {
            let value = String::from_utf8_lossy(&value).trim().to_owned();
            if name.starts_with("GIT_AUTH_TOKEN") {
                registry::basic_authorization(&format!("x-access-token:{value}"))
            } else {
                value
            }
        }))
    }

    /// The store's repository for a URL, for nobody else meanwhile.
    fn cache_of(&self, url: &str) -> Result<RepositoryCache, Error> {
        loop {
            if let Some(cache) = self.environment.store.try_repository(url)? {
                return Ok(cache);
            }
            let cancel = &self.environment.cancel;
            if cancel.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            std::thread::sleep(PATIENCE);
        }
    }
}

impl<'a> Workshop<'a> {
    fn heard_by(self, fetcher: &Fetcher<'a>, say: &'a (dyn Fn(&[u8]) + Sync)) -> Self {
        let git = self.git.heard_by(fetcher.environment.cancel, say);
        Self { git, ..self }
    }

    /// Sees to it that the store's repository has the commit; says where it is. One that is broken is made again.
    fn bring(
        &self,
        cache: &RepositoryCache,
        repository: &GitRepository,
        commit: &Commit,
    ) -> Result<PathBuf, Error> {
        let bare = cache.path().join("bare.git");
        if bare.join("HEAD").exists() {
            match self.fetch(&bare, repository, commit) {
                Err(Error::Git { .. }) => {}
                other => return other.map(|()| bare),
            }
        }
        rootfs::remove_tree(&bare)?;
        self.git.run(
            cache.path(),
            &["init", "--quiet", "--bare", "--", text(&bare)?],
        )?;
        self.fetch(&bare, repository, commit)?;
        Ok(bare)
    }

    /// Fetches the commit alone if the other side gives it, else with its history, else everything.
    fn fetch(&self, bare: &Path, repository: &GitRepository, commit: &Commit) -> Result<(), Error> {
        if self.has(bare, commit)? {
            return Ok(());
        }
        // A fetch that was killed leaves it; nobody else is at work here.
        let _ = fs::remove_file(bare.join("shallow.lock"));
        let from = commit.reference.as_deref().unwrap_or(&commit.hash);
        let alone = format!("+{from}:{KEPT}{}", commit.hash);
        let url = repository.url.as_str();
        let fetch = ["fetch", "--progress", "--no-tags", "--no-write-fetch-head"];
        let mut error = None;
        for deep in [&["--depth=1"][..], &[]] {
            let arguments = [&fetch[..], deep, &["--", url, &alone]].concat();
            match self.git.run(bare, &arguments) {
                Ok(_) if self.has(bare, commit)? => return Ok(()),
                Ok(_) => break,
                Err(failed @ Error::Git { .. }) => error = Some(failed),
                Err(other) => return Err(other),
            }
        }
        let whole = if bare.join("shallow").exists() {
            &["--unshallow"][..]
        } else {
            &[]
        };
        let all = [
            "--",
            url,
            "+refs/heads/*:refs/remotes/origin/*",
            "+refs/tags/*:refs/tags/*",
        ];
        self.git.run(bare, &[&fetch[..], whole, &all].concat())?;
        if !self.has(bare, commit)? {
            return Err(error.unwrap_or_else(|| Error::Git {
                verb: "fetch".to_owned(),
                url: repository.url.clone(),
                reason: format!("it has no commit {}", commit.hash),
            }));
        }
        let name = format!("{KEPT}{}", commit.hash);
        let arguments = ["update-ref", "--", &name, &commit.hash];
        self.git.run(bare, &arguments).map(drop)
    }

    fn has(&self, bare: &Path, commit: &Commit) -> Result<bool, Error> {
        let object = format!("{}^{{commit}}", commit.hash);
        self.git.succeeds(bare, &["cat-file", "-e", &object])
    }

    /// A working tree of the commit, with a repository of its own.
    fn tree(
        &self,
        bare: &Path,
        repository: &GitRepository,
        commit: &Commit,
    ) -> Result<PathBuf, Error> {
        let tree = self.scratch.path().join("tree");
        let here = self.scratch.path();
        self.git
            .run(here, &["init", "--quiet", "--", text(&tree)?])?;
        let git_dir = tree.join(".git");
        self.git
            .run(&tree, &["config", "remote.origin.url", &repository.url])?;
        if repository.keep_git_dir == Some(true) {
            self.fetch_locally(bare, &tree, commit)?;
        } else {
            let objects = git_dir.join("objects/info/alternates");
            write(&objects, &format!("{}\n", text(&bare.join("objects"))?))?;
            if let Ok(shallow) = fs::read_to_string(bare.join("shallow")) {
                write(&git_dir.join("shallow"), &shallow)?;
            }
        }
        let arguments = ["checkout", "--quiet", "--detach", "--force", &commit.hash];
        self.git.run(&tree, &arguments)?;
        if repository.keep_git_dir == Some(true) {
            // What stays is the same on every machine: without the times of files and of what was done.
            self.git.run(&tree, &["read-tree", &commit.hash])?;
            rootfs::remove_tree(git_dir.join("logs"))?;
        }
        Ok(tree)
    }

    /// A repository that is to be kept has its objects itself, and the branch or tag that it was made from.
    fn fetch_locally(&self, bare: &Path, tree: &Path, commit: &Commit) -> Result<(), Error> {
        let url = format!("file://{}", text(bare)?);
        let kept = format!("{KEPT}{}", commit.hash);
        let name = commit.reference.clone();
        let what = format!("+{kept}:{}", name.unwrap_or_else(|| kept.clone()));
        let arguments = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--update-head-ok",
            "--no-write-fetch-head",
            "--",
            &url,
            &what,
        ];
        // What was there before under another name has no reference by this one.
        let names = ["update-ref", "--", &kept, &commit.hash];
        if !self
            .git
            .succeeds(bare, &["rev-parse", "--verify", "--quiet", &kept])?
        {
            self.git.run(bare, &names)?;
        }
        self.git.run_locally(tree, &arguments).map(drop)
    }

    /// Submodules, and theirs. Their URLs stand in the repository: what they may be is in the environment.
    fn submodules(&self, tree: &Path) -> Result<(), Error> {
        let update = ["submodule", "--quiet", "update", "--init", "--recursive"];
        let alone = [&update[..], &["--depth=1"]].concat();
        match self.git.run(tree, &alone) {
            Err(Error::Git { .. }) => self.git.run(tree, &update).map(drop),
            other => other.map(drop),
        }
    }

    /// When the commit was made, in seconds since 1970.
    fn time_of(&self, bare: &Path, commit: &Commit) -> Result<i64, Error> {
        let arguments = ["show", "--no-patch", "--format=%ct", &commit.hash];
        let answer = self.git.run(bare, &arguments)?;
        Ok(String::from_utf8_lossy(&answer).trim().parse().unwrap_or(0))
    }
}

/// How many bytes came, of what git says on the way: `Receiving objects:  45% (450/1000), 1.20 MiB | 3.00 MiB/s`.
fn received(words: &str) -> Option<u64> {
    let lines = words.rsplit(['\r', '\n']);
    let line = lines
        .filter_map(|line| line.strip_prefix("Receiving objects:"))
        .find_map(|line| line.split_once("), "))?;
    let mut size = line.1.split([' ', ',', '|']);
    let number: f64 = size.next()?.parse().ok()?;
    let unit = match size.next()? {
        "bytes" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    // Of a figure with two places behind the point no more can be asked.
    Some((number * unit) as u64)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

/// What the files of a commit are.
fn key(repository: &GitRepository, commit: &Commit) -> Key {
    let mut writer = KeyWriter::new("git commit");
    writer.text(&commit.hash);
    repository.what(&mut writer);
    if repository.keep_git_dir == Some(true) {
        writer.text(commit.reference.as_deref().unwrap_or_default());
    }
    writer.finish()
}

/// The lines of `git ls-remote`: hash and name.
fn lines(answer: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = answer.lines().filter_map(|line| line.split_once('\t'));
    lines.filter(|(hash, _)| GitRepository::is_commit(hash))
}

fn default_branch(answer: &str) -> Option<Commit> {
    let branch = answer.lines().find_map(|line| {
        let name = line.strip_prefix("ref: ")?.strip_suffix("\tHEAD")?;
        Some(name.to_owned())
    });
    let (hash, _) = lines(answer).find(|(_, name)| *name == "HEAD")?;
    Some(Commit {
        hash: hash.to_owned(),
        reference: Some(branch.unwrap_or_else(|| "HEAD".to_owned())),
    })
}

/// A full name goes first, then branches, then tags, as with `git checkout`; of an annotated tag it is its commit.
fn named(answer: &str, name: &str) -> Option<Commit> {
    let short = name.strip_prefix("refs/").unwrap_or(name);
    let candidates = [
        name.to_owned(),
        format!("refs/{short}"),
        format!("refs/heads/{name}"),
        format!("refs/tags/{name}"),
    ];
    candidates.into_iter().find_map(|full| {
        let peeled = format!("{full}^{{}}");
        let find = |wanted: &str| lines(answer).find(|(_, name)| *name == wanted);
        let (hash, _) = find(&peeled).or_else(|| find(&full))?;
        Some(Commit {
            hash: hash.to_owned(),
            reference: Some(full),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress() {
        let words = "x\rReceiving objects:  45% (450/1000), 1.50 MiB | 3.00 MiB/s\r";
        assert_eq!(received(words), Some(1_572_864));
        assert_eq!(received("Receiving objects:  45% (450/1000)\r"), None);
        assert_eq!(received("remote: Counting objects: 3, done.\n"), None);
    }

    #[test]
    fn answers() {
        let (a, b, c) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let answer = format!(
            "{a}\trefs/heads/v1\n{b}\trefs/tags/v1\n{c}\trefs/tags/v1^{{}}\nwarning\trefs/x\n"
        );
        let found = |name: &str| {
            named(&answer, name).map(|commit| (commit.hash, commit.reference.unwrap()))
        };
        assert_eq!(found("v1"), Some((a, "refs/heads/v1".to_owned())));
        assert_eq!(found("refs/tags/v1"), Some((c, "refs/tags/v1".to_owned())));
        assert_eq!(found("v2"), None);
        let answer = format!("ref: refs/heads/trunk\tHEAD\n{b}\tHEAD\n");
        let commit = default_branch(&answer).unwrap();
        assert_eq!(
            (commit.hash, commit.reference.as_deref()),
            (b, Some("refs/heads/trunk"))
        );
        assert_eq!(default_branch(""), None);
    }
}
