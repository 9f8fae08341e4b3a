//! Runs the tests that stand in the build script. They are `#[test]` functions, for which libtest needs a binary.

#[expect(
    dead_code,
    clippy::print_stdout,
    reason = "its main function is called by cargo, which reads what it prints"
)]
#[path = "../build.rs"]
mod build_script;
