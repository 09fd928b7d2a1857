//! `--platform`.

use crate::command_error::CommandError;
use crate::config::Config;
use oci::Platform;

/// The platforms, each once; none if nothing was said. As for buildx, `DOCKER_DEFAULT_PLATFORM` stands in for the flag.
pub(super) fn read(given: &[String], config: &Config) -> Result<Vec<Platform>, CommandError> {
    match config.default_platform() {
        Some(default) if given.is_empty() => platforms(default.split(',')),
        _ => platforms(given.iter().map(String::as_str)),
    }
}

fn platforms<'a>(given: impl Iterator<Item = &'a str>) -> Result<Vec<Platform>, CommandError> {
    let mut platforms = Vec::new();
    for text in given.map(str::trim) {
        let platform = match text {
            "local" => Platform::host(),
            named => named.parse()?,
        };
        if !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    Ok(platforms)
}

#[cfg(test)]
mod tests {
    use super::platforms;

    fn read(given: &[&str]) -> Vec<String> {
        let read = platforms(given.iter().copied()).unwrap();
        read.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_platform_once() {
        assert!(read(&[]).is_empty());
        assert_eq!(read(&["local", "local"]).len(), 1);
        assert_eq!(
            read(&["linux/arm64/v8", "linux/aarch64", "arm64", " arm"]),
            ["linux/arm64", "linux/arm/v7"]
        );
        let error = platforms(["linux/"].into_iter()).unwrap_err();
        assert_eq!(error.exit().code(), 2);
    }
}
