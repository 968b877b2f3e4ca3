//! A gateway on tokio: axum and reqwest. usage: gateway join|spawn   (how calls in parallel are made; ports come from the environment)
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    Router,
};
use std::env;

const PATHS: [&str; 3] = ["/b1", "/b2", "/b3"];

#[derive(Clone)]
struct Gateway {
    client: reqwest::Client,
    backend: String,
    spawns: bool,
}

impl Gateway {
    async fn call(&self, truth: &str, path: &str) -> Result<(), reqwest::Error> {
        let url = format!("{}{}", self.backend, path);
        self.client.get(url).header("x-truth", truth).send().await?.bytes().await?;
        Ok(())
    }

    async fn parallel(&self, truth: &str) -> Result<(), reqwest::Error> {
        if !self.spawns {
            return futures::future::try_join_all(PATHS.map(|path| self.call(truth, path))).await.map(|_| ());
        }
        let tasks = PATHS.map(|path| {
            let (gateway, truth) = (self.clone(), truth.to_string());
            tokio::spawn(async move { gateway.call(&truth, path).await })
        });
        for task in tasks {
            task.await.expect("a task that is not cancelled")?;
        }
        Ok(())
    }

    async fn work(&self, truth: &str, path: &str) -> Result<(), reqwest::Error> {
        match path {
            "/one" => self.call(truth, PATHS[0]).await,
            "/sequence" => {
                for each in PATHS {
                    self.call(truth, each).await?;
                }
                Ok(())
            }
            "/parallel" => self.parallel(truth).await,
            _ => Ok(()),
        }
    }
}

async fn handle(State(gateway): State<Gateway>, headers: HeaderMap, uri: Uri) -> (StatusCode, String) {
    let truth = headers.get("x-truth").and_then(|value| value.to_str().ok()).unwrap_or("none");
    match gateway.work(truth, uri.path()).await {
        Ok(()) => (StatusCode::OK, "gateway\n".to_string()),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error}\n")),
    }
}

fn port(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

#[tokio::main]
async fn main() {
    let gateway = Gateway {
        client: reqwest::Client::builder().pool_max_idle_per_host(256).build().expect("a client"),
        backend: format!("http://127.0.0.1:{}", port("BACKEND_PORT")),
        spawns: env::args().nth(1).as_deref() == Some("spawn"),
    };
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", port("PORT"))).await.expect("a free port");
    axum::serve(listener, Router::new().fallback(handle).with_state(gateway)).await.expect("a server");
}
