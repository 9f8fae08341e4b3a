//! Argument types that borrow, and the owned types to write in their place.

use quote::ToTokens;
use syn::{
    Error, GenericArgument, Ident, Path, PathArguments, Result, Type, TypePath, TypeReference,
};

/// Refuses types that a future cannot keep after the call.
pub(crate) fn refuse(argument: &Type) -> Result<()> {
    match argument {
        Type::Reference(reference) => Err(borrowed(argument, &in_place_of(reference))),
        Type::Path(path) => refuse_path(argument, path),
        Type::Tuple(tuple) => tuple.elems.iter().try_for_each(refuse),
        Type::Array(array) => refuse(&array.elem),
        Type::Paren(inner) => refuse(&inner.elem),
        Type::Group(inner) => refuse(&inner.elem),
        Type::ImplTrait(_) => {
            let message = "a Python function cannot be generic: write a type, or `Py<PyAny>`";
            Err(Error::new_spanned(argument, message))
        }
        // PyO3 says which types it extracts.
        _ => Ok(()),
    }
}

fn refuse_path(argument: &Type, path: &TypePath) -> Result<()> {
    let Some(last) = path.path.segments.last() else {
        return Ok(());
    };
    let generics = match &last.arguments {
        PathArguments::AngleBracketed(generics) => Some(&generics.args),
        _ => None,
    };
    let arguments = || generics.into_iter().flatten();
    let types = || {
        arguments().filter_map(|generic| match generic {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        })
    };
    if last.ident == "Python" {
        let message = "an async function is not attached to Python all the time: remove the argument, and write \
                       `Python::attach(|py| ..)` in the body";
        return Err(Error::new_spanned(argument, message));
    }
    if is_bound(&last.ident) {
        return Err(borrowed(argument, &py_of(types().next())));
    }
    let is_lifetime = |generic: &GenericArgument| matches!(generic, GenericArgument::Lifetime(lifetime) if lifetime.ident != "static");
    if last.ident == "Cow" {
        let inner = types().next().map_or("the owned type".to_owned(), owned);
        return Err(borrowed(argument, &inner));
    }
    if arguments().any(is_lifetime) {
        return Err(borrowed(argument, "an owned type, or `Py<..>`"));
    }
    types().try_for_each(refuse)
}

fn borrowed(argument: &Type, owned: &str) -> Error {
    let message = format!(
        "an async function keeps its arguments after the call, so it cannot borrow them: write {owned}"
    );
    Error::new_spanned(argument, message)
}

/// Whether it is a type of PyO3's that borrows from the attachment to Python, or from the object.
fn is_bound(name: &Ident) -> bool {
    ["Bound", "Borrowed", "PyRef", "PyRefMut"]
        .iter()
        .any(|bound| name == bound)
}

fn in_place_of(reference: &TypeReference) -> String {
    match &*reference.elem {
        Type::Path(path) if last_name(&path.path).is_some_and(is_bound) => {
            let PathArguments::AngleBracketed(generics) =
                &path.path.segments[path.path.segments.len() - 1].arguments
            else {
                return py_of(None);
            };
            let inner = generics.args.iter().find_map(|generic| match generic {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            });
            py_of(inner)
        }
        other => owned(other),
    }
}

/// The owned type that holds the same as a borrowed one.
fn owned(referenced: &Type) -> String {
    match referenced {
        Type::Slice(slice) => format!("`Vec<{}>`", text(&slice.elem)),
        Type::Path(path) => match last_name(&path.path).map(Ident::to_string).as_deref() {
            Some("str") => "`String`".to_owned(),
            Some("Path") => "`PathBuf`".to_owned(),
            Some("OsStr") => "`OsString`".to_owned(),
            _ => format!("`{0}`, or `Py<{0}>` for a class", text(referenced)),
        },
        _ => "an owned type".to_owned(),
    }
}

fn py_of(object: Option<&Type>) -> String {
    match object {
        Some(object) => format!("`Py<{}>`", text(object)),
        None => "`Py<..>`".to_owned(),
    }
}

fn last_name(path: &Path) -> Option<&Ident> {
    path.segments.last().map(|segment| &segment.ident)
}

/// The type as it is written, but for spaces.
fn text(written: &Type) -> String {
    written.to_token_stream().to_string().replace(' ', "")
}
