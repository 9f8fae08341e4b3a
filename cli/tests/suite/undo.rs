//! `init --undo` takes back what was written, byte for byte, and leaves what has been changed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::{Sandbox, read_tree};

fn project(case: &str) -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    cases.join(case).join("in")
}

/// Runs the lines, which must succeed.
fn run(sandbox: &Sandbox, lines: &[&str]) -> String {
    let run = |line: &&str| {
        let output = sandbox.run(line);
        assert_eq!(output.code, 0, "{line}: {}", output.stderr);
        output.stderr
    };
    lines.iter().map(run).collect()
}

/// After `lines`, and then `init --undo` with the arguments, the project is as it was.
fn undoes(case: &str, lines: &[&str], arguments: &[&str]) {
    let before = read_tree(&project(case));
    let sandbox = Sandbox::new(&project(case));
    run(&sandbox, lines);
    assert_ne!(sandbox.tree(), before, "{case}");
    for arguments in arguments {
        let with_files = sandbox.tree();
        run(&sandbox, &[&format!("init --undo --dry-run {arguments}")]);
        assert_eq!(sandbox.tree(), with_files, "{case}: a dry run writes");
        run(&sandbox, &[&format!("init --undo {arguments}")]);
    }
    for (name, text) in &sandbox.tree() {
        assert_eq!(Some(text), before.get(name), "{case}: {name}");
    }
    assert_eq!(sandbox.tree(), before, "{case}");
    assert!(!sandbox.project().join("pytests").exists() || project(case).join("pytests").exists());
    let again = run(&sandbox, &[&format!("init --undo {}", arguments[0])]);
    assert!(again.contains("Unchanged"), "{again}");
}

#[test]
fn plain_projects_are_as_they_were() {
    for case in [
        "init_async_std",
        "init_comment_is_last",
        "init_fresh_crate",
        "init_has_the_library",
        "init_inline_tests",
        "init_lib_missing_docs",
        "init_lib_module_in_a_file",
        "init_mixed_line_endings",
        "init_private_modules",
        "init_sorted_dependencies",
        "init_unsorted_dependencies",
        "init_without_pyo3",
    ] {
        undoes(case, &["init --version 0.1"], &[""]);
    }
}

#[test]
fn a_library_that_was_set_up_is_as_it_was() {
    for case in [
        "init_fresh_crate",
        "init_lib_missing_docs",
        "init_lib_without_module",
        "init_private_modules",
    ] {
        undoes(case, &["init --lib --version 0.1"], &[""]);
    }
    undoes(
        "init_lib_workspace_lints",
        &["init --lib -p demo --version 0.1"],
        &["-p demo"],
    );
}

#[test]
fn unit_tests_that_were_linked_are_not_any_more() {
    undoes(
        "init_extension_module_elsewhere",
        &["init --version 0.1"],
        &[""],
    );
}

#[test]
fn each_runtime_and_several_targets_are_known() {
    for runtime in ["tokio", "async-std", "smol"] {
        let line = format!("init --version 0.1 --runtime {runtime}");
        undoes(
            "init_fresh_crate",
            &[&line, "new more"],
            &["--name more", ""],
        );
    }
}

#[test]
fn what_was_changed_stays_with_what_it_needs() {
    let sandbox = Sandbox::new(&project("init_fresh_crate"));
    run(&sandbox, &["init --version 0.1"]);
    let test = sandbox.project().join("pytests/test_example.rs");
    let text = fs::read_to_string(&test).unwrap() + "// Mine.\n";
    fs::write(&test, text).unwrap();
    let before = sandbox.tree();
    let told = run(&sandbox, &["init --undo"]);
    assert!(
        told.contains("`pytests/test_example.rs` has been changed, so it stays"),
        "{told}"
    );
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn where_init_has_not_been_nothing_is_taken_for_its_work() {
    let sandbox = Sandbox::new(&project("init_fresh_crate"));
    let manifest = sandbox.project().join("Cargo.toml");
    let dev = "\n[dev-dependencies]\ntokio = { version = \"1\", features = [\"time\"] }\n";
    let text = fs::read_to_string(&manifest).unwrap() + dev;
    fs::write(&manifest, text).unwrap();
    let before = sandbox.tree();
    let told = run(&sandbox, &["init --undo"]);
    assert!(told.contains("Unchanged"), "{told}");
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn what_other_code_needs_stays() {
    let sandbox = Sandbox::new(&project("init_fresh_crate"));
    run(&sandbox, &["init --version 0.1"]);
    let tests = sandbox.project().join("tests");
    fs::create_dir(&tests).unwrap();
    fs::write(
        tests.join("other.rs"),
        "use demo as _;\n#[tokio::test]\nasync fn a() {}\n",
    )
    .unwrap();
    let told = run(&sandbox, &["init --undo"]);
    for note in [
        "note: `rlib` stays: tests/other.rs uses the library",
        "note: tokio in dev-dependencies stays: tests/other.rs uses it",
        "Removing pyo3-aio from dev-dependencies",
        "Removing pytests/test_example.rs",
    ] {
        assert!(told.contains(note), "{note} in {told}");
    }
}

#[test]
fn unit_tests_that_came_later_keep_their_set_up() {
    let sandbox = Sandbox::new(&project("init_lib_without_module"));
    run(&sandbox, &["init --lib --version 0.1"]);
    let lib = sandbox.project().join("src/lib.rs");
    let text = fs::read_to_string(&lib).unwrap();
    let test = "#[cfg(test)]\n#[pyo3_aio::tokio::test]\nfn mine() {}\n\n#[cfg(test)]\npyo3_aio";
    fs::write(&lib, text.replace("#[cfg(test)]\npyo3_aio", test)).unwrap();
    let told = run(&sandbox, &["init --undo"]);
    assert!(
        told.contains("dependencies and library stay as they are: src/lib.rs needs them"),
        "{told}"
    );
    let tree = sandbox.tree();
    assert!(
        tree["Cargo.toml"].contains("harness = false")
            && tree["src/lib.rs"].contains("testing::main!")
    );
    assert!(!tree.contains_key("pytests/test_example.rs"));
}

#[test]
fn a_file_that_cannot_be_removed_undoes_the_undoing() {
    let sandbox = Sandbox::new(&project("init_fresh_crate"));
    run(&sandbox, &["init --version 0.1"]);
    let before = sandbox.tree();
    let real = std::env::var("CARGO").unwrap();
    // Refuses from the second call on.
    let script = format!(
        "#!/bin/sh\nif [ -e \"$0.called\" ]; then echo 'error: no thanks' >&2; exit 101; fi\n\
         : > \"$0.called\"\nexec {real} \"$@\"\n"
    );
    let cargo = sandbox.script("cargo", &script);
    let output = sandbox.output(
        sandbox
            .command()
            .args(["init", "--undo"])
            .env("CARGO", cargo),
    );
    assert_eq!(output.code, 101, "{}", output.stderr);
    assert_eq!(sandbox.tree(), before);
}
