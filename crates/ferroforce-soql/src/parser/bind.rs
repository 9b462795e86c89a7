//! Apex expressions after a colon. They are delimited, not understood: brackets must match.

use super::{Parser, Result};
use crate::ast::Bind;
use crate::lexer::Kind;

impl Parser<'_> {
    /// Reads a bind, whose colon is next.
    pub(super) fn bind(&mut self) -> Result<Bind> {
        if !self.apex() {
            return Err(self.unexpected());
        }
        let colon = self.advance().span;
        let start = self.token.span.start;
        loop {
            while let Kind::Symbol('+' | '-' | '!' | '~') = self.token.kind {
                self.advance();
            }
            self.bind_operand()?;
            match self.token.kind {
                Kind::Symbol('+' | '-' | '*' | '/') => self.advance(),
                _ => break,
            };
        }
        let span = self.since(start);
        Ok(Bind {
            expression: self.source[span.range()].to_owned(),
            span: colon.to(span),
        })
    }

    fn bind_operand(&mut self) -> Result<()> {
        match self.token.kind {
            Kind::Word if self.at("new") => {
                self.advance();
                self.path()?;
                if self.at_symbol('<') {
                    self.balanced()?;
                }
            }
            Kind::Word => self.bind_member()?,
            Kind::Integer | Kind::Decimal | Kind::String => {
                self.advance();
            }
            Kind::Symbol('(') => self.balanced()?,
            _ => return Err(self.unexpected()),
        }
        loop {
            match self.token.kind {
                Kind::Symbol('(' | '[' | '{') => self.balanced()?,
                Kind::Symbol('?') if self.peek().kind == Kind::Symbol('.') => {
                    self.advance();
                    self.advance();
                    self.bind_member()?;
                }
                Kind::Symbol('.') => {
                    self.advance();
                    self.bind_member()?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn bind_member(&mut self) -> Result<()> {
        if self.token.kind != Kind::Word || self.text(self.token).ends_with('.') {
            return Err(self.unexpected());
        }
        self.advance();
        Ok(())
    }

    /// Reads from an opening bracket to the one that closes it.
    fn balanced(&mut self) -> Result<()> {
        let mut open = Vec::new();
        loop {
            let token = self.token;
            match token.kind {
                Kind::Symbol('(') => open.push(')'),
                Kind::Symbol('[') => open.push(']'),
                Kind::Symbol('{') => open.push('}'),
                // Only the types of `new List<Id>(…)` have angle brackets.
                Kind::Symbol('<') => open.push('>'),
                Kind::Symbol('>') if open.last() != Some(&'>') => {}
                Kind::Symbol(close @ (')' | ']' | '}' | '>')) => {
                    while close != '>' && open.last() == Some(&'>') {
                        open.pop();
                    }
                    if open.pop() != Some(close) {
                        return Err(self.unexpected());
                    }
                }
                Kind::End | Kind::OpenString => return Err(self.unexpected_token(token)),
                _ => {}
            }
            self.advance();
            if open.is_empty() {
                return Ok(());
            }
        }
    }
}
