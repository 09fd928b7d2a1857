//! Programs that tests run, and that a machine may lack.

use std::path::{Path, PathBuf};

/// A static busybox: `$BUSYBOX`, the one that `scripts/setup test` got, or Debian's.
#[must_use]
pub fn busybox() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/busybox");
    let named = std::env::var_os("BUSYBOX").map(PathBuf::from).into_iter();
    let mut candidates = named.chain([own, PathBuf::from("/bin/busybox")]);
    candidates
        .find(|path| path.is_file())
        .expect("a static busybox (`scripts/setup test` gets one)")
}
