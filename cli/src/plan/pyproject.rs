//! The requirement for maturin in `pyproject.toml`.

use toml_edit::{Item, Value};

use crate::project::manifest::Manifest;

/// The first maturin that builds extensions without pyo3's feature.
const FLOOR: &str = "1.9.4";

/// Returns the file with a requirement for a maturin that is new enough. `None` if the package is not built by maturin,
/// or pins an older version.
pub(crate) fn raise_maturin(file: &Manifest) -> Option<Manifest> {
    let mut raised = file.clone();
    let system = raised
        .document_mut()
        .get_mut("build-system")?
        .as_table_like_mut()?;
    if system.get("build-backend").and_then(Item::as_str) != Some("maturin") {
        return None;
    }
    let requires = system.get_mut("requires")?.as_array_mut()?;
    let is_maturin = |value: &&mut Value| {
        value
            .as_str()
            .is_some_and(|text| specifiers(text).is_some())
    };
    let value = requires.iter_mut().find(is_maturin)?;
    let text = raise(value.as_str()?)?;
    let decor = value.decor().clone();
    *value = text.into();
    *value.decor_mut() = decor;
    Some(raised)
}

/// Returns the specifiers after the name, as in `maturin[patchelf]>=1.0,<2.0`; `None` for another package.
fn specifiers(requirement: &str) -> Option<&str> {
    let rest = requirement.trim().strip_prefix("maturin")?;
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    let rest = rest.trim_start();
    let is_end = rest.is_empty() || rest.starts_with(['<', '>', '=', '~', '!', ';']);
    is_end.then_some(rest)
}

/// Raises the lower bound; `None` if another part of the requirement forbids that.
fn raise(requirement: &str) -> Option<String> {
    let all = specifiers(requirement)?;
    let name = &requirement[..requirement.trim_end().len() - all.trim_end().len()];
    let (versions, marker) = match all.split_once(';') {
        Some((versions, marker)) => (versions.trim_end(), format!("; {}", marker.trim())),
        None => (all.trim_end(), String::new()),
    };
    let mut parts: Vec<String> = versions
        .split(',')
        .map(|part| part.trim().to_owned())
        .collect();
    parts.retain(|part| !part.is_empty());
    if parts
        .iter()
        .any(|part| part.starts_with("==") || part.starts_with("~=") || is_too_low(part))
    {
        return None;
    }
    let floor = parts.iter_mut().find(|part| part.starts_with(">="));
    match floor {
        Some(part) if numbers(&part[2..]) < numbers(FLOOR) => *part = format!(">={FLOOR}"),
        Some(_) => return Some(requirement.to_owned()),
        None => parts.insert(0, format!(">={FLOOR}")),
    }
    Some(format!("{name}{}{marker}", parts.join(",")))
}

/// Whether the part is an upper bound below [`FLOOR`].
fn is_too_low(part: &str) -> bool {
    let bound = part.strip_prefix("<=").or(part.strip_prefix('<'));
    bound.is_some_and(|version| numbers(version) <= numbers(FLOOR))
}

fn numbers(version: &str) -> Vec<u32> {
    version
        .trim()
        .split('.')
        .map(|number| number.parse().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::raise;

    #[test]
    fn the_lower_bound_rises() {
        for (before, after) in [
            ("maturin", "maturin>=1.9.4"),
            ("maturin>=1.0,<2.0", "maturin>=1.9.4,<2.0"),
            ("maturin >= 1.4, < 2", "maturin >=1.9.4,< 2"),
            ("maturin[patchelf]<2", "maturin[patchelf]>=1.9.4,<2"),
            ("maturin>=1.10,<2.0", "maturin>=1.10,<2.0"),
            (
                "maturin>=1; sys_platform != \"win32\"",
                "maturin>=1.9.4; sys_platform != \"win32\"",
            ),
        ] {
            assert_eq!(raise(before).as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn a_pinned_version_stays() {
        for before in [
            "maturin==1.7.0",
            "maturin~=1.4",
            "maturin>=1,<1.9",
            "maturin-import-hook",
        ] {
            assert_eq!(raise(before), None, "{before}");
        }
    }
}
