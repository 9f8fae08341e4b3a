//! Functions that tests share.

pub fn helper() {}
