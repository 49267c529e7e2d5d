//! The parameters of a request, read with all their faults at once.

use axum::extract::Query;
use axum::http::Uri;
use bgp_core::types::Prefix;

use super::fault::Fault;
use super::reply::ParameterFault;

/// What a prefix looks like.
pub const PREFIX_EXPECTED: &str = "address/length without host bits as in 10.0.0.0/8 or fd00::/8";

/// The parameters that were not taken yet, and what is wrong with those that were.
pub struct Parameters {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    faults: Vec<ParameterFault>,
}

impl Parameters {
    /// Those of a request.
    ///
    /// # Errors
    /// A query that is no list of `name=value`.
    pub fn of(uri: &Uri) -> Result<Self, Fault> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| {
            let value = uri.query().map(str::to_owned);
            let expected = "name=value, joined by &".to_owned();
            Fault::invalid(vec![ParameterFault { parameter: "query".to_owned(), value, expected }])
        })?;
        Ok(Self { pairs: query.0, known: Vec::new(), faults: Vec::new() })
    }

    /// Takes a parameter that may be missing. `read` gives `None` for a value that is wrong.
    pub fn take<T>(&mut self, name: &'static str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.known.push(name);
        let mut taken = None;
        for (_, value) in self.pairs.extract_if(.., |(key, _)| key == name).collect::<Vec<_>>() {
            let fault = |expected: &str| ParameterFault {
                parameter: name.to_owned(),
                value: Some(value.clone()),
                expected: expected.to_owned(),
            };
            match read(&value) {
                None => self.faults.push(fault(expected)),
                Some(_) if taken.is_some() => self.faults.push(fault("one value, not several")),
                Some(read) => taken = Some(read),
            }
        }
        taken
    }

    /// Takes a prefix.
    pub fn prefix(&mut self, name: &'static str) -> Option<Prefix> {
        self.take(name, PREFIX_EXPECTED, |text| Prefix::parse_exact(text).ok())
    }

    /// Notes a fault of a parameter that was taken.
    pub fn fault(&mut self, parameter: &str, value: Option<String>, expected: &str) {
        // A value that could not be read has its fault already.
        if !self.faults.iter().any(|fault| fault.parameter == parameter) {
            self.faults.push(ParameterFault { parameter: parameter.to_owned(), value, expected: expected.to_owned() });
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All faults, those of parameters that nobody took too.
    pub fn finish(mut self) -> Result<(), Fault> {
        let expected = match self.known.is_empty() {
            true => "no parameters".to_owned(),
            false => format!("one of {}", self.known.join(", ")),
        };
        let unknown = |(parameter, value)| ParameterFault { parameter, value: Some(value), expected: expected.clone() };
        self.faults.extend(self.pairs.into_iter().map(unknown));
        if self.faults.is_empty() { Ok(()) } else { Err(Fault::invalid(self.faults)) }
    }
}
