//! WHERE and HAVING.

use super::{Parser, Result};
use crate::ast::{
    Arithmetic, Comparison, Condition, Coordinate, DistanceCall, Geolocation, InCondition, InList,
    IncludesCondition, LikeCondition, Operand, Operator, SemiJoin,
};
use crate::lexer::{Kind, token_at};

impl Parser<'_> {
    /// Conditions up to the end of a clause or a parenthesis: one after NOT, or any number joined
    /// by either AND or OR.
    pub(super) fn conditions(&mut self) -> Result<Condition> {
        if self.eat("NOT") {
            return Ok(Condition::Not(Box::new(self.condition()?)));
        }
        let first = self.condition()?;
        if self.at("AND") {
            self.joined("AND", first).map(Condition::And)
        } else if self.at("OR") {
            self.joined("OR", first).map(Condition::Or)
        } else {
            Ok(first)
        }
    }

    fn joined(&mut self, word: &str, first: Condition) -> Result<Vec<Condition>> {
        let mut all = vec![first];
        while self.eat(word) {
            all.push(self.condition()?);
        }
        Ok(all)
    }

    fn condition(&mut self) -> Result<Condition> {
        if self.eat_symbol('(') {
            let inner = self.nested(Self::conditions)?;
            self.expect_symbol(')')?;
            return Ok(inner);
        }
        let start = self.token.span.start;
        if self.at_distance() {
            let left = Operand::Distance(self.distance()?);
            return self.comparison(left, start);
        }
        let field = self.field()?;
        if self.eat("LIKE") {
            let value_start = self.token.span.start;
            let value = self.like_value()?;
            return Ok(Condition::Like(LikeCondition {
                field,
                value,
                value_span: self.since(value_start),
                span: self.since(start),
            }));
        }
        if self.at("IN") || self.at_pair("NOT", "IN") {
            let negated = self.eat("NOT");
            self.advance();
            let list = self.in_list()?;
            return Ok(Condition::In(InCondition {
                field,
                negated,
                list,
                span: self.since(start),
            }));
        }
        if self.at("INCLUDES") || self.at("EXCLUDES") {
            let negated = self.at("EXCLUDES");
            self.advance();
            let values = self.parenthesized(Self::value)?;
            return Ok(Condition::Includes(IncludesCondition {
                field,
                negated,
                values,
                span: self.since(start),
            }));
        }
        let left = match self.token.kind {
            Kind::Symbol('+' | '-') if field.functions.is_empty() => {
                let subtract = self.at_symbol('-');
                self.advance();
                Operand::Arithmetic(Arithmetic {
                    left: field.path,
                    subtract,
                    right: self.path()?,
                })
            }
            _ => Operand::Field(field),
        };
        self.comparison(left, start)
    }

    fn comparison(&mut self, left: Operand, start: usize) -> Result<Condition> {
        let operator = self.operator()?;
        let right = self.value()?;
        Ok(Condition::Comparison(Comparison {
            left,
            operator,
            right,
            span: self.since(start),
        }))
    }

    fn operator(&mut self) -> Result<Operator> {
        let first = self.token.kind;
        let (Kind::NotEqual | Kind::Symbol('=' | '<' | '>')) = first else {
            return Err(self.unexpected());
        };
        self.advance();
        Ok(match first {
            Kind::NotEqual => Operator::NotEqual,
            Kind::Symbol('<') if self.eat_symbol('=') => Operator::LessOrEqual,
            Kind::Symbol('<') => Operator::Less,
            Kind::Symbol('>') if self.eat_symbol('=') => Operator::GreaterOrEqual,
            Kind::Symbol('>') => Operator::Greater,
            _ => Operator::Equal,
        })
    }

    fn in_list(&mut self) -> Result<InList> {
        if self.at_symbol(':') {
            return self.bind().map(InList::Bind);
        }
        self.expect_symbol('(')?;
        let list = if self.at("SELECT") {
            let query = self.nested(Self::semi_join)?;
            InList::SemiJoin(Box::new(query))
        } else {
            InList::Values(self.list(Self::value)?)
        };
        self.expect_symbol(')')?;
        Ok(list)
    }

    fn semi_join(&mut self) -> Result<SemiJoin> {
        let start = self.token.span.start;
        self.expect("SELECT")?;
        let field = self.field()?;
        let from = self.from()?;
        let filter = self.filter()?;
        let with = if self.at("WITH") {
            Some(self.with_filter()?)
        } else {
            None
        };
        Ok(SemiJoin {
            field,
            from,
            filter,
            with,
            span: self.since(start),
        })
    }

    /// Whether DISTANCE with its three arguments is next, and not a function of that name.
    pub(super) fn at_distance(&self) -> bool {
        if !self.at("DISTANCE") {
            return false;
        }
        let open = self.peek();
        let path = token_at(self.source, open.span.end);
        open.kind == Kind::Symbol('(')
            && self.is_name(path)
            && token_at(self.source, path.span.end).kind == Kind::Symbol(',')
    }

    pub(super) fn distance(&mut self) -> Result<DistanceCall> {
        let start = self.token.span.start;
        self.expect("DISTANCE")?;
        self.expect_symbol('(')?;
        let field = self.path()?;
        self.expect_symbol(',')?;
        let to = if self.at_symbol(':') {
            Geolocation::Bind(self.bind()?)
        } else {
            self.expect("GEOLOCATION")?;
            self.expect_symbol('(')?;
            let latitude = self.coordinate()?;
            self.expect_symbol(',')?;
            let longitude = self.coordinate()?;
            self.expect_symbol(')')?;
            Geolocation::Point {
                latitude,
                longitude,
            }
        };
        self.expect_symbol(',')?;
        let unit = self.unchecked_string()?;
        self.expect_symbol(')')?;
        Ok(DistanceCall {
            field,
            to,
            unit,
            span: self.since(start),
        })
    }

    fn coordinate(&mut self) -> Result<Coordinate> {
        if self.at_symbol(':') {
            self.bind().map(Coordinate::Bind)
        } else {
            self.number().map(Coordinate::Number)
        }
    }
}
