//! rstest: cases, fixtures, and its own name for the attribute.

use pyo3_aio::tokio::test as renamed;
use rstest::{fixture, rstest};

#[fixture]
fn three() -> u8 {
    3
}

#[rstest]
#[case(1, 2)]
#[case::wrong(2, 5)]
#[pyo3_aio::tokio::test]
async fn cases(#[case] number: u8, #[case] double: u8) {
    assert_eq!(number * 2, double);
}

#[rstest]
#[case(1, 2)]
#[case::wrong(2, 5)]
#[pyo3_aio::tokio::test]
fn sync_cases(#[case] number: u8, #[case] double: u8) {
    assert_eq!(number * 2, double);
}

#[pyo3_aio::tokio::test]
#[rstest]
#[case(1, 2)]
#[case::wrong(2, 5)]
async fn cases_below_it(#[case] number: u8, #[case] double: u8) {
    assert_eq!(number * 2, double);
}

#[pyo3_aio::smol::test]
#[rstest]
fn values_below_it(three: u8, #[values(3, 4)] number: u8) {
    assert_eq!(three, number);
}

#[rstest]
#[test_attr(pyo3_aio::tokio::test)]
async fn test_attr(#[values(3, 4)] number: u8, three: u8) {
    assert_eq!(three, number);
}

#[rstest]
#[test_attr(renamed(timeout = "1m"))]
fn sync_test_attr(#[values(3, 4)] number: u8, three: u8) {
    assert_eq!(three, number);
}
