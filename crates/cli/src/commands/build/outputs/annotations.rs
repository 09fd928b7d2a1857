//! Annotations, as `--annotation` has them and as fields of `--output` do.

use crate::command_error::CommandError;
use oci::Platform;
use store::{Annotation, Noted};

/// The types by the names that buildx and BuildKit give them.
const TYPES: [(&str, Noted); 4] = [
    ("manifest", Noted::Manifest),
    ("manifest-descriptor", Noted::ManifestDescriptor),
    ("index", Noted::Index),
    ("index-descriptor", Noted::IndexDescriptor),
];

/// `--annotation index,manifest[linux/amd64]:key=value`; one for each type. Without types it is the manifest's.
pub(super) fn of_flag(text: &str) -> Result<Vec<Annotation>, CommandError> {
    let wrong = |why: &str| CommandError::usage(format!("--annotation {text}: {why}"));
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| wrong("it is not KEY=VALUE"))?;
    let (types, key) = name.split_once(':').unwrap_or(("manifest", name));
    if key.is_empty() {
        return Err(wrong("the key is missing"));
    }
    let mut annotations = Vec::new();
    for one in types.split(',') {
        let (on, platform) = noted(one).map_err(|why| wrong(&why))?;
        annotations.push(Annotation {
            on,
            platform,
            key: key.to_owned(),
            value: value.to_owned(),
        });
    }
    Ok(annotations)
}

/// The field `annotation[-TYPE][[PLATFORM]].KEY` of an output; `None` if it is another field.
pub(super) fn of_field(field: &str, value: &str) -> Option<Result<Annotation, String>> {
    let rest = field.strip_prefix("annotation")?;
    // A platform may hold a dot (an OS version), and so may the key.
    let end = rest.find(']').unwrap_or(0);
    let dot = rest[end..].find('.')? + end;
    let (place, key) = (&rest[..dot], &rest[dot + 1..]);
    let place = match place.strip_prefix('-') {
        Some(place) => place.to_owned(),
        None if place.is_empty() || place.starts_with('[') => format!("manifest{place}"),
        None => return None,
    };
    if key.is_empty() {
        return Some(Err(format!("`{field}` has no key")));
    }
    Some(noted(&place).map(|(on, platform)| Annotation {
        on,
        platform,
        key: key.to_owned(),
        value: value.to_owned(),
    }))
}

/// `manifest[linux/amd64]`.
fn noted(text: &str) -> Result<(Noted, Option<Platform>), String> {
    let (name, platform) = match text.split_once('[') {
        Some((name, rest)) => {
            let platform = rest.strip_suffix(']');
            let platform = platform.ok_or_else(|| format!("`{text}` has no closing bracket"))?;
            let platform: Platform = platform.parse().map_err(|e: oci::Error| e.to_string())?;
            (name, Some(platform))
        }
        None => (text, None),
    };
    match TYPES.iter().find(|(known, _)| *known == name) {
        Some((_, Noted::Index | Noted::IndexDescriptor)) if platform.is_some() => {
            Err(format!("`{name}` is of no platform"))
        }
        Some((_, on)) => Ok((*on, platform)),
        None => {
            let known = TYPES.map(|(name, _)| name).join(", ");
            Err(format!(
                "there is no annotation type `{name}`: it is one of {known}"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{of_field, of_flag};
    use store::Noted;

    #[test]
    fn flags() {
        let one = of_flag("a.B=c=d").unwrap().remove(0);
        assert_eq!((one.key.as_str(), one.value.as_str()), ("a.B", "c=d"));
        assert_eq!((one.on, one.platform), (Noted::Manifest, None));
        let two = of_flag("index,manifest-descriptor[linux/arm64]:k=v").unwrap();
        assert_eq!(two[0].on, Noted::Index);
        assert_eq!(two[1].on, Noted::ManifestDescriptor);
        assert_eq!(two[1].platform.as_ref().unwrap().to_string(), "linux/arm64");
        for (text, words) in [
            ("k", "not KEY=VALUE"),
            ("=v", "key is missing"),
            ("layer:k=v", "no annotation type `layer`"),
            ("manifest[linux/amd64:k=v", "no closing bracket"),
            ("index[linux/amd64]:k=v", "of no platform"),
        ] {
            let error = of_flag(text).unwrap_err();
            assert!(
                error.message().contains(words),
                "{text}: {}",
                error.message()
            );
        }
    }

    #[test]
    fn fields() {
        let of = |field| of_field(field, "v").unwrap().unwrap();
        assert_eq!(of("annotation.a.b").key, "a.b");
        assert_eq!(of("annotation-index.k").on, Noted::Index);
        let one = of("annotation-manifest[linux/amd64].x.y");
        assert_eq!((one.on, one.key.as_str()), (Noted::Manifest, "x.y"));
        assert!(of("annotation[linux/amd64].k").platform.is_some());
        assert!(of_field("annotations", "v").is_none());
        assert!(of_field("annotation-layer.k", "v").unwrap().is_err());
        assert!(of_field("annotation.", "v").unwrap().is_err());
    }
}
