//! The name of a coroutine.

use std::borrow::Cow;

/// The `__qualname__` of a coroutine, whose part after the last dot is the `__name__`.
#[derive(Debug, Clone)]
pub(crate) enum CoroutineName {
    Given(Cow<'static, str>),
    /// The type of the Rust future, from which the name is made when somebody asks for it.
    OfType(&'static str),
}

impl Default for CoroutineName {
    fn default() -> Self {
        Self::Given(Cow::Borrowed("Coroutine"))
    }
}

impl CoroutineName {
    /// Names a coroutine after the function that its future is of, and `Coroutine` where that has no name.
    pub(crate) fn of_future<F: Future>() -> Self {
        Self::OfType(std::any::type_name::<F>())
    }

    pub(crate) fn qualname(&self) -> &str {
        match self {
            Self::Given(name) => name,
            Self::OfType(type_name) => function_of(type_name).unwrap_or("Coroutine"),
        }
    }

    pub(crate) fn name(&self) -> &str {
        let qualname = self.qualname();
        qualname.rsplit('.').next().unwrap_or(qualname)
    }
}

/// Returns the name of the function whose body contains an async block, or which is `async`: both are types that rustc
/// names `path::function::{{closure}}`.
///
/// `std::any::type_name` does not promise this form. With another one coroutines lose their names.
fn function_of(type_name: &str) -> Option<&str> {
    let mut path = type_name.strip_suffix("::{{closure}}")?;
    while let Some(outer) = path.strip_suffix("::{{closure}}") {
        path = outer;
    }
    // The arguments of a generic function contain paths themselves.
    let function = path.rsplit("::").next()?;
    let is_identifier = function
        .chars()
        .all(|character| character.is_alphanumeric() || character == '_');
    is_identifier.then_some(function)
}

#[cfg(test)]
mod tests {
    use super::function_of;

    #[test]
    fn a_future_of_a_function_has_its_name() {
        for (type_name, function) in [
            ("krate::module::fetch::{{closure}}", Some("fetch")),
            ("krate::fetch::{{closure}}::{{closure}}", Some("fetch")),
            ("<krate::A as krate::B>::get::{{closure}}", Some("get")),
            ("krate::fetch<alloc::string::String>::{{closure}}", None),
            ("core::future::pending::Pending<()>", None),
        ] {
            assert_eq!(function_of(type_name), function, "{type_name}");
        }
    }
}
