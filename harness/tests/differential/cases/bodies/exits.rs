suite! {
    fn a_pass() {}
    fn b_exit0() {
        println!("about to exit");
        std::process::exit(0)
    }
    fn c_abort() {
        std::process::abort()
    }
    fn d_exit7() {
        std::process::exit(7)
    }
}
