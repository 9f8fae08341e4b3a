//! Splits Rust source into tokens, precisely enough for items and their attributes.
//!
//! `syn` would be a dependency of every test binary for one note at the end of a run.

use std::iter::Peekable;
use std::str::Chars;

/// A token, named as in `proc_macro`. Literals have no value, and comments are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or keyword, a raw one without its `r#`.
    Ident(String),
    /// A string, character, lifetime or number.
    Literal,
    /// Any other character.
    Punct(char),
}

/// Reads the tokens of a source file.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: text.chars().peekable(),
    };
    let mut tokens = Vec::new();
    while let Some(first) = lexer.rest.next() {
        tokens.extend(lexer.token(first));
    }
    tokens
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Lexer<'_> {
    /// Reads the token that begins with this character, which has been taken.
    fn token(&mut self, first: char) -> Option<Token> {
        match first {
            '/' if self.next_is('/') => self.skip_line(),
            '/' if self.next_is('*') => self.skip_comment(),
            '"' => return self.string(),
            '\'' => return self.character_or_lifetime(),
            _ if first.is_whitespace() => {}
            _ if first.is_ascii_digit() => {
                self.word(first);
                return Some(Token::Literal);
            }
            _ if is_in_word(first) => return self.word_or_prefixed(first),
            _ => return Some(Token::Punct(first)),
        }
        None
    }

    fn next_is(&mut self, wanted: char) -> bool {
        self.rest.peek() == Some(&wanted)
    }

    fn skip_line(&mut self) {
        self.rest.by_ref().find(|&next| next == '\n');
    }

    /// Skips `/* .. */`, in which others may lie; the `/` has been taken.
    fn skip_comment(&mut self) {
        let mut depth = 0_u32;
        let mut last = '/';
        for next in self.rest.by_ref() {
            // `/*/` does not end a comment: a character belongs to one mark only.
            last = match (last, next) {
                ('/', '*') => {
                    depth += 1;
                    ' '
                }
                ('*', '/') => {
                    depth -= 1;
                    ' '
                }
                _ => next,
            };
            if depth == 0 {
                return;
            }
        }
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(next) = self.rest.next_if(|&next| is_in_word(next)) {
            word.push(next);
        }
        word
    }

    /// Reads a word, or a string or name that begins with it: `b"..."`, `r#"..."#`, `r#type`.
    fn word_or_prefixed(&mut self, first: char) -> Option<Token> {
        let word = self.word(first);
        let is_raw = matches!(word.as_str(), "r" | "br" | "cr");
        if is_raw && (self.next_is('"') || self.next_is('#')) {
            return self.raw();
        }
        match word.as_str() {
            "b" | "c" if self.next_is('"') => {
                self.rest.next();
                self.string()
            }
            "b" if self.next_is('\'') => {
                self.rest.next();
                self.character_or_lifetime()
            }
            _ => Some(Token::Ident(word)),
        }
    }

    /// Reads what follows `r`.
    fn raw(&mut self) -> Option<Token> {
        let mut hashes = 0;
        while self.rest.next_if_eq(&'#').is_some() {
            hashes += 1;
        }
        if self.rest.next_if_eq(&'"').is_none() {
            let first = self.rest.next()?;
            return Some(Token::Ident(self.word(first)));
        }
        loop {
            self.rest.by_ref().find(|&next| next == '"')?;
            let mut closing = 0;
            while closing < hashes && self.rest.next_if_eq(&'#').is_some() {
                closing += 1;
            }
            if closing == hashes {
                return Some(Token::Literal);
            }
        }
    }

    /// Reads up to the quotation mark that ends a string.
    fn string(&mut self) -> Option<Token> {
        self.skip_to('"');
        Some(Token::Literal)
    }

    fn character_or_lifetime(&mut self) -> Option<Token> {
        match self.rest.next()? {
            '\\' => {
                self.rest.next();
                self.skip_to('\'');
            }
            // `'a'`, or `'a` and `'static`.
            first if is_in_word(first) => {
                self.word(first);
                self.rest.next_if_eq(&'\'');
            }
            _ => self.skip_to('\''),
        }
        Some(Token::Literal)
    }

    /// Skips to the quotation mark `end`, and over characters that are escaped by a backslash.
    fn skip_to(&mut self, end: char) {
        while let Some(next) = self.rest.next() {
            match next {
                '\\' => {
                    self.rest.next();
                }
                _ if next == end => return,
                _ => {}
            }
        }
    }
}

fn is_in_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::{Token, tokens};

    /// The tokens with `"` for literals, separated by blanks.
    fn shown(text: &str) -> String {
        let shown = |token: Token| match token {
            Token::Ident(word) => word,
            Token::Literal => "\"".to_owned(),
            Token::Punct(character) => character.to_string(),
        };
        let shown: Vec<String> = tokens(text).into_iter().map(shown).collect();
        shown.join(" ")
    }

    #[test]
    fn comments_are_left_out() {
        assert_eq!(shown("a // b\nc /// d\n//! e\nf"), "a c f");
        assert_eq!(shown("a /* b /* c */ d */ e /**/ f /*/ g */ h"), "a e f h");
        assert_eq!(shown("a / b"), "a / b");
    }

    #[test]
    fn nothing_is_seen_in_strings() {
        assert_eq!(shown(r#"a "b \" c" d"#), r#"a " d"#);
        assert_eq!(shown(r##"r#"a "b" c"# d r"e\" f"##), r#"" d " f"#);
        assert_eq!(shown(r##"b"a" c"b" br#"c"# cr"d" e"##), r#"" " " " e"#);
        assert_eq!(shown("r####\"a\"###b\"#### c"), "\" c");
        assert_eq!(shown("\"never ends"), "\"");
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(
            shown("'a' 'b 'static '\\'' '\\u{1F600}' '\"' b'x' c"),
            "\" \" \" \" \" \" \" c"
        );
        assert_eq!(
            shown("fn f<'a>(x: &'a str) {}"),
            "fn f < \" > ( x : & \" str ) { }"
        );
    }

    #[test]
    fn names_and_numbers_are_whole() {
        assert_eq!(
            shown("r#mod r#type rx bx 1_000u8 0xff é"),
            "mod type rx bx \" \" é"
        );
        assert_eq!(shown("#![a] b::c!{}"), "# ! [ a ] b : : c ! { }");
    }
}
