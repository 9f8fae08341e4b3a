//! The plan of `doctor --fix`: everything that can be repaired without a choice of the user's.

use super::changes::Plan;
use super::edit::Edit;
use super::request::ExistingFiles;
use super::{extension_module, importable};
use crate::project::Project;
use crate::project::test_targets::{Kind, State};

/// Decides what to repair.
pub(crate) fn repair(project: &Project, found: &ExistingFiles) -> Plan {
    let mut steps = importable::repair(project);
    steps.extend(extension_module::repair(project, found.pyproject.as_ref()));
    let entries = project.manifest.tests();
    // A library target is left to `init --lib`, which checks first that no test is lost.
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
