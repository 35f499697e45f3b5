//! An API server that keeps objects and their versions, as far as this service uses it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::cluster::tests::server::{ApiServer, Reply};

/// The objects by their paths.
#[derive(Default)]
pub struct Store {
    pub objects: BTreeMap<String, Value>,
    version: u64,
    /// Requests that begin so are forbidden: `POST /api/v1/namespaces/n/secrets`.
    pub forbidden: Vec<&'static str>,
    /// How many objects were created at these paths.
    pub created: Vec<String>,
}

pub struct Api {
    server: ApiServer,
    store: Arc<Mutex<Store>>,
}

impl Api {
    pub async fn start() -> Self {
        let store = Arc::<Mutex<Store>>::default();
        let kept = Arc::clone(&store);
        let server = ApiServer::start(move |request| kept.lock().unwrap().answer(request)).await;
        Self { server, store }
    }

    pub fn cluster(&self) -> Cluster {
        Cluster::with_client(self.server.client.clone(), None)
    }

    pub fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    pub fn requests(&self) -> Vec<String> {
        self.server.requests()
    }
}

impl Store {
    pub fn put(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    fn answer(&mut self, request: &str) -> Reply {
        let (method, rest) = match request.split_once(' ') {
            Some((method, rest)) => (method, rest),
            None => ("GET", request),
        };
        let mut words = rest.splitn(3, ' ');
        let path = words.next().unwrap().split('?').next().unwrap().to_owned();
        if let Some(what) = self.forbidden.iter().find(|what| format!("{method} {path}").starts_with(*what)) {
            return status(403, &format!("User \"admission\" cannot {what}"));
        }
        if method == "GET" {
            return match self.objects.get(&path) {
                Some(object) => Reply::Body(200, object.to_string()),
                None => status(404, "not found"),
            };
        }
        let media_type = words.next().unwrap().to_owned();
        let body: Value = serde_json::from_str(words.next().unwrap()).unwrap();
        if method == "POST" {
            let path = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap());
            if self.objects.contains_key(&path) {
                return status(409, "already exists");
            }
            self.created.push(path.clone());
            return Reply::Body(201, self.put(&path, body).to_string());
        }
        let Some(found) = self.objects.get(&path).cloned() else { return status(404, "not found") };
        if body["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"] {
            return status(409, "the object has been modified");
        }
        let object = match method {
            "PUT" => body,
            _ => {
                assert_eq!(media_type, "application/strategic-merge-patch+json");
                patched(found, &body)
            }
        };
        Reply::Body(200, self.put(&path, object).to_string())
    }
}

/// A strategic merge patch of a webhook configuration, whose list is merged by name.
fn patched(mut object: Value, patch: &Value) -> Value {
    for change in patch["webhooks"].as_array().unwrap() {
        let webhooks = object["webhooks"].as_array_mut().unwrap();
        let webhook = webhooks.iter_mut().find(|webhook| webhook["name"] == change["name"]).unwrap();
        for (member, value) in change["clientConfig"].as_object().unwrap() {
            webhook["clientConfig"][member] = value.clone();
        }
    }
    object
}

fn status(code: u16, message: &str) -> Reply {
    Reply::Body(code, json!({ "kind": "Status", "message": message, "code": code }).to_string())
}
