use crate::error::ApiError;

/// Reads the error of a row: `CODE:message:fields --`.
pub(crate) fn error(text: &str) -> ApiError {
    let Some((code, rest)) = text.split_once(':') else {
        return ApiError::new(text, "");
    };
    let Some(rest) = rest.trim_end().strip_suffix("--") else {
        return ApiError::new(code, rest);
    };
    let (message, fields) = rest.rsplit_once(':').unwrap_or((rest, ""));
    let fields = fields.split(',').map(str::trim);
    let fields = fields.filter(|field| !field.is_empty());
    ApiError::new(code, message).with_fields(fields.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_code_a_message_and_fields() {
        for (text, code, message, fields) in [
            (
                "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
                "REQUIRED_FIELD_MISSING",
                "Required fields are missing: [LastName]",
                &["LastName"][..],
            ),
            (
                "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 \
                 records: 001xx:--",
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to this record or 1 records: 001xx",
                &[],
            ),
            (
                "FIELD_CUSTOM_VALIDATION_EXCEPTION:a:b:Email,Phone --",
                "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                "a:b",
                &["Email", "Phone"],
            ),
            ("DUPLICATE_VALUE:no end", "DUPLICATE_VALUE", "no end", &[]),
            ("STRANGE", "STRANGE", "", &[]),
            ("", "", "", &[]),
            ("A:--", "A", "", &[]),
        ] {
            let error = error(text);
            assert_eq!(error.code().as_str(), code);
            assert_eq!(error.message(), message);
            assert_eq!(error.fields(), fields);
        }
    }
}
