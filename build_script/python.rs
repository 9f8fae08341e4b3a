//! The configuration of Python that pyo3's build script passes on to crates that depend on pyo3-ffi.

use std::env;
use std::path::PathBuf;

/// The parts of pyo3's configuration that this crate uses (`InterpreterConfig` of pyo3-build-config).
#[derive(Default)]
pub(super) struct Python {
    pub(super) implementation: String,
    /// The minor version of the C API that is compiled against; with abi3 the lowest version that is supported.
    pub(super) api_minor: u8,
    pub(super) limited_api: bool,
    pub(super) free_threaded: bool,
    pub(super) shared: bool,
    pub(super) lib_name: Option<String>,
    pub(super) lib_dir: Option<PathBuf>,
    pub(super) executable: Option<String>,
    /// Whether the user's `PYO3_CONFIG_FILE` forbids link lines.
    pub(super) suppress_link_lines: bool,
}

impl Python {
    /// Reads the configuration from the environment of this build script. `None` without a pyo3-ffi that passes it on.
    pub(super) fn from_pyo3() -> Option<Self> {
        let value = ["DEP_PYTHON_PYO3_CONFIG", "DEP_PYO3_PYTHON_PYO3_CONFIG"]
            .iter()
            .find_map(|name| env::var(name).ok())?;
        Some(Self::parse(&decode_hex(&value)?))
    }

    /// Reads a configuration, as pyo3 0.27 to 0.30 write it.
    pub(super) fn parse(configuration: &str) -> Self {
        let mut python = Self {
            shared: true,
            ..Self::default()
        };
        for line in configuration.lines() {
            if let Some((key, value)) = line.split_once('=') {
                python.set(key, value.trim());
            }
        }
        python
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "implementation" => self.implementation = value.to_owned(),
            // `target_abi` comes after `version`, and overwrites it.
            "version" => self.api_minor = minor_version(value),
            // pyo3 0.27 and 0.28.
            "abi3" => self.limited_api = value == "true",
            "build_flags" if value.split(',').any(|flag| flag == "Py_GIL_DISABLED") => {
                self.free_threaded = true;
                self.limited_api = false;
            }
            // pyo3 0.29 and later.
            "target_abi" => self.set_target_abi(value),
            "shared" => self.shared = value == "true",
            "lib_name" => self.lib_name = Some(value.to_owned()),
            "lib_dir" => self.lib_dir = Some(PathBuf::from(value)),
            "executable" => self.executable = Some(value.to_owned()),
            "suppress_build_script_link_lines" => self.suppress_link_lines = value == "true",
            _ => {}
        }
    }

    /// Parses `CPython-gil_enabled-3.13`, which has `-debug` after it for a debug build.
    fn set_target_abi(&mut self, value: &str) {
        let mut parts = value.splitn(3, '-').skip(1);
        let kind = parts.next().unwrap_or_default();
        self.limited_api = matches!(kind, "abi3" | "abi3t");
        self.free_threaded = matches!(kind, "abi3t" | "free_threaded");
        self.api_minor = minor_version(parts.next().unwrap_or_default());
    }

    pub(super) fn cfgs(&self) -> Vec<String> {
        let versions = (9..=self.api_minor).map(|minor| format!("Py_3_{minor}"));
        let others = [
            (self.limited_api, "Py_LIMITED_API"),
            (self.free_threaded, "Py_GIL_DISABLED"),
            (self.implementation == "PyPy", "PyPy"),
            (self.implementation == "GraalVM", "GraalPy"),
        ];
        let others = others.iter().filter(|(is_set, _)| *is_set);
        versions
            .chain(others.map(|(_, cfg)| (*cfg).to_owned()))
            .collect()
    }

    pub(super) fn minor_of_library(&self) -> Option<&str> {
        self.lib_name.as_deref()?.strip_prefix("python3.")
    }
}

fn minor_version(version: &str) -> u8 {
    let minor = version.split(['.', '-']).nth(1);
    minor.and_then(|minor| minor.parse().ok()).unwrap_or(9)
}

fn decode_hex(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Python, decode_hex};

    fn cfgs(configuration: &str) -> Vec<String> {
        let mut cfgs = Python::parse(configuration).cfgs();
        cfgs.retain(|cfg| !cfg.starts_with("Py_3_") || cfg == "Py_3_9" || cfg == "Py_3_12");
        cfgs
    }

    #[test]
    fn every_form_of_the_configuration_is_read() {
        let full = "implementation=CPython\nversion=3.12\nshared=true\n";
        assert_eq!(
            cfgs(&format!("{full}abi3=false\nbuild_flags=\n")),
            ["Py_3_9", "Py_3_12"]
        );
        let full = format!("{full}target_abi=CPython-");
        assert_eq!(
            cfgs(&format!("{full}gil_enabled-3.12-debug")),
            ["Py_3_9", "Py_3_12"]
        );
        let free = ["Py_3_9", "Py_3_12", "Py_GIL_DISABLED"];
        assert_eq!(
            cfgs(&format!(
                "{full}free_threaded-3.14\nbuild_flags=Py_GIL_DISABLED"
            )),
            free
        );
        assert_eq!(
            cfgs(&format!("{full}abi3-3.9")),
            ["Py_3_9", "Py_LIMITED_API"]
        );
        let limited = ["Py_3_9", "Py_LIMITED_API"];
        assert_eq!(
            cfgs("implementation=CPython\nversion=3.9\nabi3=true\nbuild_flags=\n"),
            limited
        );
        let flags = "version=3.14\nabi3=true\nbuild_flags=Py_DEBUG,Py_GIL_DISABLED\n";
        assert_eq!(cfgs(flags), free);
        assert_eq!(
            cfgs("implementation=PyPy\nversion=3.11\nabi3=false"),
            ["Py_3_9", "PyPy"]
        );
    }

    #[test]
    fn the_configuration_comes_in_hexadecimal_digits() {
        assert_eq!(decode_hex("613d62"), Some("a=b".to_owned()));
        assert_eq!(decode_hex("613"), None);
        assert_eq!(decode_hex("zz"), None);
    }
}
