//! Parts that this program plays when a test starts it again, by its name (`argv[0]`).

use std::process::{Command, ExitCode};

/// A part: its name and what it does.
type Role = (&'static str, fn() -> ExitCode);

const ROLES: &[Role] = &[
    ("parent-to-be-killed", crate::lifetime::parent_to_be_killed),
    (
        "parent-of-another-user",
        crate::lifetime::parent_of_another_user,
    ),
    ("parent-of-chroot", crate::chroot::parent_of_chroot),
    ("catcher", crate::process::catcher),
    ("ordinary-user", crate::ordinary_user::ordinary_user),
    ("user-of-arm64", crate::emulation::ordinary_user),
    ("supervised", crate::supervision::supervised),
    ("recorded", crate::recording::recorded),
    ("survey", crate::survey::report),
    ("exe", crate::escapes::own_executable),
    ("user-with-threads", crate::ordinary_user::user_with_threads),
    ("newuidmap", crate::ordinary_user::stand_in_for_newuidmap),
    ("newgidmap", crate::ordinary_user::stand_in_for_newuidmap),
];

/// Plays the part that this process was started for, if any.
pub(crate) fn run() -> Option<ExitCode> {
    let name = std::env::args_os().next()?;
    let name = std::path::Path::new(&name).file_name()?.to_str()?;
    let (_, play) = ROLES.iter().find(|(role, _)| *role == name)?;
    Some(play())
}

/// This program in a part.
pub(crate) fn command(role: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg0(role);
    command
}
