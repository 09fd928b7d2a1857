//! Images in archives: loading, saving, importing and exporting.

mod docker;
mod export;
mod import;
mod layout;
mod load;
mod members;
mod out;
mod pack;
mod recompress;
mod save;

pub use export::{Exported, Extraneous, Tree, export_dir, export_tar};
pub use load::Loaded;
pub use out::ArchiveOut;
pub use pack::{Annotation, MediaTypes, Noted, Packed, Packing};
pub use recompress::{Recompress, Scope};
pub(crate) use recompress::{check_diff_id, media_type};
pub use save::{ArchiveFormat, Saved};
