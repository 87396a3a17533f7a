//! How far something has come.

use super::disk::Disk;
use super::records::failed;
use super::{StoreError, keys};

impl Disk {
    /// What the mark says.
    pub fn mark(&self, name: &str) -> Result<Option<String>, StoreError> {
        const DOING: &str = "reading a mark";
        let says = self.marks.get(keys::mark(name)).map_err(failed(DOING))?;
        says.map(|says| String::from_utf8(says.to_vec()))
            .transpose()
            .map_err(failed(DOING))
    }
}
