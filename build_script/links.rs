//! The folder of symbolic links to libpython, which is the search path of the linker and the loader.

use std::fs;
use std::io;
use std::path::Path;

use super::python::Python;

/// Fills `folder` with links to the shared libpythons of `lib_dir`. Returns false if the one that is to be linked is not
/// among them.
///
/// # Errors
///
/// Those of the file system.
pub(super) fn link_libraries(python: &Python, lib_dir: &Path, folder: &Path) -> io::Result<bool> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(folder)?,
    }
    for entry in fs::read_dir(lib_dir)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(is_shared_libpython) {
            symlink(&lib_dir.join(&name), &folder.join(&name))?;
        }
    }
    add_unversioned_name(python, folder)
}

fn is_shared_libpython(name: &str) -> bool {
    name.starts_with("libpython3") && (name.contains(".so") || name.ends_with(".dylib"))
}

/// Makes sure of a link with the name that the linker looks for, `libpython3.x.so`: distributions have it in their package
/// of headers, beside a `libpython3.x.so.1.0` in that of the library.
fn add_unversioned_name(python: &Python, folder: &Path) -> io::Result<bool> {
    let Some(name) = &python.lib_name else {
        return Ok(true);
    };
    let plain = folder.join(format!("lib{name}.so"));
    if plain.exists() || folder.join(format!("lib{name}.dylib")).exists() {
        return Ok(true);
    }
    let versioned = format!("lib{name}.so.");
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&versioned) {
            symlink(&entry.path().canonicalize()?, &plain)?;
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(unix)]
fn symlink(original: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, link)?;
    println!("cargo::rerun-if-changed={}", original.display());
    Ok(())
}

#[cfg(not(unix))]
fn symlink(_original: &Path, _link: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{env, fs};

    use super::super::python::Python;
    use super::link_libraries;

    #[test]
    fn a_library_without_its_development_package_gets_the_name_that_the_linker_wants() {
        let root = env::temp_dir().join(format!("pyo3-aio-build-{}", std::process::id()));
        let (lib_dir, folder) = (root.join("lib"), root.join("out"));
        fs::create_dir_all(&lib_dir).unwrap();
        fs::write(lib_dir.join("libpython3.12.so.1.0"), "").unwrap();
        fs::write(lib_dir.join("libother.so"), "").unwrap();
        let python = |name: &str| Python::parse(&format!("lib_name={name}"));
        assert!(link_libraries(&python("python3.12"), &lib_dir, &folder).unwrap());
        assert!(folder.join("libpython3.12.so").exists());
        assert!(!folder.join("libother.so").exists());
        // Another Python in the same folder leaves nothing of the first.
        assert!(!link_libraries(&python("python3.13"), &lib_dir, &folder).unwrap());
        assert!(!folder.join("libpython3.12.so").exists());
        fs::remove_dir_all(root).unwrap();
    }
}
