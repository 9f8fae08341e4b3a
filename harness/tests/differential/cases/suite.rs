/// Turns functions into tests of Rust's own harness.
macro_rules! suite {
    () => {};
    (mod $name:ident { $($inner:tt)* } $($rest:tt)*) => {
        mod $name {
            suite! { $($inner)* }
        }
        suite! { $($rest)* }
    };
    ($(#[$attribute:meta])* fn $name:ident() $(-> $returned:ty)? $body:block $($rest:tt)*) => {
        #[test]
        $(#[$attribute])*
        fn $name() $(-> $returned)? $body
        suite! { $($rest)* }
    };
}
