//! Checks of the package.

use super::{Finding, Level};
use crate::commands::doctor::inspection::Inspection;
use crate::plan::pyproject;
use crate::plan::{self, pyo3_versions};
use crate::project::Project;
use crate::project::rust::{Access, ParseError, PyModule};
use crate::project::test_targets::{Kind, State, Target};

const FIX: &str = "cargo pyo3-async-test doctor --fix";

/// Checks that pyo3 is there once, in a version that pyo3-aio works with.
pub(super) fn pyo3(project: &Project, inspection: &Inspection) -> Finding {
    match &inspection.resolved {
        Ok(resolved) => resolved_pyo3(&resolved.versions),
        Err(error) if error.contains("links to the native library") => {
            let range = pyo3_versions::RANGE;
            let message = "two versions of pyo3 are asked for, and only one can be linked";
            let help =
                format!("ask for one of {range} everywhere; `cargo tree -i pyo3` names who asks");
            Finding::new("pyo3", Level::Error, message, help)
        }
        // Cargo.lock is missing or out of date, and `doctor` does not write it.
        Err(error) if error.contains("--locked") => declared_pyo3(project),
        Err(error) => {
            let message = format!(
                "cargo cannot resolve the dependencies: {}",
                first_error(error)
            );
            Finding::new(
                "pyo3",
                Level::Warning,
                message,
                "`cargo metadata` shows all of it",
            )
        }
    }
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

fn resolved_pyo3(versions: &[String]) -> Finding {
    match versions {
        [] => no_pyo3(),
        [version] if pyo3_versions::is_compatible(&format!("={version}")) => {
            Finding::ok("pyo3", version.as_str())
        }
        versions => wrong_pyo3(&versions.join(", ")),
    }
}

fn declared_pyo3(project: &Project) -> Finding {
    match project.pyo3_requirement() {
        None => no_pyo3(),
        Some(version) if pyo3_versions::is_compatible(&version) => {
            Finding::ok("pyo3", format!("{version} (Cargo.lock is not up to date)"))
        }
        Some(version) => wrong_pyo3(&version),
    }
}

fn no_pyo3() -> Finding {
    Finding::new(
        "pyo3",
        Level::Error,
        "not a dependency",
        "cargo pyo3-async-test init",
    )
}

fn wrong_pyo3(versions: &str) -> Finding {
    let message = format!(
        "{versions}, and pyo3-aio works with {}",
        pyo3_versions::RANGE
    );
    let help = "change the version of pyo3 in Cargo.toml; what else to change is at \
                https://pyo3.rs/latest/migration";
    Finding::new("pyo3", Level::Error, message, help)
}

/// Checks that pyo3's feature `extension-module`, which keeps it from being linked with Python, is off.
pub(super) fn extension_module(project: &Project, inspection: &Inspection) -> Finding {
    const CHECK: &str = "extension-module";
    let is_declared = plan::declares_extension_module(project);
    let is_on = inspection
        .resolved
        .as_ref()
        .is_ok_and(|resolved| resolved.has_extension_module);
    if !is_declared && !is_on {
        return Finding::ok(CHECK, "off");
    }
    let message = "pyo3's feature is on: unit tests in src/ that call Python do not link";
    let is_fixable = inspection
        .pyproject
        .as_ref()
        .and_then(pyproject::raise_maturin)
        .is_some();
    let help = match (is_declared, is_fixable) {
        (true, true) => FIX.to_owned(),
        (true, false) => {
            "remove the feature from pyo3 in Cargo.toml, and build with maturin 1.9.4 \
                          or newer, or setuptools-rust 1.12 or newer"
                .to_owned()
        }
        (false, _) => "another package or a feature of this one turns it on: `cargo tree -e \
                       features -i pyo3` names it"
            .to_owned(),
    };
    Finding::new(CHECK, Level::Warning, message, help)
}

/// Checks the dependency on pyo3-aio and its features.
pub(super) fn dependency(project: &Project) -> Finding {
    const CHECK: &str = "pyo3-aio";
    const INIT: &str = "cargo pyo3-async-test init";
    match project.library_features() {
        None => Finding::new(CHECK, Level::Error, "not a dependency", INIT),
        Some(features) if !features.iter().any(|feature| feature == "testing") => {
            Finding::new(CHECK, Level::Error, "the feature `testing` is off", INIT)
        }
        Some(features) if !features.iter().any(|feature| feature.ends_with("-runtime")) => {
            Finding::new(CHECK, Level::Error, "no feature of a runtime is on", INIT)
        }
        Some(_) if project.ships_testing() => {
            let message = "the feature `testing` is on in [dependencies], so the released library needs \
                           libpython";
            let help = "move the feature to pyo3-aio in [dev-dependencies]";
            Finding::new(CHECK, Level::Warning, message, help)
        }
        Some(_) if project.leaks_testing() => {
            let solution = project.resolver.solution(|path| project.shown(path));
            Finding::new(CHECK, Level::Warning, plan::LEAK, solution)
        }
        Some(features) => Finding::ok(CHECK, format!("features {}", features.join(", "))),
    }
}

/// Checks that tests can link the library.
pub(super) fn library(project: &Project) -> Finding {
    match &project.library {
        None => Finding::ok("crate-type", "no library"),
        Some(library) if library.is_linkable => {
            Finding::ok("crate-type", "tests can use the library")
        }
        Some(_) => {
            let message = "without `rlib`, so no test can use the library (E0432)";
            Finding::new("crate-type", Level::Error, message, FIX)
        }
    }
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
    };
    errors.map(finding).collect()
}

/// Reports the modules for Python that tests cannot name.
pub(super) fn modules(project: &Project) -> Vec<Finding> {
    let modules = project.library.iter().flat_map(|library| &library.modules);
    modules
        .filter_map(|module| hidden_module(project, module))
        .collect()
}

fn hidden_module(project: &Project, module: &PyModule) -> Option<Finding> {
    let (path, line, item) = (project.shown(&module.file), module.line, &module.item);
    match &module.access {
        Access::Public(_) => None,
        Access::Private { .. } => {
            let message =
                format!("{path}:{line}: `{item}` is private, so no test can import it (E0603)");
            Some(Finding::new("pymodule", Level::Warning, message, FIX))
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
pub(super) fn targets(inspection: &Inspection) -> Vec<Finding> {
    if inspection.targets.is_empty() {
        let help = "cargo pyo3-async-test init";
        return vec![Finding::new(
            "tests",
            Level::Warning,
            "no test target",
            help,
        )];
    }
    inspection.targets.iter().map(target).collect()
}

fn target(target: &Target) -> Finding {
    let (name, path) = (&target.name, &target.path);
    let check = match target.kind {
        Kind::Test => "tests",
        Kind::Library => "unit tests",
    };
    let fix = match target.kind {
        Kind::Test => FIX,
        Kind::Library => "cargo pyo3-async-test init --lib",
    };
    let error = |message| Finding::new(check, Level::Error, message, fix);
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
            let help = format!("cargo test --features {features}");
            Finding::new(check, Level::Warning, message, help)
        }
    }
}
