//! The clients: with or without TLS, direct or through a proxy.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use connect::{Authorities, Proxies, Proxy};
use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore};

use crate::error::{HttpClientError, causes};
use crate::reach::Reach;
use crate::resolver::Resolver;
use crate::verifier::{Verifier, VerifierError};

const CONNECT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept.
const UNUSED: Duration = Duration::from_secs(30);
/// The most unused connections to one host that a client keeps, and the most hosts that it keeps connections to. The
/// names of hosts come from images and servers, which are not trusted: one connection for each of a million would use
/// up the memory.
const MAX_UNUSED: usize = 32;
const MAX_HOSTS: usize = 128;
const USER_AGENT: &str = concat!("notation-aws-signer/", env!("CARGO_PKG_VERSION"));

/// The clients of one set of options.
#[derive(Debug)]
pub struct HttpClients {
    ca_files: Vec<PathBuf>,
    idle: Duration,
    proxies: Arc<Proxies>,
    tls: OnceLock<ClientConfig>,
    slots: [Mutex<Option<Slot>>; 8],
}

/// A client for some kind of requests.
#[derive(Debug)]
struct Slot {
    client: Client,
    /// Shared by the clients that follow each other in a slot: it keeps what names meant at first.
    resolver: Resolver,
    /// The hosts that the client was used for.
    hosts: HashSet<String>,
}

/// Whether the limit on the silence of a connection applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The connection fails after the limit without data.
    Bounded,
    /// The server may be silent for any time, for example while it receives a body.
    Allowed,
}

impl HttpClients {
    /// Clients that trust the certificates in these files in addition to the system's. `idle` limits the silence of a
    /// connection. The proxies are those of the environment.
    #[must_use]
    pub fn new(ca_files: Vec<PathBuf>, idle: Duration) -> Self {
        let (tls, slots) = Default::default();
        Self { ca_files, idle, proxies: Arc::new(Proxies::from_environment()), tls, slots }
    }

    /// The client for requests to this URL. With a proxy, only the proxy's name is resolved here, whatever the reach.
    ///
    /// # Errors
    /// Returns [`HttpClientError`] if a file with certificates or the proxy cannot be used, or the system does not
    /// provide what a client needs.
    pub fn client_for(&self, url: &Url, reach: Reach, silence: Silence) -> Result<Client, HttpClientError> {
        let proxy = self.proxies.for_url(url).map_err(HttpClientError::Proxy)?;
        let tls = url.scheme() == "https" || proxy.is_some_and(Proxy::uses_tls);
        // The environment names the proxy, which may be on this machine.
        let reach = if proxy.is_some() { Reach::Anywhere } else { reach };
        let [silent, elsewhere] = [silence == Silence::Allowed, reach == Reach::Elsewhere].map(usize::from);
        // Ignores poisoning: a panic cannot leave the slot half-changed.
        let slot = &self.slots[silent * 4 + elsewhere * 2 + usize::from(tls)];
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let host = url.authority();
        if let Some(known) = slot.as_mut() {
            if known.hosts.contains(host) {
                return Ok(known.client.clone());
            }
            if known.hosts.len() < MAX_HOSTS {
                known.hosts.insert(host.to_owned());
                return Ok(known.client.clone());
            }
        }
        // The connections of the client before end with their requests.
        let resolver = slot.as_ref().map_or_else(|| Resolver::new(reach), |known| known.resolver.clone());
        let client = self.make(tls, resolver.clone(), silence)?;
        *slot = Some(Slot { client: client.clone(), resolver, hosts: HashSet::from([host.to_owned()]) });
        Ok(client)
    }

    /// Reads the files with certificates, so that an error shows and the first request is not delayed.
    ///
    /// # Errors
    /// Returns [`HttpClientError`] if a file with certificates cannot be used, or the system does not provide what a
    /// client needs.
    pub fn prepare(&self) -> Result<(), HttpClientError> {
        self.known_tls_config().map(drop)
    }

    /// The proxy for requests to this URL, as it is shown: its address and the variable that names it.
    #[must_use]
    pub fn proxy_for(&self, url: &Url) -> Option<String> {
        self.proxies.for_url(url).ok().flatten().map(ToString::to_string)
    }

    /// The causes of an error in one line, with the proxy if there was one, and without the URL, which callers show in
    /// the request line.
    #[must_use]
    pub fn explain(&self, error: &reqwest::Error) -> String {
        let why = causes(error);
        match error.url() {
            Some(url) => self.with_proxy(url, why),
            None => why,
        }
    }

    /// Adds the proxy for this URL to the reason of a failure, if there is one.
    #[must_use]
    pub fn with_proxy(&self, url: &Url, why: String) -> String {
        match self.proxy_for(url) {
            Some(proxy) => format!("{why} (through the proxy {proxy})"),
            None => why,
        }
    }

    fn make(&self, tls: bool, resolver: Resolver, silence: Silence) -> Result<Client, HttpClientError> {
        let proxies = Arc::clone(&self.proxies);
        let proxy = move |url: &Url| proxies.for_url(url).ok().flatten().map(|proxy| proxy.url().clone());
        let mut builder = Client::builder()
            .tls_backend_preconfigured(if tls { self.known_tls_config()? } else { without_authorities()? })
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .dns_resolver(Arc::new(resolver))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(UNUSED)
            .pool_max_idle_per_host(MAX_UNUSED)
            .proxy(reqwest::Proxy::custom(proxy))
            .user_agent(USER_AGENT);
        if silence == Silence::Bounded {
            builder = builder.read_timeout(self.idle);
        }
        builder.build().map_err(|why| HttpClientError::Client(causes(&why)))
    }

    /// The configuration of TLS. Its files and those of the system are read once.
    fn known_tls_config(&self) -> Result<ClientConfig, HttpClientError> {
        if let Some(known) = self.tls.get() {
            return Ok(known.clone());
        }
        // Concurrent callers may read the files several times.
        let config = self.tls_config()?;
        Ok(self.tls.get_or_init(|| config).clone())
    }

    fn tls_config(&self) -> Result<ClientConfig, HttpClientError> {
        let mut named = Authorities::default();
        for file in &self.ca_files {
            named.extend(Authorities::from_file(file).map_err(HttpClientError::Authorities)?);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Verifier::new(Authorities::of_the_system(), named, Arc::clone(&provider));
        let verifier = verifier.map_err(|why| match why {
            VerifierError::Authorities(why) => HttpClientError::Authorities(why),
            VerifierError::Tls(why) => HttpClientError::Client(why),
        })?;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|why| HttpClientError::Client(why.to_string()))?;
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        Ok(with_protocols(builder.with_no_client_auth()))
    }
}

/// The configuration of a client that never uses TLS. reqwest demands one.
fn without_authorities() -> Result<ClientConfig, HttpClientError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|why| HttpClientError::Client(why.to_string()))?;
    Ok(with_protocols(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()))
}

fn with_protocols(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    /// A server that keeps its connections, and counts those that are open. Returns its URL.
    fn server(open: &Arc<AtomicUsize>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let count = Arc::clone(open);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let count = Arc::clone(&count);
                thread::spawn(move || {
                    answer(stream);
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        url.parse().unwrap()
    }

    fn answer(mut stream: TcpStream) {
        let mut request = [0; 4096];
        while let Ok(1..) = stream.read(&mut request) {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    }

    #[tokio::test]
    async fn keeps_connections_to_a_bounded_number_of_hosts() {
        let open = Arc::<AtomicUsize>::default();
        let hosts: Vec<Url> = (0..2 * MAX_HOSTS + 10).map(|_| server(&open)).collect();
        let clients = HttpClients::new(Vec::new(), Duration::from_secs(20));
        let get = async |url: &Url| {
            let client = clients.client_for(url, Reach::Anywhere, Silence::Bounded).unwrap();
            client.get(url.clone()).send().await.unwrap().bytes().await.unwrap();
        };
        for host in &hosts {
            get(host).await;
        }
        let wait = async {
            while open.load(Ordering::SeqCst) != 10 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
        // The connections to the last hosts are kept, and used.
        for _ in 0..5 {
            get(hosts.last().unwrap()).await;
        }
        assert_eq!(open.load(Ordering::SeqCst), 10);
    }
}
