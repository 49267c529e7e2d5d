//! aliasd as its operator sees it: through `aliasctl`.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::Tool;

/// `aliasctl`, wherever the daemon runs.
#[derive(Clone, Debug)]
pub struct Aliasctl {
    tool: Tool,
}

impl Aliasctl {
    pub const fn new(tool: Tool) -> Self {
        Self { tool }
    }

    /// The answer as a person gets it, also when it is that there is no such thing.
    pub fn text(&self, question: &[&str]) -> Result<String> {
        self.tool.all_output(question)
    }

    /// The answer in JSON.
    pub fn json(&self, question: &[&str]) -> Result<Value> {
        let answer = self.tool.run(&[question, &["-o", "json"]].concat())?;
        serde_json::from_str(&answer).with_context(|| format!("aliasctl {}: {}", question.join(" "), answer.trim_end()))
    }

    /// Fails unless each of `words` is somewhere in the answer.
    pub fn says(&self, question: &[&str], words: &[&str]) -> Result<String> {
        let answer = self.text(question)?;
        for word in words {
            anyhow::ensure!(answer.contains(word), "aliasctl {} does not say {word:?}:\n{answer}", question.join(" "));
        }
        Ok(answer)
    }
}
