//! The library of a package.

use std::fs;
use std::path::PathBuf;

use cargo_metadata::{Target, TargetKind};

use crate::project::pymodule::{self, PyModule};

/// The library of a package.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    /// The crate's name.
    pub(crate) name: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// What is in the file.
    pub(crate) source: String,
    /// The modules for Python in it.
    pub(crate) modules: Vec<PyModule>,
    /// Whether Rust code such as a test can use it.
    pub(crate) is_linkable: bool,
}

impl Library {
    pub(super) fn read(target: &Target) -> Option<Self> {
        if !target.kind.iter().any(is_library) {
            return None;
        }
        let path = target.src_path.clone().into_std_path_buf();
        let source = fs::read_to_string(&path).unwrap_or_default();
        let is_linkable = |kind| !matches!(kind, &TargetKind::CDyLib | &TargetKind::StaticLib);
        Some(Self {
            name: target.name.replace('-', "_"),
            path,
            modules: pymodule::find(&source),
            source,
            is_linkable: target.kind.iter().any(is_linkable),
        })
    }
}

fn is_library(kind: &TargetKind) -> bool {
    use TargetKind::{CDyLib, DyLib, Lib, RLib, StaticLib};
    matches!(kind, CDyLib | DyLib | Lib | RLib | StaticLib)
}
