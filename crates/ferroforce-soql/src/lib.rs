//! SOQL and SOSL: lexer, syntax tree, parser and printer.
