//! Reviews: never a panic, whatever the bytes.
#![no_main]

use connaisseur::admission::{Which, Workload, decode};
use connaisseur::config::Limits;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let limits = Limits::default();
    if let Ok(review) = decode(body, &limits) {
        let request = &review.request;
        for (object, which) in [(request.object, Which::New), (request.old_object, Which::Old)] {
            if let Ok(workload) = Workload::read(&request.kind, object, which) {
                drop(workload.images_to_judge(&limits).map(<[_]>::len));
            }
        }
    }
});
