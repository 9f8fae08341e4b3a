#[test]
fn plain() {}
