//! Processes that need the same layer at once.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use oci::{BlobError, BlobSource, Descriptor};
use store::{Image, ImageLayer, Store};

use crate::support::{archive, gzipped};

/// A folder with the stores `there`, which has an image, and `here`, and files by which processes tell each other how
/// far they are.
const FOLDER: &str = "CARAFE_TEST_TOGETHER";
const HANG: &str = "CARAFE_TEST_HANG";

fn image(store: &Store) -> Image {
    gzipped(store, &[archive(&[("etc/passwd", b"root")])])
}

/// Both stores, and the layers of the image.
fn stores(folder: &Path) -> (Store, Store, Vec<ImageLayer>) {
    let open = |name| Store::open(folder.join(name)).unwrap();
    let (there, here) = (open("there"), open("here"));
    let layers = image(&there).layers;
    (there, here, layers)
}

fn spawn(folder: &Path, hang: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "together::child", "--nocapture"]);
    command.env(FOLDER, folder).stdout(Stdio::null());
    if hang {
        command.env(HANG, "1");
    }
    command.spawn().unwrap()
}

fn wait_for(path: &Path) {
    for _ in 0..6000 {
        if path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} did not come", path.display());
}

/// Not a test: what the other process does. It unpacks the image, or begins to.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let (there, here, layers) = stores(&folder);
    let (asked, waits) = (folder.join("asked"), folder.join("waits"));
    let source = Asked {
        store: &there,
        when: &|| {
            fs::write(&asked, "").unwrap();
            while std::env::var_os(HANG).is_some() {
                std::thread::park();
            }
        },
    };
    let stack = here.unpack_layers(&layers, &source, &|_, _| {
        fs::write(&waits, "").unwrap();
        true
    });
    assert_eq!(stack.unwrap().len(), 1);
}

/// A store that something happens to when it is asked for a blob.
struct Asked<'a> {
    store: &'a Store,
    when: &'a (dyn Fn() + Sync),
}

impl BlobSource for Asked<'_> {
    fn open(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        (self.when)();
        BlobSource::open(self.store, descriptor)
    }
}

#[test]
fn who_comes_second_waits_and_fetches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (there, here, layers) = stores(folder.path());
    let second = OnceLock::new();
    let source = Asked {
        store: &there,
        when: &|| {
            second.set(spawn(folder.path(), false)).unwrap();
            wait_for(&folder.path().join("waits"));
        },
    };
    here.unpack_layers(&layers, &source, &|_, _| true).unwrap();
    let mut second = second.into_inner().unwrap();
    assert!(second.wait().unwrap().success());
    assert!(!folder.path().join("asked").exists());
    assert_eq!(fs::read_dir(here.layout().tmp()).unwrap().count(), 1);
}

#[test]
fn what_a_killed_process_began_another_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let (there, here, layers) = stores(folder.path());
    let mut first = spawn(folder.path(), true);
    wait_for(&folder.path().join("asked"));
    let first = std::sync::Mutex::new(&mut first);
    let stack = here.unpack_layers(&layers, &there, &|_, _| {
        let mut first = first.lock().unwrap();
        first.kill().unwrap();
        first.wait().unwrap();
        true
    });
    assert_eq!(stack.unwrap().len(), 1);
}

#[test]
fn who_waits_may_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (there, here, layers) = stores(folder.path());
    let mut first = spawn(folder.path(), true);
    wait_for(&folder.path().join("asked"));
    let error = here
        .unpack_layers(&layers, &there, &|_, _| false)
        .unwrap_err();
    assert!(matches!(error, store::Error::Stopped), "{error}");
    first.kill().unwrap();
    first.wait().unwrap();
}
