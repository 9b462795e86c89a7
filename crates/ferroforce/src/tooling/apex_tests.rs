use http::Method;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::op::{Op, Path, Repeatability, decode_json};
use crate::types::{Record, RecordId};

/// Which Apex tests are to run.
///
/// ```
/// use ferroforce::tooling::ApexTests;
///
/// let tests = ApexTests::new()
///     .class("OrderTest")
///     .methods("InvoiceTest", ["rounds", "addsTax"])
///     .max_failed_tests(0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use = "tests do nothing until they are run"]
pub struct ApexTests {
    tests: Vec<Class>,
    #[serde(flatten)]
    limits: Limits,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_failed_tests: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    skip_code_coverage: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Class {
    #[serde(skip_serializing_if = "Option::is_none")]
    class_id: Option<RecordId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    test_methods: Vec<String>,
}

impl ApexTests {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All tests of a class, by its name or id.
    pub fn class(self, class: impl Into<String>) -> Self {
        self.methods(class, [""; 0])
    }

    /// These tests of a class, by its name or id.
    pub fn methods(
        mut self,
        class: impl Into<String>,
        methods: impl IntoIterator<Item: Into<String>>,
    ) -> Self {
        let class = class.into();
        let class_id: Option<RecordId> = class.parse().ok();
        self.tests.push(Class {
            class_name: class_id.is_none().then_some(class),
            class_id,
            test_methods: methods.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// After how many failures no further test is begun; without this, all are run.
    pub fn max_failed_tests(mut self, failures: u32) -> Self {
        self.limits.max_failed_tests = Some(failures);
        self
    }

    /// Does not measure which lines the tests reach, which is quicker.
    pub fn skip_code_coverage(mut self) -> Self {
        self.limits.skip_code_coverage = true;
        self
    }

    /// The ids of the classes, where nothing else is asked for.
    fn whole_classes(&self) -> Option<String> {
        let id = |class: &Class| match class.class_id {
            Some(id) if class.test_methods.is_empty() => Some(id.to_string()),
            _ => None,
        };
        let ids: Option<Vec<_>> = self.tests.iter().map(id).collect();
        Some(ids?.join(","))
    }
}

/// What became of tests that were run and waited for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TestRun {
    /// How many tests ran.
    pub num_tests_run: u64,
    /// How many of them failed.
    pub num_failures: u64,
    /// In milliseconds.
    #[serde(default)]
    pub total_time: f64,
    /// The tests that failed.
    #[serde(default)]
    pub failures: Vec<TestFailure>,
    /// The tests that passed, with `name`, `methodName` and `time` among others.
    #[serde(default)]
    pub successes: Vec<Record>,
    /// Which lines the tests reached, one entry for each class or trigger.
    #[serde(default)]
    pub code_coverage: Vec<Record>,
    /// The log of the run.
    #[serde(default)]
    pub apex_log_id: Option<String>,
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TestFailure {
    /// The class.
    #[serde(default)]
    pub name: Option<String>,
    /// The test.
    #[serde(default)]
    pub method_name: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub message: Option<String>,
    /// Where it failed.
    #[serde(default)]
    pub stack_trace: Option<String>,
    /// In milliseconds.
    #[serde(default)]
    pub time: Option<f64>,
}

pub(super) fn synchronous(tests: &ApexTests) -> Result<Op<TestRun>> {
    if tests.tests.len() > 1 {
        return Err(Error::invalid_input(
            "tests of one class at a time can be run and waited for; have those of several run in \
             the background",
        ));
    }
    let path = Path::fill("/tooling/runTestsSynchronous", &[])?;
    let op = Op::new(Method::POST, path, decode_json);
    op.repeatability(Repeatability::Once).json(some(tests)?)
}

pub(super) fn asynchronous(tests: &ApexTests) -> Result<Op<RecordId>> {
    /// Classes as a whole, by their ids.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Classes {
        #[serde(rename = "classids")]
        ids: String,
        #[serde(flatten)]
        limits: Limits,
    }
    let path = Path::fill("/tooling/runTestsAsynchronous", &[])?;
    let op = Op::new(Method::POST, path, decode_json).repeatability(Repeatability::Once);
    let tests = some(tests)?;
    match tests.whole_classes() {
        Some(ids) => op.json(&Classes {
            ids,
            limits: tests.limits,
        }),
        None => op.json(tests),
    }
}

fn some(tests: &ApexTests) -> Result<&ApexTests> {
    if tests.tests.is_empty() {
        return Err(Error::invalid_input("there are no tests to run"));
    }
    Ok(tests)
}
