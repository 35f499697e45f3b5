"""StartSigningJob with folders that play buckets, and the waiter."""

import hashlib
import io
import pathlib
import tempfile
import uuid
import zipfile

from botocore.exceptions import WaiterError

from support import ACCOUNT, LAMBDA, OTHER_ACCOUNT, Signer, SignerTest


def archive(**entries):
    """A zip file with these entries."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in entries.items():
            made.writestr(f"{name}.txt", text)
    return content.getvalue()


class Jobs(SignerTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="buckets-")
        cls.addClassCleanup(folder.cleanup)
        cls.source, cls.signed = pathlib.Path(folder.name) / "unsigned", pathlib.Path(folder.name) / "signed"
        cls.source.mkdir()
        cls.signed.mkdir()
        config = pathlib.Path(folder.name) / "config.yaml"
        config.write_text(f'version: 1\nbuckets: {{unsigned: "{cls.source}", signed: "{cls.signed}"}}\n', encoding="utf-8")
        cls.signer = Signer("--config", str(config))
        cls.addClassCleanup(cls.signer.stop)
        cls.client = cls.signer.client()
        cls.unchecked = cls.signer.client(parameter_validation=False)

    def setUp(self):
        self.profile, self.put_answer = self.put(platform=LAMBDA)

    def upload(self, content):
        key = f"{uuid.uuid4().hex}.zip"
        (self.source / key).write_bytes(content)
        return {"s3": {"bucketName": "unsigned", "key": key, "version": "null"}}

    def parameters(self, content=None, **changed):
        return {
            "source": self.upload(archive(a="1") if content is None else content),
            "destination": {"s3": {"bucketName": "signed", "prefix": "signed-"}},
            "profileName": self.profile,
            "clientRequestToken": uuid.uuid4().hex,
            **changed,
        }

    def finished(self, job):
        """The job after it ended, whether it succeeded or failed."""
        try:
            self.client.get_waiter("successful_signing_job").wait(jobId=job, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        except WaiterError as error:
            self.assertEqual(error.last_response.get("status"), "Failed", str(error))
        return self.client.describe_signing_job(jobId=job)

    def test_a_job_signs_a_zip_file(self):
        content = archive(a="1", b="2" * 10_000)
        given = self.parameters(content)
        started = self.client.start_signing_job(**given)
        self.assertEqual(started["jobOwner"], ACCOUNT)
        found = self.finished(started["jobId"])
        self.assertEqual((found["status"], found["statusReason"]), ("Succeeded", "Signing Succeeded"))
        key = f"signed-{started['jobId']}.zip"
        self.assertEqual(found["signedObject"], {"s3": {"bucketName": "signed", "key": key}})
        self.assertEqual(found["source"], given["source"])
        self.assertEqual((found["profileName"], found["profileVersion"]), (self.profile, self.put_answer["profileVersion"]))
        self.assertEqual((found["platformId"], found["platformDisplayName"]), (LAMBDA, "AWS Lambda"))
        self.assertEqual((found["jobOwner"], found["jobInvoker"]), (ACCOUNT, ACCOUNT))
        self.assertGreaterEqual(found["completedAt"], found["createdAt"])
        self.assertGreater(found["signatureExpiresAt"], found["completedAt"])
        with zipfile.ZipFile(self.signed / key) as signed:
            self.assertEqual(signed.read("a.txt"), b"1")
            self.assertEqual(signed.read("b.txt"), b"2" * 10_000)
            self.assertGreater(len(signed.namelist()), 2, "the signature")
        self.assertIsNone(zipfile.ZipFile(self.signed / key).testzip())

    def test_a_version_may_be_the_hash_of_the_content(self):
        content = archive(a="1")
        given = self.parameters(content)
        given["source"]["s3"]["version"] = hashlib.sha256(content).hexdigest()
        self.assertEqual(self.finished(self.client.start_signing_job(**given)["jobId"])["status"], "Succeeded")

    def test_a_token_gives_the_first_answer_again(self):
        given = self.parameters()
        first = self.client.start_signing_job(**given)["jobId"]
        self.assertEqual(self.client.start_signing_job(**given)["jobId"], first)
        self.finished(first)
        self.assertEqual(self.client.start_signing_job(**given)["jobId"], first)
        other = self.client.start_signing_job(**{**given, "clientRequestToken": uuid.uuid4().hex})["jobId"]
        self.assertNotEqual(other, first)

    def test_all_later_calls_with_a_token_return_the_first_answer(self):
        given = self.parameters()
        first = self.client.start_signing_job(**given)["jobId"]
        changed = {**given, "destination": {"s3": {"bucketName": "signed", "prefix": "other-"}}}
        self.assertEqual(self.client.start_signing_job(**changed)["jobId"], first)

    def test_a_token_belongs_to_its_region(self):
        given = self.parameters()
        first = self.client.start_signing_job(**given)["jobId"]
        elsewhere = self.signer.client(region="eu-west-1")
        self.put(elsewhere, platform=LAMBDA, profileName=self.profile)
        self.assertNotEqual(elsewhere.start_signing_job(**given)["jobId"], first)

    def test_a_destination_needs_no_prefix(self):
        given = self.parameters(destination={"s3": {"bucketName": "signed"}})
        job = self.client.start_signing_job(**given)["jobId"]
        self.assertEqual(self.finished(job)["signedObject"]["s3"]["key"], f"{job}.zip")

    def test_files_that_cannot_be_signed_fail(self):
        first = self.finished(self.client.start_signing_job(**self.parameters())["jobId"])
        signed = (self.signed / first["signedObject"]["s3"]["key"]).read_bytes()
        for content in [b"", b"no zip file", archive(a="1")[:-10], signed]:
            job = self.client.start_signing_job(**self.parameters(content))["jobId"]
            found = self.finished(job)
            self.assertEqual(found["status"], "Failed", content[:20])
            self.assertTrue(found["statusReason"])
            self.assertNotIn("signedObject", found)
            self.refused("ValidationException", self.client.revoke_signature, jobId=job, reason="leak")
        failed = self.client.list_signing_jobs(status="Failed")["jobs"]
        self.assertGreaterEqual(len(failed), 4)

    def test_the_waiter_fails_for_a_job_that_failed(self):
        job = self.client.start_signing_job(**self.parameters(b"no zip file"))["jobId"]
        with self.assertRaises(WaiterError):
            self.client.get_waiter("successful_signing_job").wait(jobId=job, WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    def fails(self, **changed):
        """A start that is refused, or a job that fails: AWS documents both kinds of errors for buckets and objects."""
        from botocore.exceptions import ClientError

        try:
            job = self.client.start_signing_job(**self.parameters(**changed))["jobId"]
        except ClientError as error:
            codes = ["ValidationException", "ResourceNotFoundException", "AccessDeniedException"]
            self.assertIn(error.response["Error"]["Code"], codes)
            return
        self.assertEqual(self.finished(job)["status"], "Failed")

    def test_objects_that_do_not_exist_fail(self):
        content = archive(a="1")
        for changed in [{"bucketName": "no-such-bucket"}, {"key": "absent.zip"}, {"version": "0" * 64}]:
            source = self.upload(content)
            source["s3"].update(changed)
            self.fails(source=source)
        self.fails(destination={"s3": {"bucketName": "no-such-bucket"}})

    def test_paths_stay_in_their_buckets(self):
        (self.source.parent / "secret.zip").write_bytes(archive(secret="1"))
        for key in ["../secret.zip", "/etc/passwd", "a/../../secret.zip", "..", "", "a\0b"]:
            self.fails(source={"s3": {"bucketName": "unsigned", "key": key, "version": "null"}})
        for prefix in ["../", "/tmp/", "a/../../"]:
            self.fails(destination={"s3": {"bucketName": "signed", "prefix": prefix}})
        self.assertEqual({entry.name for entry in self.source.parent.iterdir()}, {"unsigned", "signed", "secret.zip", "config.yaml"})

    def test_required_parameters(self):
        # boto3 makes a token if there is none; test_generated.py leaves it out.
        for missing in ["source", "destination", "profileName"]:
            given = self.parameters()
            del given[missing]
            self.invalid(self.unchecked.start_signing_job, missing, **given)
        for missing in ["bucketName", "key", "version"]:
            given = self.parameters()
            del given["source"]["s3"][missing]
            self.invalid(self.unchecked.start_signing_job, missing, **given)

    def test_profiles_must_exist_and_sign_files(self):
        self.refused(
            "ResourceNotFoundException", self.client.start_signing_job, **self.parameters(profileName=self.name())
        )
        containers, _ = self.put()
        self.refused("ValidationException", self.client.start_signing_job, **self.parameters(profileName=containers))
        self.client.cancel_signing_profile(profileName=self.profile)
        self.refused("ValidationException", self.client.start_signing_job, **self.parameters())

    def test_malformed_names_and_owners_are_refused(self):
        self.invalid(self.unchecked.start_signing_job, "profileName", **self.parameters(profileName="a-b"))
        self.invalid(self.unchecked.start_signing_job, "profileOwner", **self.parameters(profileOwner="1"))
        with self.assertRaises(self.client.exceptions.ClientError) as caught:
            self.client.start_signing_job(**self.parameters(profileOwner=OTHER_ACCOUNT))
        self.assertIn(caught.exception.response["Error"]["Code"], ["AccessDeniedException", "ResourceNotFoundException"])

    def test_a_signature_of_a_job_can_be_revoked(self):
        job = self.finished(self.client.start_signing_job(**self.parameters())["jobId"])["jobId"]
        self.client.revoke_signature(jobId=job, reason="leak")
        self.assertEqual(self.client.describe_signing_job(jobId=job)["revocationRecord"]["reason"], "leak")
        (listed,) = [found for found in self.client.list_signing_jobs(isRevoked=True)["jobs"] if found["jobId"] == job]
        self.assertTrue(listed["isRevoked"])
