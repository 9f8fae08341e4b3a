//! Features that tests of the package's code for Python need.

use crate::project::Project;

/// Returns a note if pyo3 is optional, and off by default.
pub(super) fn note(project: &Project) -> Option<String> {
    let feature = project.feature_of_pyo3()?;
    Some(format!(
        "pyo3 is optional: tests of what the feature `{feature}` adds to the library need `--features {feature}`"
    ))
}
