//! The client against testkit's registry, which can misbehave. Nothing leaves this machine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "client/access.rs"]
mod access;
#[path = "client/blobs.rs"]
mod blobs;
#[path = "client/buckets.rs"]
mod buckets;
#[path = "client/downloads.rs"]
mod downloads;
#[path = "client/hosts.rs"]
mod hosts;
#[path = "client/keyring.rs"]
mod keyring;
#[path = "client/login.rs"]
mod login;
#[path = "client/manifests.rs"]
mod manifests;
#[path = "client/mirrors.rs"]
mod mirrors;
#[path = "client/pull.rs"]
mod pull;
#[path = "client/push.rs"]
mod push;
#[path = "client/waiting.rs"]
mod waiting;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use oci::Reference;
use registry::{Client, Config, Error, Event, Observer, Registries, Repository, Retries};
use testkit::{Image, ImageBuilder, Registry};

/// A configuration that does not make tests wait.
fn config() -> Config {
    let retries = Retries {
        attempts: 3,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(1500),
    };
    Config {
        retries,
        ..Config::default()
    }
}

/// A configuration of registries by the text of a registries.conf.
fn configured(text: &str) -> Client {
    Client::new(Config {
        registries: Registries::parse(text).unwrap(),
        ..config()
    })
}

/// `name` at the registry.
fn reference(registry: &Registry, name: &str) -> Reference {
    format!("{}/{name}", registry.host()).parse().unwrap()
}

fn repository(registry: &Registry, name: &str) -> Repository {
    Client::new(config())
        .repository(&reference(registry, name))
        .unwrap()
}

/// An image with one layer of `size` bytes that are not all the same.
fn image_of(size: usize) -> Image {
    let bytes = (0..size).map(|n| (n % 251) as u8).collect();
    ImageBuilder::new().layer(bytes).build()
}

/// A registry with `image_of(100_000)` as `app:1`.
fn registry_with_image() -> (Registry, Image) {
    let (registry, image) = (Registry::start(), image_of(100_000));
    registry.push("app:1", &image);
    (registry, image)
}

/// What was told, in words.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn observer(&self) -> Observer {
        let told = Arc::clone(&self.0);
        Observer::new(move |event| {
            let text = match event {
                Event::Progress { done, total, .. } => format!("{done} of {total}"),
                Event::Retrying { attempt, .. } => format!("retrying after {attempt}"),
                Event::FallingBack { next, .. } => format!("falling back to {next}"),
                Event::UnusableCredentials { error } => error.to_string(),
            };
            told.lock().unwrap().push(text);
        })
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// The client's error inside of a reader's.
fn inner(error: &std::io::Error) -> &Error {
    error.get_ref().unwrap().downcast_ref().unwrap()
}
