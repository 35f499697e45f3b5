"""Shared by the benchmarks: starting services, measuring whole processes, printing tables."""

import ctypes
import datetime
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

REGION = "us-west-2"
PLUGIN = "com.amazonaws.signer.notation.plugin"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
PR_SET_CHILD_SUBREAPER = 36


class LocalSigner:
    """Starts a local signing service."""

    def __init__(self, program, host, folder):
        self.folder = folder
        said = Path(folder + ".output")
        with open(said, "wb") as output:
            self.process = subprocess.Popen(
                [program, "local-signer", "serve", "--listen", "127.0.0.1:0", "--dir", folder],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            )
        end = time.monotonic() + 20
        while not (found := re.search(r"(https?)://127\.0\.0\.1:(\d+)\b.*\n", said.read_text(errors="replace"))):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                sys.exit(f"{program} local-signer serve did not print its endpoint: {said.read_text(errors='replace')}")
            time.sleep(0.02)
        self.endpoint = f"{found[1]}://{host}:{found[2]}"

    def put_profile(self, name):
        """Creates a signing profile. Returns its ARN."""
        keys = dict(re.findall(r"^\s*(\w+)\s*=\s*(\S+)", Path(self.folder, "credentials").read_text(), re.M))
        body = json.dumps({"platformId": "Notation-OCI-SHA384-ECDSA"}).encode()
        answer = signed_request(self.endpoint, "PUT", f"/signing-profiles/{name}", body, keys)
        return json.loads(answer)["arn"]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def signed_request(endpoint, method, path, body, keys):
    """Sends one request with AWS Signature Version 4. Returns the body of the answer."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    host, scope = endpoint.split("://")[1], f"{now[:8]}/{REGION}/signer/aws4_request"
    sha = lambda data: hashlib.sha256(data).hexdigest()
    mac = lambda key, text: hmac.new(key, text.encode(), hashlib.sha256).digest()
    names = "content-type;host;x-amz-date"
    headers = f"content-type:application/json\nhost:{host}\nx-amz-date:{now}\n"
    canonical = "\n".join([method, path, "", headers, names, sha(body)])
    key = ("AWS4" + keys["aws_secret_access_key"]).encode()
    for part in scope.split("/"):
        key = mac(key, part)
    signature = mac(key, "\n".join(["AWS4-HMAC-SHA256", now, scope, sha(canonical.encode())])).hex()
    credential = f"{keys['aws_access_key_id']}/{scope}"
    request = urllib.request.Request(endpoint + path, body, method=method, headers={
        "Content-Type": "application/json", "X-Amz-Date": now,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}",
    })
    try:
        return OPENER.open(request, timeout=20).read()
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error}: {error.read().decode(errors='replace')}")


def free_port():
    """A port of the loopback address that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for_port(process, program, port):
    """Waits until the process listens on the port of the loopback address."""
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{program} does not start")
            time.sleep(0.02)


class Registry:
    """Starts an olareg registry that keeps its content in memory."""

    def __init__(self, program, folder):
        self.port = free_port()
        arguments = ["serve", "--addr", "127.0.0.1", "--port", str(self.port), "--store-type", "mem", "--dir", folder]
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.process, program, self.port)

    def _request(self, method, path, body, media_type):
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, body, method=method, headers={"Content-Type": media_type})
        return OPENER.open(request, timeout=20)

    def _push_blob(self, repository, content):
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        begun = self._request("POST", f"/v2/{repository}/blobs/uploads/", b"", "application/octet-stream")
        location = begun.headers["Location"]
        self._request("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", content, "application/octet-stream")
        return {"digest": digest, "size": len(content)}

    def push_images(self, repository, count, tags=False):
        """Pushes `count` different images to the repository. Returns their references, by digest or by tag."""
        config = {**self._push_blob(repository, b"{}"), "mediaType": "application/vnd.oci.image.config.v1+json"}
        references = []
        for number in range(count):
            manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [], "annotations": {"number": str(number)}}
            content = json.dumps(manifest).encode()
            digest = "sha256:" + hashlib.sha256(content).hexdigest()
            self._request("PUT", f"/v2/{repository}/manifests/{f'v{number}' if tags else digest}", content, MANIFEST)
            references.append(f"127.0.0.1:{self.port}/{repository}{f':v{number}' if tags else f'@{digest}'}")
        return references

    def stop(self):
        self.process.terminate()
        self.process.wait()


def notation_home(home, root, profile, plugin):
    """Creates a configuration folder of notation with a strict trust policy for the profile, the root, and a plugin.

    Returns the environment variables that select it.
    """
    config = Path(home, "notation")
    store = config / "truststore/x509/signingAuthority/local"
    store.mkdir(parents=True)
    shutil.copy(root, store / "root.pem")
    policy = {"version": "1.0", "trustPolicies": [{
        "name": "bench", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
        "trustStores": ["signingAuthority:local"], "trustedIdentities": [profile],
    }]}
    (config / "trustpolicy.json").write_text(json.dumps(policy))
    folder = config / "plugins" / PLUGIN
    folder.mkdir(parents=True)
    target = folder / f"notation-{PLUGIN}"
    shutil.copy(plugin, target)
    target.chmod(0o755)
    return {"XDG_CONFIG_HOME": home, "HOME": home}


class Failed(Exception):
    """A command exited with a code other than 0."""


class Processes:
    """Runs and measures commands. Failed runs do not count: they would distort the figures."""

    def __init__(self, folder, env):
        self.env, self.folder = env, Path(folder)
        # Orphaned grandchildren become children of this process, so that it gets their resource usage.
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")

    def _files(self, stdin):
        """Standard input, output and error of a run, as files, so that no pipe can block."""
        create = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        return [
            (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self.folder / "stdout"), create, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, str(self.folder / "stderr"), create, 0o600),
        ]

    def _answer(self, argv, status):
        if os.waitstatus_to_exitcode(status) != 0:
            said = (self.folder / "stderr").read_text(errors="replace").strip()
            raise Failed(f"{' '.join(argv[:4])} failed: {said[:2000]}")
        return (self.folder / "stdout").read_text()

    def _insist(self, once, argv, stdin):
        """Returns the result of `once`. Prints failures and retries; exits after three failures in a row."""
        for attempt in (1, 2, 3):
            try:
                return once(argv, stdin)
            except Failed as error:
                print(f"attempt {attempt}: {error}", file=sys.stderr)
        sys.exit(1)

    def run(self, argv, stdin="/dev/null"):
        """Returns the seconds from starting the process to its end, and its output."""
        return self._insist(self._run, argv, stdin)

    def peak(self, argv, stdin="/dev/null"):
        """Returns the peak resident memory in MiB of the process, or of its largest child."""
        return self._insist(self._peak, argv, stdin)

    def _run(self, argv, stdin):
        started = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, self.env, file_actions=self._files(stdin))
        _, status, _ = os.wait4(pid, 0)
        elapsed = time.perf_counter() - started
        return elapsed, self._answer(argv, status)

    def _peak(self, argv, stdin):
        """Linux also counts the memory of a process before exec, which is that of Python if it is spawned from here. Therefore a
        shell, which is smaller than all measured programs, forks the process and exits; once the process is our child, it runs
        the program.
        """
        script = 'number=$1; shift; exec 3<&0; { read -r _ <&4; exec "$@" <&3 3<&- 4<&-; } & echo $! >"$number"'
        number = self.folder / "pid"
        gate, hold = os.pipe()
        actions = [*self._files(stdin), (os.POSIX_SPAWN_DUP2, gate, 4)]
        shell = os.posix_spawn("/bin/sh", ["sh", "-c", script, "sh", str(number), *argv], self.env, file_actions=actions)
        os.close(gate)
        os.wait4(shell, 0)
        os.close(hold)
        _, status, usage = os.wait4(int(number.read_text()), 0)
        self._answer(argv, status)
        return usage.ru_maxrss / 1024


def cpu_seconds(process):
    """The CPU time of a running process so far, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_folder():
    """A folder in memory, if available, so that the services' disk writes do not affect the measurements."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def without_credentials(env):
    """The environment without variables that take precedence over a shared credentials file."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
    return {**{name: value for name, value in env.items() if name not in names}, "AWS_EC2_METADATA_DISABLED": "true"}


def table(rows, left=2):
    """Prints a table. The first row is the heading, and the first `left` columns are left-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) if column < left else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
