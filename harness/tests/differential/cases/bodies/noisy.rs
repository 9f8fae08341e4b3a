suite! {
    fn a_println_pass() {
        println!("println from pass");
        eprintln!("eprintln from pass");
    }
    fn b_println_fail() {
        println!("println from fail");
        eprintln!("eprintln from fail");
        panic!("b");
    }
    fn c_thread_print() {
        std::thread::spawn(|| println!("print of a child thread")).join().unwrap();
        panic!("c");
    }
    fn d_thread_panic() {
        let worker = std::thread::Builder::new().name("worker".into());
        let result = worker.spawn(|| panic!("in child thread")).unwrap().join();
        assert!(result.is_err());
        panic!("d");
    }
    fn e_no_newline_fail() {
        print!("no trailing newline");
        panic!("e");
    }
    fn f_dbg_fail() {
        dbg!(1 + 1);
        panic!("f");
    }
    fn g_escapes_fail() {
        println!("\x1b[31mred\x1b[0m\t\x01");
        panic!("g");
    }
    fn h_long_fail() {
        println!("{}", "long ".repeat(100_000));
        panic!("h");
    }
    fn i_caught_panic() {
        let caught = std::panic::catch_unwind(|| panic!("caught"));
        println!("{}", caught.is_err());
        panic!("i");
    }
    fn j_half_lines_fail() {
        eprint!("half of stderr, ");
        eprintln!("the other half");
        print!("half of stdout, ");
        println!("the other half");
        panic!("j");
    }
}
