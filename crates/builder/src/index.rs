//! The index of an image for several platforms: image-spec, image-index.md.

use oci::{Descriptor, Index, MediaType};
use store::{Image, Store};

use crate::{Error, Options};

/// BuildKit's build argument that asks for an index even if there is one platform only.
const MULTI_PLATFORM: &str = "BUILDKIT_MULTI_PLATFORM";

/// Whether the result is an index, not just a manifest.
///
/// # Errors
/// [`Error::BuildArgument`] if `BUILDKIT_MULTI_PLATFORM` is no boolean, or is false where there are several platforms.
pub(crate) fn is_wanted(options: &Options) -> Result<bool, Error> {
    let several = options.platforms.len() > 1;
    let Some(value) = options.build_args.get(MULTI_PLATFORM) else {
        return Ok(several);
    };
    let wrong = |expected| Error::BuildArgument {
        name: MULTI_PLATFORM,
        value: value.clone(),
        expected,
    };
    // What Go's strconv.ParseBool takes.
    match value.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" if several => {
            Err(wrong("true, since the build is for several platforms"))
        }
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(wrong("true or false")),
    }
}

/// Stores the index of some images.
pub(crate) fn of(images: &[Image], store: &Store) -> Result<Descriptor, Error> {
    let manifests = images.iter().map(|image| Descriptor {
        platform: Some(image.platform.clone()),
        ..image.manifest.clone()
    });
    let index = Index::new(manifests.collect());
    Ok(store.put_bytes(MediaType::OciIndex, &index.to_bytes())?)
}
