suite! {
    fn one() {}
    fn two() {
        println!("two says hi");
    }
    #[ignore]
    fn three() {}
    #[ignore = "slow"]
    fn four() {
        panic!("four fails when run");
    }
    #[should_panic]
    fn five() {
        panic!("expected");
    }
    #[should_panic = "six"]
    #[ignore = "both"]
    fn six() {
        panic!("six");
    }
}
