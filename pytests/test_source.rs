//! Tests of the source itself: those that stand in the build script, and the layers of the modules. They are `#[test]`
//! functions, which need libtest.

mod layers;

#[expect(
    dead_code,
    clippy::print_stdout,
    reason = "its main function is called by cargo, which reads what it prints"
)]
#[path = "../build.rs"]
mod build_script;
