//! `--secret id=NAME[,type=file|env][,src=FILE|,env=VARIABLE]`.

use crate::command_error::CommandError;
use crate::config::Config;
use crate::key_values;
use builder::SecretSource;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// Reads one flag. Without a source the secret is the variable of its name, or the file of its name.
pub(super) fn read(text: &str, config: &Config) -> Result<(String, SecretSource), CommandError> {
    let wrong = |message: String| {
        CommandError::usage(format!("--secret {text}: {message}"))
            .hint("for example --secret id=token,src=token.txt or --secret id=token,env=TOKEN")
    };
    let (mut id, mut kind, mut file, mut variable) = (None, None, None, None);
    for (key, value) in key_values::fields(text).map_err(wrong)? {
        let value = value.ok_or_else(|| wrong(format!("`{key}` has no value")))?;
        match key.as_str() {
            "id" => id = Some(value),
            "type" => kind = Some(value),
            "src" | "source" => file = Some(value),
            "env" => variable = Some(value),
            other => return Err(wrong(format!("there is no field `{other}`"))),
        }
    }
    let id = id.ok_or_else(|| wrong("the id is missing".to_owned()))?;
    // With type=env, `src` names the variable.
    match kind.as_deref() {
        None => {}
        Some("env") => variable = variable.or(file.take()).or_else(|| Some(id.clone())),
        Some("file") => file = file.or_else(|| Some(id.clone())),
        Some(other) => {
            return Err(wrong(format!(
                "there is no type `{other}`: it is file or env"
            )));
        }
    }
    if file.is_some() && variable.is_some() {
        return Err(wrong(
            "it is from a file or from a variable, not both".to_owned(),
        ));
    }
    let source = match (file, variable) {
        (Some(file), _) => in_file(PathBuf::from(file), &id)?,
        (None, Some(variable)) => match config.variable(&variable) {
            Some(value) => SecretSource::Value(value.into_vec()),
            None => return Err(wrong(format!("the variable {variable} is not set"))),
        },
        (None, None) => match config.variable(&id) {
            Some(value) => SecretSource::Value(value.into_vec()),
            None => in_file(PathBuf::from(&id), &id)?,
        },
    };
    Ok((id, source))
}

/// A file that is not there is said now, not when a step needs it.
fn in_file(path: PathBuf, id: &str) -> Result<SecretSource, CommandError> {
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(SecretSource::File(path)),
        Ok(metadata) if metadata.is_dir() => Err(CommandError::new(format!(
            "secret {id}: {} is a folder",
            path.display()
        ))),
        // A pipe, `--secret id=x,src=<(pass show x)`, can be read only once.
        Ok(_) => SecretSource::File(path)
            .read(id)
            .map(SecretSource::Value)
            .map_err(CommandError::from),
        Err(error) => Err(CommandError::io(
            format_args!("read secret {id} from {}", path.display()),
            error,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::config::Config;
    use builder::SecretSource;

    fn of(text: &str) -> Result<(String, SecretSource), String> {
        read(text, &Config::new(None)).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn sources() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        assert!(matches!(
            of(&format!("id=a,src={path}")).unwrap().1,
            SecretSource::File(_)
        ));
        assert!(matches!(of(&format!("type=file,id=a,source={path}")), Ok((id, _)) if id == "a"));
        assert!(matches!(
            of("id=a,env=PATH").unwrap().1,
            SecretSource::Value(_)
        ));
        assert!(matches!(of("id=PATH").unwrap().1, SecretSource::Value(_)));
        assert!(matches!(
            of("id=a,type=env,src=PATH").unwrap().1,
            SecretSource::Value(_)
        ));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("src=x", "the id is missing"),
            ("id=a,src=/nowhere/at/all", "/nowhere/at/all"),
            ("id=a,env=SURELY_NOT_SET_HERE", "is not set"),
            ("id=a,src=/,", "without a name"),
            ("id=a,from=x", "no field `from`"),
            ("id=a,src=/etc/passwd,env=PATH", "not both"),
            ("id=a,type=ssh", "no type `ssh`"),
            ("id=a,src=/", "is a folder"),
            ("id=a,src=/dev/zero", "secret `a` is larger than 500 KiB"),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
