use registry::{Client, Config, Error, Registries};
use testkit::{Fault, Registry};

use super::{Told, config, configured, image_of, registry_with_image};

fn mirrored(mirror: &Registry, registry: &Registry) -> String {
    let (mirror, registry) = (mirror.host(), registry.host());
    format!(
        "[[registry]]\nprefix = 'example.com/team'\nlocation = '{registry}'\n\
         [[registry.mirror]]\nlocation = '{mirror}/copies'\n"
    )
}

#[test]
fn a_mirror_is_asked_first_and_for_all() {
    let (mirror, image) = (Registry::start(), image_of(1000));
    mirror.push("copies/app:1", &image);
    let registry = Registry::start();
    let client = configured(&mirrored(&mirror, &registry));
    let (repository, resolved) = client
        .resolve(&"example.com/team/app:1".parse().unwrap())
        .unwrap();
    assert!(resolved.endpoint.is_mirror());
    repository
        .blob(&image.manifest.layers[0])
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(registry.requests(), [""; 0]);
    assert_eq!(mirror.requests()[0], "GET /v2/copies/app/manifests/1");
}

#[test]
fn without_the_mirror_the_registry_itself_is_asked() {
    let (registry, image) = registry_with_image();
    let mirror = Registry::start();
    mirror.fail(
        "/v2/",
        99,
        Fault::Status {
            code: 503,
            retry_after: None,
        },
    );
    let told = Told::default();
    let registries = Registries::parse(&mirrored(&mirror, &registry)).unwrap();
    let client = Client::new(Config {
        registries,
        observer: told.observer(),
        ..config()
    });
    let reference = "example.com/team/app:1".parse().unwrap();
    let (repository, resolved) = client.resolve(&reference).unwrap();
    assert!(!resolved.endpoint.is_mirror());
    assert_eq!(told.all(), [format!("falling back to {}", registry.host())]);
    repository
        .blob(&image.manifest.layers[0])
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(mirror.requests().len(), 1, "it is not asked again");
}

#[test]
fn a_blob_that_the_mirror_lost() {
    let (registry, image) = registry_with_image();
    let mirror = Registry::start();
    mirror.push("copies/app:1", &image);
    let layer = &image.manifest.layers[0];
    mirror.blobs().remove(&layer.digest);
    let client = configured(&mirrored(&mirror, &registry));
    let (repository, _) = client
        .resolve(&"example.com/team/app:1".parse().unwrap())
        .unwrap();
    repository.blob(layer).unwrap().finish().unwrap();
}

#[test]
fn when_nobody_has_it_all_errors_are_told() {
    let (mirror, registry) = (Registry::start(), Registry::start());
    let client = configured(&mirrored(&mirror, &registry));
    let error = client
        .resolve(&"example.com/team/app:1".parse().unwrap())
        .unwrap_err();
    let Error::Endpoints { failures, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(failures.len(), 2);
    assert!(error.is_not_found());
    assert!(error.to_string().contains(&mirror.host()), "{error}");
}

#[test]
fn blocked_names_are_not_asked_for() {
    let registry = Registry::start();
    let host = registry.host();
    let client = configured(&format!(
        "[[registry]]\nlocation = '{host}'\nblocked = true"
    ));
    let error = client
        .resolve(&format!("{host}/app:1").parse().unwrap())
        .unwrap_err();
    assert!(matches!(error, Error::Blocked { .. }), "{error}");
    assert_eq!(registry.requests(), [""; 0]);
}
