//! The comparison of paths.

use std::path::Path;

/// Whether two paths are those of the same file, after symbolic links in their folders are resolved.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    let resolved = |path: &Path| {
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
        folder.map(|folder| folder.join(path.file_name().unwrap_or_default()))
    };
    a == b || (resolved(a).is_some() && resolved(a) == resolved(b))
}
