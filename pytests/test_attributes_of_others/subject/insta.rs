//! insta: snapshots that stand in the file.

#[pyo3_aio::tokio::test]
async fn passes() {
    insta::assert_snapshot!("text", @"text");
}

#[pyo3_aio::tokio::test]
fn passes_synchronously() {
    insta::assert_debug_snapshot!(Some(1), @"
    Some(
        1,
    )
    ");
}

#[pyo3_aio::tokio::test]
async fn fails() {
    insta::assert_snapshot!("new text", @"old text");
}

#[pyo3_aio::tokio::test]
fn fails_synchronously() {
    insta::assert_snapshot!("new text", @"old text");
}
