//! Holding what is said against an OpenAPI description of version 3.0: requests by their path, parameters and body, answers
//! by their status.

use serde_json::Value;
use std::collections::BTreeSet;

/// A description.
pub struct OpenApi(Value);

impl OpenApi {
    pub fn read(file: &std::path::Path) -> OpenApi {
        OpenApi(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
    }

    /// The paths that are described.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0["paths"].as_object().unwrap().keys().map(String::as_str)
    }

    /// The path of the description that a real one is of; the one with the fewest holes.
    pub fn template(&self, path: &str) -> Option<&str> {
        let real: Vec<&str> = path.split('/').collect();
        let fits = |template: &&str| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == real.len() && parts.iter().zip(&real).all(|(t, r)| t.starts_with('{') && !r.is_empty() || t == r)
        };
        self.paths().filter(fits).min_by_key(|t| t.matches('{').count())
    }

    fn operation(&self, method: &str, path: &str) -> Result<(&str, &Value), String> {
        let template = self.template(path).ok_or_else(|| format!("{path} is not described"))?;
        let operation = self.0["paths"][template].get(method.to_lowercase());
        operation.map(|o| (template, o)).ok_or_else(|| format!("{method} {path} is not described"))
    }

    /// What is wrong with a request.
    pub fn request(&self, method: &str, path: &str, query: &[(String, String)], body: Option<&Value>) -> Vec<String> {
        let (template, operation) = match self.operation(method, path) {
            Ok(found) => found,
            Err(fault) => return vec![fault],
        };
        let mut faults = Vec::new();
        let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().map(|p| self.followed(p)).collect();
        let known: BTreeSet<&str> = parameters.iter().filter(|p| p["in"] == "query").filter_map(|p| p["name"].as_str()).collect();
        for (name, _) in query {
            if !known.contains(name.as_str()) {
                faults.push(format!("{method} {path}: no parameter {name}; there are {known:?}"));
            }
        }
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap();
            let given = match parameter["in"].as_str() {
                Some("query") => query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()),
                Some("path") => template.split('/').zip(path.split('/')).find(|(t, _)| *t == format!("{{{name}}}")).map(|(_, r)| r),
                _ => continue,
            };
            match given {
                Some(text) => {
                    let value = self.typed(&parameter["schema"], text);
                    self.hold(&parameter["schema"], &value, &format!("{method} {path}?{name}"), &mut faults);
                }
                None if parameter["required"] == true => faults.push(format!("{method} {path}: {name} is missing")),
                None => {}
            }
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match body {
            Some(body) if schema.is_null() => faults.push(format!("{method} {path} takes no body, got {body}")),
            Some(body) => self.hold(schema, body, &format!("{method} {path}"), &mut faults),
            None if operation["requestBody"]["required"] == true => faults.push(format!("{method} {path} wants a body")),
            None => {}
        }
        faults
    }

    /// What is wrong with an answer.
    pub fn answer(&self, method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
        let operation = match self.operation(method, path) {
            Ok((_, operation)) => operation,
            Err(fault) => return vec![fault],
        };
        let mut faults = Vec::new();
        let at = format!("{method} {path} {status}");
        let described = operation["responses"].get(status.to_string());
        if described.is_none() && status < 400 {
            return vec![format!("{at}: this status is not described")];
        }
        let content = &described.unwrap_or(&operation["responses"]["default"])["content"];
        let kinds: Vec<&Value> = content.as_object().into_iter().flat_map(serde_json::Map::values).map(|c| &c["schema"]).collect();
        assert!(!kinds.is_empty(), "{at} has no schema");
        let fits = kinds.iter().any(|schema| self.fits(schema, body));
        if !fits && kinds.len() == 1 {
            self.hold(kinds[0], body, &at, &mut faults);
        } else if !fits {
            faults.push(format!("{at}: it is none of the kinds that are described: {body}"));
        }
        faults
    }

    /// What is wrong with `value` as `schema`, by its name.
    pub fn schema(&self, schema: &str, value: &Value) -> Vec<String> {
        let schema = &self.0["components"]["schemas"][schema];
        assert!(!schema.is_null());
        let mut faults = Vec::new();
        self.hold(schema, value, "", &mut faults);
        faults
    }

    fn followed<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let Some(name) = schema["$ref"].as_str() else { return schema };
        let found = name.trim_start_matches("#/").split('/').fold(&self.0, |at, part| &at[part]);
        assert!(!found.is_null(), "{name} is nowhere");
        self.followed(found)
    }

    /// A parameter's text as its schema has it; lists are written with commas.
    fn typed(&self, schema: &Value, text: &str) -> Value {
        let schema = self.followed(schema);
        match schema["type"].as_str() {
            Some("integer" | "number") => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            Some("boolean") => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
            Some("array") => text.split(',').map(|item| self.typed(&schema["items"], item)).collect(),
            _ => text.into(),
        }
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut faults = Vec::new();
        self.hold(schema, value, "", &mut faults);
        faults.is_empty()
    }

    fn hold(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let schema = self.followed(schema);
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(all) = schema[choice].as_array() {
                let fitting = all.iter().filter(|one| self.fits(one, value)).count();
                // Which of several fits is said by a discriminator; here one that fits will do.
                if fitting == 0 {
                    faults.push(format!("{at}: none of the allowed kinds: {value}"));
                }
            }
        }
        for one in schema["allOf"].as_array().into_iter().flatten() {
            self.hold(one, value, at, faults);
        }
        let kind = kind(value);
        if let Some(wanted) = schema["type"].as_str().filter(|w| *w != kind && !(*w == "number" && kind == "integer")) {
            faults.push(format!("{at}: {kind}, not {wanted}"));
            return;
        }
        if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
            faults.push(format!("{at}: {value} is none of {words:?}"));
        }
        bounds(schema, value, at, faults);
        self.hold_fields(schema, value, at, faults);
        for (n, item) in value.as_array().into_iter().flatten().enumerate() {
            self.hold(&schema["items"], item, &format!("{at}[{n}]"), faults);
        }
    }

    fn hold_fields(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let Value::Object(fields) = value else { return };
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                faults.push(format!("{at}: no {name}"));
            }
        }
        for (name, field) in fields {
            let inner = &schema["properties"][name];
            if !inner.is_null() {
                self.hold(inner, field, &format!("{at}.{name}"), faults);
            } else if schema["additionalProperties"] == false {
                faults.push(format!("{at}: {name} is not known"));
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() || n.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn bounds(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let size = match value {
        Value::String(text) => [text.chars().count().try_into().ok(), schema["minLength"].as_i64(), schema["maxLength"].as_i64()],
        Value::Array(items) => [items.len().try_into().ok(), schema["minItems"].as_i64(), schema["maxItems"].as_i64()],
        Value::Number(n) => [n.as_i64(), schema["minimum"].as_i64(), schema["maximum"].as_i64()],
        _ => [None; 3],
    };
    if let [Some(size), min, max] = size
        && (min.is_some_and(|min| size < min) || max.is_some_and(|max| size > max))
    {
        faults.push(format!("{at}: {size} is not within {min:?} to {max:?}"));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !regex::Regex::new(pattern).unwrap().is_match(text)
    {
        faults.push(format!("{at}: {text} is not {pattern}"));
    }
    if let (Some(true), Some(items)) = (schema["uniqueItems"].as_bool(), value.as_array())
        && items.iter().enumerate().any(|(n, item)| items.iter().take(n).any(|other| other == item))
    {
        faults.push(format!("{at}: an item stands there twice"));
    }
    if let (Some("date-time"), Some(text)) = (schema["format"].as_str(), value.as_str())
        && text.parse::<jiff::Timestamp>().is_err()
    {
        faults.push(format!("{at}: {text} is no moment"));
    }
}
