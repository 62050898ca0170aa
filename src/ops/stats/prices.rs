//! What tokens cost: a table that comes with the program, and the user's own.
//!
//! The table says of which day it is. A model that isn't in it has no cost,
//! rather than that of one with a similar name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::object::Usage;

/// Why the user's table can't be read.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// The file can't be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no table of prices.
    #[error("{}: no table of prices", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A price is below zero or no number.
    #[error("{}: the price of {model} is no price", path.display())]
    Price {
        /// The file.
        path: PathBuf,
        /// The model.
        model: String,
    },
}

/// What a model costs, for as many tokens as the table says.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    input: f64,
    /// As input, if it is not told.
    cache_write: Option<f64>,
    /// As input, if it is not told.
    cache_read: Option<f64>,
    output: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    date: String,
    source: Option<String>,
    currency: Option<String>,
    tokens: Option<u64>,
    models: BTreeMap<String, Price>,
}

/// Prices of models.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// The day of the table that comes with the program.
    pub date: String,
    /// Where its prices are from.
    pub source: String,
    /// The day of the user's table, if there is one.
    pub own_date: Option<String>,
    /// The currency.
    pub currency: String,
    /// For each model, what one token of each kind costs.
    models: BTreeMap<String, [f64; 4]>,
}

impl Prices {
    /// The prices that come with the program, changed and added to by those of
    /// `own`, a file, if it is there.
    pub fn read(own: &Path) -> Result<Prices, PriceError> {
        let built_in = serde_json::from_str(include_str!("prices.json"));
        let built_in: Table =
            built_in.map_err(|source| PriceError::Table { path: "prices.json".into(), source })?;
        let mut prices = Prices {
            date: built_in.date.clone(),
            source: built_in.source.clone().unwrap_or_default(),
            own_date: None,
            currency: "USD".to_owned(),
            models: BTreeMap::new(),
        };
        prices.add(&built_in, Path::new("prices.json"))?;
        match std::fs::read_to_string(own) {
            Ok(text) => {
                let table: Table = serde_json::from_str(&text)
                    .map_err(|source| PriceError::Table { path: own.to_owned(), source })?;
                prices.add(&table, own)?;
                prices.own_date = Some(table.date);
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(PriceError::Read { path: own.to_owned(), source }),
        }
        Ok(prices)
    }

    fn add(&mut self, table: &Table, path: &Path) -> Result<(), PriceError> {
        let tokens = table.tokens.unwrap_or(1_000_000).max(1) as f64;
        let currency = table.currency.as_deref().unwrap_or("USD");
        if currency != self.currency {
            // Two currencies don't add up: what is in another is the user's alone.
            self.models.clear();
            currency.clone_into(&mut self.currency);
        }
        for (model, price) in &table.models {
            let Price { input, cache_write, cache_read, output } = *price;
            let each = [input, cache_write.unwrap_or(input), cache_read.unwrap_or(input), output];
            if !each.iter().all(|price| price.is_finite() && *price >= 0.0) {
                return Err(PriceError::Price { path: path.to_owned(), model: model.clone() });
            }
            self.models.insert(model.to_lowercase(), each.map(|price| price / tokens));
        }
        Ok(())
    }

    /// What tokens of a model cost; `None` if its price is not known.
    pub fn cost(&self, model: &str, usage: &Usage) -> Option<f64> {
        let model = model.to_lowercase();
        let price = names(&model).find_map(|name| self.models.get(name))?;
        let counts = [usage.input, usage.cache_write, usage.cache_read, usage.output];
        Some(counts.iter().zip(price).map(|(count, price)| *count as f64 * price).sum())
    }
}

/// The names under which a model may stand in a table: as the tool calls it,
/// without the provider before it, and without the day and the like behind.
fn names(model: &str) -> impl Iterator<Item = &str> {
    let bare = model.rsplit('/').next().unwrap_or(model);
    // `us.vendor.model-v1:0`, as clouds have it.
    let last =
        bare.rsplit_once('.').map(|(_, rest)| rest).filter(|rest| rest.starts_with(char::is_alphabetic));
    let plain = without_day(last.unwrap_or(bare));
    [model, bare, without_day(bare), plain].into_iter()
}

/// A model's name without what names a build of it: `-20250929`,
/// `-2025-08-07`, `@20250929`, `-latest`, `-v1:0`, `[1m]`.
fn without_day(model: &str) -> &str {
    let mut name = model.split('[').next().unwrap_or(model);
    name = name.split(':').next().unwrap_or(name);
    for ending in ["-latest", "-v1", "-v2"] {
        name = name.strip_suffix(ending).unwrap_or(name);
    }
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((rest, day)) = name.rsplit_once(['-', '@'])
        && digits(day, 8)
    {
        return rest;
    }
    let mut parts = name.rsplitn(4, '-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(day), Some(month), Some(year), Some(rest))
            if digits(day, 2) && digits(month, 2) && digits(year, 4) =>
        {
            rest
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(own: &str) -> Result<Prices, PriceError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prices.json");
        std::fs::write(&path, own).unwrap();
        Prices::read(&path)
    }

    #[test]
    fn the_users_prices_go_before_the_programs() {
        let usage = Usage { input: 1_000_000, cache_write: 2_000_000, cache_read: 0, output: 500_000 };
        let dir = tempfile::tempdir().unwrap();
        let prices = Prices::read(&dir.path().join("none")).unwrap();
        assert_eq!(
            (prices.cost("gpt-5", &usage), prices.own_date.as_deref()),
            (Some(1.25 * 3.0 + 5.0), None)
        );
        assert_eq!(prices.cost("gpt-5-of-mine", &usage), None);
        let own = r#"{"date": "2030-01-02", "models": {"GPT-5": {"input": 1, "output": 2}, "mine": {"input": 1, "cache_write": 0.5, "output": 0}}}"#;
        let prices = read(own).unwrap();
        assert_eq!(prices.cost("gpt-5", &usage), Some(4.0));
        assert_eq!(prices.cost("Mine", &usage), Some(2.0));
        assert_eq!(prices.own_date.as_deref(), Some("2030-01-02"));
        assert!(prices.cost("gpt-4o", &usage).is_some());
        let euros =
            read(r#"{"date": "x", "currency": "EUR", "models": {"mine": {"input": 1, "output": 1}}}"#);
        assert_eq!(euros.unwrap().cost("gpt-4o", &usage), None);
        for bad in [
            "",
            "[]",
            r#"{"date": "x", "models": {"a": {"input": -1, "output": 0}}}"#,
            r#"{"date":"x","modles":{}}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_model_is_known_by_all_that_it_is_called_and_no_other() {
        let found = |model: &str| {
            let own = r#"{"date": "x", "models": {"m-one-4": {"input": 7, "output": 0}}}"#;
            let usage = Usage { input: 1_000_000, ..Usage::default() };
            read(own).unwrap().cost(model, &usage) == Some(7.0)
        };
        for name in [
            "m-one-4",
            "M-One-4",
            "vendor/m-one-4",
            "m-one-4-20250929",
            "m-one-4@20250929",
            "m-one-4-2025-08-07",
            "m-one-4-latest",
            "m-one-4[1m]",
            "us.vendor.m-one-4-20250929-v1:0",
            "a/b/m-one-4-20250929",
        ] {
            assert!(found(name), "{name}");
        }
        for name in ["m-one-4-mini", "m-one-4-1", "m-one", "xm-one-4", "", "m-one-4.5"] {
            assert!(!found(name), "{name}");
        }
    }
}
