//! What people do and what they see when GitHub, the network or the order of things is against them. Everything goes
//! over real HTTP against the stand-in GitHub.

mod faults;
mod order;
mod scene;
