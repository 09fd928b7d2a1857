//! The ledger: its sums add up, and what it says of images that are known.

#[path = "ledger/layers.rs"]
mod layers;
#[path = "ledger/model.rs"]
mod model;

use inspect::ledger::{Audit, Change, Fate, Ledger, Sums};
use layers::{Member, tar};
use proptest::prelude::*;

fn audit(layers: &[Vec<Member>]) -> Ledger {
    let mut audit = Audit::new();
    for layer in layers {
        audit.add_layer(tar(layer).as_slice()).expect("it is a tar");
    }
    audit.finish()
}

/// `path: fate` of all files, in the order of the tars.
fn fates(ledger: &Ledger) -> Vec<String> {
    let shown = |fate| match fate {
        Fate::Kept => "kept".to_owned(),
        Fate::Duplicate => "duplicate".to_owned(),
        Fate::Deleted { layer } => format!("deleted by {layer}"),
        Fate::Rewritten { layer, change } => format!("rewritten by {layer}: {change:?}"),
    };
    let files = ledger.files();
    files
        .map(|file| {
            format!(
                "{}: {}",
                String::from_utf8_lossy(&ledger.path(file)),
                shown(file.fate)
            )
        })
        .collect()
}

fn file(path: &str, bytes: usize) -> Member {
    Member::file(path, &"x".repeat(bytes))
}

#[test]
fn what_later_layers_delete_is_wasted() {
    // dive: the file is counted, the directories are 0.
    let layers = [
        vec![
            file("a/big", 1000),
            file("b/c/big", 2000),
            file("d/big", 3000),
        ],
        vec![
            Member::whiteout("a/big"),
            Member::whiteout("b"),
            Member::opaque("d"),
        ],
    ];
    let ledger = audit(&layers);
    assert_eq!(
        fates(&ledger),
        [
            "/a/big: deleted by 1",
            "/b/c/big: deleted by 1",
            "/d/big: deleted by 1"
        ]
    );
    assert_eq!(ledger.total().deleted, 6000);
    assert_eq!(ledger.layers()[1].wastes, 6000);
}

#[test]
fn what_later_layers_rewrite_is_wasted_once_and_how_is_told() {
    let base = vec![
        file("content", 10),
        file("mode", 20),
        file("owner", 30),
        file("again", 40),
    ];
    let upper = vec![
        Member::file("content", "other"),
        file("mode", 20).mode(0o755),
        file("owner", 30).owner(1000),
        file("again", 40),
    ];
    let ledger = audit(&[base, upper]);
    let changes: Vec<_> = ledger.files().take(4).map(|file| file.fate).collect();
    let rewritten = |change| Fate::Rewritten { layer: 1, change };
    assert_eq!(
        changes,
        [
            Change::Content,
            Change::Mode,
            Change::Owner,
            Change::Nothing
        ]
        .map(rewritten)
    );
    let total = ledger.total();
    assert_eq!((total.rewritten, total.touched, total.kept), (10, 90, 95));
}

#[test]
fn a_whiteout_and_a_new_file_in_one_layer_are_a_rewriting_in_any_order() {
    for reversed in [false, true] {
        let mut upper = vec![Member::whiteout("x"), Member::file("x", "new")];
        if reversed {
            upper.reverse();
        }
        let ledger = audit(&[vec![file("x", 10)], upper]);
        assert_eq!(
            fates(&ledger),
            ["/x: rewritten by 1: Content", "/x: kept"],
            "{reversed}"
        );
    }
}

#[test]
fn hard_links_are_one_file_as_long_as_one_name_is_left() {
    let base = vec![
        file("a", 10),
        Member::link("b", "a"),
        Member::link("c", "b"),
    ];
    let kept = audit(&[
        base.clone(),
        vec![Member::whiteout("a"), Member::whiteout("c")],
    ]);
    assert_eq!(fates(&kept), ["/a: kept"]);
    let upper = vec![
        Member::whiteout("a"),
        Member::whiteout("b"),
        Member::whiteout("c"),
    ];
    assert_eq!(fates(&audit(&[base, upper])), ["/a: deleted by 1"]);
}

#[test]
fn the_same_content_at_several_paths_is_a_duplicate_but_where_it_was_first() {
    let ledger = audit(&[
        vec![file("a", 10), file("b", 10), file("c", 11)],
        vec![file("d", 10)],
    ]);
    assert_eq!(
        fates(&ledger),
        ["/a: kept", "/b: duplicate", "/c: kept", "/d: duplicate"]
    );
    let groups = ledger.duplicates();
    assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [3]);
}

#[test]
fn paths_lead_through_links_as_in_a_container() {
    let base = vec![Member::symlink("lib", "usr/lib"), file("usr/lib/x", 10)];
    let ledger = audit(&[base, vec![file("lib/x", 20), Member::whiteout("lib/none")]]);
    assert_eq!(
        fates(&ledger),
        ["/usr/lib/x: rewritten by 1: Content", "/usr/lib/x: kept"]
    );
}

#[test]
fn a_directory_and_a_file_give_way_to_each_other() {
    let ledger = audit(&[
        vec![file("a/b", 10), file("c", 20)],
        vec![file("a", 30), file("c/d", 40)],
    ]);
    assert_eq!(
        fates(&ledger),
        [
            "/a/b: deleted by 1",
            "/c: deleted by 1",
            "/a: kept",
            "/c/d: kept"
        ]
    );
}

#[test]
fn names_that_no_container_has_are_framing() {
    let deep = "d/".repeat(5000) + "f";
    let ledger = audit(&[vec![file("..", 10), file(&deep, 30)]]);
    assert_eq!(ledger.files().count(), 0);
    let whole = tar(&[file("..", 10), file(&deep, 30)]).len() as u64;
    assert_eq!(
        ledger.total(),
        Sums {
            framing: whole,
            ..Sums::default()
        }
    );
}

#[test]
fn thousands_of_deletions_are_cheap() {
    let base: Vec<Member> = (0..60_000).map(|n| file(&format!("d/{n}"), 1)).collect();
    let deleted = (0..10_000)
        .map(|n| Member::whiteout(&format!("d/{n}")))
        .collect();
    let ledger = audit(&[base, deleted]);
    assert_eq!(ledger.total().deleted, 10_000);
}

#[test]
fn directories_hold_what_is_below_them() {
    let ledger = audit(&[vec![
        file("usr/lib/a", 100),
        file("usr/b", 20),
        file("etc/c", 3),
    ]]);
    let shown = |depth| -> Vec<String> {
        let sums = ledger.directories(depth).into_iter();
        sums.map(|of| format!("{} {}", String::from_utf8_lossy(&of.path), of.sums.total()))
            .collect()
    };
    assert_eq!(shown(0), ["/ 123"]);
    assert_eq!(shown(1), ["/ 123", "/usr 120", "/etc 3"]);
    assert_eq!(shown(9), ["/ 123", "/usr 120", "/usr/lib 100", "/etc 3"]);
}

proptest! {
    /// Whatever layers hold, the sums of each are the length of its tar, and what is kept is what a container sees.
    #[test]
    fn sums_add_up(layers in layers::some()) {
        let ledger = audit(&layers);
        for (layer, sums) in layers.iter().zip(ledger.layers()) {
            prop_assert_eq!(sums.sums.total(), tar(layer).len() as u64);
        }
        let total = ledger.total();
        prop_assert_eq!(total.kept + total.duplicate, model::visible_bytes(&layers));
        let wastes: u64 = ledger.layers().iter().map(|layer| layer.wastes).sum();
        prop_assert_eq!(wastes, total.deleted + total.rewritten + total.touched);
        let root = ledger.directories(0).first().map_or(0, |root| root.sums.total());
        prop_assert_eq!(root + total.framing, total.total());
        let again: u64 = ledger.duplicates().iter().flat_map(|group| group[1..].iter().map(|file| file.size)).sum();
        prop_assert_eq!(again, total.duplicate);
    }
}
