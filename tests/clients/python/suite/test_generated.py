"""Requests generated from botocore's model: each value of each parameter, and thousands of mixtures. The service never
fails, never hangs, answers the model's errors where the model is violated, and fits the model's shapes elsewhere."""

import collections
import os
import random
import time

import botocore.session

import raw
import shapes
import values
from support import ACCOUNT, FORMAT, NOTATION, OTHER_ACCOUNT, PAYLOAD, REGION, Signer, SignerTest
from values import Kind

SEED = int(os.environ.get("NOTATION_AWS_SIGNER_SEED", "10"))
MIXTURES = 3000
TAGGING = {"TagResource", "UntagResource", "ListTagsForResource"}


class Generated(SignerTest):
    @classmethod
    def setUpClass(cls):
        # A signer of its own: it gets thousands of profiles and jobs.
        cls.signer = Signer()
        cls.addClassCleanup(cls.signer.stop)
        cls.client = cls.signer.client()
        cls.connection = raw.Connection(cls.signer)
        cls.addClassCleanup(cls.connection.close)
        model = botocore.session.get_session().get_service_model("signer")
        cls.operations = [model.operation_model(name) for name in sorted(model.operation_names)]
        cls.counts = collections.Counter()

    def setUp(self):
        self.profile, put = self.put()
        self.arn, self.version = put["arn"], put["profileVersion"]
        self.job = self.sign(self.profile)["jobId"]

    def base(self, operation):
        """Parameters that the operation takes."""
        import base64

        given = {
            "profileName": self.profile,
            "profileVersion": self.version,
            "platformId": NOTATION,
            "jobId": self.job,
            "resourceArn": self.arn,
            "action": "signer:SignPayload",
            "principal": OTHER_ACCOUNT,
            "statementId": f"s{random.getrandbits(60)}",
            "revisionId": "",
            "reason": "generated",
            "effectiveTime": 1_700_000_000,
            "payload": base64.b64encode(PAYLOAD).decode(),
            "payloadFormat": FORMAT,
            "tags": {"a": "b"},
            "tagKeys": ["a"],
            "signatureTimestamp": "2024-01-02T03:04:05Z",
            "profileVersionArn": f"{self.arn}/{self.version}",
            "jobArn": f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-jobs/{self.job}",
            "certificateHashes": ["ab" * 96],
            "clientRequestToken": f"t{random.getrandbits(60)}",
            "source": {"s3": {"bucketName": "unsigned", "key": "code.zip", "version": "null"}},
            "destination": {"s3": {"bucketName": "signed", "prefix": "signed-"}},
        }
        base = {name: given[name] for name in operation.input_shape.required_members}
        if operation.name == "PutSigningProfile":
            base["profileName"] = self.name()
        return base

    def ask(self, operation, parameters, kinds, what):
        """Sends a request and checks the answer."""
        method, target, body = raw.built(operation, parameters)
        started = time.monotonic()
        answer = self.connection.send(method, target, body)
        taken = time.monotonic() - started
        self.counts[answer.code or "success"] += 1
        shown = f"{operation.name}, {what}: {method} {target[:300]} {body[:500]!r}: {answer}"
        self.assertLess(taken, raw.TIMEOUT, shown)
        self.assertLess(answer.status, 500, shown)
        if answer.status in (413, 414, 431):
            # The request line has a limit, as AWS's has.
            self.assertGreater(len(target), 8000, shown)
            return
        if answer.code == "UnknownOperationException":
            # A path's value is empty or a dot segment.
            self.assertTrue("/../" in target + "/" or "//" in target, shown)
            return
        problems = shapes.answer_problems(operation, answer.status, answer.headers, answer.body)
        self.assertEqual(problems, [], shown)
        allowed = None
        if Kind.MISTYPED in kinds:
            allowed = {"SerializationException", "ValidationException"}
        elif Kind.INVALID in kinds:
            allowed = {"ValidationException"} | ({"SerializationException"} if Kind.UNCLEAR in kinds else set())
        if allowed is not None:
            if any(parameters.get(owner) not in (None, ACCOUNT) for owner in ("profileOwner", "jobOwner")):
                # Whether another account permits the call is asked before its parameters are checked.
                allowed.add("AccessDeniedException")
            if operation.name in TAGGING:
                allowed = allowed - {"ValidationException"} | {"BadRequestException"}
            self.assertIn(answer.code, allowed, shown)

    def members(self, operation):
        for name, member in operation.input_shape.members.items():
            yield name, values.of(member, member.serialization.get("location"))

    def test_each_value_of_each_parameter(self):
        random.seed(SEED)
        for operation in self.operations:
            for name, candidates in self.members(operation):
                for value, kind in candidates:
                    with self.subTest(operation=operation.name, member=name, value=repr(value)[:80]):
                        given = {**self.base(operation), name: value}
                        if value is None and name in operation.input_shape.required_members:
                            kind = Kind.INVALID
                        self.ask(operation, given, {kind}, f"{name} {kind.value}")
        self.assertGreater(sum(self.counts.values()), 1000)

    def test_each_required_parameter_is_required(self):
        for operation in self.operations:
            for name in operation.input_shape.required_members:
                if operation.input_shape.members[name].serialization.get("location") == "uri":
                    continue
                with self.subTest(operation=operation.name, member=name):
                    given = self.base(operation)
                    del given[name]
                    self.ask(operation, given, {Kind.INVALID}, f"without {name}")

    def test_mixtures(self):
        source = random.Random(SEED)
        candidates = {operation.name: dict(self.members(operation)) for operation in self.operations}
        required = {operation.name: set(operation.input_shape.required_members) for operation in self.operations}
        for number in range(MIXTURES):
            operation = source.choice(self.operations)
            given, kinds = self.base(operation), set()
            for name, choices in candidates[operation.name].items():
                if source.random() < 0.3:
                    value, kind = source.choice(choices)
                    if value is None and name in required[operation.name]:
                        kind = Kind.INVALID
                    given[name] = value
                    kinds.add(kind)
            with self.subTest(seed=SEED, number=number):
                self.ask(operation, given, kinds, f"mixture {number}")

    def test_valid_requests_succeed(self):
        for operation in self.operations:
            if operation.name == "StartSigningJob":
                # It needs buckets: test_jobs.py.
                continue
            with self.subTest(operation.name):
                self.setUp()
                if operation.name == "ListProfilePermissions":
                    # AWS answers 404 for a profile that has none.
                    self.client.add_profile_permission(
                        profileName=self.profile, statementId="one", action="signer:SignPayload", principal=OTHER_ACCOUNT
                    )
                method, target, body = raw.built(operation, self.base(operation))
                answer = self.connection.send(method, target, body)
                if operation.name == "RemoveProfilePermission":
                    self.assertEqual(answer.code, "ResourceNotFoundException", str(answer))
                else:
                    self.assertEqual(answer.status, 200, str(answer))
