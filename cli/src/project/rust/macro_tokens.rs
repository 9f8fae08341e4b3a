//! Items in the arguments of a macro, which need not follow Rust's grammar: a function in `proptest!` has parameters
//! of a form of its own, and one in `macro_rules!` may have `$name` for a name. So tokens are searched here.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::{ItemUse, Meta};

use super::attribute::Attributes;
use super::name_path::NamePath;

/// Something in the arguments of a macro.
pub(super) enum MacroItem {
    Function {
        /// `None` for `fn $name`.
        name: Option<String>,
        attributes: Attributes,
        is_async: bool,
        span: Span,
    },
    Module {
        name: String,
        attributes: Attributes,
        /// `None` for `mod name;`.
        content: Option<Vec<MacroItem>>,
    },
    Use(ItemUse),
    /// A path that is called, and the arguments if it is a macro.
    Call(NamePath, Option<TokenStream>),
    /// A call of `with_serial`.
    SerialCall(Span),
}

/// Finds the items among tokens.
pub(super) fn read(tokens: TokenStream) -> Vec<MacroItem> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    // The attributes since the last item.
    let mut attributes: Vec<Meta> = Vec::new();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let (before, after) = (&tokens[..index], &tokens[index + 1..]);
        index += 1;
        match token {
            TokenTree::Ident(word) if word == "fn" => {
                let attributes = std::mem::take(&mut attributes);
                found.extend(function(before, word.span(), after, attributes));
            }
            TokenTree::Ident(word) if word == "mod" => {
                if let Some((module, length)) = module(after, &mut attributes) {
                    found.push(module);
                    index += length;
                }
            }
            TokenTree::Ident(word) if word == "use" => found.extend(import(&tokens[index - 1..])),
            TokenTree::Ident(word) if word == "with_serial" => {
                found.push(MacroItem::SerialCall(word.span()));
            }
            TokenTree::Ident(_) => found.extend(call(&tokens[..index], after)),
            TokenTree::Punct(mark) if matches!(mark.as_char(), ';' | ',') => attributes.clear(),
            TokenTree::Group(group) if is_attribute(before, group) => {
                attributes.extend(syn::parse2::<Meta>(group.stream()));
            }
            TokenTree::Group(group) => {
                found.extend(read(group.stream()));
                if group.delimiter() == Delimiter::Brace {
                    attributes.clear();
                }
            }
            _ => {}
        }
    }
    found
}

fn function(
    before: &[TokenTree],
    span: Span,
    after: &[TokenTree],
    attributes: Vec<Meta>,
) -> Option<MacroItem> {
    let name = match after {
        [TokenTree::Ident(name), ..] => Some(plain(&name.to_string())),
        [TokenTree::Punct(_), ..] => None,
        // The type of a function.
        _ => return None,
    };
    Some(MacroItem::Function {
        name,
        attributes: Attributes::of(attributes),
        is_async: is_async(before),
        span,
    })
}

/// Reads what follows `mod`, and counts its tokens.
fn module(after: &[TokenTree], attributes: &mut Vec<Meta>) -> Option<(MacroItem, usize)> {
    let (name, content) = match after {
        [TokenTree::Ident(name), TokenTree::Punct(mark), ..] if mark.as_char() == ';' => {
            (name, None)
        }
        [TokenTree::Ident(name), TokenTree::Group(group), ..]
            if group.delimiter() == Delimiter::Brace =>
        {
            (name, Some(read(group.stream())))
        }
        _ => return None,
    };
    let module = MacroItem::Module {
        name: plain(&name.to_string()),
        attributes: Attributes::of(std::mem::take(attributes)),
        content,
    };
    Some((module, 2))
}

/// Reads a `use` declaration, which begins with the first token.
fn import(tokens: &[TokenTree]) -> Option<MacroItem> {
    let is_end =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
    let end = tokens.iter().position(is_end)?;
    let item = syn::parse2(tokens[..=end].iter().cloned().collect());
    item.ok().map(MacroItem::Use)
}

/// Reads a path whose last name is the last token, if it is called.
fn call(path: &[TokenTree], after: &[TokenTree]) -> Option<MacroItem> {
    let arguments = match after {
        [TokenTree::Group(_), ..] => None,
        [TokenTree::Punct(mark), TokenTree::Group(group), ..] if mark.as_char() == '!' => {
            Some(group.stream())
        }
        _ => return None,
    };
    let mut names = Vec::new();
    let mut rest = path;
    while let [before @ .., TokenTree::Ident(name)] = rest {
        names.insert(0, plain(&name.to_string()));
        rest = match before {
            [before @ .., TokenTree::Punct(a), TokenTree::Punct(b)]
                if (a.as_char(), b.as_char()) == (':', ':') =>
            {
                before
            }
            _ => break,
        };
    }
    let path = NamePath {
        names,
        is_absolute: false,
    };
    Some(MacroItem::Call(path, arguments))
}

/// Whether `async` is among the qualifiers before `fn`.
fn is_async(before: &[TokenTree]) -> bool {
    let is_qualifier = |token: &&TokenTree| match token {
        TokenTree::Ident(word) => ["async", "const", "extern", "safe", "unsafe"]
            .iter()
            .any(|known| word == known),
        TokenTree::Literal(_) => true,
        _ => false,
    };
    let mut qualifiers = before.iter().rev().take_while(is_qualifier);
    qualifiers.any(|token| matches!(token, TokenTree::Ident(word) if word == "async"))
}

/// Whether the group is that of `#[..]`.
fn is_attribute(before: &[TokenTree], group: &Group) -> bool {
    let is_hash =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == '#');
    group.delimiter() == Delimiter::Bracket && before.last().is_some_and(is_hash)
}

/// Removes the `r#` of a raw identifier.
fn plain(name: &str) -> String {
    name.strip_prefix("r#").unwrap_or(name).to_owned()
}
