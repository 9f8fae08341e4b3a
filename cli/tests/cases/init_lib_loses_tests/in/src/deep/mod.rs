#[tokio::test]
async fn on_tokio_alone() {}

#[rstest::rstest]
#[case(1)]
fn cases(#[case] _number: u8) {}
