//! `--ulimit` and `--resource`.

use crate::command_error::CommandError;
use crate::key_values;
use sandbox::{CgroupLimits, Ulimit, UlimitResource};

/// Reads `nofile=1024:2048`: soft and hard limit, or one for both; -1 is none. Source: docker/go-units.
pub(crate) fn ulimit(text: &str) -> Result<Ulimit, CommandError> {
    let wrong = |why: &str| {
        CommandError::usage(format!("--ulimit {text}: {why}"))
            .hint("for example --ulimit nofile=1024:2048")
    };
    let (name, bounds) = text
        .split_once('=')
        .ok_or_else(|| wrong("it is not LIMIT=SOFT[:HARD]"))?;
    let resource: UlimitResource = name
        .parse()
        .map_err(|error: sandbox::UnknownUlimit| wrong(&error.to_string()))?;
    let bound = |text: &str| match text {
        "-1" => Some(None),
        number => number.parse::<u64>().ok().map(Some),
    };
    let (soft, hard) = bounds.split_once(':').unwrap_or((bounds, bounds));
    let (Some(soft), Some(hard)) = (bound(soft), bound(hard)) else {
        return Err(wrong("a limit is a number, or -1 for none"));
    };
    // No limit is the highest.
    if soft.unwrap_or(u64::MAX) > hard.unwrap_or(u64::MAX) {
        return Err(wrong("the soft limit is above the hard one"));
    }
    Ok(Ulimit {
        resource,
        soft,
        hard,
    })
}

/// Reads `memory=1g,cpu-quota=50000`, from all flags together.
pub(super) fn resources(flags: &[String]) -> Result<CgroupLimits, CommandError> {
    let mut limits = CgroupLimits::default();
    for text in flags {
        let wrong = |why: String| CommandError::usage(format!("--resource {text}: {why}"));
        for (key, value) in key_values::fields(text).map_err(wrong)? {
            let value = value.ok_or_else(|| wrong(format!("`{key}` has no value")))?;
            set(&mut limits, &key, &value).map_err(wrong)?;
        }
    }
    Ok(limits)
}

fn set(limits: &mut CgroupLimits, key: &str, value: &str) -> Result<(), String> {
    let no_size = || format!("`{value}` is not a size");
    let no_number = || format!("`{value}` is not a number");
    let bytes = |text| dockerfile::size::bytes(text).ok_or_else(no_size);
    let number = || value.parse::<u64>().map_err(|_| no_number());
    match key {
        "memory" => limits.memory = Some(bytes(value)?),
        "memory-swap" if value == "-1" => limits.memory_swap = Some(-1),
        "memory-swap" => {
            limits.memory_swap = Some(i64::try_from(bytes(value)?).map_err(|_| no_size())?);
        }
        "cpu-shares" => limits.cpu_shares = Some(number()?),
        "cpu-period" => limits.cpu_period = Some(number()?),
        "cpu-quota" => limits.cpu_quota = Some(value.parse().map_err(|_| no_number())?),
        "cpuset-cpus" => limits.cpuset_cpus = Some(list(value)?),
        "cpuset-mems" => limits.cpuset_mems = Some(list(value)?),
        other => {
            let known =
                "memory, memory-swap, cpu-shares, cpu-period, cpu-quota, cpuset-cpus, cpuset-mems";
            return Err(format!("there is no resource `{other}`; there are {known}"));
        }
    }
    Ok(())
}

/// A list of numbers and ranges: cpuset(7), "List format".
fn list(text: &str) -> Result<String, String> {
    let is_number = |part: &str| part.parse::<u32>().is_ok();
    let is_range = |part: &str| match part.split_once('-') {
        Some((from, to)) => is_number(from) && is_number(to),
        None => is_number(part),
    };
    match text.split(',').all(is_range) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is not a list such as 0-3,7")),
    }
}

#[cfg(test)]
mod tests {
    use super::{resources, ulimit};
    use sandbox::{Ulimit, UlimitResource};

    #[test]
    fn ulimits() {
        let is = |resource, soft, hard| Ulimit {
            resource,
            soft,
            hard,
        };
        let of = |text| ulimit(text).map_err(|error| error.message().to_owned());
        assert_eq!(
            of("nofile=10:20"),
            Ok(is(UlimitResource::Nofile, Some(10), Some(20)))
        );
        assert_eq!(of("core=0"), Ok(is(UlimitResource::Core, Some(0), Some(0))));
        assert_eq!(
            of("stack=5:-1"),
            Ok(is(UlimitResource::Stack, Some(5), None))
        );
        for (text, words) in [
            ("nofile", "LIMIT=SOFT"),
            ("files=3", "no limit called `files`"),
            ("nofile=x", "a number"),
            ("nofile=3:2", "above the hard one"),
            ("nofile=-1:2", "above the hard one"),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn resources_of_all_flags() {
        let of = |flags: &[&str]| {
            let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
            resources(&flags).map_err(|error| error.message().to_owned())
        };
        let limits = of(&[
            "memory=1m,memory-swap=-1",
            "cpuset-cpus=\"0-1,3\"",
            "cpu-quota=-1",
        ]);
        let limits = limits.unwrap();
        assert_eq!(
            (limits.memory, limits.memory_swap),
            (Some(1 << 20), Some(-1))
        );
        assert_eq!(limits.cpuset_cpus.as_deref(), Some("0-1,3"));
        assert_eq!(limits.cpu_quota, Some(-1));
        for (flag, words) in [
            ("disk=1g", "no resource `disk`"),
            ("memory", "no value"),
            ("memory=x", "not a size"),
            ("cpu-shares=-1", "not a number"),
            ("cpuset-cpus=a", "not a list"),
        ] {
            let error = of(&[flag]).unwrap_err();
            assert!(error.contains(words), "{flag}: {error}");
        }
    }
}
