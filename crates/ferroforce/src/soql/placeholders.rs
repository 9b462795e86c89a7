/// The methods that fill the placeholders of a query, for a type that hands its [`Soql`]
/// to `edit`.
///
/// [`Soql`]: super::Soql
macro_rules! placeholders {
    () => {
        /// Puts `value` in the place of `:name`, written so that it stays a value
        /// whatever it holds. See [`Soql`](crate::Soql).
        pub fn bind(
            self,
            name: impl Into<std::borrow::Cow<'static, str>>,
            value: impl crate::soql::Literal,
        ) -> Self {
            self.edit(|soql| soql.bind(name, value))
        }

        /// Puts the name of an object or a field, or a path such as `Account.Name`, in
        /// the place of `:name`, if it is one. See [`Soql::name`](crate::Soql::name).
        pub fn name(
            self,
            name: impl Into<std::borrow::Cow<'static, str>>,
            value: impl AsRef<str>,
        ) -> Self {
            self.edit(|soql| soql.name(name, value))
        }

        /// Puts a list of names in the place of `:name`. See
        /// [`Soql::names`](crate::Soql::names).
        pub fn names(
            self,
            name: impl Into<std::borrow::Cow<'static, str>>,
            values: impl IntoIterator<Item = impl AsRef<str>>,
        ) -> Self {
            self.edit(|soql| soql.names(name, values))
        }
    };
}

pub(crate) use placeholders;
