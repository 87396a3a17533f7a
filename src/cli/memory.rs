//! What the memory of the server holds (the app's key, tokens, the webhook's secret) is not left behind and not handed out.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::io;

/// Forbids core dumps; on Linux also those that are handed to a program (`core_pattern`), and the reading of this process's memory and
/// environment by others of the same user (prctl(2), `PR_SET_DUMPABLE`; proc(5)).
pub(super) fn seal() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // A process that is made to abort would show it as well, on machines that are set up to dump; on others it shows nothing.
    #[test]
    fn no_memory_is_dumped_or_read_by_others() {
        seal().expect("a process may give this up");
        let limit = rustix::process::getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().expect("it can be asked"),
            rustix::process::DumpableBehavior::NotDumpable
        );
    }
}
