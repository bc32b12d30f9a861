//! The listener: takes connections, plain or with TLS, and can refuse them.
//!
//! What is answered is left to the router; what HTTP cannot say, such as no HTTP at all, is said here.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

/// Marks an answer that is not sent: the connection ends instead.
#[derive(Debug, Clone, Copy)]
pub struct HangUp;

/// Takes connections for a router.
pub struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    router: Router,
    acceptor: Option<TlsAcceptor>,
    task: Option<JoinHandle<()>>,
    /// Held by every connection for as long as it lives.
    alive: Arc<()>,
}

impl Listener {
    /// Listens on a port of loopback; 0 is any free one.
    pub fn open(runtime: &Runtime, port: u16, router: Router, acceptor: Option<TlsAcceptor>) -> Self {
        let mut listener =
            Self { address: (Ipv4Addr::LOCALHOST, port).into(), router, acceptor, task: None, alive: Arc::default() };
        listener.reopen(runtime);
        listener
    }

    /// Listens again.
    pub fn reopen(&mut self, runtime: &Runtime) {
        self.close();
        let guard = runtime.enter();
        let address = self.address;
        let socket = std::net::TcpListener::bind(address).expect("a port of loopback");
        socket.set_nonblocking(true).expect("a socket");
        let socket = TcpListener::from_std(socket).expect("a socket");
        self.address = socket.local_addr().expect("a socket");
        self.task =
            Some(runtime.spawn(accept(socket, self.router.clone(), self.acceptor.clone(), Arc::clone(&self.alive))));
        drop(guard);
    }

    /// Stops listening, and breaks every connection.
    pub fn close(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // The sockets are closed when the tasks are gone.
            while !task.is_finished() || Arc::strong_count(&self.alive) > 1 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

async fn accept(socket: TcpListener, router: Router, acceptor: Option<TlsAcceptor>, alive: Arc<()>) {
    // Dropped with this task, and the connections with it.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = socket.accept().await else { continue };
        let (router, acceptor, alive) = (router.clone(), acceptor.clone(), Arc::clone(&alive));
        connections.spawn(async move {
            // Without this, small answers wait for the other side.
            if stream.set_nodelay(true).is_err() {
                return;
            }
            match acceptor {
                None => serve(stream, router).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, router).await;
                    }
                }
            }
            drop(alive);
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let Ok(response): Result<Response, _> = router.call(request.map(axum::body::Body::new)).await;
            if response.extensions().get::<HangUp>().is_some() {
                return Err(io::Error::other("hung up, as told"));
            }
            Ok(response)
        }
    });
    // A connection that ends badly is what some tests want.
    drop(http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await);
}

/// Listens on loopback and answers whatever comes with these bytes, for as long as the runtime lives.
pub async fn raw(answer: &'static [u8]) -> SocketAddr {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port of loopback");
    let address = socket.local_addr().expect("a socket");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            tokio::spawn(async move {
                let mut question = [0; 4096];
                if stream.read(&mut question).await.is_ok() && stream.write_all(answer).await.is_ok() {
                    drop(stream.shutdown().await);
                }
            });
        }
    });
    address
}
