//! Images in archives: loading, saving, importing and exporting.

mod docker;
mod export;
mod import;
mod layout;
mod load;
mod members;
mod pack;
mod recompress;
mod save;

pub use export::{Exported, Extraneous, Tree, export_dir, export_tar};
pub use load::Loaded;
pub use pack::{Annotation, MediaTypes, Noted, Packed, Packing};
pub(crate) use recompress::check_diff_id;
pub use recompress::{Recompress, Scope};
pub use save::Saved;
