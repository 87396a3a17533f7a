//! GitHub's OpenAPI description as a judge: does it know this request, this answer, this webhook?

use drawbridge::sandbox::{Delivery, Exchange};
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const HERE: &str = "https://api.github.com/description";

/// The description, with every `nullable` of OpenAPI 3.0 turned into what JSON Schema understands.
pub struct Description {
    /// What schemas are compiled from.
    schemas: Registry<'static>,
    document: Value,
    /// Compiled schemas by the JSON pointer of their place; compiling one takes longer than using it a hundred times.
    compiled: RefCell<BTreeMap<String, Validator>>,
}

impl Description {
    pub fn new(mut document: Value) -> Self {
        assert_eq!(
            document["openapi"], "3.0.3",
            "`nullable` is a word of OpenAPI 3.0"
        );
        for part in ["paths", "x-webhooks", "components"] {
            allow_null(&mut document[part]);
        }
        let schemas = Registry::new()
            .draft(Draft::Draft4)
            .add(HERE, document.clone())
            .and_then(|registry| registry.prepare())
            .expect("the description can be referred to");
        Self {
            schemas,
            document,
            compiled: RefCell::default(),
        }
    }

    /// Whether the description has this method for this template.
    pub fn operation(&self, method: &str, template: &str) -> Option<&Value> {
        self.document["paths"]
            .get(template)?
            .get(method.to_lowercase())
    }

    /// What the description has against a request and its answer.
    pub fn objections(&self, exchange: &Exchange) -> Vec<String> {
        let path = exchange.path.split('?').next().unwrap_or_default();
        let (method, template) = (exchange.method.to_lowercase(), exchange.route.as_str());
        if !fits(template, path) {
            return vec![format!("{path} is not what {template:?} stands for")];
        }
        if self.operation(&method, template).is_none() {
            return vec!["no such method or path".to_owned()];
        }
        let place = format!("/paths/{}/{method}", escaped(template));
        let mut found = self.in_query(&place, exchange);
        found.extend(self.in_request(&place, exchange));
        found.extend(self.in_answer(&place, exchange));
        found
    }

    fn in_query(&self, place: &str, exchange: &Exchange) -> Vec<String> {
        let all = self
            .at(&format!("{place}/parameters"))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let places: BTreeMap<String, String> = (0..all.len())
            .map(|index| self.resolved(&format!("{place}/parameters/{index}")))
            .filter(|place| {
                self.at(place)
                    .is_some_and(|parameter| parameter["in"] == "query")
            })
            .map(|place| {
                (
                    self.at(&format!("{place}/name"))
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned(),
                    place,
                )
            })
            .collect();
        let query = exchange.path.split_once('?').map_or("", |(_, query)| query);
        let mut found = Vec::new();
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            let Some(place) = places.get(name.as_ref()) else {
                found.push(format!("no query parameter {name:?}"));
                continue;
            };
            if name == "created" {
                // Declared as one `date-time`, and explained as a range: "For more information on the syntax, see
                // Understanding the search syntax".
                continue;
            }
            let schema = self.resolved(&format!("{place}/schema"));
            let kind = self.at(&format!("{schema}/type")).and_then(Value::as_str);
            let value = match kind {
                Some("integer" | "number" | "boolean") => {
                    serde_json::from_str(&text).unwrap_or_else(|_| json!(text))
                }
                _ => json!(text),
            };
            found.extend(
                self.violations(&schema, &value)
                    .into_iter()
                    .map(|what| format!("query parameter {name}: {what}")),
            );
        }
        found
    }

    fn in_request(&self, place: &str, exchange: &Exchange) -> Vec<String> {
        let body_place = self.resolved(&format!("{place}/requestBody"));
        let Some(declared) = self.at(&body_place) else {
            let unasked = exchange.request_body.iter();
            return unasked
                .map(|_| "a body where none is taken".to_owned())
                .collect();
        };
        let schema = format!("{body_place}/content/application~1json/schema");
        let Some(body) = &exchange.request_body else {
            let needed = declared["required"] == true;
            return Vec::from_iter(needed.then(|| "the body is missing".to_owned()));
        };
        let mut found = self.violations(&schema, body);
        // GitHub ignores what it does not know, so a misspelt field would never be noticed.
        let mut known = BTreeSet::new();
        self.properties(&schema, &mut known);
        let fields = body.as_object().into_iter().flat_map(Map::keys);
        found.extend(
            fields
                .filter(|field| !known.contains(*field))
                .map(|field| format!("no field {field:?} in a request")),
        );
        found
    }

    fn in_answer(&self, place: &str, exchange: &Exchange) -> Vec<String> {
        let place = self.resolved(&format!("{place}/responses/{}", exchange.status));
        let Some(declared) = self.at(&place) else {
            return vec![format!("the answer {} is not documented", exchange.status)];
        };
        let documented = declared
            .get("content")
            .and_then(|content| content.get("application/json"));
        match (documented, &exchange.response_body) {
            (Some(_), Some(body)) => {
                self.violations(&format!("{place}/content/application~1json/schema"), body)
            }
            (Some(_), None) => vec![format!("the answer {} should have a body", exchange.status)],
            (None, Some(body)) if exchange.status < 300 => {
                vec![format!("the answer {} has a body: {body}", exchange.status)]
            }
            (None, _) => Vec::new(),
        }
    }

    /// What the description has against a webhook.
    pub fn webhook_objections(&self, delivery: &Delivery) -> Vec<String> {
        let event = delivery.event.replace('_', "-");
        let with_action = delivery
            .action
            .as_ref()
            .map(|action| format!("{event}-{}", action.replace('_', "-")));
        let name = with_action.unwrap_or(event);
        let place = format!("/x-webhooks/{name}/post/requestBody/content/application~1json/schema");
        if self.at(&place).is_none() {
            return vec![format!("no webhook {name}")];
        }
        self.violations(&place, &delivery.payload)
    }

    /// What a schema has against a value.
    fn violations(&self, place: &str, value: &Value) -> Vec<String> {
        let mut compiled = self.compiled.borrow_mut();
        let validator = compiled.entry(place.to_owned()).or_insert_with(|| {
            jsonschema::options()
                .with_draft(Draft::Draft4)
                .with_registry(&self.schemas)
                .offline()
                .should_validate_formats(true)
                // GitHub's own `49699333+dependabot[bot]@users.noreply.github.com` is no address by RFC 5321.
                .with_format("email", |_: &str| true)
                .build(&json!({ "$ref": format!("{HERE}#{}", place.replace('{', "%7B").replace('}', "%7D")) }))
                .unwrap_or_else(|error| panic!("{place} is no schema: {error}"))
        });
        let describe = |error: jsonschema::ValidationError<'_>| {
            let what: String = error.to_string().chars().take(300).collect();
            format!("{}: {what}", error.instance_path())
        };
        validator.iter_errors(value).map(describe).collect()
    }

    /// Every property that any branch of a schema names.
    fn properties(&self, place: &str, known: &mut BTreeSet<String>) {
        let place = self.resolved(place);
        let Some(schema) = self.at(&place) else {
            return;
        };
        known.extend(
            schema["properties"]
                .as_object()
                .into_iter()
                .flat_map(Map::keys)
                .cloned(),
        );
        for word in ["oneOf", "anyOf", "allOf"] {
            let branches = schema[word].as_array().map_or(0, Vec::len);
            for index in 0..branches {
                self.properties(&format!("{place}/{word}/{index}"), known);
            }
        }
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.document.pointer(pointer)
    }

    /// The place that is meant where a `$ref` stands.
    fn resolved(&self, place: &str) -> String {
        let target = self
            .at(place)
            .and_then(|value| value.get("$ref"))
            .and_then(Value::as_str);
        match target.and_then(|target| target.strip_prefix('#')) {
            Some(target) => self.resolved(target),
            None => place.to_owned(),
        }
    }
}

/// A template as one step of a JSON pointer (RFC 6901).
fn escaped(template: &str) -> String {
    template.replace('~', "~0").replace('/', "~1")
}

/// `nullable: true` becomes "this or null", and references are made absolute.
fn allow_null(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(allow_null),
        Value::Object(map) => {
            for (name, inner) in &mut *map {
                // Examples are data, not schemas.
                if name != "example" && name != "examples" {
                    allow_null(inner);
                }
            }
            if map.get("nullable") == Some(&Value::Bool(true)) {
                map.remove("nullable");
                let schema = Value::Object(std::mem::take(map));
                // `type` and `properties` stay visible to those who look at the schema without using it.
                map.insert("anyOf".to_owned(), json!([schema, { "enum": [null] }]));
            }
        }
        _ => {}
    }
}

/// Whether a path is one of those that a template stands for. Only names of files and refs may hold slashes.
fn fits(template: &str, path: &str) -> bool {
    let Some((first, rest)) = split(template) else {
        return path.is_empty();
    };
    if !first.starts_with('{') {
        return split(path).is_some_and(|(part, more)| part == first && fits(rest, more));
    }
    let greedy = matches!(first, "{path}" | "{ref}" | "{branch}" | "{basehead}");
    // The beginning of the names of refs may end with a slash.
    let path = match greedy && rest.is_empty() {
        true => path.strip_suffix('/').unwrap_or(path),
        false => path,
    };
    let mut tail = path;
    while let Some((part, more)) = split(tail) {
        if !part.is_empty() && fits(rest, more) {
            return true;
        }
        if !greedy {
            return false;
        }
        tail = more;
    }
    false
}

/// The first step of a path and the rest.
fn split(path: &str) -> Option<(&str, &str)> {
    let inner = path.strip_prefix('/')?;
    let end = inner.find('/').unwrap_or(inner.len());
    Some((&inner[..end], &inner[end..]))
}
