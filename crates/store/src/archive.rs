//! Images in archives: loading, saving, importing and exporting.

mod docker;
mod layout;
mod load;
mod members;

pub use load::Loaded;
