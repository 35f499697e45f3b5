//! Text with wildcards (`*` and `?`) and policy variables.

use std::borrow::Cow;

use super::error::Problem;
use super::request::Context;
use super::variable::{Placeholder, Variable};

/// One element of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// This character.
    Char(char),
    /// `?`: any one character.
    One,
    /// `*`: any characters, or none.
    Many,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Token(Token),
    Variable(Variable),
}

/// Which parts of a pattern are special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${...}` is a variable: in the policy language's version 2012-10-17 only.
    pub variables: bool,
}

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Without variables.
    Fixed(Vec<Token>),
    /// With variables, which each request gives values.
    Variable(VariablePattern),
}

/// A pattern with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariablePattern(Vec<Piece>);

impl VariablePattern {
    /// Whether the pattern has no variable before its `number`-th part; colons separate the parts.
    pub fn is_fixed_before_part(&self, number: usize) -> bool {
        let Self(pieces) = self;
        let before = pieces.iter().take_while(|piece| matches!(piece, Piece::Token(_)));
        before.filter(|piece| **piece == Piece::Token(Token::Char(':'))).count() >= number - 1
    }
}

impl Pattern {
    /// Parses a pattern.
    pub fn parse(text: &str, special: Special) -> Result<Self, Problem> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if special.variables && rest.starts_with("${") {
                let end = rest.find('}').ok_or_else(|| Problem::Variable(rest.to_owned()))?;
                pieces.push(match Placeholder::parse(&rest[2..end])? {
                    Placeholder::Character(c) => Piece::Token(Token::Char(c)),
                    Placeholder::Variable(variable) => Piece::Variable(variable),
                });
                rest = &rest[end + 1..];
                continue;
            }
            pieces.push(Piece::Token(match c {
                '*' if special.wildcards => Token::Many,
                '?' if special.wildcards => Token::One,
                c => Token::Char(c),
            }));
            rest = &rest[c.len_utf8()..];
        }
        let fixed = |piece: &Piece| match piece {
            Piece::Token(token) => Some(*token),
            Piece::Variable(_) => None,
        };
        Ok(match pieces.iter().map(fixed).collect() {
            Some(tokens) => Self::Fixed(tokens),
            None => Self::Variable(VariablePattern(pieces)),
        })
    }

    /// The pattern with the values of its variables, in which wildcards are not special; `None` if the request does
    /// not have a value.
    pub fn resolved(&self, context: &Context<'_>) -> Option<Cow<'_, [Token]>> {
        let pieces = match self {
            Self::Fixed(tokens) => return Some(Cow::Borrowed(tokens)),
            Self::Variable(VariablePattern(pieces)) => pieces,
        };
        let mut tokens = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Token(token) => tokens.push(*token),
                Piece::Variable(Variable { key, default }) => {
                    let value = context.value(key).or_else(|| default.as_deref().map(Cow::Borrowed))?;
                    tokens.extend(value.chars().map(Token::Char));
                }
            }
        }
        Some(Cow::Owned(tokens))
    }
}

/// Whether the whole text matches. The time is at most the product of both lengths.
pub fn matches(pattern: &[Token], text: &str) -> bool {
    matches_chars(pattern, &text.chars().collect::<Vec<_>>())
}

fn matches_chars(pattern: &[Token], text: &[char]) -> bool {
    let (mut at, mut position) = (0, 0);
    // Where to continue if the characters after the last `*` do not match: the `*` takes one character more.
    let mut retry = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(Token::Many) => {
                retry = Some((at, position));
                at += 1;
                continue;
            }
            Some(Token::One) => {}
            Some(Token::Char(c)) if *c == text[position] => {}
            _ => {
                let Some((star, taken)) = retry else { return false };
                retry = Some((star, taken + 1));
                (at, position) = (star + 1, taken + 1);
                continue;
            }
        }
        (at, position) = (at + 1, position + 1);
    }
    pattern[at..].iter().all(|token| *token == Token::Many)
}

/// Whether text matches regardless of the case of its letters. Each character is folded by itself: `str::to_lowercase`
/// gives a sigma at the end of a word another form than elsewhere.
pub fn matches_ignoring_case(pattern: &[Token], text: &str) -> bool {
    let folded: Vec<Token> = pattern
        .iter()
        .flat_map(|token| match token {
            Token::Char(c) => c.to_lowercase().map(Token::Char).collect(),
            other => vec![*other],
        })
        .collect();
    matches_chars(&folded, &text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>())
}

/// Whether an ARN matches a pattern of at least six parts, part by part: a wildcard does not reach beyond its part,
/// except within the resource, the sixth part and everything after it.
pub fn matches_arn(pattern: &[Token], arn: &str) -> bool {
    let mut parts = pattern.splitn(6, |token| *token == Token::Char(':'));
    let mut values = arn.splitn(6, ':');
    loop {
        match (parts.next(), values.next()) {
            (None, None) => return true,
            (Some(part), Some(value)) if matches(part, value) => {}
            _ => return false,
        }
    }
}

/// The number of parts that colons separate, at most six.
pub fn arn_parts(pattern: &[Token]) -> usize {
    pattern.splitn(6, |token| *token == Token::Char(':')).count()
}
