//! A reader of OCI layouts in tars: what an output wrote.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use oci::compression;
use oci::tar::{Entry, Reader};
use serde_json::Value;

/// An image in an archive, wholly read.
pub(crate) struct Layout {
    pub(crate) index: Value,
    pub(crate) manifest: Value,
    pub(crate) config: Value,
    files: BTreeMap<String, Vec<u8>>,
    entries: Vec<Entry>,
}

impl Layout {
    /// Reads the first image; every blob must have its digest.
    pub(crate) fn read(path: &Path) -> Self {
        let files = files(&fs::read(path).unwrap());
        let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
        let mut layout = Self {
            index,
            manifest: Value::Null,
            config: Value::Null,
            files,
            entries: Vec::new(),
        };
        layout.manifest = layout.document(&layout.index["manifests"][0]);
        layout.config = layout.document(&layout.manifest["config"]);
        let mut entries = Vec::new();
        for layer in layout.manifest["layers"].as_array().unwrap() {
            let (_, plain) = compression::decoder(layout.blob(layer)).unwrap();
            let mut reader = Reader::new(plain);
            while let Some(entry) = reader.next_entry().unwrap() {
                entries.push(entry);
            }
        }
        Self { entries, ..layout }
    }

    /// The last entry of this name in all layers.
    pub(crate) fn entry(&self, name: &str) -> &Entry {
        let found = self
            .entries
            .iter()
            .rev()
            .find(|e| e.path == name.as_bytes());
        found.unwrap_or_else(|| panic!("no {name} among {:?}", self.names()))
    }

    /// The names of all entries.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |entry: &Entry| String::from_utf8_lossy(&entry.path).into_owned();
        self.entries.iter().map(name).collect()
    }

    /// A document that a descriptor names.
    pub(crate) fn document(&self, descriptor: &Value) -> Value {
        serde_json::from_slice(self.blob(descriptor)).unwrap()
    }

    /// The file of this name.
    pub(crate) fn file(&self, name: &str) -> &[u8] {
        &self.files[name]
    }

    fn blob(&self, descriptor: &Value) -> &[u8] {
        let digest = descriptor["digest"].as_str().unwrap();
        let blob = &self.files[&format!("blobs/{}", digest.replace(':', "/"))];
        assert_eq!(oci::Digest::sha256(blob).as_str(), digest);
        assert_eq!(descriptor["size"], blob.len());
        blob
    }
}

fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut reader = Reader::new(archive);
    while let Some(entry) = reader.next_entry().unwrap() {
        let mut content = Vec::new();
        reader.read_to_end(&mut content).unwrap();
        files.insert(String::from_utf8(entry.path).unwrap(), content);
    }
    files
}
