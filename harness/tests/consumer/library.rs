//! The C functions of the capture layer are in no library and in no ordinary binary.

use libtest_async::{Failed, Trial};

use crate::package;

pub(crate) fn trials() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        Trial::test(format!("library::{name}"), move || {
            body();
            Ok::<(), Failed>(())
        })
    };
    let shared = test(
        "a_shared_library_defines_none_of_them",
        shared_library_defines_none,
    );
    vec![
        package::ignored_without_lockfile(shared),
        test(
            "a_binary_without_the_macro_defines_none_of_them",
            this_binary_defines_none,
        ),
    ]
}

#[cfg(not(unix))]
fn shared_library_defines_none() {}

#[cfg(not(unix))]
fn this_binary_defines_none() {}

#[cfg(unix)]
use self::unix::{shared_library_defines_none, this_binary_defines_none};

#[cfg(unix)]
mod unix {
    #![expect(
        unsafe_code,
        reason = "the dynamic linker is asked where functions come from"
    )]

    use std::ffi::{CStr, CString, c_void};
    use std::mem;

    use crate::package;

    const FUNCTIONS: [&CStr; 3] = [c"write", c"writev", c"pthread_create"];

    pub(super) fn this_binary_defines_none() {
        assert!(!libtest_async::capture::is_complete());
        let this = definer_of_address(this_binary_defines_none as fn() as *const c_void);
        for function in FUNCTIONS {
            assert_ne!(definer(libc::RTLD_DEFAULT, function), this, "{function:?}");
        }
    }

    pub(super) fn shared_library_defines_none() {
        let built = package::cargo(&["build", "--lib"]);
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        let extension = if cfg!(target_os = "macos") {
            "dylib"
        } else {
            "so"
        };
        let path = package::folder().join(format!("target/debug/libconsumer.{extension}"));
        let path = CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: the library is ours, and has nothing that runs when it is loaded.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!library.is_null(), "{path:?} cannot be loaded");
        let file = definer(library, c"run_tests");
        assert_eq!(file, path);
        for function in FUNCTIONS {
            assert_ne!(definer(library, function), file, "{function:?}");
        }
    }

    /// Returns the file that a function is defined in, for who looks from `library`.
    fn definer(library: *mut c_void, function: &CStr) -> CString {
        // SAFETY: the handle is open, and the name is a C string.
        let address = unsafe { libc::dlsym(library, function.as_ptr()) };
        assert!(!address.is_null(), "{function:?} is not defined");
        definer_of_address(address)
    }

    fn definer_of_address(address: *const c_void) -> CString {
        // SAFETY: all-zero is a valid value of this plain C struct.
        let mut info: libc::Dl_info = unsafe { mem::zeroed() };
        // SAFETY: any address may be asked for.
        assert_ne!(unsafe { libc::dladdr(address, &mut info) }, 0);
        // SAFETY: the call succeeded, so that this is the path of a loaded file.
        unsafe { CStr::from_ptr(info.dli_fname) }.to_owned()
    }
}
