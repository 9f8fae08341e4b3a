//! Texts inside XML.

use std::borrow::Cow;

/// Returns `text` for the inside of a double-quoted attribute.
pub(super) fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in allowed(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#xA;"),
            '\r' => escaped.push_str("&#xD;"),
            '\t' => escaped.push_str("&#x9;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Returns `text` as character data.
pub(super) fn cdata(text: &str) -> String {
    let text = allowed(text).replace("]]>", "]]]]><![CDATA[>");
    format!("<![CDATA[{text}]]>")
}

/// Returns `text` as character data, without a line break in the document, as libtest does.
pub(super) fn cdata_on_one_line(text: &str) -> String {
    let text = allowed(text)
        .replace("]]>", "]]]]><![CDATA[>")
        .replace("<?", "<]]><![CDATA[?")
        .replace('\n', "]]>&#xA;<![CDATA[")
        .replace("<![CDATA[]]>", "");
    format!("<![CDATA[{text}]]>")
}

/// Replaces the characters that XML 1.0 cannot hold at all.
fn allowed(text: &str) -> Cow<'_, str> {
    let is_forbidden = |character: char| matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    if text.contains(is_forbidden) {
        Cow::Owned(text.replace(is_forbidden, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_escaped_and_stay_on_one_line() {
        assert_eq!(
            attribute("a<b>&\"c\"\nd\x1b"),
            "a&lt;b&gt;&amp;&quot;c&quot;&#xA;d\u{fffd}"
        );
    }

    #[test]
    fn character_data_cannot_end_itself() {
        assert_eq!(
            cdata_on_one_line("a]]>b\n"),
            "<![CDATA[a]]]]><![CDATA[>b]]>&#xA;<![CDATA[]]>"
        );
    }
}
