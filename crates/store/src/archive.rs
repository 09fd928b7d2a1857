//! Images in archives: loading, saving, importing and exporting.

mod docker;
mod layout;
mod load;
mod members;
mod recompress;
mod save;

pub use load::Loaded;
pub use recompress::{Recompress, Scope};
pub use save::Saved;
