//! The library of a package.

use std::path::PathBuf;

use cargo_metadata::{Target, TargetKind};

use super::rust::{PyModule, SourceTree};

/// The library of a package.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    /// The crate's name.
    pub(crate) name: String,
    /// The root file.
    pub(crate) path: PathBuf,
    /// The source, with that of all modules.
    pub(crate) source: SourceTree,
    /// The modules that Python imports.
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
        let source = SourceTree::read(&path);
        let is_linkable = |kind| !matches!(kind, &TargetKind::CDyLib | &TargetKind::StaticLib);
        Some(Self {
            name: target.name.replace('-', "_"),
            path,
            modules: source.pymodules(),
            source,
            is_linkable: target.kind.iter().any(is_linkable),
        })
    }

    /// Replaces the source, of which some files have changed.
    pub(crate) fn set_source(&mut self, source: SourceTree) {
        self.modules = source.pymodules();
        self.source = source;
    }
}

fn is_library(kind: &TargetKind) -> bool {
    use TargetKind::{CDyLib, DyLib, Lib, RLib, StaticLib};
    matches!(kind, CDyLib | DyLib | Lib | RLib | StaticLib)
}
