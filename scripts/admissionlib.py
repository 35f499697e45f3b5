"""Shared by the scripts that put load on the admission service: its process, its peers, requests, and programs that send them."""

import asyncio
import contextlib
import http.client
import http.server
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from benchlib import cpu_seconds, free_port

CONNECTIONS = 32
TRUST_ALL = ssl._create_unverified_context()
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=TRUST_ALL))

# Sends one body and counts; with `references`, each request has references of its own, whose number replaces the text {}.
LUA = """
local file = io.open(%(body)s)
local body = file:read("*a")
file:close()
local count, last = 0, %(last)d
wrk.method = "POST"
wrk.body = body
wrk.headers["Content-Type"] = "application/json"
if last > 0 then
  request = function()
    count = count + 1
    return wrk.format(nil, nil, nil, (body:gsub("{}", tostring(count))))
  end
  local answered = 0
  response = function()
    answered = answered + 1
    if answered == last then
      -- Without a signal, wrk waits for the end of its duration. It ignores this one while it waits for the shell.
      os.execute("(sleep 0.05; kill -INT $PPID) &")
      wrk.thread:stop()
    end
  end
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("\\nfigures %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def certificate(folder):
    """Creates a certificate for 127.0.0.1 that is its own authority. Returns the files of the certificate and of the key."""
    files = [os.path.join(folder, name) for name in ("tls.crt", "tls.key")]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=bench",
               "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return files


def listens(port):
    """Whether something listens on the port of the loopback address."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


class Service:
    """A process that answers requests at an address."""

    def __init__(self, command, env, log):
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def wait_for(self, what, is_ready):
        """Waits until the process is ready. Ends with its output if it is not, within 20 s."""
        end = time.monotonic() + 20
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                sys.exit(f"{what} does not start:\n{self.said()}")
            time.sleep(0.02)

    def said(self):
        return Path(self.log).read_text(errors="replace")[-4000:]

    def memory(self):
        """The resident memory and its peak, in MiB."""
        status = dict(line.split(":", 1) for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines())
        return [int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]

    def cpu(self):
        return cpu_seconds(self.process)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Admission(Service):
    """`admission serve` with one policy, which trusts the profiles. `tls` is a certificate and its key, or None.

    `sections` are sections of the configuration in place of those here.
    """

    def __init__(self, program, folder, name, env, profiles, root, tls, mirror=None, level="info", **sections):
        self.port, self.operations = free_port(), free_port()
        config = {
            "version": 1,
            "server": {
                "listen": f"127.0.0.1:{self.port}", "operations": f"127.0.0.1:{self.operations}",
                "adapters": ["kubernetes", "gatekeeper", "verify"],
                **({"tls": dict(zip(("certificate", "key"), tls))} if tls else {"plain": True}),
            },
            "policies": {"default": {"trustedProfiles": profiles, "roots": [root]}},
            "rules": [{"policy": "default", "action": "enforce"}],
            # The pull secrets of Pods would need a cluster.
            "kubernetes": {"pullSecrets": "none"},
            # The quota of AWS would be what is measured.
            "aws": {"revocation": {"rate": 10_000}},
            "log": {"level": level},
            **sections,
        }
        if mirror:
            config["registries"] = [{"host": "*.bench.test", "mirror": mirror}]
        # JSON is YAML, too.
        file = Path(folder, f"{name}.yaml")
        file.write_text(json.dumps(config, indent=1))
        super().__init__([program, "admission", "serve", "--config", str(file)], env, os.path.join(folder, f"{name}.log"))
        self.wait_for(f"{program} admission serve", self.is_ready)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def is_ready(self):
        try:
            return OPENER.open(f"http://127.0.0.1:{self.operations}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def metrics(self):
        """The samples of /metrics: the values by the names with their labels."""
        text = OPENER.open(f"http://127.0.0.1:{self.operations}/metrics", timeout=20).read().decode()
        lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}


class Bare(Service):
    """The example `bare` of crates/admission. Listens on two ports."""

    def __init__(self, program, folder, tls):
        plain, encrypted = free_port(), free_port()
        self.urls = {False: f"http://127.0.0.1:{plain}", True: f"https://127.0.0.1:{encrypted}"}
        super().__init__([program, f"127.0.0.1:{plain}", f"127.0.0.1:{encrypted}", *tls], os.environ, os.path.join(folder, "bare.log"))
        self.wait_for(program, lambda: listens(plain) and listens(encrypted))


class Ratify(Service):
    """Ratify with its notation verifier, for images of the registry on this port. `tls` is a certificate and its key, or None."""

    def __init__(self, program, folder, registry, root, tls):
        self.port = free_port()
        executor = {
            "scopes": [f"127.0.0.1:{registry}"],
            "verifiers": [{"name": "notation", "type": "notation", "parameters": {"certificates": [{"type": "signingAuthority", "files": [root]}]}}],
            "stores": [{"type": "registry-store", "parameters": {"plainHttp": True, "credential": {"provider": "static"}}}],
            "policyEnforcer": {"type": "threshold-policy", "parameters": {"policy": {"rules": [{"verifierName": "notation"}]}}},
        }
        config = Path(folder, "ratify.json")
        config.write_text(json.dumps({"executors": [executor]}))
        # It demands a cluster, which it does not call without its certificates and resources.
        cluster = Path(folder, "no-cluster.yaml")
        cluster.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}], "users": [],
            "contexts": [{"name": "none", "context": {"cluster": "none", "user": ""}}], "current-context": "none",
        }))
        command = [program, "--address", f"127.0.0.1:{self.port}", "--config", str(config), "--disable-cert-rotation", "--disable-mutation",
                   "--disable-crd-manager", *(["--cert-file", tls[0], "--key-file", tls[1]] if tls else [])]
        super().__init__(command, {**os.environ, "KUBECONFIG": str(cluster), "HOME": folder}, os.path.join(folder, "ratify.log"))
        self.wait_for(program, lambda: listens(self.port))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"


class RedisServer(Service):
    """A redis-server that forgets everything at its end, with the key that authenticates what replicas write."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.key = Path(folder, "redis.key")
        self.key.write_text(os.urandom(32).hex())
        self.begin()

    def begin(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        super().__init__(command, os.environ, os.path.join(self.folder, "redis.log"))
        self.wait_for("redis-server", lambda: listens(self.port))

    def settings(self, timeout="50ms"):
        """`cache.redis` of the configuration."""
        return {"url": f"redis://127.0.0.1:{self.port}/0", "keyFiles": [str(self.key)], "timeout": timeout}

    def command(self, *words):
        """Runs a command. Returns the answer as the protocol has it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(f"{' '.join(words)}\r\n".encode())
            return connection.recv(65536).decode(errors="replace")


class CountingProxy:
    """Passes requests on to a server, and counts them by what they ask for. It is slow.

    `fault` is what it does in place of that: `hang`, `reset`, `garbage`, `endless`, or an HTTP status. None passes requests on.
    """

    FAULTS = ("hang", "reset", "503", "429", "garbage", "endless")

    def __init__(self, target):
        self.counts, self.fault = Counter(), None
        proxy, (host, port) = self, target.split("://")[1].split(":")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                proxy.counts[proxy.kind(self.command, self.path)] += 1
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if proxy.fault:
                    self.close_connection = True
                    return self.fail(proxy.fault)
                connection = http.client.HTTPConnection(host, int(port), timeout=30)
                # The signature of a request to AWS covers its headers, also that of the host.
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "date", "server", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(answer.headers["Content-Length"] if self.command == "HEAD" else len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            def fail(self, fault):
                if fault == "hang":
                    # Until the client gives up: its end of the connection becomes readable.
                    select.select([self.connection], [], [], 60)
                elif fault == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                elif fault in ("garbage", "endless"):
                    length = "" if fault == "endless" else "Content-Length: 64\r\n"
                    self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n".encode())
                    self.wfile.write(os.urandom(64))
                    with contextlib.suppress(OSError):
                        while fault == "endless" and proxy.fault == fault:
                            self.wfile.write(os.urandom(4096))
                            time.sleep(0.05)
                else:
                    self.wfile.write(f"HTTP/1.1 {fault} No\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n".encode())

            do_GET = do_HEAD = do_POST = do_PUT = pass_on

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, *_):
                # A client that gave up.
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def kind(method, path):
        parts = path.partition("?")[0].strip("/").split("/")
        for name in ("referrers", "manifests", "blobs", "revocations"):
            if name in parts:
                return name
        return f"{method} {path.partition('?')[0]}"

    def stop(self):
        self.server.shutdown()


def post(url, body):
    """Sends a request. Returns the status and the body of the answer."""
    request = urllib.request.Request(url, body, headers={"Content-Type": "application/json"})
    try:
        answer = OPENER.open(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.read()


def wrk(folder, url, body, seconds, connections=CONNECTIONS, last=0):
    """Sends the body for so many seconds, or `last` bodies with numbers in place of {}.

    Returns the requests, the seconds, the milliseconds of the 50th and of the 99th percentile, and the bad answers.
    """
    file, script = Path(folder, "body"), Path(folder, "load.lua")
    file.write_bytes(body)
    script.write_text(LUA % {"body": json.dumps(str(file)), "last": last})
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s", "-s", str(script), url]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 60).stdout
    requests, duration, p50, p99, bad = map(int, out.rpartition("figures ")[2].split())
    return requests, duration / 1e6, p50 / 1e3, p99 / 1e3, bad


def h2load(folder, url, body, seconds, connections=CONNECTIONS, streams=1):
    """As `wrk`, by HTTP/2 with so many streams a connection."""
    file, log = Path(folder, "body"), Path(folder, "h2load.log")
    file.write_bytes(body)
    log.unlink(missing_ok=True)
    command = ["h2load", "-t", "1", "-c", str(connections), "-m", str(streams), "-D", str(seconds), "-d", str(file), "-H", "content-type: application/json",
               f"--log-file={log}", url]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=seconds + 60)
    rows = [line.split("\t")[:3] for line in log.read_text().splitlines()]
    times = sorted(int(micros) for _, _, micros in rows)
    bad = sum(status != "200" for _, status, _ in rows)
    at = lambda part: times[min(len(times) - 1, int(len(times) * part))] / 1000 if times else 0
    return len(rows), seconds, at(0.5), at(0.99), bad


async def _post_each(port, path, bodies, connections):
    """Sends each body once, over so many connections without TLS. Returns the seconds and the answers."""
    waiting, answers = list(enumerate(bodies))[::-1], [None] * len(bodies)
    pairs = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(connections)))

    async def work(reader, writer):
        while waiting:
            number, body = waiting.pop()
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
            answers[number] = int(lines[0].split()[1]), await reader.readexactly(length)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(work(*pair) for pair in pairs))
    return time.perf_counter() - started, answers


def post_each(port, path, bodies, connections=CONNECTIONS):
    return asyncio.run(_post_each(port, path, bodies, connections))


def gatekeeper(references):
    """The body of a request of Gatekeeper."""
    return json.dumps({"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": {"keys": references}}).encode()


def review(reference):
    """An AdmissionReview of a Pod with what deployments have: labels, probes, variables, volumes and who set which field."""
    container = {
        "name": "app", "image": reference, "imagePullPolicy": "IfNotPresent", "args": ["--listen", ":8080", "--log-format", "json"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"name": "metrics", "containerPort": 9090, "protocol": "TCP"}],
        "env": [{"name": f"SETTING_{n}", "value": f"value of setting {n}"} for n in range(12)]
               + [{"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
                  {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "app", "key": "password"}}}],
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        **{name: {"httpGet": {"path": path, "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
                  "failureThreshold": 3} for name, path in (("livenessProbe", "/livez"), ("readinessProbe", "/readyz"))},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app", "readOnly": True}, {"name": "tmp", "mountPath": "/tmp"},
                         {"name": "kube-api-access", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
    }
    fields = {f"k:{{\"name\":\"SETTING_{n}\"}}": {".": {}, "f:name": {}, "f:value": {}} for n in range(12)}
    labels = {"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "production", "pod-template-hash": "6d5f7c9b8d"}
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "app-6d5f7c9b8d-x7k2p", "generateName": "app-6d5f7c9b8d-", "namespace": "production", "labels": labels,
            "uid": "6b2d1a0e-8c57-4a3d-9f6e-0e7f5a1c2b3d", "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"prometheus.io/scrape": "true", "checksum/config": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "app-6d5f7c9b8d", "controller": True, "blockOwnerDeletion": True,
                                 "uid": "b1f0c6a2-3d44-4f0b-8a57-5f3c9d7e1a20"}],
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
                               "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {
                                   ".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:name": {}, "f:env": {".": {}, **fields}}}}}}],
        },
        "spec": {
            "containers": [container], "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "app", "serviceAccount": "app", "securityContext": {"fsGroup": 1000}, "schedulerName": "default-scheduler",
            "volumes": [{"name": "config", "configMap": {"name": "app", "defaultMode": 420}}, {"name": "tmp", "emptyDir": {}},
                        {"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": [
                            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}}],
            "tolerations": [{"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                            for what in ("not-ready", "unreachable")],
            "preemptionPolicy": "PreemptLowerPriority", "enableServiceLinks": True, "priority": 0,
        },
        "status": {},
    }
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"}, "name": "app-6d5f7c9b8d-x7k2p", "namespace": "production",
        "operation": "CREATE", "object": pod, "oldObject": None, "dryRun": False, "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller", "uid": "1b2c3d4e",
                     "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]},
    }
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()


def plain(references):
    """The body of a request of the plain form."""
    return json.dumps({"images": references, "namespace": "production"}).encode()
