//! Random changes: the tree that a layer's tar gives is the tree that the layer was made of.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use store::{Snapshot, Store};

use crate::support::{layer_of, listing, step, store, tree, unpack};

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn path(&mut self, at: &Path) -> PathBuf {
        let mut path = at.to_owned();
        for _ in 0..=self.below(3) {
            path.push(["a", "b", "c", ".d", "ü"][self.below(5) as usize]);
        }
        path
    }
}

/// Does something to a path, if it can be done.
fn act(at: &Path, numbers: &mut Numbers) -> std::io::Result<()> {
    let (path, second) = (numbers.path(at), numbers.path(at));
    let number = numbers.below(1000) as u32;
    match numbers.below(13) {
        0..3 => fs::write(&path, format!("{number}"))?,
        3..5 => fs::create_dir_all(&path)?,
        5 => symlink(second.file_name().unwrap(), &path)?,
        6 => fs::hard_link(&second, &path)?,
        7 if path.is_dir() && !path.is_symlink() => fs::remove_dir_all(&path)?,
        7 => fs::remove_file(&path)?,
        8 => fs::rename(&second, &path)?,
        9 if !path.is_symlink() => fs::set_permissions(&path, fs::Permissions::from_mode(number))?,
        10 => chown(&path, Some(number), Some(number / 2))?,
        11 => mknodat(
            CWD,
            &path,
            FileType::CharacterDevice,
            Mode::from_raw_mode(0o640),
            makedev(number, 1),
        )?,
        _ => {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(number) * 1_000_000);
            File::open(&path)?.set_modified(time)?;
        }
    }
    Ok(())
}

/// The tree without which names are one file: a name that a step gives to a file of a lower layer becomes a file of its
/// own in the layer, for the lower one did not change.
fn unlinked(store: &Store, stack: &[Snapshot]) -> Vec<String> {
    let cut = |line: String| {
        line.split(" = ")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    tree(store, stack).into_iter().map(cut).collect()
}

#[test]
fn unpacking_a_layer_gives_what_it_was_made_of() {
    for seed in 0..40 {
        let mut numbers = Numbers(seed);
        let (_temp, store) = store();
        let (mut built, mut pulled) = (Vec::new(), Vec::new());
        for number in 0..4 {
            built.push(step(&store, &built, |at| {
                for _ in 0..30 {
                    // What cannot be done is not done.
                    let _ = act(at, &mut numbers);
                }
            }));
            let tar = layer_of(&store, &built);
            pulled.push(unpack(&store, &pulled, &tar));
            let context = format!("seed {seed} layer {number}: {:#?}", listing(&tar));
            assert_eq!(
                unlinked(&store, &pulled),
                unlinked(&store, &built),
                "{context}"
            );
            // And the other way round: against the pulled layers, the same tar.
            assert_eq!(
                listing(&layer_of(&store, &pulled)),
                listing(&tar),
                "{context}"
            );
        }
    }
}
