//! Containers of `run`: what they were asked to be, how they are, and the process that owns each.
//!
//! A container is a directory in the store: `record.json` (what was asked), `state.json` (how it is), `log` (what it
//! wrote), `health.json` (how it fared), `stopped` (somebody does not want it to be started again), `upper/` and `work/` (what it
//! changed), and `lock`, held by its owner as long as it lives. The owner is the
//! `carafe run` in the foreground, or the monitor that `run -d` leaves. When the owner dies, so does the container.

pub(crate) mod attach;
pub(crate) mod copy_tree;
pub(crate) mod directory;
pub(crate) mod environment;
pub(crate) mod forwarder;
pub(crate) mod health;
pub(crate) mod image_config;
pub(crate) mod join;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod monitor;
pub(crate) mod mounts;
pub(crate) mod names;
pub(crate) mod owner;
pub(crate) mod pasta;
pub(crate) mod ports;
pub(crate) mod privileges;
pub(crate) mod process;
pub(crate) mod processes;
pub(crate) mod record;
pub(crate) mod resolver;
pub(crate) mod restart;
pub(crate) mod root;
pub(crate) mod state;
pub(crate) mod stop;
pub(crate) mod volumes;
