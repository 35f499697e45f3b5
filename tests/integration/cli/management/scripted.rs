//! AWS Signer as a script: a function from requests to answers.

use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::fault::{FaultServer, Reply, Request};

pub const REGION: &str = "us-west-2";
pub const ACCOUNT: &str = "111122223333";
pub const OTHER_ACCOUNT: &str = "444455556666";

/// A scripted service and the tool.
pub struct Scripted {
    pub server: FaultServer,
    pub cli: Cli,
}

impl Scripted {
    pub fn new(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Scripted {
        let server = FaultServer::start(script);
        let cli = Cli::at(format!("http://{}", server.address));
        Scripted { server, cli }
    }

    /// Method and path of each request so far, without the query.
    pub fn calls(&self) -> Vec<String> {
        let line = |request: &Request| format!("{} {}", request.method, request.path.split('?').next().unwrap());
        self.server.seen().iter().map(line).collect()
    }

    /// The bodies of the requests with this method.
    pub fn bodies(&self, method: &str) -> Vec<Value> {
        let seen = self.server.seen();
        let sent = seen.iter().filter(|request| request.method == method);
        sent.map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
    }
}

pub fn answer(value: &Value) -> Reply {
    Reply::content("application/json", value.to_string())
}

/// An error of AWS Signer.
pub fn error(status: u16, code: &str, message: &str) -> Reply {
    let headers = vec![
        ("Content-Type", "application/json".to_owned()),
        ("x-amzn-ErrorType", code.to_owned()),
        ("x-amzn-RequestId", "request-1".to_owned()),
    ];
    Reply::Answer(status, headers, json!({ "message": message }).to_string().into_bytes())
}

pub fn not_found() -> Reply {
    error(404, "ResourceNotFoundException", "A specified resource could not be found.")
}

pub fn profile_arn(account: &str, name: &str) -> String {
    format!("arn:aws:signer:{REGION}:{account}:/signing-profiles/{name}")
}

/// A signing profile as GetSigningProfile and ListSigningProfiles answer.
pub fn profile(name: &str, status: &str) -> Value {
    let arn = profile_arn(ACCOUNT, name);
    json!({
        "arn": arn,
        "profileName": name,
        "profileVersion": "Ab12Cd34Ef",
        "profileVersionArn": format!("{arn}/Ab12Cd34Ef"),
        "platformId": "Notation-OCI-SHA384-ECDSA",
        "platformDisplayName": "Notation for container registries",
        "signatureValidityPeriod": { "type": "MONTHS", "value": 135 },
        "signingMaterial": {},
        "status": status,
        "tags": {},
    })
}

/// A signing job as DescribeSigningJob answers.
pub fn job(id: &str, status: &str, reason: &str) -> Value {
    json!({
        "jobId": id,
        "jobOwner": ACCOUNT,
        "jobInvoker": ACCOUNT,
        "profileName": "functions",
        "profileVersion": "Ab12Cd34Ef",
        "platformId": "AWSLambda-SHA384-ECDSA",
        "createdAt": 1_764_000_000.25,
        "signatureExpiresAt": 2_119_000_000,
        "requestedBy": format!("arn:aws:iam::{ACCOUNT}:root"),
        "source": { "s3": { "bucketName": "in", "key": "app.zip", "version": "v1" } },
        "signedObject": { "s3": { "bucketName": "out", "key": format!("app-{id}.zip") } },
        "status": status,
        "statusReason": reason,
    })
}
