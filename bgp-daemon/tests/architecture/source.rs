//! Just enough of Rust's syntax to know what a file imports and which lints it turns off: tokens, `use` trees, paths
//! and attributes. Comments, strings and characters are skipped, so that nothing in them counts.

use std::str::Chars;

/// A word, or punctuation: one character, or `::`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// The tokens of a file.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: source.chars(), line: 1 };
    std::iter::from_fn(|| lexer.token()).collect()
}

struct Lexer<'a> {
    rest: Chars<'a>,
    line: usize,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.clone().nth(ahead)
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek(0).filter(|c| wanted(*c)) {
            taken.push(c);
            self.bump();
        }
        taken
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            let (line, c) = (self.line, self.peek(0)?);
            match (c, self.peek(1)) {
                ('/', Some('/')) => drop(self.take_while(|c| c != '\n')),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.quoted('"'),
                ('\'', Some('\\')) => self.quoted('\''),
                ('\'', _) if self.peek(2) == Some('\'') => self.skip(3),
                // A lifetime: its name comes as a word of its own.
                ('\'', _) => self.skip(1),
                (':', Some(':')) => {
                    self.skip(2);
                    return Some(Token { text: "::".to_owned(), line });
                }
                _ if c.is_whitespace() => self.skip(1),
                _ if is_word(c) => {
                    let text = self.take_while(is_word);
                    if !self.is_literal_prefix(&text) {
                        return Some(Token { text, line });
                    }
                }
                _ => {
                    self.skip(1);
                    return Some(Token { text: c.to_string(), line });
                }
            }
        }
    }

    /// Whether the word only begins a literal or a raw identifier; a raw literal is skipped.
    fn is_literal_prefix(&mut self, word: &str) -> bool {
        match (word, self.peek(0)) {
            ("b" | "c", Some('"')) | ("b", Some('\'')) => true,
            ("r" | "br" | "cr", Some('"' | '#')) => {
                let hashes = self.take_while(|c| c == '#').len();
                if self.peek(0) == Some('"') {
                    self.skip(1);
                    self.raw_string(hashes);
                }
                true
            }
            _ => false,
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        while let Some(c) = self.bump() {
            if c == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                return self.skip(hashes);
            }
        }
    }

    fn quoted(&mut self, quote: char) {
        self.skip(1);
        while let Some(c) = self.bump() {
            match c {
                '\\' => self.skip(1),
                _ if c == quote => return,
                _ => {}
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => return,
                _ => {
                    self.skip(1);
                    continue;
                }
            }
            self.skip(2);
            if depth == 0 {
                return;
            }
        }
    }
}

/// A path that leads out of where it stands: it begins with `crate`, `self` or `super`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModulePath {
    pub segments: Vec<Token>,
    /// The inline modules around it, outermost first.
    pub inside: Vec<String>,
}

/// All such paths, in `use` trees (one for each leaf), expressions, types and macros.
pub fn module_paths(tokens: &[Token]) -> Vec<ModulePath> {
    let (mut found, mut rest, mut depth) = (Vec::new(), tokens, 0_usize);
    // Inline modules with the depth of braces that their bodies have.
    let mut modules: Vec<(usize, String)> = Vec::new();
    let mut after_colons = false;
    while let [token, tail @ ..] = rest {
        rest = tail;
        let mut paths = Vec::new();
        match (token.text.as_str(), tail) {
            ("use", [next, ..]) if next.text != "<" => rest = use_tree(tail, &[], &mut paths),
            ("mod", [name, brace, ..]) if brace.text == "{" => modules.push((depth + 1, name.text.clone())),
            ("crate" | "self" | "super", [colons, ..]) if colons.text == "::" && !after_colons => {
                paths.push(plain_path(token, tail));
            }
            ("{", _) => depth += 1,
            ("}", _) => {
                modules.retain(|(body, _)| *body < depth);
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        after_colons = token.text == "::";
        let inside: Vec<String> = modules.iter().map(|(_, name)| name.clone()).collect();
        let relative =
            |path: &Vec<Token>| path.first().is_some_and(|first| matches!(&*first.text, "crate" | "self" | "super"));
        let paths = paths.into_iter().filter(relative);
        found.extend(paths.map(|segments| ModulePath { segments, inside: inside.clone() }));
    }
    found
}

fn plain_path(first: &Token, mut rest: &[Token]) -> Vec<Token> {
    let mut path = vec![first.clone()];
    while let [colons, segment, tail @ ..] = rest {
        if colons.text != "::" {
            break;
        }
        path.push(segment.clone());
        rest = tail;
    }
    path
}

/// Reads one branch of a `use` tree that goes on from `prefix`; gives back what follows it.
fn use_tree<'a>(mut rest: &'a [Token], prefix: &[Token], found: &mut Vec<Vec<Token>>) -> &'a [Token] {
    let mut path = prefix.to_vec();
    loop {
        match rest {
            [] => break,
            [token, tail @ ..] => match token.text.as_str() {
                "," | "}" | ";" => break,
                "{" => return use_branches(tail, &path, found),
                "as" => rest = tail.get(1..).unwrap_or_default(),
                // Before anything else it means another crate; in between it joins.
                "::" if path.is_empty() => return use_tree(tail, std::slice::from_ref(token), found),
                "::" => rest = tail,
                _ => {
                    path.push(token.clone());
                    rest = tail;
                }
            },
        }
    }
    found.push(path);
    rest
}

fn use_branches<'a>(mut rest: &'a [Token], prefix: &[Token], found: &mut Vec<Vec<Token>>) -> &'a [Token] {
    while let [token, tail @ ..] = rest {
        match token.text.as_str() {
            "}" => return tail,
            "," => rest = tail,
            _ => rest = use_tree(rest, prefix, found),
        }
    }
    rest
}

/// An attribute that turns lints off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub line: usize,
    /// `#![…]`: for a whole module or crate.
    pub inner: bool,
    /// The words in it, the lints among them.
    pub words: Vec<String>,
}

/// Every `allow` and `expect` attribute, alone or in `cfg_attr`, outside `#[cfg(test)] mod … { … }`.
pub fn allowances(tokens: &[Token]) -> Vec<Allowance> {
    let (mut found, mut rest) = (Vec::new(), tokens);
    while let [token, tail @ ..] = rest {
        rest = tail;
        let inner = tail.first().is_some_and(|next| next.text == "!");
        let body = if inner { tail.get(1..).unwrap_or_default() } else { tail };
        if token.text != "#" || body.first().is_none_or(|bracket| bracket.text != "[") {
            continue;
        }
        let (attribute, after) = balanced(body, "[", "]");
        rest = after;
        let words: Vec<String> = attribute.iter().map(|token| token.text.clone()).collect();
        if words.join("") == "[cfg(test)]" && after.first().is_some_and(|item| item.text == "mod") {
            let opens = after.iter().position(|token| matches!(&*token.text, "{" | ";")).unwrap_or(after.len());
            let module = after.get(opens..).unwrap_or_default();
            rest = if module.first().is_some_and(|token| token.text == "{") {
                balanced(module, "{", "}").1
            } else {
                module
            };
        } else if words
            .windows(2)
            .any(|pair| matches!(pair, [word, open] if open == "(" && (word == "allow" || word == "expect")))
        {
            found.push(Allowance { line: token.line, inner, words });
        }
    }
    found
}

/// Splits after the bracket that closes the first token, which is `open`.
fn balanced<'a>(tokens: &'a [Token], open: &str, close: &str) -> (&'a [Token], &'a [Token]) {
    let mut depth = 0_usize;
    let closing = tokens.iter().position(|token| {
        depth += usize::from(token.text == open);
        depth -= usize::from(token.text == close);
        depth == 0
    });
    tokens.split_at(closing.map_or(tokens.len(), |index| index + 1))
}
