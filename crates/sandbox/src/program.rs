//! Finding and executing the program, as execvp(3) does it.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD};
use rustix::io::Errno;

use crate::protocol::Failure;
use crate::step::Step;
use crate::sys::{self, Strings};
use crate::{DEFAULT_PATH, Process};

/// Executes the program in place of this one; returns only the reason why not.
pub(crate) fn execute(process: &Process) -> Failure {
    let Some(program) = process.args.first() else {
        return failure(Step::FindProgram, Path::new(""), Errno::NOENT);
    };
    let (Some(arguments), Some(environment)) = (strings(&process.args), strings(&process.env))
    else {
        return failure(Step::Execute, Path::new(program), Errno::INVAL);
    };
    let mut refused = None;
    for candidate in candidates(program, &process.env) {
        let Some(path) = c_string(candidate.as_os_str()) else {
            continue;
        };
        match sys::execute(&path, &arguments, &environment) {
            Errno::NOENT | Errno::NOTDIR if !is_there(&candidate) => {}
            // It is there, so what is missing is what should interpret it.
            Errno::NOENT => return failure(Step::FindInterpreter, &candidate, Errno::NOENT),
            // Another directory of PATH may have one that works.
            Errno::ACCESS => refused = refused.or(Some(candidate)),
            errno => return failure(Step::Execute, &candidate, errno),
        }
    }
    match refused {
        Some(path) => failure(Step::Execute, &path, Errno::ACCESS),
        None => failure(Step::FindProgram, Path::new(program), Errno::NOENT),
    }
}

/// Where the program can be: where it says, if there is a `/` in its name, else in the directories of `PATH`.
fn candidates(program: &OsStr, environment: &[OsString]) -> Vec<PathBuf> {
    if program.is_empty() {
        return Vec::new();
    }
    if program.as_bytes().contains(&b'/') {
        return vec![PathBuf::from(program)];
    }
    std::env::split_paths(search_path(environment))
        .map(|directory| match directory.as_os_str().is_empty() {
            // POSIX: an empty prefix is the working directory.
            true => Path::new(".").join(program),
            false => directory.join(program),
        })
        .collect()
}

fn search_path(environment: &[OsString]) -> &OsStr {
    environment
        .iter()
        .find_map(|variable| variable.as_bytes().strip_prefix(b"PATH="))
        .map_or(OsStr::new(DEFAULT_PATH), OsStr::from_bytes)
}

fn is_there(path: &Path) -> bool {
    rustix::fs::accessat(CWD, path, Access::EXISTS, AtFlags::empty()).is_ok()
}

fn failure(step: Step, path: &Path, errno: Errno) -> Failure {
    Failure {
        step,
        object: path.as_os_str().as_bytes().to_vec(),
        errno,
    }
}

fn strings(strings: &[OsString]) -> Option<Strings> {
    let strings: Option<Vec<CString>> = strings.iter().map(|string| c_string(string)).collect();
    strings.map(Strings::new)
}

fn c_string(string: &OsStr) -> Option<CString> {
    CString::new(string.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::{candidates, search_path};
    use std::ffi::{OsStr, OsString};
    use std::path::Path;

    fn environment(variables: &[&str]) -> Vec<OsString> {
        variables.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_name_is_looked_for_in_path() {
        let env = environment(&["HOME=/", "PATH=/a::/b", "PATH=/c"]);
        let found = candidates(OsStr::new("x"), &env);
        assert_eq!(
            found,
            [Path::new("/a/x"), Path::new("./x"), Path::new("/b/x")]
        );
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        for program in ["/bin/x", "./x", "bin/x"] {
            assert_eq!(candidates(OsStr::new(program), &[]), [Path::new(program)]);
        }
        assert!(candidates(OsStr::new(""), &[]).is_empty());
    }

    #[test]
    fn without_path_there_is_a_default() {
        assert_eq!(
            search_path(&environment(&["XPATH=/a"])),
            crate::DEFAULT_PATH
        );
    }
}
