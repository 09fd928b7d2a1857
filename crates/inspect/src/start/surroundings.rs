//! What a program finds around it: working directory, ports, time zone.

use rootfs::FollowLast;

use super::problem::{Instruction, Problem, ProblemKind};
use super::{Image, reading};
use crate::Error;

pub(super) fn check(image: &Image<'_>, problems: &mut Vec<Problem>) -> Result<(), Error> {
    problems.extend(working_directory(image)?);
    problems.extend(time_zone(image)?);
    problems.extend(low_port(image));
    Ok(())
}

/// A directory that is not there is made when the container starts; what is there must be one, and open to the user.
fn working_directory(image: &Image<'_>) -> Result<Option<Problem>, Error> {
    let path = &image.config.config.working_dir;
    let problem = |message: String, help: &str| {
        Some(Problem::new(
            ProblemKind::WorkingDirectory,
            Instruction::Workdir,
            message,
            help,
        ))
    };
    let found = image
        .files
        .lookup(path, FollowLast::Yes)
        .map_err(reading(path))?;
    let Some(found) = found.filter(|_| !path.is_empty()) else {
        return Ok(None);
    };
    if !found.metadata.is_dir() {
        return Ok(problem(
            format!("the working directory {path} is a file"),
            "name a directory",
        ));
    }
    for directory in found.path.ancestors() {
        let at = directory.to_string_lossy();
        let metadata = image
            .files
            .lookup(directory, FollowLast::Yes)
            .map_err(reading(&at))?;
        if metadata.is_some_and(|found| !image.identity.may(&found.metadata, 1)) {
            let message = format!(
                "user {:?} may not enter {at}, on the way to the working directory",
                image.identity.name
            );
            return Ok(problem(message, "chmod or chown it in a RUN above USER"));
        }
    }
    Ok(None)
}

/// tzset(3): a zone by its name is a file below `/usr/share/zoneinfo`.
fn time_zone(image: &Image<'_>) -> Result<Option<Problem>, Error> {
    let Some(zone) = image
        .environment
        .get("TZ")
        .map(|zone| zone.trim_start_matches(':'))
    else {
        return Ok(None);
    };
    // What says itself how far it is from UTC needs no file.
    let is_name = zone.contains('/') && !zone.contains(',')
        || zone.chars().all(|c| c.is_ascii_alphabetic()) && zone.len() > 5;
    if !is_name || zone.starts_with('/') {
        return Ok(None);
    }
    let path = format!("/usr/share/zoneinfo/{zone}");
    let found = image
        .files
        .lookup(&path, FollowLast::Yes)
        .map_err(reading(&path))?;
    Ok(found.is_none().then(|| {
        let message =
            format!("TZ is {zone}, and {path} is not in the image: most programs then take UTC");
        let help = "install tzdata, or copy /usr/share/zoneinfo from a stage that has it";
        Problem::new(
            ProblemKind::TimeZoneMissing,
            Instruction::Env,
            message,
            help,
        )
    }))
}

/// Docker lets everybody bind low ports; Kubernetes and others do not by themselves.
fn low_port(image: &Image<'_>) -> Option<Problem> {
    if image.identity.is_root() {
        return None;
    }
    let number = |port: &String| port.split('/').next()?.parse::<u16>().ok();
    let port = image
        .config
        .config
        .exposed_ports
        .iter()
        .filter_map(number)
        .find(|port| *port < 1024)?;
    let message = format!(
        "port {port} is below 1024, and user {:?} is not root: where the runtime does not allow it (Docker does, Kubernetes does not by itself), it cannot be bound",
        image.identity.name
    );
    let help = "listen on a port from 1024 on, and publish it as the low one";
    Some(Problem::new(
        ProblemKind::LowPort,
        Instruction::Expose,
        message,
        help,
    ))
}
