use crate::program::{command, run};

#[test]
fn the_version_and_help_go_to_standard_output() {
    let version = run(&["--version"]);
    assert_eq!((version.code, version.err.as_str()), (Some(0), ""));
    assert_eq!(
        version.out,
        format!("ferroforce {}\n", env!("CARGO_PKG_VERSION"))
    );

    for args in [
        &["--help"][..],
        &["org", "login", "web", "--help"],
        &["org", "login", "device", "--help"],
        &["org", "login", "jwt", "--help"],
        &["org", "login", "client-credentials", "--help"],
        &["org", "login", "access-token", "--help"],
        &["org", "logout", "--help"],
        &["org", "list", "--help"],
        &["org", "display", "--help"],
        &["org", "start", "--help"],
        &["soql", "check", "--help"],
        &["soql", "format", "--help"],
    ] {
        let help = run(args);
        assert_eq!((help.code, help.err.as_str()), (Some(0), ""), "{args:?}");
        assert!(help.out.contains("Usage: ferroforce"), "{args:?}");
        assert!(help.out.contains("Example"), "{args:?}");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_2_and_goes_to_standard_error() {
    for (args, why) in [
        (&[][..], "Usage"),
        (&["org"], "Usage"),
        (&["org", "login"], "Usage"),
        (&["org", "login", "web"], "--client-id"),
        (
            &["org", "logout", "--all", "-o", "x"],
            "cannot be used with",
        ),
        (&["nonsense"], "unrecognized subcommand"),
        (&["demo", "--fast"], "unexpected argument '--fast'"),
        (&["soql", "check", "a", "b"], "unexpected argument 'b'"),
        (&["org", "start", "--port", "65536"], "65536"),
        (
            &["org", "start", "--host", "localhost"],
            "invalid IP address",
        ),
        (&["org", "start", "--host", "0.0.0.0"], "add --allow-remote"),
    ] {
        let ended = run(args);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(ended.err.contains(why), "{args:?}: {}", ended.err);
    }
}

#[test]
fn what_is_no_terminal_gets_no_colors_unless_they_are_forced() {
    let plain = run(&["demo", "--help"]);
    assert!(!plain.out.contains('\u{1b}'));
    let forced = command(&["demo", "--help"])
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .output()
        .unwrap();
    assert!(forced.stdout.contains(&0x1b));
}
