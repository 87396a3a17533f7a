use crate::github::http::{Http, Timeouts};
use crate::github::transport::Wire;
use bytes::Bytes;
use futures::future::join_all;
use h2::Reason;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

const LATE: &str = "GitHub did not answer in time";
const LOST: &str = "the connection to GitHub was lost";

/// What a server over HTTP/2 does with a request.
#[derive(Clone, Copy)]
enum Does {
    Answer,
    /// Says that it has not begun with it.
    Refuse,
    /// Ends the connection, in good order, with the request in its hands.
    End,
    /// Hears and says nothing any more, on this connection.
    Die,
}

/// A server with a certificate of its own.
struct Server {
    url: String,
    /// Who trusts it.
    tls: ClientConfig,
    connections: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<Method>>>,
}

impl Server {
    /// Speaks HTTP/2 alone; `does` gets the number of the request, from 0.
    async fn h2(does: impl Fn(usize) -> Does + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (does, all) = (Arc::new(does), asked.clone());
        let serve = move |stream| {
            let (does, all) = (does.clone(), all.clone());
            async move { answer_all(stream, &*does, &all).await }
        };
        Self::start(&["h2"], asked, serve).await
    }

    async fn start<F, S>(speaks: &[&str], asked: Arc<Mutex<Vec<Method>>>, serve: S) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
        S: Fn(TlsStream<TcpStream>) -> F + Send + 'static,
    {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let tls = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], made.signing_key.into())
            .unwrap();
        config.alpn_protocols = speaks.iter().map(|it| it.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}/",
            listener.local_addr().unwrap().port()
        );
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(stream) = acceptor.accept(stream).await else {
                    continue;
                };
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream));
            }
        });
        Self {
            url,
            tls,
            connections,
            asked,
        }
    }

    fn client(&self, read: Duration) -> Http {
        let connect = Duration::from_secs(60);
        Http::new(self.tls.clone(), Timeouts { connect, read })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Over HTTP/2.
async fn answer_all(
    stream: TlsStream<TcpStream>,
    does: impl Fn(usize) -> Does,
    asked: &Mutex<Vec<Method>>,
) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut answer))) = connection.accept().await {
        let nth = {
            let mut asked = asked.lock().unwrap();
            asked.push(request.method().clone());
            asked.len() - 1
        };
        match does(nth) {
            Does::Answer => {
                let mut body = answer.send_response(Response::default(), false).unwrap();
                body.send_data(Bytes::from("yes"), true).unwrap();
            }
            Does::Refuse => answer.send_reset(Reason::REFUSED_STREAM),
            Does::End => connection.abrupt_shutdown(Reason::NO_ERROR),
            Does::Die => std::future::pending().await,
        }
    }
}

fn request(method: Method, url: &str) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(url);
    request.body(Bytes::from("{}")).unwrap()
}

/// Only a defect takes that long.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn over_tls_all_requests_share_a_connection() {
    let server = Server::h2(|_| Does::Answer).await;
    let client = server.client(LONG);
    let ask = || client.carry(request(Method::GET, &server.url));
    ask().await.unwrap();
    for answer in join_all((0..50).map(|_| ask())).await {
        let answer = answer.unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        assert_eq!(answer.into_body(), "yes");
    }
    assert_eq!((server.asked(), server.connections()), (51, 1));
}

#[tokio::test]
async fn a_server_of_the_older_kind_is_spoken_to_in_its_way() {
    let serve = |stream| async {
        let answer = hyper::service::service_fn(|asked: Request<_>| async move {
            assert_eq!(asked.version(), Version::HTTP_11);
            Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from("yes"))))
        });
        let http = hyper::server::conn::http1::Builder::new();
        let _ = http.serve_connection(TokioIo::new(stream), answer).await;
    };
    for speaks in [&["http/1.1"][..], &[]] {
        let server = Server::start(speaks, Arc::default(), serve).await;
        let client = server.client(LONG);
        for _ in 0..3 {
            let answer = client.carry(request(Method::POST, &server.url)).await;
            let answer = answer.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.version(), Version::HTTP_11);
        }
        assert_eq!(server.connections(), 1, "it is kept");
    }
}

#[tokio::test]
async fn who_nobody_vouches_for_is_not_spoken_to() {
    let server = Server::h2(|_| Does::Answer).await;
    let other = Server::h2(|_| Does::Answer).await;
    let client = other.client(LONG);
    let answer = client.carry(request(Method::GET, &server.url)).await;
    assert_eq!(answer.unwrap_err(), LOST);
    assert_eq!((server.asked(), server.connections()), (0, 0));
}

#[tokio::test]
async fn what_github_has_not_begun_with_is_sent_again_once() {
    for (refused, answer) in [(1, None), (9, Some(LOST))] {
        let does = move |nth| {
            if nth < refused {
                Does::Refuse
            } else {
                Does::Answer
            }
        };
        let server = Server::h2(does).await;
        let client = server.client(LONG);
        let answered = client.carry(request(Method::POST, &server.url)).await;
        assert_eq!(answered.err().as_deref(), answer);
        assert_eq!(server.asked(), 2);
    }
}

/// A server that ends its first connection with the word that it has taken up nothing on it, while a request is on its way.
#[tokio::test]
async fn what_came_too_late_for_a_connection_is_sent_over_another() {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // The last stream that was taken up: 0. The reason: none.
    const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const PREFACE: usize = 24;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (first, all) = (Arc::new(AtomicUsize::new(0)), asked.clone());
    let serve = move |mut stream: TlsStream<TcpStream>| {
        let (all, is_first) = (all.clone(), first.fetch_add(1, Ordering::Relaxed) == 0);
        async move {
            if !is_first {
                return answer_all(stream, |_| Does::Answer, &all).await;
            }
            stream.write_all(&SETTINGS).await.unwrap();
            stream.read_exact(&mut [0; PREFACE]).await.unwrap();
            let mut head = [0; 9];
            // Until the headers of a request (type 1) have come.
            while head[3] != 1 {
                stream.read_exact(&mut head).await.unwrap();
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut rest = vec![0; length.try_into().unwrap()];
                stream.read_exact(&mut rest).await.unwrap();
            }
            stream.write_all(&GOAWAY).await.unwrap();
            // It stays open until the client leaves.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    let server = Server::start(&["h2"], asked, serve).await;
    let client = server.client(LONG);
    let answer = client.carry(request(Method::POST, &server.url)).await;
    assert_eq!(answer.unwrap().into_body(), "yes");
    assert_eq!((server.asked(), server.connections()), (1, 2));
}

#[tokio::test]
async fn what_github_may_have_done_is_not_sent_again() {
    let server = Server::h2(|nth| if nth == 1 { Does::End } else { Does::Answer }).await;
    let client = server.client(LONG);
    let ask = || client.carry(request(Method::POST, &server.url));
    ask().await.unwrap();
    assert_eq!(ask().await.unwrap_err(), LOST);
    assert_eq!(server.asked(), 2);
    ask().await.unwrap();
    assert_eq!((server.asked(), server.connections()), (3, 2));
}

#[tokio::test]
async fn a_connection_that_has_died_is_left() {
    let server = Server::h2(|nth| if nth == 1 { Does::Die } else { Does::Answer }).await;
    let client = server.client(Duration::from_secs(4));
    let ask = || client.carry(request(Method::GET, &server.url));
    ask().await.unwrap();
    let lost = ask().await.unwrap_err();
    assert!([LATE, LOST].contains(&lost.as_str()), "{lost}");
    // Who asks before that is noticed waits in vain, too.
    while let Err(lost) = ask().await {
        assert!([LATE, LOST].contains(&lost.as_str()), "{lost}");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_was_idle_has_all_the_time_for_its_answer() {
    const PATIENCE: Duration = Duration::from_secs(2);
    const WHILE: Duration = Duration::from_millis(1200);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut taken = [0; 1000];
        let mut nth = 0;
        while let Ok(1..) = stream.read(&mut taken).await {
            // Only the first answer comes at once.
            if nth > 0 {
                tokio::time::sleep(WHILE).await;
            }
            nth += 1;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes";
            stream.write_all(answer).await.unwrap();
        }
    });
    let timeouts = Timeouts {
        connect: LONG,
        read: PATIENCE,
    };
    let client = Http::new(crate::tls::client_config().unwrap(), timeouts);
    let ask = || client.carry(request(Method::GET, &url));
    ask().await.unwrap();
    tokio::time::sleep(WHILE).await;
    ask().await.unwrap();
}
