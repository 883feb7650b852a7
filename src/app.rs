//! The only file that knows every part: configuration → caches → validators → actors → server.
