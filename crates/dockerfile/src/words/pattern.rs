//! Patterns of `${v#p}`, `${v%p}` and `${v/p/r}`: `*` and `?`, with the backslash to escape them.

use super::Unexpandable;

/// A pattern, read.
pub(super) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// This sign.
    Sign(char),
    /// `?`: any one sign.
    One,
    /// `*`: any signs, or none.
    Any,
}

/// How far a match goes.
enum Match {
    /// Up to here at the least, and up to there at the most.
    Ends { shortest: usize, longest: usize },
    /// Nothing, and later starts may do better.
    None,
    /// Nothing, though a `*` saw all that comes: later starts cannot do better.
    Never,
}

impl Pattern {
    /// Reads a pattern. `\` takes `*`, `?` and `\` as they are; `\}` and `\/` only hide these from
    /// the form around.
    pub(super) fn new(pattern: &str) -> Result<Self, Unexpandable> {
        let mut tokens = Vec::new();
        let mut signs = pattern.chars();
        while let Some(sign) = signs.next() {
            tokens.push(match sign {
                '*' => Token::Any,
                '?' => Token::One,
                '\\' => match signs.next() {
                    Some(escaped @ ('*' | '?' | '\\' | '}' | '/')) => Token::Sign(escaped),
                    other => {
                        let escape = std::iter::once('\\').chain(other).collect();
                        let pattern = pattern.to_owned();
                        return Err(Unexpandable::InvalidPattern { pattern, escape });
                    }
                },
                _ => Token::Sign(sign),
            });
        }
        Ok(Self { tokens })
    }

    /// The value without the shortest or longest start that matches.
    pub(super) fn strip_start(&self, value: &str, longest: bool) -> String {
        let signs: Vec<char> = value.chars().collect();
        let end = stripped(&self.tokens, &signs, longest);
        signs[end..].iter().collect()
    }

    /// The value without the shortest or longest end that matches.
    pub(super) fn strip_end(&self, value: &str, longest: bool) -> String {
        // From behind, it is a start.
        let tokens: Vec<Token> = self.tokens.iter().rev().copied().collect();
        let signs: Vec<char> = value.chars().rev().collect();
        let end = stripped(&tokens, &signs, longest);
        signs[end..].iter().rev().collect()
    }

    /// The value with the first or every longest match replaced; nothing if that gets longer than
    /// `limit` bytes.
    pub(super) fn replace(
        &self,
        value: &str,
        replacement: &str,
        every: bool,
        limit: usize,
    ) -> Option<String> {
        let signs: Vec<char> = value.chars().collect();
        let mut out = String::new();
        let mut at = 0;
        let mut last_end = None;
        while at <= signs.len() {
            match longest_prefix(&self.tokens, &signs[at..]) {
                Match::Ends { longest, .. } if longest > 0 || last_end != Some(at) => {
                    out.push_str(replacement);
                    at += longest;
                    last_end = Some(at);
                    if !every {
                        break;
                    }
                    if longest == 0 {
                        out.extend(signs.get(at));
                        at += 1;
                    }
                }
                Match::Never => break,
                Match::Ends { .. } | Match::None => {
                    out.extend(signs.get(at));
                    at += 1;
                }
            }
            if out.len() > limit {
                return None;
            }
        }
        out.extend(signs.get(at..).unwrap_or_default());
        (out.len() <= limit).then_some(out)
    }
}

fn stripped(tokens: &[Token], signs: &[char], longest: bool) -> usize {
    match longest_prefix(tokens, signs) {
        Match::Ends { longest: end, .. } if longest => end,
        Match::Ends { shortest, .. } => shortest,
        Match::None | Match::Never => 0,
    }
}

/// Matches from the start of `signs`, following all possibilities at once: time is linear in the
/// length of both.
fn longest_prefix(tokens: &[Token], signs: &[char]) -> Match {
    let mut states = vec![false; tokens.len() + 1];
    states[0] = true;
    let mut ends: Option<(usize, usize)> = None;
    let mut in_any = false;
    for at in 0..=signs.len() {
        for index in 0..tokens.len() {
            if states[index] && tokens[index] == Token::Any {
                states[index + 1] = true;
                in_any = true;
            }
        }
        if states[tokens.len()] {
            ends = Some((ends.map_or(at, |(shortest, _)| shortest), at));
        }
        let Some(sign) = signs.get(at) else { break };
        step(tokens, &mut states, *sign);
        if !states.contains(&true) {
            break;
        }
    }
    match ends {
        Some((shortest, longest)) => Match::Ends { shortest, longest },
        None if in_any => Match::Never,
        None => Match::None,
    }
}

/// Moves every state over one sign.
fn step(tokens: &[Token], states: &mut [bool], sign: char) {
    states[tokens.len()] = false;
    for index in (0..tokens.len()).rev() {
        if !states[index] {
            continue;
        }
        match tokens[index] {
            Token::Any => {}
            Token::One => {
                states[index] = false;
                states[index + 1] = true;
            }
            Token::Sign(wanted) => {
                states[index] = false;
                states[index + 1] |= wanted == sign;
            }
        }
    }
}
