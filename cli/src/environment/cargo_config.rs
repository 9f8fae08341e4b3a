//! The variables that cargo sets for build scripts: those of the environment, and those in `[env]` of
//! `.cargo/config.toml`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item};

use crate::environment::checkout;

/// Returns a variable as pyo3's build script will see it; `None` if it is empty.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    let present = env::var_os(name);
    let configured = files().iter().find_map(|file| read(file)?.value(name));
    let value = match (present, configured) {
        (
            Some(_),
            Some(Configured {
                value,
                is_forced: true,
            }),
        ) => Some(value),
        (Some(present), _) => Some(present),
        (None, configured) => configured.map(|configured| configured.value),
    };
    value.filter(|value| !value.is_empty())
}

/// Returns cargo's configuration files, the one with the highest precedence first.
fn files() -> Vec<PathBuf> {
    let here = env::current_dir().unwrap_or_default();
    let folders = here.ancestors().map(|folder| folder.join(".cargo"));
    let folders = folders.chain(checkout::cargo_home());
    let names = folders.flat_map(|folder| ["config.toml", "config"].map(|name| folder.join(name)));
    names.filter(|file| file.is_file()).collect()
}

/// A file of cargo's configuration.
#[derive(Debug)]
struct Config {
    /// The folder of `.cargo`, to which values with `relative = true` are relative.
    folder: PathBuf,
    document: DocumentMut,
}

/// A value of `[env]`.
#[derive(Debug, Eq, PartialEq)]
struct Configured {
    value: OsString,
    is_forced: bool,
}

fn read(file: &Path) -> Option<Config> {
    let document = fs::read_to_string(file).ok()?.parse().ok()?;
    let folder = file.parent()?.parent()?.to_owned();
    Some(Config { folder, document })
}

impl Config {
    fn value(&self, name: &str) -> Option<Configured> {
        let entry = self.document.get("env")?.get(name)?;
        let is_true = |key| entry.get(key).and_then(Item::as_bool) == Some(true);
        let text = entry.as_str().or_else(|| entry.get("value")?.as_str())?;
        let value = match is_true("relative") {
            true => self.folder.join(text).into(),
            false => text.into(),
        };
        Some(Configured {
            value,
            is_forced: is_true("force"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Config, Configured};

    fn value(text: &str) -> Option<Configured> {
        let document = text.parse().unwrap();
        Config {
            folder: "/home/me".into(),
            document,
        }
        .value("PYO3_PYTHON")
    }

    #[test]
    fn all_forms_of_a_value_are_read() {
        let some = |value: &str, is_forced| {
            Some(Configured {
                value: value.into(),
                is_forced,
            })
        };
        assert_eq!(value("env.PYO3_PYTHON = 'p'"), some("p", false));
        assert_eq!(
            value("[env]\nPYO3_PYTHON = { value = 'p', force = true }"),
            some("p", true)
        );
        let relative = "[env.PYO3_PYTHON]\nvalue = '.venv/bin/python'\nrelative = true";
        let path = Path::new("/home/me").join(".venv/bin/python");
        assert_eq!(value(relative), some(path.to_str().unwrap(), false));
        assert_eq!(value("[env]\nOTHER = 'p'"), None);
    }
}
