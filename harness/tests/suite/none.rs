//! Stands in for a module whose tests compile on Unix only.

crate::tests!();
