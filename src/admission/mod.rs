//! One admission request, from bytes to bytes, without I/O: decode, find the images, skip, decide, answer.

mod decision;
mod patch;
mod response;
mod review;
mod skip;
mod workload;

