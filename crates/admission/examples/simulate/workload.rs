//! What a cluster asks: a list of requests, the same for the same seed. The simulation plays it into its model, and a
//! test into real services.

use std::time::Duration;

use fastrand::Rng;

/// A cluster and what happens in it.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    pub nodes: u32,
    /// The Pods that start on a node in an hour.
    pub pods: f64,
    /// The different images of Pods. Their popularity follows Zipf's law.
    pub images: u32,
    /// The exponent of Zipf's law: the larger, the fewer images most Pods have.
    pub zipf: f64,
    /// The containers of a Pod: one has its own image, the others have those of sidecars.
    pub containers: u32,
    /// How often an image gets a new version, by the hour.
    pub releases: f64,
    pub api_servers: u32,
    pub replicas: u32,
    /// How long an API server keeps its connection to one replica.
    pub connection: Duration,
    /// How long it goes on.
    pub time: Duration,
    /// How many images there are besides those of Pods.
    pub sidecars: u32,
}

/// A version of an image. Each is signed by a job of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Image {
    pub number: u32,
    pub version: u32,
}

/// One Pod: the API server asks `/mutate` with tags, and then `/validate` with the digests that it was given.
#[derive(Debug, Clone)]
pub struct Pod {
    pub at: Duration,
    /// The API server that asks.
    #[allow(dead_code, reason = "the test plays the Pods of each server in their order")]
    pub server: u32,
    /// The replica that its connection leads to.
    pub replica: u32,
    pub images: Vec<Image>,
}

impl Workload {
    /// All Pods, in their order.
    pub fn pods(&self, seed: u64) -> Vec<Pod> {
        let mut rng = Rng::with_seed(seed);
        let zipf = Zipf::new(self.images, self.zipf);
        let mut connections: Vec<Connection> = (0..self.api_servers).map(|_| Connection::new(self, &mut rng)).collect();
        let mut versions: Vec<u32> = vec![0; self.images as usize];
        let rate = f64::from(self.nodes) * self.pods / 3600.0;
        let releasing = f64::from(self.images) * self.releases / 3600.0;
        let (mut at, mut released) = (pause(rate, &mut rng), pause(releasing, &mut rng));
        let mut pods = Vec::new();
        while at < self.time.as_secs_f64() {
            while released < at {
                let released_image = rng.usize(..versions.len());
                versions[released_image] += 1;
                released += pause(releasing, &mut rng);
            }
            let now = Duration::from_secs_f64(at);
            let server = rng.u32(..self.api_servers);
            let replica = connections[server as usize].replica(now, self, &mut rng);
            let number = zipf.pick(&mut rng);
            let own = Image { number, version: versions[number as usize] };
            // The sidecars come after the images of Pods, and never change.
            let sidecars = (0..(self.containers - 1).min(self.sidecars))
                .map(|place| Image { number: self.images + place, version: 0 });
            let images = std::iter::once(own).chain(sidecars).collect();
            pods.push(Pod { at: now, server, replica, images });
            at += pause(rate, &mut rng);
        }
        pods
    }
}

/// The time until the next of many independent events.
fn pause(rate: f64, rng: &mut Rng) -> f64 {
    if rate <= 0.0 { f64::INFINITY } else { -(1.0 - rng.f64()).ln() / rate }
}

/// The connection of an API server.
struct Connection {
    replica: u32,
    until: Duration,
}

impl Connection {
    /// They do not end at the same moment.
    fn new(workload: &Workload, rng: &mut Rng) -> Self {
        Self { replica: rng.u32(..workload.replicas), until: workload.connection.mul_f64(rng.f64()) }
    }

    fn replica(&mut self, now: Duration, workload: &Workload, rng: &mut Rng) -> u32 {
        while self.until <= now {
            (self.replica, self.until) = (rng.u32(..workload.replicas), self.until + workload.connection);
        }
        self.replica
    }
}

/// Zipf's law: the image of rank r is picked 1/r^exponent as often as the first.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(count: u32, exponent: f64) -> Self {
        let mut sum = 0.0;
        let mut sums: Vec<f64> = (1..=count)
            .map(|rank| {
                sum += f64::from(rank).powf(-exponent);
                sum
            })
            .collect();
        sums.iter_mut().for_each(|part| *part /= sum);
        Self(sums)
    }

    fn pick(&self, rng: &mut Rng) -> u32 {
        let at = rng.f64();
        u32::try_from(self.0.partition_point(|part| *part < at).min(self.0.len() - 1)).unwrap_or(0)
    }
}
