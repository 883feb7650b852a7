//! `HTTP_PROXY` and `NO_PROXY`, in a process of its own because they are read from its environment.

use std::process::Command;

use super::*;

const INSIDE: &str = "oci::tests::proxy::behind_a_proxy";

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_wherever_it_is() {
    // A registry does for a proxy: it answers for every host that it is asked about.
    let proxy = registry().await;
    proxy.push_image("app", "1");
    let port = proxy.host().rsplit_once(':').unwrap().1.to_owned();
    let mut inside = Command::new(std::env::current_exe().unwrap());
    inside
        .args(["--exact", INSIDE, "--ignored"])
        .env("HTTP_PROXY", format!("http://localhost:{port}"))
        .env("NO_PROXY", "localhost")
        .env_remove("REQUEST_METHOD");
    let output = tokio::task::spawn_blocking(move || inside.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    let hosts: Vec<_> =
        proxy.requests().iter().map(|r| r.headers["host"].to_str().unwrap().to_owned()).collect();
    assert_eq!(hosts, ["registry.test"]);
}

#[tokio::test]
#[ignore = "runs in a process of its own, started by the test above"]
async fn behind_a_proxy() {
    let hosts = ["registry.test", "169.254.169.254", "localhost:1"];
    let mut settings = settings(&[]);
    let insecure = hosts.map(str::to_owned).into();
    settings.access = Arc::new(RegistryAccess { insecure, ..RegistryAccess::default() });
    let client = Client::new(settings).unwrap();
    let pull = async |host: &str| {
        client.manifest(&repository(host, "app"), Reference::Tag("1"), soon()).await
    };
    pull("registry.test").await.unwrap();
    let literal = pull("169.254.169.254").await.unwrap_err();
    assert!(matches!(literal, Error::AddressRefused { .. }), "{literal}");
    let direct = pull("localhost:1").await.unwrap_err();
    assert!(
        matches!(direct, Error::AddressRefused { .. }),
        "not asked through the proxy: {direct}"
    );
}
