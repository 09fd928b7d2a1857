//! How the rules read what is no Dockerfile's own: names of images, and of platforms.

use lint::Names;
use oci::{Platform, Reference};

/// As the image and distribution specifications have them.
pub(crate) fn names() -> Names {
    Names {
        is_image: |text| text.parse::<Reference>().is_ok(),
        platform: |text| {
            let platform: Platform = text.parse().ok()?;
            Some((platform.os, platform.architecture))
        },
    }
}
