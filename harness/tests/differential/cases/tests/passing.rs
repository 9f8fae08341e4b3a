//! The bodies of `passing` under Rust's own harness.
#![recursion_limit = "512"]
#![allow(non_snake_case, uncommon_codepoints, dead_code, unused_macros)]

include!("../suite.rs");
include!("../bodies/passing.rs");
