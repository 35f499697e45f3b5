"""What the suites share: a local signer, clients for it, and the check of every answer against botocore's model.

The program is NOTATION_AWS_SIGNER_TOOL, or `notation-aws-signer` on the PATH.
"""

import atexit
import base64
import configparser
import functools
import itertools
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import shapes

TOOL = os.environ.get("NOTATION_AWS_SIGNER_TOOL", "notation-aws-signer")
REGION = "us-west-2"
ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
NOTATION = "Notation-OCI-SHA384-ECDSA"
LAMBDA = "AWSLambda-SHA384-ECDSA"
DEVICE = "AmazonFreeRTOS-Default"
FORMAT = "application/vnd.cncf.notary.payload.v1+json"
PAYLOAD = json.dumps({"targetArtifact": {"digest": "sha256:" + "ab" * 32, "size": 1}}).encode()

# The operations and errors that the suites have seen: (operation, error code or None).
SEEN = set()


class Signer:
    """A running local signer with a folder of its own."""

    def __init__(self, *options):
        self._folder = tempfile.TemporaryDirectory(prefix="signer-")
        self.dir = pathlib.Path(self._folder.name) / "signer"
        command = [TOOL, "local-signer", "serve", "--dir", str(self.dir), "--listen", "127.0.0.1:0", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.endpoint = None
        for line in self._process.stdout:
            _, found, address = line.partition("export AWS_ENDPOINT_URL_SIGNER=")
            if found:
                self.endpoint = address.strip()
                break
        if self.endpoint is None:
            self.stop()
            raise RuntimeError(f"the local signer did not start: {command}")
        # Whatever it prints later must not block it.
        threading.Thread(target=self._process.stdout.read, daemon=True).start()

    @functools.cache
    def certificate(self, algorithm="ECDSA"):
        """The ARN of a code signing certificate with a key for this algorithm, made by openssl and imported."""
        key = {"ECDSA": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "RSA": ["rsa:2048"]}[algorithm]
        files = ["--certificate", f"{algorithm}.pem", "--private-key", f"{algorithm}-key.pem"]
        usage = ["basicConstraints=critical,CA:FALSE", "keyUsage=digitalSignature", "extendedKeyUsage=codeSigning"]
        usage = [part for extension in usage for part in ("-addext", extension)]
        make = ["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-subj", "/CN=signer", *usage]
        run = functools.partial(subprocess.run, cwd=self._folder.name, check=True, capture_output=True, text=True)
        run([*make, "-out", files[1], "-keyout", files[3]])
        tool = [os.path.abspath(TOOL) if os.sep in TOOL else TOOL, "local-signer", "certificate", "import"]
        return run([*tool, "--dir", str(self.dir), "--region", REGION, *files]).stdout.strip()

    @property
    def credentials_file(self):
        return self.dir / "credentials"

    def keys(self, profile="default"):
        """The access key id, the secret, and the session token or None, of a profile of the credentials file."""
        file = configparser.ConfigParser()
        file.read(self.credentials_file)
        section = file[profile]
        return section["aws_access_key_id"], section["aws_secret_access_key"], section.get("aws_session_token")

    def session(self, profile="default", region=REGION):
        key, secret, token = self.keys(profile)
        return boto3.session.Session(key, secret, token, region)

    def client(self, profile="default", region=REGION, service="signer", checked=True, **config):
        """A client that does not retry. Every answer is compared with the model, unless `checked` is false."""
        settings = {"inject_host_prefix": False, "retries": {"total_max_attempts": 1}, "read_timeout": 20, **config}
        client = self.session(profile, region).client(service, endpoint_url=self.endpoint, config=Config(**settings))
        if checked:
            client.meta.events.register("after-call", observe)
        return client

    def environment(self, profile="default", region=REGION):
        """The variables that a program needs to use this signer, and no others that AWS's clients read."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            "AWS_ENDPOINT_URL_SIGNER": self.endpoint,
            "AWS_ENDPOINT_URL_SIGNER_DATA": self.endpoint,
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials_file),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_PROFILE": profile,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def stop(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()


def observe(http_response, parsed, model, **_):
    """Notes an answer, and checks that its body fits the model."""
    code = parsed.get("Error", {}).get("Code") if http_response.status_code >= 300 else None
    SEEN.add((model.name, code))
    problems = shapes.answer_problems(model, http_response.status_code, http_response.headers, http_response.content)
    if problems:
        raise AssertionError(f"{model.name} answers {http_response.content!r}: {'; '.join(problems)}")


@functools.cache
def shared_signer():
    """The signer of the tests that need none of their own; it stops with the process."""
    signer = Signer()
    atexit.register(signer.stop)
    return signer


_NUMBERS = itertools.count(1)
_REGIONS = iter(
    ["us-east-1", "us-east-2", "us-west-1", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-south-1"]
    + ["ap-east-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "sa-east-1"]
    + ["ca-central-1", "me-south-1", "af-south-1"]
)


def unused_region():
    """A region that no other test uses: what it lists is only the test's own."""
    return next(_REGIONS)


def payload_claims(envelope):
    """The signed attributes and the payload of an envelope."""
    envelope = json.loads(envelope)

    def part(name):
        return base64.urlsafe_b64decode(envelope[name] + "==")

    return json.loads(part("protected")), part("payload")


class SignerTest(unittest.TestCase):
    """A test with clients of the shared signer, and names of its own."""

    @classmethod
    def setUpClass(cls):
        cls.signer = shared_signer()
        cls.client = cls.signer.client()
        # Without botocore's own checks, so that the service's are tested.
        cls.unchecked = cls.signer.client(parameter_validation=False)
        cls.data = cls.signer.client(service="signer-data")

    def name(self):
        return f"Profile_{next(_NUMBERS)}"

    def put(self, client=None, platform=NOTATION, **parameters):
        """A new profile: its name and the answer."""
        name = parameters.pop("profileName", None) or self.name()
        return name, (client or self.client).put_signing_profile(profileName=name, platformId=platform, **parameters)

    def sign(self, name, client=None, **parameters):
        client = client or self.client
        return client.sign_payload(profileName=name, payload=PAYLOAD, payloadFormat=FORMAT, **parameters)

    def refused(self, code, call, message=None, **parameters):
        """Calls, and expects this error; the text must contain `message`. Returns the error's answer."""
        try:
            answer = call(**parameters)
        except ClientError as error:
            found = error.response["Error"]
            self.assertEqual(found["Code"], code, f"{parameters}: {found}")
            self.assertTrue(found["Message"], "an error has a text")
            self.assertTrue(error.response["ResponseMetadata"]["RequestId"])
            if message:
                self.assertIn(message, found["Message"])
            return error.response
        answer.pop("ResponseMetadata", None)
        self.fail(f"{parameters}: no {code}, but {answer}")

    def invalid(self, call, message="validation error detected", **parameters):
        return self.refused("ValidationException", call, message, **parameters)
