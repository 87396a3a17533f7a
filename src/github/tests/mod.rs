pub(super) mod key;
