use crate::harness::*;

#[py_test]
async fn runs() {}

#[cfg_attr(unix, py_test)]
async fn runs_on_unix() {}

#[cfg_attr(not(test), test)]
fn is_none() {}
