//! Bake files: several builds, defined in `docker-bake.hcl`, `docker-bake.json` or a compose file, as `docker buildx bake` reads them.
//!
//! The way through it: [`definition`] reads the files; HCL and JSON become a `file` of blocks, whose expressions are evaluated
//! (`evaluate`, with the variables and functions of `globals`) into [`target`]s; the services of a `compose` file become targets as
//! well; [`resolve`] follows groups, inheritance and `--set` to the targets that are asked for.
//!
//! The behaviour is that of buildx 0.29, seen with `buildx bake --print`; the language is HCL's, <https://github.com/hashicorp/hcl>.

mod compose;
pub(crate) mod definition;
pub(crate) mod entry;
mod evaluate;
mod file;
mod functions;
mod globals;
pub(crate) mod problem;
mod read_target;
pub(crate) mod resolve;
pub(crate) mod set;
pub(crate) mod target;
mod template;
mod types;
mod value;
mod yaml;
