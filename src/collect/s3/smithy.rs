//! The HTTP client of AWS's own library for credentials: the one of the door.
//!
//! So that its questions (to instance metadata, single sign-on, the token service) use the same
//! certificates and proxies as all others. It asks where AWS's rules for credentials lead, never the
//! audited bucket; which of them it asks is left to `credentials`.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

/// How long an answer may take where the library sets no limit.
const LONGEST: Duration = Duration::from_secs(20);

/// The largest answer that is read, in bytes: credentials are small.
const MAX_BYTES: usize = 1 << 20;

/// The door's client as AWS's library wants it.
#[derive(Debug, Clone)]
pub(super) struct Client(pub(super) reqwest::Client);

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let wait = match (settings.connect_timeout(), settings.read_timeout()) {
            (Some(connect), Some(read)) => connect.saturating_add(read),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => LONGEST,
        };
        SharedHttpConnector::new(Connector { client: self.0.clone(), wait: wait.min(LONGEST) })
    }
}

#[derive(Debug)]
struct Connector {
    client: reqwest::Client,
    /// How long until the first byte of an answer.
    wait: Duration,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, wait) = (self.client.clone(), self.wait);
        HttpConnectorFuture::new(async move {
            let late = |_| ConnectorError::timeout("no answer in time".into());
            let question = question(&client, &request)?;
            let response = tokio::time::timeout(wait, client.execute(question)).await.map_err(late)?.map_err(fault)?;
            tokio::time::timeout(LONGEST, answer(response)).await.map_err(late)?
        })
    }
}

fn question(client: &reqwest::Client, request: &HttpRequest) -> Result<reqwest::Request, ConnectorError> {
    let method = request.method().parse::<http::Method>().map_err(|error| ConnectorError::user(error.into()))?;
    let url = request.uri().parse::<reqwest::Url>().map_err(|error| ConnectorError::user(error.into()))?;
    let mut builder = client.request(method, url);
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    if let Some(body) = request.body().bytes().filter(|body| !body.is_empty()) {
        builder = builder.body(body.to_vec());
    }
    builder.build().map_err(|error| ConnectorError::user(error.without_url().into()))
}

async fn answer(mut response: reqwest::Response) -> Result<HttpResponse, ConnectorError> {
    let status = response.status().as_u16().try_into();
    let status = status.map_err(|_| ConnectorError::io("a status that is none".into()))?;
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(fault)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(ConnectorError::io("the answer is too large".into()));
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in &headers {
        // A header that is no text is none that the library knows.
        if let Ok(value) = value.to_str() {
            answer
                .headers_mut()
                .try_append(name.as_str().to_owned(), value.to_owned())
                .map_err(|error| ConnectorError::io(error.into()))?;
        }
    }
    Ok(answer)
}

fn fault(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.without_url().into())
    } else {
        ConnectorError::io(error.without_url().into())
    }
}
