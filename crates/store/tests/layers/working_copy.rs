//! Steps in working copies: what they change is what overlayfs would have found, and what is put over a copy leaves no trace.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use store::{Draft, Guest, Snapshot, Store};
use tempfile::TempDir;

use crate::support::{
    archive, commit, dir, file, hard_link, layer_of, listing, path_of, step, symlink as link_entry,
    tree, tree_of, unpack,
};

/// A store where nothing is mounted.
fn store() -> (TempDir, Store) {
    let (temp, store) = crate::support::store();
    store.use_copies();
    (temp, store)
}

fn base(store: &Store) -> Snapshot {
    let tar = archive(&[
        dir("d", 0o755),
        file("d/kept", 0o644, "kept"),
        file("d/gone", 0o644, "gone"),
        dir("d/sub", 0o700),
        file("d/sub/x", 0o4755, "x"),
        file("top", 0o600, "top"),
        hard_link("twin", "top"),
        link_entry("link", "d/kept"),
        dir("etc", 0o755),
        file("etc/resolv.conf", 0o644, "the image's own"),
    ]);
    unpack(store, &[], &tar)
}

/// The same step on an overlay and in a working copy.
fn both(act: impl Fn(&Path)) -> [Vec<String>; 2] {
    let overlay = crate::support::store();
    [overlay, store()].map(|(_temp, store)| {
        let base = base(&store);
        let top = step(&store, std::slice::from_ref(&base), &act);
        listing(&layer_of(&store, &[base, top]))
    })
}

#[test]
fn a_layer_is_what_overlayfs_would_have_found() {
    let acts: [fn(&Path); 6] = [
        |_| {},
        |root| {
            fs::remove_file(root.join("d/gone")).unwrap();
            fs::write(root.join("d/new"), "new").unwrap();
        },
        |root| {
            fs::remove_dir_all(root.join("d")).unwrap();
            fs::create_dir(root.join("d")).unwrap();
            fs::write(root.join("d/kept"), "other").unwrap();
        },
        |root| {
            fs::remove_dir_all(root.join("d/sub")).unwrap();
            fs::write(root.join("d/sub"), "a file").unwrap();
            fs::remove_file(root.join("link")).unwrap();
            fs::create_dir(root.join("link")).unwrap();
        },
        |root| {
            // Touched, and as it was; another owner; another mode.
            let kept = fs::metadata(root.join("d/kept")).unwrap();
            fs::write(root.join("d/kept"), "kept").unwrap();
            let file = fs::File::options().write(true).open(root.join("d/kept"));
            file.unwrap()
                .set_modified(kept.modified().unwrap())
                .unwrap();
            chown(root.join("d/gone"), Some(7), Some(8)).unwrap();
            fs::set_permissions(root.join("d/sub"), fs::Permissions::from_mode(0o1777)).unwrap();
        },
        |root| {
            fs::hard_link(root.join("top"), root.join("third")).unwrap();
            fs::rename(root.join("d/kept"), root.join("moved")).unwrap();
        },
    ];
    for (number, act) in acts.into_iter().enumerate() {
        let [overlay, copy] = both(act);
        assert_eq!(copy, overlay, "step {number}");
    }
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }

    /// One of few paths, so that things meet.
    fn path(&mut self, root: &Path) -> PathBuf {
        let depth = 1 + self.below(3);
        (0..depth).fold(root.to_owned(), |path, _| {
            path.join(["a", "b", "c"][self.below(3) as usize])
        })
    }
}

/// Does something, if that can be done.
fn act(numbers: &mut Numbers, root: &Path) {
    let (path, other) = (numbers.path(root), numbers.path(root));
    let content = numbers.below(3).to_string();
    let mode = fs::Permissions::from_mode([0o755, 0o700, 0o4711][numbers.below(3) as usize]);
    let _ = match numbers.below(10) {
        0 | 1 => fs::write(path, content),
        2 => fs::create_dir_all(path),
        3 => fs::remove_file(path),
        4 => fs::remove_dir_all(path),
        5 => fs::rename(path, other),
        6 => fs::hard_link(path, other),
        7 => symlink(content, path),
        8 => fs::set_permissions(path, mode),
        _ => std::os::unix::fs::lchown(path, Some(numbers.below(3) as u32), None),
    };
}

#[test]
fn a_layer_on_what_was_before_is_what_was_left() {
    let (_temp, store) = store();
    for seed in 0..20 {
        let mut numbers = Numbers(seed);
        let mut stack = Vec::new();
        for _ in 0..4 {
            let draft = store.draft().unwrap();
            let root = store.mount(&stack, Some(&draft), None).unwrap();
            (0..30).for_each(|_| act(&mut numbers, &path_of(&root)));
            let left = tree_of(&root.open_dir("/").unwrap());
            stack.push(commit(draft));
            assert_eq!(tree(&store, &stack), left, "seed {seed}");
        }
    }
}

/// A draft with a working copy of the base, and its host path.
fn draft(store: &Store) -> (Draft, PathBuf, Snapshot) {
    let base = base(store);
    let draft = store.draft().unwrap();
    let root = store.mount(std::slice::from_ref(&base), Some(&draft), None);
    let path = fs::read_link(path_of(&root.unwrap())).unwrap();
    (draft, path, base)
}

fn public(content: &[u8]) -> Guest<'_> {
    Guest::File {
        content,
        mode: 0o644,
        owner: (0, 0),
    }
}

#[test]
fn what_lies_over_a_copy_is_in_no_layer() {
    let (_temp, store) = store();
    let (draft, root, base) = draft(&store);
    let before = fs::metadata(root.join("etc")).unwrap().modified().unwrap();
    let mut covers = draft.covers().unwrap();
    covers
        .put(Path::new("/etc/resolv.conf"), &public(b"ours"))
        .unwrap();
    covers
        .put(Path::new("/d"), &Guest::Directory { mode: 0o1777 })
        .unwrap();
    covers
        .put(Path::new("/made/on/the/way"), &public(b"secret"))
        .unwrap();
    covers
        .put(Path::new("/opt/used"), &Guest::Directory { mode: 0o755 })
        .unwrap();
    assert_eq!(fs::read(root.join("etc/resolv.conf")).unwrap(), b"ours");
    assert_eq!(fs::read(root.join("made/on/the/way")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(root.join("d")).unwrap().count(), 0);
    // What a step does.
    fs::write(root.join("etc/resolv.conf"), "the step's").unwrap();
    fs::write(root.join("d/lost"), "").unwrap();
    fs::write(root.join("opt/stays"), "").unwrap();
    covers.lift().unwrap();
    assert_eq!(
        fs::read(root.join("etc/resolv.conf")).unwrap(),
        b"the image's own"
    );
    assert_eq!(
        fs::metadata(root.join("etc")).unwrap().modified().unwrap(),
        before
    );
    let layer = listing(&layer_of(&store, &[base, commit(draft)]));
    assert_eq!(layer, ["dir 755 opt/", "reg 644 opt/stays"]);
}

#[test]
fn a_step_cannot_lead_the_cleaning_outside() {
    let (temp, store) = store();
    let outside = temp.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("resolv.conf"), "the host's").unwrap();
    fs::write(outside.join("x"), "the host's").unwrap();
    let (draft, root, _) = draft(&store);
    let mut covers = draft.covers().unwrap();
    covers
        .put(Path::new("/etc/resolv.conf"), &public(b"ours"))
        .unwrap();
    covers.put(Path::new("/d/sub/x"), &public(b"ours")).unwrap();
    fs::rename(root.join("etc"), root.join("elsewhere")).unwrap();
    symlink(&outside, root.join("etc")).unwrap();
    fs::remove_dir_all(root.join("d/sub")).unwrap();
    symlink(&outside, root.join("d/sub")).unwrap();
    covers.lift().unwrap();
    for name in ["resolv.conf", "x"] {
        assert_eq!(fs::read(outside.join(name)).unwrap(), b"the host's");
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 2);
    // What was covered came back to where its directory is now.
    assert_eq!(
        fs::read(root.join("elsewhere/resolv.conf")).unwrap(),
        b"the image's own"
    );
}

#[test]
fn links_on_the_way_stay_inside() {
    let (_temp, store) = store();
    let (draft, root, _) = draft(&store);
    symlink("/d/../../../../d", root.join("way")).unwrap();
    let mut covers = draft.covers().unwrap();
    covers
        .put(Path::new("/way/kept"), &public(b"ours"))
        .unwrap();
    assert_eq!(fs::read(root.join("d/kept")).unwrap(), b"ours");
    covers.lift().unwrap();
    assert_eq!(fs::read(root.join("d/kept")).unwrap(), b"kept");
}

#[test]
fn a_view_has_the_files_of_the_snapshots_themselves() {
    let (_temp, store) = store();
    let base = base(&store);
    let root = store
        .mount(std::slice::from_ref(&base), None, None)
        .unwrap();
    let number = |path: PathBuf| fs::metadata(path).unwrap().ino();
    let there = number(path_of(&root).join("d/kept"));
    assert_eq!(there, number(base.dir().join("d/kept")));
}

#[test]
fn steps_of_one_stage_go_on_in_one_copy() {
    let (_temp, store) = store();
    let base = base(&store);
    let mut place = None;
    let mut stack = vec![base];
    for name in ["one", "two"] {
        let top = step(&store, &stack, |root| {
            let now = fs::read_link(root).unwrap();
            assert_eq!(*place.get_or_insert(now.clone()), now);
            fs::write(root.join(name), "").unwrap();
        });
        stack.push(top);
    }
    // Another stage on the base has another.
    let top = step(&store, &stack[..1], |root| {
        assert_ne!(Some(fs::read_link(root).unwrap()), place);
        assert!(!root.join("one").exists());
    });
    assert!(listing(&layer_of(&store, &[stack[0].clone(), top])).is_empty());
}

#[test]
fn what_a_step_removes_with_what_was_covered_is_gone() {
    let (_temp, store) = store();
    let mut stack = vec![base(&store)];
    for removed in ["etc", "d"] {
        let draft = store.draft().unwrap();
        let root = store.mount(&stack, Some(&draft), None).unwrap();
        let mut covers = draft.covers().unwrap();
        for target in ["/etc/resolv.conf", "/d/kept"] {
            covers.put(Path::new(target), &public(b"ours")).unwrap();
        }
        fs::remove_dir_all(path_of(&root).join(removed)).unwrap();
        covers.lift().unwrap();
        drop(root);
        stack.push(commit(draft));
        let layer = listing(&layer_of(&store, &stack));
        assert_eq!(layer, [format!("reg 0 .wh.{removed}")]);
    }
}
