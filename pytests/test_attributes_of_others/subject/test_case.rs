//! test-case: for a sync function its attributes have to stand below.

use test_case::{test_case, test_matrix};

#[test_case(1, 2)]
#[test_case(2, 5; "wrong")]
#[pyo3_aio::tokio::test]
async fn cases(number: u8, double: u8) {
    assert_eq!(number * 2, double);
}

#[pyo3_aio::async_std::test]
#[test_case(1 => 2)]
#[test_case(2 => 5; "wrong")]
async fn cases_below_it(number: u8) -> u8 {
    number * 2
}

#[pyo3_aio::tokio::test(timeout = "1m")]
#[test_case(1, 2)]
#[test_case(2, 5; "wrong")]
fn sync_cases(number: u8, double: u8) {
    assert_eq!(
        std::thread::current()
            .name()
            .map(|name| name.starts_with("subject::")),
        Some(true)
    );
    assert_eq!(number * 2, double);
}

#[pyo3_aio::tokio::test]
#[test_matrix([1, 2], [1, 2])]
fn sync_matrix(number: u8, other: u8) -> Result<(), String> {
    match number == other {
        true => Ok(()),
        false => Err(format!("{number} is not {other}")),
    }
}

#[pyo3_aio::tokio::test]
#[test_case(1 => panics "it should"; "expected")]
#[test_case(2 => panics "otherwise"; "wrong")]
fn sync_panics(_number: u8) {
    panic!("as it should");
}
