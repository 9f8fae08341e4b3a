//! Colours, from the terminal description as libtest takes them: `NO_COLOR` is not read, and an
//! unknown `TERM` means no colours at all.

use std::env;
use std::path::PathBuf;

use term::Terminal;
use term::terminfo::{TermInfo, TerminfoTerminal};

/// A colour, named after its meaning.
#[derive(Clone, Copy)]
pub(crate) enum Color {
    Failed,
    Passed,
    Ignored,
    Measured,
}

const COLORS: [term::color::Color; 4] = [
    term::color::RED,
    term::color::GREEN,
    term::color::YELLOW,
    term::color::CYAN,
];

/// The escape sequences in force; empty ones where there are none.
#[derive(Default)]
pub(crate) struct Palette {
    start: [String; 4],
    reset: String,
}

impl Palette {
    /// Returns the palette that colours nothing.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Returns the palette of the terminal that `TERM` names.
    pub(crate) fn from_environment() -> Self {
        let Some(path) = env::var("TERM").ok().and_then(|name| database_entry(&name)) else {
            return Self::none();
        };
        match TermInfo::from_path(path) {
            Ok(mut info) => {
                for text in info.strings.values_mut() {
                    replace(text, b'$', PADDING);
                }
                Self::from_terminfo(&info)
            }
            Err(_) => Self::none(),
        }
    }

    /// Appends `text` in a colour.
    pub(crate) fn paint(&self, color: Color, text: &str, out: &mut String) {
        out.push_str(&self.start[color as usize]);
        out.push_str(text);
        out.push_str(&self.reset);
    }

    fn from_terminfo(info: &TermInfo) -> Self {
        Self {
            start: COLORS.map(|color| {
                sequence(info, |terminal| {
                    terminal.supports_color() && terminal.fg(color).is_ok()
                })
            }),
            reset: sequence(info, |terminal| terminal.reset().is_ok()),
        }
    }
}

/// Returns what `act` writes to a terminal of this kind, or nothing if it fails.
fn sequence(info: &TermInfo, act: impl FnOnce(&mut TerminfoTerminal<Vec<u8>>) -> bool) -> String {
    let mut terminal = TerminfoTerminal::new_with_terminfo(Vec::new(), info.clone());
    if !act(&mut terminal) {
        return String::new();
    }
    let mut text = terminal.into_inner();
    replace(&mut text, PADDING, b'$');
    String::from_utf8(text).unwrap_or_default()
}

/// Stands in for the `$` that starts a padding, `$<2>`, which libtest prints as text and [`term`] leaves out.
const PADDING: u8 = 0xff;

fn replace(text: &mut [u8], from: u8, to: u8) {
    for byte in text.iter_mut().filter(|byte| **byte == from) {
        *byte = to;
    }
}

/// Finds the compiled description of `terminal` where libtest looks for it, in that order.
fn database_entry(terminal: &str) -> Option<PathBuf> {
    let first = terminal.chars().next()?;
    let folders = [first.to_string(), format!("{:x}", u32::from(first))];
    search_path()
        .iter()
        .flat_map(|root| {
            folders
                .iter()
                .map(move |folder| root.join(folder).join(terminal))
        })
        .find(|path| path.exists())
}

fn search_path() -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = env::var_os("TERMINFO")
        .map(PathBuf::from)
        .into_iter()
        .collect();
    if let Ok(listed) = env::var("TERMINFO_DIRS") {
        let root = |dir: &str| {
            if dir.is_empty() {
                "/usr/share/terminfo"
            } else {
                dir
            }
            .into()
        };
        roots.extend(listed.split(':').map(|dir| -> PathBuf { root(dir) }));
        return roots;
    }
    roots.extend(
        env::var_os("HOME")
            .map(|reporting_process| PathBuf::from(reporting_process).join(".terminfo")),
    );
    let system = [
        "/etc/terminfo",
        "/lib/terminfo",
        "/usr/share/terminfo",
        "/boot/system/data/terminfo",
    ];
    roots.extend(system.map(PathBuf::from));
    roots
}
