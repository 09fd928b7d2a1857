//! The verbs, one file each: its flags, and one function that does it.

pub(crate) mod bake;
pub(crate) mod build;
pub(crate) mod buildx;
pub(crate) mod diff;
pub(crate) mod docker_plugin;
pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod images;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod load;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logs;
pub(crate) mod monitor;
pub(crate) mod ps;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod rm;
pub(crate) mod rmi;
pub(crate) mod run;
pub(crate) mod save;
pub(crate) mod stop;
pub(crate) mod tag;
mod transfer;
pub(crate) mod version;
