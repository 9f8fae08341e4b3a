//! Instrumented code writes its counters where it runs, which is in workers too.

use std::fs;
use std::path::Path;

use libtest_async::{Failed, Trial};

use crate::package::{self, cargo_with};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = Trial::test("coverage::workers_write_their_files", || {
        workers_write_their_files();
        Ok::<(), Failed>(())
    });
    vec![package::ignored_without_lockfile(trial)]
}

fn workers_write_their_files() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("coverage");
    let profiles = folder.join("profiles");
    let _ = fs::remove_dir_all(&profiles);
    let run = |args: &[&str]| {
        cargo_with(args, |command| {
            command
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                .env("RUSTFLAGS", "-C instrument-coverage")
                .env("CARGO_TARGET_DIR", folder.join("target"))
                .env("LLVM_PROFILE_FILE", profiles.join("%p.profraw"));
        })
    };
    // What the build itself runs writes files too.
    let built = run(&["test", "--test", "suite", "--no-run"]);
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let _ = fs::remove_dir_all(&profiles);
    for (args, count) in [(&[][..], 1), (&["--isolate", "--test-threads=1"], 2)] {
        let output = run(&[&["test", "--test", "suite", "--"], args].concat());
        assert_eq!(output.status.code(), Some(101));
        let files = fs::read_dir(&profiles).unwrap();
        let sizes: Vec<_> = files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .collect();
        assert_eq!(sizes.len(), count, "{args:?}");
        assert!(sizes.iter().all(|size| *size > 0), "{args:?}: {sizes:?}");
        fs::remove_dir_all(&profiles).unwrap();
    }
}
