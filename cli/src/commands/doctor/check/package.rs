//! Checks of the package.

use super::{Finding, Level};
use crate::commands::doctor::inspection::Inspection;
use crate::commands::doctor::link_conflict::LinkConflict;
use crate::plan;
use crate::project::Project;
use crate::project::pyo3_versions;
use crate::project::rust::{Access, ParseError, PyModule};
use crate::project::test_targets::{Kind, State, Target};

/// Returns the command that repairs the package.
fn fix(inspection: &Inspection<'_>) -> String {
    format!("cargo pyo3-async-test doctor --fix{}", inspection.arguments)
}

/// Returns the command that sets the package up.
pub(super) fn init(inspection: &Inspection<'_>) -> String {
    format!("cargo pyo3-async-test init{}", inspection.arguments)
}

/// Checks that pyo3 is there once, in a version that pyo3-aio works with.
pub(super) fn pyo3(project: &Project, inspection: &Inspection<'_>) -> Finding {
    let finding = match &inspection.resolved {
        Ok(resolved) => resolved_pyo3(project, inspection, &resolved.versions),
        Err(error) => match LinkConflict::read(error) {
            Some(conflict) => linked_twice(project, inspection, &conflict),
            // Cargo.lock is missing or out of date, and `doctor` does not write it.
            None if error.contains("--locked") || project.old_peer().is_some() => {
                declared_pyo3(project, inspection)
            }
            None => {
                let error = first_error(error);
                let message = format!("cargo cannot resolve the dependencies: {error}");
                let help = "`cargo metadata` shows all of it";
                Finding::new("pyo3", Level::Warning, message, help)
            }
        },
    };
    finding.with_sources("`cargo metadata --locked`, else the dependencies in Cargo.toml")
}

fn linked_twice(
    project: &Project,
    inspection: &Inspection<'_>,
    conflict: &LinkConflict,
) -> Finding {
    let message =
        format!("two versions of pyo3 are asked for, and only one can be linked: {conflict}");
    let help = match project.old_peer() {
        Some(peer) => format!(
            "pyo3-aio takes the place of {}: `cargo pyo3-async-test init --migrate{}`",
            peer.package, inspection.arguments
        ),
        None => {
            let range = pyo3_versions::RANGE;
            format!("ask for one of {range} everywhere; `cargo tree -i pyo3` names who asks")
        }
    };
    Finding::new("pyo3", Level::Error, message, help)
}

/// Returns the first error in cargo's output, in which warnings may come first.
fn first_error(error: &str) -> &str {
    let of_cargo = error.split_once("exited with an error: ");
    let of_cargo = of_cargo.map_or(error, |(_, of_cargo)| of_cargo);
    let mut lines = of_cargo.lines();
    lines
        .find_map(|line| line.strip_prefix("error: "))
        .unwrap_or(error)
}

fn resolved_pyo3(project: &Project, inspection: &Inspection<'_>, versions: &[String]) -> Finding {
    match versions {
        [] => no_pyo3(inspection),
        [version] if pyo3_versions::is_compatible(&format!("={version}")) => {
            Finding::ok("pyo3", version.as_str())
        }
        [version] => wrong_pyo3(project, version),
        versions => {
            let message = format!("{}, and only one can be linked", versions.join(" and "));
            let help = "`cargo tree -i pyo3` names who asks for each";
            Finding::new("pyo3", Level::Error, message, help)
        }
    }
}

fn declared_pyo3(project: &Project, inspection: &Inspection<'_>) -> Finding {
    match project.pyo3_requirement() {
        None => no_pyo3(inspection),
        Some(version) if version.is_empty() => {
            Finding::ok("pyo3", "any version (Cargo.lock is not up to date)")
        }
        Some(version) if pyo3_versions::is_compatible(&version) => {
            Finding::ok("pyo3", format!("{version} (Cargo.lock is not up to date)"))
        }
        Some(version) => wrong_pyo3(project, &version),
    }
}

fn no_pyo3(inspection: &Inspection<'_>) -> Finding {
    Finding::new("pyo3", Level::Error, "not a dependency", init(inspection))
}

fn wrong_pyo3(project: &Project, versions: &str) -> Finding {
    let message = format!(
        "{versions}, and pyo3-aio works with {}",
        pyo3_versions::RANGE
    );
    let help = "change the version of pyo3 in Cargo.toml; what else to change is at \
                https://pyo3.rs/latest/migration";
    let help = match project.old_peer() {
        Some(peer) => format!(
            "{help}; then `cargo pyo3-async-test init --migrate` puts pyo3-aio in the place of {} {}",
            peer.package, peer.version
        ),
        None => help.to_owned(),
    };
    Finding::new("pyo3", Level::Error, message, help)
}

/// Checks that pyo3's feature `extension-module`, which keeps it from being linked with Python, is off.
pub(super) fn extension_module(project: &Project, inspection: &Inspection<'_>) -> Finding {
    let pyproject = inspection.pyproject.as_ref();
    let pyproject = pyproject.map(|file| format!(", {}", project.shown(file.path())));
    let pyproject = pyproject.unwrap_or_default();
    check_extension_module(project, inspection).with_sources(format!(
        "[dependencies] and [features] in Cargo.toml, `cargo metadata --locked`{pyproject}"
    ))
}

fn check_extension_module(project: &Project, inspection: &Inspection<'_>) -> Finding {
    const CHECK: &str = "extension-module";
    let causes = plan::causes_of_extension_module(project);
    let resolved = inspection.resolved.as_ref();
    let is_on = resolved.is_ok_and(|resolved| resolved.has_extension_module);
    if causes.is_empty() && !is_on {
        return Finding::ok(CHECK, "off");
    }
    let is_linked = |library| plan::links_unit_tests(project, library);
    if project.library.as_ref().is_none_or(is_linked) {
        return Finding::ok(CHECK, "on, and no unit test in src/ needs it off");
    }
    let by = causes
        .first()
        .map(|cause| format!(", by {}", cause.shown()));
    let by = by.unwrap_or_default();
    let message =
        format!("pyo3's feature is on{by}: unit tests in src/ that call Python do not link");
    let help = match causes.is_empty() {
        true => "another package turns it on: `cargo tree -e features -i pyo3` names it".to_owned(),
        false => fix(inspection),
    };
    Finding::new(CHECK, Level::Warning, message, help)
}

/// Checks the dependency on pyo3-aio and its features.
pub(super) fn dependency(project: &Project, inspection: &Inspection<'_>) -> Finding {
    check_dependency(project, inspection)
        .with_sources("pyo3-aio in the dependencies of Cargo.toml and of its workspace")
}

fn check_dependency(project: &Project, inspection: &Inspection<'_>) -> Finding {
    const CHECK: &str = "pyo3-aio";
    let error = |message, help| Finding::new(CHECK, Level::Error, message, help);
    match project.library_features() {
        None => error("not a dependency", init(inspection)),
        Some(features) if !features.iter().any(|feature| feature == "testing") => {
            error("the feature `testing` is off", fix(inspection))
        }
        Some(features) if !features.iter().any(|feature| feature.ends_with("-runtime")) => {
            error("no feature of a runtime is on", fix(inspection))
        }
        Some(_) if project.ships_testing() => {
            let message = "the feature `testing` is on in [dependencies], so the released library needs \
                           libpython";
            Finding::new(CHECK, Level::Warning, message, fix(inspection))
        }
        Some(_) if project.leaks_testing() => {
            let is_own = project.resolver.manifest == project.manifest.path();
            let solution = match is_own {
                true => fix(inspection),
                false => project.resolver.solution(|path| project.shown(path)),
            };
            Finding::new(CHECK, Level::Warning, plan::LEAK, solution)
        }
        Some(features) => Finding::ok(CHECK, format!("features {}", features.join(", "))),
    }
}

/// Checks that tests can link the library.
pub(super) fn library(project: &Project, inspection: &Inspection<'_>) -> Finding {
    const CHECK: &str = "crate-type";
    let finding = match &project.library {
        None => Finding::ok(CHECK, "no library"),
        Some(library) if library.is_linkable => Finding::ok(CHECK, "tests can use the library"),
        Some(_) => {
            let message = "without `rlib`, so no test can use the library (E0432)";
            Finding::new(CHECK, Level::Error, message, fix(inspection))
        }
    };
    finding.with_sources("[lib] in Cargo.toml")
}

/// Reports the feature without which the library's code for Python is left out.
pub(super) fn features(project: &Project, inspection: &Inspection<'_>) -> Option<Finding> {
    let feature = project.feature_of_pyo3()?;
    let message = format!(
        "pyo3 is optional: tests of what the feature `{feature}` adds to the library need that feature"
    );
    let help = format!("cargo test{} --features {feature}", inspection.arguments);
    let finding = Finding::new("features", Level::Note, message, help);
    Some(finding.with_sources("pyo3 in [dependencies], and [features] in Cargo.toml"))
}

/// Reports the files of the library that do not parse.
pub(super) fn source(project: &Project) -> Vec<Finding> {
    let errors = project
        .library
        .iter()
        .flat_map(|library| library.source.errors());
    let finding = |error: &ParseError| {
        let path = project.shown(&error.path);
        let message = format!("{path}: {error}, so its tests and modules are not seen");
        Finding::new(
            "source",
            Level::Warning,
            message,
            "correct the file; `cargo check` tells more",
        )
        .with_sources(path)
    };
    errors.map(finding).collect()
}

/// Reports the modules for Python that tests cannot name.
pub(super) fn modules(project: &Project, inspection: &Inspection<'_>) -> Vec<Finding> {
    let modules = project.library.iter().flat_map(|library| &library.modules);
    modules
        .filter_map(|module| hidden_module(project, inspection, module))
        .collect()
}

/// A private module keeps a test that imports it from building, and is no problem for others.
fn level_of_private(inspection: &Inspection<'_>, project: &Project, module: &PyModule) -> Level {
    let library = project
        .library
        .as_ref()
        .map(|library| library.name.as_str());
    let path = [library, module.public_path()]
        .map(Option::unwrap_or_default)
        .join("::");
    let mut tests = inspection
        .targets
        .iter()
        .filter(|target| target.kind == Kind::Test);
    match tests.any(|target| target.modules.contains(&path)) {
        true => Level::Warning,
        false => Level::Note,
    }
}

fn hidden_module(
    project: &Project,
    inspection: &Inspection<'_>,
    module: &PyModule,
) -> Option<Finding> {
    let (path, line, item) = (project.shown(&module.file), module.line, &module.item);
    match &module.access {
        Access::Public(_) | Access::Conditional => None,
        Access::Private { .. } => {
            let message =
                format!("{path}:{line}: `{item}` is private, so no test can import it (E0603)");
            Some(Finding::new(
                "pymodule",
                level_of_private(inspection, project, module),
                message,
                fix(inspection),
            ))
        }
        Access::Hidden => {
            let message = format!(
                "{path}:{line}: `{item}` is in a private module, so no test outside of the library can import it"
            );
            Some(Finding::new(
                "pymodule",
                Level::Note,
                message,
                module.re_export(),
            ))
        }
    }
}

/// Checks that each test file runs.
pub(super) fn targets(inspection: &Inspection<'_>) -> Vec<Finding> {
    if inspection.targets.is_empty() {
        let help = init(inspection);
        return vec![Finding::new(
            "tests",
            Level::Warning,
            "no test target",
            help,
        )];
    }
    inspection
        .targets
        .iter()
        .map(|found| {
            let path = &found.path;
            target(found, inspection).with_sources(format!(
                "[[test]] and [lib] in Cargo.toml, {path} and its modules"
            ))
        })
        .collect()
}

fn target(target: &Target, inspection: &Inspection<'_>) -> Finding {
    let (name, path) = (&target.name, &target.path);
    let check = match target.kind {
        Kind::Test => "tests",
        Kind::Library => "unit tests",
    };
    let error = |message| Finding::new(check, Level::Error, message, fix(inspection));
    match &target.state {
        State::Registered => Finding::ok(check, format!("{name} ({path})")),
        State::HarnessIsOn => error(format!(
            "{path}: without `harness = false` libtest finds no test in it"
        )),
        State::NotRegistered => error(format!(
            "{path}: no [[test]] entry in Cargo.toml, so it never runs"
        )),
        State::NoMain => error(format!(
            "{path}: without `testing::main!` and `harness = false` its tests never run"
        )),
        State::NotTested => error(format!(
            "{path}: with `test = false` `cargo test` skips it, so its tests never run"
        )),
        State::DoesNotParse(error) => {
            let message = format!("{path}: {error}");
            Finding::new(
                check,
                Level::Error,
                message,
                "correct the file; `cargo check --tests` tells more",
            )
        }
        State::NeverRun(tests) => {
            let tests = tests.join(", ");
            let message = format!("with `harness = false` these never run: {tests}");
            let elsewhere = match target.kind {
                Kind::Test => "a test file of their own, which keeps libtest's harness",
                Kind::Library => "files in tests/",
            };
            let help = format!(
                "give them a `test` attribute of pyo3-aio, or move them to \
                 {elsewhere}"
            );
            Finding::new(check, Level::Error, message, help)
        }
        State::Skipped(features) => {
            let features = features.join(",");
            let message =
                format!("{path}: `cargo test` skips it without the features `{features}`");
            let help = format!("cargo test{} --features {features}", inspection.arguments);
            Finding::new(check, Level::Warning, message, help)
        }
    }
}
