//! What a tool may be given: one table makes the schema and checks the call.

use serde_json::{Map, Value, json};

/// A parameter of a tool.
pub(super) struct Param {
    /// Its name.
    pub(super) name: &'static str,
    /// What it can be.
    pub(super) kind: Kind,
    /// Whether it must be given.
    pub(super) required: bool,
    /// What it is for.
    pub(super) about: &'static str,
}

/// What a parameter can be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// True or false.
    Flag,
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Param {
    /// A text that may be given.
    pub(super) const fn text(name: &'static str, about: &'static str) -> Param {
        Param { name, kind: Kind::Text, required: false, about }
    }

    /// A number from the first to the last of a range, which may be given.
    pub(super) const fn number(name: &'static str, (least, most): (u64, u64), about: &'static str) -> Param {
        Param { name, kind: Kind::Number(least, most), required: false, about }
    }

    /// A flag.
    pub(super) const fn flag(name: &'static str, about: &'static str) -> Param {
        Param { name, kind: Kind::Flag, required: false, about }
    }

    /// The same, that must be given.
    pub(super) const fn required(self) -> Param {
        Param { required: true, ..self }
    }
}

/// The JSON schema of some parameters.
pub(super) fn schema<'p>(params: impl Iterator<Item = &'p Param>) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for param in params {
        let mut property = match param.kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Flag => json!({"type": "boolean"}),
            Kind::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Kind::Choice(words) => json!({"type": "string", "enum": words}),
        };
        if let Some(fields) = property.as_object_mut() {
            fields.insert("description".to_owned(), param.about.into());
        }
        properties.insert(param.name.to_owned(), property);
        if param.required {
            required.push(param.name);
        }
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// What a tool was given, checked.
pub(super) struct Args<'a>(&'a Map<String, Value>);

impl<'a> Args<'a> {
    /// Checks what was given; what is wrong with it in words if it doesn't fit.
    pub(super) fn check<'p>(
        params: impl Iterator<Item = &'p Param> + Clone,
        given: &'a Map<String, Value>,
    ) -> Result<Args<'a>, String> {
        for (name, value) in given {
            let Some(param) = params.clone().find(|param| param.name == name) else {
                let known: Vec<&str> = params.map(|param| param.name).collect();
                return Err(format!("there is no parameter {name:?}; there are: {}", known.join(", ")));
            };
            fits(param.kind, value).map_err(|what| format!("{name:?} must be {what}"))?;
        }
        match params.into_iter().find(|param| param.required && !given.contains_key(param.name)) {
            Some(param) => Err(format!("{:?} must be given: {}", param.name, param.about)),
            None => Ok(Args(given)),
        }
    }

    /// A text; `None` if it wasn't given or is empty.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A flag.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }
}

fn fits(kind: Kind, value: &Value) -> Result<(), String> {
    let fits = match kind {
        Kind::Text => value.is_string(),
        Kind::Flag => value.is_boolean(),
        Kind::Number(least, most) => value.as_u64().is_some_and(|n| (least..=most).contains(&n)),
        Kind::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
    };
    match kind {
        _ if fits => Ok(()),
        Kind::Text => Err("a string".to_owned()),
        Kind::Flag => Err("true or false".to_owned()),
        Kind::Number(least, most) => Err(format!("a whole number from {least} to {most}")),
        Kind::Choice(words) => Err(format!("one of {}", words.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &[Param] = &[
        Param::text("rev", "which").required(),
        Param::flag("all", "all of it"),
        Param::number("n", (1, 9), "how many"),
        Param { name: "sort", kind: Kind::Choice(&["best", "newest"]), required: false, about: "order" },
    ];

    #[test]
    fn what_the_schema_forbids_is_refused() {
        let check = |given: Value| {
            let Value::Object(given) = given else { panic!() };
            Args::check(PARAMS.iter(), &given).map(|_| ())
        };
        assert_eq!(check(json!({"rev": "@", "all": true, "n": 9, "sort": "best"})), Ok(()));
        for (wrong, what) in [
            (json!({}), "\"rev\" must be given"),
            (json!({"rev": 7}), "a string"),
            (json!({"rev": "@", "all": "yes"}), "true or false"),
            (json!({"rev": "@", "n": 0}), "from 1 to 9"),
            (json!({"rev": "@", "n": 1.5}), "from 1 to 9"),
            (json!({"rev": "@", "sort": "worst"}), "best, newest"),
            (json!({"rev": "@", "more": 1}), "no parameter \"more\""),
        ] {
            let said = check(wrong.clone()).unwrap_err();
            assert!(said.contains(what), "{wrong}: {said}");
        }
        let schema = schema(PARAMS.iter());
        assert_eq!((&schema["required"], &schema["additionalProperties"]), (&json!(["rev"]), &json!(false)));
        assert_eq!(schema["properties"]["n"]["maximum"], 9);
    }
}
