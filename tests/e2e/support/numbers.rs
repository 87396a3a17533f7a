//! The app's metrics, as Prometheus reads them.

use super::Town;
use std::collections::BTreeMap;
use std::time::Duration;

/// All of them at one moment, each by its name and labels as they are written.
pub struct Numbers(BTreeMap<String, f64>);

impl Town {
    /// Reads them.
    pub async fn numbers(&self) -> Numbers {
        let url = self.playground.app().metrics_url();
        let answer = reqwest::get(url.expect("they are shown")).await;
        let answer = answer.expect("an answer");
        assert_eq!(
            answer.headers()["content-type"],
            "text/plain; version=0.0.4"
        );
        let text = answer.text().await.expect("a text");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let numbers = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').expect(line);
            (name.to_owned(), value.parse().expect(line))
        });
        Numbers(numbers.collect())
    }
}

impl Town {
    /// Reads them until they show something that nobody else tells of.
    pub async fn numbers_show(&self, what: &str, shown: impl Fn(&Numbers) -> bool) -> Numbers {
        let looking = async {
            loop {
                let numbers = self.numbers().await;
                if shown(&numbers) {
                    return numbers;
                }
            }
        };
        let looked = tokio::time::timeout(Duration::from_secs(60), looking).await;
        looked.unwrap_or_else(|_| panic!("the numbers never show {what}"))
    }
}

impl Numbers {
    /// The number of this name and these labels.
    #[track_caller]
    pub fn of(&self, name: &str) -> f64 {
        let found = self.0.get(name).copied();
        found.unwrap_or_else(|| panic!("no {name} in {:#?}", self.alike(name)))
    }

    /// Whether there is one.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// All of a name, whatever their labels.
    pub fn all(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        let begin = format!("{name}{{");
        let all = self.0.iter().filter(move |(of, _)| of.starts_with(&begin));
        all.map(|(of, value)| (of.as_str(), *value))
    }

    fn alike(&self, name: &str) -> Vec<&String> {
        let begin = name.split('{').next().unwrap_or_default();
        let alike = self.0.keys().filter(|of| of.starts_with(begin));
        alike.collect()
    }

    /// All names with their labels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// What stands in a label.
pub fn label<'a>(of: &'a str, name: &str) -> &'a str {
    let (_, rest) = of.split_once(&format!("{name}=\"")).expect(name);
    rest.split('"').next().unwrap_or_default()
}
