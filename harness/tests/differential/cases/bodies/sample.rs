use std::process::{ExitCode, Termination};

struct Payload;

struct Prints;

impl Termination for Prints {
    fn report(self) -> ExitCode {
        println!("in report");
        ExitCode::FAILURE
    }
}

suite! {
    fn pass() {}
    fn a() {}
    fn ab() {}
    fn abc() {}
    fn zzz_pass_last() {}
    fn Upper_pass() {}
    fn grün() {}
    fn 测试_通过() {}
    fn 测试_失败() {
        panic!("失败 — ünïcode ✓");
    }

    fn prints_pass() {
        println!("stdout of passing");
        eprintln!("stderr of passing");
    }
    fn prints_fail() {
        println!("stdout of failing");
        eprintln!("stderr of failing");
        panic!("after printing");
    }
    fn prints_no_newline_pass() {
        print!("no newline pass");
    }
    fn prints_no_newline_fail() {
        print!("no newline fail");
        panic!("boom");
    }

    fn fail_assert() {
        assert!(std::hint::black_box(1) + 1 == 3);
    }
    fn fail_assert_msg() {
        assert!(std::hint::black_box(1) > 2, "message {}", 42);
    }
    fn fail_assert_eq() {
        assert_eq!(1 + 1, 3, "sum");
    }
    fn fail_multiline() {
        panic!("line one\nline two\nline three");
    }
    fn fail_string_payload() {
        let owned = String::from("owned");
        panic!("{owned} payload");
    }
    fn fail_any_payload() {
        std::panic::panic_any(42i32);
    }
    fn fail_custom_payload() {
        std::panic::panic_any(super_payload());
    }
    fn fail_resume_unwind() {
        std::panic::resume_unwind(Box::new("silent"));
    }
    fn fail_empty_payload() {
        panic!("");
    }

    fn ret_ok() -> Result<(), String> {
        Ok(())
    }
    fn ret_err() -> Result<(), String> {
        Err("an error\nwith two lines".to_string())
    }
    fn ret_err_box() -> Result<(), Box<dyn std::error::Error>> {
        Err("boxed".into())
    }
    fn ret_err_q() -> Result<(), std::num::ParseIntError> {
        "x".parse::<i32>()?;
        Ok(())
    }
    fn ret_exitcode_fail() -> ExitCode {
        ExitCode::from(3)
    }
    fn ret_exitcode_ok() -> ExitCode {
        ExitCode::SUCCESS
    }
    fn ret_termination() -> Prints {
        Prints
    }

    #[should_panic]
    fn sp_ok() {
        panic!("as wanted");
    }
    #[should_panic]
    fn sp_no_panic() {
        println!("did not");
    }
    #[should_panic(expected = "needle")]
    fn sp_expected_ok() {
        panic!("hay needle hay");
    }
    #[should_panic(expected = "needle")]
    fn sp_expected_mismatch() {
        panic!("hay hay");
    }
    #[should_panic(expected = "needle")]
    fn sp_expected_no_panic() {}
    #[should_panic(expected = "needle")]
    fn sp_expected_nonstring() {
        std::panic::panic_any(7u8);
    }
    #[should_panic = "short form"]
    fn sp_short_form() {
        panic!("short form");
    }
    #[should_panic]
    #[ignore]
    fn sp_ignored() {
        panic!("x");
    }

    #[ignore]
    fn ign_bare() {}
    #[ignore = "needs a network"]
    fn ign_reason() {}
    #[ignore = "reason with \"quotes\" and ünï\nand a newline"]
    fn ign_reason_odd() {}
    #[ignore = "fails"]
    fn ign_fails() {
        panic!("ignored one fails");
    }

    fn test_with_prefix() {}
    fn name_with_a_very_long_name_indeed_so_that_it_would_shift_any_alignment_there_was() {}

    mod m1 {
        fn pass() {}
        fn a() {}
        mod inner {
            fn pass() {}
            fn fail() -> Result<(), String> {
                Err("inner".into())
            }
            #[ignore = "inner"]
            fn ign() {}
        }
    }
    mod r#mod {
        fn r#fn() {}
    }
}

fn super_payload() -> Payload {
    Payload
}
