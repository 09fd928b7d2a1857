//! Images in archives: loading, saving, importing and exporting.

mod docker;
mod export;
mod import;
mod layout;
mod load;
mod members;
mod recompress;
mod save;

pub use export::{Exported, export_dir, export_folders, export_tar};
pub use load::Loaded;
pub(crate) use recompress::check_diff_id;
pub use recompress::{Recompress, Scope};
pub use save::Saved;
