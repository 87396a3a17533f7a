//! What attackers try, as `docs/security.md` lists it, where no other story tells of it.

mod ends;
mod gone;
mod names;
mod past;
mod replay;
