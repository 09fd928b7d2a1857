//! What an image says about running it, and what the command line says on top.

use crate::command_error::CommandError;
use crate::exit::Exit;
use oci::Config;

/// What asks a program to end if the image names nothing else.
pub(crate) const SIGTERM: i32 = 15;

/// The program: `--entrypoint` replaces the image's and drops its Cmd; arguments replace Cmd.
pub(crate) fn command(
    config: &Config,
    entrypoint: Option<&str>,
    arguments: &[String],
) -> Result<Vec<String>, CommandError> {
    let mut command = match entrypoint {
        // As with Docker, an empty one takes the image's away.
        Some("") => Vec::new(),
        Some(program) => vec![program.to_owned()],
        None => config.entrypoint.clone(),
    };
    if !arguments.is_empty() {
        command.extend_from_slice(arguments);
    } else if entrypoint.is_none() {
        command.extend_from_slice(&config.cmd);
    }
    if command.is_empty() {
        return Err(CommandError::new("the image names no program to run")
            .hint("name one behind the image: carafe run IMAGE PROGRAM [ARG…]")
            .exit_with(Exit::ContainerSetup));
    }
    Ok(command)
}

/// The number of a signal by its name, with or without SIG, or its number (signal(7), x86 and ARM).
pub(crate) fn signal(name: &str) -> Result<i32, String> {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
        "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    const REAL_TIME: (i32, i32) = (34, 64);
    if let Ok(number) = name.parse::<i32>() {
        return match number {
            1..=64 => Ok(number),
            _ => Err(format!("there is no signal {number}")),
        };
    }
    let upper = name.to_ascii_uppercase();
    let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(at) = NAMES.iter().position(|known| *known == bare) {
        return Ok(i32::try_from(at).unwrap_or(0) + 1);
    }
    let offset = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<i32>().ok()
        }
    };
    let real_time = match (bare.strip_prefix("RTMIN"), bare.strip_prefix("RTMAX"), bare) {
        (Some(offset_text), _, _) => offset(offset_text).map(|n| REAL_TIME.0 + n),
        (_, Some(offset_text), _) => offset(offset_text).map(|n| REAL_TIME.1 + n),
        (_, _, "POLL") => Some(29),
        (_, _, "IOT") => Some(6),
        _ => None,
    };
    real_time
        .filter(|n| (1..=64).contains(n))
        .ok_or_else(|| format!("there is no signal {name}"))
}

#[cfg(test)]
mod tests {
    use super::{command, signal};
    use oci::Config;

    fn config() -> Config {
        Config {
            entrypoint: vec!["/entry".into(), "-x".into()],
            cmd: vec!["arg".into()],
            ..Config::default()
        }
    }

    #[test]
    fn entrypoint_and_command() {
        let of = |entrypoint, arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
            command(&config(), entrypoint, &arguments).map(|c| c.join(" "))
        };
        assert_eq!(of(None, &[]).unwrap(), "/entry -x arg");
        assert_eq!(of(None, &["a", "b"]).unwrap(), "/entry -x a b");
        assert_eq!(of(Some("sh"), &[]).unwrap(), "sh");
        assert_eq!(of(Some("sh"), &["-c"]).unwrap(), "sh -c");
        assert_eq!(of(Some(""), &["ls"]).unwrap(), "ls");
        assert_eq!(of(Some(""), &[]).unwrap_err().exit().code(), 125);
        assert!(command(&Config::default(), None, &[]).is_err());
    }

    #[test]
    fn signals() {
        let known = [
            ("SIGTERM", 15),
            ("int", 2),
            ("9", 9),
            ("SIGRTMIN+3", 37),
            ("RTMAX-1", 63),
        ];
        for (name, number) in known {
            assert_eq!(signal(name), Ok(number));
        }
        for bad in ["", "SIGNOPE", "0", "65", "RTMIN+99", "-1"] {
            assert!(signal(bad).is_err(), "{bad}");
        }
    }
}
