//! containerd's `hosts.toml`.

use std::fs;

use oci::{MediaType, Reference};
use registry::{Certificates, Client, Config, Error};
use tempfile::TempDir;
use testkit::{Access, Fault, Registry};

use super::{config, image_of, registry_with_image};

/// A `certs.d` with this file for a host.
fn hosts(host: &str, text: &str) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join(host)).unwrap();
    fs::write(place.path().join(host).join("hosts.toml"), text).unwrap();
    place
}

fn client(place: &TempDir) -> Client {
    let of_hosts = vec!["/nowhere".into(), place.path().to_owned()];
    Client::new(Config {
        certificates: Certificates {
            of_hosts,
            ..Certificates::default()
        },
        ..config()
    })
}

fn reference(name: &str) -> Reference {
    name.parse().unwrap()
}

#[test]
fn hosts_in_their_order_and_the_server_last() {
    let (mirror, (server, image)) = (Registry::start(), registry_with_image());
    let text = format!(
        "server = \"http://{}\"\n[host.\"http://{}/v2/proxied\"]\noverride_path = true\n\
         capabilities = [\"pull\"]\n[host.\"http://{}/v2/proxied\".header]\nx-team = [\"a\", \"b\"]\n",
        server.host(),
        mirror.host(),
        mirror.host(),
    );
    let place = hosts("registry.example", &text);
    mirror.push("proxied/app:1", &image_of(1000));
    mirror.blobs().extend(&image.blobs);
    let client = client(&place);
    // Which manifest it is the mirror is not asked; for its blobs it is.
    let (repository, resolved) = client
        .resolve(&reference("registry.example/app:1"))
        .unwrap();
    assert_eq!(resolved.descriptor.digest, image.descriptor.digest);
    let layer = &image.manifest.layers[0];
    repository.blob(layer).unwrap().finish().unwrap();
    let asked = mirror.received();
    let path = format!("/v2/proxied/app/blobs/{}?ns=registry.example", layer.digest);
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, path.as_str()));
    let sent = asked[0].headers.iter().filter(|(name, _)| name == "x-team");
    assert_eq!(
        sent.map(|(_, value)| value.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert!(
        server
            .received()
            .iter()
            .all(|request| request.header("x-team").is_none())
    );
}

#[test]
fn who_is_away_is_passed_over() {
    let (mirror, (server, image)) = (Registry::start(), registry_with_image());
    let refusal = Fault::Status {
        code: 503,
        retry_after: None,
    };
    mirror.fail("/v2/", 99, refusal);
    let text = format!(
        "server = \"http://{}\"\n[host.\"http://{}\"]\n",
        server.host(),
        mirror.host()
    );
    // One file for all that have none.
    let place = hosts("_default", &text);
    let (_, resolved) = client(&place)
        .resolve(&reference("any.example/app:1"))
        .unwrap();
    assert_eq!(resolved.descriptor.digest, image.descriptor.digest);
}

#[test]
fn the_first_that_takes_anything_is_pushed_to() {
    let (mirror, target) = (Registry::start(), Registry::start());
    let text = format!(
        "[host.\"http://{}\"]\ncapabilities = [\"pull\", \"resolve\"]\n[host.\"http://{}\"]\ncapabilities = [\"push\"]\n",
        mirror.host(),
        target.host()
    );
    let place = hosts("registry.example_5000_", &text);
    let repository = client(&place)
        .repository(&reference("registry.example:5000/app:1"))
        .unwrap();
    let image = image_of(10);
    target.blobs().extend(&image.blobs);
    let bytes = image.manifest.to_bytes();
    repository
        .put_manifest("1", &MediaType::OciManifest, &bytes)
        .unwrap();
    assert!(target.tagged("app:1").is_some());
    assert_eq!(mirror.requests(), [""; 0]);
}

#[test]
fn credentials_and_headers_go_to_nobody_else() {
    let (server, image) = registry_with_image();
    let elsewhere = Registry::start();
    elsewhere.blobs().extend(&image.blobs);
    let layer = &image.manifest.layers[0];
    let path = format!("/v2/app/blobs/{}", layer.digest);
    server.fail(
        &path,
        1,
        Fault::Redirect(format!("http://{}", elsewhere.host())),
    );
    let text = format!(
        "server = \"http://{}\"\n[header]\nx-secret = \"s\"\n",
        server.host()
    );
    let place = hosts("registry.example", &text);
    let repository = client(&place)
        .repository(&reference("registry.example/app:1"))
        .unwrap();
    repository.blob(layer).unwrap().finish().unwrap();
    assert_eq!(server.received()[0].header("x-secret"), Some("s"));
    assert_eq!(elsewhere.received()[0].header("x-secret"), None);
}

#[test]
fn a_file_that_is_wrong_is_named() {
    let place = hosts(
        "registry.example",
        "[host.\"https://x\"]\ncapabilities = [\"fly\"]\n",
    );
    let error = client(&place)
        .repository(&reference("registry.example/app:1"))
        .unwrap_err();
    assert!(matches!(error, Error::ConfigInvalid { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("registry.example/hosts.toml") && text.contains("fly"),
        "{text}"
    );
}

#[test]
fn one_logs_in_to_the_registry_itself() {
    let server = Registry::start();
    server.restrict(Access::default());
    let text = format!("server = \"http://{}\"\n", server.host());
    let place = hosts(&server.host(), &text);
    client(&place).login(&server.host()).unwrap();
    assert_eq!(server.requests(), ["GET /v2/"]);
}
