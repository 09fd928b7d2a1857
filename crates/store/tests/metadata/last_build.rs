use std::cell::Cell;
use std::fs;

use crate::support::store;

#[test]
fn a_list_is_written_once_and_forgotten_when_nobody_names_it() {
    let (_dir, store) = store();
    let build = store.last_build(&[1; 32]);
    assert_eq!(build.steps().unwrap(), None);
    let written = Cell::new(0);
    let list = || {
        written.set(written.get() + 1);
        b"files".to_vec()
    };
    build.put(b"one", &[([7; 32], Some(&list))]).unwrap();
    build
        .put(b"two", &[([7; 32], Some(&list)), ([8; 32], Some(&list))])
        .unwrap();
    build.put(b"two", &[([9; 32], Some(&list))]).unwrap();
    assert_eq!(
        written.get(),
        2,
        "nothing happens for a description that is there"
    );
    assert_eq!(build.steps().unwrap().unwrap(), b"two");
    assert_eq!(build.list(&[7; 32]).unwrap().unwrap(), b"files");
    build.put(b"three", &[]).unwrap();
    assert_eq!(build.list(&[7; 32]).unwrap(), None);
    assert_eq!(
        store.last_build(&[2; 32]).steps().unwrap(),
        None,
        "each has its own"
    );
    assert_eq!(
        fs::read_dir(store.layout().tmp()).unwrap().count(),
        1,
        "only this process's directory"
    );
}

#[test]
fn the_memory_has_an_end() {
    let (_dir, store) = store();
    for n in 0..203u8 {
        store.last_build(&[n; 32]).put(b"x", &[]).unwrap();
    }
    let kept = fs::read_dir(store.layout().builds()).unwrap().count();
    assert_eq!(kept, 200);
    assert!(
        store.last_build(&[202; 32]).steps().unwrap().is_some(),
        "the newest is among them"
    );
}

#[test]
fn several_processes_may_remember_at_once() {
    let (_dir, store) = store();
    std::thread::scope(|scope| {
        for n in 0..4u8 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..50u8 {
                    let text = vec![n; 1000 + usize::from(round)];
                    let list = || vec![n; 10];
                    // Another one may forget the list that this one is about to name.
                    store
                        .last_build(&[5; 32])
                        .put(&text, &[([n; 32], Some(&list))])
                        .unwrap();
                    let steps = store.last_build(&[5; 32]).steps().unwrap().unwrap();
                    assert!(
                        steps.iter().all(|byte| *byte == steps[0]),
                        "never half of two"
                    );
                }
            });
        }
    });
}
