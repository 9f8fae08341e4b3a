//! What `doctor --fix` does: all that can be repaired without asking.

use super::{Found, Plan, extension_module, library};
use crate::project::Project;
use crate::project::manifest::Edit;
use crate::project::test_targets::{Kind, State};

/// Decides what to repair.
pub(crate) fn plan(project: &Project, found: &Found) -> Plan {
    let mut steps = library::repair(project);
    steps.extend(extension_module::repair(project, found.pyproject.as_ref()));
    let entries = project.manifest.tests();
    // What the library lacks is for `init --lib`, which looks at its tests first.
    let tests = found.targets.iter();
    for target in tests.filter(|target| target.kind == Kind::Test) {
        let (name, path) = (target.name.clone(), target.path.clone());
        let is_named = entries.iter().any(|entry| entry.name == name);
        match target.state {
            State::HarnessIsOn if is_named => steps.edits.push(Edit::DisableHarness { name }),
            State::HarnessIsOn => steps.edits.push(Edit::AddTest { name, path }),
            State::NotRegistered if !is_named => steps.edits.push(Edit::AddTest { name, path }),
            State::NotRegistered => {
                steps.notes.push(format!(
                    "{path}: `{name}` is the name of another test target"
                ));
            }
            _ => {}
        }
    }
    Plan::new(project, String::new(), steps)
}
