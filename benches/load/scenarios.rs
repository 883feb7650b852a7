//! What is measured, and what is printed.

use std::time::Duration;

use super::client::{Plan, Report};
use super::rig::{CONNECTIONS, NOTARY_REGISTRY, Rig, Server};

/// Rounds of floor and server in turn; a ratio is that of the medians over the rounds.
const ROUNDS: usize = 7;
/// Requests of one round.
const REQUESTS: usize = 20_000;
/// Distinct images for the uncached figures.
const COLD: usize = 2_000;

/// Measures everything; `scale` divides the counts.
pub(crate) fn run(scale: usize) -> anyhow::Result<()> {
    let rig = Rig::new()?;
    println!(
        "{ROUNDS} rounds of {} requests, {CONNECTIONS} connections, HTTP/1.1\n",
        REQUESTS / scale
    );
    println!(
        "{:<44} {:>10} {:>8} {:>9} {:>9} {:>9}",
        "", "CPU/req", "ratio", "p50", "p99", "resident"
    );
    against_the_floor(&rig, scale)?;
    cold(&rig, scale)?;
    notary(&rig, scale)?;
    println!();
    stampede(&rig)?;
    ten_images(&rig)?;
    overload(&rig, scale)
}

/// Only what a notary costs, for profiles.
pub(crate) fn notary_alone() -> anyhow::Result<()> {
    notary(&Rig::new()?, 1)
}

fn print(
    what: &str,
    cpu: Duration,
    ratio: Option<f64>,
    report: &Report,
    server: &Server,
) -> anyhow::Result<()> {
    let ratio = ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
    println!(
        "{what:<44} {:>7.2} µs {ratio:>8} {:>9} {:>9} {:>5.1} MiB",
        micros(cpu),
        shown(report.p50),
        shown(report.p99),
        server.process.resident()?,
    );
    Ok(())
}

/// Static and cached answers beside the floor, in turn, so that drift of the machine meets both.
fn against_the_floor(rig: &Rig, scale: usize) -> anyhow::Result<()> {
    let registry = rig.registry(Duration::ZERO)?;
    let image = rig.signed_image(&registry, "app/web")?;
    let (floor, server) = (rig.floor()?, rig.server(&registry, "cache: {nameMaxAge: 600}")?);
    println!(
        "start to ready {}, resident idle {:.1} MiB",
        shown(server.ready_after),
        server.process.resident()?
    );
    let tagged = format!("{}/app/web:1.0", registry.host());
    let pinned = format!("{}/app/web@{image}", registry.host());
    let bodies = [
        ("static", rig.body("static", &["static.example/app:1.0".to_owned()])?),
        ("cached, tag pinned", rig.body("tag", std::slice::from_ref(&tagged))?),
        ("cached, digest", rig.body("digest", &[pinned])?),
        ("cached, ten containers", rig.body("ten", &vec![tagged.clone(); 10])?),
    ];
    for (what, body) in bodies {
        let requests = REQUESTS / scale;
        let (mut below, mut ours) = (Vec::new(), Vec::new());
        let mut last = (Report::default(), Report::default());
        // The first answers are cold and no round.
        rig.send(&server, &rig.plan(&server, vec![body.clone()], 200))?;
        for _ in 0..ROUNDS {
            let (report, cpu) =
                rig.send(&floor, &rig.plan(&floor, vec![body.clone()], requests))?;
            below.push(cpu);
            last.0 = report;
            let (report, cpu) =
                rig.send(&server, &rig.plan(&server, vec![body.clone()], requests))?;
            anyhow::ensure!(report.admitted == requests, "not all admitted: {report:?}");
            ours.push(cpu);
            last.1 = report;
        }
        let (below, ours) = (median(below), median(ours));
        print(&format!("floor: {what}"), below, None, &last.0, &floor)?;
        let ratio = ours.as_secs_f64() / below.as_secs_f64();
        print(what, ours, Some(ratio), &last.1, &server)?;
    }
    let pinned = format!("{tagged}@{image}");
    pair_and_churn(rig, &floor, &server, (&tagged, &pinned), scale)
}

/// /validate of what /mutate made, which has just been judged, and a handshake every ten requests.
fn pair_and_churn(
    rig: &Rig,
    floor: &Server,
    server: &Server,
    (tagged, pinned): (&str, &str),
    scale: usize,
) -> anyhow::Result<()> {
    let requests = REQUESTS / scale / 2;
    let pinned = rig.body("pair-pinned", &[pinned.to_owned()])?;
    let validate =
        Plan { paths: vec!["/validate".to_owned()], ..rig.plan(server, vec![pinned], requests) };
    let (report, cpu) = rig.send(server, &validate)?;
    anyhow::ensure!(report.admitted == requests, "not all admitted: {report:?}");
    print("then /validate of what /mutate made", cpu, None, &report, server)?;

    let tagged = rig.body("churn", &[tagged.to_owned()])?;
    let churn = |server: &Server| Plan {
        requests_per_connection: 10,
        ..rig.plan(server, vec![tagged.clone()], requests)
    };
    let (report, below) = rig.send(floor, &churn(floor))?;
    print("floor: a handshake every 10 requests", below, None, &report, floor)?;
    let (report, ours) = rig.send(server, &churn(server))?;
    let ratio = ours.as_secs_f64() / below.as_secs_f64();
    print("a handshake every 10 requests", ours, Some(ratio), &report, server)
}

/// Distinct images, none seen before: resolve, signature manifest, payload.
fn cold(rig: &Rig, scale: usize) -> anyhow::Result<()> {
    let registry = rig.registry(Duration::ZERO)?;
    let count = COLD / scale;
    let bodies = (0..count)
        .map(|index| {
            let repository = format!("cold/app{index}");
            rig.signed_image(&registry, &repository)?;
            rig.body(
                &repository.replace('/', "-"),
                &[format!("{}/{repository}:1.0", registry.host())],
            )
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let server = rig.server(&registry, "")?;
    registry.clear_log();
    let (report, cpu) = rig.send(&server, &rig.plan(&server, bodies, count))?;
    anyhow::ensure!(report.admitted == count, "not all admitted: {report:?}");
    print("uncached cosign key, distinct images", cpu, None, &report, &server)?;
    println!("  registry requests per image: {:.2}", ratio(registry.requests().len(), count));
    Ok(())
}

/// Repositories that were never asked for, eight times as many, then the tags of one that is known.
fn notary(rig: &Rig, scale: usize) -> anyhow::Result<()> {
    let registry = rig.registry(Duration::ZERO)?;
    let server = rig.server(&registry, "")?;
    let count = COLD / scale;
    let new_repositories = |batch: usize| {
        let bodies = (0..count)
            .map(|index| {
                let path = format!("cold{batch}/app{index}");
                rig.signed_at_notary(&registry, &path, 3)?;
                rig.body(&format!("notary{index}"), &[format!("{NOTARY_REGISTRY}/{path}:1.0")])
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        registry.clear_log();
        let (report, cpu) = rig.send(&server, &rig.plan(&server, bodies, count))?;
        anyhow::ensure!(report.admitted == count, "not all admitted: {report:?}");
        Ok((report, cpu))
    };
    let (report, cpu) = new_repositories(0)?;
    print("uncached notary, distinct repositories", cpu, None, &report, &server)?;
    println!("  notary requests per repository: {:.2}", ratio(registry.requests().len(), count));
    for batch in 1..8 {
        new_repositories(batch)?;
        if [3, 7].contains(&batch) {
            let (known, resident) = ((batch + 1) * count, server.process.resident()?);
            println!("  resident after {known} repositories: {resident:.1} MiB");
        }
    }

    rig.signed_at_notary(&registry, "one/app", count)?;
    let bodies = (0..count)
        .map(|tag| rig.body(&format!("tag{tag}"), &[format!("{NOTARY_REGISTRY}/one/app:1.{tag}")]))
        .collect::<anyhow::Result<Vec<_>>>()?;
    registry.clear_log();
    let (report, cpu) = rig.send(&server, &rig.plan(&server, bodies, count))?;
    anyhow::ensure!(report.admitted == count, "not all admitted: {report:?}");
    print("uncached notary, distinct tags of one", cpu, None, &report, &server)?;
    println!("  notary requests in all: {}", registry.requests().len());
    Ok(())
}

/// Two hundred requests at once for one image that nobody asked for before.
fn stampede(rig: &Rig) -> anyhow::Result<()> {
    let registry = rig.registry(Duration::from_millis(20))?;
    rig.signed_image(&registry, "new/image")?;
    let server = rig.server(&registry, "")?;
    let body = rig.body("stampede", &[format!("{}/new/image:1.0", registry.host())])?;
    registry.clear_log();
    let plan = Plan { connections: 200, ..rig.plan(&server, vec![body], 200) };
    let (report, _) = rig.send(&server, &plan)?;
    println!(
        "200 concurrent first requests for one image: {} registry requests, {} admitted, {} denied, p50 {}, p99 {}",
        registry.requests().len(),
        report.admitted,
        report.denied + report.overloaded,
        shown(report.p50),
        shown(report.p99),
    );
    Ok(())
}

/// Ten cold images of one request, at a registry that takes 20 ms for each answer.
fn ten_images(rig: &Rig) -> anyhow::Result<()> {
    let registry = rig.registry(Duration::from_millis(20))?;
    let server = rig.server(&registry, "")?;
    let images = |prefix: &str, count: usize| {
        (0..count)
            .map(|index| {
                let repository = format!("{prefix}/app{index}");
                rig.signed_image(&registry, &repository)?;
                Ok(format!("{}/{repository}:1.0", registry.host()))
            })
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let time_of = |name: &str, images: &[String]| {
        let plan = Plan { connections: 1, ..rig.plan(&server, vec![rig.body(name, images)?], 1) };
        rig.send(&server, &plan).map(|(report, _)| report.p50)
    };
    time_of("warm", &images("warm", 1)?)?;
    let one = time_of("one", &images("one", 1)?)?;
    let ten = time_of("ten-cold", &images("ten", 10)?)?;
    println!(
        "10 images, all cold, registry at 20 ms: {}, one image: {}, ratio {:.2}",
        shown(ten),
        shown(one),
        ten.as_secs_f64() / one.as_secs_f64()
    );
    Ok(())
}

/// Four times as many distinct cold images at once as there are permits.
fn overload(rig: &Rig, scale: usize) -> anyhow::Result<()> {
    let registry = rig.registry(Duration::from_millis(100))?;
    let count = 2_000 / scale;
    let bodies = (0..count)
        .map(|index| {
            rig.body(&format!("over{index}"), &[format!("{}/over/app{index}:1.0", registry.host())])
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    for index in 0..count {
        let repository = format!("over/app{index}");
        let image = rig.signed_image(&registry, &repository)?;
        anyhow::ensure!(image.hex().len() == 64);
    }
    let server = rig.server(&registry, "limits: {jobsPerValidator: 32}")?;
    let before = server.process.resident()?;
    let plan = Plan { connections: 128, ..rig.plan(&server, bodies, count) };
    let (report, _) = rig.send(&server, &plan)?;
    println!(
        "4 × overload: {} admitted (p99 {}), {} refused as overloaded, {} denied otherwise; resident {before:.1} → {:.1} MiB",
        report.admitted,
        shown(report.p99),
        report.overloaded,
        report.denied,
        server.process.resident()?,
    );
    Ok(())
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn shown(time: Duration) -> String {
    if time < Duration::from_millis(1) {
        format!("{:.0} µs", micros(time))
    } else {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "small counts, to be shown")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
