//! Deadlines, content types and bodies, without a socket.

use std::sync::LazyLock;

use http_body_util::{Full, StreamBody};
use hyper::body::Frame;
use hyper::{Response, StatusCode};

use super::super::bodies::Bodies;
use super::super::probes::Readiness;
use super::super::router::{Entrance, RequestLimits};
use super::*;
use crate::metrics::Metrics;

const LIMIT: usize = 1000;

/// A service whose engine does what the body says.
fn service() -> Service {
    let answer = |webhook, body: Bytes, deadline: Deadline| async move {
        match &*body {
            b"panic" | b"panic twice" => panic!("injected"),
            b"no uid" => Reply { status: 400, body: "no uid".into() },
            _ => {
                let left = deadline.remaining().as_millis();
                let text = format!("{webhook:?} of {} bytes, {left} ms left", body.len());
                Reply { status: 200, body: text.into() }
            }
        }
    };
    let fault = |body: &[u8]| {
        assert_ne!(body, b"panic twice");
        Reply { status: 200, body: Bytes::from_static(b"denied") }
    };
    Service {
        review: Review::new(answer, fault),
        readiness: Readiness::new(vec!["default".into()]),
        metrics: Arc::new(Metrics::new()),
        limits: RequestLimits { body_bytes: LIMIT, time: Duration::from_secs(30) },
        bodies: Bodies::new(64 * 1024 * 1024),
    }
}

static TRUSTED: LazyLock<Entrance> = LazyLock::new(|| Entrance::Webhooks { trusted: true });

fn post(path: &str, body: &'static str) -> Request<Full<Bytes>> {
    Request::post(path)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(body))
        .expect("a request")
}

async fn text(response: Response<Full<Bytes>>) -> (StatusCode, String) {
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

async fn ask(request: Request<Full<Bytes>>) -> (StatusCode, String) {
    text(service().answer(*TRUSTED, request).await).await
}

#[tokio::test(start_paused = true)]
async fn a_review_goes_to_the_engine_of_its_webhook_with_its_deadline() {
    let (status, body) = ask(post("/mutate?timeout=10s", "{}")).await;
    assert_eq!((status.as_u16(), &*body), (200, "Mutate of 2 bytes, 9500 ms left"));
    let (status, body) = ask(post("/validate", "{}")).await;
    assert_eq!((status.as_u16(), &*body), (200, "Validate of 2 bytes, 28500 ms left"));
}

#[tokio::test]
async fn content_types_are_json_whatever_their_case_and_parameters() {
    let send = |content_type: Option<&'static str>| {
        let mut request = post("/mutate", "{}");
        request.headers_mut().remove(CONTENT_TYPE);
        if let Some(value) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(value));
        }
        ask(request)
    };
    for good in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON ;charset=\"UTF-8\"",
        "application/json;",
    ] {
        assert_eq!(send(Some(good)).await.0, 200, "{good}");
    }
    for bad in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/jsonp"),
        Some("application/json-patch+json"),
        Some("text/plain, application/json"),
    ] {
        let expected = "the content type must be application/json\n".to_owned();
        assert_eq!(send(bad).await, (StatusCode::BAD_REQUEST, expected), "{bad:?}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_named_with_the_right_one() {
    let service = service();
    for (method, path, allowed) in [
        ("GET", "/mutate", "POST"),
        ("PUT", "/validate", "POST"),
        ("POST", "/health", "GET"),
        ("HEAD", "/ready", "GET"),
        ("DELETE", "/metrics", "GET"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Full::default());
        let response = service.answer(*TRUSTED, request.expect("a request")).await;
        assert_eq!(response.headers()["allow"], allowed);
        let expected = format!("method {method} is not allowed here: use {allowed}\n");
        assert_eq!(text(response).await, (StatusCode::METHOD_NOT_ALLOWED, expected));
    }
}

#[tokio::test]
async fn a_body_may_have_as_many_bytes_as_the_limit_and_not_one_more() {
    let send = |bytes: usize, in_pieces: bool| async move {
        let pieces = if in_pieces { vec![bytes / 2, bytes - bytes / 2] } else { vec![bytes] };
        let frames = pieces
            .into_iter()
            .map(|n| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![b'x'; n]))));
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let request = Request::post("/mutate").header(CONTENT_TYPE, "application/json").body(body);
        text(service().answer(*TRUSTED, request.expect("a request")).await).await
    };
    for in_pieces in [false, true] {
        let (status, body) = send(LIMIT, in_pieces).await;
        assert_eq!(status, 200);
        assert!(body.starts_with("Mutate of 1000 bytes"), "{body}");
        let expected = "the request is larger than 1000 bytes (`limits.bodyBytes`)\n".to_owned();
        let refused = (StatusCode::PAYLOAD_TOO_LARGE, expected);
        assert_eq!(send(LIMIT + 1, in_pieces).await, refused);
        assert_eq!(send(LIMIT * 9, in_pieces).await, refused);
    }
}

#[tokio::test]
async fn an_announced_body_that_is_too_large_is_refused_before_it_is_sent_if_the_client_waits() {
    /// A body that nobody may read.
    struct Unread;
    impl Body for Unread {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            panic!("read");
        }

        fn size_hint(&self) -> hyper::body::SizeHint {
            hyper::body::SizeHint::with_exact(1_000_000)
        }
    }
    assert_eq!(read(Unread, LIMIT, true).await, Err(Refused::TooLarge { limit: LIMIT }));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_unreadable() {
    let frames = [
        Ok(Frame::data(Bytes::from_static(b"{"))),
        Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
    ];
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let request = Request::post("/mutate").header(CONTENT_TYPE, "application/json").body(body);
    let answer = text(service().answer(*TRUSTED, request.expect("a request")).await).await;
    let expected = "the request ended before its body did\n".to_owned();
    assert_eq!(answer, (StatusCode::BAD_REQUEST, expected));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_in_time_is_given_up() {
    let body =
        StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
    let request =
        Request::post("/mutate?timeout=2s").header(CONTENT_TYPE, "application/json").body(body);
    let begun = tokio::time::Instant::now();
    let answer = text(service().answer(*TRUSTED, request.expect("a request")).await).await;
    let expected = "the body of the request did not arrive in time\n".to_owned();
    assert_eq!(answer, (StatusCode::REQUEST_TIMEOUT, expected));
    assert_eq!(begun.elapsed().as_millis(), 1500);
}

#[tokio::test]
async fn a_client_that_is_not_trusted_gets_probes_but_no_review() {
    let service = service();
    let stranger = Entrance::Webhooks { trusted: false };
    for path in ["/mutate", "/validate"] {
        let (status, body) = text(service.answer(stranger, post(path, "{}")).await).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(body.contains("server.clientCA"), "{body}");
    }
    let health = Request::get("/health").body(Full::<Bytes>::default()).expect("a request");
    assert_eq!(text(service.answer(stranger, health).await).await, (StatusCode::OK, String::new()));
}

#[tokio::test]
async fn the_plain_listener_has_no_webhooks() {
    let service = service();
    for path in ["/mutate", "/validate", "/", "/admin"] {
        let (status, _) = text(service.answer(Entrance::Plain, post(path, "{}")).await).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_panic_in_a_review_is_a_denial_and_a_panic_over_that_is_a_500() {
    assert_eq!(ask(post("/mutate", "panic")).await, (StatusCode::OK, "denied".to_owned()));
    let (status, body) = ask(post("/mutate", "panic twice")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!body.contains("injected") && !body.contains("allowed"), "{body}");
}

#[tokio::test]
async fn every_request_to_mutate_is_counted_and_every_refusal() {
    let service = service();
    for request in [
        post("/mutate", "{}"),
        post("/mutate", "no uid"),
        Request::get("/mutate").body(Full::default()).expect("a request"),
        post("/validate", "{}"),
    ] {
        service.answer(*TRUSTED, request).await;
    }
    let metrics = service.metrics.encode();
    for line in [
        "connaisseur_requests_total 3",
        r#"connaisseur_http_refusals_total{status="400"} 1"#,
        r#"connaisseur_http_refusals_total{status="405"} 1"#,
        r#"connaisseur_admission_duration_seconds_count{webhook="mutate"} 2"#,
        r#"connaisseur_admission_duration_seconds_count{webhook="validate"} 1"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "no `{line}` in\n{metrics}");
    }
}

#[test]
fn durations_are_read_as_go_writes_them() {
    for (text, millis) in [
        ("10s", 10_000),
        ("1m30s", 90_000),
        ("500ms", 500),
        ("1.5s", 1_500),
        ("2h", 7_200_000),
        ("1h0m0s", 3_600_000),
        ("5000us", 5),
        ("7000µs", 7),
        ("3000000ns", 3),
    ] {
        assert_eq!(go_duration(text), Some(Duration::from_millis(millis)), "{text}");
    }
    for text in
        ["", "0s", "10", "s", "-5s", "1x", "1..2s", "10 s", "1e3s", "NaNs", "99999999999999999999h"]
    {
        assert_eq!(go_duration(text), None, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_keeps_a_reserve_of_what_the_caller_gives() {
    let limit = Duration::from_secs(30);
    for (query, millis) in [
        (None, 28_500),
        (Some("timeout=10s"), 9_500),
        (Some("dryRun=All&timeout=20s"), 19_000),
        (Some("timeout=5m"), 28_500),
        (Some("timeout=1s"), 500),
        (Some("timeout=200ms"), 100),
        (Some("timeout=never"), 28_500),
        (Some("mytimeout=1s"), 28_500),
    ] {
        let left = deadline_from(query, limit).remaining();
        assert_eq!(left, Duration::from_millis(millis), "{query:?}");
    }
}
