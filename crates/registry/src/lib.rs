//! The OCI distribution specification, from the client's side.
//!
//! A [`Client`] knows where registries are ([`Registries`], which is `containers-registries.conf(5)`),
//! who the user is there ([`Credentials`]), and how to get through the network (proxies, certificates,
//! retries). A [`Repository`] is one repository at its endpoints, mirrors first: it
//! [resolves](Repository::resolve) names to digests, and gives manifests and blobs. It is an
//! [`oci::BlobSource`], so that [`oci::copy_image`] pulls. It takes blobs and manifests too, at the registry itself:
//! [`push_blob`](Repository::push_blob), [`put_manifest`](Repository::put_manifest).
//!
//! [`Client::download`] fetches plain files of the web in the same way, which is what `ADD` of a URL needs.
//!
//! Nothing that a registry sends is trusted: documents are bounded, every blob is checked against its
//! descriptor, and credentials go to no other host than the one that they are for.
#![forbid(unsafe_code)]

mod auth;
mod blob;
mod client;
mod config;
mod credentials;
mod download;
mod endpoint;
mod error;
mod hosts;
mod http_date;
mod login;
mod proxies;
mod registries;
mod repository;
mod retry;
mod s3;
mod transport;

pub use blob::BlobReader;
pub use client::Client;
pub use config::{Certificates, Config, Event, Observer, Retries, Timeouts};
pub use credentials::{
    Anonymous, AuthFile, Credential, CredentialError, Credentials, Given, Helpers, Kept, Keyring,
    RegistryKey, SecretText, Source,
};
pub use download::{
    Download, DownloadRequest, Downloaded, Version, basic_authorization, percent_decoded,
    url_to_show,
};
pub use endpoint::Endpoint;
pub use error::Error;
pub use login::Login;
pub use proxies::Proxies;
pub use registries::Registries;
pub use repository::{Content, Image, Pushed, Repository, Resolved};
pub use s3::{AccessKey, Bucket, BucketAddress, BucketRefusal, BucketStyle};
