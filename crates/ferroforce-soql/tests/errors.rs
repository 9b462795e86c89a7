//! What is said about texts that can't be read, and where.

use ferroforce_soql::{Dialect, ErrorCode, parse, parse_search, parse_search_with, parse_with};

#[test]
fn errors_say_what_and_where() {
    let cases = [
        (
            "SELECT Id FROM Account WHERE",
            29,
            "unexpected token: '<EOF>'",
        ),
        (
            "SELECT Id FROM Account WHERE  ",
            29,
            "unexpected token: '<EOF>'",
        ),
        ("SELECT Id FROM", 15, "unexpected token: '<EOF>'"),
        ("SELECT Id, FROM Account", 12, "unexpected token: 'FROM'"),
        ("SELECT * FROM Account", 8, "unexpected token: '*'"),
        ("SELECT FROM Account", 8, "unexpected token: 'FROM'"),
        (
            "SELECT COUNT(), Id FROM Account",
            15,
            "unexpected token: ','",
        ),
        (
            "SELECT COUNT() total FROM Account",
            16,
            "unexpected token: 'total'",
        ),
        ("SELECT F(G(H(x))) FROM A", 13, "unexpected token: '('"),
        (
            "SELECT Id FROM A WHERE b = 1 AND c = 2 OR d = 3",
            40,
            "unexpected token: 'OR'",
        ),
        (
            "SELECT Id FROM A WHERE NOT b = 1 AND c = 2",
            34,
            "unexpected token: 'AND'",
        ),
        (
            "SELECT Id FROM A WHERE b = 1 AND NOT c = 2",
            34,
            "unexpected token: 'NOT'",
        ),
        (
            "SELECT Id FROM A WHERE b = unquoted",
            28,
            "unexpected token: 'unquoted'",
        ),
        (
            "SELECT Id FROM A WHERE b = LAST_N_DAYS",
            39,
            "unexpected token: '<EOF>'",
        ),
        (
            "SELECT Id FROM A WHERE b IN ()",
            30,
            "unexpected token: ')'",
        ),
        (
            "SELECT Id FROM A WHERE b IN (SELECT c FROM D LIMIT 1)",
            46,
            "unexpected token: 'LIMIT'",
        ),
        (
            "SELECT Id FROM A ORDER BY b LIMIT",
            34,
            "unexpected token: '<EOF>'",
        ),
        (
            "SELECT Id FROM A LIMIT 5 ORDER BY b",
            26,
            "unexpected token: 'ORDER'",
        ),
        (
            "SELECT Id FROM A FOR UPDATE",
            22,
            "unexpected token: 'UPDATE'",
        ),
        ("SELECT Id FROM A ALL ROWS", 22, "unexpected token: 'ROWS'"),
        (
            "SELECT Id FROM A WHERE b = :c",
            28,
            "Bind variables only allowed in Apex code",
        ),
        (
            "SELECT Id FROM A LIMIT :c",
            24,
            "Bind variables only allowed in Apex code",
        ),
        ("SELECT a..b FROM A", 8, "unexpected token: 'a..b'"),
        (
            "SELECT Id FROM A WHERE b = 5.",
            29,
            "line 1:28 no viable alternative at character '.'",
        ),
        (
            "SELECT Id FROM A WHERE b = \"x\"",
            28,
            "line 1:27 no viable alternative at character '\"'",
        ),
        (
            "SELECT Id FROM A;",
            17,
            "line 1:16 no viable alternative at character ';'",
        ),
        (
            "SELECT Id FROM A WHERE b = 'x",
            28,
            "line 1:27 mismatched character '<EOF>' expecting '''",
        ),
        (
            r"SELECT Id FROM A WHERE b = 'x\d'",
            28,
            r"Invalid string literal 'x\d'. Illegal character sequence '\d' in string literal.",
        ),
        (
            r"SELECT Id FROM A WHERE b = '\_'",
            28,
            r"Invalid string literal '\_'. Illegal character sequence '\_' in string literal.",
        ),
    ];
    for (soql, column, message) in cases {
        let error = parse(soql).expect_err(soql);
        assert_eq!(error.code(), ErrorCode::MalformedQuery, "{soql}");
        assert_eq!(error.message(), message, "{soql}");
        assert_eq!((error.row(), error.column()), (1, column), "{soql}");
    }
}

#[test]
fn an_error_at_the_start_has_no_frame() {
    for soql in ["invalid query", "  invalid"] {
        let error = parse(soql).expect_err(soql);
        assert_eq!(error.to_string(), "unexpected token: 'invalid'");
    }
}

#[test]
fn an_error_further_on_has_a_frame() {
    let error = parse("SELECT Id\nFROM Account\nWHERE Name LIKE").unwrap_err();
    assert_eq!(
        error.to_string(),
        "\nWHERE Name LIKE\n               ^\nERROR at Row:3:Column:16\nunexpected token: '<EOF>'"
    );
}

#[test]
fn searches_have_a_code_and_words_of_their_own() {
    let error = parse_search("FIND Acme").unwrap_err();
    assert_eq!(error.code().as_str(), "MALFORMED_SEARCH");
    let no_term = "No search term found. The search term must be enclosed in braces.";
    assert_eq!(error.to_string(), no_term);
    for sosl in [
        "FIND",
        "FIND 'Acme'",
        "FIND {Acme",
        r"FIND {Acme\}",
        "FIND :x",
    ] {
        assert_eq!(parse_search(sosl).expect_err(sosl).message(), no_term);
    }
    for sosl in [
        "FIND {a} IN SOME FIELDS",
        "FIND {a} RETURNING",
        "FIND {a} RETURNING Account()",
        "FIND {a} LIMIT x",
        "FIND {a} WITH",
    ] {
        assert!(parse_search(sosl).is_err(), "{sosl}");
    }
}

#[test]
fn apex_has_binds_and_row_clauses() {
    for soql in [
        "SELECT Id FROM A WHERE b = :c.d.e AND f IN :g",
        "SELECT Id FROM A WHERE b IN :map.get('x').keySet() LIMIT :a-10 OFFSET : (n + 1)",
        "SELECT Id FROM A WHERE b IN :new List<Map<Id, String>>{ x, y } FOR UPDATE",
        "SELECT Id FROM A WHERE b = :list[0]?.name FOR VIEW FOR REFERENCE ALL ROWS",
        "SELECT Id FROM A WHERE DISTANCE(l, GEOLOCATION(:x, :y), 'km') < :z",
        "SELECT Id FROM A WHERE b IN (:c, 'd') WITH USER_MODE",
    ] {
        let query = parse_with(soql, Dialect::Apex).expect(soql);
        assert_eq!(parse_with(&query.to_string(), Dialect::Apex), Ok(query));
        assert!(parse(soql).is_err(), "{soql}");
    }
    for soql in [
        "SELECT Id FROM A WHERE b = :",
        "SELECT Id FROM A WHERE b = :c(",
        "SELECT Id FROM A WHERE b = :c(]",
        "SELECT Id FROM A WHERE b = :c.",
        "SELECT Id FROM A WHERE b = :c 'x'",
    ] {
        assert!(parse_with(soql, Dialect::Apex).is_err(), "{soql}");
    }
    assert!(parse_search_with("FIND :term RETURNING A(Id WHERE b = :c)", Dialect::Apex).is_ok());
}
