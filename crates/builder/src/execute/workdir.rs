//! `WORKDIR`: makes the directory.

use rootfs::MakeDir;
use store::Draft;

use super::{Executor, Work};
use crate::notice::Notice;
use crate::{Error, Users};

impl Executor<'_> {
    /// Makes a directory, and those above it, that belong to the user in force. A user that the
    /// image does not know is an error only for `RUN`: here it is root.
    pub(super) fn workdir(
        &self,
        work: &Work<'_>,
        draft: &Draft,
        path: &str,
        user: &str,
    ) -> Result<(), Error> {
        let root = self.writable(work.below, draft)?;
        if root
            .metadata(path)?
            .is_some_and(|metadata| metadata.is_dir())
        {
            return Ok(());
        }
        // As for --chown: a number alone is that of the group too.
        let ((uid, gid), unknown) = Users::read(&root).owner(user);
        for user in unknown {
            let path = path.to_owned();
            work.notice(Notice::UnknownUser { user, path });
        }
        root.create_dir_all(
            path,
            &MakeDir {
                mode: 0o755,
                uid,
                gid,
                mtime: work.normalise.time(),
            },
        )?;
        Ok(())
    }
}
